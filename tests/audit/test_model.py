"""The model comes to what every order of the facts comes to, without knowing any of them."""

import ast
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

import saga.verification.audit.model
from examples.gallery.first_event_wins import diverging
from examples.gallery.first_event_wins import mended as every_event_counts
from examples.gallery.last_write_wins import diverging as last_write_wins
from examples.shop.order import SAMPLES as SHOP_SAMPLES
from examples.shop.order import order as shop_order
from examples.trip import process as trip
from saga.convergence import derive_samples, make_fact, run_history
from saga.convergence.configuration import frozen
from saga.core import Fact, Process
from saga.orders import order_process
from saga.verification.audit import Expected, expect
from saga.verification.audit.model import beginning, canonical_orders, contradictions
from tests.orders.auditor import audit
from tests.orders.test_order_process import FOUR, PAID_LATER, PAID_SOMETIME, PLACED

ORDER = order_process()
SEVERAL_PAYMENTS = (*FOUR, PAID_LATER, PAID_SOMETIME)
PROCESSES = {
    "order": (ORDER, SEVERAL_PAYMENTS),
    "enlarged order": (shop_order, tuple(make_fact(sample) for sample in SHOP_SAMPLES)),
    "trip": (trip.trip, derive_samples(trip.trip)),
}


def expected(process: Process, facts: Sequence[Fact]) -> Expected:
    return expect(process, beginning(process), facts)


@pytest.mark.parametrize("name", PROCESSES)
def test_it_comes_to_what_any_order_comes_to(name: str, seed: int) -> None:
    process, facts = PROCESSES[name]
    chance = random.Random(seed)
    for _ in range(150):
        some = chance.sample(facts, chance.randrange(1, len(facts) + 1))
        found, told = expected(process, some), run_history(process, [*some, *chance.sample(some, 1)])
        net = {(n, w.condition.value, frozen(w.fields)) for n, w in found.effects.items() if not w.at_first}
        story = " -> ".join(fact.kind.__name__ for fact in some)
        assert found.split == (), story
        assert found.outcome is told.end_state.outcome, story
        assert net <= told.end_state.effects, story
        left = {effect for effect, *_ in told.end_state.effects - net}
        assert not left & found.effects.keys(), f"{story}: only what nobody wants now may stand besides"


def test_it_agrees_with_the_auditor_that_knows_no_tables() -> None:
    for size in range(1, len(SEVERAL_PAYMENTS) + 1):
        found, other = expected(ORDER, SEVERAL_PAYMENTS[:size]), audit(SEVERAL_PAYMENTS[:size])
        effects = frozenset((name, str(wish.condition.value)) for name, wish in found.effects.items())
        assert (found.outcome.value, effects) == (other.outcome, other.effects)


def test_what_a_command_has_to_say_is_what_was_told() -> None:
    found = expected(ORDER, [PLACED])
    assert dict(found.effects["payment_request"].fields) == {"amount": 4_200, "currency": "EUR"}
    assert list(found.deadlines) == ["payment_deadline"]
    assert not found.settled


@pytest.mark.parametrize(
    ("process", "machine"), [(diverging, "parts.order"), (last_write_wins, "registers.last amount")]
)
def test_a_process_that_diverges_is_said_to(process: Process, machine: str) -> None:
    assert expected(process, derive_samples(process)).split == (machine,)
    assert expected(every_event_counts, derive_samples(every_event_counts)).split == ()


def test_the_order_in_which_facts_are_given_makes_no_difference() -> None:
    assert canonical_orders(SEVERAL_PAYMENTS) == canonical_orders([*SEVERAL_PAYMENTS[::-1], PLACED])
    assert len({tuple(map(id, order)) for order in canonical_orders(SEVERAL_PAYMENTS)}) == 3


def test_facts_that_contradict_each_other_are_said_to() -> None:
    other = Fact(PLACED.kind, {**PLACED.fields, "amount": 1})
    assert list(contradictions(ORDER, beginning(ORDER), [PLACED, other])) == [
        "two facts say different things of order_id 'o-1' (order)"
    ]
    assert list(contradictions(ORDER, beginning(ORDER), [PLACED, PLACED])) == []


def test_it_asks_nothing_of_the_function_that_runs_in_the_engine() -> None:
    tree = ast.parse(Path(saga.verification.audit.model.__file__).read_text())
    names = {
        name.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom | ast.Import) for name in node.names
    }
    assert not names & {"decide", "Decision", "State", "run_history", "apply"}
    called = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and hasattr(node.func, "attr")}
    assert not called & {"move", "apply", "wants", "of", "chosen", "carried", "compute_fields"}
