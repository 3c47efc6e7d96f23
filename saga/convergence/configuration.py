"""Where an instance stands: its state, and what the collaborators were told last. Uses the engine's own decision.

Two histories of the same facts have to lead to one verdict: one outcome, and one net effect at the collaborators. The
net effect is what each effect was commanded last, with all that the command said. Revisions are left out: they count
what was sent on the way, and collaborators only compare them.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from saga.core import Command, Decision, Effect, Fact, Process, State, decide

Effects = frozenset[tuple[str, str, Hashable]]
"""The name of each effect, its condition, and what the last command for it said."""


@dataclass(frozen=True, slots=True)
class EndState:
    """What a history came to."""

    outcome: Enum
    effects: Effects


@dataclass(frozen=True, slots=True)
class Configuration:
    """The state after a history, and the last command for each effect.

    ``held`` and ``said`` are what the registers hold and what the commands said, as values that can be compared; they
    are kept because most inputs change one of them at most.
    """

    state: State
    sent: Mapping[str, Command] = field(default_factory=dict)
    held: Mapping[str, Hashable] = field(default_factory=dict)
    said: Mapping[str, Hashable] = field(default_factory=dict)

    @property
    def key(self) -> Hashable:
        """Equal for standings from which everything goes on in the same way."""
        state = self.state
        commanded = frozenset((name, sent.condition) for name, sent in state.commanded.items())
        # A state is the same object wherever it occurs, and quicker to compare by that than by its name.
        at = tuple(map(id, state.machines.values()))
        return at, tuple(self.held.values()), commanded, frozenset(self.said.items())


def start(process: Process) -> Configuration:
    """Before anything was taken in."""
    return configuration_at(State.start(process), {})


def configuration_at(state: State, sent: Mapping[str, Command]) -> Configuration:
    """A state, and the last commands that led to it."""
    held = {name: frozen(value) for name, value in state.registers.items()}
    return Configuration(state, sent, held, {name: _said(command) for name, command in sent.items()})


def apply(process: Process, configuration: Configuration, fact: Fact) -> tuple[Configuration, Decision]:
    """Take one fact in, by the function that the engine uses."""
    decision = decide(process, configuration.state, fact)
    before, after = configuration.state, decision.state
    if after is before:
        return configuration, decision
    held, sent, said = configuration.held, configuration.sent, configuration.said
    if after.registers is not before.registers:
        known = before.registers
        held = {name: held[name] if value is known[name] else frozen(value) for name, value in after.registers.items()}
    if decision.commands:
        sent = {**sent, **{command.effect: command for command in decision.commands}}
        said = {**said, **{command.effect: _said(command) for command in decision.commands}}
    return Configuration(after, sent, held, said), decision


def end_state(process: Process, configuration: Configuration) -> EndState:
    """The outcome and the net effect."""
    state = configuration.state
    initially = {effect.name: effect.initially for effect in process.effects if isinstance(effect, Effect)}
    effects = frozenset(
        (name, state.commanded[name].condition, frozen(command.fields))
        for name, command in configuration.sent.items()
        if not _is_initial(initially.get(name.partition("/")[0]), state.commanded[name].condition)
    )
    return EndState(process.outcomes.value(state.machines, state.registers), effects)


def frozen(value: Any) -> Hashable:
    """The value as one that can be compared and hashed; the order of keys does not matter, that of lists does."""
    if isinstance(value, Mapping):
        return frozenset((key, frozen(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(frozen(item) for item in value)
    if isinstance(value, set | frozenset):
        return frozenset(frozen(item) for item in value)
    return (type(value).__name__, value) if isinstance(value, bool | float) else value


def _said(command: Command) -> Hashable:
    return command.type, frozen(command.fields)


def _is_initial(initially: Enum | None, condition: str) -> bool:
    return initially is not None and initially.value == condition
