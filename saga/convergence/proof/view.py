"""Views of tables: only what an obligation asks of each cell, and only the columns on which that depends."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from saga.core import Column, Deadline, Effect, Outcomes, Selection, Wanted

MOST_LOOKED_AT: Final = 60_000
"""Cells times columns up to which columns are left out."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Some columns of a table, and a cell of the table for each combination of their values."""

    columns: tuple[Column, ...]
    cells: Mapping[tuple[Any, ...], Any]


def view(table: Outcomes | Wanted, asked: Callable[[Any], Hashable]) -> View:
    """The view of a table that distinguishes what is ``asked`` of its cells."""
    kept = list(range(len(table.columns)))
    if len(table.cells) * len(kept) <= MOST_LOOKED_AT:
        answers = {joint: asked(cell) for joint, cell in table.cells.items()}
        kept = [place for place in kept if _matters(answers, place)]
    cells: dict[tuple[Any, ...], Any] = {}
    for joint, cell in table.cells.items():
        cells.setdefault(tuple([joint[place] for place in kept]), cell)
    return View(tuple(table.columns[place] for place in kept), cells)


def _matters(answers: Mapping[tuple[Any, ...], Hashable], place: int) -> bool:
    known: dict[tuple[Any, ...], Hashable] = {}
    return any(
        known.setdefault((*joint[:place], *joint[place + 1 :]), answer) != answer for joint, answer in answers.items()
    )


def how_it_is_wanted(effect: Effect | Deadline) -> Callable[[Any], Hashable]:
    """Asks a cell how it wants an effect."""
    return lambda wants: _key(wants.get(effect))


def everything_wanted(wants: Any) -> Hashable:
    """Asks a cell for the outcome, or how it wants each effect."""
    if isinstance(wants, Enum):
        return id(wants)
    return frozenset((id(effect), _key(how)) for effect, how in wants.items())


def _key(how: Enum | Selection | None) -> Hashable:
    """Selections are distinguished by their names, which are unique in a process, and by their conditions."""
    return (how.name, id(how.condition)) if isinstance(how, Selection) else id(how)


def leaves(column: Column) -> Iterator[Column]:
    """The sub-machines and derived columns that a column is made of."""
    if isinstance(column, Outcomes):
        for one in column.columns:
            yield from leaves(one)
    else:
        yield column
