"""Instances: locks and loads those of a batch, and writes the decided ones.

A pruned instance is a tombstone with its state. It is revived when it takes in a new message: a row is created as for a
new instance, the decision starts from the tombstone's state, and the decided state replaces the tombstone. If nothing
is decided, the new row is deleted and the tombstone stays.

A separate statement reads the tombstone after the row was created. The insert may wait for a pruner that is removing
the old row, and only a later statement sees the tombstone that this pruner left. If a row exists at the insert and is
gone when it is locked, it was pruned in between: a lost race, so the step runs again.

The size of each instance is bounded, but a batch may have many large ones. One transaction loads at most MOST_BYTES.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from saga.core import Process, State, dump_state, load_state
from saga.core.statically_frozen import statically_frozen
from saga.postgres import LostRace, Statements, as_rows

_SQL = Statements(__package__)
INSERT_MISSING_INSTANCES = _SQL["insert_missing_instances"]
LOCK_INSTANCES = _SQL["lock_instances"]
READ_INSTANCE_TOMBSTONES = _SQL["read_instance_tombstones"]
REVIVE_INSTANCES = _SQL["revive_instances"]
UPDATE_INSTANCES = _SQL["update_instances"]
DELETE_EMPTY_INSTANCES = _SQL["delete_empty_instances"]


MOST_BYTES: Final = 4 * 1024 * 1024
"""The most bytes of states, as JSON, that one transaction loads, unless a single state is larger."""


class TooMuchAtOnce(Exception):
    """Too much for one transaction; nothing was done, and fewer messages at a time will succeed."""


@statically_frozen
class Instance:
    """A process instance; ``stream_version`` counts the entries of its stream in the process's log.

    ``state_bytes`` is about the size of the stored state. ``revived_as`` is the outcome with which the instance was
    pruned, if this step revives it; ``was_pruned`` says that it is revived now or was before.
    """

    process_id: str
    stream_version: int
    state: State
    state_bytes: int = 0
    revived_as: str | None = None
    was_pruned: bool = False


@statically_frozen
class Decided:
    """An instance to write; unless it ``is_changed``, the stored state is not written again."""

    instance: Instance
    outcome: Enum
    is_changed: bool = True


async def lock(connection: AsyncConnection, process: Process, process_ids: set[str]) -> dict[str, Instance]:
    """Lock and load the instances; new ones are at their start.

    Raises LostRace if one was pruned meanwhile, and TooMuchAtOnce if their states are too large together.
    """
    if not process_ids:
        return {}
    parameters = {"process": process.name, "process_version": process.version, "process_ids": sorted(process_ids)}
    await connection.execute(INSERT_MISSING_INSTANCES, parameters)
    rows = (await connection.execute(LOCK_INSTANCES, {**parameters, "most_bytes": MOST_BYTES})).all()
    if any(row.state is None for row in rows):
        raise TooMuchAtOnce
    if len(rows) != len(process_ids):
        raise LostRace(f"{len(process_ids) - len(rows)} of {len(process_ids)} instances were pruned just now")
    start = State.start(process)
    found = {
        process_id: Instance(
            process_id,
            version,
            load_state(process, orjson.loads(state)) if version else start,
            len(state),
            was_pruned=revived,
        )
        for process_id, version, state, revived, _ in rows
    }
    return found | await _pruned(connection, process, [row.process_id for row in rows if row.is_pruned])


async def _pruned(connection: AsyncConnection, process: Process, process_ids: list[str]) -> dict[str, Instance]:
    """These instances, from their tombstones."""
    if not process_ids:
        return {}
    parameters = {"process": process.name, "process_ids": process_ids}
    return {
        row.process_id: Instance(
            row.process_id,
            row.stream_version,
            load_state(process, orjson.loads(row.state)),
            len(row.state),
            revived_as=row.outcome,
            was_pruned=True,
        )
        for row in await connection.execute(READ_INSTANCE_TOMBSTONES, parameters)
    }


async def write(connection: AsyncConnection, process: Process, decided: Sequence[Decided]) -> None:
    """Write the decided instances; this transaction has locked each of them."""
    if not decided:
        return
    result = await connection.execute(
        UPDATE_INSTANCES,
        {
            "process": process.name,
            "process_version": process.version,
            "process_ids": [one.instance.process_id for one in decided],
            "instances": encode(process, decided),
        },
    )
    if result.rowcount != len(decided):
        raise LostRace(f"wrote {result.rowcount} of {len(decided)} locked instances")
    if revived := [one.instance.process_id for one in decided if one.instance.revived_as is not None]:
        await connection.execute(REVIVE_INSTANCES, {"process": process.name, "process_ids": revived})


def encode(process: Process, decided: Sequence[Decided]) -> str:
    """The instances as rows to write. Raises TypeError for a state that is not JSON."""
    return as_rows(_row(process, one) for one in decided)


def _row(process: Process, decided: Decided) -> dict[str, Any]:
    row = {
        "process_id": decided.instance.process_id,
        "stream_version": decided.instance.stream_version,
        "outcome": decided.outcome.value,
        "settled": decided.outcome in process.settled,
    }
    return row | {"state": dump_state(decided.instance.state)} if decided.is_changed else row


async def delete_empty(connection: AsyncConnection, process: Process, instances: Mapping[str, Instance]) -> None:
    """Delete the rows that this transaction created for instances that took in nothing."""
    empty = [
        process_id
        for process_id, instance in instances.items()
        if instance.stream_version == 0 or instance.revived_as is not None
    ]
    if empty:
        await connection.execute(DELETE_EMPTY_INSTANCES, {"process": process.name, "process_ids": empty})
