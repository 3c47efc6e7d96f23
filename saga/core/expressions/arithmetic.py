"""Arithmetic of figures, exact."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from saga.core.errors import DeclarationError
from saga.core.expressions.base import (
    ABSENT,
    EXACT,
    Expression,
    Held,
    Move,
    Span,
    Stored,
    as_json,
    presence,
    reversed_move,
)
from saga.core.expressions.figure import EXACT_NUMBERS, Constant, Figure, constant
from saga.core.register import Register


def _require_numbers(*operands: Figure) -> None:
    for one in operands:
        if one.json_type not in EXACT_NUMBERS:
            raise DeclarationError(f"{one} is {one.json_type}: arithmetic takes integers and Decimals")


def _number_type(*operands: Figure) -> str:
    return "decimal" if any(one.json_type == "decimal" for one in operands) else "integer"


@dataclass(frozen=True)
class Sum(Figure):
    """The sum or the difference of two figures, exact."""

    left: Figure
    right: Figure
    is_difference: bool = False

    def __post_init__(self) -> None:
        _require_numbers(self.left, self.right)
        _ = self.registers

    @property
    def parts(self) -> tuple[Expression, ...]:
        """Both sides."""
        return (self.left, self.right)

    @property
    def json_type(self) -> str:
        """Decimal if one side is."""
        return _number_type(self.left, self.right)

    def evaluate(self, held: Held) -> Any:
        """The sum; None while a side is absent."""
        left, right = self.left.evaluate(held), self.right.evaluate(held)
        if left is None or right is None:
            return None
        return added(left, negative(right) if self.is_difference else right)

    def moves(self, kind: type) -> Move:
        """As both sides do, the right one reversed in a difference."""
        right = self.right.moves(kind)
        return self.left.moves(kind) | (reversed_move(right) if self.is_difference else right)

    def span(self, stored: Stored) -> Span:
        """The sums of the limits."""
        left, right = self.left.span(stored), self.right.span(stored)
        if not (left.can_be_present and right.can_be_present):
            return ABSENT
        low, high = right.low, right.high
        if self.is_difference:
            low, high = negative(right.high), negative(right.low)
        is_absent = left.can_be_absent or right.can_be_absent
        return Span(added(left.low, low), added(left.high, high), is_absent)

    def __str__(self) -> str:
        return f"({self.left} {'-' if self.is_difference else '+'} {self.right})"


@dataclass(frozen=True)
class Product(Figure):
    """A figure, so many times."""

    figure: Figure
    factor: int

    def __post_init__(self) -> None:
        _require_numbers(self.figure)
        if type(self.factor) is not int:
            raise DeclarationError(f"{self.figure} times {self.factor!r:.80}: write a whole number")
        constant(self.factor)

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The figure."""
        return (self.figure,)

    @property
    def json_type(self) -> str:
        """That of the figure."""
        return self.figure.json_type

    def evaluate(self, held: Held) -> Any:
        """The product; None while the figure is absent."""
        return times(self.figure.evaluate(held), self.factor)

    def moves(self, kind: type) -> Move:
        """As the figure, or reversed."""
        moves = self.figure.moves(kind)
        if self.factor < 0:
            return reversed_move(moves)
        return moves if self.factor else moves & (Move.APPEARS | Move.VANISHES)

    def span(self, stored: Stored) -> Span:
        """The products of the limits."""
        span = self.figure.span(stored)
        if not span.can_be_present:
            return ABSENT
        if not self.factor:
            return Span(0, 0, span.can_be_absent)
        ends = [times(span.low, self.factor), times(span.high, self.factor)]
        low, high = ends if self.factor > 0 else reversed(ends)
        return Span(low, high, span.can_be_absent)

    def __str__(self) -> str:
        return f"{self.figure} * {self.factor}"


@dataclass(frozen=True)
class Floor(Figure):
    """A figure, but never less than a constant, and that constant while the figure is absent."""

    figure: Figure
    floor: Constant

    def __post_init__(self) -> None:
        _require_numbers(self.figure, self.floor)
        if self.figure.json_type == "integer" and self.floor.json_type == "decimal":
            raise DeclarationError(f"{self.figure} at least {self.floor}: write a whole number")

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The figure, and the constant."""
        return (self.figure, self.floor)

    @property
    def json_type(self) -> str:
        """That of the figure."""
        return self.figure.json_type

    @property
    def own_constants(self) -> tuple[tuple[Register, str, Any], ...]:
        """The floor."""
        return tuple((one, name, as_json(self.floor.value)) for one, name in self.figure.measured)

    def evaluate(self, held: Held) -> Any:
        """The greater of both."""
        value = self.figure.evaluate(held)
        floor = Decimal(self.floor.value) if self.json_type == "decimal" else self.floor.value
        return floor if value is None else max(value, floor)

    def moves(self, kind: type) -> Move:
        """As the figure, which counts as least while it is absent."""
        return presence(self.figure.moves(kind))

    def span(self, stored: Stored) -> Span:
        """The limits, not below the floor."""
        span, floor = self.figure.span(stored), self.floor.value
        if not span.can_be_present:
            return Span(floor, floor)
        low = floor if span.low is None or span.can_be_absent else max(span.low, floor)
        return Span(low, None if span.high is None else max(span.high, floor))

    def __str__(self) -> str:
        return f"at least {self.floor} of {self.figure}"


def added(one: Any, other: Any) -> Any:
    """The exact sum; None if either is."""
    if one is None or other is None:
        return None
    if isinstance(one, Decimal) or isinstance(other, Decimal):
        return EXACT.add(Decimal(one), Decimal(other))
    return one + other


def negative(value: Any) -> Any:
    """The number with the other sign; None for None."""
    return times(value, -1)


def times(value: Any, factor: int) -> Any:
    """The exact product; None for None."""
    if value is None:
        return None
    return EXACT.multiply(value, Decimal(factor)) if isinstance(value, Decimal) else value * factor
