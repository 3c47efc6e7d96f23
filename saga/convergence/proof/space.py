"""The joint states that some columns can have together, and the steps between them.

All columns that hear a message move at once. Nested tables are taken apart into their machines and derived columns.
Where these have too many joint states, a nested table is summarised instead: it becomes one automaton, from its own
space, whose states are joint states that nothing tells apart. A summary forgets how its columns hang together with the
others, so it allows more than there is, never less.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any, Final

from saga.convergence.proof.automata import Automaton, of_derived, of_heard, of_machine
from saga.core import Column, DerivedColumn, Outcomes, Process, Register, SubMachine, Wanted
from saga.core.column import shown

MOST_FLAT: Final = 2_000
"""Joint states up to which nested tables are taken apart."""

MOST_STATES: Final = 20_000
MOST_STEPS: Final = 400_000
MOST_BLOCKS: Final = (48, 0)
"""States of a summary: first exactly, if that is at most so many; then one for each value of the table."""


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
                self.values[id(column)] = self.cells(column)
        return self.values[id(column)]

    def cells(self, table: Any) -> list[Any]:
        """What the cell of a table says in each state."""
        if not table.columns:
            return [table.cells[()]] * len(self.states)
        return [table.cells[joint] for joint in zip(*map(self.column, table.columns), strict=True)]

    def heard(self, kind: type) -> list[bool]:
        """Whether a message of this class was taken in, in each state."""
        place = self.positions[kind]
        return [state[place] == 1 for state in self.states]

    def name(self, table: Outcomes | Wanted, state: int) -> str:
        """The cell of a table in this state, for people."""
        return "(" + ", ".join(shown(self.column(column)[state]) for column in table.columns) + ")"


class Spaces:
    """Makes the spaces of a process; automata and summaries are made once."""

    def __init__(self, process: Process) -> None:
        self.once = frozenset(
            one.of for one in process.registers if isinstance(one, Register) and one.key == process.correlate
        )
        self._automata: dict[Hashable, Automaton] = {}
        self._spaces: dict[Hashable, Space] = {}

    def of(self, tables: Sequence[Outcomes | Wanted], heard: Sequence[type] = ()) -> Space:
        """The space of these tables, with a mark for each class in ``heard``. Raises TooLarge."""
        key = (*map(id, tables), *heard)
        if key not in self._spaces:
            self._spaces[key] = self._made([column for table in tables for column in table.columns], heard)
        return self._spaces[key]

    def _made(self, columns: Sequence[Column], heard: Sequence[type]) -> Space:
        leaves = {_key(leaf): leaf for column in columns for leaf in _leaves(column)}
        marks: dict[Hashable, Automaton] = {kind: of_heard(kind) for kind in heard}
        flat = {key: self._of_leaf(leaf) for key, leaf in leaves.items()}
        if prod(len(one.values) for one in flat.values()) <= MOST_FLAT:
            return _reach({**flat, **marks})
        for blocks in MOST_BLOCKS:
            try:
                return _reach({**{_key(column): self._of_column(column, blocks) for column in columns}, **marks})
            except TooLarge:
                continue
        return _reach({**flat, **marks})

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
            self._automata[key] = _summary(self.of([column]), self.of([column]).cells(column), blocks)
        return self._automata[key]


def _machine(column: Column) -> SubMachine[Any]:
    if not isinstance(column, SubMachine):
        raise TypeError(f"{column!r:.80} is no column that can be proved")
    return column


def _key(column: Column) -> Hashable:
    return id(column) if isinstance(column, Outcomes) else (type(column).__name__, column.name)


def _leaves(column: Column) -> Iterator[Column]:
    if isinstance(column, Outcomes):
        for one in column.columns:
            yield from _leaves(one)
    else:
        yield column


def _reach(automata: Mapping[Hashable, Automaton]) -> Space:
    """Every joint state that these automata can come to together. Raises TooLarge."""
    ordered = list(automata.values())
    movers: dict[type, list[tuple[int, tuple[tuple[int, ...], ...]]]] = {}
    for place, one in enumerate(ordered):
        for kind, rows in one.steps.items():
            movers.setdefault(kind, []).append((place, rows))
    start = (0,) * len(ordered)
    known, states, steps, count = {start: 0}, [start], [], 0
    for state in states:
        row: dict[type, tuple[int, ...]] = {}
        for kind, moving in movers.items():
            targets: dict[int, None] = {}
            for target in _moved(state, moving):
                if (number := known.setdefault(target, len(states))) == len(states):
                    states.append(target)
                targets[number] = None
            row[kind] = tuple(targets)
            count += len(targets)
        steps.append(row)
        if len(states) > MOST_STATES or count > MOST_STEPS:
            raise TooLarge
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
    """One automaton for a table: the joint states that nothing tells apart are one state.

    With more than ``most_blocks`` of these, states are told apart by the value of the table alone, or by what the last
    refinement that fits tells apart.
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
