"""Functions in a declaration can't smuggle in the order of arrival, a memory or a clock: the checker sees it."""

import itertools
import json
from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest

from saga.convergence import Grade, Kind, Pair, Report, check, configuration, explore, run_history
from saga.core import (
    CommandTemplate,
    DeclarationError,
    DerivedColumn,
    Effect,
    Fact,
    Process,
    Reducer,
    Register,
    Selection,
    decide,
    dump_state,
    load_state,
    outcomes,
    wanted,
)
from saga.engine import answers
from tests.convergence.shop import Heard, Outcome, Paid, Placed, Shipped, fact, memory, process

FIRST, SECOND = fact(Paid, payment_id="b", amount=1), fact(Paid, payment_id="a", amount=2)
PLACED = fact(Placed)
PAYMENTS = Register("payments", of=Paid, key="payment_id")


def folding(reduce: Callable[[Any, Fact], Any], start: Any = None, judge: Callable[[Any], Any] = bool) -> Process:
    """A process that is paid by what a function makes of the payments."""
    reducer = Reducer("folded", of=(Paid,), start=start, reduce=reduce)
    is_paid = DerivedColumn("is paid", (reducer,), judge)
    table = outcomes(is_paid, rule=lambda paid: Outcome.PAID if paid else Outcome.OPEN)
    return process(memory("placed"), rule=None, table=table, registers=(reducer,))


def kinds(report: Report) -> set[Kind]:
    return {finding.kind for finding in report.findings}


def test_a_function_that_keeps_a_memory_of_its_own_is_caught() -> None:
    seen: list[Fact] = []

    def remember(_value: Any, paid: Fact) -> Any:
        seen.append(paid)
        return len(seen)

    assert Kind.FAILS in kinds(check(folding(remember)))


def test_a_function_that_counts_the_ticks_of_a_clock_is_caught() -> None:
    clock = itertools.count()
    report = check(folding(lambda _value, _paid: next(clock)))
    assert Kind.FAILS in kinds(report)
    assert "answered differently when asked again" in str([finding.sentence for finding in report.findings])


def test_a_function_that_changes_what_it_was_given_changes_nothing_but_its_copy() -> None:
    def append(noted: list[str], paid: Fact) -> list[str]:
        if paid.fields["payment_id"] not in noted:
            noted.append(paid.fields["payment_id"])
            noted.sort()
        return noted

    checked = folding(append, start=[])
    assert check(checked).converges
    assert checked.registers[0].start == []


def test_a_list_in_the_order_of_arrival_diverges_only_where_somebody_looks_at_it() -> None:
    def in_order(noted: list[str], paid: Fact) -> list[str]:
        return noted if paid.fields["payment_id"] in noted else [*noted, paid.fields["payment_id"]]

    assert check(folding(in_order, start=[])).converges
    looked_at = check(folding(in_order, start=[], judge=lambda noted: noted[:1] == ["payment_id-1"]))
    assert kinds(looked_at) == {Kind.DIVERGES}


@pytest.mark.parametrize("value", [{1, 2}, {1: "a"}, float("nan"), object(), Outcome.PAID, b"x"])
def test_what_could_not_be_stored_is_a_failure(value: Any) -> None:
    report = check(folding(lambda _value, _paid: value))
    assert kinds(report) == {Kind.FAILS}
    assert "is no JSON value" in report.findings[0].sentence


def test_a_start_that_could_not_be_stored_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"reducer 'folded': start: .* is no JSON value"):
        folding(lambda value, _paid: value, start={1})


def test_a_state_is_the_same_after_it_was_stored() -> None:
    """Keys come back from the database in an order of its own."""
    pairs = folding(lambda value, paid: {**value, paid.fields["payment_id"]: ("x", 1)}, start={})
    for history in ([FIRST, SECOND], [SECOND, FIRST]):
        state = explore(pairs, history).nodes[-1].configuration.state
        stored = json.loads(json.dumps(dump_state(state)))
        shuffled = {**stored, "registers": {"folded": dict(reversed(stored["registers"]["folded"].items()))}}
        assert list(load_state(pairs, shuffled).registers["folded"]) == list(state.registers["folded"]) == ["a", "b"]


