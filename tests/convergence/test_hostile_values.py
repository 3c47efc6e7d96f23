"""Divergences that need values of a certain kind to show, planted one by one, and honest twins.

Each planted one is confirmed: the two histories of its finding really end differently, one input after the other.
"""

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from saga import Figure, count, total
from saga.convergence import Kind, Report, check, run_history
from saga.convergence.functions import constants_in, own_functions
from saga.core import (
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Fact,
    Process,
    Reducer,
    Register,
    Selection,
    outcomes,
    wanted,
)
from tests.convergence.shop import Outcome, memory, process


class Address(BaseModel):
    city: str
    floor: int | None = None


class Paid(BaseModel):
    order_id: str
    payment_id: str
    amount: int
    method: Literal["card", "cash", "transfer", "voucher"] = "card"
    note: str | None = None
    address: Address | None = None
    price: Decimal = Decimal(1)


class Refunded(BaseModel):
    order_id: str
    payment_ref: str


class Sent(Enum):
    SENT = "sent"


class Limit(Enum):
    MOST = 7_341


@dataclass(frozen=True)
class Rules:
    most: int = 7_342
    words: frozenset[str] = frozenset({"Fragile"})


class Box:
    most = 7_343

    def is_over(self, amount: int) -> bool:
        return amount > self.most


PAYMENTS = Register("payments", of=Paid, key="payment_id")
limits = SimpleNamespace(MOST=7_344, nested=SimpleNamespace(DEEP=7_345))
BY_NAME = {"rules": [{"most": (7_346,)}]}
RULES = Rules()
BOX = Box()


def is_over(amount: int, most: int) -> bool:
    return amount > most


def folding(
    reduce: Callable[[Any, Fact], Any],
    judge: Callable[[Any], Any],
    start: Any = None,
    of: tuple[type[BaseModel], ...] = (Paid,),
) -> Process:
    reducer = Reducer("folded", of=of, start=start, reduce=reduce)
    column = DerivedColumn("judged", (reducer,), judge)
    table = outcomes(column, rule=lambda judged: Outcome.PAID if judged else Outcome.OPEN)
    return process(rule=None, table=table, registers=(reducer,))


def first_special(is_special: Callable[[Mapping[str, Any]], bool]) -> Process:
    """Keeps the id of the first special payment: with one special payment it converges, with two it does not."""

    def reduce(kept: str | None, paid: Fact) -> str | None:
        return paid.fields["payment_id"] if kept is None and is_special(paid.fields) else kept

    return folding(reduce, lambda kept: kept is not None and kept < "payment_id-2")


def confirmed(report: Report) -> set[Kind]:
    """The kinds of findings, after each divergence was run by itself."""
    for finding in report.findings:
        if finding.kind is Kind.DIVERGES:
            first, second = (run_history(report.process, one) for one in (finding.history, finding.other))
            assert first.end_state != second.end_state
            assert not first.contradicts
            assert not second.contradicts
    return {finding.kind for finding in report.findings}


SPECIAL: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "a number in the code": lambda paid: paid["amount"] == 7_340,
    "just below a number": lambda paid: paid["amount"] == 7_340 - 1,
    "an enum": lambda paid: paid["amount"] > Limit.MOST.value,
    "a field of an object": lambda paid: paid["amount"] > RULES.most,
    "a method": lambda paid: BOX.is_over(paid["amount"]),
    "an attribute of a namespace": lambda paid: paid["amount"] > limits.MOST,
    "an attribute of an attribute": lambda paid: paid["amount"] > limits.nested.DEEP,
    "a nested container": lambda paid: paid["amount"] > BY_NAME["rules"][0]["most"][0],
    "a default": lambda paid, most=7_347: paid["amount"] > most,  # type: ignore[misc]
    "a partial": lambda paid: functools.partial(is_over, most=7_348)(paid["amount"]),
    "a decimal": lambda paid: Decimal(paid["price"]) > Decimal("73.49"),
    "a choice": lambda paid: paid["method"] == "voucher",
    "a text": lambda paid: paid["note"] == "gift",
    "a text of a set": lambda paid: paid["note"] in RULES.words,
    "a text in another case": lambda paid: (paid["note"] or "").lower() == "gift" and paid["note"] != "gift",
    "a text with spaces around it": lambda paid: (paid["note"] or "").strip() == "gift" != paid["note"],
    "an empty text": lambda paid: paid["note"] == "",
    "nothing": lambda paid: paid["amount"] == 0,
    "a nested value": lambda paid: (paid["address"] or {}).get("city") == "Bern",
}


