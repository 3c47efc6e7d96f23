"""Configurations: the state of an instance, with the last commands to collaborators. Uses the engine's own decision.

Two histories of the same facts have to lead to the same end state: one outcome, and one net effect at the
collaborators. The net effect is the last command for each effect, with all its fields. Revisions are left out: they
count earlier commands as well, and collaborators only compare them.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from saga.core import Command, Decision, Effect, Fact, Process, State, decide

Effects = frozenset[tuple[str, str, Hashable]]
"""The name of each effect, its condition, and the fields of its last command."""


@dataclass(frozen=True, slots=True)
class EndState:
    """The end of a history: its outcome and net effect."""

    outcome: Enum
    effects: Effects


@dataclass(frozen=True, slots=True)
class Configuration:
    """The state after a history, and the last command for each effect.

    ``held`` has the contents of the registers and ``carried`` those of the commands, as values that can be compared.
    They are stored because most inputs change one of them at most.
    """

    state: State
    sent: Mapping[str, Command] = field(default_factory=dict)
    held: Mapping[str, Hashable] = field(default_factory=dict)
    carried: Mapping[str, Hashable] = field(default_factory=dict)

    @property
    def key(self) -> Hashable:
        """Equal for configurations that react to every later input in the same way."""
        state = self.state
        commanded = frozenset((name, sent.condition) for name, sent in state.commanded.items())
        # Each state is one enum member, and comparing object ids is faster than comparing names.
        at = tuple(map(id, state.machines.values()))
        return at, tuple(self.held.values()), commanded, frozenset(self.carried.items())


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
    return Configuration(after, sent, held, carried), decision


def end_state(process: Process, configuration: Configuration) -> EndState:
    """The outcome and the net effect of a configuration."""
    state = configuration.state
    initially = {effect.name: effect.initially for effect in process.effects if isinstance(effect, Effect)}
    effects = frozenset(
        (name, state.commanded[name].condition, frozen(command.fields))
        for name, command in configuration.sent.items()
        if not _is_initial(initially.get(name.partition("/")[0]), state.commanded[name].condition)
    )
    return EndState(process.outcomes.value(state.machines, state.registers), effects)


def frozen(value: Any) -> Hashable:
    """A hashable form of the value; the order of keys does not matter, that of lists does."""
    if isinstance(value, Mapping):
        return frozenset((key, frozen(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(frozen(item) for item in value)
    if isinstance(value, set | frozenset):
        return frozenset(frozen(item) for item in value)
    # Python calls 1, 1.0 and True equal, and 0.0 and -0.0; as text they differ.
    return (type(value).__name__, repr(value)) if isinstance(value, bool | float) else value


def _contents(command: Command) -> Hashable:
    return command.type, frozen(command.fields)


def _is_initial(initially: Enum | None, condition: str) -> bool:
    return initially is not None and initially.value == condition
