"""Figures of one entry: a field of it, and how much of it lies beyond a target.

An amount beyond a target goes by rank: entries count in their order until the target is reached. An entry that comes
later and ranks before others pushes these further beyond, so what lies beyond only grows, as long as amounts are not
below 0 and the target stays.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from saga.core.errors import DeclarationError
from saga.core.expressions.aggregates import order_of
from saga.core.expressions.arithmetic import added, negative
from saga.core.expressions.base import (
    Condition,
    Expression,
    Held,
    Move,
    as_json,
    is_fed,
    once,
    presence,
    reversed_move,
)
from saga.core.expressions.conditions import Both
from saga.core.expressions.entries import (
    EntryField,
    FieldOf,
    Filter,
    Where,
    field_of,
    filter_of,
    is_too_long,
    rank_in_order,
)
from saga.core.expressions.figure import EXACT_NUMBERS, Figure, as_figure
from saga.core.register import Entries, Register


class EntryFigure(Expression):
    """An expression about one entry of a register: called with the contents of its registers, and the entry's key.

    Its laws are about an entry that is stored.

    >>> from saga import field_of_entry
    >>> field_of_entry(REPORTS, "text")({"t-1": {"text": "broken"}}, "t-1")
    'broken'
    """

    @property
    def register(self) -> Register:
        """The register of the entries."""
        return self.registers[0]

    def __call__(self, *contents: Any) -> Any:
        """Its value, as JSON; None for an entry that is not stored."""
        *entries, key = contents
        return as_json(self.of_entry(dict(zip(self._names, entries, strict=False)), key))

    def evaluate(self, held: Held) -> dict[str, Any]:
        """Its value for each entry."""
        return self.of_all(held)

    def of_entry(self, held: Held, key: str) -> Any:
        """Its value for one entry."""
        return self.of_all(held).get(key)

    def of_all(self, held: Held) -> dict[str, Any]:
        """Its value for each entry."""
        raise NotImplementedError

    def possible(self, stored: frozenset[type]) -> frozenset[Any] | None:
        """The value for an entry that is not stored, or None if there are entries."""
        return None if self.register.of in stored else frozenset({None})

    def allowed(self, stored: frozenset[type]) -> frozenset[Any] | None:  # noqa: ARG002 -- possible says it all
        """Not known."""
        return None


@dataclass(frozen=True)
class FieldOfEntry(EntryFigure):
    """A field of the entry itself."""

    field: FieldOf

    @property
    def own_registers(self) -> tuple[Register, ...]:
        """The register."""
        return (self.field.register,)

    @property
    def own_fields(self) -> tuple[tuple[Register, str], ...]:
        """The field."""
        return ((self.field.register, self.field.name),)

    @property
    def json_type(self) -> str:
        """That of the field."""
        return self.field.json_type

    @property
    def own_obstacles(self) -> tuple[str, ...]:
        """A field of several types."""
        return self.field.obstacle_of_order()

    def of_all(self, held: Held) -> dict[str, Any]:
        """The field of each."""
        return {key: self.field.value(entry) for key, entry in held[self.field.register.name].items()}

    def moves(self, kind: type) -> Move:  # noqa: ARG002 -- an entry never changes
        """Not at all."""
        return Move.NONE

    def __str__(self) -> str:
        return f"{self.field} of the entry"


@dataclass(frozen=True)
class Excess(EntryFigure):
    """How much of an entry lies beyond a target, by the rank of the entries that match."""

    amount: FieldOf
    target: Figure
    by: tuple[FieldOf, ...]
    among: Filter
    all_if: Condition | None = None

    def __post_init__(self) -> None:
        if self.amount.json_type not in (*EXACT_NUMBERS, "mixed"):
            raise DeclarationError(
                f"what is beyond of {self.amount}: it is {self.amount.json_type}, which can't be added"
            )
        if self.target.json_type not in (*EXACT_NUMBERS, "mixed"):
            raise DeclarationError(
                f"the target {self.target} is {self.target.json_type}: write an integer or a Decimal"
            )
        if self.amount.json_type == "integer" and self.target.json_type == "decimal":
            raise DeclarationError(f"{self.amount} is integer and {self.target} is decimal: declare both alike")
        if self.all_if is not None:
            Both((self.all_if,))
        _ = self.registers

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The target, what entries are compared with, and the condition."""
        return (self.target, *self.among.others, *(() if self.all_if is None else (self.all_if,)))

    @property
    def own_registers(self) -> tuple[Register, ...]:
        """The register."""
        return (self.amount.register,)

    @property
    def own_fields(self) -> tuple[tuple[Register, str], ...]:
        """The amount, the fields of the order and of the filter, and the key."""
        ranked = [self.amount, *self.by, FieldOf(self.amount.register, self.amount.register.key)]
        return once([*((one.register, one.name) for one in ranked), *self.among.fields])

    @property
    def own_constants(self) -> tuple[tuple[Register, str, Any], ...]:
        """Those of the filter."""
        return self.among.constants

    @property
    def own_obstacles(self) -> tuple[str, ...]:
        """Those of the filter, of the sum and of the order."""
        ordered = [one for field in self.by for one in field.obstacle_of_order()]
        mixed = [f"{self.target} can be something else than an integer"] if self.target.json_type == "mixed" else []
        return once([*self.among.obstacles, *self.amount.obstacle_of_sum(), *ordered, *mixed])

    @property
    def json_type(self) -> str:
        """An integer, or a Decimal if the amount is one."""
        return "decimal" if self.amount.json_type == "decimal" else "integer"

    def of_all(self, held: Held) -> dict[str, Any]:
        """For each entry what lies beyond: all, nothing, or what is more than the target by its rank."""
        entries: Entries = held[self.amount.register.name]
        amounts = {key: self._amount(entry) for key, entry in entries.items()}
        if self.all_if is not None and self.all_if.evaluate(held):
            return amounts
        nothing: int | Decimal = Decimal(0) if self.json_type == "decimal" else 0
        target = self.target.evaluate(held)
        is_known = all(held[one.name] for one in self.among.registers)
        if type(target) not in (int, type(nothing)) or not is_known:
            return dict.fromkeys(amounts, nothing)
        reached = nothing
        ranked = sorted(
            self.among.matching(held), key=lambda one: rank_in_order(self.by, one[0], one[1], absent_last=True)
        )
        for key, _ in ranked:
            reached = added(reached, amounts[key])
            amounts[key] = min(max(added(reached, negative(target)), nothing), amounts[key])
        return amounts

    def _amount(self, entry: Any) -> int | Decimal:
        value = self.amount.value(entry)
        if self.json_type == "decimal":
            return value if isinstance(value, Decimal) and not is_too_long(value) else Decimal(0)
        return value if type(value) is int else 0

    def moves(self, kind: type) -> Move:
        """Up with each entry, and as the target appears or goes down, if no amount is below 0."""
        moves = presence(reversed_move(self.target.moves(kind)))
        if is_fed((*self.own_registers, *self.among.registers), kind):
            moves |= Move.UP
        if self.all_if is not None:
            moves |= self.all_if.moves(kind)
        low = self.amount.limits[0]
        return moves if not moves or (low is not None and low >= 0) else Move.UP | Move.DOWN

    def __str__(self) -> str:
        by, all_if = ", ".join(map(str, self.by)), "" if self.all_if is None else f", or all of it if {self.all_if}"
        return f"{self.amount} beyond {self.target} by {by or 'key'}{self.among}{all_if}"


