"""Honest processes that the check once called wrong, and crashes of the check that are no findings."""

from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest

from saga.convergence import Kind, check, check_upgrade, configuration, exploration
from saga.convergence.finality import includes
from saga.core import (
    CommandTemplate,
    ComputedField,
    DeclarationError,
    Effect,
    Process,
    Register,
    every,
    outcomes,
    wanted,
)
from tests.convergence.shop import Heard, Outcome, Paid, memory, process

PAYMENTS = Register("payments", of=Paid, key="payment_id")
PAID = memory("paid")


class Gone(Enum):
    GONE = "gone"


def paying(compute: Callable[[Any], Any], *, is_cumulative: bool = True) -> Process:
    """A payout that can't be undone, and says what was paid so far."""
    field = ComputedField("paid", (PAYMENTS,), compute, is_cumulative=is_cumulative)
    commands: dict[Enum, CommandTemplate] = {Gone.GONE: CommandTemplate("PayOut", computed=(field,))}
    payout = Effect("payout", "bank", commands, final=frozenset(Gone))
    table = outcomes(PAID, rule=lambda is_paid: Outcome.PAID if is_paid is Heard.YES else Outcome.OPEN)
    wants = (wanted(table, rows=[(Outcome.OPEN, {}), (Outcome.PAID, {payout: Gone.GONE})]),)
    return process(PAID, rule=None, table=table, wants=wants, registers=(PAYMENTS,))


def by_key(held: Any) -> Any:
    return {key: one["amount"] for key, one in held.items()}


def a_list(held: Any) -> Any:
    return [one["amount"] for one in held.values()]


def per_currency(held: Any) -> Any:
    return {"EUR": sum(one["amount"] for one in held.values())}


def as_text(held: Any) -> Any:
    return f"{sum(one['amount'] for one in held.values())}.00"


@pytest.mark.parametrize("compute", [by_key, a_list, per_currency, as_text])
def test_a_cumulative_field_that_only_gains_is_no_finding(compute: Callable[[Any], Any]) -> None:
    assert check(paying(compute)).findings == ()


def the_last(held: Any) -> Any:
    return [max(held)] if held else []


def of_the_last(held: Any) -> Any:
    return {max(held): 1} if held else {}


def what_is_left(held: Any) -> Any:
    return {"left": 1_000 - len(held)}


@pytest.mark.parametrize("compute", [the_last, of_the_last, what_is_left, lambda held: f"paid {len(held)} times"])
def test_a_cumulative_field_that_loses_something_is_found(compute: Callable[[Any], Any]) -> None:
    assert {one.kind for one in check(paying(compute)).findings} == {Kind.CANNOT_BE_UNDONE}


def test_a_field_that_is_not_cumulative_may_not_gain() -> None:
    assert {one.kind for one in check(paying(by_key, is_cumulative=False)).findings} == {Kind.CANNOT_BE_UNDONE}


@pytest.mark.parametrize(
    ("greater", "lesser", "expected"),
    [
        (2, 1, True),
        (1, 2, False),
        (1.5, 1, True),
        (1.0, 1, False),
        (True, False, True),
        (2, True, False),
        ("10.00", "9.00", True),
        ("9.00", "10.00", False),
        ("b", "a", False),
        (1, None, False),
        (None, 1, False),
        ([1, 2], [2], True),
        ([1, 2], [2, 2], False),
        ([1.0], [1], False),
        ({"a": 2, "b": 1}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 1}, False),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1]}}, True),
        ([1], {"a": 1}, False),
        (2, [1], False),
    ],
)
def test_what_only_gained_includes_what_was(greater: Any, lesser: Any, *, expected: bool) -> None:
    assert includes(greater, lesser) is expected


def reminding(may_repeat: Callable[[Effect], tuple[Effect, ...]]) -> Process:
    commands: dict[Enum, CommandTemplate] = {Gone.GONE: CommandTemplate("Remind", PAYMENTS, ("payment_id",))}
    first = Effect("reminder", "post", commands)
    second = Effect("second-reminder", "post", commands, may_repeat=may_repeat(first))
    table = outcomes(PAID, rule=lambda _: Outcome.OPEN)
    wants = (wanted(table, rows=[(Outcome.OPEN, {first: every(PAYMENTS), second: every(PAYMENTS)})]),)
    return process(PAID, rule=None, table=table, wants=wants, registers=(PAYMENTS,))


def test_two_effects_may_say_the_same_on_purpose() -> None:
    assert check(reminding(lambda first: (first,))).findings == ()
    assert {one.kind for one in check(reminding(lambda _: ())).findings} == {Kind.SENT_TWICE}


def test_another_effect_than_the_named_one_is_still_found() -> None:
    other = Effect("other", "post", {Gone.GONE: CommandTemplate("Remind")})
    assert {one.kind for one in check(reminding(lambda _: (other,))).findings} == {Kind.SENT_TWICE}


def test_only_an_effect_can_be_repeated() -> None:
    with pytest.raises(DeclarationError, match="may_repeat has 'reminder', which is no effect"):
        reminding(lambda _: ("reminder",))  # type: ignore[return-value, arg-type]


def broken(*_: object) -> Any:
    raise ZeroDivisionError("a fault of the checker")


def test_a_fault_of_the_checker_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = reminding(lambda first: (first,))
    monkeypatch.setitem(broken.__globals__, "__name__", configuration.__name__)
    monkeypatch.setattr(exploration, "end_state", broken)
    with pytest.raises(ZeroDivisionError, match="a fault of the checker"):
        check(checked, always_explore=True)
    with pytest.raises(ZeroDivisionError, match="a fault of the checker"):
        check_upgrade(checked, checked)


def test_a_fault_of_a_function_of_the_declaration_is_a_finding() -> None:
    def fails(held: Any) -> Any:
        return 1 // (2 - len(held))

    report = check(paying(fails))
    assert Kind.FAILS in {one.kind for one in report.findings}
    assert "ZeroDivisionError" in str([one.sentence for one in report.findings])
    builtin = {one.kind for one in check(paying(int)).findings}
    assert builtin == {Kind.FAILS}, "a builtin has no frame of its own"
