"""What each expression says of itself holds, for random expressions over random messages."""

from dataclasses import dataclass
from itertools import permutations

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from saga import Chooser, Expression, Fact
from saga.core.expressions.aggregates import Count, Total
from saga.core.expressions.base import Move
from saga.core.expressions.choosers import AllButFirst
from saga.core.expressions.entries import FieldOf, Filter
from tests.core.expression_laws import (
    PAYMENTS,
    added,
    facts,
    is_same_value,
    start,
    value_of,
    violations,
)
from tests.core.random_expressions import choosers, conditions, expressions, figures, of_entries, plain_figures, staged

LAWS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@LAWS
@given(figures(), facts())
def test_a_figure_keeps_its_laws(expression: Expression, history: list[Fact]) -> None:
    assert list(violations(expression, history)) == []


@LAWS
@given(plain_figures(), facts())
def test_arithmetic_keeps_its_laws(expression: Expression, history: list[Fact]) -> None:
    assert list(violations(expression, history)) == []


@LAWS
@given(conditions(), facts())
def test_a_condition_keeps_its_laws(expression: Expression, history: list[Fact]) -> None:
    assert list(violations(expression, history)) == []


@LAWS
@given(staged(), facts())
def test_stages_keep_their_laws(expression: Expression, history: list[Fact]) -> None:
    assert list(violations(expression, history)) == []


@LAWS
@given(of_entries(), facts())
def test_a_figure_of_an_entry_keeps_its_laws(expression: Expression, history: list[Fact]) -> None:
    assert list(violations(expression, history)) == []


@LAWS
@given(choosers(), facts())
def test_a_chooser_keeps_its_laws(expression: Expression, history: list[Fact]) -> None:
    assert list(violations(expression, history)) == []


@LAWS
@given(choosers(), choosers(), facts())
def test_a_choice_within_another_chooses_nothing_else(one: Chooser, other: Chooser, history: list[Fact]) -> None:
    held = start()
    for fact in history:
        held = added(held, fact)
        if one.is_within(other):
            assert value_of(one, held) <= value_of(other, held)


@LAWS
@given(expressions(), facts().map(lambda found: found[:4]))
def test_a_value_is_a_function_of_the_set_of_facts(expression: Expression, history: list[Fact]) -> None:
    values = []
    for order in permutations(history):
        held = start()
        for fact in order:
            held = added(held, fact)
        values.append(value_of(expression, held))
    assert all(is_same_value(one, values[0]) for one in values)


@LAWS
@given(st.data())
def test_expressions_of_the_same_structure_are_equal(data: st.DataObject) -> None:
    one, other = data.draw(expressions()), data.draw(expressions())
    assert (one == other) is (repr(one) == repr(other))
    assert one != other or hash(one) == hash(other)


@dataclass(frozen=True)
class NeverMoves(Count):
    """Says that a count is constant."""

    def moves(self, kind: type) -> Move:  # noqa: ARG002 -- that is what is wrong
        return Move.NONE


@dataclass(frozen=True)
class AlwaysGrows(Total):
    """Says that every sum grows."""

    def moves(self, kind: type) -> Move:  # noqa: ARG002 -- that is what is wrong
        return Move.UP


@dataclass(frozen=True)
class FirstByArrival(AllButFirst):
    """Leaves out the entry that stands last."""

    def keys(self, held):  # type: ignore[no-untyped-def]
        return iter(list(held[self.of.name])[:-1])


@dataclass(frozen=True)
class HidesItsField(Total):
    """Doesn't say what it reads."""

    @property
    def looked_at(self) -> tuple[FieldOf, ...]:
        return ()


@pytest.mark.parametrize(
    "broken",
    [
        NeverMoves(Filter(PAYMENTS)),
        AlwaysGrows(Filter(PAYMENTS), FieldOf(PAYMENTS, "fee")),
        FirstByArrival(PAYMENTS, 1, ()),
        HidesItsField(Filter(PAYMENTS), FieldOf(PAYMENTS, "amount")),
    ],
    ids=lambda one: type(one).__name__,
)
def test_an_expression_that_breaks_a_law_is_found(broken: Expression) -> None:
    find(facts(), lambda history: any(violations(broken, history)))
