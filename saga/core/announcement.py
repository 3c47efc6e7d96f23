"""Announcements: what a process says about its outcome after a batch. Pure.

The last one is kept in the state, under a name that no effect has. So after each batch the outcome is compared with
what readers believe: a change that is undone within one batch is not said, and what an older version did not say, or
said otherwise, is said after the next message. Of all announcements of an instance the one with the greatest revision
holds, and that one has the outcome of the record.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

from saga.core.process import Process
from saga.core.state import Commanded, State
from saga.core.statically_frozen import statically_frozen

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
ANNOUNCED: Final = "/announced"
"""The name of the last announcement among the last commands. No effect has a / in its name, or an empty name."""


@statically_frozen
class Announcement:
    """A public event about the outcome of an instance. Revisions start at 1 and count the announcements."""

    type: str
    outcome: Enum
    revision: int
    is_settled: bool
    is_final: bool
    fields: Mapping[str, Any]


def announce(process: Process, state: State, outcome: Enum) -> tuple[State, Announcement | None]:
    """The announcement of this outcome, if readers believe another one, and the state after it.

    Before the first announcement readers believe the outcome of the start.
    """
    if (announces := process.announces) is None:
        return state, None
    last = state.commanded.get(ANNOUNCED)
    if outcome is process.start_outcome if last is None else outcome.value == last.condition:
        return state, None
    fields: Mapping[str, Any] = _NOTHING
    if (register := announces.register) is not None:
        if not (entries := state.registers[register.name]):
            return state, None
        entry = next(iter(entries.values()))
        fields = {name: entry.get(name) for name in announces.fields}
    revision = 1 if last is None else last.revision + 1
    commanded = {**state.commanded, ANNOUNCED: Commanded(outcome.value, revision)}
    return State(state.machines, state.registers, commanded, state.revisions), Announcement(
        announces.type_of(outcome),
        outcome,
        revision,
        outcome in process.settled,
        outcome in announces.final,
        fields,
    )


def said_data(process: Process, process_id: str, announcement_id: str, said: Announcement) -> dict[str, Any]:
    """What an announcement says, as its readers get it."""
    return {
        process.correlate: process_id,
        "announcement_id": announcement_id,
        "outcome": said.outcome.value,
        "revision": said.revision,
        "settled": said.is_settled,
        "final": said.is_final,
        **said.fields,
    }
