"""Ends that differ in what is easily overlooked: words, types, deadlines that only some orders arm; honest twins."""

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, field_validator

from saga.convergence import Kind, check, counterexample, derive_samples, run_history
from saga.convergence.configuration import EndState, frozen
from saga.convergence.fingerprint import Way, differing, fingerprint, has_functions
from saga.core import (
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DeclarationError,
    DerivedColumn,
    Effect,
    Fact,
    Process,
    Reducer,
    Register,
    Selection,
    all_but_least,
    every,
    outcomes,
    wanted,
)
from tests.convergence.shop import Elapsed, Heard, Outcome, Paid, Placed, memory, process

PAYMENTS = Register("payments", of=Paid, key="payment_id")
PLACED, PAID, ELAPSED = memory("placed"), memory("paid"), memory("elapsed")


class Held(Enum):
    HELD = "held"
    RELEASED = "released"


def releasing(*, if_paid: Outcome) -> Process:
    """An order that waits is released by its deadline. It is armed by an order that was placed before it was paid."""

    def rule(placed: Heard, paid: Heard, elapsed: Heard) -> Outcome:
        if paid is Heard.YES:
            return if_paid if elapsed is Heard.YES and placed is Heard.YES else Outcome.PAID
        return Outcome.EXPIRED if elapsed is Heard.YES else Outcome.OPEN

    deadline = Deadline("release", emits=Elapsed, after=timedelta(hours=1))
    table = outcomes(PLACED, PAID, ELAPSED, rule=rule)
    wants = (wanted(table, rows=[(Outcome.OPEN, {deadline: ARMED}), *((one, {}) for one in table.states[1:])]),)
    settled = frozenset(table.states) - {Outcome.OPEN}
    return process(PLACED, PAID, ELAPSED, rule=None, table=table, wants=wants, settled=settled)


def test_a_deadline_that_only_some_orders_arm_and_that_still_decides_is_found() -> None:
    report = check(releasing(if_paid=Outcome.EXPIRED))
    (found,) = (one for one in report.findings if one.kind is Kind.DIVERGES)
    assert [[fact.kind for fact in one] for one in (found.history, found.other)] in (
        [[Placed, Paid, Elapsed], [Paid, Placed]],
        [[Paid, Placed], [Placed, Paid, Elapsed]],
    )
    first, second = run_history(report.process, found.history), run_history(report.process, found.other)
    assert {first.end_state.outcome, second.end_state.outcome} == {Outcome.PAID, Outcome.EXPIRED}
    assert "only some orders of the same facts arm release" in found.sentence


def test_a_deadline_that_changes_nothing_any_more_is_no_finding() -> None:
    assert check(releasing(if_paid=Outcome.PAID)).findings == ()


def waiting_as_told(*, told_first: bool) -> Process:
    """A deadline that is due as the order says; it may be armed before the order is known."""

    class Ordered(BaseModel):
        order_id: str
        seconds: int

    ordered = Register("ordered", of=Ordered, key="order_id")
    known = DerivedColumn("known", (ordered,), bool)
    deadline = Deadline("pause", emits=Elapsed, after=timedelta(hours=1), override=(ordered, "seconds"))
    table = outcomes(known, PLACED, ELAPSED, rule=lambda _known, _placed, over: _open(over))
    rows = [
        (False, Outcome.OPEN, {} if told_first else {deadline: ARMED}),
        (True, Outcome.OPEN, {deadline: ARMED}),
        (False, Outcome.EXPIRED, {}),
        (True, Outcome.EXPIRED, {}),
    ]
    settled = frozenset({Outcome.EXPIRED})
    wants = (wanted(known, table, rows=rows),)
    return process(PLACED, ELAPSED, rule=None, table=table, wants=wants, registers=(ordered,), settled=settled)


def _open(over: Heard) -> Outcome:
    return Outcome.EXPIRED if over is Heard.YES else Outcome.OPEN


def test_a_deadline_that_is_due_at_another_time_in_another_order_is_a_note() -> None:
    report = check(waiting_as_told(told_first=False))
    assert report.findings == ()
    assert "pause is due" in report.notes[0]
    assert "1:00:00" in report.notes[0]
    assert check(waiting_as_told(told_first=True)).notes == ()


