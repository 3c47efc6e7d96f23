"""Compares what an instance announced with the model. Pure.

Whoever receives all announcements of an instance believes the one with the greatest revision. So their revisions count
from 1 without a gap, the last one says the outcome that the facts come to, and there is none while that is the outcome
of the start. The engine's own way to decide what to announce is not used here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from saga.core import Announces, Commanded, Process, State
from saga.core.announcement import ANNOUNCED
from saga.core.plain import is_same
from saga.core.words import is_among
from saga.verification.audit.model import Expected, beginning, expect
from saga.verification.audit.record import LastAnnouncement, Record, absent
from saga.verification.difference import Difference

WHAT = "announcement"


def about_announcements(record: Record) -> Iterator[Difference]:
    """Each revision is said once, from the first one on."""
    if not record.said:
        return
    before = record.commanded.get(ANNOUNCED)
    first = 1 if before is None else before.revision + 1
    for revision in sorted(one for one, count in record.said.items() if count > 1):
        yield Difference(WHAT, f"revision {revision} was announced twice", record.said[revision], 1)
    if (gaps := absent(record.said.keys(), first, max(record.said))).count:
        yield Difference(WHAT, f"revision {gaps} was never announced", expected=list(gaps.few))
    if (lowest := min(record.said)) < first:
        yield Difference(WHAT, f"revision {lowest} was announced, and {first - 1} before it was pruned", lowest, first)


def about_last_one(process: Process, record: Record, expected: Expected) -> Iterator[Difference]:
    """What readers believe is the outcome that the facts come to."""
    announces, last = process.announces, record.announced
    if announces is None:
        return
    before = record.commanded.get(ANNOUNCED)
    believed = last.outcome if last else before.condition if before else None
    if believed is None and _is_silent(process, announces, expected):
        return
    outcome = expected.outcome.value
    if believed != outcome:
        yield Difference(WHAT, f"{believed or 'nothing'} was announced last, and its facts come to {outcome}", believed)
    elif last is not None:
        yield from _about_contents(announces, last, expected)


def about_row(state: State, record: Record) -> Iterator[Difference]:
    """The last announcement in the stored state is the one in the log."""
    before: Commanded | None = record.commanded.get(ANNOUNCED)
    stored, last = state.commanded.get(ANNOUNCED), record.announced
    said = (last.outcome, last.revision) if last else (before.condition, before.revision) if before else None
    kept = (stored.condition, stored.revision) if stored else None
    if kept != said:
        yield Difference(WHAT, f"its state says that {kept} was announced last, and its log says {said}", kept, said)


def _is_silent(process: Process, announces: Announces, expected: Expected) -> bool:
    """Whether nothing has to be announced: the outcome is that of the start, or there is no entry to copy from."""
    if announces.register is not None and not expected.held.registers[announces.register.name]:
        return True
    return expected.outcome is expect(process, beginning(process), ()).outcome


def _about_contents(announces: Announces, last: LastAnnouncement, expected: Expected) -> Iterator[Difference]:
    if last.type != (type_ := announces.types[expected.outcome]):
        said = f"{expected.outcome.value} was announced as {last.type}, and is {type_}"
        yield Difference(WHAT, said, last.type, type_)
    if last.settled is not expected.settled:
        yield Difference(WHAT, f"its last announcement says that settled is {last.settled}", last.settled)
    if last.final and not is_among(expected.outcome, announces.final):
        yield Difference(WHAT, f"{last.outcome} was announced as final, and messages can lead away from it", last.final)
    if announces.register is not None:
        entry: Mapping[str, Any] = next(iter(expected.held.registers[announces.register.name].values()), {})
        for name in announces.fields:
            if not is_same(last.fields.get(name), entry.get(name)):
                yield Difference(WHAT, f"its last announcement says another {name} than its facts")
