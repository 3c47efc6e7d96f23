"""What is announced as final is checked, and so is what readers of an older version's announcements would believe."""

from dataclasses import replace
from enum import Enum

import pytest

from saga.convergence import Grade, Kind, check
from saga.convergence.upgrade import at_rest, check_upgrade
from saga.core import Announces, DerivedColumn, Entries, Process, outcomes
from saga.orders import order_process
from saga.orders.process import ANNOUNCES, PAYMENTS, Outcome

pytestmark = pytest.mark.pure
ORDER = order_process()


def announcing(*final: Outcome, **changed: str) -> Process:
    types: dict[Enum, str] = {one: changed.get(one.name, type_) for one, type_ in ANNOUNCES.types.items()}
    return replace(ORDER, announces=Announces(types, frozenset(final)))


def test_that_a_refunded_order_stays_so_is_proved() -> None:
    assert check(ORDER).grade is Grade.PROVED


@pytest.mark.parametrize("outcome", [one for one in Outcome if one is not Outcome.REFUNDED])
def test_an_outcome_that_can_be_left_may_not_be_announced_as_final(outcome: Outcome) -> None:
    report = check(announcing(Outcome.REFUNDED, outcome))
    found = [one for one in report.findings if one.kind is Kind.CANNOT_BE_UNDONE]
    assert found
    assert f"{outcome.value} is announced as final" in found[0].sentence
    assert "leave it out of final" in found[0].sentence


def any_paid(payments: Entries) -> bool:
    return bool(payments)


def test_a_final_outcome_that_a_function_decides_is_searched() -> None:
    own = DerivedColumn("any paid", (PAYMENTS,), any_paid)
    table = outcomes(own, rows=[(False, Outcome.AWAITING_PAYMENT), (True, Outcome.PAID)])
    types: dict[Enum, str] = {Outcome.AWAITING_PAYMENT: "Waits", Outcome.PAID: "Paid"}
    process = replace(
        ORDER,
        outcomes=table,
        wanted=(),
        settled=frozenset(table.states),
        inputs={"payments": ORDER.inputs["payments"]},
        machines=(),
        registers=(PAYMENTS,),
        announces=Announces(types, frozenset({Outcome.PAID})),
    )
    report = check(process)
    assert report.findings == ()
    assert report.grade is Grade.SEARCHED


@pytest.mark.parametrize(
    ("new", "kind", "said"),
    [
        (replace(ORDER, announces=None), Kind.DIVERGES, "announces nothing"),
        (announcing(Outcome.REFUNDED, PAID="OrderIsPaid"), Kind.DIVERGES, "announces OrderIsPaid"),
        (announcing(), Kind.CANNOT_BE_UNDONE, "may leave it"),
    ],
)
def test_an_upgrade_after_which_readers_believe_wrongly_is_found(new: Process, kind: Kind, said: str) -> None:
    (found,) = check_upgrade(ORDER, replace(new, version=2))
    assert found.kind is kind
    assert said in found.sentence


def test_what_is_final_only_now_is_noted() -> None:
    before, after = announcing(), replace(ORDER, version=2)
    assert check_upgrade(before, after) == []
    assert "an instance that is refunded already is not announced again as final" in at_rest(before, after)


def test_announcing_for_the_first_time_breaks_nobody() -> None:
    assert check_upgrade(replace(ORDER, announces=None), replace(ORDER, version=2)) == []