def asking(*, says: bool) -> Process:
    """A request that is voided, and says how many payments there were when it was."""
    count = ComputedField("payments", (PAYMENTS,), len)
    said = Reducer("said", (Paid, Placed), 0, lambda value, fact: value or (1 if fact.kind is Placed else 2))
    first = ComputedField("first", (said,), lambda value: value)
    request = Effect(
        "request",
        "bank",
        {
            Held.HELD: CommandTemplate("Hold"),
            Held.RELEASED: CommandTemplate("Release", computed=(first,) if says else (count,)),
        },
        initially=Held.RELEASED,
    )
    wants = (wanted(ELAPSED, rows=[(Heard.NO, {request: Held.HELD}), (Heard.YES, {request: Held.RELEASED})]),)
    return process(
        ELAPSED, PLACED, rule=lambda *_: Outcome.OPEN, wants=wants, registers=(said,) if says else (PAYMENTS,)
    )


def test_what_a_command_said_that_restores_the_first_condition_is_compared() -> None:
    report = check(asking(says=True))
    found = next(one for one in report.findings if one.kind is Kind.DIVERGES)
    assert "request (first " in found.sentence
    first, second = run_history(report.process, found.history), run_history(report.process, found.other)
    assert first.end_state.effects == second.end_state.effects == frozenset()
    assert first.end_state != second.end_state
    left, right = counterexample(found, report.process, report.samples).splitlines()[-1].split("|")
    assert left.strip() != right.strip()


def test_never_commanded_and_commanded_back_are_the_same() -> None:
    assert check(asking(says=False)).findings == ()


def test_end_states_are_compared_by_type_and_value_and_outcomes_by_identity() -> None:
    values = [1, 1.0, True, "1", [1], ["float", "1.0"], {"a": 1}, [["a", 1]], None, [], {}]
    assert len({frozen(one) for one in values}) == len(values)

    class Other(Enum):
        OPEN = "open"

    assert EndState(Outcome.OPEN, frozenset()) != EndState(Other.OPEN, frozenset())


def counting(values: Mapping[bool, Any]) -> Process:
    """Says whether there are several payments, in one of two forms."""
    form = Reducer("form", (Paid,), None, lambda kept, paid: paid.fields["payment_id"] if kept is None else kept)
    field = ComputedField("sum", (form,), lambda kept: values[kept == "payment_id-1"])
    label = Effect("label", "post", {Held.HELD: CommandTemplate("Label", computed=(field,))})
    wants = (wanted(PAID, rows=[(Heard.NO, {}), (Heard.YES, {label: Held.HELD})]),)
    return process(PAID, rule=lambda _: Outcome.OPEN, wants=wants, registers=(form,))


@pytest.mark.parametrize("values", [(1, 1.0), (1, True), (1, "1"), (None, ""), ([], {})])
def test_a_field_in_another_form_is_another_field(values: tuple[Any, Any]) -> None:
    assert Kind.DIVERGES in {one.kind for one in check(counting({False: values[0], True: values[1]})).findings}
    assert check(counting({False: values[0], True: values[0]})).findings == ()


class Moody(BaseModel):
    order_id: str

    @field_validator("order_id")
    @classmethod
    def _check(cls, order_id: str) -> str:
        if order_id.startswith("sample"):
            raise RuntimeError("no lookup service")
        return order_id


def test_a_deadline_whose_message_can_not_be_read_is_a_finding_that_names_it() -> None:
    over = memory("over", Moody)
    deadline = Deadline("alarm", emits=Moody, after=timedelta(hours=1))
    table = outcomes(over, rule=_open)
    wants = (wanted(table, rows=[(Outcome.OPEN, {deadline: ARMED}), (Outcome.EXPIRED, {})]),)
    alarming = process(over, rule=None, table=table, wants=wants, settled=frozenset({Outcome.EXPIRED}))
    report = check(alarming, [Fact(Moody, {"order_id": "sample-1"})])
    assert [one.kind for one in report.findings] == [Kind.FAILS]
    assert "alarm emits Moody" in report.findings[0].sentence
    assert "no lookup service" in report.findings[0].sentence


