"""Configurations: the state of an instance, with the last commands to collaborators. Uses the engine's own decision.

Two histories of the same facts have to lead to the same end state: one outcome, and one net effect at the
collaborators. The net effect is the last command for each effect, with all its fields. Revisions are left out: they
count earlier commands as well, and collaborators only compare them.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any

from saga.core import Command, Decision, Effect, Fact, Process, State, decide

Effects = frozenset[tuple[str, str, Hashable]]
"""The name of each effect, its condition, and the fields of its last command."""


@dataclass(frozen=True, slots=True, eq=False)
class EndState:
    """The end of a history: its outcome and net effect.

    ``restored`` are the effects that are in their initial condition again, with what their last commands said. That is
    as good as never commanded. But if both of two end states have such a command, both have to say the same.
    """

    outcome: Enum
    effects: Effects
    restored: Effects = frozenset()

    def __eq__(self, other: object) -> bool:
        """Whether both are the same to everybody who can look."""
        if not isinstance(other, EndState):
            return NotImplemented
        return self.outcome is other.outcome and self.effects == other.effects and not differing_restored(self, other)

    def __hash__(self) -> int:
        """Of what equal end states have in common."""
        return hash((id(self.outcome), self.effects))

    @property
    def exactly(self) -> Hashable:
        """Equal for end states that are alike in every detail."""
        return id(self.outcome), self.effects, self.restored


def differing_restored(one: EndState, other: EndState) -> Effects:
    """The effects that both sent back to their initial condition, with other words."""
    if one.restored == other.restored:
        return frozenset()
    both = {name for name, *_ in one.restored} & {name for name, *_ in other.restored}
    return frozenset(effect for effect in one.restored ^ other.restored if effect[0] in both)


@dataclass(frozen=True, slots=True)
class Configuration:
    """The state after a history, and the last command for each effect.

    ``held`` has the contents of the registers and ``carried`` those of the commands, as values that can be compared.
    They are stored because most inputs change one of them at most. ``delays`` has how long after being armed each
    deadline was to be due.
    """

    state: State
    sent: Mapping[str, Command] = field(default_factory=dict)
    held: Mapping[str, Hashable] = field(default_factory=dict)
    carried: Mapping[str, Hashable] = field(default_factory=dict)
    delays: frozenset[tuple[str, timedelta]] = frozenset()

    @property
    def key(self) -> Hashable:
        """Equal for configurations that react to every later input in the same way."""
        state = self.state
        commanded = frozenset((name, sent.condition) for name, sent in state.commanded.items())
        # Each state is one enum member, and comparing object ids is faster than comparing names.
        at = tuple(map(id, state.machines.values()))
        return at, tuple(self.held.values()), commanded, frozenset(self.carried.items()), self.delays


def start(process: Process) -> Configuration:
    """The configuration before the first input."""
    return configuration_at(State.start(process), {})


def configuration_at(state: State, sent: Mapping[str, Command]) -> Configuration:
    """The configuration with this state and these last commands."""
    held = {name: frozen(value) for name, value in state.registers.items()}
    return Configuration(state, sent, held, {name: _contents(command) for name, command in sent.items()})


def apply(process: Process, configuration: Configuration, fact: Fact) -> tuple[Configuration, Decision]:
    """Apply one fact, with the function that the engine uses."""
    decision = decide(process, configuration.state, fact)
    before, after = configuration.state, decision.state
    if after is before:
        return configuration, decision
    held, sent, carried = configuration.held, configuration.sent, configuration.carried
    if after.registers is not before.registers:
        known = before.registers
        held = {name: held[name] if value is known[name] else frozen(value) for name, value in after.registers.items()}
    if decision.commands:
        sent = {**sent, **{command.effect: command for command in decision.commands}}
        carried = {**carried, **{command.effect: _contents(command) for command in decision.commands}}
    delays = configuration.delays.union((timer.name, timer.after) for timer in decision.timers)
    return Configuration(after, sent, held, carried, delays), decision


def end_state(process: Process, configuration: Configuration) -> EndState:
    """The outcome and the net effect of a configuration."""
    state = configuration.state
    initially = {effect.name: effect.initially for effect in process.effects if isinstance(effect, Effect)}
    effects: set[tuple[str, str, Hashable]] = set()
    restored: set[tuple[str, str, Hashable]] = set()
    for name, command in configuration.sent.items():
        condition = state.commanded[name].condition
        is_initial = _is_initial(initially.get(name.partition("/")[0]), condition)
        (restored if is_initial else effects).add((name, condition, frozen(command.fields)))
    outcome = process.outcomes.value(state.machines, state.registers)
    return EndState(outcome, frozenset(effects), frozenset(restored))


def frozen(value: Any) -> Hashable:
    """A hashable form of the value; the order of keys does not matter, that of lists does."""
    if isinstance(value, Mapping):
        return dict, frozenset((key, frozen(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(frozen(item) for item in value)
    if isinstance(value, set | frozenset):
        return frozenset(frozen(item) for item in value)
    # Python calls 1, 1.0 and True equal, and 0.0 and -0.0; as text they differ. No JSON value has a type in it.
    return (type(value), repr(value)) if isinstance(value, bool | float) else value


def _contents(command: Command) -> Hashable:
    return command.type, frozen(command.fields)


def _is_initial(initially: Enum | None, condition: str) -> bool:
    return initially is not None and initially.value == condition
