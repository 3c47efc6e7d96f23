"""Divergences that a hostile reviewer planted, one of each kind that the check once let pass, and honest twins."""

import math
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from saga.convergence import Kind, Report, check
from saga.core import (
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Fact,
    Process,
    Reducer,
    Register,
    every,
    outcomes,
    wanted,
)
from saga.testing import Scenario, assert_converges
from saga.testing.pasted import test_to_paste as to_paste
from tests.convergence.shop import Heard, Outcome, Paid, Placed, fact, memory, process

LIMIT = 5_000
PAYMENTS = Register("payments", of=Paid, key="payment_id")
ORDER = Register("order", of=Placed, key="order_id")


class Gone(Enum):
    GONE = "gone"
    BACK = "back"


class Weighed(BaseModel):
    order_id: str
    parcel_id: str
    kilograms: float


def folding(
    reduce: Callable[[Any, Fact], Any],
    judge: Callable[[Any], Any],
    start: Any = None,
    of: tuple[type[BaseModel], ...] = (Paid,),
) -> Process:
    reducer = Reducer("folded", of=of, start=start, reduce=reduce)
    table = outcomes(
        DerivedColumn("judged", (reducer,), judge), rule=lambda judged: Outcome.PAID if judged else Outcome.OPEN
    )
    return process(rule=None, table=table, registers=(reducer,))


def kinds(report: Report) -> set[Kind]:
    return {finding.kind for finding in report.findings}


def the_first_two(noted: list[str], paid: Fact) -> list[str]:
    name = paid.fields["payment_id"]
    return noted if name in noted or len(noted) == 2 else sorted([*noted, name])


def test_the_first_two_that_come_are_kept_and_it_takes_three_to_see_it() -> None:
    report = check(folding(the_first_two, lambda noted: "payment_id-1" in noted, []))
    assert [(one.kind, len(one.history)) for one in report.findings] == [(Kind.DIVERGES, 3)]


def test_of_two_equal_amounts_the_first_that_comes_is_kept() -> None:
    def least(kept: list[Any], paid: Fact) -> list[Any]:
        amount = paid.fields["amount"]
        return kept if kept and kept[0] <= amount else [amount, paid.fields["payment_id"]]

    def least_by_id(kept: list[Any], paid: Fact) -> list[Any]:
        came = [paid.fields["amount"], paid.fields["payment_id"]]
        return min(kept, came) if kept else came

    judge: Callable[[Any], bool] = lambda kept: kept[1:] == ["payment_id-1"]  # noqa: E731 -- both look the same way
    assert kinds(check(folding(least, judge, []))) == {Kind.DIVERGES}
    assert check(folding(least_by_id, judge, [])).findings == ()


def weighing(total: Callable[[Any], float], reduce: Callable[[Any, Fact], Any], start: Any) -> Process:
    """A parcel service that receives the weight of each parcel."""
    reducer = Reducer("weights", of=(Weighed,), start=start, reduce=reduce)
    weight = ComputedField("kilograms", (reducer,), total)
    label = Effect("label", "post", {Gone.GONE: CommandTemplate("PrintLabel", computed=(weight,))})
    table = outcomes(
        DerivedColumn("any", (reducer,), bool), rule=lambda some: Outcome.PAID if some else Outcome.OPEN, name="label"
    )
    wants = (wanted(table, rows=[(Outcome.OPEN, {}), (Outcome.PAID, {label: Gone.GONE})]),)
    return process(rule=None, table=table, registers=(reducer,), wants=wants)


def test_a_sum_of_fractions_depends_on_the_order_of_adding_them() -> None:
    def add(held: dict[str, Any], parcel: Fact) -> dict[str, Any]:
        name = parcel.fields["parcel_id"]
        return held if name in held else held | {name: 0, "sum": held.get("sum", 0.0) + parcel.fields["kilograms"]}

    def keep(held: dict[str, Any], parcel: Fact) -> dict[str, Any]:
        return held | {parcel.fields["parcel_id"]: parcel.fields["kilograms"]}

    assert kinds(check(weighing(lambda held: held["sum"], add, {}))) == {Kind.DIVERGES}
    assert check(weighing(lambda held: math.fsum(held.values()), keep, {})).findings == ()


