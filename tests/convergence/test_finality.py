"""What can't be undone is wanted for ever, or somebody who outranks says when it is too late."""

from collections.abc import Callable
from datetime import timedelta
from enum import Enum

import pytest

from examples.gallery.shipped_too_early import mended
from saga.convergence import Kind, check, explore
from saga.core import (
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    Effect,
    Process,
    Register,
    Selection,
    Wants,
    all_but_least,
    outcomes,
    wanted,
)
from tests.convergence.shop import Cancelled, Elapsed, Heard, Outcome, Paid, Placed, Shipped, fact, memory, process


class Shipment(Enum):
    SENT = "sent"
    BACK = "back"


PAID, CANCELLED, SHIPPED = memory("paid"), memory("cancelled"), memory("shipped")
COMMANDS: dict[Enum, CommandTemplate] = {
    Shipment.SENT: CommandTemplate("Send"),
    Shipment.BACK: CommandTemplate("CallBack"),
}


def shipping(effect: Effect, *, when_cancelled: Wants, outranked: bool = False) -> Process:
    """Paid orders are sent. Cancelled ones are not, unless they are shipped and that outranks."""

    def rule(paid: Heard, cancelled: Heard, shipped: Heard) -> Outcome:
        if outranked and shipped is Heard.YES:
            return Outcome.SHIPPED
        if cancelled is Heard.YES:
            return Outcome.CANCELLED
        return Outcome.PAID if paid is Heard.YES else Outcome.OPEN

    table = outcomes(PAID, CANCELLED, SHIPPED, rule=rule)
    sent: Wants = {effect: Shipment.SENT}
    wants: dict[Enum, Wants] = {
        Outcome.OPEN: {},
        Outcome.PAID: sent,
        Outcome.CANCELLED: when_cancelled,
        Outcome.SHIPPED: sent,
    }
    rows = [(outcome, wants[outcome]) for outcome in table.states]
    return process(PAID, CANCELLED, SHIPPED, rule=rule, wants=(wanted(table, rows=rows),), table=table)


def irreversible(checked: Process) -> list[str]:
    return [one.sentence for one in explore(checked, SAMPLES).findings if one.kind is Kind.CANNOT_BE_UNDONE]


SAMPLES = (fact(Paid, payment_id="p", amount=1), fact(Cancelled), fact(Shipped))


def effect(**how: object) -> Effect:
    return Effect("shipment", "warehouse", COMMANDS, final=frozenset({Shipment.SENT}), **how)  # type: ignore[arg-type]


def test_an_effect_that_is_taken_back_by_a_command_is_caught() -> None:
    shipment = effect()
    assert irreversible(shipping(shipment, when_cancelled={shipment: Shipment.BACK})) == [
        "shipment is sent, which can't be undone, and cancelled wants it back: Paid -> Cancelled"
    ]


def test_an_effect_that_is_no_longer_mentioned_is_caught() -> None:
    assert irreversible(shipping(effect(), when_cancelled={})) == [
        "shipment is sent, which can't be undone, and cancelled no longer wants it: Paid -> Cancelled"
    ]


def test_an_effect_that_is_taken_back_is_caught_by_sampling_too() -> None:
    """Where there are so many inputs that nobody explores them."""
    shipment = effect()
    report = check(shipping(shipment, when_cancelled={shipment: Shipment.BACK}), SAMPLES, most_nodes=1)
    assert report.sampled
    (undone_effects,) = [one.sentence for one in report.findings if one.kind is Kind.CANNOT_BE_UNDONE]
    assert undone_effects.startswith("shipment is sent, which can't be undone, and cancelled wants it back: ")
    assert undone_effects.endswith(" (sampled; a shorter history may exist)")


def test_an_effect_that_is_wanted_for_ever_passes() -> None:
    shipment = effect()
    assert irreversible(shipping(shipment, when_cancelled={shipment: Shipment.SENT})) == []


def test_an_effect_that_somebody_decides_may_be_taken_back_until_then() -> None:
    shipment = effect(decided_by=Shipped)
    assert irreversible(shipping(shipment, when_cancelled={shipment: Shipment.BACK}, outranked=True)) == []
    assert check(mended).findings == ()


