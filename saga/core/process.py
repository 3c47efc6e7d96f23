"""A process: sub-machines, the table of their joint outcomes, and what is wanted of others for each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

from saga.core.effect import Deadline, Effect
from saga.core.errors import DeclarationError
from saga.core.register import Reducer, Register, require_bound
from saga.core.sub_machine import SubMachine
from saga.core.tables import Outcomes, Wanted, Wants
from saga.core.validation import complaints

MOST_BYTES: Final = 1024 * 1024
LEAST_BYTES: Final = 64 * 1024
"""Of the bound on a state: far above what the samples of the checker come to, which does not look at it."""


@dataclass(frozen=True, slots=True)
class Process:
    """A declared process; the engine runs it, and every diagram and check reads the same value.

    ``inputs`` maps each module to the message classes that the process hears from it. ``correlate`` is the field whose
    value finds the instance. ``settled`` are the outcomes in which nothing is waited for any more. A process whose
    outcome is part of a larger one is among the ``children`` of that: its inputs, parts, registers and wants are then
    those of the larger one too. Everything after ``most_bytes`` follows from what stands before: ``hearers`` and
    ``keepers`` are the parts and registers that an input moves. Whatever its registers hold, the state of an instance
    has at most about ``most_bytes`` as JSON.

    Raises DeclarationError, which names what is wrong and what to write there.

    >>> tickets.module, tickets.collaborators
    ('tickets-process', ('mail',))
    """

    name: str
    version: int
    correlate: str
    outcomes: Outcomes
    settled: frozenset[Enum]
    wanted: tuple[Wanted, ...] = ()
    inputs: Mapping[str, tuple[type, ...]] = field(default_factory=dict)
    parts: tuple[SubMachine[Any], ...] = ()
    registers: tuple[Register | Reducer, ...] = ()
    children: tuple["Process", ...] = ()
    most_bytes: int = MOST_BYTES
    kinds: Mapping[str, type] = field(init=False)
    effects: tuple[Effect | Deadline, ...] = field(init=False)
    hearers: Mapping[type, tuple[SubMachine[Any], ...]] = field(init=False)
    keepers: Mapping[type, tuple[Register | Reducer, ...]] = field(init=False)

    def __post_init__(self) -> None:
        require_bound(f"process {self.name!r}", "most_bytes", self.most_bytes, LEAST_BYTES)
        self._adopt()
        heard = [kind for kinds in self.inputs.values() for kind in kinds]
        hearers = {kind: tuple(part for part in self.parts if kind in part.inputs) for kind in heard}
        keepers = {kind: tuple(one for one in self.registers if kind in one.inputs) for kind in heard}
        effects = [effect for table in self.wanted for wants in table.cells.values() for effect in wants]
        object.__setattr__(self, "hearers", MappingProxyType(hearers))
        object.__setattr__(self, "keepers", MappingProxyType(keepers))
        object.__setattr__(self, "kinds", MappingProxyType({kind.__name__: kind for kind in heard}))
        object.__setattr__(self, "effects", tuple(dict.fromkeys(effects)))
        for complaint in complaints(self):
            raise DeclarationError(f"process {self.name!r}: {complaint}")

    @property
    def module(self) -> str:
        """The module in whose log the process records its decisions and commands."""
        return f"{self.name}-process"

    @property
    def collaborators(self) -> tuple[str, ...]:
        """Every target of a command, in the order of declaration."""
        return tuple(dict.fromkeys(effect.collaborator for effect in self.effects if isinstance(effect, Effect)))

    def wants(self, parts: Mapping[str, Enum], registers: Mapping[str, Any]) -> Wants:
        """What is wanted in an instance with these states and registers, by all of the tables."""
        if len(self.wanted) == 1:
            return self.wanted[0].of(parts, registers)
        return {effect: how for table in self.wanted for effect, how in table.of(parts, registers).items()}

    def _adopt(self) -> None:
        """Take over what the children declare, each part, register and table once, theirs first."""
        inputs = {module: list(kinds) for module, kinds in self.inputs.items()}
        for child in self.children:
            for module, kinds in child.inputs.items():
                known = inputs.setdefault(module, [])
                known += [kind for kind in kinds if kind not in known]
        heard = {module: tuple(kinds) for module, kinds in inputs.items()}
        object.__setattr__(self, "inputs", MappingProxyType(heard))
        for name in ("parts", "registers", "wanted"):
            adopted: list[Any] = []
            for declared in (*self.children, self):
                adopted += [one for one in getattr(declared, name) if one not in adopted]
            object.__setattr__(self, name, tuple(adopted))
