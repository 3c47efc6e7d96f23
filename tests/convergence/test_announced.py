"""What is announced as final is checked, and so is what readers of an older version's announcements would believe."""

from dataclasses import replace
from enum import Enum

import pytest

from saga import count
from saga.convergence import Grade, Kind, check
from saga.convergence.upgrade import at_rest, check_upgrade
from saga.core import Announces, DerivedColumn, Entries, Process, SubMachine, outcomes
from saga.orders import PaymentReceived, order_process
from saga.orders.process import ANNOUNCES, PAYMENTS, Outcome, Payment

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


@pytest.mark.parametrize(
    ("is_any_paid", "said"),
    [
        (
            DerivedColumn("any paid", (PAYMENTS,), any_paid),
            ["paid is announced as final, and PaymentReceived may lead to"],
        ),
        (DerivedColumn.of("any paid", count(PAYMENTS) >= 1), []),
    ],
    ids=["function", "expression"],
)
def test_a_final_outcome_needs_a_proof_even_where_a_search_finds_nothing(
    is_any_paid: DerivedColumn, said: list[str]
) -> None:
    table = outcomes(is_any_paid, rows=[(False, Outcome.AWAITING_PAYMENT), (True, Outcome.PAID)])
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
    assert [one.sentence.partition(" awaiting_payment")[0] for one in report.findings] == said
    assert report.grade is (Grade.SEARCHED if said else Grade.PROVED)
    assert check(replace(process, announces=Announces(types))).findings == ()


class Turning(SubMachine[Payment]):
    """May move otherwise than its table says."""


def test_a_final_outcome_that_a_class_of_ones_own_decides_is_refused() -> None:
    turning = Turning("payment", Payment.UNPAID, {one: {PaymentReceived: Payment.PAID} for one in Payment})
    table = outcomes(turning, rows=[(Payment.UNPAID, Outcome.AWAITING_PAYMENT), (Payment.PAID, Outcome.PAID)])
    process = Process(
        name="turning",
        version=1,
        correlate="order_id",
        inputs={"payments": (PaymentReceived,)},
        machines=(turning,),
        outcomes=table,
        settled=frozenset(table.states),
        announces=Announces({Outcome.AWAITING_PAYMENT: "Waits", Outcome.PAID: "Paid"}, frozenset({Outcome.PAID})),
    )
    (finding,) = check(process).findings
    assert finding.sentence.startswith(
        "it is not proved that paid stays, which is announced as final: sub-machine payment"
    )


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
