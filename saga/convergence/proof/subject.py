"""What the obligations look at: a process, its spaces, and what each effect needs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from saga.convergence.functions import is_expression
from saga.convergence.proof.space import Space, Spaces
from saga.convergence.proof.view import View, how_it_is_wanted, view
from saga.core import CommandTemplate, ComputedField, Deadline, Effect, Outcomes, Process, Selection, Wanted
from saga.core.expressions import Direction, Expression

CLOCKLESS: Final = "armed_by"
"""The field of a deadline's input that says the same in every order, beside the one that correlates."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a process is not proved: the obligation that it does not meet, and where, as a sentence."""

    obligation: str
    sentence: str


class Subject:
    """A process to be proved. Spaces are made once."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.spaces = Spaces(process)
        self.once = self.spaces.once
        self.kinds = tuple(process.message_types.values())
        self.deadlines = tuple(one for one in process.effects if isinstance(one, Deadline))
        self.effects = tuple(one for one in process.effects if isinstance(one, Effect))
        self.emitted = frozenset(one.emits for one in self.deadlines)
        self.table_of: Mapping[Effect | Deadline, Wanted] = {
            effect: table for table in process.wanted for wants in table.cells.values() for effect in wants
        }
        self._views: dict[Effect | Deadline, View] = {}

    def is_ignored_first(self, kind: type) -> bool:
        """Whether a first message of this class changes nothing, and so is ignored."""
        moved = any(one.move(one.start, kind) is not one.start for one in self.process.machines_by_type[kind])
        return not moved and not self.process.registers_by_type[kind]

    def commandable(self, space: Space) -> list[int]:
        """The states that an instance can be in after a message that was taken in."""
        reached = {state for row in space.steps for targets in row.values() for state in targets}
        if any(not self.is_ignored_first(kind) and 0 in space.after(0, kind) for kind in self.kinds):
            reached.add(0)
        elif not any(0 in targets for number, row in enumerate(space.steps) if number for targets in row.values()):
            reached.discard(0)
        return sorted(reached)

    def is_clock(self, kind: type, name: str) -> bool:
        """Whether this field says when a deadline was armed, which depends on the order."""
        return kind in self.emitted and name not in (self.process.correlate, CLOCKLESS)

    def first_met(
        self,
        tables: Sequence[Outcomes | View],
        heard: Sequence[type],
        look: Callable[[Space], Iterator[Obstacle]],
    ) -> Iterator[Obstacle]:
        """The obstacles in a space of these tables: none if there are none in any of them, else those of the first."""
        first: list[Obstacle] | None = None
        for space in self.spaces.of(tables, heard):
            if not (found := list(look(space))):
                return
            first = found if first is None else first
        if first is None:
            names = ", ".join(dict.fromkeys(column.name for table in tables for column in table.columns))
            first = [Obstacle("size", f"{names} have too many joint states: join some in a table of outcomes")]
        yield from first

    def about(self, effect: Effect, look: Callable[[View, Space], Iterator[Obstacle]]) -> Iterator[Obstacle]:
        """The obstacles in the spaces of the table that wants an effect, with marks for what its commands depend on."""
        table = self.view_of(effect)
        yield from self.first_met([table], self._marks(effect), lambda space: look(table, space))

    def view_of(self, effect: Effect | Deadline) -> View:
        """How an effect is wanted."""
        if effect not in self._views:
            self._views[effect] = view(self.table_of[effect], how_it_is_wanted(effect))
        return self._views[effect]

    def _marks(self, effect: Effect) -> list[type]:
        table = self.table_of[effect]
        heard: dict[type, None] = {}
        if effect.decided_by is not None:
            heard[effect.decided_by] = None
        for template in effect.commands.values():
            if template.register is not None:
                heard.update(dict.fromkeys(template.register.inputs))
            for one in template.computed:
                heard.update(dict.fromkeys(kind for register in one.registers for kind in register.inputs))
        for selection in selections_of(table, effect):
            heard.update(dict.fromkeys(selection.register.inputs))
        return [kind for kind in self.kinds if kind in heard]


def selections_of(table: Wanted, effect: Effect) -> list[Selection]:
    """The selections that a table wants an effect for."""
    found = {id(wants[effect]): wants[effect] for wants in table.cells.values() if effect in wants}
    return [how for how in found.values() if isinstance(how, Selection)]


def condition_of(effect: Effect, how: Enum | Selection) -> Enum:
    """The condition in which an effect is wanted."""
    return how if isinstance(how, Enum) else how.condition or next(iter(effect.commands))


def template_of(effect: Effect, how: Enum | Selection) -> CommandTemplate:
    """The command that brings it about."""
    return effect.commands[condition_of(effect, how)]


def computed_fields(process: Process) -> Iterator[tuple[Effect, ComputedField]]:
    """Each computed field, with its effect."""
    for effect in process.effects:
        if isinstance(effect, Effect):
            for template in effect.commands.values():
                yield from ((effect, one) for one in template.computed)


def direction_of(function: Any, kind: type, registers: Sequence[Any]) -> Direction:
    """How a value moves by a further message of this class: by its law, or in any way if an own function says it."""
    if isinstance(function, Expression) and is_expression(function):
        return function.direction(kind)
    return Direction.EITHER if any(kind in register.inputs for register in registers) else Direction.CONSTANT
