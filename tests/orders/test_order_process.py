"""The order process ends the same way in every order of arrival, with every repetition."""

import random
from collections.abc import Iterable, Sequence
from itertools import combinations, permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga.core import Decision, DecisionKind, Fact, State, decide, dump_state, load_state
from saga.orders import OrderCancelled, OrderPlaced, PaymentReceived, PaymentTimedOut, order_process
from tests.orders.auditor import audit, net_effects

PROCESS = order_process()


def payment(payment_id: str, received_at: str | None = None, amount: int = 4_200) -> Fact:
    fields = {"order_id": "o-1", "payment_id": payment_id, "amount": amount, "currency": "EUR"}
    return Fact(PaymentReceived, {**fields, "received_at": received_at})


PLACED = Fact(OrderPlaced, {"order_id": "o-1", "amount": 4_200, "currency": "EUR", "payment_timeout_seconds": None})
PAID = payment("p-1", "2026-01-01T00:00:01.000000+00:00")
PAID_LATER = payment("p-0", "2026-01-01T00:00:02.000000+00:00")
PAID_SOMETIME = payment("p-2")
CANCELLED = Fact(OrderCancelled, {"order_id": "o-1", "reason": None})
TIMED_OUT = Fact(PaymentTimedOut, {"order_id": "o-1", "due_at": None})
THREE = (PAID, CANCELLED, TIMED_OUT)
FOUR = (PLACED, *THREE)


def run(history: Iterable[Fact]) -> tuple[State, list[Decision]]:
    state, decisions = State.start(PROCESS), []
    for fact in history:
        decision = decide(PROCESS, state, fact)
        state = decision.state
        decisions.append(decision)
    return state, decisions


def assert_as_audited(history: Sequence[Fact]) -> None:
    state, decisions = run(history)
    kind = audit(history)
    story = " -> ".join(fact.kind.__name__ for fact in history)
    assert decisions[-1].outcome.value == kind.outcome, story
    assert net_effects(state) == kind.effects, story
    sent = [(command.effect, command.revision) for decision in decisions for command in decision.commands]
    assert len(sent) == len(set(sent)), f"commanded twice: {story}"


@pytest.mark.parametrize("facts", [THREE, FOUR, (*FOUR, PAID_LATER), (*FOUR, PAID_LATER, PAID_SOMETIME)])
def test_every_order_of_every_subset_ends_as_audited(facts: tuple[Fact, ...]) -> None:
    for size in range(1, len(facts) + 1):
        for subset in combinations(facts, size):
            for history in permutations(subset):
                assert_as_audited(history)


def test_every_order_of_three_inputs_once_to_three_times_ends_as_audited() -> None:
    for copies in product((1, 2, 3), repeat=3):
        inputs = [fact for fact, count in zip(THREE, copies, strict=True) for _ in range(count)]
        for history in set(permutations(range(len(inputs)))) if len(inputs) < 7 else _shuffles(len(inputs)):
            assert_as_audited([inputs[index] for index in history])


def _shuffles(size: int, count: int = 300, seed: int = 7) -> list[list[int]]:
    chance = random.Random(seed)
    return [chance.sample(range(size), size) for _ in range(count)]


@given(st.lists(st.sampled_from([*FOUR, PAID_LATER, PAID_SOMETIME]), min_size=1, max_size=14))
def test_any_history_ends_as_audited(history: list[Fact]) -> None:
    assert_as_audited(history)


@given(st.lists(st.sampled_from([*FOUR, PAID_LATER]), min_size=1, max_size=8), st.data())
def test_an_input_that_was_taken_in_changes_nothing_when_it_comes_again(
    history: list[Fact], data: st.DataObject
) -> None:
    state, _ = run(history)
    decision = decide(PROCESS, state, data.draw(st.sampled_from(history)))
    assert decision.kind is DecisionKind.IGNORED
    assert decision.reason.startswith("ignored, because ")
    assert (decision.state, decision.commands, decision.timers) == (state, (), ())


def test_a_payment_that_is_told_late_still_pays_an_expired_order() -> None:
    _, decisions = run([PLACED, TIMED_OUT, PAID])
    assert [decision.outcome.value for decision in decisions] == ["awaiting_payment", "expired", "paid"]
    assert [command.type for command in decisions[-1].commands] == ["StartFulfilment"]


def test_a_payment_of_a_cancelled_order_goes_back() -> None:
    _, decisions = run([CANCELLED, PAID])
    assert decisions[-1].outcome.value == "refunded"
    refund = next(command for command in decisions[-1].commands if command.type == "RefundPayment")
    assert refund.fields == {"payment_id": "p-1", "amount": 4_200, "currency": "EUR"}


@pytest.mark.parametrize("history", list(permutations([PLACED, PAID, PAID_LATER, PAID_SOMETIME])))
def test_of_several_payments_the_earliest_is_kept_whichever_came_first(history: tuple[Fact, ...]) -> None:
    state, _ = run(history)
    refunded = {effect for effect, _ in net_effects(state) if effect.startswith("refund/")}
    assert refunded == {"refund/p-0", "refund/p-2"}


def test_the_same_payment_with_other_contents_is_a_conflict_that_says_what_differs() -> None:
    _, decisions = run([PLACED, PAID, payment("p-1", "2026-01-01T00:00:01.000000+00:00", amount=9_900)])
    assert decisions[-1].kind is DecisionKind.CONFLICT
    assert "amount is 4200 there and 9900 here" in decisions[-1].reason
    assert decisions[-1].state is decisions[-2].state


def test_a_deadline_is_armed_once_and_only_for_an_order_that_waits() -> None:
    _, decisions = run([PLACED, PLACED, CANCELLED, TIMED_OUT])
    assert [timer.name for decision in decisions for timer in decision.timers] == ["payment_deadline"]
    _, decisions = run([PAID, PLACED])
    assert [timer for decision in decisions for timer in decision.timers] == []


def test_the_order_may_say_how_long_it_waits() -> None:
    placed = Fact(OrderPlaced, {**PLACED.fields, "payment_timeout_seconds": 2.5})
    _, (decision,) = run([placed])
    assert decision.timers[0].after.total_seconds() == 2.5


def test_revisions_count_up_for_each_collaborator() -> None:
    _, decisions = run([PLACED, CANCELLED, PAID])
    commands = [command for decision in decisions for command in decision.commands]
    at_gateway = [command.revision for command in commands if command.collaborator == "gateway"]
    assert at_gateway == [1, 2, 3]


@given(st.lists(st.sampled_from([*FOUR, PAID_LATER, PAID_SOMETIME]), max_size=8))
def test_a_state_survives_being_stored(history: list[Fact]) -> None:
    state, _ = run(history)
    assert load_state(PROCESS, dump_state(state)) == state
