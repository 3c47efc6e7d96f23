"""What looks at the time at which a deadline was due is found, in a column and in a command; what counts it is not."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

import pytest

from saga.convergence import Finding, Kind, check, run_history
from saga.core import (
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    Register,
    outcomes,
    wanted,
)
from tests.convergence.shop import Heard, Outcome, memory, process


@dataclass(frozen=True)
class Opened:
    order_id: str


@dataclass(frozen=True)
class Elapsed:
    order_id: str
    due_at: str


@dataclass(frozen=True)
class Delivered:
    order_id: str
    parcel_id: str
    moment: str = "2019-05-05T00:00:00+00:00"


class Said(Enum):
    SAID = "said"


ENDS = Register("ends", of=Elapsed, key="order_id")
PARCELS = Register("parcels", of=Delivered, key="parcel_id")
OPENED = memory("opened", Opened)
SHIPMENT = Deadline("shipment", emits=Elapsed, after=timedelta(hours=3))
ARMS = wanted(OPENED, rows=[(Heard.NO, {}), (Heard.YES, {SHIPMENT: ARMED})])


def read(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromisoformat("2019-05-05T00:00:00+00:00")


def is_late(ends: Entries, parcels: Entries) -> bool:
    due = [read(one["due_at"]) for one in ends.values()]
    return bool(due) and any(f"{read(one['moment'])}" > f"{due[0]}" for one in parcels.values())


def is_late_after_all(ends: Entries, parcels: Entries) -> bool:
    return bool(ends) and any(one["moment"] > "2026-07" for one in parcels.values())


def judging(judge: Any) -> Process:
    column = DerivedColumn("late", (ENDS, PARCELS), judge)
    table = outcomes(column, rule=lambda late: Outcome.EXPIRED if late else Outcome.OPEN)
    return process(rule=None, table=table, registers=(ENDS, PARCELS), wants=(ARMS,), machines=(OPENED,))


def saying(compute: Any) -> Process:
    template = CommandTemplate("Say", computed=(ComputedField("text", (ENDS,), compute),))
    effect = Effect("say", "mail", {Said.SAID: template})
    ended = DerivedColumn("ended", (ENDS,), bool)
    table = outcomes(ended, rule=lambda _: Outcome.OPEN)
    says = wanted(ended, rows=[(False, {}), (True, {effect: Said.SAID})])
    return process(rule=None, table=table, registers=(ENDS,), wants=(ARMS, says), machines=(OPENED,))


def dependent(subject: Process) -> list[Finding]:
    found = [one for one in check(subject).findings if one.kind is Kind.DEPENDS_ON_MORE]
    for one in found:
        assert run_history(subject, one.history).end_state != run_history(subject, one.other).end_state
    return found


@pytest.mark.parametrize(
    ("subject", "what"),
    [
        (judging(is_late), "whether the outcome is"),
        (saying(lambda ends: [one["due_at"][:13] for one in ends.values()]), "what is commanded for say"),
    ],
)
def test_what_looks_at_the_time_of_a_deadline_is_found(subject: Process, what: str) -> None:
    assert [what in one.sentence and "when shipment was due" in one.sentence for one in dependent(subject)] == [True]


@pytest.mark.parametrize("subject", [judging(is_late_after_all), saying(len)])
def test_what_only_knows_that_it_was_due_is_not(subject: Process) -> None:
    assert check(subject).findings == ()
