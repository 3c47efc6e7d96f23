"""Entries of a register: what one of their fields holds, and which entries match.

Tests of an entry against the only entry of another register do not match while that is absent. So the entries that
match only become more, as entries are added and as the other register gets its entry.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, Final

from saga.core.errors import DeclarationError
from saga.core.expressions.base import (
    EXACT,
    LEAST_INTEGER,
    MOST_EXPONENT,
    MOST_INTEGER,
    Expression,
    Held,
    Move,
    WithoutTruth,
    as_json,
    is_fed,
    once,
    rank_of,
)
from saga.core.expressions.fields import ANY_KIND, is_decimal, json_kinds, limits, most_digits, values_of
from saga.core.expressions.figure import Constant, Figure, constant, require_comparable
from saga.core.fact import declared_fields
from saga.core.register import Entries, Register

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class EntryField(WithoutTruth):
    """A field of each entry of a register; compared, it gives a test of entries.

    >>> from saga import count, each
    >>> LOUD = count(REPORTS, where=each("text").normalised().is_one_of("help", "fire"))
    >>> LOUD({"t-1": {"text": " Fire"}, "t-2": {"text": "fine"}})
    1
    """

    name: str
    is_normalised: bool = False

    def normalised(self) -> "EntryField":
        """Its text without spaces around it, and without the difference of small and large letters."""
        return EntryField(self.name, is_normalised=True)

    def __ge__(self, other: object) -> "EntryTest":
        """Whether it is at least this constant, or this field of the only entry of another register."""
        return EntryTest(self, ">=", (_as_other(other),))

    def __gt__(self, other: object) -> "EntryTest":
        """Whether it is more than this."""
        return EntryTest(self, ">", (_as_other(other),))

    def __le__(self, other: object) -> "EntryTest":
        """Whether it is at most this."""
        return EntryTest(self, "<=", (_as_other(other),))

    def __lt__(self, other: object) -> "EntryTest":
        """Whether it is less than this."""
        return EntryTest(self, "<", (_as_other(other),))

    def equals(self, other: object) -> "EntryTest":
        """Whether it is this."""
        return EntryTest(self, "is", (_as_other(other),))

    def differs_from(self, other: object) -> "EntryTest":
        """Whether it is there and is something else."""
        return EntryTest(self, "is not", (_as_other(other),))

    def is_one_of(self, *others: object) -> "EntryTest":
        """Whether it is one of these."""
        return EntryTest(self, "is", tuple(map(_as_other, others)))


def each(name: str) -> EntryField:
    """The field of each entry, for a ``where``.

    >>> from saga import count, each
    >>> count(REPORTS, where=each("text").equals("broken"))({"t-1": {"text": "broken"}, "t-2": {"text": "fine"}})
    1
    """
    return EntryField(name)


def _as_other(value: object) -> Figure:
    if isinstance(value, Expression):
        if isinstance(value, Figure) and value.own_single and not value.parts:
            return value
        raise DeclarationError(f"an entry is compared with {value}: write a constant, or only(...) of a register")
    return constant(value)


@dataclass(frozen=True)
class EntryTest(WithoutTruth):
    """A test of an entry: how one of its fields compares with constants, or with the only entry of another register.

    A test never matches while a side is absent.
    """

    field: EntryField
    relation: str
    others: tuple[Figure, ...]

    def __post_init__(self) -> None:
        if self.relation != "is" and len(self.others) != 1:
            raise DeclarationError(f"{self.field.name} {self.relation} {len(self.others)} values: write one")

    def __str__(self) -> str:
        normalised = " normalised" * self.field.is_normalised
        return f"{self.field.name}{normalised} {self.relation} {' or '.join(map(str, self.others))}"


Where = EntryTest | tuple[EntryTest, ...] | None
"""Which entries count: those that pass all of these tests."""


@dataclass(frozen=True)
class FieldOf:
    """A field of the entries of a register. Raises DeclarationError if the message class doesn't have it."""

    register: Register
    name: str
    is_normalised: bool = False

    def __post_init__(self) -> None:
        if self.name not in declared_fields(self.register.of):
            raise DeclarationError(
                f"register {self.register.name}: {self.register.of.__name__} has no field {self.name}"
            )
        if self.is_normalised and self.json_type not in ("text", "mixed"):
            raise DeclarationError(f"{self} is {self.json_type}: only a text can be normalised")

    @cached_property
    def _kinds(self) -> frozenset[str]:
        return json_kinds(self.register.of, self.name)

    @cached_property
    def json_type(self) -> str:
        """What it is when it is there, or "mixed" if it can be several or anything."""
        kinds = self._kinds - {"null"}
        if self._is_decimal:
            return "decimal"
        return next(iter(kinds)) if len(kinds) == 1 and ANY_KIND not in kinds else "mixed"

    @cached_property
    def _is_decimal(self) -> bool:
        return is_decimal(self.register.of, self.name)

    @cached_property
    def can_be_absent(self) -> bool:
        """Whether an entry can lack it."""
        can_be_nan = self._is_decimal and most_digits(self.register.of, self.name) is None
        return can_be_nan or bool(self._kinds & {"null", ANY_KIND})

    @cached_property
    def limits(self) -> tuple[Any, Any]:
        """The least and the greatest number that it can be; integers have 64 bits."""
        if self.json_type == "mixed":
            return None, None
        low, high = limits(self.register.of, self.name)
        if self.json_type == "integer":
            return (
                LEAST_INTEGER if low is None else max(int(low), LEAST_INTEGER),
                MOST_INTEGER if high is None else min(int(high), MOST_INTEGER),
            )
        return low, high

    @cached_property
    def values(self) -> frozenset[Any] | None:
        """The values that it can have when it is there, if they are few."""
        found = None if self.is_normalised else values_of(self.register.of, self.name)
        return None if found is None else found - {None}

    @property
    def is_addable(self) -> bool:
        """Whether sums of it are exact."""
        return self.json_type in ("integer", "decimal")

    def obstacle_of_sum(self) -> tuple[str, ...]:
        """Why sums of it are not exact, or are of no use."""
        if self.json_type == "float":
            return (f"{self} is a float, and sums of it are rounded: declare int minor units or Decimal",)
        if self.json_type == "decimal":
            digits = most_digits(self.register.of, self.name)
            if digits is None or digits > MOST_EXPONENT:
                return (f"{self} is a Decimal of any length: declare max_digits and decimal_places",)
            return ()
        if not self.is_addable:
            return (f"{self} can be something else than an integer: declare it as int or Decimal",)
        return ()

    def obstacle_of_order(self) -> tuple[str, ...]:
        """Why its values have no order that anyone means."""
        if self.json_type == "mixed":
            return (f"{self} can have several types, which can't be compared: declare it as one, such as int or str",)
        return ()

    def value(self, entry: Entry) -> Any:
        """The value; a Decimal for a field that is one, None if it is absent."""
        value = entry.get(self.name)
        if self._is_decimal and value is not None:
            return _decimal(value)
        return value.strip().casefold() if self.is_normalised and isinstance(value, str) else value

    def __str__(self) -> str:
        return f"{self.register.name}.{self.name}{' normalised' * self.is_normalised}"


