"""Small worlds: what shows only with several facts that fit one another, and with texts that have a form."""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from saga import CommandTemplate, ComputedField, DerivedColumn, Effect, count, each, wanted
from saga.convergence.findings import Kind
from saga.convergence.laws import questions_of
from saga.convergence.patterns import drawn_text
from saga.convergence.pools import Pools
from saga.convergence.related import related
from saga.convergence.sampling import Chance
from saga.convergence.small_worlds import SmallWorlds
from saga.core import Entries
from saga.testing import check, derive_samples
from tests.adversary.kit import NOTES, PAYMENTS, Do, granted, proc, yes_no

PATTERN = r"([A-F])-(\d{1,2})(?: (kg|g))?"


def is_a_run(payments: Entries) -> bool:
    amounts = sorted(one["amount"] for one in payments.values() if 10 <= one["amount"] <= 30)
    return len(amounts) >= 4 and all(b == a + 1 for a, b in pairwise(amounts))


def is_complete(notes: Entries) -> bool:
    pages = [re.fullmatch(r"(\d)/(\d)", one["text"], re.ASCII) for one in notes.values()]
    numbers = [(int(one[1]), int(one[2])) for one in pages if one]
    return bool(numbers) and len({page for page, _ in numbers}) == max(number for _, number in numbers) > 1


@pytest.mark.parametrize(
    ("register", "judge"),
    [(PAYMENTS, is_a_run), (NOTES, is_complete)],
    ids=["run", "pages"],
)
def test_what_several_facts_together_turn_back_is_found(register: Any, judge: Callable[[Entries], bool]) -> None:
    assert Kind.CANNOT_BE_UNDONE in {one.kind for one in check(granted(register, judge=judge)).findings}


def test_texts_that_are_drawn_for_a_pattern_match_it_and_have_much_in_common() -> None:
    chance = Chance(1)
    drawn = [drawn_text(PATTERN, chance) for _ in range(60)]
    assert all(re.fullmatch(PATTERN, one) for one in drawn)
    assert len(set(drawn)) < len(drawn)
    assert any(one.endswith("g") for one in drawn)
    assert any(one[-1].isdigit() for one in drawn)


def test_a_pattern_that_looks_around_is_refused() -> None:
    with pytest.raises(ValueError, match="ASSERT"):
        drawn_text(r"a(?=b)", Chance(1))


def test_facts_with_which_an_expression_turns_are_found_where_a_proof_fails() -> None:
    """The call is for exactly two notes: a third one leaves it as it was, with the number of loud ones at that time."""
    two = DerivedColumn.of("two", count(NOTES, where=each("text").is_one_of("loud", "fine")).equals(2))
    loud = ComputedField.of("loud", count(NOTES, where=each("text").equals("loud")))
    call = Effect("call", "manager", {Do.YES: CommandTemplate("Call", computed=(loud,))})
    calling = proc(yes_no(two), NOTES, wants=[wanted(two, rows=[(True, {call: Do.YES}), (False, {})])])
    assert Kind.DIVERGES in {one.kind for one in check(calling).findings}


NUMBERS = (0.001, 999_999, 1_500_000, 40_000_000, 10**9 - 1, 10**12, 2**63 - 1, 10**30, -5_000_000, 1e308)


@pytest.mark.parametrize("number", NUMBERS, ids=str)
def test_facts_are_drawn_whatever_number_a_function_names(number: float) -> None:
    """A time that a number of the code is away from is none beyond the calendar."""
    granting = granted(NOTES, judge=lambda notes: len(notes) * 7 > number)
    pools, chance = Pools(granting, derive_samples(granting)), Chance(1)
    (question,) = questions_of(granting)
    worlds = SmallWorlds(pools, question, chance)
    assert all(related(pools, question.kinds, chance) for _ in range(200))
    assert any(worlds.drawn() for _ in range(200))
