"""Choosers: which entries of a register an effect is wanted for.

Growth means that a chosen entry stays chosen. ``is_within`` says what a table needs to know to go from one choice to
another: whether every entry of one is surely among those of the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from saga.core.errors import DeclarationError
from saga.core.expressions.base import Expression, Held, Move, once, rank_of
from saga.core.expressions.conditions import Partners
from saga.core.expressions.entries import FieldOf, Filtered, rank_in_order
from saga.core.expressions.excess import EntryFigure
from saga.core.register import Entries, Register


class Chooser(Expression):
    """A choice of entries of its first register, as the frozenset of their keys; a superset is growth.

    >>> from saga import Chooser, all_but_least, every
    >>> REST, ALL = all_but_least(REPORTS, by=("text",)).choose, every(REPORTS).choose
    >>> isinstance(REST, Chooser) and REST.is_within(ALL), ALL.is_within(REST)
    (True, False)
    """

    @property
    def register(self) -> Register:
        """The register of the entries."""
        return self.registers[0]

    def evaluate(self, held: Held) -> frozenset[str]:
        """The chosen keys."""
        return frozenset(self.keys(held))

    def keys(self, held: Held) -> Iterator[str]:
        """The chosen keys."""
        raise NotImplementedError

    def allowed(self, stored: frozenset[type]) -> frozenset[Any] | None:
        """Nothing while the register is empty, else not known."""
        return None if self.register.of in stored else frozenset({frozenset[str]()})

    def is_within(self, other: "Chooser") -> bool:
        """Whether it surely chooses only entries that the other one chooses, whatever the contents are."""
        return self == other or (isinstance(other, Every) and self.register == other.register)


@dataclass(frozen=True)
class Every(Chooser):
    """All entries."""

    of: Register

    @property
    def own_registers(self) -> tuple[Register, ...]:
        """The register."""
        return (self.of,)

    def keys(self, held: Held) -> Iterator[str]:
        """All."""
        return iter(held[self.of.name])

    def moves(self, kind: type) -> Move:
        """Up with each entry."""
        return Move.UP if self.of.of is kind else Move.NONE

    def __str__(self) -> str:
        return f"every entry of {self.of.name}"


@dataclass(frozen=True)
class AllButFirst(Chooser):
    """All entries but the first few in the order of these fields, those without a value last, then by their keys."""

    of: Register
    number: int
    by: tuple[FieldOf, ...]

    def __post_init__(self) -> None:
        if type(self.number) is not int or self.number < 0:
            raise DeclarationError(f"all but the first {self.number!r:.80} of {self.of.name}: write a whole number")

    @property
    def own_registers(self) -> tuple[Register, ...]:
        """The register."""
        return (self.of,)

    @property
    def own_fields(self) -> tuple[tuple[Register, str], ...]:
        """Those of the order, and the key."""
        return once([*((self.of, one.name) for one in self.by), (self.of, self.of.key)])

    @property
    def own_obstacles(self) -> tuple[str, ...]:
        """Why a field has no order."""
        return once(one for field in self.by for one in field.obstacle_of_order())

    def keys(self, held: Held) -> Iterator[str]:
        """Those after the first."""
        entries = held[self.of.name]
        if self.number == 1 and entries:
            return iter(entries.keys() - {self._first(entries)})
        return (key for key, _ in sorted(entries.items(), key=self._rank)[self.number :])

    def _first(self, entries: Entries) -> str:
        """The key of the first entry, without the rank of each: an instance may have a thousand."""
        keys = list(entries)
        for field in self.by:
            values = [field.value(entries[key]) for key in keys]
            known = [value for value in values if value is not None]
            if not known:
                continue
            if {type(value) for value in known} not in ({str}, {int}):
                values = [None if value is None else rank_of(value) for value in values]
                known = [value for value in values if value is not None]
            least = min(known)
            keys = [key for key, value in zip(keys, values, strict=True) if value == least]
        return min(keys)

    def _rank(self, item: tuple[str, Any]) -> tuple[Any, ...]:
        return rank_in_order(self.by, *item, absent_last=True)

    def moves(self, kind: type) -> Move:
        """Up: an entry that isn't among the first never becomes one of them."""
        return Move.UP if self.of.of is kind else Move.NONE

    def is_within(self, other: Chooser) -> bool:
        """Also if the other one leaves out fewer in the same order."""
        if isinstance(other, AllButFirst) and (self.of, self.by) == (other.of, other.by):
            return self.number >= other.number
        return super().is_within(other)

    def __str__(self) -> str:
        by = ", ".join(one.name for one in self.by)
        return f"all of {self.of.name} but the {'least' if self.number == 1 else f'first {self.number}'} by {by}"


@dataclass(frozen=True)
class Matching(Filtered, Chooser):
    """The entries that match."""

    def keys(self, held: Held) -> Iterator[str]:
        """Those that match."""
        return (key for key, _ in self.among.matching(held))

    def moves(self, kind: type) -> Move:
        """Up with each entry, and as what entries are compared with appears."""
        return Move.UP if self.among.register.of is kind else self.among.moves(kind)

    def is_within(self, other: Chooser) -> bool:
        """Also if it has all tests of the other one."""
        if isinstance(other, Matching) and self.among.register == other.among.register:
            return set(other.among.tests) <= set(self.among.tests)
        return super().is_within(other)

    def __str__(self) -> str:
        return f"entries of {self.among.register.name}{self.among}"


@dataclass(frozen=True)
class WithPartner(Chooser):
    """The entries that have a partner in another register, or those that have none."""

    partners: Partners
    is_lacking: bool = False

    @property
    def own_registers(self) -> tuple[Register, ...]:
        """Both registers."""
        return self.partners.registers

    @property
    def own_fields(self) -> tuple[tuple[Register, str], ...]:
        """Both fields."""
        return self.partners.fields

    @property
    def own_obstacles(self) -> tuple[str, ...]:
        """Those of the fields."""
        return self.partners.obstacles

    def keys(self, held: Held) -> Iterator[str]:
        """Those with one, or without."""
        return (key for key, _ in self.partners.entries(held, with_partner=not self.is_lacking))

    def moves(self, kind: type) -> Move:
        """Up with each entry; with a partner down for those that have none."""
        moves = Move.UP if self.partners.field.register.of is kind else Move.NONE
        if self.partners.partner.register.of is kind:
            moves |= Move.DOWN if self.is_lacking else Move.UP
        return moves

    def __str__(self) -> str:
        return f"entries with {self.partners.field} {'not ' if self.is_lacking else ''}in {self.partners.partner}"


@dataclass(frozen=True)
class Owing(Chooser):
    """The entries whose figure is above 0."""

    figure: EntryFigure

    def __post_init__(self) -> None:
        if not isinstance(self.figure, EntryFigure):
            raise DeclarationError(f"{self.figure!r:.80} is no figure of an entry: write one, such as beyond(...)")
        if getattr(self.figure, "json_type", "integer") not in ("integer", "decimal", "float", "mixed"):
            raise DeclarationError(f"{self.figure} is no number, so it is never above 0")

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The figure."""
        return (self.figure,)

    def keys(self, held: Held) -> Iterator[str]:
        """Those above 0."""
        return (key for key, value in self.figure.of_all(held).items() if (2, 0) < rank_of(value) < (3,))

    def moves(self, kind: type) -> Move:
        """As the figure, and up with each entry."""
        return self.figure.moves(kind) | (Move.UP if self.register.of is kind else Move.NONE)

    def __str__(self) -> str:
        return f"entries of {self.register.name} with more than 0 of {self.figure}"
