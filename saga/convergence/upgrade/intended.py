"""What a version of a process wants in a state, as the commands that would say it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from saga.core import Command, Deadline, Effect, Process, State


@dataclass(frozen=True, slots=True)
class Intended:
    """A wanted condition of an effect, its computed fields, and the command (without a revision) that would say so."""

    effect: Effect
    condition: str
    computed: Mapping[str, Any]
    command: Command


def intended(process: Process, state: State) -> dict[str, Intended]:
    """What the process wants in this state, by the names of the effects, whether or not it was commanded."""
    found: dict[str, Intended] = {}
    for effect, name, key, condition in _wanted(process, state):
        template = effect.commands[condition]
        computed = template.compute_fields(state.registers, key)
        fields = {**template.carried(state.registers, key), **computed}
        command = Command(template.type, effect.collaborator, name, 0, fields)
        found[name] = Intended(effect, condition.value, computed, command)
    return found


def _wanted(process: Process, state: State) -> Iterator[tuple[Effect, str, str | None, Enum]]:
    for effect, wanted in process.wants(state.machines, state.registers).items():
        if isinstance(effect, Deadline):
            continue
        if isinstance(wanted, Enum):
            yield effect, effect.name, None, wanted
            continue
        condition = wanted.condition or next(iter(effect.commands))
        for key in sorted(wanted.chosen(state.registers)):
            yield effect, f"{effect.name}/{key}", key, condition
