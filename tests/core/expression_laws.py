"""The laws of expressions, checked on contents of registers, and random expressions over random messages."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from enum import IntEnum
from functools import cache
from typing import Annotated, Any, Literal

from hypothesis import strategies as st
from pydantic import BaseModel, Field

from saga import (
    Chooser,
    Direction,
    EntryFigure,
    Expression,
    Fact,
    Figure,
    Register,
    Stages,
)
from saga.core.expressions.base import rank_of
from saga.core.plain import is_same, plain
from saga.messages.facts import make_fact

MOST = 2**53 - 1
Cents = Annotated[int, Field(ge=0, le=MOST)]
Fee = Annotated[Decimal, Field(max_digits=12, decimal_places=2)]


class Level(IntEnum):
    LOW = -1
    HIGH = 3


class Ordered(BaseModel):
    order_id: str
    amount: Cents
    signed: int
    limit: Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2)] | None = None
    currency: str | None = None
    kind: Literal["small", "large"] | None = None


class Paid(BaseModel):
    order_id: str
    payment_id: str
    amount: Cents
    tip: Cents | None = None
    signed: int = 0
    debt: Annotated[int, Field(le=0, ge=-MOST)] = 0
    fee: Fee = Decimal(0)
    share: Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2)] = Decimal(1)
    weight: float = 1.0
    currency: str | None = None
    kind: Literal["small", "large"] | None = None
    level: Level = Level.LOW
    late: bool = False
    either: int | str = 0
    numbers: list[int] = []


class Stopped(BaseModel):
    order_id: str
    reason: str | None = None
    signed: int = 0


class Answered(BaseModel):
    order_id: str
    answer_id: str
    payment_id: str
    amount: int


ORDER = Register("order", of=Ordered, key="order_id")
STOP = Register("stop", of=Stopped, key="order_id")
PAYMENTS = Register("payments", of=Paid, key="payment_id", most=1000)
BY_LEVEL = Register("by level", of=Paid, key="level")
ANSWERS = Register("answers", of=Answered, key="answer_id")
REGISTERS = (ORDER, STOP, PAYMENTS, BY_LEVEL, ANSWERS)

TEXTS = ("", "a", "A ", "b", "é", "ß", "EUR", " eur", "10", "9", "\U0001f600")
INTEGERS = (0, 1, -1, 2, 10, 100, 2**53, -(2**63), 2**63 - 1)
CENTS = (0, 1, 2, 10, 99, 100, 1000, MOST)
DECIMALS = ("0", "-0.00", "0.10", "0.1", "1E+3", "-2.50", "9", "10", "9999999999.99", "-9999999999.99")
GAINS = ("0", "0.10", "1E+3", "9999999999.99")
FLOATS = (0.0, -0.0, 0.1, 0.7, 1.0, 1e16, -1e300, 1.7976931348623157e308)
KINDS = ("small", "large", None)


@cache
def ordered() -> st.SearchStrategy[Fact]:
    return st.builds(
        Ordered,
        order_id=st.just("o"),
        amount=st.sampled_from(CENTS),
        signed=st.sampled_from(INTEGERS),
        limit=st.sampled_from([None, *map(Decimal, GAINS)]),
        currency=st.sampled_from([None, *TEXTS]),
        kind=st.sampled_from(KINDS),
    ).map(make_fact)


@cache
def paid() -> st.SearchStrategy[Fact]:
    return st.builds(
        Paid,
        order_id=st.just("o"),
        payment_id=st.sampled_from(["p-1", "p-2", "p-3", "10", "9", "a", ""]),
        amount=st.sampled_from(CENTS),
        tip=st.sampled_from([None, *CENTS]),
        signed=st.sampled_from(INTEGERS),
        debt=st.sampled_from([-one for one in CENTS]),
        fee=st.sampled_from(DECIMALS).map(Decimal),
        share=st.sampled_from(GAINS).map(Decimal),
        weight=st.sampled_from(FLOATS),
        currency=st.sampled_from([None, *TEXTS]),
        kind=st.sampled_from(KINDS),
        level=st.sampled_from(Level),
        late=st.booleans(),
        either=st.sampled_from([*INTEGERS, *TEXTS]),
        numbers=st.sampled_from([[], [1], [1, 2]]),
    ).map(make_fact)


@cache
def facts() -> st.SearchStrategy[list[Fact]]:
    """Facts of one instance, no two of one key in any register."""
    stopped = st.builds(
        Stopped,
        order_id=st.just("o"),
        reason=st.sampled_from([None, *TEXTS]),
        signed=st.sampled_from(INTEGERS),
    ).map(make_fact)
    answered = st.builds(
        Answered,
        order_id=st.just("o"),
        answer_id=st.sampled_from(["a-1", "a-2"]),
        payment_id=st.sampled_from(["p-1", "p-2", "10", ""]),
        amount=st.sampled_from(INTEGERS),
    ).map(make_fact)
    return st.lists(st.one_of(ordered(), paid(), paid(), paid(), stopped, answered), max_size=7).map(_without_conflicts)


def _without_conflicts(found: list[Fact]) -> list[Fact]:
    kept: list[Fact] = []
    held = start()
    for fact in found:
        if all(one.of is not fact.kind or one.key_of(fact) not in held[one.name] for one in REGISTERS):
            kept.append(fact)
            held = added(held, fact)
    return kept


Contents = Mapping[str, Mapping[str, Any]]


def start() -> Contents:
    return {one.name: {} for one in REGISTERS}


def added(held: Contents, fact: Fact) -> Contents:
    return {one.name: one.apply(held[one.name], fact) if one.of is fact.kind else held[one.name] for one in REGISTERS}


def value_of(expression: Expression, held: Contents) -> Any:
    contents = [held[one.name] for one in expression.registers]
    if isinstance(expression, EntryFigure):
        return {key: expression(*contents, key) for key in held[expression.register.name]}
    return expression(*contents)


def stripped(expression: Expression, held: Contents) -> Contents:
    """What is left if everything is erased that the expression doesn't say it reads."""
    read = {(one.name, name) for one, name in expression.fields_read}
    return {
        name: {
            key: {field: value for field, value in entry.items() if (name, field) in read}
            for key, entry in entries.items()
        }
        for name, entries in held.items()
    }


