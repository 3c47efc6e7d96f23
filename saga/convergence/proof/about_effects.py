"""Obligations of effects: the last command of each effect depends on the set of messages alone.

They are said of single steps. A state is one of the effect's space; the step to the next is one message. If they hold
for every step, they hold on every way.
"""

from collections.abc import Iterator
from enum import Enum
from functools import partial

from saga.convergence.functions import is_expression
from saga.convergence.proof.space import Space
from saga.convergence.proof.subject import (
    Obstacle,
    Subject,
    condition_of,
    direction_of,
    selections_of,
    template_of,
)
from saga.convergence.proof.view import View
from saga.core import ComputedField, Effect, Register, Selection
from saga.core.expressions import Chooser, Direction, Expression, Figure
from saga.core.expressions.base import Move

How = Enum | Selection
_KEPT = (Direction.CONSTANT, Direction.GROWS)


def wants_are_of_one_kind(subject: Subject) -> Iterator[Obstacle]:
    """An effect is wanted once in all cells, or in all cells for entries of one register, whose fields it carries."""
    for effect in subject.effects:
        table = subject.table_of[effect]
        selections = selections_of(table, effect)
        if not selections:
            continue
        if any(isinstance(wants.get(effect), Enum) for wants in table.cells.values()):
            yield Obstacle(
                "support", f"{effect.name} is wanted once in one cell and for entries in another: use one way"
            )
        registers = {selection.register.name for selection in selections}
        registers |= {one.register.name for one in effect.commands.values() if one.register is not None}
        if len(registers) > 1:
            names = ", ".join(sorted(registers))
            yield Obstacle("support", f"{effect.name} takes its entries and fields from several registers: {names}")


def named_effects_stay_named(subject: Subject) -> Iterator[Obstacle]:
    """Who was commanded something is named in every later cell, each key of a selection included."""
    for effect in subject.effects:
        yield from subject.about(effect, partial(_named_effects_stay_named, subject, effect))


def _named_effects_stay_named(subject: Subject, effect: Effect, table: View, space: Space) -> Iterator[Obstacle]:
    wants = [cell.get(effect) for cell in space.cells(table)]
    for state, kind, after in _steps(subject, space):
        how = wants[state]
        if how is None or condition_of(effect, how) is effect.initially or _is_empty(space, how, state):
            continue
        if (sentence := _lost(effect, how, wants[after], kind)) is not None:
            yield Obstacle("support", f"{effect.name}: {_step(table, space, (state, kind, after))} {sentence}")
            break


def _lost(effect: Effect, how: How, later: How | None, kind: type) -> str | None:
    """How a command can be left standing: the later cell does not name it, or not all of its keys."""
    if later is None:
        return f"no longer names it: say in which condition {effect.name} is then"
    if isinstance(how, Selection) and isinstance(later, Selection):
        if direction_of(how.choose, kind, (how.register, *how.beside)) not in _KEPT:
            return f"may choose fewer entries: {how.name} can lose some"
        if not _is_within(how, later):
            return f"chooses {later.name}, which may lack some of {how.name}"
    return None


def _is_within(one: Selection, other: Selection) -> bool:
    """Whether everything that one chooses is surely chosen by the other."""
    if not (isinstance(one.choose, Chooser) and isinstance(other.choose, Chooser)):
        return one.choose is other.choose
    return is_expression(one.choose) and is_expression(other.choose) and one.choose.is_within(other.choose)


def _is_empty(space: Space, how: How, state: int) -> bool:
    """Whether the register of a selection has no entry in this state."""
    return isinstance(how, Selection) and not space.heard(how.register.of, state)


def commands_know_their_fields(subject: Subject) -> Iterator[Obstacle]:
    """The entry that a command carries fields of has come in every state that wants the command."""
    for effect in subject.effects:
        yield from subject.about(effect, partial(_commands_know_their_fields, subject, effect))


