"""The decision: what one input does to one instance. The only function that moves an instance, anywhere.

Taking in: each sub-machine that hears the input moves by its table, each register keeps what the input said. Both give
the same joint state in every order of the same inputs. The outcome and what is wanted are functions of that joint state
alone, and commands are the difference between what is wanted and what was commanded last. So the *last* commanded
condition of every effect, and every figure that went with it, is a function of the set of facts too, whatever was
commanded on the way.

Every input is answered: taken in, ignored with the reason, or refused as a conflict with what is known. Nothing raises.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import Enum
from typing import Any

from saga.core.effect import Deadline, Effect, Selection
from saga.core.fact import Fact
from saga.core.frozen import frozen
from saga.core.process import Process
from saga.core.state import Commanded, State


class Verdict(Enum):
    """How an input was answered."""

    TAKEN = "taken"
    IGNORED = "ignored"
    CONFLICT = "conflict"


@frozen
class Command:
    """A command to a collaborator.

    ``effect`` names what it changes; of all commands for one effect the one with the greatest ``revision`` holds.
    Revisions count up for an instance and collaborator, from 1.
    """

    type: str
    collaborator: str
    effect: str
    revision: int
    fields: dict[str, Any]


@frozen
class Timer:
    """A deadline to arm, due ``after`` now by the database's clock."""

    name: str
    emits: str
    after: timedelta


@frozen
class Decision:
    """The answer to one input: the state after it, and what to send. ``reason`` is a sentence for people."""

    verdict: Verdict
    reason: str
    state: State
    outcome: Enum
    commands: tuple[Command, ...] = ()
    timers: tuple[Timer, ...] = ()


def decide(process: Process, state: State, fact: Fact) -> Decision:
    """Answer one input to an instance in this state. Pure."""
    before = process.outcomes.value(state.parts, state.registers)
    parts, registers = state.parts, state.registers
    for register in process.keepers[fact.kind]:
        before_it = registers[register.name]
        if conflict := register.conflict(before_it, fact):
            return Decision(Verdict.CONFLICT, conflict, state, before)
        if (entries := register.take_in(before_it, fact)) is not before_it:
            registers = {**registers, register.name: entries}
    for part in process.hearers[fact.kind]:
        if (moved := part.move(parts[part.name], fact.kind)) is not parts[part.name]:
            parts = {**parts, part.name: moved}
    if parts is state.parts and registers is state.registers:
        return Decision(Verdict.IGNORED, _why_ignored(process, state, fact), state, before)
    outcome = process.outcomes.value(parts, registers)
    after, commands, timers = _command(process, State(parts, registers, state.commanded, state.revisions))
    return Decision(
        Verdict.TAKEN, _what_changed(process, state, after, before, outcome), after, outcome, commands, timers
    )


def _command(process: Process, state: State) -> tuple[State, tuple[Command, ...], tuple[Timer, ...]]:
    """Send the difference between what is wanted and what was commanded last."""
    commanded, revisions = dict(state.commanded), dict(state.revisions)
    commands: list[Command] = []
    timers: list[Timer] = []
    for effect, key, condition in _wants(process, state):
        name = effect.name if key is None else f"{effect.name}/{key}"
        last = commanded.get(name)
        if isinstance(effect, Deadline):
            if last is None:
                commanded[name] = Commanded(condition.value, 1)
                timers.append(Timer(effect.name, effect.emits.__name__, effect.delay(state.registers)))
            continue
        sends = effect.commands[condition]
        figures = sends.worked_out(state.registers, key)
        if _differs(effect, condition, figures, last):
            revision = revisions.get(effect.collaborator, 0) + 1
            revisions[effect.collaborator] = revision
            commanded[name] = Commanded(condition.value, revision, figures)
            fields = sends.carried(state.registers, key)
            fields.update(figures)
            commands.append(Command(sends.type, effect.collaborator, name, revision, fields))
    return State(state.parts, state.registers, commanded, revisions), tuple(commands), tuple(timers)


def _differs(effect: Effect, condition: Enum, figures: Mapping[str, Any], last: Commanded | None) -> bool:
    """Whether what is wanted is not what the effect was commanded last, or is without any command."""
    if last is None:
        return condition is not effect.initially
    return last.condition != condition.value or last.figures != figures


def _wants(process: Process, state: State) -> Iterator[tuple[Effect | Deadline, str | None, Enum]]:
    """Each effect that is wanted now, with its register key if it has one, and the wanted condition."""
    for effect, condition in process.wants(state.parts, state.registers).items():
        if isinstance(effect, Effect) and isinstance(condition, Selection):
            for_each = condition.condition or next(iter(effect.commands))
            for key in sorted(condition.chosen(state.registers)):
                yield effect, key, for_each
        elif isinstance(condition, Enum):
            yield effect, None, condition


def _why_ignored(process: Process, state: State, fact: Fact) -> str:
    known = [register.known(fact) for register in process.keepers[fact.kind]]
    moved = [f"{part.name} is already {state.parts[part.name].value}" for part in process.hearers[fact.kind]]
    return f"ignored, because {' and '.join(known or moved)}"


def _what_changed(process: Process, before: State, after: State, was: Enum, outcome: Enum) -> str:
    changes = [
        f"{name} {before.parts[name].value} -> {state.value}"
        for name, state in after.parts.items()
        if before.parts[name] is not state
    ]
    for register in process.registers:
        changes += register.changes(before.registers[register.name], after.registers[register.name])
    stays = f"outcome stays {outcome.value}" if was is outcome else f"outcome {was.value} -> {outcome.value}"
    return f"taken in: {', '.join(changes)}; {stays}"
