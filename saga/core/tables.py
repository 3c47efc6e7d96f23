"""The tables that join sub-machines: joint state -> outcome, and joint state -> what is wanted.

Both have to be complete and without overlap; the error of a wrong one names the cell that is missing or claimed twice.
A table of outcomes can be a column of a larger table.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import product
from math import prod
from types import MappingProxyType
from typing import Any, Final

from saga.core.column import Column, Machines, Registers, Value, shown
from saga.core.effect import ARMED, Deadline, Effect, Selection
from saga.core.errors import DeclarationError
from saga.core.words import is_among, require_distinct, require_name


class _Any(Enum):
    ANY = "any"


ANY: Final = _Any.ANY
"""Stands for every value in a row of a table.

>>> outcomes(WORK, rows=[(ANY, Ticket.WAITING)]).states
(<Ticket.WAITING: 'waiting'>,)
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """Some values of a column in a row of a table: the named ones, or all except the named ones."""

    named: tuple[Value, ...]
    is_rest: bool = False

    def values(self, axis: Sequence[Value]) -> tuple[Value, ...]:
        """Those of these values that are chosen."""
        return tuple(value for value in axis if is_among(value, self.named) is not self.is_rest)


def one_of(*values: Value) -> Choice:
    """Stands for each of these values in a row of a table.

    >>> from saga import one_of
    >>> outcomes(WORK, rows=[(one_of(Work.OPEN, Work.DONE), Ticket.WAITING)]).states
    (<Ticket.WAITING: 'waiting'>,)
    """
    return Choice(values)


def all_but(*values: Value) -> Choice:
    """Stands for every other value in a row of a table.

    >>> from saga import all_but
    >>> both = outcomes(WORK, rows=[(Work.OPEN, Ticket.WAITING), (all_but(Work.OPEN), Ticket.CLOSED)])
    >>> both == OUTCOMES
    True
    """
    return Choice(values, is_rest=True)


MOST_CELLS: Final = 100_000
"""Of a table. All of its cells are made when it is declared, and looked at by each check."""

MOST_NAMED: Final = 8
"""Missing cells that an error names."""

Joint = tuple[Value, ...]
Wants = Mapping[Effect | Deadline, Enum | Selection]
"""What is wanted in a joint state: each effect in a condition (or for a selection of entries), each deadline ARMED."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The outcome of every joint state of ``columns``, expanded from rows or from a ``rule``.

    >>> OUTCOMES.value({"work": Work.DONE}, {})
    <Ticket.CLOSED: 'closed'>
    """

    columns: tuple[Column, ...]
    cells: Mapping[Joint, Enum]
    name: str = "outcome"
    rule: Callable[..., Enum] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        require_name("table of outcomes", self.name)
        object.__setattr__(self, "cells", MappingProxyType(dict(self.cells)))
        require_distinct(self.name, self.cells.values())

    @property
    def states(self) -> tuple[Enum, ...]:
        """Every outcome that a cell has, in the order of the enum."""
        used = set(self.cells.values())
        enums: dict[type[Enum], None] = dict.fromkeys(type(outcome) for outcome in self.cells.values())
        return tuple(one for enum in enums for one in enum if one in used)

    def value(self, machines: Machines, registers: Registers) -> Enum:
        """The outcome of an instance with these states and registers."""
        return self.cells[tuple([column.value(machines, registers) for column in self.columns])]


