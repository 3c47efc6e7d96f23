"""The joint states that some columns can have together, and the steps between them.

All columns that a message concerns move at once. Nested tables are taken apart into their machines and derived columns.
Where these have too many joint states, nested tables are summarised instead: each becomes one automaton, from its own
space, whose states are joint states that nothing distinguishes. A summary forgets how its columns hang together with
the others, so it allows more than there is, never less. Nested tables can be taken apart to several depths, so there
are several spaces.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any, Final

from saga.convergence.proof.automata import Automaton, of_derived, of_heard, of_machine
from saga.convergence.proof.view import View
from saga.core import Column, DerivedColumn, Outcomes, Process, Register, SubMachine
from saga.core.column import shown

MOST_STATES: Final = 6_000
"""Joint states of a space."""

MOST_BLOCKS: Final = (48, 0)
"""States of a summary: exactly, if that is at most so many; or one for each value of the table."""


class TooLarge(Exception):
    """The joint states are too many to look at each."""


@dataclass(frozen=True, slots=True)
class Space:
    """Joint states, by number; state 0 is the start. ``steps`` lacks the classes that leave a state as it is."""

    states: Sequence[tuple[int, ...]]
    steps: Sequence[Mapping[type, tuple[int, ...]]]
    positions: Mapping[Hashable, int]
    automata: Sequence[Automaton]
    values: dict[int, list[Any]] = field(default_factory=dict)

    def after(self, state: int, kind: type) -> tuple[int, ...]:
        """The states that a message of this class may lead to."""
        return self.steps[state].get(kind, (state,))

    def column(self, column: Column) -> list[Any]:
        """The value of a column in each state."""
        if id(column) not in self.values:
            place = self.positions.get(_key(column))
            if place is not None:
                values = self.automata[place].values
                self.values[id(column)] = [values[state[place]] for state in self.states]
            else:
                self.values[id(column)] = self.cells(_table(column))
        return self.values[id(column)]

    def cells(self, table: Outcomes | View) -> list[Any]:
        """What the cell of a table says in each state."""
        if not table.columns:
            return [table.cells[()]] * len(self.states)
        return [table.cells[joint] for joint in zip(*map(self.column, table.columns), strict=True)]

    def heard(self, kind: type, state: int) -> bool:
        """Whether a message of this class was taken in, in this state."""
        return self.states[state][self.positions[kind]] == 1

    def name(self, table: View, state: int) -> str:
        """Where a state is in a table, for people."""
        named = [f"{column.name}={shown(self.column(column)[state])}" for column in table.columns]
        return f"where {', '.join(named)}" if named else "everywhere"


class Spaces:
    """Makes the spaces of a process; automata and summaries are made once."""

    def __init__(self, process: Process) -> None:
        self.once = frozenset(
            one.of for one in process.registers if isinstance(one, Register) and one.key == process.correlate
        )
        self._automata: dict[Hashable, Automaton] = {}
        self._spaces: dict[Hashable, Space] = {}

    def of(self, tables: Sequence[Outcomes | View], heard: Sequence[type] = ()) -> Iterator[Space]:
        """Spaces of these tables, with a mark for each class in ``heard``: the most exact one first.

        Each allows all that the engine can do, so what holds in one of them is proved. There is none if all would be
        too large.
        """
        columns = [column for table in tables for column in table.columns]
        known: set[Hashable] = set()
        for height in range(1 + max((_height(column) for column in columns), default=0)):
            cut = {_key(one): one for column in columns for one in _expanded(column, height)}
            for blocks in MOST_BLOCKS:
                key = (*cut, *heard, blocks if any(isinstance(one, Outcomes) for one in cut.values()) else None)
                if key not in known:
                    known.add(key)
                    if (space := self._space(key, cut, heard, blocks)) is not None:
                        yield space

    def _space(self, key: Hashable, cut: Mapping[Hashable, Column], heard: Sequence[type], blocks: int) -> Space | None:
        if key not in self._spaces:
            try:
                automata = {name: self._of_column(column, blocks) for name, column in cut.items()}
                self._spaces[key] = _reach({**automata, **{kind: of_heard(kind) for kind in heard}})
            except TooLarge:
                return None
        return self._spaces[key]

    def _of_leaf(self, leaf: Column) -> Automaton:
        key = _key(leaf)
        if key not in self._automata:
            made = of_derived(leaf, self.once) if isinstance(leaf, DerivedColumn) else of_machine(_machine(leaf))
            self._automata[key] = made
        return self._automata[key]

    def _of_column(self, column: Column, blocks: int) -> Automaton:
        if not isinstance(column, Outcomes):
            return self._of_leaf(column)
        key = (id(column), blocks)
        if key not in self._automata:
            space = next(self.of([column]), None)
            if space is None:
                raise TooLarge
            self._automata[key] = _summary(space, space.cells(column), blocks)
        return self._automata[key]


def _table(column: Column) -> Outcomes:
    if not isinstance(column, Outcomes):
        raise TypeError(f"{column.name} has no place in this space")
    return column


def _machine(column: Column) -> SubMachine[Any]:
    if not isinstance(column, SubMachine):
        raise TypeError(f"{column!r:.80} is no column that can be proved")
    return column


def _key(column: Column) -> Hashable:
    return id(column) if isinstance(column, Outcomes) else (type(column).__name__, column.name)


def _height(column: Column) -> int:
    """How many tables are nested in each other here."""
    return 1 + max(map(_height, column.columns), default=0) if isinstance(column, Outcomes) else 0


def _expanded(column: Column, height: int) -> Iterator[Column]:
    """The columns that a column is made of, down to tables of this height."""
    if isinstance(column, Outcomes) and _height(column) > height:
        for one in column.columns:
            yield from _expanded(one, height)
    else:
        yield column


def _reach(automata: Mapping[Hashable, Automaton]) -> Space:
    """Every joint state that these automata can come to together. Raises TooLarge."""
    ordered = list(automata.values())
    if prod(len(one.values) for one in ordered) > MOST_STATES:
        raise TooLarge
    movers: dict[type, list[tuple[int, tuple[tuple[int, ...], ...]]]] = {}
    for place, one in enumerate(ordered):
        for kind, rows in one.steps.items():
            movers.setdefault(kind, []).append((place, rows))
    start = (0,) * len(ordered)
    known, states, steps = {start: 0}, [start], []
    for state in states:
        row: dict[type, tuple[int, ...]] = {}
        for kind, moving in movers.items():
            targets: dict[int, None] = {}
            for target in _moved(state, moving):
                if (number := known.setdefault(target, len(states))) == len(states):
                    states.append(target)
                targets[number] = None
            row[kind] = tuple(targets)
        steps.append(row)
    return Space(states, steps, {key: place for place, key in enumerate(automata)}, ordered)


def _moved(
    state: tuple[int, ...], moving: Sequence[tuple[int, tuple[tuple[int, ...], ...]]]
) -> Iterator[tuple[int, ...]]:
    """The joint states after one message, with every choice that the moving automata have."""
    for chosen in product(*(rows[state[place]] for place, rows in moving)):
        target = list(state)
        for (place, _), value in zip(moving, chosen, strict=True):
            target[place] = value
        yield tuple(target)


def _summary(space: Space, values: Sequence[Any], most_blocks: int) -> Automaton:
    """One automaton for a table: the joint states that nothing distinguishes are one state.

    With more than ``most_blocks`` of these, states are distinguished by the value of the table alone, or by what the
    last refinement that fits distinguishes.
    """
    kinds = list({kind: None for row in space.steps for kind in row})
    blocks = _numbered([id(value) for value in values])
    while True:
        refined = _numbered(
            [
                (block, tuple(frozenset(blocks[after] for after in space.after(state, kind)) for kind in kinds))
                for state, block in enumerate(blocks)
            ]
        )
        if max(refined) + 1 > most_blocks or max(refined) == max(blocks):
            break
        blocks = refined
    count = max(blocks) + 1
    named: list[Any] = [None] * count
    targets: dict[type, list[dict[int, None]]] = {kind: [{} for _ in range(count)] for kind in kinds}
    for state, block in enumerate(blocks):
        named[block] = values[state]
        for kind in kinds:
            targets[kind][block].update(dict.fromkeys(blocks[after] for after in space.after(state, kind)))
    return Automaton(tuple(named), {kind: tuple(tuple(one) for one in rows) for kind, rows in targets.items()})


def _numbered(keys: Sequence[Hashable]) -> list[int]:
    """A number for each key, the first one 0."""
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]