def is_at_least(expression: Expression, greater: Any, lesser: Any) -> bool:
    """Whether the first value is at least the second, in the order of this kind of expression."""
    if lesser is None or is_same_value(greater, lesser):
        return True
    if greater is None:
        return False
    if isinstance(expression, Stages):
        return expression.order.index(greater) >= expression.order.index(lesser)
    if isinstance(expression, Chooser):
        return bool(greater >= lesser)
    if isinstance(expression, EntryFigure):
        return all(_ranked(expression, greater[key]) >= _ranked(expression, value) for key, value in lesser.items())
    if isinstance(lesser, list):
        return all(one in greater for one in lesser)
    if isinstance(lesser, dict):
        return all(key in greater and Decimal(greater[key]) >= Decimal(value) for key, value in lesser.items())
    return bool(_ranked(expression, greater) >= _ranked(expression, lesser))


def _ranked(expression: Any, value: Any) -> Any:
    is_decimal = getattr(expression, "json_type", "") == "decimal" and value is not None
    return rank_of(Decimal(value) if is_decimal else value)


def is_same_value(one: Any, other: Any) -> bool:
    return is_same(one, other) if isinstance(one, str | int | float | list | dict) else bool(one == other)


TYPES: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "decimal": (str,),
    "text": (str,),
    "truth": (bool,),
    "float": (float, int),
    "list": (list,),
    "mapping": (dict,),
}


def violations(expression: Expression, history: Sequence[Fact]) -> Iterator[str]:
    """Each law that the expression breaks as these facts are stored one by one."""
    held = start()
    yield from _wrong_at(expression, held, frozenset())
    stored: frozenset[type] = frozenset()
    for fact in history:
        after, stored = added(held, fact), stored | {fact.kind}
        if not expression.obstacles:
            yield from _wrong_step(expression, held, after, fact.kind)
        yield from _wrong_at(expression, after, stored)
        held = after


def _wrong_step(expression: Expression, held: Contents, after: Contents, kind: type) -> Iterator[str]:
    before, now = value_of(expression, held), value_of(expression, after)
    if isinstance(expression, EntryFigure):
        now = {key: now[key] for key in before}
    grows, shrinks = is_at_least(expression, now, before), is_at_least(expression, before, now)
    allowed = {
        Direction.CONSTANT: is_same_value(now, before),
        Direction.GROWS: grows,
        Direction.SHRINKS: shrinks,
        Direction.EITHER: True,
    }
    if not allowed[expression.direction(kind)]:
        yield f"{kind.__name__} moved {before!r} to {now!r}, not {expression.direction(kind).value}"


def _wrong_at(expression: Expression, held: Contents, stored: frozenset[type]) -> Iterator[str]:
    value = value_of(expression, held)
    backwards = {name: dict(reversed(list(entries.items()))) for name, entries in held.items()}
    if not is_same_value(value_of(expression, backwards), value) and not expression.obstacles:
        yield f"{value!r} depends on the order of the entries"
    if not is_same_value(value_of(expression, stripped(expression, held)), value):
        yield f"{value!r} comes of a field that fields_read lacks"
    possible = expression.possible(stored)
    if isinstance(expression, EntryFigure):
        values = list(value.values())
    else:
        values = [value]
        if possible is not None and not any(is_same_value(one, value) for one in possible):
            yield f"{value!r} is none of {possible!r}"
        if not stored and not isinstance(value, list | dict) and (possible is None or len(possible) != 1):
            yield f"with nothing stored there is one value, not {possible!r}"
    if isinstance(expression, Figure | EntryFigure) and not expression.obstacles:
        for one in values:
            if not is_same_value(plain(one), one):
                yield f"{one!r} is stored as {plain(one)!r}"
            if one is not None and type(one) not in TYPES[expression.json_type]:  # type: ignore[union-attr]
                yield f"{one!r} is no {expression.json_type}"  # type: ignore[union-attr]
