"""The state of an instance, and its form as JSON."""

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from typing import Any, Self

from saga.core.process import Process
from saga.core.statically_frozen import statically_frozen


@statically_frozen
class Commanded:
    """The last command for one effect: the value of its condition, its revision, and its computed fields."""

    condition: str
    revision: int
    computed: Mapping[str, Any] = field(default_factory=dict)


@statically_frozen
class State:
    """Everything that is stored of an instance.

    ``machines`` and ``registers`` hold the inputs so far; ``commanded`` has the last command for each effect;
    ``revisions`` counts the commands to each collaborator.
    """

    machines: Mapping[str, Enum]
    registers: Mapping[str, Any]
    commanded: Mapping[str, Commanded]
    revisions: Mapping[str, int]

    @classmethod
    def start(cls, process: Process) -> Self:
        """The state before the first input."""
        return cls(
            machines={machine.name: machine.start for machine in process.machines},
            registers={register.name: register.start for register in process.registers},
            commanded={},
            revisions={},
        )


def dump_state(state: State) -> dict[str, Any]:
    """The state as plain JSON values; ``load_state`` reads it back."""
    return {
        "parts": {name: machine.value for name, machine in state.machines.items()},
        "registers": state.registers,
        "commanded": {
            name: [sent.condition, sent.revision, *([sent.computed] if sent.computed else ())]
            for name, sent in state.commanded.items()
        },
        "revisions": state.revisions,
    }


def load_state(process: Process, stored: Mapping[str, Any]) -> State:
    """The state that ``dump_state`` wrote; an empty mapping gives the start.

    Machines and registers that the stored state does not have begin at their start.
    """
    machines, registers = stored.get("parts", {}), stored.get("registers", {})
    return State(
        machines={
            machine.name: type(machine.start)(machines[machine.name]) if machine.name in machines else machine.start
            for machine in process.machines
        },
        registers={
            register.name: register.load(registers[register.name]) if register.name in registers else register.start
            for register in process.registers
        },
        commanded={name: Commanded(*sent) for name, sent in stored.get("commanded", {}).items()},
        revisions=stored.get("revisions", {}),
    )
