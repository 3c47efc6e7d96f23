"""Figures: numbers, texts and lists that come of registers, their arithmetic, and their comparisons.

What a comparison or a difference does while one side is absent is the heart of the laws: a comparison is False then,
and a difference absent. So a threshold that is not known yet is *not reached*, and reaching it is growth.
"""

import abc
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from saga.core.errors import DeclarationError
from saga.core.expressions.base import (
    LEAST_INTEGER,
    MOST_INTEGER,
    Condition,
    Expression,
    Held,
    Move,
    Span,
    Stored,
    as_json,
    once,
)
from saga.core.plain import plain
from saga.core.register import Register

NUMBERS: Final = ("integer", "decimal", "float")
EXACT_NUMBERS: Final = ("integer", "decimal")
_OF_TYPE: Final[Mapping[str, Callable[[Any], Any]]] = {"decimal": Decimal, "float": float}
_KINDS: Final = {int: "integer", str: "text", bool: "truth", Decimal: "decimal", float: "float"}


class Figure(Expression):
    """An expression whose value is an integer, a text, a truth value, a list or a mapping, or None while it is absent.

    Compared with ``>=``, ``>``, ``<=`` and ``<`` it gives a condition, which is False while either side is absent. A
    Decimal is a text in JSON, and is written without trailing zeros.

    >>> from saga import count
    >>> HOW_MANY = count(REPORTS)
    >>> HOW_MANY.times(10).plus(1)({"t-1": {}}), (HOW_MANY >= 2)({"t-1": {}})
    (11, False)
    """

    @property
    @abc.abstractmethod
    def json_type(self) -> str:
        """What it is: an integer, decimal, float, text, truth, list or mapping, or "mixed" if it can be several."""

    @abc.abstractmethod
    def span(self, stored: Stored) -> Span:
        """Which values it can have when exactly these classes have entries."""

    @property
    def measured(self) -> tuple[tuple[Register, str], ...]:
        """The fields whose values it gives or adds; a constant that it is compared with is compared with these."""
        return once(one for part in self.parts if isinstance(part, Figure) for one in part.measured)

    def outcome(self, value: Any) -> Any:
        """The value as JSON."""
        return as_json(value)

    def allowed(self, stored: frozenset[type]) -> frozenset[Any] | None:
        """The values within its span; None if they are not known."""
        span = self.span(stored)
        absent = {None} if span.can_be_absent else set()
        if not span.can_be_present:
            return frozenset(absent)
        if span.values is not None:
            return span.values | absent
        if span.low is None or span.high is None or span.low != span.high:
            return None
        return frozenset({as_json(_OF_TYPE.get(self.json_type, int)(span.low)), *absent})

    @property
    def obstacles(self) -> tuple[str, ...]:
        """As for each expression, and whether it can be greater than what can be stored."""
        own: list[str] = []
        if self.json_type == "integer":
            span = self.span(None)
            if span.low is None or span.high is None or span.low < LEAST_INTEGER or span.high > MOST_INTEGER:
                bounds = " and ".join(f"{one.name}.{name}" for one, name in self.measured) or "its parts"
                remedy = f"declare both limits of {bounds}, such as Field(ge=0, le=10**9), and perhaps a smaller most"
                own = [f"{self} can exceed 64 bits: {remedy}"]
        if self.json_type == "mixed":
            own = [f"{self} can have several JSON types: declare one of them"]
        return once([*own, *self.inner_obstacles])

    def __ge__(self, other: object) -> Condition:
        """Whether it is at least the other one."""
        return _compared(self, as_figure(other), is_at_least=True)

    def __lt__(self, other: object) -> Condition:
        """Whether it is less than the other one."""
        return _compared(self, as_figure(other), is_at_least=False)

    def __gt__(self, other: object) -> Condition:
        """Whether it is more than the other one."""
        return _compared(as_figure(other), self, is_at_least=False)

    def __le__(self, other: object) -> Condition:
        """Whether it is at most the other one."""
        return _compared(as_figure(other), self, is_at_least=True)

    def equals(self, other: object) -> Condition:
        """Whether it has this value; False while either is absent."""
        return _equal(self, (as_figure(other),))

    def is_one_of(self, *others: object) -> Condition:
        """Whether it has one of these values."""
        return _equal(self, tuple(map(as_figure, others)))

    def plus(self, other: object) -> "Figure":
        """The sum of both; absent while either is absent."""
        return _sum(self, as_figure(other), is_difference=False)

    def minus(self, other: object) -> "Figure":
        """The difference; absent while either is absent."""
        return _sum(self, as_figure(other), is_difference=True)

    def times(self, factor: int) -> "Figure":
        """So many times it; absent while it is absent."""
        from saga.core.expressions.arithmetic import Product  # noqa: PLC0415 -- it is made of figures

        return Product(self, factor)

    def at_least(self, floor: int | Decimal) -> "Figure":
        """It, but never less than this number; exactly this number while it is absent."""
        from saga.core.expressions.arithmetic import Floor  # noqa: PLC0415 -- it is made of figures

        return Floor(self, constant(floor))


