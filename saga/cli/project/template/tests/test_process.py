"""The process without any server: every order of arrival, and some stories."""

from datetime import timedelta

from saga.testing import Scenario, assert_converges

from my_returns.messages import (
    ItemReceived,
    RefundIssued,
    ReturnRequested,
    ReturnWithdrawn,
)
from my_returns.process import Outcome, Refund, process

REQUESTED = ReturnRequested(return_id="r-1", amount=4200, currency="EUR")
WITHDRAWN = ReturnWithdrawn(return_id="r-1")
RECEIVED = ItemReceived(return_id="r-1")
ISSUED = RefundIssued(return_id="r-1")


def test_the_process_ends_the_same_way_in_every_order_of_arrival() -> None:
    assert_converges(process)


def test_an_item_is_refunded() -> None:
    received = Scenario(process).given(REQUESTED).when(RECEIVED)
    received.then(outcome=Outcome.REFUNDING, commands=["IssueRefund"], effects={"refund": Refund.ISSUED})
    received.when(ISSUED).then(outcome=Outcome.REFUNDED, commands=[])


def test_an_item_that_is_here_before_its_request_is_refunded_when_the_amount_is_known() -> None:
    received = Scenario(process).when(RECEIVED).then(outcome=Outcome.REFUNDING, commands=[])
    received.when(REQUESTED).then(outcome=Outcome.REFUNDING, commands=["IssueRefund"])


def test_an_item_that_comes_after_the_deadline_is_refunded() -> None:
    expired = Scenario(process).given(REQUESTED).after(timedelta(days=14)).then(outcome=Outcome.EXPIRED)
    expired.when(RECEIVED).then(outcome=Outcome.REFUNDING, commands=["IssueRefund"])


def test_a_return_that_is_withdrawn_costs_nothing() -> None:
    withdrawn = Scenario(process).given(REQUESTED).when(WITHDRAWN)
    withdrawn.then(outcome=Outcome.WITHDRAWN, commands=[], effects={})


def test_a_message_that_comes_twice_changes_nothing() -> None:
    Scenario(process).given(REQUESTED, RECEIVED).when(RECEIVED).then_ignored()


def test_a_bank_that_does_not_answer_is_a_case_for_a_person() -> None:
    Scenario(process).given(REQUESTED, RECEIVED).after(timedelta(days=1)).then(outcome=Outcome.OVERDUE)
