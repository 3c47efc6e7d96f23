"""A process: sub-machines, the table of their joint outcomes, and what is wanted of others for each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from saga.core.effect import Deadline, Effect
from saga.core.errors import DeclarationError
from saga.core.outcomes import Outcomes, Wanted
from saga.core.register import Register
from saga.core.submachine import SubMachine


@dataclass(frozen=True, slots=True)
class Process:
    """A declared process; the engine runs it, and every diagram and check reads the same value.

    ``inputs`` maps each module to the message classes that the process hears from it. ``correlate`` is the field whose
    value finds the instance. ``settled`` are the outcomes in which nothing is waited for any more. The fields after
    ``registers`` follow from those before: ``hearers`` and ``keepers`` are the parts and registers that an input moves.
    """

    name: str
    version: int
    correlate: str
    inputs: Mapping[str, tuple[type, ...]]
    parts: tuple[SubMachine[Any], ...]
    outcomes: Outcomes
    wanted: Wanted
    settled: frozenset[Enum]
    registers: tuple[Register, ...] = ()
    kinds: Mapping[str, type] = field(init=False)
    effects: tuple[Effect | Deadline, ...] = field(init=False)
    hearers: Mapping[type, tuple[SubMachine[Any], ...]] = field(init=False)
    keepers: Mapping[type, tuple[Register, ...]] = field(init=False)

    def __post_init__(self) -> None:
        heard = [kind for kinds in self.inputs.values() for kind in kinds]
        hearers = {kind: tuple(part for part in self.parts if kind in part.inputs) for kind in heard}
        object.__setattr__(self, "hearers", hearers)
        keepers = {kind: tuple(register for register in self.registers if register.of is kind) for kind in heard}
        object.__setattr__(self, "keepers", keepers)
        object.__setattr__(self, "kinds", {kind.__name__: kind for kind in heard})
        effects = {effect.name: effect for wants in self.wanted.cells.values() for effect in wants}
        object.__setattr__(self, "effects", tuple(effects.values()))
        for kind in heard:
            if not hearers[kind]:
                raise DeclarationError(f"process {self.name!r}: no sub-machine hears {kind.__name__}")
        for part in self.parts:
            for kind in part.inputs - set(heard):
                raise DeclarationError(f"process {self.name!r}: {kind.__name__} of {part.name!r} comes from no module")

    @property
    def module(self) -> str:
        """The module in whose log the process records its decisions and commands."""
        return f"{self.name}-process"

    @property
    def collaborators(self) -> tuple[str, ...]:
        """Every target of a command, in the order of declaration."""
        return tuple(dict.fromkeys(effect.collaborator for effect in self.effects if isinstance(effect, Effect)))
