"""Figures of the entries of a register: how many, their sum, the least, the latest, the only one, the distinct ones."""

import functools
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from saga.core.errors import DeclarationError
from saga.core.expressions.arithmetic import added, times
from saga.core.expressions.base import (
    ABSENT,
    ANYWAY,
    Held,
    Move,
    Span,
    Stored,
    can_have,
    is_fed,
    once,
    rank_of,
)
from saga.core.expressions.entries import (
    FieldOf,
    Filtered,
    field_of,
    is_too_long,
    rank_in_order,
)
from saga.core.expressions.figure import Figure
from saga.core.register import Register


@dataclass(frozen=True)
class OfEntries(Filtered, Figure):
    """A figure of the entries of a register that pass a filter."""

    @property
    def own_fields(self) -> tuple[tuple[Register, str], ...]:
        """The fields that the filter tests, and those of its own."""
        return once([*((one.register, one.name) for one in self.looked_at), *self.among.fields])

    @property
    def looked_at(self) -> tuple[FieldOf, ...]:
        """The fields that it looks at beside the filter."""
        return ()

    def gains(self, kind: type) -> bool:
        """Whether an input of this class can add entries that match."""
        return self.among.register.of is kind or bool(self.among.moves(kind))

    def entries_in(self, stored: Stored) -> tuple[int, int]:
        """The least and the most entries that can match."""
        can_be_empty, can_be_filled = can_have(self.among.register, stored)
        least = 0 if can_be_empty or self.among.tests else 1
        return least, self.among.register.most if can_be_filled else 0


@dataclass(frozen=True)
class Count(OfEntries):
    """How many entries match."""

    @property
    def json_type(self) -> str:
        """An integer."""
        return "integer"

    def evaluate(self, held: Held) -> int:
        """Their number."""
        return sum(1 for _ in self.among.matching(held)) if self.among.tests else len(held[self.among.register.name])

    def moves(self, kind: type) -> Move:
        """Up with each entry."""
        return Move.UP if self.gains(kind) else Move.NONE

    def span(self, stored: Stored) -> Span:
        """From none to the bound of the register."""
        return Span(*self.entries_in(stored))

    def __str__(self) -> str:
        return f"count of {self.among.register.name}{self.among}"


@dataclass(frozen=True)
class OfField(OfEntries):
    """A figure of one field of the entries that match."""

    field: FieldOf

    @property
    def looked_at(self) -> tuple[FieldOf, ...]:
        """The field."""
        return (self.field,)

    @property
    def measured(self) -> tuple[tuple[Register, str], ...]:
        """The field."""
        return ((self.field.register, self.field.name),)

    @property
    def json_type(self) -> str:
        """That of the field."""
        return self.field.json_type


@dataclass(frozen=True)
class Total(OfField):
    """The exact sum of a field; entries without it add nothing."""

    def __post_init__(self) -> None:
        if self.field.json_type in ("text", "truth", "list", "mapping", "null"):
            raise DeclarationError(f"the total of {self.field}: it is {self.field.json_type}, which can't be added")

    @property
    def json_type(self) -> str:
        """An integer, or what the field is."""
        return self.field.json_type if self.field.json_type in ("decimal", "float") else "integer"

    @property
    def own_obstacles(self) -> tuple[str, ...]:
        """Those of the filter, and why the sum is not exact."""
        return once([*super().own_obstacles, *self.field.obstacle_of_sum()])

    def evaluate(self, held: Held) -> Any:
        """The sum, 0 of no entries; None if a number is too long to be added."""
        return sum_of(self.field, [entry for _, entry in self.among.matching(held)])

    def moves(self, kind: type) -> Move:
        """Up if no amount is below 0, down if none is above."""
        return moves_of_sum(self.field) if self.gains(kind) else Move.NONE

    def span(self, stored: Stored) -> Span:
        """The limits of the field, so many times as there can be entries."""
        least, most = self.entries_in(stored)
        low, high = self.field.limits
        if self.field.obstacle_of_sum():
            is_positive = low is not None and low >= 0
            return Span(0 if is_positive or not most else None, None if most else 0, can_be_absent=bool(most))
        if not most:
            return Span(0, 0)
        if self.field.can_be_absent:
            low, high = _with_zero(low, high)
        least_sum = None if low is None else min(times(low, least), times(low, most))
        most_sum = None if high is None else max(times(high, least), times(high, most))
        return Span(least_sum, most_sum)

    def __str__(self) -> str:
        return f"total {self.field}{self.among}"


def _with_zero(low: Any, high: Any) -> tuple[Any, Any]:
    return None if low is None else min(low, 0), None if high is None else max(high, 0)


def sum_of(field: FieldOf, entries: list[Any]) -> Any:
    """The sum of a field, exact but for floats; None if a number is too long or too great to be added."""
    values = [value for entry in entries if (value := field.value(entry)) is not None]
    numbers = [one for one in values if type(one) in (int, float, Decimal)]
    if field.json_type == "float" or any(type(one) is float for one in numbers):
        try:
            return math.fsum(numbers)
        except OverflowError:
            return None
    if any(is_too_long(one) for one in numbers):
        return None
    return functools.reduce(added, numbers, Decimal(0) if field.json_type == "decimal" else 0)