@dataclass(frozen=True)
class Constant(Figure):
    """A value that is always the same; its kind stands beside it, because Python calls 1 and True equal."""

    kind: str
    value: Any

    @property
    def json_type(self) -> str:
        """The kind of the value."""
        return self.kind

    def evaluate(self, held: Held) -> Any:  # noqa: ARG002 -- it reads nothing
        """The value."""
        return self.value

    def moves(self, kind: type) -> Move:  # noqa: ARG002 -- it reads nothing
        """Not at all."""
        return Move.NONE

    def span(self, stored: Stored) -> Span:  # noqa: ARG002 -- it reads nothing
        """The value alone."""
        is_number = self.kind in NUMBERS
        low = self.value if is_number else None
        return Span(low, low, values=frozenset({as_json(self.value)}))

    def __str__(self) -> str:
        return repr(as_json(self.value))


def constant(value: object) -> Constant:
    """The value as a constant. Raises DeclarationError for one that is no single JSON value."""
    value = value.value if isinstance(value, Enum) else value
    kind = _KINDS.get(type(value))
    if kind is None or (isinstance(value, float | Decimal) and not math.isfinite(value)):
        raise DeclarationError(f"{value!r:.80} is no constant: write a text, a number, True or False")
    if kind != "decimal":
        try:
            plain(value)
        except TypeError as error:
            raise DeclarationError(f"{value!r:.80} is no constant: {error}") from None
    return Constant(kind, value)


def as_figure(value: object) -> Figure:
    """The figure, or the constant as one."""
    if isinstance(value, Figure):
        return value
    if isinstance(value, Expression):
        raise DeclarationError(f"{value} is no figure: a comparison takes a figure or a constant")
    return constant(value)


def require_comparable(one: str, other: str, where: object) -> None:
    """Raise DeclarationError if values of these kinds never compare."""
    if "mixed" in (one, other) or one == other or (one in NUMBERS and other in NUMBERS):
        return
    raise DeclarationError(f"{where}: one side is {one} and the other is {other}: compare what is of one kind")


def _compared(left: Figure, right: Figure, *, is_at_least: bool) -> Condition:
    from saga.core.expressions.comparisons import Compare  # noqa: PLC0415 -- it is made of figures

    return Compare(left, right, is_at_least)


def _equal(figure: Figure, others: tuple[Figure, ...]) -> Condition:
    from saga.core.expressions.comparisons import Equals  # noqa: PLC0415 -- it is made of figures

    return Equals(figure, others)


def _sum(left: Figure, right: Figure, *, is_difference: bool) -> Figure:
    from saga.core.expressions.arithmetic import Sum  # noqa: PLC0415 -- it is made of figures

    return Sum(left, right, is_difference)
