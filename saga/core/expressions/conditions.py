"""Conditions: about the entries of a register, about partners in another register, and combinations of conditions."""

from collections.abc import Iterator
from dataclasses import dataclass

from saga.core.errors import DeclarationError
from saga.core.expressions.base import (
    NOT_A_CONDITION,
    Condition,
    Expression,
    Held,
    Move,
    can_have,
    once,
    presence,
    rank_of,
    reversed_move,
)
from saga.core.expressions.entries import Entry, EntryField, FieldOf, Filtered, Where, field_of, filter_of
from saga.core.register import Register

_BOTH = frozenset({False, True})


@dataclass(frozen=True)
class AnyOf(Filtered, Condition):
    """Whether any entry of the register matches."""

    def evaluate(self, held: Held) -> bool:
        """Whether one matches."""
        return any(True for _ in self.among.matching(held))

    def moves(self, kind: type) -> Move:
        """Up as entries are added, and as what they are compared with appears."""
        return Move.UP if self.among.register.of is kind else self.among.moves(kind)

    def allowed(self, stored: frozenset[type]) -> frozenset[bool]:
        """True if an entry is stored and none has to match."""
        if not can_have(self.among.register, stored)[1]:
            return frozenset({False})
        return _BOTH if self.among.tests else frozenset({True})

    def __str__(self) -> str:
        return f"any of {self.among.register.name}{self.among}"


@dataclass(frozen=True)
class AllOf(AnyOf):
    """Whether every entry of the register matches; so it is without entries."""

    def evaluate(self, held: Held) -> bool:
        """Whether all match."""
        return sum(1 for _ in self.among.matching(held)) == len(held[self.among.register.name])

    def moves(self, kind: type) -> Move:
        """Down as entries are added, up as what they are compared with appears."""
        return self.among.moves(kind) | (Move.DOWN if self.among.register.of is kind else Move.NONE)

    def allowed(self, stored: frozenset[type]) -> frozenset[bool]:
        """True if no entry is stored."""
        return _BOTH if can_have(self.among.register, stored)[1] else frozenset({True})

    def __str__(self) -> str:
        return f"all of {self.among.register.name}{self.among}"


@dataclass(frozen=True)
class Partners:
    """Entries of one register whose field equals a field of entries of another, or the key of such an entry."""

    field: FieldOf
    partner: FieldOf

    @property
    def registers(self) -> tuple[Register, ...]:
        """Both."""
        return once([self.field.register, self.partner.register])

    @property
    def fields(self) -> tuple[tuple[Register, str], ...]:
        """Both."""
        return once((one.register, one.name) for one in (self.field, self.partner))

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Why values of both never mean the same."""
        return once([*self.field.obstacle_of_order(), *self.partner.obstacle_of_order()])

    def entries(self, held: Held, *, with_partner: bool) -> Iterator[tuple[str, Entry]]:
        """The entries that have one, or those that don't."""
        theirs = held[self.partner.register.name].values()
        known = {rank_of(value) for one in theirs if (value := self.partner.value(one)) is not None}
        for key, entry in held[self.field.register.name].items():
            value = self.field.value(entry)
            if (value is not None and rank_of(value) in known) is with_partner:
                yield key, entry


def partners_of(
    register: Register, field: str | EntryField, other: Register, other_field: "str | EntryField | None"
) -> Partners:
    """The partners in the other register, by a field of it or by its key."""
    ours, theirs = field_of(register, field), field_of(other, other.key if other_field is None else other_field)
    if ours.json_type != theirs.json_type and "mixed" not in (ours.json_type, theirs.json_type):
        raise DeclarationError(f"{ours} is {ours.json_type} and {theirs} is {theirs.json_type}: they are never equal")
    return Partners(ours, theirs)


@dataclass(frozen=True)
class HasPartner(Condition):
    """Whether some entry has a partner, or whether some entry lacks one."""

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

    def evaluate(self, held: Held) -> bool:
        """Whether there is such an entry."""
        return any(True for _ in self.partners.entries(held, with_partner=not self.is_lacking))

    def moves(self, kind: type) -> Move:
        """Up with each entry; a partner is no growth for what is lacking."""
        moves = Move.UP if self.partners.field.register.of is kind else Move.NONE
        if self.partners.partner.register.of is kind:
            moves |= Move.DOWN if self.is_lacking else Move.UP
        return moves

    def allowed(self, stored: frozenset[type]) -> frozenset[bool]:
        """What follows from a register that is empty."""
        if not can_have(self.partners.field.register, stored)[1]:
            return frozenset({False})
        if not can_have(self.partners.partner.register, stored)[1]:
            return frozenset({self.is_lacking})
        return _BOTH

    def __str__(self) -> str:
        return f"{self.partners.field} {'lacks' if self.is_lacking else 'has'} a partner {self.partners.partner}"