def field_of_entry(register: Register, field: str | EntryField) -> EntryFigure:
    """A field of the entry that an effect is wanted for.

    >>> from saga import field_of_entry
    >>> field_of_entry(REPORTS, "text")({"t-1": {"text": "broken"}}, "t-1")
    'broken'
    """
    return FieldOfEntry(field_of(register, field))


def beyond(
    register: Register,
    field: str | EntryField,
    *,
    target: Figure | int,
    by: tuple[str, ...],
    where: Where = None,
    all_if: Condition | None = None,
) -> EntryFigure:
    """How much of an entry lies beyond a target: what is left of it when the entries before it have counted.

    Entries count in the order of the fields ``by``, those without a value last, and then of their keys. An entry that
    doesn't match ``where`` lies wholly beyond. Nothing does while the target is absent, or an entry that ``where``
    names. Everything does if ``all_if`` holds. It only grows, if the class declares that no amount is below 0 and the
    target is one entry that never changes.

    >>> from saga import beyond
    >>> @dataclass(frozen=True)
    ... class Paid:
    ...     ticket_id: str
    ...     payment_id: str
    ...     cents: int
    >>> PAYMENTS = Register("payments", of=Paid, key="payment_id")
    >>> EXCESS = beyond(PAYMENTS, "cents", target=50, by=("payment_id",))
    >>> EXCESS({"p-1": {"payment_id": "p-1", "cents": 40}, "p-2": {"payment_id": "p-2", "cents": 30}}, "p-2")
    20
    """
    among, amount = filter_of(register, where), field_of(register, field)
    return Excess(amount, as_figure(target), order_of(register, by), among, all_if)
