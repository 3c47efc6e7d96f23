"""The order process: one end state for each set of facts, in every order, by exploring, enumerating and auditing."""

from collections import defaultdict
from itertools import permutations

import pytest

from saga.convergence import Grade, check, explore, run_history
from saga.convergence.configuration import EndState
from saga.convergence.enumeration import every_history
from saga.core import Fact
from saga.orders import order_process
from tests.orders.auditor import audit, net_effects
from tests.orders.test_order_process import FOUR, PAID_LATER, PAID_SOMETIME, THREE

PROCESS = order_process()


def test_it_is_proved_and_nothing_is_explored() -> None:
    report = check(PROCESS)
    assert report.converges
    assert (report.grade, report.nodes) == (Grade.PROVED, 0)
    assert [fact.kind.__name__ for fact in report.samples] == [
        "OrderPlaced",
        "OrderCancelled",
        "PaymentReceived",
        "PaymentReceived",
        "PaymentReceived",
        "PaymentTimedOut",
    ]


def test_the_6_orders_of_3_inputs_and_the_24_of_4_come_to_one_verdict() -> None:
    for facts, orders in ((THREE, 6), (FOUR, 24)):
        reported = [run_history(PROCESS, history) for history in permutations(facts)]
        assert len(reported) == orders
        assert len({one.end_state for one in reported}) == 1


@pytest.mark.system
def test_every_input_up_to_three_times_in_every_order_comes_to_one_verdict_for_each_set() -> None:
    end_states: defaultdict[frozenset[int], set[EndState]] = defaultdict(set)
    for history in every_history(THREE, times=3):
        end_states[frozenset(map(id, history))].add(run_history(PROCESS, history).end_state)
    assert len(end_states) == 2**3 - 1
    assert all(len(one) == 1 for one in end_states.values())


def test_4_inputs_up_to_three_times_each_are_all_explored() -> None:
    """Exploring puts duplicates everywhere. One by one they are too many: 12! / 3!^4 = 369,600 of all four alone."""
    found = explore(PROCESS, FOUR)
    assert found.findings == []
    assert found.whole_up_to == 4
    assert {node.taken for node in found.nodes} == set(range(2**4))


def test_every_node_is_as_audited() -> None:
    samples = (*FOUR, PAID_LATER, PAID_SOMETIME)
    found = explore(PROCESS, samples)
    assert found.findings == []
    for node in found.nodes[1:]:
        facts = [fact for index, fact in enumerate(samples) if node.taken >> index & 1]
        expected = audit(facts)
        assert node.end_state.outcome.value == expected.outcome
        assert net_effects(node.configuration.state) == expected.effects


def test_4_inputs_with_duplicates_and_10_inputs_stay_small() -> None:
    """Places reached, not seconds: under 30 in milliseconds, under 3,000 in about a second."""
    assert len(explore(PROCESS, FOUR).nodes) == 23
    payments = [Fact(PAID_LATER.kind, {**PAID_LATER.fields, "payment_id": f"p-{number}"}) for number in range(7)]
    found = explore(PROCESS, (*THREE[1:], FOUR[0], *payments))
    assert len(found.samples) == 10
    assert found.findings == []
    assert found.whole_up_to == 10
    assert len(found.nodes) < 3_000
