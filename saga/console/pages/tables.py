"""The tables of a process as people write them: cells that differ in nothing are one row again. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from saga.core import ARMED, Column, Deadline, Effect, Process, Selection, SubMachine
from saga.core.column import Value, shown

ANY: Final = "any"
MOST_ROWS: Final = 200
MOST_CELLS: Final = 4_000
"""Joining cells compares many of them; a larger table is shown by its columns alone."""


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table: the names of its columns, its rows, and how many rows were left out."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 0


def machine_table(machine: SubMachine[Any]) -> ShownTable:
    """The moves of a sub-machine: a row for each state, a column for each input."""
    kinds = sorted(machine.inputs, key=lambda kind: kind.__name__)
    rows = tuple((state.value, *(machine.moves[state][kind].value for kind in kinds)) for state in machine.states)
    return ShownTable(machine.name, ("state", *(kind.__name__ for kind in kinds)), rows)


def outcome_table(process: Process) -> ShownTable:
    """Which outcome each joint state has."""
    cells = {joint: outcome.value for joint, outcome in process.outcomes.cells.items()}
    return _table("Outcomes", process.outcomes.columns, cells, "outcome")


def want_tables(process: Process) -> list[ShownTable]:
    """What is wanted in each joint state."""
    tables = []
    for number, one in enumerate(process.wanted, 1):
        cells = {
            joint: ", ".join(_want(effect, condition) for effect, condition in wants.items()) or "nothing"
            for joint, wants in one.cells.items()
        }
        title = "Wants" if len(process.wanted) == 1 else f"Wants, table {number}"
        tables.append(_table(title, one.columns, cells, "wanted"))
    return tables


def effect_table(process: Process) -> ShownTable:
    """The effects with their commands, and the deadlines with the input that each emits."""
    rows = [row for effect in process.effects for row in _effect_rows(effect)]
    return ShownTable("Effects", ("effect", "condition", "command", "collaborator"), tuple(rows))


def _effect_rows(effect: Effect | Deadline) -> Iterator[tuple[str, ...]]:
    if isinstance(effect, Deadline):
        by_field = "" if effect.override is None else f", or the seconds in {effect.override[1]}"
        yield effect.name, f"armed for {effect.after}{by_field}", f"emits {effect.emits.__name__}", "scheduler"
        return
    for condition, template in effect.commands.items():
        final = ", for good" if condition in effect.final else ""
        yield effect.name, f"{condition.value}{final}", template.type, effect.collaborator


def _want(effect: Effect | Deadline, condition: Any) -> str:
    if isinstance(condition, Selection):
        chosen = f" {condition.condition.value}" if condition.condition is not None else ""
        return f"{effect.name}{chosen} for {condition.name}"
    return f"{effect.name} {condition.value if condition is not ARMED else 'armed'}"


def _table(title: str, columns: Sequence[Column], cells: Mapping[tuple[Value, ...], str], last: str) -> ShownTable:
    names = (*(column.name for column in columns), last)
    if len(cells) > MOST_CELLS:
        return ShownTable(title, names, (), len(cells))
    rows = _joined([(*map(_word, joint), said) for joint, said in cells.items()], [_words(one) for one in columns])
    return ShownTable(title, names, tuple(rows[:MOST_ROWS]), max(0, len(rows) - MOST_ROWS))


def _joined(rows: list[tuple[str, ...]], axes: Sequence[frozenset[str]]) -> list[tuple[str, ...]]:
    """Rows that differ in one column only, and have every value of it, become one row with "any" there."""
    for column, axis in enumerate(axes):
        alike: dict[tuple[str, ...], set[str]] = {}
        for row in rows:
            alike.setdefault((*row[:column], *row[column + 1 :]), set()).add(row[column])
        whole = {rest for rest, values in alike.items() if values >= axis and len(axis) > 1}
        joined: dict[tuple[str, ...], None] = {}
        for row in rows:
            rest = (*row[:column], *row[column + 1 :])
            joined[(*rest[:column], ANY, *rest[column:]) if rest in whole else row] = None
        rows = list(joined)
    return rows


def _words(column: Column) -> frozenset[str]:
    return frozenset(map(_word, column.states))


def _word(value: Value) -> str:
    return shown(value) if isinstance(value, bool) else str(value.value)
