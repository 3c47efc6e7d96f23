"""Declared tables and expressions only: what could be taken for proved, about clocks, classes and growth."""

import time
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Annotated, Any

from pydantic import BaseModel, Field, NaiveDatetime

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Condition,
    Deadline,
    DerivedColumn,
    Effect,
    Figure,
    Process,
    Register,
    SubMachine,
    bands,
    both,
    count,
    each,
    every,
    greatest,
    has,
    lacks_partner,
    latest,
    negated,
    only,
    outcomes,
    total,
    wanted,
)
from tests.adversary.kit import Do, Out, Seen, armed_in, by, case, one_outcome, proc, seen, wanted_in, yes_no

Y, N = Seen.YES, Seen.NO


def granted_when(condition: Condition, *registers: Register) -> Process:
    """A final command once the condition holds, and nothing is said otherwise."""
    column = DerivedColumn.of("granted", condition)
    grant = Effect("grant", "desk", {Do.YES: CommandTemplate("Grant")}, final=frozenset({Do.YES}))
    table = wanted(column, rows=[(True, {grant: Do.YES}), (False, {})])
    return proc(outcomes(column, rows=[(ANY, Out.DONE)]), *registers, wants=[table])


def paid_out(figure: Figure, has_come: Condition, *registers: Register) -> Process:
    """A final command that says a cumulative figure."""
    column = DerivedColumn.of("has come", has_come)
    template = CommandTemplate("PayOut", computed=(ComputedField.of("amount", figure, is_cumulative=True),))
    pay = Effect("pay", "bank", {Do.YES: template}, final=frozenset({Do.YES}))
    table = wanted(column, rows=[(True, {pay: Do.YES}), (False, {})])
    return proc(outcomes(column, rows=[(ANY, Out.DONE)]), *registers, wants=[table])


# Moments at which a deadline was due


@dataclass(frozen=True)
class QuoteAsked:
    id: str


@dataclass(frozen=True)
class PatienceSet:
    id: str
    seconds: int


@dataclass(frozen=True)
class Nudged:
    id: str
    due_at: str


class Nudges(Enum):
    NONE = "none"
    ONE = "one"
    TWO = "two"


ASKED = seen(QuoteAsked)
PATIENCE = Register("patience", PatienceSet, "id")
NUDGES = Register("nudges", Nudged, "due_at")
FIRST_DAY = Deadline("first-day", Nudged, timedelta(days=1))
SECOND = Deadline("second", Nudged, timedelta(days=2), override=(PATIENCE, "seconds"))


@case(QuoteAsked("i"), PatienceSet("i", 86_400))
def two_nudges_at_one_moment() -> Process:
    """Reminders are kept by the moment at which they were due, and two that fall together count once."""
    number = DerivedColumn.of("number", bands(count(NUDGES), Nudges.NONE, (1, Nudges.ONE), (2, Nudges.TWO)))
    table = by(number, NONE=Out.OPEN, ONE=Out.OTHER, TWO=Out.FAILED)
    wants = wanted(ASKED, rows=[(Y, {FIRST_DAY: ARMED, SECOND: ARMED}), (N, {})])
    return proc(table, ASKED, NUDGES, PATIENCE, wants=[wants])


@case(QuoteAsked("i"), PatienceSet("i", 3_600))
def a_letter_for_each_moment() -> Process:
    """One letter for each reminder, which is known by the moment at which it was due."""
    letter = Effect("letter", "post", {Do.YES: CommandTemplate("SendLetter")})
    wants = [
        wanted(ASKED, rows=[(Y, {SECOND: ARMED}), (N, {})]),
        wanted(DerivedColumn.of("nudged", has(NUDGES)), rows=[(True, {letter: every(NUDGES)}), (False, {})]),
    ]
    return proc(one_outcome(ASKED), ASKED, NUDGES, PATIENCE, wants=wants)


# Tables that are made otherwise in another interpreter


@dataclass(frozen=True)
class ParcelLost:
    id: str


@dataclass(frozen=True)
class AddressUnknown:
    id: str


@dataclass(frozen=True)
class CustomsHeld:
    id: str


class Ruling(Enum):
    FINE = "fine"
    LOST = "lost"
    ADDRESS = "address"
    CUSTOMS = "customs"


def _reason(*cells: Seen) -> Ruling:
    reasons = {name for name, cell in zip(("lost", "address", "customs"), cells, strict=True) if cell is Y}
    return Ruling(next(iter(reasons))) if reasons else Ruling.FINE