def outcomes(
    *columns: Column,
    rows: Iterable[tuple[Any, ...]] | None = None,
    rule: Callable[..., Enum] | None = None,
    name: str = "outcome",
) -> Outcomes:
    """A table of outcomes, by rows or by a rule.

    Each row has one value (or ANY, one_of(...), all_but(...)) for each column, and last the outcome. A rule is a pure
    function of the columns' values; it is called for every cell at once. Raises DeclarationError for a cell that no row
    or more than one row claims, or for which the rule returns no outcome.

    >>> outcomes(WORK, rows=[(Work.OPEN, Ticket.WAITING)])
    Traceback (most recent call last):
    saga.core.errors.DeclarationError: outcome: cell (DONE) is missing
    """
    axes = _axes(name, columns)
    if rule is not None and rows is not None:
        raise DeclarationError(f"{name}: has rows and a rule: give the one that decides")
    if rule is not None:
        return Outcomes(columns, {cell: _ruled(name, rule, cell) for cell in product(*axes)}, name, rule)
    cells = _expand(name, axes, _split(name, rows or ()))
    for cell, outcome in cells.items():
        if not isinstance(outcome, Enum):
            raise DeclarationError(f"{name}: cell {_names(cell)} has {outcome!r}, which is no outcome")
    return Outcomes(columns, cells, name)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted in every joint state of ``columns``.

    >>> tickets.wanted[0].of({"work": Work.DONE}, {}) == {NOTICE: Notice.SENT}
    True
    """

    columns: tuple[Column, ...]
    cells: Mapping[Joint, Wants]

    def __post_init__(self) -> None:
        cells = {joint: MappingProxyType(dict(wants)) for joint, wants in self.cells.items()}
        object.__setattr__(self, "cells", MappingProxyType(cells))

    def of(self, machines: Machines, registers: Registers) -> Wants:
        """What is wanted in an instance with these states and registers."""
        return self.cells[tuple([column.value(machines, registers) for column in self.columns])]


def wanted(*columns: Column, rows: Iterable[tuple[Any, ...]]) -> Wanted:
    """A table of wants: each row has a value (or ANY, one_of, all_but) for each column, and last what it wants then.

    Raises DeclarationError for a cell that no row or more than one row claims, and for a condition that has no command.

    >>> wanted(OUTCOMES, rows=[(ANY, {NOTICE: Work.OPEN})])
    Traceback (most recent call last):
    saga.core.errors.DeclarationError: wanted: cell (WAITING) wants Work.OPEN of notice: no such command
    """
    cells = _expand("wanted", _axes("wanted", columns), _split("wanted", rows))
    for cell, wants in cells.items():
        if not isinstance(wants, Mapping):
            raise DeclarationError(
                f"wanted: cell {_names(cell)} has {wants!r}: say what is wanted, or {{}} for nothing"
            )
        for effect, condition in wants.items():
            if problem := _about_want(effect, condition):
                raise DeclarationError(f"wanted: cell {_names(cell)} wants {problem}")
    return Wanted(columns, cells)


def _about_want(effect: object, condition: object) -> str | None:
    """What is wrong with one want of a cell; None if nothing."""
    if not isinstance(effect, Effect | Deadline):
        return f"{condition} of {effect!r}, which is neither an effect nor a deadline"
    if isinstance(effect, Deadline):
        return None if condition is ARMED else f"{condition} of the deadline {effect.name}: all it can be is ARMED"
    if not isinstance(condition, Enum | Selection):
        return f"{condition!r} of {effect.name}: no condition"
    if isinstance(condition, Enum) and not is_among(condition, effect.commands):
        return f"{condition} of {effect.name}: no such command"
    return None


def _axes(table: str, columns: Sequence[Column]) -> tuple[tuple[Value, ...], ...]:
    """The values of each column. Raises DeclarationError if they have too many combinations, before any is made."""
    axes = tuple(column.states for column in columns)
    if (cells := prod(map(len, axes))) > MOST_CELLS:
        raise DeclarationError(
            f"{table}: its {len(axes)} columns have {cells:,} cells, and {MOST_CELLS:,} are the most: join some of them"
            " in a table of outcomes with few values, and make that a column"
        )
    return axes


def _split(table: str, rows: Iterable[Any]) -> list[tuple[tuple[Any, ...], Any]]:
    """Each row as its values for the columns and its result."""
    listed = list(rows)
    for row in listed:
        if not isinstance(row, tuple | list) or not row:
            raise DeclarationError(
                f"{table}: row {row!r} is no tuple: write a value for each column, and last what it gives"
            )
    return [(tuple(row[:-1]), row[-1]) for row in listed]


def _ruled(table: str, rule: Callable[..., Enum], cell: Joint) -> Enum:
    try:
        outcome = rule(*cell)
    except Exception as error:
        raise DeclarationError(f"{table}: the rule fails for cell {_names(cell)}: {error!r}") from error
    if not isinstance(outcome, Enum):
        raise DeclarationError(f"{table}: the rule gives {outcome!r} for cell {_names(cell)}, which is no outcome")
    return outcome


def _expand(
    table: str, axes: tuple[tuple[Value, ...], ...], rows: Sequence[tuple[tuple[Any, ...], Any]]
) -> dict[Joint, Any]:
    cells: dict[Joint, Any] = {}
    for pattern, value in rows:
        if len(pattern) != len(axes):
            raise DeclarationError(f"{table}: row {_names(pattern)} has {len(pattern)} values for {len(axes)} columns")
        chosen = tuple(map(_choice, pattern))
        for choice, axis in zip(chosen, axes, strict=True):
            for state in choice.named:
                if not is_among(state, axis):
                    raise DeclarationError(
                        f"{table}: row {_names(pattern)}: {shown(state)} is none of {', '.join(map(shown, axis))}"
                    )
        for cell in product(*(choice.values(axis) for choice, axis in zip(chosen, axes, strict=True))):
            if cell in cells:
                raise DeclarationError(f"{table}: cell {_names(cell)} is claimed twice")
            cells[cell] = value
    if missing := [cell for cell in product(*axes) if cell not in cells]:
        raise DeclarationError(f"{table}: {_missing(missing)}")
    return cells


def _missing(cells: Sequence[Joint]) -> str:
    """All missing cells in one sentence, so that nobody has to find them one by one."""
    if len(cells) == 1:
        return f"cell {_names(cells[0])} is missing"
    named, more = ", ".join(map(_names, cells[:MOST_NAMED])), len(cells) - MOST_NAMED
    return f"cells {named}{f' and {more} more' if more > 0 else ''} are missing"


def _choice(pattern: Any) -> Choice:
    if isinstance(pattern, Choice):
        return pattern
    return all_but() if pattern is ANY else one_of(pattern)


def _names(cell: Iterable[object]) -> str:
    return "(" + ", ".join(_name(one) for one in cell) + ")"


def _name(pattern: object) -> str:
    if not isinstance(pattern, Choice):
        return shown(pattern)
    return ("all but " if pattern.is_rest else "") + " or ".join(map(shown, pattern.named))
