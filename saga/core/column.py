"""Columns: what a table of outcomes or wants may look at. Each has a name, a few values, and a way to read its value.

A sub-machine is a column with its states, a table of outcomes is one with its outcomes (so that a small process can be
part of a larger one), and a judgement is one that looks at registers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from saga.core.register import Reducer, Register

Value = Enum | bool
Machines = Mapping[str, Enum]
Registers = Mapping[str, Any]


class Column(Protocol):
    """What stands above a column of a table.

    >>> WORK.name, WORK.states, WORK.value({"work": Work.DONE}, {})
    ('work', (<Work.OPEN: 'open'>, <Work.DONE: 'done'>), <Work.DONE: 'done'>)
    """

    @property
    def name(self) -> str:
        """The word for it, in tables and explanations."""

    @property
    def states(self) -> tuple[Value, ...]:
        """Every value that it can have."""

    def value(self, machines: Machines, registers: Registers) -> Value:
        """Its value in an instance with these states and registers."""


@dataclass(frozen=True, slots=True)
class DerivedColumn:
    """A named, pure look at registers, for what no table of states can say: "the sum of the payments is enough".

    ``judge`` gets what each of ``registers`` holds, in this order, and gives one of ``states``. It must not depend on
    the order of the entries: the checker calls it in many orders.

    >>> from saga import DerivedColumn
    >>> DerivedColumn("is reported", (REPORTS,), bool).value({}, {"reports": {}})
    False
    """

    name: str
    registers: tuple[Register | Reducer, ...]
    judge: Callable[..., Value]
    states: tuple[Value, ...] = (False, True)

    def value(self, machines: Machines, registers: Registers) -> Value:  # noqa: ARG002 -- it looks at registers alone
        """What it judges now. Raises ValueError for a value that is none of its states."""
        value = self.judge(*[registers[register.name] for register in self.registers])
        if value not in self.states:
            raise ValueError(f"{self.name} judges {value!r}, which is none of {', '.join(map(shown, self.states))}")
        return value


def shown(value: object) -> str:
    """A value as declarations name it."""
    return (
        value.name if isinstance(value, Enum) else "yes" if value is True else "no" if value is False else repr(value)
    )