def field_of(register: Register, field: "str | EntryField") -> FieldOf:
    """The field of this register's entries."""
    if isinstance(field, EntryField):
        return FieldOf(register, field.name, field.is_normalised)
    if not isinstance(field, str):
        raise DeclarationError(f"{field!r:.80} is no field of {register.name}: write its name, or each(its name)")
    return FieldOf(register, field)


def is_too_long(number: object) -> bool:
    """Whether a number has too many digits to be added."""
    if not isinstance(number, Decimal):
        return False
    return abs(number.adjusted()) > MOST_EXPONENT or len(number.as_tuple().digits) > MOST_EXPONENT


def _decimal(value: Any) -> Decimal | None:
    try:
        number = Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        return None
    return EXACT.normalize(number) if number.is_finite() else None


def rank_in_order(fields: tuple[FieldOf, ...], key: str, entry: Entry, *, absent_last: bool) -> tuple[Any, ...]:
    """Where an entry stands in the order by these fields, and at last by its key."""
    ranks = []
    for field in fields:
        value = field.value(entry)
        ranks.append((absent_last is (value is None), (0,) if value is None else rank_of(value)))
    return (*ranks, key)


_RELATIONS: Final = {
    ">=": lambda one, other: one >= other,
    ">": lambda one, other: one > other,
    "<=": lambda one, other: one <= other,
    "<": lambda one, other: one < other,
}