def test_a_function_that_fails_is_found_with_the_history_that_makes_it_fail() -> None:
    def choose(value: int, paid: Fact) -> int:
        return max(value, 1 // (int(paid.fields["amount"]) - 2))

    found = explore(folding(choose, start=0), (PLACED, FIRST, SECOND)).findings
    assert [(one.kind, one.history) for one in found] == [(Kind.FAILS, (SECOND,))]
    assert "ZeroDivisionError" in found[0].sentence


def test_a_judgement_that_fails_before_anything_came_is_found() -> None:
    report = check(folding(lambda value, _paid: value, start=[], judge=lambda noted: bool(noted[0])))
    assert [(one.kind, one.history) for one in report.findings] == [(Kind.FAILS, ())]
    assert "before anything came" in report.findings[0].sentence
    assert report.results == ()


class Gone(Enum):
    GONE = "gone"


def selecting(choose: Callable[[Any], frozenset[str]]) -> Process:
    """Placed orders have the chosen payments refunded: what the choice saw is what was there when the order came."""
    refund = Effect("refund", "bank", {Gone.GONE: CommandTemplate("Refund", PAYMENTS, ("amount",))})
    placed = memory("placed")
    table = outcomes(placed, rule=lambda is_placed: Outcome.PAID if is_placed is Heard.YES else Outcome.OPEN)
    chosen = Selection("chosen", PAYMENTS, choose)
    wants = (wanted(table, rows=[(Outcome.OPEN, {}), (Outcome.PAID, {refund: chosen})]),)
    return process(placed, rule=None, table=table, wants=wants, registers=(PAYMENTS,))


def test_the_first_entry_is_the_same_in_every_order_of_arrival() -> None:
    """A choice that looks at the order of the entries sees that of their keys."""
    choice = selecting(lambda entries: frozenset(list(entries)[:1]))
    for history in ([FIRST, SECOND, PLACED], [SECOND, FIRST, PLACED]):
        assert [command.effect for command in run_history(choice, history).commands] == ["refund/a"]


def test_a_choice_that_depends_on_how_many_came_before_is_caught() -> None:
    choice = selecting(lambda entries: frozenset(entries) if len(entries) == 1 else frozenset())
    assert kinds(check(choice, [FIRST, SECOND, PLACED])) == {Kind.DIVERGES}


def test_a_pair_that_makes_a_difference_later_is_said_to_diverge() -> None:
    """Last write wins, and nobody looks before the order is placed: the two payments are to blame."""
    reducer = Reducer("last", of=(Paid,), start=0, reduce=lambda _last, paid: paid.fields["amount"])
    is_more = DerivedColumn("more", (reducer,), lambda amount: amount > 1)
    table = outcomes(
        is_more,
        memory("placed"),
        rule=lambda more, placed: Outcome.PAID if more and placed is Heard.YES else Outcome.OPEN,
    )
    checked = process(memory("placed"), rule=None, table=table, registers=(reducer,))
    report = check(checked, [FIRST, SECOND, PLACED])
    assert [(one.kind, len(one.history)) for one in report.findings if one.kind is Kind.DIVERGES] == [
        (Kind.DIVERGES, 3)
    ]
    pairs = {
        frozenset({report.samples[one.first].kind, report.samples[one.second].kind}): one.pair for one in report.matrix
    }
    assert pairs[frozenset({Paid})] is Pair.DIVERGES


def test_what_differs_and_is_never_looked_at_is_said_to_differ_in_nothing_that_counts() -> None:
    def in_order(noted: list[str], paid: Fact) -> list[str]:
        return noted if paid.fields["payment_id"] in noted else [*noted, paid.fields["payment_id"]]

    report = check(folding(in_order, start=[]))
    assert report.converges
    pairs = {(report.samples[one.first].kind, report.samples[one.second].kind): one.pair for one in report.matrix}
    assert pairs[Paid, Paid] is Pair.ONLY_IN_EFFECT
    assert pairs[Placed, Paid] is Pair.APART


def test_beyond_what_can_be_explored_sampling_finds_and_says_that_it_is_sampling() -> None:
    last = folding(lambda _last, paid: paid.fields["amount"], start=0, judge=lambda amount: amount > 1)
    report = check(last, [FIRST, SECOND, PLACED], most_nodes=2)
    assert report.grade is Grade.SAMPLED
    assert report.sampled > 0
    (found,) = (one for one in report.findings if one.kind is Kind.DIVERGES)
    assert "sampled" in found.sentence
    assert {len(found.history), len(found.other)} == {2}
    assert run_history(last, found.history).end_state != run_history(last, found.other).end_state
    assert check(last, [FIRST, SECOND, PLACED], most_nodes=2).findings == report.findings, "the seed decides"


def test_sampling_does_not_take_contradictions_for_divergence() -> None:
    contradicting = [FIRST, fact(Paid, payment_id="b", amount=9), PLACED]
    report = check(selecting(frozenset), contradicting, most_nodes=1)
    assert report.sampled > 0
    assert report.findings == ()


def test_an_interruption_gives_what_was_found_so_far() -> None:
    def interrupt(nodes: int, _sets: int) -> None:
        raise KeyboardInterrupt

    report = check(folding(lambda value, _paid: value, start=0), progress=interrupt)
    assert report.interrupted
    assert not report.converges


def test_sampling_sees_repeats_and_failures_beyond_what_was_explored() -> None:
    def reduce(total: int, paid: Fact) -> int:
        return total + int(paid.fields["amount"])

    def fail(_total: int, _paid: Fact) -> int:
        raise ValueError("no")

    samples = [PLACED, FIRST, SECOND]
    assert Kind.REPEAT_CHANGES in kinds(check(folding(reduce, start=0), samples, most_nodes=1))
    assert kinds(check(folding(fail, start=0), samples, most_nodes=1)) == {Kind.FAILS}


def test_the_engine_and_the_checker_use_one_decision_function() -> None:
    assert vars(answers)["decide"] is vars(configuration)["decide"] is decide


def test_inputs_without_a_sample_are_named() -> None:
    checked = folding(lambda value, _paid: value)
    assert check(checked, [PLACED]).untried == (Paid,)
    assert check(checked).untried == ()


def test_a_sample_that_is_no_input_is_refused() -> None:
    with pytest.raises(DeclarationError, match="shop does not consume Shipped: it consumes Placed, Paid"):
        check(folding(lambda value, _paid: value), [fact(Shipped)])


@pytest.mark.system
def test_a_process_that_diverges_is_not_explored_to_the_bitter_end() -> None:
    """Eight payments have 40,320 orders, and a list in the order of arrival knows them all."""
    in_order = folding(
        lambda noted, paid: [*noted, paid.fields["payment_id"]], start=[], judge=lambda noted: noted[:1] == ["a"]
    )
    many = [fact(Paid, payment_id=name, amount=1) for name in "abcdefgh"]
    report = check(in_order, many)
    assert Kind.DIVERGES in kinds(report)
    assert report.nodes < 6_000
