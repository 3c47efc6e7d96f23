"""The decision: how one input changes one instance. No other function changes an instance.

Each sub-machine that consumes the input moves by its table, and each register stores the fields of the input. Both give
the same joint state for every order of the same inputs. The outcome and the wants are functions of that joint state
alone, and the commands are the difference between the wants and the last commands. So the *last* commanded condition of
every effect, with its computed fields, depends only on the set of facts too, whatever was commanded before.

Every input gets an answer: taken in, ignored with a reason, refused because it contradicts a known fact, or refused
because the instance is full. Only an input that no instance could take in raises: one whose seconds are no delay.

An instance may have a thousand entries, with one effect for each. So a cheap comparison skips most of them, and only
entries that may differ are compared in full.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from types import MappingProxyType
from typing import Any

from saga.core.effect import ARMED, Deadline, Effect, Selection
from saga.core.fact import Fact
from saga.core.plain import EXACT_TYPES, is_same
from saga.core.process import Process
from saga.core.register import Beyond
from saga.core.state import Commanded, State
from saga.core.statically_frozen import statically_frozen


class DecisionKind(Enum):
    """How an input was answered."""

    TAKEN = "taken"
    IGNORED = "ignored"
    CONFLICT = "conflict"
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True)
class Command:
    """A command to a collaborator.

    ``effect`` names what the command changes. Of all commands for one effect, the one with the greatest ``revision``
    is valid. Revisions start at 1 and count the commands of one instance to one collaborator.
    """

    type: str
    collaborator: str
    effect: str
    revision: int
    fields: Mapping[str, Any]


@statically_frozen
class Timer:
    """A deadline to arm. It is due ``after`` this time from now, by the database's clock."""

    name: str
    emits: str
    after: timedelta


@statically_frozen
class Decision:
    """The answer to one input: the new state and the commands to send. ``reason`` is a sentence for people."""

    kind: DecisionKind
    reason: str
    state: State
    outcome: Enum
    commands: tuple[Command, ...] = ()
    timers: tuple[Timer, ...] = ()


def decide(process: Process, state: State, fact: Fact, *, is_bounded: bool = True) -> Decision:
    """Answer one input to an instance in this state. Pure.

    With ``is_bounded=False`` it ignores the bounds of registers and of delays: what was taken in once must be accepted
    again. Raises UnusableInput for an input whose seconds can't be the delay of a deadline, in whatever state.
    """
    if is_bounded:
        for deadline in process.delays_by_type.get(fact.kind, ()):
            deadline.require_delay(fact.fields)
    before = process.outcomes.value(state.machines, state.registers)
    machines, registers = state.machines, state.registers
    for register in process.registers_by_type[fact.kind]:
        held = registers[register.name]
        if conflict := register.conflict(held, fact):
            return Decision(DecisionKind.CONFLICT, conflict, state, before)
        applied = register.apply_bounded(held, fact) if is_bounded else register.apply(held, fact)
        if isinstance(applied, Beyond):
            return Decision(DecisionKind.BEYOND, applied.why, state, before)
        if applied is not held:
            registers = {**registers, register.name: applied}
    for machine in process.machines_by_type[fact.kind]:
        if (moved := machine.move(machines[machine.name], fact.kind)) is not machines[machine.name]:
            machines = {**machines, machine.name: moved}
    if machines is state.machines and registers is state.registers:
        return Decision(DecisionKind.IGNORED, _why_ignored(process, state, fact), state, before)
    outcome = process.outcomes.value(machines, registers)
    after, commands, timers = _command(process, State(machines, registers, state.commanded, state.revisions))
    return Decision(
        DecisionKind.TAKEN, _what_changed(process, state, after, before, outcome), after, outcome, commands, timers
    )