@case(ParcelLost("i"), AddressUnknown("i"), CustomsHeld("i"), shown_by="interpreters")
def the_first_reason_of_a_set() -> Process:
    """The rule of the table takes some reason of a set of words, another one in another interpreter."""
    flags = [seen(kind) for kind in (ParcelLost, AddressUnknown, CustomsHeld)]
    return proc(outcomes(*flags, rule=_reason), *flags)


@dataclass(frozen=True)
class TyresOrdered:
    id: str


@case(TyresOrdered("i"), shown_by="starts")
def the_season_when_it_was_imported() -> Process:
    """The table is made for the quarter in which the service was started."""
    quarter = (time.gmtime(time.time()).tm_mon - 1) // 3
    ordered = seen(TyresOrdered)
    return proc(by(ordered, NO=Out.OPEN, YES=list(Out)[quarter]), ordered)


# Classes that say less than they seem to


class Booked(BaseModel):
    """An entry of a ledger; a credit is turned to a negative amount when it is read."""

    id: str
    entry_id: str
    side: str
    amount: Annotated[int, Field(ge=0, le=1_000_000)]

    def __init__(self, **data: Any) -> None:
        super().__init__(**data)
        if self.side == "credit":
            self.amount = -abs(self.amount)


LEDGER = Register("ledger", Booked, "entry_id")


@case(
    Booked(id="i", entry_id="e1", side="debit", amount=100),
    Booked(id="i", entry_id="e2", side="credit", amount=40),
)
def credits_made_negative_at_the_door() -> Process:
    """The class declares amounts of at least 0, and its constructor turns credits round."""
    return granted_when(total(LEDGER, "amount") >= 100, LEDGER)


class HoldExpired(BaseModel):
    id: str
    due_at: NaiveDatetime


@dataclass(frozen=True)
class SeatHeld:
    id: str


@case(SeatHeld("i"))
def a_moment_without_zone() -> Process:
    """The deadline says when it was due with a zone, and its class takes none."""
    held, expired = seen(SeatHeld), seen(HoldExpired)
    ten = Deadline("ten-minutes", HoldExpired, timedelta(minutes=10))
    table = outcomes(held, expired, rows=[(ANY, Y, Out.FAILED), (Y, N, Out.OPEN), (N, N, Out.OTHER)])
    wants = armed_in(table, Out.OPEN, ten)
    return proc(table, held, expired, wants=[wants], unsettled=[Out.OPEN])


@dataclass(frozen=True)
class TrialEnded:
    id: str
    reason: str


@dataclass(frozen=True)
class TrialBegun:
    id: str


@case(TrialBegun("i"))
def an_end_with_a_reason() -> Process:
    """The message of the deadline has a reason, which people give and the scheduler doesn't."""
    begun, ended = seen(TrialBegun), seen(TrialEnded)
    table = outcomes(begun, ended, rows=[(ANY, Y, Out.DONE), (Y, N, Out.OPEN), (N, N, Out.OTHER)])
    month = Deadline("month", TrialEnded, timedelta(days=30))
    return proc(table, begun, ended, wants=[armed_in(table, Out.OPEN, month)], unsettled=[Out.OPEN])


# What seems to grow, and doesn't


@dataclass(frozen=True)
class Pledged:
    id: str
    pledge_id: str
    amount: Annotated[int, Field(ge=0, le=1_000_000)]
    status: str = "new"


@dataclass(frozen=True)
class GoalSet:
    id: str
    goal: Annotated[int, Field(ge=0, le=1_000_000)] | None
    country: str = "DE"


PLEDGES = Register("pledges", Pledged, "pledge_id")
GOAL = Register("goal", GoalSet, "id")


@case(Pledged("i", "p1", 60), Pledged("i", "p2", 150))
def budget_that_is_left() -> Process:
    """A final yes as long as at least 100 less what was pledged is left."""
    return granted_when(both(has(PLEDGES), total(PLEDGES, "amount").times(-1).plus(100) >= 0), PLEDGES)


@case(Pledged("i", "p1", 60), GoalSet("i", 40))
def an_amount_that_is_not_known_yet() -> Process:
    """The final order says no amount while the goal is unknown, and says it afterwards."""
    return paid_out(only(GOAL, "goal"), has(PLEDGES), PLEDGES, GOAL)


@case(Pledged("i", "p1", 60), Pledged("i", "p2", 70, "checked"))
def the_greatest_of_those_checked() -> Process:
    """The final order says the greatest checked pledge, of which there may be none at first."""
    figure = greatest(PLEDGES, "amount", where=each("status").equals("checked"))
    return paid_out(figure, has(PLEDGES), PLEDGES)


