"""A process: sub-machines, registers, the table of joint outcomes, and the tables of wants."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

from saga.core.announces import Announces
from saga.core.effect import Deadline, Effect
from saga.core.errors import DeclarationError
from saga.core.register import Reducer, Register, require_bound
from saga.core.routing import module_of
from saga.core.sub_machine import SubMachine
from saga.core.tables import Outcomes, Wanted, Wants
from saga.core.validation import is_adopted, problems
from saga.core.words import require_all, require_name

MOST_BYTES: Final = 1024 * 1024
LEAST_BYTES: Final = 64 * 1024
"""The least bound on a state. The checker ignores that bound: its samples stay far below it."""


@dataclass(frozen=True, slots=True)
class Process:
    """A declared process; the engine runs it, and every diagram and check reads the same value.

    ``inputs`` maps each module to the message classes that the process consumes from it. ``correlate`` is the field
    whose value is the instance's id. ``settled`` are the outcomes in which the process waits for nothing. ``children``
    are processes whose outcomes this process reads: their inputs, machines, registers and wants belong to it too, but
    not what they announce. The state of an instance has at most about ``most_bytes`` as JSON, whatever its registers
    hold. ``announces`` are its public events. The fields after it are derived; ``machines_by_type`` and
    ``registers_by_type`` list what an input can change, and ``delays_by_type`` the deadlines whose delay it can carry;
    ``start_outcome`` is known of a process that announces.

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
    machines: tuple[SubMachine[Any], ...] = ()
    registers: tuple[Register | Reducer, ...] = ()
    children: tuple["Process", ...] = ()
    most_bytes: int = MOST_BYTES
    announces: Announces | None = None
    message_types: Mapping[str, type] = field(init=False)
    effects: tuple[Effect | Deadline, ...] = field(init=False)
    machines_by_type: Mapping[type, tuple[SubMachine[Any], ...]] = field(init=False)
    registers_by_type: Mapping[type, tuple[Register | Reducer, ...]] = field(init=False)
    delays_by_type: Mapping[type, tuple[Deadline, ...]] = field(init=False, repr=False, compare=False)
    start_outcome: Enum | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        require_name("process", self.name)
        for module in self.inputs:
            require_name("module", module)
        self._require_types()
        require_bound(f"process {self.name!r}", "version", self.version, 0)
        require_bound(f"process {self.name!r}", "most_bytes", self.most_bytes, LEAST_BYTES)
        self._adopt()
        consumed = [kind for kinds in self.inputs.values() for kind in kinds]
        machines_by_type = {
            kind: tuple(machine for machine in self.machines if kind in machine.inputs) for kind in consumed
        }
        registers_by_type = {kind: tuple(one for one in self.registers if kind in one.inputs) for kind in consumed}
        effects = [effect for table in self.wanted for wants in table.cells.values() for effect in wants]
        object.__setattr__(self, "machines_by_type", MappingProxyType(machines_by_type))
        object.__setattr__(self, "registers_by_type", MappingProxyType(registers_by_type))
        object.__setattr__(self, "message_types", MappingProxyType({kind.__name__: kind for kind in consumed}))
        object.__setattr__(self, "effects", tuple(dict.fromkeys(effects)))
        delays: dict[type, tuple[Deadline, ...]] = {}
        for one in self.effects:
            if isinstance(one, Deadline) and one.override is not None:
                delays[one.override[0].of] = (*delays.get(one.override[0].of, ()), one)
        object.__setattr__(self, "delays_by_type", MappingProxyType(delays))
        for problem in problems(self):
            raise DeclarationError(f"process {self.name!r}: {problem}")
        if self.announces is not None:
            object.__setattr__(self, "start_outcome", self._before_anything_came())

    @property
    def module(self) -> str:
        """The module in whose log the process records its decisions and commands."""
        return module_of(self.name)

    @property
    def collaborators(self) -> tuple[str, ...]:
        """The targets of the commands, in the order of declaration."""
        return tuple(dict.fromkeys(effect.collaborator for effect in self.effects if isinstance(effect, Effect)))

    def wants(self, machines: Mapping[str, Enum], registers: Mapping[str, Any]) -> Wants:
        """What all tables together want in an instance with these states and registers."""
        if len(self.wanted) == 1:
            return self.wanted[0].of(machines, registers)
        return {effect: how for table in self.wanted for effect, how in table.of(machines, registers).items()}

    def _require_types(self) -> None:
        """Raise DeclarationError for an argument that would fail later, without a word about where."""
        where = f"process {self.name!r}"
        for name, kinds, example in (
            ("wanted", Wanted, "wanted=(wanted(...),)"),
            ("machines", SubMachine, "machines=(PAYMENT,)"),
            ("registers", (Register, Reducer), "registers=(PAYMENTS,)"),
            ("children", Process, "children=(SHIPPING,)"),
        ):
            require_all(where, name, getattr(self, name), kinds, example)
        require_all(where, "settled", self.settled, Enum, "settled=frozenset({Outcome.PAID})")
        for module, consumed in self.inputs.items():
            require_all(where, f"inputs[{module!r}]", consumed, type, f"inputs={{{module!r}: (OrderPlaced,)}}")
        given: object = self.outcomes
        if not isinstance(given, Outcomes):
            raise DeclarationError(f"{where}: outcomes is {given!r:.80}: write outcomes=outcomes(...)")
        announces: object = self.announces
        if announces is not None and not isinstance(announces, Announces):
            raise DeclarationError(f"{where}: announces is {announces!r:.80}: write Announces(...)")

    def _before_anything_came(self) -> Enum:
        """The outcome of the start, which nobody announces."""
        machines = {machine.name: machine.start for machine in self.machines}
        try:
            return self.outcomes.value(machines, {one.name: one.start for one in self.registers})
        except Exception as error:
            raise DeclarationError(f"process {self.name!r}: before anything came it raises {error!r}") from error

    def _adopt(self) -> None:
        """Add what the children declare: each input, machine, register and table once, those of the children first."""
        inputs = {module: list(kinds) for module, kinds in self.inputs.items()}
        for child in self.children:
            for module, kinds in child.inputs.items():
                known = inputs.setdefault(module, [])
                known += [kind for kind in kinds if kind not in known]
        merged = {module: tuple(kinds) for module, kinds in inputs.items()}
        object.__setattr__(self, "inputs", MappingProxyType(merged))
        for name in ("machines", "registers", "wanted"):
            adopted: list[Any] = []
            for declared in (*self.children, self):
                adopted += [one for one in getattr(declared, name) if not is_adopted(one, adopted)]
            object.__setattr__(self, name, tuple(adopted))
