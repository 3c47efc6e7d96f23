"""Planted functions of registers that show with certain values only."""

from typing import Any

from saga import (
    ANY,
    CommandTemplate,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    Selection,
    SubMachine,
    every,
    wanted,
)
from tests.adversary.kit import (
    NOTES,
    PAYMENTS,
    A,
    Do,
    Out,
    Paid,
    Seen,
    case,
    noted,
    one_outcome,
    paid,
    proc,
    yes_no,
)
from tests.adversary.planted.registers import HAS_A, total


def four_of_a_kind(notes: Entries) -> bool:
    texts = [one["text"] for one in notes.values()]
    return any(texts.count(text) >= 4 for text in texts)


@case(A(), noted(1, "x"), noted(2, "x"), noted(3, "x"), noted(4, "x"))
def four_of_a_kind_before_the_end() -> Process:
    """Four equal notes sound an alarm, unless the end has come."""
    column = DerivedColumn("four", (NOTES,), four_of_a_kind)
    alarm = Effect("alarm", "desk", {Do.YES: CommandTemplate("Alarm")})
    rows: list[tuple[Any, ...]] = [(True, Seen.NO, {alarm: Do.YES}), (False, ANY, {}), (True, Seen.YES, {})]
    return proc(one_outcome(HAS_A), HAS_A, NOTES, wants=[wanted(column, HAS_A, rows=rows)])


def is_waiting(payments: Entries) -> bool:
    return 0 < total(payments) < 450


@case(paid(1, 449))
def waits_for_the_rest() -> Process:
    """Partly paid is open, and nothing ends it; it needs an amount between 1 and 449."""
    column = DerivedColumn("waiting", (PAYMENTS,), is_waiting)
    return proc(yes_no(column, Out.OPEN, Out.DONE), PAYMENTS, unsettled=[Out.OPEN])


PAID = SubMachine("paid", Seen.NO, {state: {Paid: Seen.YES} for state in Seen})


@case(paid(1, 1), paid(2, 1))
def two_selections_say_the_same() -> Process:
    """Two selections of two effects choose the same payments and send the same command."""
    template = CommandTemplate("Refund", PAYMENTS, ("payment_id",))
    one = Effect("refund", "bank", {Do.YES: template})
    other = Effect("chargeback", "bank", {Do.YES: template})
    odd_ones = Selection("odd ones", PAYMENTS, lambda held: frozenset(key for key in held if held[key]["amount"] % 2))
    rows = [(ANY, {one: every(PAYMENTS), other: odd_ones})]
    return proc(one_outcome(PAID), PAID, PAYMENTS, wants=[wanted(PAID, rows=rows)])
