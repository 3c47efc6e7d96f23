"""What every expression is: a pure function of registers that can be looked into, with laws that follow from its parts.

An expression is called like a function of one's own, so the engine needs to know nothing about it. What it reads, how
its value moves when one more entry is stored, and what values it can have, follow from its structure. So a proof can
use them without samples.

Values inside are exact: whole numbers of any size, and Decimal for fields that are Decimal. Only the value of a whole
expression is put into its JSON form. Absent values are None, and come before all others.
"""

import abc
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from enum import Enum, Flag, auto
from functools import cached_property
from typing import Any, Final, NoReturn

from saga.core.errors import DeclarationError
from saga.core.register import Entries, Register

Held = Mapping[str, Entries]
"""The contents of registers, by the names of the registers."""
Stored = frozenset[type] | None
"""The message classes of which at least one entry is stored, and no others; None if that is not known."""

LEAST_INTEGER, MOST_INTEGER = -(2**63), 2**63 - 1
MOST_EXPONENT: Final = 400
"""Of a Decimal: a number with more digits than this is not added."""
EXACT: Final = Context(prec=20_000, Emin=-999_999, Emax=999_999, traps=[])
"""Sums of numbers up to MOST_EXPONENT are exact in it."""


_NOTHING: Final[Entries] = {}


class Direction(Enum):
    """How a value moves when one more entry is stored: not at all, only up, only down, or either way."""

    CONSTANT = "constant"
    GROWS = "grows"
    SHRINKS = "shrinks"
    EITHER = "either"


class Move(Flag):
    """The ways in which a value can move when one more entry is stored."""

    NONE = 0
    APPEARS = auto()
    """From None to a value."""
    VANISHES = auto()
    UP = auto()
    """From a value to a greater one."""
    DOWN = auto()


ANYWAY: Final = Move.APPEARS | Move.VANISHES | Move.UP | Move.DOWN


def direction_of(move: Move) -> Direction:
    """The direction of such moves, in which None comes before all values."""
    if not move:
        return Direction.CONSTANT
    if not move & (Move.VANISHES | Move.DOWN):
        return Direction.GROWS
    return Direction.EITHER if move & (Move.APPEARS | Move.UP) else Direction.SHRINKS


def reversed_move(move: Move) -> Move:
    """The moves of a value that goes down as another one goes up, and is absent while that is."""
    kept = move & (Move.APPEARS | Move.VANISHES)
    return kept | (Move.DOWN if move & Move.UP else Move.NONE) | (Move.UP if move & Move.DOWN else Move.NONE)


def presence(move: Move) -> Move:
    """The moves of a value that is the greater one exactly while another one is there and goes up with it."""
    up = Move.UP if move & (Move.APPEARS | Move.UP) else Move.NONE
    return up | (Move.DOWN if move & (Move.VANISHES | Move.DOWN) else Move.NONE)


@dataclass(frozen=True, slots=True)
class Span:
    """Which values there can be: between ``low`` and ``high`` (None: no limit is known), or absent, or both."""

    low: Any = None
    high: Any = None
    can_be_absent: bool = False
    can_be_present: bool = True
    values: frozenset[Any] | None = None
    """The values that can be present, if they are few and known."""


ABSENT: Final = Span(can_be_absent=True, can_be_present=False, values=frozenset())


NOT_A_CONDITION: Final = (
    "write a condition, such as has(...) or count(...) >= 2: for ==, and, or and not, write .equals(...), both(...),"
    " either(...) and negated(...)"
)


class WithoutTruth:
    """What has no truth value while it is declared: ``and``, ``or``, ``not`` and ``0 < x < 3`` would drop a part."""

    def __bool__(self) -> NoReturn:
        """Raise DeclarationError."""
        raise DeclarationError(
            f"{self} is true or false only for an instance: for and, or, not, and 0 < x < 3, write both(...),"
            " either(...), negated(...), and both of two comparisons"
        )


