"""The contents of entries, states and commands as an erasure leaves them. Pure."""

import json
from collections.abc import Mapping
from typing import Any, Final

import orjson

from saga.core import Process, Register, State, dump_state, load_state
from saga.operations.erasure.kept import Kept
from saga.verification.replay.fold import ANSWERS, RESTARTS

ERASED: Final = "erased"
"""Replaces erased sentences. As a key in the metadata of changed events: for which instance of each process."""

Contents = Mapping[str, Any]


def erased_state(process: Process, kept: Kept, stored: str) -> dict[str, Any]:
    """The state of an instance: register entries lose the fields that nothing reads."""
    state = load_state(process, orjson.loads(stored))
    registers = {
        one.name: {key: kept.of(one.of.__name__, entry) for key, entry in state.registers[one.name].items()}
        if isinstance(one, Register)
        else state.registers[one.name]
        for one in process.registers
    }
    return dump_state(State(state.machines, registers, state.commanded, state.revisions))


def erased_entry(process: Process, kept: Kept, type_: str, data: Contents) -> Contents:
    """The data of an entry of the process's own log that is no command."""
    if type_ in ANSWERS:
        fields = kept.of(str(data["type"]), data["fields"])
        return {"type": data["type"], "fields": fields, "decision": ERASED, "outcome": data["outcome"]}
    if type_ in RESTARTS:
        return {**data, "state": erased_state(process, kept, orjson.dumps(data["state"]).decode())}
    return {name: value for name, value in data.items() if name in kept.announced}


def erased_command(process: Process, kept: Kept, type_: str, data: Contents) -> Contents:
    """The data of a command: only what the process itself puts into it."""
    names = kept.commands.get(type_, frozenset({process.correlate, "effect", "revision"}))
    return {name: value for name, value in data.items() if name in names}


def erased_metadata(metadata: Contents, process_id: str) -> Contents:
    """Metadata without what a sender chose freely; ids, sources and positions stay."""
    left = {name: value for name, value in metadata.items() if name not in ("correlationid", "traceparent")}
    return left | ({"correlationid": process_id} if "correlationid" in metadata else {})


def erased_event(
    kept: list[Kept], instance: tuple[str, str], type_: str, data: Contents, metadata: Contents
) -> tuple[Contents, Contents]:
    """Data and metadata of an event in a module's log; a changed event names the instances that were erased.

    ``instance`` names the process and the id of the instance that received it. A deadline's event keeps whose it is.
    """
    left = {name: data[name] for name in ("armed_by",) if name in data}
    for one in kept:
        left |= one.of(type_, data)
    rest = {name: value for name, value in metadata.items() if name not in ("correlationid", "traceparent")}
    if ERASED not in metadata and (left, rest) == (data, metadata):
        return data, metadata
    return left, rest | {ERASED: {**metadata.get(ERASED, {}), instance[0]: instance[1]}}


def written(process_id: str) -> list[str]:
    """An id as JSON texts write it, with and without escapes."""
    return sorted({json.dumps(process_id), json.dumps(process_id, ensure_ascii=False)})
