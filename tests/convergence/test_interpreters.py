"""What depends on the interpreter comes to something else in another one, and only there can it be seen."""

from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from examples.gallery import first_payment_kept
from examples.shop.order import order
from saga.convergence.fingerprint import has_functions
from saga.core import DerivedColumn, Fact, Process, Reducer, Register, outcomes
from saga.orders import order_process
from saga.testing import assert_same_everywhere
from tests.convergence.shop import Outcome, Paid, process

pytestmark = pytest.mark.system

HERE = __name__


def folding(reduce: Any, judge: Any) -> Process:
    reducer = Reducer("folded", of=(Paid,), start=[], reduce=reduce)
    table = outcomes(
        DerivedColumn("judged", (reducer,), judge), rule=lambda judged: Outcome.PAID if judged else Outcome.OPEN
    )
    return process(rule=None, table=table, registers=(reducer,))


def as_a_set(noted: list[str], paid: Fact) -> list[str]:
    return sorted({*noted, paid.fields["payment_id"]})


seen: list[Any] = []


def is_the_first_that_was_ever_seen(noted: list[str]) -> bool:
    if noted and not seen:
        seen.append(noted)
    return seen[:1] == [noted]


class Scored(BaseModel):
    order_id: str
    player: str
    score: Annotated[int, Field(ge=0, le=100)]


best: list[int] = [0]


def is_a_record(scores: Any) -> bool:
    """The samples have the greatest score, so it must be asked before they are explored."""
    score = max((one["score"] for one in scores.values()), default=0)
    best[0] = max(best[0], score)
    return score == best[0]


set_order = folding(
    lambda noted, paid: list({*noted, paid.fields["payment_id"]}), lambda noted: noted[:1] == ["payment_id-1"]
)
hashed = folding(as_a_set, lambda noted: bool(noted) and hash(noted[0]) % 2 == 0)
remembering = folding(as_a_set, is_the_first_that_was_ever_seen)
record = process(
    rule=None,
    table=outcomes(
        DerivedColumn("judged", (scores := Register("scores", Scored, "player"),), is_a_record),
        rule=lambda judged: Outcome.PAID if judged else Outcome.OPEN,
    ),
    registers=(scores,),
)
counted: list[int] = []


def counts_its_calls(scores: Any) -> bool:
    """What it keeps is a constant that it reaches, and says nothing about its answer."""
    counted.append(len(counted))
    return max((one["score"] for one in scores.values()), default=0) > 50


counting = process(
    rule=None,
    table=outcomes(
        DerivedColumn("judged", (scores,), counts_its_calls),
        rule=lambda judged: Outcome.PAID if judged else Outcome.OPEN,
    ),
    registers=(scores,),
)
honest = folding(as_a_set, lambda noted: "payment_id-1" in set(noted))


@pytest.mark.parametrize("name", ["set_order", "hashed", "remembering", "record"])
def test_a_function_that_looks_at_more_than_it_gets_is_found(name: str) -> None:
    with pytest.raises(AssertionError, match="other interpreters come to something else with the same facts"):
        assert_same_everywhere(f"{HERE}:{name}")


@pytest.mark.parametrize(
    "target", [f"{HERE}:honest", f"{HERE}:counting", "examples.shop.order:order", "saga.orders:order_process"]
)
def test_one_that_does_not_is_the_same_everywhere(target: str) -> None:
    assert_same_everywhere(target)


def test_samples_of_ones_own_are_looked_at() -> None:
    assert_same_everywhere("examples.shop.order:order", "examples.shop.order:SAMPLES")


def test_an_interpreter_that_can_say_nothing_is_no_agreement() -> None:
    with pytest.raises(RuntimeError, match="has no attribute 'nothing'"):
        assert_same_everywhere(f"{HERE}:nothing")


def test_what_a_module_says_when_it_is_imported_is_no_opinion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "talking.py").write_text(f"print('hello')\nfrom {HERE} import honest\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert_same_everywhere("talking:honest")


def test_tables_need_no_second_opinion() -> None:
    assert not has_functions(order_process())
    assert not has_functions(order)
    assert has_functions(honest)
    assert has_functions(first_payment_kept.diverging)