def _commands_know_their_fields(subject: Subject, effect: Effect, table: View, space: Space) -> Iterator[Obstacle]:
    wants = [cell.get(effect) for cell in space.cells(table)]
    reported: set[Enum] = set()
    for state in subject.commandable(space):
        how = wants[state]
        if not isinstance(how, Enum) or how in reported:
            continue
        template = effect.commands[how]
        if not isinstance(template.register, Register) or not template.fields:
            continue
        if not space.heard(template.register.of, state):
            reported.add(how)
            kind = template.register.of.__name__
            yield Obstacle(
                "fields",
                f"{effect.name}: it is wanted {how.name} {space.name(table, state)}, and carries fields of {kind}, also"
                f" when no {kind} has come: want it only once it has",
            )


def final_conditions_stay(subject: Subject) -> Iterator[Obstacle]:
    """What can't be undone stays wanted, with the same keys and with fields that only gain."""
    for effect in (one for one in subject.effects if one.final):
        yield from subject.about(effect, partial(_final_conditions_stay, subject, effect))


def _final_conditions_stay(subject: Subject, effect: Effect, table: View, space: Space) -> Iterator[Obstacle]:
    wants = [cell.get(effect) for cell in space.cells(table)]
    for state, kind, after in _steps(subject, space):
        how = wants[state]
        if how is None or condition_of(effect, how) not in effect.final or _is_empty(space, how, state):
            continue
        if effect.decided_by is not None and not space.heard(effect.decided_by, after):
            continue
        sentence = _undone(effect, how, wants[after], kind) or _first_known(effect, how, space, state, kind)
        if sentence is not None:
            yield Obstacle("final", f"{effect.name}: {_step(table, space, (state, kind, after))} {sentence}")
            break


def _undone(effect: Effect, how: How, later: How | None, kind: type) -> str | None:
    """How a step takes back a final command."""
    condition = condition_of(effect, how)
    if later is None or condition_of(effect, later) is not condition:
        return f"no longer wants it {condition.name}, which can't be undone"
    if (sentence := _lost(effect, how, later, kind)) is not None:
        return sentence
    for one in template_of(effect, how).computed:
        direction = direction_of(one.compute, kind, one.registers)
        if direction is Direction.CONSTANT or (direction is Direction.GROWS and _is_gained(one)):
            continue
        return f"may want it with another {one.name}: {condition.name} can't be undone, so the field may only gain"
    return None


def _first_known(effect: Effect, how: How, space: Space, state: int, kind: type) -> str | None:
    """How a step gives a field its first value after the command: nothing is no part of a value, so that is no gain."""
    for one in template_of(effect, how).computed:
        if isinstance(one.compute, Expression) and one.compute.moves(kind) & Move.APPEARS:
            known = frozenset(register.of for register in one.compute.registers)
            is_known = all(space.heard(type_, state) for type_ in known)
            if not (is_known and isinstance(one.compute, Figure) and not one.compute.span(known).can_be_absent):
                condition = condition_of(effect, how).name
                return f"may give {one.name} its first value: {condition} can't be undone, so want it only after that"
    return None


def _is_gained(field: ComputedField) -> bool:
    """Whether a greater value of the field includes the lesser ones: a number, a list or a mapping, but no text."""
    return field.is_cumulative and getattr(field.compute, "json_type", "truth") not in ("text", "mixed")


def _steps(subject: Subject, space: Space) -> Iterator[tuple[int, type, int]]:
    """Each step from a state in which something was commanded: the state, the message class, the next state.

    A message that leaves the columns alone counts as well: it may add an entry. One of which an instance keeps one at
    most comes once: a second, different one contradicts it.
    """
    stored = [kind for kind in subject.kinds if subject.process.registers_by_type[kind]]
    for state in subject.commandable(space):
        row = space.steps[state]
        for kind in dict.fromkeys((*row, *stored)):
            if kind in subject.once and kind in space.positions and space.heard(kind, state):
                continue
            for after in space.after(state, kind):
                yield state, kind, after


def _step(table: View, space: Space, step: tuple[int, type, int]) -> str:
    """The beginning of a sentence about a step."""
    state, kind, after = step
    here, there = space.name(table, state), space.name(table, after)
    if here == there:
        return f"{here}, a further {kind.__name__} can come; then the table"
    return f"{here}, {kind.__name__} leads to {there.removeprefix('where ')}; there the table"
