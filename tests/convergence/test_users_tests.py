"""What users write in their own tests: one line for convergence, given-when-then for single histories."""

import re
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.gallery import deliveries_counted, first_event_wins, waits_for_ever
from examples.gallery.messages import OrderCancelled as GalleryCancelled
from examples.gallery.messages import PaymentReceived as GalleryPaid
from examples.gallery.messages import PaymentTimedOut as GalleryTimedOut
from saga.convergence import Grade, Kind, derive_samples, make_fact, run_history
from saga.convergence.findings import History
from saga.core import Process
from saga.orders import OrderCancelled, OrderPlaced, PaymentReceived, PaymentTimedOut, order_process
from saga.orders.process import Fulfilment, Outcome, PaymentRequest
from saga.testing import Scenario, assert_converges, assert_same_end, histories, pairs_of_orders

PROCESS = order_process()
PLACED = OrderPlaced(order_id="o-1", amount=4_200, currency="EUR")
PAID = PaymentReceived(order_id="o-1", payment_id="p-1", amount=4_200, currency="EUR")
CANCELLED = OrderCancelled(order_id="o-1")
TIMED_OUT = PaymentTimedOut(order_id="o-1")


def test_a_process_that_converges_passes_and_says_how_far_that_goes() -> None:
    assert assert_converges(PROCESS, at_least="proved").grade is Grade.PROVED
    assert assert_converges(PROCESS, [PLACED, PAID, CANCELLED, TIMED_OUT]).samples[0].kind is OrderPlaced


def test_a_process_that_diverges_fails_with_both_histories_side_by_side_and_a_test_to_paste() -> None:
    with pytest.raises(AssertionError) as raised:
        assert_converges(first_event_wins.diverging)
    reported = str(raised.value)
    assert "first-event-wins does not converge: 3 findings" in reported
    assert "1. PaymentReceived" in reported
    assert "| 1. PaymentTimedOut" in reported
    assert "outcome: paid" in reported
    assert "| outcome: expired" in reported
    assert "def test_payment_received_payment_timed_out_come_to_the_same_in_both_orders() -> None:" in reported
    assert "from examples.gallery.messages import PaymentReceived" in reported


def test_findings_of_a_kind_can_be_let_through() -> None:
    with pytest.raises(AssertionError, match="waits for ever"):
        assert_converges(waits_for_ever.diverging)
    assert_converges(waits_for_ever.diverging, but_for=frozenset({Kind.WAITS_FOR_EVER}))


def test_given_when_then() -> None:
    Scenario(PROCESS).given(PLACED).when(PAID).then(
        outcome=Outcome.PAID,
        commands=["VoidPayment", "StartFulfilment"],
        effects={"payment_request": PaymentRequest.VOIDED, "fulfilment": Fulfilment.STARTED},
    )


def test_what_was_given_before_is_not_what_is_sent_now() -> None:
    Scenario(PROCESS).given(PLACED, PAID).then(commands=[])
    Scenario(PROCESS).given(PAID).when(PAID).then(outcome=Outcome.PAID, commands=[]).then_ignored()


def test_deadlines_fire_when_they_are_due_on_the_virtual_clock() -> None:
    placed = Scenario(PROCESS).when(PLACED).then(deadlines={"payment_deadline": timedelta(minutes=15)})
    waiting = placed.after(timedelta(minutes=14))
    waiting.then(outcome=Outcome.AWAITING_PAYMENT, commands=[], deadlines={"payment_deadline": timedelta(minutes=1)})
    waiting.after(timedelta(minutes=1)).then(outcome=Outcome.EXPIRED, commands=["VoidPayment"], deadlines={})
    waiting.when(PAID).after(timedelta(hours=1)).then(outcome=Outcome.PAID, commands=[])


def test_the_order_may_say_when_its_deadline_is_due() -> None:
    soon = PLACED.model_copy(update={"payment_timeout_seconds": 2.5})
    Scenario(PROCESS).given(soon).then(deadlines={"payment_deadline": timedelta(seconds=2.5)})


def test_a_scenario_that_is_not_as_told_fails_with_its_history() -> None:
    with pytest.raises(AssertionError) as raised:
        Scenario(PROCESS).given(PLACED).when(CANCELLED).then(outcome=Outcome.PAID)
    assert "outcome: expected <Outcome.PAID: 'paid'>, found <Outcome.CANCELLED: 'cancelled'>" in str(raised.value)
    assert "2. OrderCancelled\n   taken in: cancellation open -> cancelled" in str(raised.value)
    cancelled = Scenario(PROCESS).given(PLACED).when(CANCELLED)
    with pytest.raises(AssertionError, match="commands: expected"):
        cancelled.then(commands=["VoidPayment", "StopFulfilment"])
    with pytest.raises(AssertionError, match="effects: expected"):
        cancelled.then(effects={})
    with pytest.raises(AssertionError, match="deadlines: expected"):
        cancelled.then(deadlines={})


def test_a_scenario_may_go_on_in_several_ways() -> None:
    placed = Scenario(PROCESS).given(PLACED)
    for order in permutations([PAID, CANCELLED, TIMED_OUT]):
        placed.given(*order).then(outcome=Outcome.REFUNDED)
    placed.then(outcome=Outcome.AWAITING_PAYMENT)


@pytest.mark.system
@given(histories(PROCESS))
def test_histories_are_of_the_samples_in_any_order_any_number_of_times(history: History) -> None:
    samples = derive_samples(PROCESS)
    assert all(fact in samples for fact in history)
    run_history(PROCESS, history)


@given(pairs_of_orders(PROCESS))
@settings(print_blob=True)
def test_pairs_of_orders_have_one_verdict_where_a_process_converges(pair: tuple[History, History]) -> None:
    first, second = pair
    assert {id(fact) for fact in first} == {id(fact) for fact in second}
    assert run_history(PROCESS, first).end_state == run_history(PROCESS, second).end_state


@pytest.mark.parametrize("process", [first_event_wins.diverging, deliveries_counted.diverging])
def test_pairs_of_orders_find_what_diverges(process: Process) -> None:
    @given(pairs_of_orders(process))
    @settings(database=None, derandomize=True)
    def one_verdict(pair: tuple[History, History]) -> None:
        assert run_history(process, pair[0]).end_state == run_history(process, pair[1]).end_state

    with pytest.raises(AssertionError):
        one_verdict()


@given(st.data())
def test_histories_may_be_of_samples_of_ones_own(data: st.DataObject) -> None:
    cancelled = make_fact(GalleryCancelled(order_id="o-1"))
    history = data.draw(histories(first_event_wins.diverging, [cancelled], min_size=1, max_size=3))
    assert set(map(id, history)) == {id(cancelled)}
    assert len(history) <= 3


def test_two_orders_that_end_differently_are_shown_in_words_side_by_side() -> None:
    paid = make_fact(GalleryPaid(order_id="o-1", payment_id="p-1", amount=1, received_at="2026-01-01"))
    timed_out = make_fact(GalleryTimedOut(order_id="o-1"))
    assert_same_end(first_event_wins.mended, [paid, timed_out], [timed_out, paid])
    with pytest.raises(AssertionError) as raised:
        assert_same_end(first_event_wins.diverging, [paid, timed_out], [timed_out, paid])
    reported = str(raised.value)
    assert "two orders of the same inputs end differently" in reported
    assert re.search(r"^outcome: paid +\| outcome: expired$", reported, re.MULTILINE)
    assert "EndState" not in reported
