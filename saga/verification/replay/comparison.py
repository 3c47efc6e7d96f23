"""Compares a stored instance with the one that was rebuilt from its record. Pure.

States are compared as the engine would read them, so a machine that the stored state lacks is in its start state. A row
of another version of the process is not a difference in itself.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import orjson

from saga.core import Process, Register, dump_state, load_state
from saga.core.plain import is_same
from saga.verification.difference import Difference, worded
from saga.verification.replay.fold import Rebuilt


@dataclass(frozen=True, slots=True)
class Stored:
    """An instance's row."""

    process_version: int
    stream_version: int
    outcome: str | None
    settled: bool
    state: Any


def differences(
    process: Process, stored: Stored | None, rebuilt: Rebuilt | None, timers: AbstractSet[str]
) -> tuple[Difference, ...]:
    """The differences; ``timers`` are the names of the instance's timers, fired or not."""
    if rebuilt is None:
        return (_without_record(stored),) if stored else ()
    if rebuilt.damage is not None:
        return (rebuilt.damage,)
    row = _compared(process, stored, rebuilt) if stored else [_without_row(rebuilt)]
    return (*row, *_timers(process, rebuilt, timers), *rebuilt.commands)


def _without_record(stored: Stored) -> Difference:
    return Difference("record", f"it has a row ({stored.outcome}), and nothing is recorded of it", stored.outcome)


def _without_row(rebuilt: Rebuilt) -> Difference:
    outcome = rebuilt.outcome.value
    return Difference("row", f"it has no row; recorded is {outcome}", expected=outcome, repairable=True)


def _compared(process: Process, stored: Stored, rebuilt: Rebuilt) -> Iterator[Difference]:
    pairs = {
        "outcome": (stored.outcome, rebuilt.outcome.value),
        "settled": (stored.settled, rebuilt.outcome in process.settled),
        "stream_version": (stored.stream_version, rebuilt.stream_version),
    }
    yield from (_difference(what, *pair) for what, pair in pairs.items() if pair[0] != pair[1])
    if (unsaid := rebuilt.unsaid) is not None and stored.process_version == process.version:
        said = f"{unsaid.type} revision {unsaid.revision} ({unsaid.outcome.value}) was never announced"
        yield Difference("announcement", said, expected=unsaid.outcome.value)
    yield from _states(process, stored.state, _plain(dump_state(rebuilt.state)))


def _states(process: Process, stored: Any, recorded: Mapping[str, Any]) -> Iterator[Difference]:
    try:
        known = _flat(process, _plain(dump_state(load_state(process, stored))))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        yield Difference("state", f"its stored state can't be read: {error}", stored, recorded, repairable=True)
        return
    wanted = _flat(process, recorded)
    for path in sorted(known.keys() | wanted.keys()):
        if not is_same(known.get(path), wanted.get(path)):
            yield _difference(f"state.{path}", known.get(path), wanted.get(path))


def _flat(process: Process, state: Mapping[str, Any]) -> dict[str, Any]:
    """The state's values by their paths; each entry of a register is one value, and so is a reducer's whole content."""
    flat = {
        f"{section}.{name}": value
        for section in ("parts", "commanded", "revisions")
        for name, value in state[section].items()
    }
    for one in process.registers:
        held = state["registers"][one.name]
        if isinstance(one, Register):
            flat |= {f"registers.{one.name}.{key}": entry for key, entry in held.items()}
        else:
            flat[f"registers.{one.name}"] = held
    return flat


def _timers(process: Process, rebuilt: Rebuilt, timers: AbstractSet[str]) -> Iterator[Difference]:
    """Deadlines without a timer; those of a settled instance may have been dropped."""
    if rebuilt.outcome in process.settled:
        return
    for deadline in rebuilt.deadlines:
        if deadline.name not in timers:
            due = deadline.due_at.isoformat()
            said = f"its deadline {deadline.name}, due {due}, has no timer: it would wait for ever"
            yield Difference(f"timer.{deadline.name}", said, expected=due, repairable=True)


def _difference(what: str, stored: Any, recorded: Any) -> Difference:
    said = f"{what}: stored {worded(stored)}, recorded {worded(recorded)}"
    return Difference(what, said, stored, recorded, repairable=True)


def _plain(value: Any) -> Any:
    """The value after a round trip through JSON, as PostgreSQL stores it."""
    return orjson.loads(orjson.dumps(value))