def test_a_number_that_a_function_names_is_tried() -> None:
    def add(held: dict[str, Any], paid: Fact) -> dict[str, Any]:
        name, amount = paid.fields["payment_id"], paid.fields["amount"]
        return held if name in held["ids"] else {"ids": [*held["ids"], name], "sum": held["sum"] + amount}

    def is_suspicious(held: dict[str, Any]) -> bool:
        return bool(held["sum"] > LIMIT and held["ids"][0] == "payment_id-1")

    report = check(folding(add, is_suspicious, {"ids": [], "sum": 0}))
    assert Kind.DIVERGES in kinds(report)
    assert max(sample.fields["amount"] for sample in report.samples) == LIMIT


def test_what_no_history_came_to_is_said() -> None:
    report = check(folding(lambda held, paid: max(held, paid.fields["amount"]), lambda held: held < 0, 0))
    assert report.converges
    assert report.unreached == ("outcome paid", "judged yes")
    assert check(folding(the_first_two, bool, [])).unreached == ()


@pytest.mark.parametrize(
    "judge", [lambda _: random.random() < 0.5, lambda _, came=[]: bool(came.append(1) or len(came) % 2)]
)
def test_a_judgement_that_answers_otherwise_when_it_is_asked_again_is_found(judge: Callable[[Any], bool]) -> None:
    """It leaves no trace in the state, and in what was sent neither."""
    random.seed(1)
    report = check(folding(the_first_two, judge, []))
    assert any("answered differently when asked again" in one.sentence for one in report.findings)


def test_a_judgement_that_gives_none_of_its_values_says_which_those_are() -> None:
    report = check(folding(the_first_two, len, []))
    assert "judged judges 2, which is none of no, yes" in report.findings[0].sentence


def refunding_twice(*, second: CommandTemplate) -> Process:
    """Two effects of one collaborator; a composed process gets there when both of its parts see to the refund."""
    first = Effect("refund", "bank", {Gone.GONE: CommandTemplate("Refund", PAYMENTS, ("payment_id", "amount"))})
    other = Effect("payback", "bank", {Gone.GONE: second})
    cancelled = memory("cancelled")
    table = outcomes(cancelled, rule=lambda heard: Outcome.CANCELLED if heard is Heard.YES else Outcome.OPEN)
    refunds = {first: every(PAYMENTS), other: every(PAYMENTS)}
    wants = (wanted(table, rows=[(Outcome.OPEN, {}), (Outcome.CANCELLED, refunds)]),)
    return process(cancelled, rule=None, table=table, registers=(PAYMENTS,), wants=wants)


def test_a_command_that_two_effects_send_in_the_same_words_is_sent_twice() -> None:
    report = check(refunding_twice(second=CommandTemplate("Refund", PAYMENTS, ("payment_id", "amount"))))
    assert kinds(report) == {Kind.SENT_TWICE}
    assert [len(finding.history) for finding in report.findings] == [2, 2], "by the cancellation, or by the payment"
    assert "Refund to bank for payback/payment_id-1, and it stands there for refund/payment_id-1" in str(
        [finding.sentence for finding in report.findings]
    )


def test_two_effects_may_send_one_type_of_command_in_other_words() -> None:
    reason = ComputedField("reason", (), lambda _key: "goodwill")
    second = CommandTemplate("Refund", PAYMENTS, ("payment_id", "amount"), computed=(reason,))
    assert check(refunding_twice(second=second)).findings == ()


def test_things_that_can_be_in_several_conditions_are_told_apart_by_their_names() -> None:
    """A seat and a room, booked at one agency in the same words, and given back in the same words."""
    booked: dict[Enum, CommandTemplate] = {
        Gone.GONE: CommandTemplate("Book", PAYMENTS, ("payment_id",)),
        Gone.BACK: CommandTemplate("Release"),
    }
    seat, room = (Effect(name, "agency", booked) for name in ("seat", "room"))
    cancelled = memory("cancelled")
    wants = (
        wanted(
            cancelled,
            rows=[
                (Heard.NO, dict.fromkeys((seat, room), every(PAYMENTS, Gone.GONE))),
                (Heard.YES, dict.fromkeys((seat, room), every(PAYMENTS, Gone.BACK))),
            ],
        ),
    )
    checked = process(cancelled, rule=lambda _: Outcome.OPEN, registers=(PAYMENTS,), wants=wants)
    assert check(checked).findings == ()


