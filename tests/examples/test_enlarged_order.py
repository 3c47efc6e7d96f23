"""The enlarged order: parts that make a whole, refunds that only grow, and goods that don't come back."""

import random
from dataclasses import replace
from itertools import permutations

import pytest

from examples.shop.order import (
    OWED,
    REFUND,
    REFUNDS,
    SAMPLES,
    WAREHOUSE,
    WHAT_IS_OWED,
    Refund,
    Warehouse,
    order,
)
from saga.convergence import make_fact
from saga.convergence.check import Grade, check
from saga.convergence.enumeration import HistoryResult, run_history
from saga.convergence.findings import Kind
from saga.core import ANY, CommandTemplate, Effect, Fact, Wanted, all_but, every, wanted
from saga.orders.process import CANCELLATION, PAYMENTS, Cancellation
from tests.examples.place import declared, diverged, shuffled
from tests.rabbitmq.place import Place, working
from tests.rabbitmq.records import dead_letters, is_relayed, messages_taken
from tests.rabbitmq.wire import publish
from tests.waiting import until

FACTS = tuple(make_fact(sample) for sample in SAMPLES)
PLACED, P1, P2, P3, DECLINED, CANCELLED, TIMED_OUT, SHIPPED, STOPPED, SILENT = FACTS
"""100 are due; 70 come at ten, 50 came at nine, and 30 at an unknown time."""


def reported(*history: Fact) -> HistoryResult:
    return run_history(order, history)


def outcome(*history: Fact) -> str:
    return str(reported(*history).end_state.outcome.value)


def refunded(*history: Fact) -> dict[str, int]:
    """How much of each payment is back in all."""
    last = {
        command.fields["payment_id"]: command for command in reported(*history).commands if "refund/" in command.effect
    }
    return {payment_id: command.fields["amount"] for payment_id, command in last.items()}


@pytest.mark.system
def test_it_converges_in_every_order_of_ten_inputs_with_three_payments_among_them() -> None:
    report = check(order, FACTS)
    assert (report.findings, report.grade) == ((), Grade.PROVED)


@pytest.mark.parametrize("payments", [*permutations((P1, P2, P3))])
def test_the_earliest_payments_count_and_what_is_too_much_goes_back(payments: tuple[Fact, ...]) -> None:
    assert outcome(PLACED, *payments) == "paid"
    assert refunded(PLACED, *payments) == {"p-1": 20, "p-3": 30}


def test_a_refund_grows_when_an_earlier_payment_becomes_known_and_never_shrinks() -> None:
    grown = [command.fields for command in reported(PLACED, P1, P3, P2).commands if command.type == "RefundPayment"]
    assert [(one["payment_id"], one["amount"]) for one in grown] == [("p-1", 20), ("p-3", 30)]
    assert refunded(PLACED, P1, P2, STOPPED) == {"p-1": 70, "p-2": 50}


@pytest.mark.parametrize("history", [*permutations((PLACED, P2, P3))])
def test_what_is_still_to_pay_is_asked_for(history: tuple[Fact, ...]) -> None:
    requests = [command.fields for command in reported(*history).commands if command.type == "RequestPayment"]
    assert requests[-1] == {"amount": 20, "currency": "EUR"}


def test_enough_money_outranks_a_declined_payment_whichever_was_told_first() -> None:
    assert reported(PLACED, DECLINED, P1, P2).outcomes == ("awaiting_payment", "declined", "awaiting_payment", "paid")
    assert outcome(PLACED, P1, P2, DECLINED) == "paid"


def test_after_shipping_a_cancellation_is_answered_and_refunds_nothing() -> None:
    shipped = (PLACED, P1, P3, SHIPPED)
    assert outcome(*shipped, CANCELLED) == "shipped"
    assert refunded(*shipped, CANCELLED) == {}