class Expression(WithoutTruth, abc.ABC):
    """A pure function of registers that says itself what it reads, how it moves, and what values it can have.

    It is called with the contents of each of its ``registers``, in that order.

    >>> from saga import Direction, count
    >>> HOW_MANY = count(REPORTS)
    >>> HOW_MANY({"t-1": {"ticket_id": "t-1", "text": "broken"}}), HOW_MANY.direction(Reported) is Direction.GROWS
    (1, True)
    """

    @property
    def parts(self) -> tuple["Expression", ...]:
        """The expressions that it is made of."""
        return ()

    @property
    def own_registers(self) -> tuple[Register, ...]:
        """The registers that it reads itself, before those of its parts."""
        return ()

    @cached_property
    def registers(self) -> tuple[Register, ...]:
        """What it reads, each once, in the order of their first mention."""
        return distinct_registers([*self.own_registers, *(one for part in self.parts for one in part.registers)])

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.registers)

    def __call__(self, *contents: Entries) -> Any:
        """Its value for these contents; the key of an entry after them is ignored."""
        return self.outcome(self.evaluate(dict(zip(self._names, contents, strict=False))))

    def outcome(self, value: Any) -> Any:
        """The value as it is given to others."""
        return value

    @abc.abstractmethod
    def evaluate(self, held: Held) -> Any:
        """Its value, inside of an expression."""

    @abc.abstractmethod
    def moves(self, kind: type) -> Move:
        """How its value can move when an entry of this message class is stored."""

    def direction(self, kind: type) -> Direction:
        """How its value moves when a further entry of the message class ``kind`` is stored."""
        return direction_of(self.moves(kind))

    def possible(self, stored: frozenset[type]) -> frozenset[Any] | None:
        """No value but these comes of at least one entry of each of these message classes, and none of the others.

        None if they are not known, or are lists or mappings. With nothing stored it is exactly the value then.
        """
        if not any(one.of in stored for one in self.registers):
            value = self.outcome(self.evaluate(dict.fromkeys(self._names, _NOTHING)))
            return None if isinstance(value, list | dict) else frozenset({value})
        return self.allowed(stored)

    @abc.abstractmethod
    def allowed(self, stored: frozenset[type]) -> frozenset[Any] | None:
        """What is possible with at least one entry in at least one of its registers."""

    @property
    def own_fields(self) -> tuple[tuple[Register, str], ...]:
        """The fields that it looks at itself."""
        return ()

    @property
    def fields_read(self) -> tuple[tuple[Register, str], ...]:
        """Every field whose value it looks at, keys included."""
        return once([*self.own_fields, *(one for part in self.parts for one in part.fields_read)])

    @property
    def constants(self) -> tuple[tuple[Register, str, Any], ...]:
        """Every constant with the field that it is compared with."""
        found = [*self.own_constants, *(one for part in self.parts for one in part.constants)]
        return tuple({(one, name, type(value), repr(value)): (one, name, value) for one, name, value in found}.values())

    @property
    def own_constants(self) -> tuple[tuple[Register, str, Any], ...]:
        """The constants that it compares itself."""
        return ()

    @property
    def own_obstacles(self) -> tuple[str, ...]:
        """Why its own laws don't hold for every value."""
        return ()

    @property
    def inner_obstacles(self) -> tuple[str, ...]:
        """Its obstacles as a part of another expression, where numbers of any size are exact."""
        return once([*self.own_obstacles, *(one for part in self.parts for one in part.inner_obstacles)])

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Why its laws don't hold for every value that the message classes admit, as sentences; empty if they do."""
        return self.inner_obstacles

    @property
    def single(self) -> tuple[Register, ...]:
        """The registers of which it takes the only entry: a process has to key them by the field that correlates."""
        return once([*self.own_single, *(one for part in self.parts for one in part.single)])

    @property
    def own_single(self) -> tuple[Register, ...]:
        """The registers of which it takes the only entry itself."""
        return ()


class Condition(Expression):
    """An expression that is False or True; from False to True is growth.

    >>> from saga import count
    >>> (count(REPORTS) >= 2)({"t-1": {}, "t-2": {}})
    True
    """


def once(found: Iterable[Any]) -> tuple[Any, ...]:
    """Each once, in the order of their first mention."""
    return tuple(dict.fromkeys(found))


def distinct_registers(found: Iterable[Register]) -> tuple[Register, ...]:
    """Each once. Raises DeclarationError if two different ones have one name."""
    registers = once(found)
    for number, one in enumerate(registers):
        if one.name in (other.name for other in registers[:number]):
            raise DeclarationError(f"an expression reads two registers {one.name!r}: give each a name of its own")
    return registers


def is_fed(registers: Iterable[Register], kind: type) -> bool:
    """Whether an input of this class is stored in any of them."""
    return any(one.of is kind for one in registers)


def can_have(register: Register, stored: Stored) -> tuple[bool, bool]:
    """Whether it can be empty, and whether it can have entries."""
    return stored is None or register.of not in stored, stored is None or register.of in stored


def rank_of(value: Any) -> tuple[Any, ...]:
    """A key that orders all JSON values: truth values, numbers, texts, lists and mappings, in this order."""
    if value is None:
        return (0,)
    if isinstance(value, bool):
        return (1, value)
    if isinstance(value, int | float | Decimal):
        return (2, value)
    if isinstance(value, str):
        return (3, value)
    if isinstance(value, list | tuple):
        return (4, tuple(map(rank_of, value)))
    return (5, tuple((key, rank_of(value[key])) for key in sorted(value)))


def as_json(value: Any) -> Any:
    """The value in its JSON form: a Decimal as a text, without trailing zeros."""
    if not isinstance(value, Decimal):
        return value
    shown = format(EXACT.normalize(value), "f")
    return "0" if shown == "-0" else shown


def require_what_it_reads(where: str, function: object, registers: Iterable[object]) -> None:
    """Raise DeclarationError if an expression is given other registers than it reads, or in another order."""
    if isinstance(function, Expression) and function.registers != tuple(registers):
        names = ", ".join(one.name for one in function.registers)
        raise DeclarationError(f"{where}: its expression reads {names}, in this order: make it with of(...)")
