"""The two tables that join sub-machines: joint state -> outcome, and (outcome, one part's state) -> what is wanted.

Both are complete and without overlap, or the declaration names the cell that is missing or claimed twice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import product
from typing import Any, Final

from saga.core.effect import Deadline, Effect, Selection
from saga.core.errors import DeclarationError
from saga.core.submachine import SubMachine


class _Any(Enum):
    ANY = "any"


ANY: Final = _Any.ANY
"""Stands for every state in a row of a table."""

Joint = tuple[Enum, ...]
Wants = Mapping[Effect | Deadline, Enum | Selection]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The outcome of every joint state of ``parts``, expanded from the rows that declared it."""

    parts: tuple[SubMachine[Any], ...]
    rows: tuple[Joint, ...]
    cells: Mapping[Joint, Enum]

    def of(self, states: Mapping[str, Enum]) -> Enum:
        """The outcome of the states, given by the names of their parts."""
        return self.cells[tuple([states[part.name] for part in self.parts])]


def outcomes(*parts: SubMachine[Any], rows: Iterable[Joint]) -> Outcomes:
    """An outcome table: each row has one state (or ANY) for each part, and last the outcome.

    Raises DeclarationError for a cell that no row or more than one row claims.
    """
    rows = tuple(rows)
    axes = tuple(part.states for part in parts)
    return Outcomes(parts, rows, _expand("outcomes", axes, [(row[:-1], row[-1]) for row in rows]))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted for each pair of an outcome and a state of the part ``given``."""

    given: SubMachine[Any]
    cells: Mapping[Joint, Wants]

    def of(self, outcome: Enum, states: Mapping[str, Enum]) -> Wants:
        """What the process wants now."""
        return self.cells[outcome, states[self.given.name]]


def wanted(outcome: type[Enum], given: SubMachine[Any], rows: Iterable[tuple[Enum, Enum, Wants]]) -> Wanted:
    """A table of wants: each row has an outcome, a state (or ANY) of ``given``, and what is wanted then.

    Raises DeclarationError for a cell that no row or more than one row claims, and for a condition that has no command.
    """
    cells = _expand("wanted", (tuple(outcome), given.states), [(row[:2], row[2]) for row in rows])
    for cell, wants in cells.items():
        for effect, condition in wants.items():
            if isinstance(effect, Effect) and isinstance(condition, Enum) and condition not in effect.commands:
                raise DeclarationError(
                    f"wanted: cell {_names(cell)} wants {condition} of {effect.name}: no such command"
                )
    return Wanted(given, cells)


def _expand(table: str, axes: tuple[tuple[Enum, ...], ...], rows: list[tuple[Joint, Any]]) -> dict[Joint, Any]:
    cells: dict[Joint, Any] = {}
    for pattern, value in rows:
        if len(pattern) != len(axes):
            raise DeclarationError(f"{table}: row {_names(pattern)} has {len(pattern)} states for {len(axes)} columns")
        for cell in product(*(axis if state is ANY else (state,) for state, axis in zip(pattern, axes, strict=True))):
            if cell in cells:
                raise DeclarationError(f"{table}: cell {_names(cell)} is claimed twice")
            cells[cell] = value
    for cell in product(*axes):
        if cell not in cells:
            raise DeclarationError(f"{table}: cell {_names(cell)} is missing")
    if len(cells) > len(list(product(*axes))):
        raise DeclarationError(f"{table}: a row names a state that none of its columns has")
    return cells


def _names(cell: Joint) -> str:
    return "(" + ", ".join(state.name for state in cell) + ")"