def test_what_says_nothing_but_its_name_is_told_apart_by_it() -> None:
    mails = [Effect(name, "mailer", {Gone.GONE: CommandTemplate("SendMail")}) for name in ("welcome", "goodbye")]
    placed = memory("placed")
    wants = (wanted(placed, rows=[(Heard.NO, {}), (Heard.YES, dict.fromkeys(mails, Gone.GONE))]),)
    assert check(process(placed, rule=lambda _: Outcome.OPEN, wants=wants)).findings == ()


def waiting_for(emits: type[BaseModel]) -> Process:
    elapsed = memory("elapsed", emits)
    deadline = Deadline("deadline", emits=emits, after=timedelta(hours=1))
    table = outcomes(elapsed, rule=lambda time: Outcome.EXPIRED if time is Heard.YES else Outcome.OPEN)
    wants = (wanted(table, rows=[(Outcome.OPEN, {deadline: ARMED}), (Outcome.EXPIRED, {})]),)
    return process(
        memory("placed"),
        elapsed,
        rule=None,
        table=table,
        wants=wants,
        machines=(memory("placed"), elapsed),
        settled=frozenset({Outcome.EXPIRED}),
    )


class WithReason(BaseModel):
    order_id: str
    reason: str


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")
    order_id: str


class WithTime(BaseModel):
    order_id: str
    due_at: datetime
    reason: str | None = None


@pytest.mark.parametrize(
    ("emits", "refused"), [(WithReason, "reason: Field required"), (Strict, "due_at: Extra inputs")]
)
def test_a_deadline_whose_input_does_not_take_what_the_scheduler_says_never_ends_anything(
    emits: type[BaseModel], refused: str
) -> None:
    report = check(waiting_for(emits))
    assert kinds(report) == {Kind.FAILS}
    assert "does not take what the scheduler says (order_id, due_at, armed_by)" in report.findings[0].sentence
    assert refused in report.findings[0].sentence
    with pytest.raises(AssertionError, match="which asks for more"):
        Scenario(waiting_for(emits)).given(Placed(order_id="o")).after(timedelta(hours=1))


def test_a_deadline_says_when_it_was_due() -> None:
    checked = waiting_for(WithTime)
    assert check(checked).findings == ()
    expired = Scenario(checked).given(Placed(order_id="o")).after(timedelta(hours=2)).then(outcome=Outcome.EXPIRED)
    assert expired.history[-1].fields["due_at"] == "2026-01-01T01:00:00Z"


def test_of_contradicting_samples_only_those_that_contradict_each_other_are_named() -> None:
    samples = [fact(Paid, payment_id=name, amount=amount) for name, amount in (("a", 1), ("b", 2), ("b", 3))]
    checked = process(
        rule=None,
        table=outcomes(
            DerivedColumn("any", (PAYMENTS,), bool), rule=lambda some: Outcome.PAID if some else Outcome.OPEN
        ),
        registers=(PAYMENTS,),
    )
    assert [sample.fields["payment_id"] for sample in check(checked, samples).contradicting] == ["b", "b"]


def test_a_sample_that_is_given_twice_is_one_sample() -> None:
    placed = memory("placed")
    report = check(process(placed, rule=lambda _: Outcome.OPEN), [fact(Placed), fact(Placed)])
    assert report.samples == (fact(Placed),)


def test_the_pasted_test_of_what_fails_fails() -> None:
    for checked in (waiting_for(WithReason), folding(lambda _held, _paid: {1}, bool)):
        report = check(checked)
        for finding in report.findings:
            names: dict[str, Any] = {"process": checked}
            exec(to_paste(finding, checked, report.samples, setup=""), names)  # noqa: S102 -- as pasted
            (test,) = (value for name, value in names.items() if name.startswith("test_"))
            with pytest.raises(AssertionError):
                test()


def test_an_interrupted_check_is_no_passed_test() -> None:
    def interrupted(_held: Any, _paid: Fact) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        assert_converges(folding(interrupted, bool))
