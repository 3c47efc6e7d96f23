"""A sub-machine: one small table of states and moves, which consumes only its own inputs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from saga.core.errors import DeclarationError
from saga.core.words import require_distinct, require_name

S = TypeVar("S", bound=Enum)


@dataclass(frozen=True, slots=True)
class SubMachine(Generic[S]):
    """A table ``moves[state][message class] -> next state`` over one enum, complete in every cell.

    Raises DeclarationError where a state has no row, a row has no cell for one of the inputs, a cell names a state of
    another enum, or a state can't be reached from ``start``.

    >>> WORK.move(Work.OPEN, Solved)
    <Work.DONE: 'done'>
    >>> SubMachine("work", start=Work.OPEN, moves={Work.OPEN: {Solved: Work.DONE}})
    Traceback (most recent call last):
    saga.core.errors.DeclarationError: sub-machine 'work': state DONE has no row in moves
    """

    name: str
    start: S
    moves: Mapping[S, Mapping[type, S]]
    inputs: frozenset[type] = field(init=False)

    def __post_init__(self) -> None:
        require_name("sub-machine", self.name)
        object.__setattr__(self, "inputs", frozenset(kind for row in self.moves.values() for kind in row))
        for problem in chain(self._about_types(), self._about_cells()):
            raise DeclarationError(f"sub-machine {self.name!r}: {problem}")
        require_distinct(f"sub-machine {self.name!r}", self.states)
        moves = {state: MappingProxyType(dict(row)) for state, row in self.moves.items()}
        object.__setattr__(self, "moves", MappingProxyType(moves))

    @property
    def states(self) -> tuple[S, ...]:
        """Every state, in the order of its enum."""
        return tuple(type(self.start))

    def value(self, machines: Mapping[str, Enum], registers: Mapping[str, Any]) -> Enum:  # noqa: ARG002 -- has the signature of Column.value
        """The current state."""
        return machines[self.name]

    def move(self, state: S, kind: type) -> S:
        """The state after an input of this kind; an input of another machine moves nothing."""
        return self.moves[state].get(kind, state)

    def _about_types(self) -> Iterator[str]:
        """Values of wrong types; checked here because users may not run a type checker."""
        start: object = self.start
        moves: Iterable[tuple[object, object]] = self.moves.items()
        if not isinstance(start, Enum):
            yield f"start {start!r} is no state: states are the members of an enum"
        for state, row in moves:
            if not isinstance(row, Mapping):
                yield f"row {state} is no table of message classes and the states that they lead to"
        kinds: Iterable[object] = self.inputs
        for kind in kinds:
            if not isinstance(kind, type):
                yield f"it consumes {kind!r}, which is no message class"

    def _about_cells(self) -> Iterator[str]:
        for state in self.states:
            if state not in self.moves:
                yield f"state {state.name} has no row in moves"
        for state in self.moves:
            if type(state) is not type(self.start):
                yield f"row {state!r} is of no state: it is not a {type(self.start).__name__}"
        for state, row in self.moves.items():
            for kind in sorted(self.inputs - row.keys(), key=lambda missing: missing.__name__):
                yield f"cell ({state.name}, {kind.__name__}) is missing: every input is answered in every state"
            for kind, target in row.items():
                if type(target) is not type(self.start):
                    yield f"cell ({state.name}, {kind.__name__}) names {target!r}, not a {type(self.start).__name__}"
        for state in self._unreachable():
            yield f"state {state.name} can't be reached from {self.start.name}"

    def _unreachable(self) -> list[S]:
        reached, frontier = {self.start}, [self.start]
        while frontier:
            for target in self.moves.get(frontier.pop(), {}).values():
                if target not in reached:
                    reached.add(target)
                    frontier.append(target)
        return [state for state in self.states if state not in reached]