@pytest.mark.parametrize("name", SPECIAL)
def test_a_value_that_a_function_treats_specially_is_tried_more_than_once(name: str) -> None:
    assert confirmed(check(first_special(SPECIAL[name]))) == {Kind.DIVERGES}


@pytest.mark.parametrize("name", ["a number in the code", "a text in another case", "a nested value"])
def test_who_keeps_the_least_of_the_special_ones_passes(name: str) -> None:
    def reduce(kept: list[str], paid: Fact) -> list[str]:
        return sorted({*kept, paid.fields["payment_id"]}) if SPECIAL[name](paid.fields) else kept

    assert check(folding(reduce, lambda kept: kept[:1] == ["payment_id-1"], [])).findings == ()


def test_constants_are_found_wherever_a_function_can_reach_them() -> None:
    reached = {one for special in SPECIAL.values() for one in constants_in(special) if type(one) is int}
    assert reached >= {7_340, *range(7_341, 7_349)}


def test_two_payments_break_a_law_whose_end_needs_five() -> None:
    """The first four ids are kept, in their order of arrival; five or more are looked at only together."""

    def reduce(kept: list[str], paid: Fact) -> list[str]:
        name = paid.fields["payment_id"]
        return kept if name in kept or len(kept) == 4 else sorted([*kept, name])

    report = check(folding(reduce, lambda kept: len(kept) == 4 and "payment_id-1" not in kept, []))
    assert confirmed(report) == {Kind.DIVERGES}


def test_a_broken_law_that_nobody_can_observe_is_a_note() -> None:
    def in_order(kept: list[str], paid: Fact) -> list[str]:
        name = paid.fields["payment_id"]
        return kept if name in kept else [*kept, name]

    report = check(folding(in_order, bool, []))
    assert report.findings == ()
    assert "folded comes to another value when Paid come in the other order" in report.notes[0]
    assert "no history was found" in report.notes[0]


def referring(*, by_reference: bool) -> Process:
    """Counts a payment as refunded; wrongly if the refund has to come after the payment that it refers to."""

    def after(held: dict[str, Any], came: Fact) -> dict[str, Any]:
        if came.kind is Paid:
            return held | {came.fields["payment_id"]: held.get(came.fields["payment_id"], False)}
        name = came.fields["payment_ref"]
        return held | {name: True} if name in held else held

    def together(held: dict[str, Any], came: Fact) -> dict[str, Any]:
        name = came.fields["payment_id" if came.kind is Paid else "payment_ref"]
        return held | {name: sorted({*held.get(name, ()), came.kind.__name__})}

    if by_reference:
        return folding(after, lambda held: any(held.values()), {}, (Paid, Refunded))
    return folding(together, lambda held: ["Paid", "Refunded"] in list(held.values()), {}, (Paid, Refunded))


def test_values_refer_to_one_another_across_message_types() -> None:
    assert Kind.DIVERGES in confirmed(check(referring(by_reference=True)))
    assert check(referring(by_reference=False)).findings == ()