def test_an_effect_that_is_taken_back_after_it_was_decided_is_caught_and_says_by_whom() -> None:
    shipment = effect(decided_by=Shipped)
    found = irreversible(shipping(shipment, when_cancelled={shipment: Shipment.BACK}, outranked=False))
    assert len(found) == 1
    assert found[0].startswith("shipment is sent, which can't be undone after Shipped, and cancelled wants it back")


PAYMENTS = Register("payments", of=Paid, key="payment_id")


class Gone(Enum):
    GONE = "gone"


def refunding(choose: Callable[[Register], object]) -> Process:
    refund = Effect(
        "refund", "bank", {Gone.GONE: CommandTemplate("Refund", PAYMENTS, ("amount",))}, final=frozenset({Gone.GONE})
    )
    placed = memory("placed")
    table = outcomes(placed, rule=lambda _placed: Outcome.OPEN)
    wants = (wanted(table, rows=[(Outcome.OPEN, {refund: choose(PAYMENTS)})]),)
    return process(placed, rule=None, table=table, wants=wants, registers=(PAYMENTS,))


TWO_PAYMENTS = (fact(Placed), fact(Paid, payment_id="a", amount=1), fact(Paid, payment_id="b", amount=2))


def test_of_entries_only_those_that_are_refunded_for_good_pass() -> None:
    surplus = refunding(lambda payments: all_but_least(payments, by=("amount",)))
    assert explore(surplus, TWO_PAYMENTS).findings == []


def test_an_entry_that_was_refunded_and_is_kept_after_all_is_caught() -> None:
    least = refunding(lambda payments: Selection("the least", payments, lambda held: frozenset(sorted(held)[:1])))
    found = explore(least, TWO_PAYMENTS).findings
    assert [one.sentence for one in found if one.kind is Kind.CANNOT_BE_UNDONE] == [
        "refund/b is gone, which can't be undone, and open no longer wants it: Paid#2 -> Paid#1"
    ]


def test_a_final_command_that_is_sent_again_with_another_figure_is_caught() -> None:
    paid = memory("paid")
    table = outcomes(paid, rule=lambda is_paid: Outcome.PAID if is_paid is Heard.YES else Outcome.OPEN)
    total = ComputedField("total", (PAYMENTS,), lambda held: sum(one["amount"] for one in held.values()))
    payout = Effect(
        "payout", "bank", {Gone.GONE: CommandTemplate("PayOut", computed=(total,))}, final=frozenset({Gone.GONE})
    )
    wants = (wanted(table, rows=[(Outcome.OPEN, {}), (Outcome.PAID, {payout: Gone.GONE})]),)
    found = explore(
        process(paid, rule=None, table=table, wants=wants, registers=(PAYMENTS,)), TWO_PAYMENTS[1:]
    ).findings
    assert [(one.kind, len(one.history)) for one in found] == [(Kind.CANNOT_BE_UNDONE, 2)]
    assert "with other computed fields" in found[0].sentence


def test_an_outcome_that_waits_needs_a_deadline_that_could_still_come() -> None:
    placed, elapsed = memory("placed"), memory("elapsed")
    deadline = Deadline("deadline", emits=Elapsed, after=timedelta(hours=1))
    for ends, found in ((Outcome.EXPIRED, []), (Outcome.OPEN, [(Kind.WAITS_FOR_EVER, 1)])):
        table = outcomes(
            placed, elapsed, rule=lambda _placed, time, ends=ends: ends if time is Heard.YES else Outcome.OPEN
        )
        wants = (wanted(table, rows=[(one, {deadline: ARMED} if one is Outcome.OPEN else {}) for one in table.states]),)
        settled = frozenset({ends}) - {Outcome.OPEN}
        checked = process(placed, elapsed, rule=None, table=table, wants=wants, settled=settled)
        report = check(checked)
        assert [(one.kind, len(one.history)) for one in report.findings] == found


@pytest.mark.parametrize("decided_by", [None, Shipped])
def test_an_effect_that_is_never_final_may_come_and_go(decided_by: type | None) -> None:
    shipment = Effect("shipment", "warehouse", COMMANDS, decided_by=decided_by)
    assert irreversible(shipping(shipment, when_cancelled={shipment: Shipment.BACK})) == []