@dataclass(frozen=True)
class Both(Condition):
    """Whether all of several conditions hold."""

    conditions: tuple[Condition, ...]

    def __post_init__(self) -> None:
        for one in self.conditions:
            if not isinstance(one, Condition):
                raise DeclarationError(f"{one!r:.80} is no condition: {NOT_A_CONDITION}")
        if not self.conditions:
            raise DeclarationError("no condition is given: write at least one")
        _ = self.registers

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The conditions."""
        return self.conditions

    def evaluate(self, held: Held) -> bool:
        """Whether all hold."""
        return all(one.evaluate(held) for one in self.conditions)

    def moves(self, kind: type) -> Move:
        """As they do."""
        return moves_of_all(self.conditions, kind)

    def allowed(self, stored: frozenset[type]) -> frozenset[bool]:
        """What theirs allow."""
        possible = [one.possible(stored) or _BOTH for one in self.conditions]
        is_false, is_true = any(False in one for one in possible), all(True in one for one in possible)
        return frozenset(({False} if is_false else set()) | ({True} if is_true else set()))

    def __str__(self) -> str:
        return " and ".join(map(str, self.conditions))


@dataclass(frozen=True)
class Either(Both):
    """Whether any of several conditions holds."""

    def evaluate(self, held: Held) -> bool:
        """Whether one holds."""
        return any(one.evaluate(held) for one in self.conditions)

    def allowed(self, stored: frozenset[type]) -> frozenset[bool]:
        """What theirs allow."""
        possible = [one.possible(stored) or _BOTH for one in self.conditions]
        is_false, is_true = all(False in one for one in possible), any(True in one for one in possible)
        return frozenset(({False} if is_false else set()) | ({True} if is_true else set()))

    def __str__(self) -> str:
        return " or ".join(f"({one})" for one in self.conditions)


@dataclass(frozen=True)
class Negated(Condition):
    """Whether a condition does not hold."""

    condition: Condition

    def __post_init__(self) -> None:
        Both((self.condition,))

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The condition."""
        return (self.condition,)

    def evaluate(self, held: Held) -> bool:
        """Whether it does not hold."""
        return not self.condition.evaluate(held)

    def moves(self, kind: type) -> Move:
        """The other way round."""
        return presence(reversed_move(self.condition.moves(kind)))

    def allowed(self, stored: frozenset[type]) -> frozenset[bool]:
        """The others."""
        return frozenset(not one for one in self.condition.possible(stored) or _BOTH)

    def __str__(self) -> str:
        return f"not ({self.condition})"


def moves_of_all(conditions: tuple[Condition, ...], kind: type) -> Move:
    """How something moves that goes up as each of these does."""
    moves = Move.NONE
    for one in conditions:
        moves |= one.moves(kind)
    return moves


def has(register: Register) -> Condition:
    """Whether the register has an entry.

    >>> from saga import has
    >>> has(REPORTS)({}), has(REPORTS)({"t-1": {"text": "broken"}})
    (False, True)
    """
    return AnyOf(filter_of(register, None))


def any_of(register: Register, where: Where) -> Condition:
    """Whether any entry of the register matches.

    >>> from saga import any_of, each
    >>> any_of(REPORTS, each("text").equals("fire"))({"t-1": {"text": "broken"}})
    False
    """
    return AnyOf(filter_of(register, where))


def all_of(register: Register, where: Where) -> Condition:
    """Whether every entry of the register matches, which is so while it has none.

    >>> from saga import all_of, each
    >>> all_of(REPORTS, each("text").differs_from("fire"))({"t-1": {"text": "broken"}})
    True
    """
    return AllOf(filter_of(register, where))


def has_partner(
    register: Register, field: str | EntryField, other: Register, other_field: str | EntryField | None = None
) -> Condition:
    """Whether an entry has a partner: an entry of the other register with the same value in its field, or as its key.

    >>> from saga import has_partner
    >>> ANSWERS = Register("answers", of=Reported, key="ticket_id")
    >>> has_partner(REPORTS, "text", ANSWERS, "text")({"t-1": {"text": "broken"}}, {"t-2": {"text": "broken"}})
    True
    """
    return HasPartner(partners_of(register, field, other, other_field))


def lacks_partner(
    register: Register, field: str | EntryField, other: Register, other_field: str | EntryField | None = None
) -> Condition:
    """Whether an entry lacks a partner in the other register.

    >>> from saga import lacks_partner
    >>> ANSWERS = Register("answers", of=Reported, key="ticket_id")
    >>> lacks_partner(REPORTS, "text", ANSWERS, "text")({"t-1": {"text": "broken"}}, {})
    True
    """
    return HasPartner(partners_of(register, field, other, other_field), is_lacking=True)


def both(*conditions: Condition) -> Condition:
    """Whether all of these conditions hold.

    >>> from saga import both, count, has
    >>> both(has(REPORTS), count(REPORTS) < 2)({"t-1": {"text": "broken"}})
    True
    """
    return Both(conditions)


def either(*conditions: Condition) -> Condition:
    """Whether at least one of these conditions holds.

    >>> from saga import any_of, count, each, either
    >>> either(any_of(REPORTS, each("text").equals("fire")), count(REPORTS) >= 3)({"t-1": {"text": "broken"}})
    False
    """
    return Either(conditions)


def negated(condition: Condition) -> Condition:
    """Whether the condition does not hold.

    >>> from saga import has, negated
    >>> negated(has(REPORTS))({})
    True
    """
    return Negated(condition)
