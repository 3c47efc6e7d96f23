"""Automata: what a column of a table can do, message class by message class, without any sample.

A sub-machine is an automaton already. A derived column becomes one by the laws of its expression: its state is its
value and the message classes that its registers hold entries of. Where the laws leave several next values open, the
automaton has a choice. A column that an own function computes can change to any value whenever a register changes.

Every automaton allows at least what the engine can do. So what holds in all of its states holds in the engine.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from saga.convergence.functions import is_expression
from saga.core import DerivedColumn, SubMachine
from saga.core.expressions import Direction, Expression

Steps = Mapping[type, tuple[tuple[int, ...], ...]]
"""For each message class that can move an automaton: from each of its states, the states that it may lead to."""


@dataclass(frozen=True, slots=True)
class Automaton:
    """States with a value each, and the steps between them; state 0 is the start."""

    values: tuple[Any, ...]
    steps: Steps


def automaton(
    start: Hashable, value: Callable[[Any], Any], step: Callable[[Any, type], Iterable[Any]], kinds: Collection[type]
) -> Automaton:
    """The automaton of everything that can be reached from ``start`` by messages of these classes."""
    known: dict[Any, int] = {start: 0}
    waiting = [start]
    steps: dict[type, list[tuple[int, ...]]] = {kind: [] for kind in kinds}
    for state in waiting:
        for kind, rows in steps.items():
            targets: dict[int, None] = {}
            for target in step(state, kind):
                if target not in known:
                    known[target] = len(known)
                    waiting.append(target)
                targets[known[target]] = None
            rows.append(tuple(targets))
    return Automaton(tuple(map(value, known)), {kind: tuple(rows) for kind, rows in steps.items()})


def of_machine(machine: SubMachine[Any]) -> Automaton:
    """The automaton of a sub-machine: one next state for each message class."""
    return automaton(
        machine.start, lambda state: state, lambda state, kind: (machine.move(state, kind),), machine.inputs
    )


def of_heard(kind: type) -> Automaton:
    """Whether a message of this class was taken in."""
    return Automaton((False, True), {kind: ((1,), (1,))})


def of_derived(column: DerivedColumn, once: frozenset[type]) -> Automaton:
    """The automaton of a derived column. ``once`` are the message classes of which an instance keeps one at most."""
    expression = column.judge if isinstance(column.judge, Expression) and is_expression(column.judge) else None
    kinds = frozenset(kind for register in column.registers for kind in register.inputs)

    def step(state: tuple[Any, frozenset[type]], kind: type) -> Iterable[tuple[Any, frozenset[type]]]:
        value, stored = state
        if kind in once and kind in stored:
            return (state,)
        return ((target, stored | {kind}) for target in _next(column, expression, value, kind, stored | {kind}))

    start = _start(column)
    return automaton((start, frozenset()), lambda state: state[0], step, kinds)


def _start(column: DerivedColumn) -> Any:
    """The value before the first message. An own function may fail here, which the search finds."""
    try:
        return column.value({}, {register.name: register.start for register in column.registers})
    except Exception:
        if is_expression(column.judge):
            raise
        return column.states[0]


def _next(
    column: DerivedColumn, expression: Expression | None, value: Any, kind: type, stored: frozenset[type]
) -> tuple[Any, ...]:
    """The values that the column may have after a further message of this class."""
    if expression is None:
        return column.states
    at = [one is value for one in column.states].index(True)
    allowed = {
        Direction.CONSTANT: column.states[at : at + 1],
        Direction.GROWS: column.states[at:],
        Direction.SHRINKS: column.states[: at + 1],
        Direction.EITHER: column.states,
    }[expression.direction(kind)]
    possible = expression.possible(stored)
    fitting = allowed if possible is None else tuple(one for one in allowed if any(one is other for other in possible))
    # If both laws left nothing, one of them would be wrong, and nothing may be concluded from them.
    return fitting or column.states