@case(Pledged("i", "p1", 60), GoalSet("i", 40, "XX"))
def not_under_embargo() -> Process:
    """Shipped for good unless the country is under embargo, also while the country is not known."""
    return granted_when(both(has(PLEDGES), negated(only(GOAL, "country").equals("XX"))), PLEDGES, GOAL)


@case(Pledged("i", "p1", 60, "ok"), Pledged("i", "p2", 10, "rejected"))
def the_latest_is_ok() -> Process:
    """Decided for good by the status of the greatest pledge."""
    return granted_when(latest(PLEDGES, by=("pledge_id",), field="status").equals("ok"), PLEDGES)


@dataclass(frozen=True)
class ItemPacked:
    id: str
    item_id: str


@dataclass(frozen=True)
class ItemScanned:
    id: str
    item_id: str


PACKED = Register("packed", ItemPacked, "item_id")
SCANNED = Register("scanned", ItemScanned, "item_id")


@case(ItemPacked("i", "a"), ItemScanned("i", "a"), ItemPacked("i", "b"))
def all_that_is_packed_was_scanned() -> Process:
    """The truck leaves as soon as no packed item lacks its scan."""
    return granted_when(both(has(PACKED), negated(lacks_partner(PACKED, "item_id", SCANNED))), PACKED, SCANNED)


@case(Pledged("i", "p1", 5), Pledged("i", "p2", 5), Pledged("i", "p3", 7))
def exactly_the_price() -> Process:
    """Bought for good as soon as the pledges come to exactly 10."""
    return granted_when(total(PLEDGES, "amount").equals(10), PLEDGES)


@dataclass(frozen=True)
class Rated:
    id: str
    rating_id: str
    stars: Annotated[int, Field(ge=1, le=5)]


RATINGS = Register("ratings", Rated, "rating_id")


@case(Rated("i", "r1", 5), Rated("i", "r2", 1))
def four_stars_on_average() -> Process:
    """A badge for good once the sum of stars is at least four for each rating."""
    stars = total(RATINGS, "stars")
    return granted_when(both(has(RATINGS), stars >= count(RATINGS).times(4)), RATINGS)


# Which machine has seen it


@dataclass(frozen=True)
class Shipped:
    id: str
    tracking: str = ""


@dataclass(frozen=True)
class Recalled:
    id: str


@dataclass(frozen=True)
class Released:
    id: str


@case(Released("i"), Shipped("i"), Recalled("i"))
def shipped_is_only_archived() -> Process:
    """The carrier says when it is too late, and this is kept in an archive that no table looks at."""
    released, recalled = seen(Released), seen(Recalled)
    archive = Register("archive", Shipped, "id")
    send = Effect(
        "send",
        "carrier",
        {Do.YES: CommandTemplate("Send"), Do.NO: CommandTemplate("Stop")},
        final=frozenset({Do.YES}),
        decided_by=Shipped,
        initially=Do.NO,
    )
    table = outcomes(released, recalled, rows=[(ANY, Y, Out.OTHER), (Y, N, Out.DONE), (N, N, Out.OPEN)])
    wants = wanted_in(table, send, DONE=Do.YES, OTHER=Do.NO, OPEN=Do.NO)
    return proc(table, released, recalled, archive, wants=[wants])


@case(ItemPacked("i", "a"), ItemScanned("i", "b"))
def a_mark_for_packed_or_for_scanned() -> Process:
    """A mark for each packed item, and as soon as anything was scanned for each scanned item instead."""
    mark = Effect("mark", "desk", {Do.YES: CommandTemplate("Mark")})
    column = DerivedColumn.of("is scanned", has(SCANNED))
    wants = wanted(column, rows=[(False, {mark: every(PACKED)}), (True, {mark: every(SCANNED)})])
    return proc(yes_no(column), PACKED, SCANNED, wants=[wants])


@dataclass(frozen=True)
class Approved:
    id: str


@dataclass(frozen=True)
class Withdrawn:
    id: str


@case(Approved("i"), Withdrawn("i"))
def the_last_word_counts() -> Process:
    """Approval and withdrawal undo each other, so that the last of them counts."""

    class Word(Enum):
        NONE = "none"
        YES = "yes"
        NO = "no"

    word = SubMachine("word", Word.NONE, {one: {Approved: Word.YES, Withdrawn: Word.NO} for one in Word})
    return proc(by(word, NONE=Out.OPEN, YES=Out.DONE, NO=Out.FAILED), word)
