"""Tables and expressions that come near to a mistake, and make none."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Annotated

from pydantic import Field

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Condition,
    Deadline,
    DerivedColumn,
    Effect,
    Process,
    Register,
    SubMachine,
    all_but,
    all_but_first,
    bands,
    beyond,
    both,
    count,
    distinct,
    each,
    either,
    entries_where,
    every,
    greatest,
    has,
    has_partner,
    lacks_partner,
    latest,
    negated,
    only,
    outcomes,
    owing,
    total,
    wanted,
    with_partner,
)
from tests.adversary.honest.fourth_helpers import EARNED, LIMIT, NAMES, VOTES, Earned, Limited, Named, Small, Voted
from tests.adversary.kit import Commands, Do, Late, Moves, Out, Seen, by, case, one_outcome, proc, seen, yes_no

Y, N = Seen.YES, Seen.NO
ON_OFF: Commands = {Do.YES: CommandTemplate("Open"), Do.NO: CommandTemplate("Close")}


def once(condition: Condition, *registers: Register) -> Process:
    """A final command once the condition holds."""
    column = DerivedColumn.of("granted", condition)
    grant = Effect("grant", "desk", {Do.YES: CommandTemplate("Grant")}, final=frozenset({Do.YES}))
    table = wanted(column, rows=[(True, {grant: Do.YES}), (False, {})])
    return proc(outcomes(column, rows=[(ANY, Out.DONE)]), *registers, wants=[table])


@case(Limited("i", 40), Earned("i", "e1", 30), Earned("i", "e2", 20))
def reached_once_the_goal_is_known() -> Process:
    """Final as soon as the sum reaches a goal, which has to be known."""
    return once(total(EARNED, "points") >= only(LIMIT, "limit"), EARNED, LIMIT)


@case(Earned("i", "e1", 30), Earned("i", "e2", 80))
def not_below_a_hundred() -> Process:
    """The same limit said by a negation: not less than a hundred."""
    return once(negated(total(EARNED, "points") < 100), EARNED)


@case(Voted("i", "v1", "yes"), Voted("i", "v2", "no"), Voted("i", "v3", "yes"))
def two_yes_or_any_no() -> Process:
    """Closed for good by two votes for it, or one against it."""
    yes = count(VOTES, where=each("choice").equals("yes")) >= 2
    return once(either(yes, count(VOTES, where=each("choice").equals("no")) >= 1), VOTES)


@case(Voted("i", "v1", "tom"), Named("i", "n1", "tom", "1"), Voted("i", "v2", "ann"))
def somebody_voted_for_a_candidate() -> Process:
    """Final once some vote names a known candidate; votes for others may come."""
    return once(has_partner(VOTES, "choice", NAMES, "name"), VOTES, NAMES)


@case(Named("i", "n1", "a", "1"), Named("i", "n2", "b", "2"), Named("i", "n3", "c", "3"))
def the_latest_name_for_now() -> Process:
    """The address label has the latest name, and is printed anew with each later one."""
    label = CommandTemplate("Print", computed=(ComputedField.of("name", latest(NAMES, by=("at",), field="name")),))
    effect = Effect("label", "printer", {Do.YES: label})
    column = DerivedColumn.of("named", has(NAMES))
    wants = wanted(column, rows=[(True, {effect: Do.YES}), (False, {})])
    return proc(one_outcome(column), NAMES, wants=[wants])


@case(Earned("i", "e1", 30), Limited("i", 40), Earned("i", "e2", 50), Earned("i", "e3", 10))
def what_lies_beyond_a_limit_that_stays() -> Process:
    """What lies beyond the one limit is paid back for good, and only becomes more."""
    excess = beyond(EARNED, "points", target=only(LIMIT, "limit"), by=("earn_id",))
    template = CommandTemplate("PayBack", computed=(ComputedField.of("points", excess, is_cumulative=True),))
    pay = Effect("pay", "bank", {Do.YES: template}, final=frozenset({Do.YES}))
    column = DerivedColumn.of("limited", has(LIMIT))
    wants = wanted(column, rows=[(True, {pay: owing(excess)}), (False, {})])
    return proc(one_outcome(column), EARNED, LIMIT, wants=[wants])


@case(Earned("i", "e1", 30), Earned("i", "e2", 20), Voted("i", "v1", "x"))
def all_but_two_and_then_all() -> Process:
    """All but the first two are refused, and after a vote all: those refused before are among them."""
    command = CommandTemplate("Refuse", EARNED, ("points",))
    refuse = Effect("refuse", "desk", {Do.YES: command}, final=frozenset({Do.YES}))
    voted = DerivedColumn.of("voted", has(VOTES))
    rest = all_but_first(EARNED, 2, by=("points",))
    wants = wanted(voted, rows=[(False, {refuse: rest}), (True, {refuse: every(EARNED)})])
    return proc(one_outcome(voted), EARNED, VOTES, wants=[wants])


@case(Voted("i", "v1", "a"), Voted("i", "v2", "b"), Voted("i", "v3", "a"))
def a_list_that_only_grows() -> Process:
    """The final message says the different choices, of which there may be more."""
    template = CommandTemplate(
        "Say", computed=(ComputedField.of("all", distinct(VOTES, "choice"), is_cumulative=True),)
    )
    say = Effect("say", "desk", {Do.YES: template}, final=frozenset({Do.YES}))
    column = DerivedColumn.of("voted", has(VOTES))
    return proc(one_outcome(column), VOTES, wants=[wanted(column, rows=[(True, {say: Do.YES}), (False, {})])])


@dataclass(frozen=True)
class Lent:
    id: str


@dataclass(frozen=True)
class Returned:
    id: str


LENT, BACK, LATE = seen(Lent), seen(Returned), seen(Late)
MONTH = Deadline("month", Late, timedelta(days=30))


@case(Lent("i"), Returned("i"))
def a_book_that_is_back_is_back() -> Process:
    """The end of the loan changes nothing any more once the book is back."""
    table = outcomes(
        LENT,
        BACK,
        LATE,
        rows=[(Y, N, N, Out.OPEN), (Y, N, Y, Out.FAILED), (Y, Y, ANY, Out.DONE), (N, ANY, ANY, Out.OTHER)],
    )
    wants = wanted(table, rows=[(Out.OPEN, {MONTH: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, LENT, BACK, LATE, wants=[wants], unsettled=[Out.OPEN])


@case(Lent("i"), Returned("i"))
def a_deadline_that_runs_in_any_case() -> Process:
    """The end of the month is a fact of its own, and runs whether the book is back or not."""
    table = outcomes(LENT, BACK, LATE, rule=lambda _, back, late: Out.DONE if late is Y and back is Y else Out.OTHER)
    wants = wanted(LENT, BACK, rows=[(Y, ANY, {MONTH: ARMED}), (N, Y, {MONTH: ARMED}), (N, N, {})])
    return proc(table, LENT, BACK, LATE, wants=[wants])


@case(Lent("i"), Returned("i"))
def a_reminder_that_is_taken_back() -> Process:
    """The reminder is named in each row, and taken back where it may have been sent."""
    remind = Effect("remind", "post", ON_OFF, initially=Do.NO)
    wants = wanted(
        LENT,
        BACK,
        LATE,
        rows=[
            (Y, N, N, {MONTH: ARMED, remind: Do.NO}),
            (Y, N, Y, {remind: Do.YES}),
            (Y, Y, ANY, {remind: Do.NO}),
            (N, ANY, ANY, {remind: Do.NO}),
        ],
    )
    return proc(one_outcome(LENT), LENT, BACK, LATE, wants=[wants])


@dataclass(frozen=True)
class Shipped:
    id: str


@case(Lent("i"), Returned("i"), Shipped("i"))
def stopped_unless_it_was_shipped() -> Process:
    """A parcel is stopped as long as the carrier has not said that it is too late."""
    shipped = seen(Shipped)
    send = Effect("send", "carrier", ON_OFF, final=frozenset({Do.YES}), decided_by=Shipped, initially=Do.NO)
    wants = wanted(
        LENT,
        BACK,
        shipped,
        rows=[
            (ANY, ANY, Y, {send: Do.YES}),
            (Y, N, N, {send: Do.YES}),
            (Y, Y, N, {send: Do.NO}),
            (N, ANY, N, {send: Do.NO}),
        ],
    )
    return proc(one_outcome(LENT), LENT, BACK, shipped, wants=[wants])


class Level(Enum):
    LOW = "low"
    MIDDLE = "middle"
    HIGH = "high"


@case(Earned("i", "e1", 6), Earned("i", "e2", 5), Earned("i", "e3", 90))
def levels_that_are_only_climbed() -> Process:
    """A gift for each level, which stays as the sum grows."""
    level = DerivedColumn.of("level", bands(total(EARNED, "points"), Level.LOW, (10, Level.MIDDLE), (100, Level.HIGH)))
    middle = Effect("gift", "desk", {Do.YES: CommandTemplate("SendPen")}, final=frozenset({Do.YES}))
    high = Effect("present", "desk", {Do.YES: CommandTemplate("SendBook")}, final=frozenset({Do.YES}))
    wants = wanted(
        level,
        rows=[(Level.LOW, {}), (Level.MIDDLE, {middle: Do.YES}), (Level.HIGH, {middle: Do.YES, high: Do.YES})],
    )
    return proc(by(level, LOW=Out.OPEN, MIDDLE=Out.OTHER, HIGH=Out.DONE), EARNED, wants=[wants])


@dataclass(frozen=True)
class Packed:
    id: str
    item_id: str
    grams: Small


@dataclass(frozen=True)
class Scanned:
    id: str
    item_id: str


PACKED, SCANNED = Register("packed", Packed, "item_id"), Register("scanned", Scanned, "item_id")


@case(Packed("i", "a", 5), Scanned("i", "a"), Packed("i", "b", 7), Scanned("i", "c"))
def labels_for_what_was_scanned() -> Process:
    """A label for each packed item that was scanned; a scan without item waits for it."""
    label = Effect(
        "label", "printer", {Do.YES: CommandTemplate("Print", PACKED, ("grams",))}, final=frozenset({Do.YES})
    )
    column = DerivedColumn.of("packed", has(PACKED))
    wants = wanted(column, rows=[(True, {label: with_partner(PACKED, "item_id", SCANNED)}), (False, {})])
    return proc(one_outcome(column), PACKED, SCANNED, wants=[wants])


@case(Packed("i", "a", 5), Scanned("i", "a"), Packed("i", "b", 7))
def complete_for_now() -> Process:
    """The gate is open as long as no packed item lacks its scan, and closed again otherwise."""
    whole = DerivedColumn.of("whole", both(has(PACKED), negated(lacks_partner(PACKED, "item_id", SCANNED))))
    gate = Effect("gate", "gate", ON_OFF, initially=Do.NO)
    wants = wanted(whole, rows=[(True, {gate: Do.YES}), (False, {gate: Do.NO})])
    return proc(yes_no(whole), PACKED, SCANNED, wants=[wants])


@case(Packed("i", "a", 5000), Packed("i", "b", 7), Packed("i", "c", 900))
def heavy_items_and_the_heaviest() -> Process:
    """Heavy items are carried by two, and the greatest weight is said for good as it grows."""
    carry = Effect(
        "carry", "crew", {Do.YES: CommandTemplate("CarryByTwo", PACKED, ("grams",))}, final=frozenset({Do.YES})
    )
    said = ComputedField.of("grams", greatest(PACKED, "grams"), is_cumulative=True)
    crane = Effect("crane", "crane", {Do.YES: CommandTemplate("Order", computed=(said,))}, final=frozenset({Do.YES}))
    column = DerivedColumn.of("packed", has(PACKED))
    heavy = entries_where(PACKED, each("grams") >= 1000)
    wants = wanted(column, rows=[(True, {carry: heavy, crane: Do.YES}), (False, {})])
    return proc(one_outcome(column), PACKED, wants=[wants])


class Word(Enum):
    NONE = "none"
    YES = "yes"
    NO = "no"


@case(Lent("i"), Returned("i"))
def no_outranks_yes() -> Process:
    """Approval and withdrawal in one machine, of which the withdrawal outranks the other."""
    moves: Moves = {
        Word.NONE: {Lent: Word.YES, Returned: Word.NO},
        Word.YES: {Lent: Word.YES, Returned: Word.NO},
        Word.NO: {Lent: Word.NO, Returned: Word.NO},
    }
    word = SubMachine("word", Word.NONE, moves)
    return proc(by(word, NONE=Out.OPEN, YES=Out.DONE, NO=Out.FAILED), word)


@dataclass(frozen=True)
class Debited:
    id: str
    debit_id: str
    cents: Annotated[int, Field(ge=-1_000_000, le=0)]


DEBITS = Register("debits", Debited, "debit_id")


@case(Debited("i", "d1", -60), Debited("i", "d2", -50), Debited("i", "d3", 0))
def a_debt_that_only_grows() -> Process:
    """Blocked for good once the debts, which are below nothing, come to a hundred."""
    return once(total(DEBITS, "cents").times(-1) >= 100, DEBITS)