def test_a_cancellation_refunds_only_once_the_warehouse_has_stopped() -> None:
    cancelled = (PLACED, P1, P3, CANCELLED)
    assert (outcome(*cancelled), refunded(*cancelled)) == ("cancelling", {})
    assert (outcome(*cancelled, STOPPED), refunded(*cancelled, STOPPED)) == ("cancelled", {"p-1": 70, "p-3": 30})
    assert (outcome(*cancelled, SHIPPED), refunded(*cancelled, SHIPPED)) == ("shipped", {})


def test_a_warehouse_that_says_both_and_one_that_says_nothing_are_looked_at_by_a_person() -> None:
    assert outcome(PLACED, P1, P3, SHIPPED, STOPPED) == outcome(PLACED, P1, P3, STOPPED, SHIPPED) == "disputed"
    assert outcome(PLACED, P1, P3, SILENT) == "overdue"
    answered = reported(PLACED, P1, P3, SILENT, SHIPPED)
    assert [command.type for command in answered.commands if command.collaborator == "support"] == [
        "OpenReview",
        "CloseReview",
    ]


def test_money_in_another_currency_goes_back_and_counts_for_nothing() -> None:
    dollars = Fact(P1.kind, {**P1.fields, "payment_id": "p-9", "currency": "USD"})
    assert outcome(PLACED, dollars, P3) == "awaiting_payment"
    assert refunded(PLACED, dollars, P3) == refunded(dollars, P3, PLACED) == {"p-9": 70}


def test_too_little_money_at_the_deadline_waits_for_a_person_and_for_the_rest() -> None:
    assert reported(PLACED, P1, TIMED_OUT, P3).outcomes[-2:] == ("underpaid", "paid")


def rewritten(refunds: Wanted) -> tuple[Wanted, ...]:
    return tuple(refunds if table is REFUNDS else table for table in order.wanted)


def test_refunding_before_the_warehouse_has_decided_is_found_to_be_wrong() -> None:
    hasty = wanted(
        WAREHOUSE,
        CANCELLATION,
        rows=[
            (Warehouse.NO_WORD, Cancellation.CANCELLED, {REFUND: every(PAYMENTS)}),
            (Warehouse.NO_WORD, Cancellation.OPEN, {REFUND: WHAT_IS_OWED}),
            (all_but(Warehouse.NO_WORD), ANY, {REFUND: WHAT_IS_OWED}),
        ],
    )
    found = check(replace(order, wanted=rewritten(hasty)), [PLACED, P1, P3, CANCELLED, SHIPPED])
    assert {Kind.CANNOT_BE_UNDONE, Kind.DIVERGES} <= {finding.kind for finding in found.findings}


def test_a_refund_whose_amount_is_not_in_all_could_not_grow() -> None:
    once = Effect(
        "refund",
        collaborator="gateway",
        commands={
            Refund.REFUNDED: CommandTemplate(
                "RefundPayment", PAYMENTS, ("payment_id",), computed=(replace(OWED, is_cumulative=False),)
            )
        },
        final=frozenset({Refund.REFUNDED}),
    )
    anew = replace(order, wanted=rewritten(wanted(rows=[({once: WHAT_IS_OWED},)])))
    found = check(anew, [PLACED, P1, P2, STOPPED])
    assert [finding.kind for finding in found.findings][:1] == [Kind.CANNOT_BE_UNDONE]
    assert "with other computed fields" in found.findings[0].sentence


async def test_over_the_broker_every_order_comes_to_the_checkers_verdict(place: Place, seed: int) -> None:
    histories = list(shuffled(order, FACTS, random.Random(seed), sets=60, orders=4))
    sent = [raw for history in histories for raw in history.messages]
    async with declared(place, order) as channel, working(place, order), working(place, order):
        await publish(channel, place, sent)
        await until(lambda: messages_taken(place.engine), lambda seen: sum(seen) == len(sent))
        await until(lambda: is_relayed(place.engine))
        assert await diverged(place, histories) == []
    assert await dead_letters(place.engine) == []
