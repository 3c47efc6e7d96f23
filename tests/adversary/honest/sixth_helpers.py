"""Further messages, and short forms of the tables, of the large processes."""

from collections.abc import Callable, Mapping
from enum import Enum
from itertools import product
from typing import Annotated, Any

from pydantic import BaseModel, Field

from saga import (
    Column,
    CommandTemplate,
    ComputedField,
    Deadline,
    Effect,
    Outcomes,
    Register,
    Selection,
    Wanted,
    outcomes,
    wanted,
)
from tests.adversary.kit import Commands, Do, Seen, seen
from tests.adversary.planted.sixth_helpers import (
    Approved,
    Cancelled,
    Confirmed,
    Departed,
    Expired,
    Name,
    Ordered,
    Rejected,
    Reminded,
)


class Arrived(BaseModel):
    id: str


class Damaged(BaseModel):
    id: str


class Inspected(BaseModel):
    id: str


class Insured(BaseModel):
    id: str


class Paused(BaseModel):
    id: str


class Signed(BaseModel):
    id: str


class Scanned(BaseModel):
    id: str
    scan_id: Name
    gate: Annotated[int, Field(ge=-100, le=100)] | None = None


SCANS = Register("scans", Scanned, "scan_id")


def scan(number: int, gate: int | None = None) -> Scanned:
    """A scan at a gate."""
    return Scanned(id="i", scan_id=f"g{number}", gate=gate)


APPROVED, CANCELLED, CONFIRMED, DEPARTED = seen(Approved), seen(Cancelled), seen(Confirmed), seen(Departed)
EXPIRED, ORDERED, REJECTED, REMINDED = seen(Expired), seen(Ordered), seen(Rejected), seen(Reminded)
ARRIVED, DAMAGED, INSPECTED, INSURED = seen(Arrived), seen(Damaged), seen(Inspected), seen(Insured)
PAUSED, SIGNED = seen(Paused), seen(Signed)
ORDER = Ordered(id="i", total=1_000)

On = frozenset[str]


def _on(columns: tuple[Column, ...], values: tuple[Any, ...]) -> On:
    return frozenset(
        column.name for column, value in zip(columns, values, strict=True) if value is True or value is Seen.YES
    )


def result(*columns: Column, rule: Callable[[On], Enum], name: str = "outcome") -> Outcomes:
    """A table of columns of yes and no; the rule gets the names of those that say yes."""
    return outcomes(*columns, rule=lambda *values: rule(_on(columns, values)), name=name)


def wants_by(*columns: Column, rule: Callable[[On], Mapping[Any, Any]]) -> Wanted:
    """A want table of such columns."""
    cells = product(*(column.states for column in columns))
    return wanted(*columns, rows=[(*cell, rule(_on(columns, cell))) for cell in cells])


def undoable(name: str, collaborator: str, *computed: ComputedField) -> Effect:
    """An effect that can be asked for and withdrawn."""
    made = CommandTemplate(f"Make{name.capitalize()}", computed=computed)
    commands: Commands = {Do.YES: made, Do.NO: CommandTemplate(f"Undo{name.capitalize()}")}
    return Effect(name, collaborator, commands, initially=Do.NO)


def for_good(name: str, collaborator: str, template: CommandTemplate) -> Effect:
    """An effect that is never taken back."""
    return Effect(name, collaborator, {Do.YES: template}, final=frozenset({Do.YES}))


def when(effect: Effect, is_wanted: bool) -> Mapping[Effect, Do]:
    """One of the two conditions of an effect that can be undone."""
    return {effect: Do.YES if is_wanted else Do.NO}


def if_so(effect: Effect | Deadline, how: Enum | Selection, is_wanted: bool) -> Mapping[Any, Any]:
    """The want, or none."""
    return {effect: how} if is_wanted else {}