def test_a_function_that_raises_for_an_admitted_value_is_found() -> None:
    def share(held: Mapping[str, Any]) -> bool:
        return any(1_000 // one["amount"] > 3 for one in held.values())

    def careful(held: Mapping[str, Any]) -> bool:
        return any(1_000 // one["amount"] > 3 for one in held.values() if one["amount"])

    def judging(judge: Callable[[Mapping[str, Any]], bool]) -> Process:
        table = outcomes(
            DerivedColumn("judged", (PAYMENTS,), judge), rule=lambda judged: Outcome.PAID if judged else Outcome.OPEN
        )
        return process(rule=None, table=table, registers=(PAYMENTS,))

    report = check(judging(share))
    assert confirmed(report) == {Kind.FAILS}
    assert "ZeroDivisionError" in report.findings[0].sentence
    assert check(judging(careful)).findings == ()


def paying_back(choose: Callable[[Any], frozenset[str]]) -> Process:
    refund = Effect(
        "refund", "bank", {Sent.SENT: CommandTemplate("Refund", PAYMENTS, ("amount",))}, final=frozenset(Sent)
    )
    table = outcomes(memory("placed"), rule=lambda _: Outcome.OPEN)
    wants = (wanted(table, rows=[(Outcome.OPEN, {refund: Selection("chosen", PAYMENTS, choose)})]),)
    return process(memory("placed"), rule=None, table=table, wants=wants, registers=(PAYMENTS,))


def test_a_final_choice_that_shrinks_for_certain_values_only_is_found() -> None:
    def choose(held: Any) -> frozenset[str]:
        return frozenset() if any(one["amount"] > 7_350 for one in held.values()) else frozenset(held)

    assert Kind.CANNOT_BE_UNDONE in confirmed(check(paying_back(choose)))
    assert check(paying_back(lambda held: frozenset(k for k, one in held.items() if one["amount"] > 9))).findings == ()


def stating(compute: Callable[..., Any]) -> Process:
    kept = Reducer("kept", (Paid,), {}, lambda held, paid: held | {paid.fields["payment_id"]: paid.fields["amount"]})
    invoice = Effect(
        "invoice", "post", {Sent.SENT: CommandTemplate("Bill", computed=(ComputedField("sum", (kept,), compute),))}
    )
    table = outcomes(DerivedColumn("any", (kept,), bool), rule=lambda some: Outcome.PAID if some else Outcome.OPEN)
    wants = (wanted(table, rows=[(Outcome.OPEN, {}), (Outcome.PAID, {invoice: Sent.SENT})]),)
    return process(rule=None, table=table, wants=wants, registers=(kept,))


def test_the_sentence_names_the_field_and_both_of_its_values() -> None:
    def last(kept: Any, paid: Fact) -> Any:
        return paid.fields["payment_id"]

    kept = Reducer("kept", (Paid,), None, last)
    field = ComputedField("last", (kept,), lambda one: one)
    invoice = Effect("invoice", "post", {Sent.SENT: CommandTemplate("Bill", computed=(field,))})
    table = outcomes(memory("placed"), rule=lambda _: Outcome.OPEN)
    wants = (wanted(table, rows=[(Outcome.OPEN, {invoice: Sent.SENT})]),)
    report = check(process(memory("placed"), rule=None, table=table, wants=wants, registers=(kept,)))
    assert Kind.DIVERGES in confirmed(report)
    assert "invoice (last 'payment_id-1' or 'payment_id-2')" in report.findings[0].sentence


def test_sums_that_are_exact_pass() -> None:
    assert check(stating(lambda held: math.fsum(held.values()) // 1 == 3)).findings == ()
    assert len(own_functions(stating(sum))) == 1, "the reducer; sum depends on its arguments alone"


FIRST_OF: dict[str, str] = {}


def remembering(paid_first: Callable[[Fact], bool]) -> Process:
    def reduce(kept: list[bool], paid: Fact) -> list[bool]:
        return [True] if paid_first(paid) else kept

    return folding(reduce, bool, [])


def test_state_of_a_module_that_knows_instances_is_found_without_another_interpreter() -> None:
    def came_first(paid: Fact) -> bool:
        name = paid.fields["payment_id"]
        return bool(FIRST_OF.setdefault(paid.fields["order_id"], name) == name == "payment_id-1")

    report = check(remembering(came_first))
    assert {finding.kind for finding in report.findings} == {Kind.DEPENDS_ON_MORE}
    assert "another instance comes to something else" in report.findings[0].sentence
    assert check(remembering(lambda paid: paid.fields["order_id"].endswith("1"))).findings == ()


class Tolled(BaseModel):
    order_id: str
    toll_id: str
    pence: Annotated[int, Field(ge=0)] = -1


def reporting(figure: Figure) -> Process:
    """A final report of a figure that is said only to grow."""
    tolls = Register("tolls", Tolled, "toll_id")
    has_one = DerivedColumn.of("tolled", count(tolls) >= 1)
    field = ComputedField.of("figure", figure, is_cumulative=True)
    report = Effect("report", "office", {Sent.SENT: CommandTemplate("Report", computed=(field,))}, frozenset(Sent))
    wants = (wanted(has_one, rows=[(True, {report: Sent.SENT}), (False, {})]),)
    table = outcomes(has_one, rows=[(True, Outcome.PAID), (False, Outcome.OPEN)])
    return process(rule=None, table=table, wants=wants, registers=(tolls,))


def test_what_a_message_leaves_out_may_be_beyond_the_limits_of_its_class() -> None:
    tolls = Register("tolls", Tolled, "toll_id")
    assert confirmed(check(reporting(total(tolls, "pence")))) == {Kind.CANNOT_BE_UNDONE}
    assert check(reporting(count(tolls))).findings == ()