@dataclass(frozen=True)
class Filter:
    """The tests that an entry of a register has to pass."""

    register: Register
    tests: tuple[EntryTest, ...] = ()

    def __post_init__(self) -> None:
        for test, field in self._bound:
            for other in test.others:
                require_comparable(field.json_type, other.json_type, f"{field} {test.relation} {other}")

    @cached_property
    def _bound(self) -> tuple[tuple[EntryTest, FieldOf], ...]:
        return tuple((test, field_of(self.register, test.field)) for test in self.tests)

    @cached_property
    def others(self) -> tuple[Figure, ...]:
        """What entries are compared with, but for constants."""
        return once(other for test in self.tests for other in test.others if not isinstance(other, Constant))

    @cached_property
    def registers(self) -> tuple[Register, ...]:
        """The registers that entries are compared with."""
        return once(one for other in self.others for one in other.registers)

    @property
    def fields(self) -> tuple[tuple[Register, str], ...]:
        """The fields of the entries that are tested."""
        return tuple((self.register, test.field.name) for test in self.tests)

    @property
    def constants(self) -> tuple[tuple[Register, str, Any], ...]:
        """The constants, with the fields that they are compared with."""
        return tuple(
            (self.register, test.field.name, as_json(other.value))
            for test in self.tests
            for other in test.others
            if isinstance(other, Constant)
        )

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Why a test has no meaning for some values."""
        ordered = [field for test, field in self._bound if test.relation in _RELATIONS]
        texts = [field for _, field in self._bound if field.is_normalised]
        return once(one for field in (*ordered, *texts) for one in field.obstacle_of_order())

    def moves(self, kind: type) -> Move:
        """Up, by what entries are compared with: the entries that match only become more."""
        return Move.UP if is_fed(self.registers, kind) else Move.NONE

    def matching(self, held: Held) -> Iterator[tuple[str, Entry]]:
        """The entries that match, by their keys."""
        entries: Entries = held[self.register.name]
        if not self.tests:
            yield from entries.items()
            return
        tests = [(field, test.relation, _ranks(test, held)) for test, field in self._bound]
        for key, entry in entries.items():
            if all(_matches(field.value(entry), relation, ranks) for field, relation, ranks in tests):
                yield key, entry

    def __str__(self) -> str:
        return f" where {' and '.join(map(str, self.tests))}" if self.tests else ""


@dataclass(frozen=True)
class Filtered(Expression):
    """An expression of the entries of a register that pass a filter."""

    among: Filter

    @property
    def parts(self) -> tuple[Expression, ...]:
        """What entries are compared with."""
        return self.among.others

    @property
    def own_registers(self) -> tuple[Register, ...]:
        """The register."""
        return (self.among.register,)

    @property
    def own_fields(self) -> tuple[tuple[Register, str], ...]:
        """Those of the filter."""
        return once(self.among.fields)

    @property
    def own_constants(self) -> tuple[tuple[Register, str, Any], ...]:
        """Those of the filter."""
        return self.among.constants

    @property
    def own_obstacles(self) -> tuple[str, ...]:
        """Those of the filter."""
        return self.among.obstacles


def filter_of(register: Register, where: Where) -> Filter:
    """The tests for entries of this register, without those that stand there twice."""
    tests: tuple[object, ...] = () if where is None else where if isinstance(where, tuple) else (where,)
    for one in tests:
        if not isinstance(one, EntryTest):
            raise DeclarationError(f"where of {register.name} has {one!r:.80}: write tests such as each('amount') >= 1")
    return Filter(register, once(tests))


def _ranks(test: EntryTest, held: Held) -> list[tuple[Any, ...]]:
    values = [other.evaluate(held) for other in test.others]
    if test.field.is_normalised:
        values = [one.strip().casefold() if isinstance(one, str) else one for one in values]
    return [rank_of(one) for one in values if one is not None]


def _matches(value: Any, relation: str, ranks: list[tuple[Any, ...]]) -> bool:
    if value is None or not ranks:
        return False
    rank = rank_of(value)
    if relation in _RELATIONS:
        return bool(_RELATIONS[relation](rank, ranks[0]))
    return (rank in ranks) is (relation == "is")