def moves_of_sum(field: FieldOf) -> Move:
    """How a sum of this field moves as entries are added."""
    low, high = field.limits
    if low is not None and low >= 0:
        return Move.UP
    return Move.DOWN if high is not None and high <= 0 else Move.UP | Move.DOWN


@dataclass(frozen=True)
class Extreme(OfField):
    """The least or the greatest value of a field; absent while no entry has one."""

    is_greatest: bool

    @property
    def own_obstacles(self) -> tuple[str, ...]:
        """Those of the filter, and why the field has no order."""
        return once([*super().own_obstacles, *self.field.obstacle_of_order()])

    def evaluate(self, held: Held) -> Any:
        """The value; equal ones have one form, the one with the least key."""
        values = [value for _, entry in self.among.matching(held) if (value := self.field.value(entry)) is not None]
        if not values:
            return None
        return max(values, key=rank_of) if self.is_greatest else min(values, key=rank_of)

    def moves(self, kind: type) -> Move:
        """It appears, and then goes only up, or only down."""
        if not self.gains(kind):
            return Move.NONE
        return Move.APPEARS | (Move.UP if self.is_greatest else Move.DOWN)

    def span(self, stored: Stored) -> Span:
        """The limits of the field."""
        least, most = self.entries_in(stored)
        return span_of(self.field, is_absent=not least) if most else ABSENT

    def __str__(self) -> str:
        return f"{'greatest' if self.is_greatest else 'least'} {self.field}{self.among}"


def span_of(field: FieldOf, *, is_absent: bool) -> Span:
    """The values of a field of an entry, which may be absent itself."""
    low, high = field.limits
    return Span(low, high, is_absent or field.can_be_absent, values=field.values)


@dataclass(frozen=True)
class Latest(OfField):
    """A field of the entry that is the greatest by other fields, and at last by its key."""

    by: tuple[FieldOf, ...]

    @property
    def looked_at(self) -> tuple[FieldOf, ...]:
        """The field, those of the order, and the key."""
        return (self.field, *self.by, FieldOf(self.among.register, self.among.register.key))

    @property
    def own_obstacles(self) -> tuple[str, ...]:
        """Those of the filter, and why a field has no order."""
        return once([*super().own_obstacles, *(one for field in self.by for one in field.obstacle_of_order())])

    def evaluate(self, held: Held) -> Any:
        """The field of the latest entry."""
        entries = list(self.among.matching(held))
        if not entries:
            return None
        _, entry = max(entries, key=lambda one: rank_in_order(self.by, *one, absent_last=False))
        return self.field.value(entry)

    def moves(self, kind: type) -> Move:
        """It appears, and then goes either way."""
        if not self.gains(kind):
            return Move.NONE
        return ANYWAY if self.field.can_be_absent else ANYWAY ^ Move.VANISHES

    def span(self, stored: Stored) -> Span:
        """The limits of the field."""
        least, most = self.entries_in(stored)
        return span_of(self.field, is_absent=not least) if most else ABSENT

    def __str__(self) -> str:
        return f"latest {self.field} by {', '.join(one.name for one in self.by)}{self.among}"


@dataclass(frozen=True)
class Only(Figure):
    """A field of the only entry of a register that is keyed by the field that correlates; absent before it."""

    field: FieldOf

    @property
    def own_registers(self) -> tuple[Register, ...]:
        """The register."""
        return (self.field.register,)

    @property
    def own_single(self) -> tuple[Register, ...]:
        """The register."""
        return (self.field.register,)

    @property
    def own_fields(self) -> tuple[tuple[Register, str], ...]:
        """The field."""
        return self.measured

    @property
    def measured(self) -> tuple[tuple[Register, str], ...]:
        """The field."""
        return ((self.field.register, self.field.name),)

    @property
    def json_type(self) -> str:
        """That of the field."""
        return self.field.json_type

    def evaluate(self, held: Held) -> Any:
        """The value, or None."""
        for entry in held[self.field.register.name].values():
            return self.field.value(entry)
        return None

    def moves(self, kind: type) -> Move:
        """It appears, once."""
        return Move.APPEARS if is_fed(self.own_registers, kind) else Move.NONE

    def span(self, stored: Stored) -> Span:
        """The limits of the field."""
        can_be_empty, can_be_filled = can_have(self.field.register, stored)
        return span_of(self.field, is_absent=can_be_empty) if can_be_filled else ABSENT

    def __str__(self) -> str:
        return f"the {self.field}"


def order_of(register: Register, by: tuple[str, ...]) -> tuple[FieldOf, ...]:
    """The fields of an order. Raises DeclarationError for what is no tuple of fields, or has an unknown one."""
    names: object = by
    if not isinstance(names, tuple) or not all(isinstance(name, str) for name in names):
        raise DeclarationError(f"the order of {register.name} is by {by!r:.80}: write a tuple of fields")
    return tuple(field_of(register, name) for name in by)