class Priced(BaseModel):
    order_id: str
    payment_id: str
    amount: int
    method: Literal["card", "cash"]


def test_what_samples_of_ones_own_leave_untried_is_named() -> None:
    kept = Register("kept", of=Priced, key="payment_id")
    table = outcomes(
        DerivedColumn("much", (kept,), lambda held: any(one["amount"] > 5_000 for one in held.values())),
        PLACED,
        rule=lambda much, _: Outcome.PAID if much else Outcome.OPEN,
    )
    checked = process(PLACED, rule=None, table=table, registers=(kept,))
    fields = {"order_id": "o", "payment_id": "p", "method": "card"}
    assert check(checked, [Fact(Priced, {**fields, "amount": 1})]).untested == (
        "Placed has no sample",
        "Priced.method is 'cash' in no sample",
        "the function <lambda> names 5000, which is in no sample",
    )
    assert check(checked).untested == ()


def with_check_digit(number: str) -> str:
    if not number.isdigit() or sum(map(int, number)) != 77:
        raise ValueError("the check digit is wrong")
    return number


class Invoiced(BaseModel):
    order_id: str
    invoice_id: str
    account: Annotated[str, AfterValidator(with_check_digit)]


def test_samples_are_given_for_the_types_that_need_them_and_the_others_are_made() -> None:
    kept = Register("kept", of=Invoiced, key="invoice_id")
    table = outcomes(DerivedColumn("any", (kept,), bool), PLACED, rule=lambda *_: Outcome.OPEN)
    checked = process(PLACED, rule=None, table=table, registers=(kept, PAYMENTS))
    with pytest.raises(DeclarationError, match=r"Invoiced.account.*one Invoiced, and derive_samples\(process, given="):
        derive_samples(checked)
    given = Invoiced(order_id="o-7", invoice_id="i", account="99999999500")
    with pytest.raises(ValueError, match="check digit"):
        Invoiced(order_id="o-7", invoice_id="i", account="1")
    samples = derive_samples(checked, given=[given.model_copy(update={"account": "99999999" + "5"})])
    assert {fact.fields["order_id"] for fact in samples} == {"o-7"}
    assert [fact.kind.__name__ for fact in samples].count("Invoiced") == 3
    assert {fact.fields["account"] for fact in samples if fact.kind is Invoiced} == {"999999995"}


class Chooser:
    def __call__(self, held: Any) -> frozenset[str]:
        return frozenset(held)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (every(PAYMENTS), False),
        (all_but_least(PAYMENTS, by=("amount",)), False),
        (Selection("own", PAYMENTS, Chooser()), True),
        (Selection("own", PAYMENTS, set), True),  # type: ignore[arg-type] # what a user may write
        (Selection("own", PAYMENTS, lambda held: frozenset(held)), True),  # noqa: PLW0108 -- it is a function
    ],
)
def test_every_function_but_ours_is_asked_in_other_interpreters(how: Selection, *, expected: bool) -> None:
    if how.choose.__class__.__name__ == "function" and expected:
        how.choose.__module__ = "saga.core.effect"  # a module may be named as one of ours is
    refund = Effect("refund", "bank", {Held.HELD: CommandTemplate("Refund", PAYMENTS, ("amount",))})
    wants = (wanted(PLACED, rows=[(Heard.NO, {}), (Heard.YES, {refund: how})]),)
    assert has_functions(process(PLACED, rule=lambda _: Outcome.OPEN, wants=wants, registers=(PAYMENTS,))) is expected


def test_interpreters_compare_sets_of_all_sizes() -> None:
    many = [Fact(Paid, {"order_id": "o", "payment_id": f"p-{number:02}", "amount": 1}) for number in range(12)]
    table = outcomes(DerivedColumn("any", (PAYMENTS,), bool), rule=lambda _: Outcome.OPEN)
    checked = process(rule=None, table=table, registers=(PAYMENTS,))
    first = fingerprint(checked, many, Way.FORWARDS)
    assert max(len(history.split(",")) for history in first) >= 12
    largest = max(first, key=len)
    assert differing([first, fingerprint(checked, many, Way.BACKWARDS)]) is None
    assert differing([first, {**first, largest: ["other"]}]) is not None
