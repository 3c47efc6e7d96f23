"""Honest functions of texts, weights, limits and grades."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Any, Final

from saga import (
    ANY,
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Entries,
    Fact,
    Process,
    Reducer,
    Register,
    Selection,
    all_but,
    every,
    outcomes,
    wanted,
)
from tests.adversary.kit import (
    LIMITS,
    NOTES,
    PAYMENTS,
    REFUNDS,
    A,
    Commands,
    Configured,
    Do,
    Late,
    Noted,
    Out,
    Paid,
    Refunded,
    Seen,
    Weighed,
    case,
    chosen,
    granted,
    has_any,
    judged,
    noted,
    one_outcome,
    paid,
    proc,
    seen,
    shown,
    wanted_in,
    weighed,
    yes_no,
)


def flat_or_sharp(known: dict[str, bool], fact: Fact) -> dict[str, bool]:
    return known | {fact.kind.__name__: True}


@case(paid(1, 1), noted(1, "x"))
def a_reducer_of_two_types() -> Process:
    """Which types came, in one reducer."""
    return shown(Reducer("types", (Paid, Noted), {}, flat_or_sharp))


def spelled(known: list[str], fact: Fact) -> list[str]:
    return sorted({*known, fact.fields["text"].strip().casefold()})


@case(noted(1, "A"), noted(2, "a "), noted(3, "ß"))
def cleaned_texts() -> Process:
    """Texts are cleaned before they are kept."""
    return shown(Reducer("texts", (Noted,), [], spelled))


def lightest(known: float | None, fact: Fact) -> float | None:
    kilos = float(fact.fields["kilos"])
    return kilos if known is None else min(known, kilos)


@case(weighed(1, 0.0), weighed(2, 2.5), weighed(3, 0.25))
def the_lightest_or_none() -> Process:
    """The least weight, or none before the first."""
    return shown(Reducer("lightest", (Weighed,), None, lightest))


def above(limit_: int) -> Callable[[Entries], bool]:
    return lambda held: any(one["amount"] > limit_ for one in held.values())


@case(paid(1, 77_778), paid(2, 2))
def one_above_a_limit_of_a_closure() -> Process:
    """Done as soon as one payment is above a limit."""
    return judged(PAYMENTS, judge=above(77_777))


def at_least(least: int, held: Entries) -> bool:
    return len(held) >= least


@case(*[noted(number, "x") for number in range(4)])
def four_of_them_by_a_partial() -> Process:
    """Final from the fourth note on."""
    return granted(NOTES, judge=partial(at_least, 4))


@dataclass(frozen=True)
class Above:
    """A callable with a limit."""

    limit: Decimal

    def __call__(self, held: Entries) -> bool:
        return any(Decimal(one["amount"]) / 100 >= self.limit for one in held.values())


@case(paid(1, 16_384), paid(2, 16_383))
def a_decimal_of_a_callable() -> Process:
    """Final as soon as one payment is 163.84 or more."""
    return granted(PAYMENTS, judge=Above(Decimal("163.84")))


class Grade(Enum):
    LOW = "low"
    MIDDLE = "middle"
    HIGH = "high"


def grade(payments: Entries) -> Grade:
    amount = sum(max(0, one["amount"]) for one in payments.values())
    return Grade.LOW if amount < 1_500 else Grade.MIDDLE if amount < 7_300 else Grade.HIGH


@case(paid(1, 2_000), paid(2, 9_000), paid(3, 1))
def three_grades() -> Process:
    """Each grade says which check it wants."""
    column = DerivedColumn("grade", (PAYMENTS,), grade, tuple(Grade))
    commands: Commands = {
        Grade.LOW: CommandTemplate("Skip"),
        Grade.MIDDLE: CommandTemplate("Look"),
        Grade.HIGH: CommandTemplate("Audit"),
    }
    check = Effect("check", "desk", commands, initially=Grade.LOW)
    rows = [(one, {check: one}) for one in Grade]
    table = outcomes(column, rows=[(Grade.HIGH, Out.DONE), (all_but(Grade.HIGH), Out.OTHER)])
    return proc(table, PAYMENTS, wants=[wanted(column, rows=rows)])


LATES = Register("lates", Late, "id")


def in_time(payments: Entries, lates: Entries) -> bool:
    due_at = next((one["due_at"] for one in lates.values()), "9")
    return any(one["at"] < due_at for one in payments.values())


def is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


@case(paid(1, 1, "tomorrow"), paid(2, 1))
def times_that_may_be_none() -> Process:
    """Payments whose time can be read."""
    return chosen(PAYMENTS, lambda held: frozenset(key for key, one in held.items() if is_time(one["at"])))


RATES: Final = {"DE": 19, "FR": 20, "AT": 20}


def rates(notes: Entries) -> list[int]:
    return sorted(RATES.get(one["text"][:2].upper(), 0) for one in notes.values())


@case(noted(1, "de"), noted(2, "FRANCE"), noted(3, ""))
def a_table_with_a_default() -> Process:
    """Rates of countries, and nothing for unknown ones."""
    return shown(NOTES, compute=rates)


def both(notes: Entries, payments: Entries) -> bool:
    return any(one["text"] == "approved" for one in notes.values()) and bool(payments)


@case(noted(1, "approved"), paid(1, 1), noted(2, "rejected"))
def approved_and_paid() -> Process:
    """Final with an approval and a payment, in whatever order."""
    return granted(NOTES, PAYMENTS, judge=both)


def all_of_it(payments: Entries, limits: Entries) -> frozenset[str]:
    return frozenset(payments) if limits else frozenset()


@case(paid(1, 1), paid(2, 2), Configured("i", 3))
def everything_once_configured() -> Process:
    """All payments are booked once the configuration is known."""
    return chosen(PAYMENTS, all_of_it, LIMITS, is_final=True)


def tally(known: dict[str, str], fact: Fact) -> dict[str, str]:
    key, text = fact.fields["note_id"], fact.fields["text"]
    return known | {key: max(known.get(key, ""), text)}


@case(noted(1, "a"), noted(1, "b"), noted(2, "c"))
def the_greatest_for_each_key() -> Process:
    """Of two contradicting notes the greater text counts, so they need not be refused."""
    return shown(Reducer("texts", (Noted,), {}, tally))


def reserved(payments: Entries) -> frozenset[str]:
    left, taken = 100, set()
    for key in sorted(payments, key=lambda one: (payments[one]["at"], one)):
        if 0 < payments[key]["amount"] <= left:
            left -= payments[key]["amount"]
            taken.add(key)
    return frozenset(taken)


class Hold(Enum):
    HELD = "held"
    FREE = "free"


@case(paid(1, 60, "3"), paid(2, 50, "1"), paid(3, 40, "2"))
def reservations_by_time() -> Process:
    """A stock of a hundred goes by the times of the reservations; who no longer fits gets a refusal."""
    has = has_any(PAYMENTS)
    state = ComputedField(
        "state",
        (PAYMENTS,),
        lambda held, key: "reserved" if key in reserved(held) else "waiting",
    )
    tell = Effect("tell", "shop", {Do.YES: CommandTemplate("Tell", PAYMENTS, ("payment_id",), (state,))})
    return proc(one_outcome(has), has, PAYMENTS, wants=[wanted_in(has, tell, YES=every(PAYMENTS))])


def odd_ones(payments: Entries) -> frozenset[str]:
    return frozenset(key for key, one in payments.items() if one["amount"] % 97 == 1)


@case(paid(1, 98), paid(2, 97), paid(3, 1))
def by_a_remainder() -> Process:
    """Payments whose amount has the remainder 1, each by itself."""
    has = has_any(PAYMENTS)
    commands: Commands = {
        Hold.HELD: CommandTemplate("Hold", PAYMENTS, ("amount",)),
        Hold.FREE: CommandTemplate("Free", PAYMENTS, ()),
    }
    hold = Effect("hold", "bank", commands)
    selection = Selection("odd ones", PAYMENTS, odd_ones, Hold.HELD)
    return proc(one_outcome(has), has, PAYMENTS, wants=[wanted_in(has, hold, YES=selection)])


def parity(payments: Entries) -> bool:
    return len(payments) % 2 == 1


@case(paid(1, 1), paid(2, 2), paid(3, 3))
def parity_in_an_outcome() -> Process:
    """An odd number of payments is one outcome, and an even one the other."""
    return proc(yes_no(DerivedColumn("odd", (PAYMENTS,), parity)), PAYMENTS)


def pairs(payments: Entries, refunds: Entries) -> list[str]:
    return sorted(f"{one['payment_id']}:{key}" for key, one in refunds.items() if one["payment_id"] in payments)


@case(paid(1, 1), Refunded("i", "r1", "p1", 1), Refunded("i", "r2", "p2", 1), paid(2, 3))
def references_joined_late() -> Process:
    """Refunds beside their payments; the list only grows."""
    return shown(PAYMENTS, REFUNDS, compute=pairs, is_cumulative=True, is_final=True)


@case(noted(1, "VIP-1"), noted(2, "x"), A())
def a_special_text_in_a_special_state() -> Process:
    """A note that begins with VIP- has the order looked at, unless it is closed, and then no longer."""
    vip = DerivedColumn("vip", (NOTES,), lambda held: any(one["text"].startswith("VIP-") for one in held.values()))
    has_a = seen(A)
    look = Effect("look", "desk", {Do.YES: CommandTemplate("Look"), Do.NO: CommandTemplate("Leave")}, initially=Do.NO)
    rows: list[tuple[Any, ...]] = [
        (True, Seen.NO, {look: Do.YES}),
        (True, Seen.YES, {look: Do.NO}),
        (False, ANY, {look: Do.NO}),
    ]
    return proc(one_outcome(has_a), has_a, NOTES, wants=[wanted(vip, has_a, rows=rows)])
