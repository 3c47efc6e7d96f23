"""Comparisons of figures: a comparison is False while either side is absent."""

from dataclasses import dataclass
from typing import Any

from saga.core.errors import DeclarationError
from saga.core.expressions.base import (
    ANYWAY,
    Condition,
    Expression,
    Held,
    Move,
    as_json,
    presence,
    rank_of,
    reversed_move,
)
from saga.core.expressions.figure import NUMBERS, Constant, Figure, require_comparable
from saga.core.register import Register

_ORDERED = (*NUMBERS, "text", "truth")


@dataclass(frozen=True)
class Compare(Condition):
    """Whether the left side is at least the right one, or less than it; False while either is absent."""

    left: Figure
    right: Figure
    is_at_least: bool

    def __post_init__(self) -> None:
        require_comparable(self.left.json_type, self.right.json_type, self)
        for one in (self.left.json_type, self.right.json_type):
            if one not in (*_ORDERED, "mixed"):
                raise DeclarationError(f"{self}: a {one} has no order")
        _ = self.registers

    @property
    def parts(self) -> tuple[Expression, ...]:
        """Both sides."""
        return (self.left, self.right)

    @property
    def own_constants(self) -> tuple[tuple[Register, str, Any], ...]:
        """A constant side, for each field that the other side gives or adds."""
        return constants_between(self.left, self.right)

    @property
    def own_obstacles(self) -> tuple[str, ...]:
        """Values of several types have no order that anyone means."""
        mixed = [one for one in (self.left, self.right) if one.json_type == "mixed"]
        return tuple(
            f"{one} can have several JSON types, which can't be compared: declare one of them" for one in mixed
        )

    def evaluate(self, held: Held) -> bool:
        """Whether it is so."""
        left, right = self.left.evaluate(held), self.right.evaluate(held)
        if left is None or right is None:
            return False
        return (rank_of(left) >= rank_of(right)) is self.is_at_least

    def moves(self, kind: type) -> Move:
        """Up as the greater side goes up or the other one down, or as either appears."""
        greater, less = (self.left, self.right) if self.is_at_least else (self.right, self.left)
        return presence(greater.moves(kind)) | presence(reversed_move(less.moves(kind)))

    def allowed(self, stored: frozenset[type]) -> frozenset[bool]:
        """What the limits of both sides allow."""
        left, right = self.left.span(stored), self.right.span(stored)
        if not (left.can_be_present and right.can_be_present):
            return frozenset({False})
        can_be = {self.is_at_least, not self.is_at_least}
        if left.low is not None and right.high is not None and left.low >= right.high:
            can_be.discard(not self.is_at_least)
        if left.high is not None and right.low is not None and left.high < right.low:
            can_be.discard(self.is_at_least)
        return frozenset(can_be | ({False} if left.can_be_absent or right.can_be_absent else set()))

    def __str__(self) -> str:
        return f"{self.left} {'>=' if self.is_at_least else '<'} {self.right}"


@dataclass(frozen=True)
class Equals(Condition):
    """Whether a figure has one of a few values; False while it is absent."""

    figure: Figure
    others: tuple[Figure, ...]

    def __post_init__(self) -> None:
        for one in self.others:
            require_comparable(self.figure.json_type, one.json_type, self)
        _ = self.registers

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The figure, and what it is compared with."""
        return (self.figure, *self.others)

    @property
    def own_constants(self) -> tuple[tuple[Register, str, Any], ...]:
        """The constants among them."""
        return tuple(one for other in self.others for one in constants_between(self.figure, other))

    def evaluate(self, held: Held) -> bool:
        """Whether it is so."""
        value = self.figure.evaluate(held)
        if value is None:
            return False
        found = [other.evaluate(held) for other in self.others]
        return any(one is not None and rank_of(one) == rank_of(value) for one in found)

    def moves(self, kind: type) -> Move:
        """Up if values only appear, else either way."""
        moves = Move.NONE
        for one in self.parts:
            moves |= one.moves(kind)
        return presence(moves) if moves in (Move.NONE, Move.APPEARS) else presence(ANYWAY)

    def allowed(self, stored: frozenset[type]) -> frozenset[bool]:
        """What the values of both sides allow."""
        ours, others = self.figure.possible(stored), [one.possible(stored) for one in self.others]
        if ours == frozenset({None}):
            return frozenset({False})
        if ours is None or any(one.json_type in NUMBERS for one in (self.figure, *self.others)):
            return frozenset({False, True})
        known = {rank_of(value) for one in others for value in one or () if value is not None}
        if None not in others and not {rank_of(one) for one in ours} & known:
            return frozenset({False})
        is_sure = None not in ours and {rank_of(one) for one in ours} <= self._constants
        return frozenset({True}) if is_sure else frozenset({False, True})

    @property
    def _constants(self) -> set[tuple[Any, ...]]:
        return {rank_of(one.value) for one in self.others if isinstance(one, Constant)}

    def __str__(self) -> str:
        return f"{self.figure} is {' or '.join(map(str, self.others))}"


def constants_between(one: Figure, other: Figure) -> tuple[tuple[Register, str, Any], ...]:
    """The constant of two sides, with each field that the other side gives or adds."""
    pairs = ((one, other), (other, one))
    return tuple(
        (register, name, as_json(side.value))
        for side, figure in pairs
        if isinstance(side, Constant)
        for register, name in figure.measured
    )