def _command(process: Process, state: State) -> tuple[State, tuple[Command, ...], tuple[Timer, ...]]:
    """The commands and timers that are wanted and were not commanded yet, and the state after them."""
    commanded, revisions = dict(state.commanded), dict(state.revisions)
    commands: list[Command] = []
    timers: list[Timer] = []
    for effect, condition in process.wants(state.machines, state.registers).items():
        if isinstance(effect, Deadline):
            if effect.name not in commanded:
                commanded[effect.name] = Commanded(ARMED.value, 1)
                timers.append(Timer(effect.name, effect.emits.__name__, effect.delay(state.registers)))
            continue
        for name, key, wanted, computed in _differing(effect, condition, state):
            template = effect.commands[wanted]
            revision = revisions.get(effect.collaborator, 0) + 1
            revisions[effect.collaborator] = revision
            commanded[name] = Commanded(wanted.value, revision, computed)
            fields = template.carried(state.registers, key)
            fields.update(computed)
            commands.append(Command(template.type, effect.collaborator, name, revision, MappingProxyType(fields)))
    return State(state.machines, state.registers, commanded, revisions), tuple(commands), tuple(timers)


Differing = tuple[str, str | None, Enum, dict[str, Any]]
"""The name of an effect, the key of its entry if it has one, the wanted condition, and its computed fields."""


def _differing(effect: Effect, wanted: Enum | Selection, state: State) -> Iterator[Differing]:
    """The wants of one effect that differ from its last commands, in the order of the keys."""
    if isinstance(wanted, Enum):
        computed = effect.commands[wanted].compute_fields(state.registers, None)
        if _differs(wanted.value, wanted is effect.initially, computed, state.commanded.get(effect.name)):
            yield effect.name, None, wanted, computed
        return
    condition = wanted.condition or next(iter(effect.commands))
    template, word, is_initial = effect.commands[condition], condition.value, condition is effect.initially
    for key, name in _candidates(effect, condition, wanted.chosen(state.registers), state.commanded):
        computed = template.compute_fields(state.registers, key)
        if _differs(word, is_initial, computed, state.commanded.get(name)):
            yield name, key, condition, computed


def _candidates(
    effect: Effect, condition: Enum, chosen: Iterable[str], commanded: Mapping[str, Commanded]
) -> list[tuple[str, str]]:
    """The chosen entries that may differ, with the names of their effects, in the order of the keys."""
    prefix = f"{effect.name}/"
    named = [(key, prefix + key) for key in chosen]
    if not effect.commands[condition].computed:
        value = condition.value
        named = [
            one for one in named if (last := commanded.get(one[1])) is None or last.condition != value or last.computed
        ]
    return sorted(named)


def _differs(condition: str, is_initial: bool, computed: Mapping[str, Any], last: Commanded | None) -> bool:
    """Whether the wanted condition differs from the last command, or from the condition before any command."""
    if last is None:
        return not is_initial
    if last.condition != condition or last.computed != computed:
        return True
    for name, value in computed.items():
        said = last.computed[name]
        if (type(value) is not type(said) or type(value) not in EXACT_TYPES) and not is_same(value, said):
            return True
    return False


def _why_ignored(process: Process, state: State, fact: Fact) -> str:
    known = [register.known(fact) for register in process.registers_by_type[fact.kind]]
    moved = [
        f"{machine.name} is already {state.machines[machine.name].value}"
        for machine in process.machines_by_type[fact.kind]
    ]
    return f"ignored, because {' and '.join(known or moved)}"


def _what_changed(process: Process, before: State, after: State, was: Enum, outcome: Enum) -> str:
    changes = [
        f"{name} {before.machines[name].value} -> {state.value}"
        for name, state in after.machines.items()
        if before.machines[name] is not state
    ]
    for register in process.registers:
        changes += register.changes(before.registers[register.name], after.registers[register.name])
    stays = f"outcome stays {outcome.value}" if was is outcome else f"outcome {was.value} -> {outcome.value}"
    return f"taken in: {', '.join(changes)}; {stays}"
