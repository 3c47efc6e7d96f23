"""Columns of the tables of outcomes and wants. A column has a name, a few values, and a way to read its current value.

There are three kinds: a sub-machine, with its states; a table of outcomes, with its outcomes (so that a small process
can be part of a larger one); and a derived column, which computes its value from registers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, Self

from saga.core.errors import DeclarationError
from saga.core.expressions.base import NOT_A_CONDITION, Condition, require_what_it_reads
from saga.core.expressions.stages import Stages
from saga.core.register import Reducer, Register
from saga.core.words import is_among, require_distinct, require_name

Value = Enum | bool
Machines = Mapping[str, Enum]
Registers = Mapping[str, Any]


class Column(Protocol):
    """A column of a table.

    >>> WORK.name, WORK.states, WORK.value({"work": Work.DONE}, {})
    ('work', (<Work.OPEN: 'open'>, <Work.DONE: 'done'>), <Work.DONE: 'done'>)
    """

    @property
    def name(self) -> str:
        """Its name, in tables and explanations."""

    @property
    def states(self) -> tuple[Value, ...]:
        """Every value that the column can have."""

    def value(self, machines: Machines, registers: Registers) -> Value:
        """The column's value in an instance with these states and registers."""


@dataclass(frozen=True, slots=True)
class DerivedColumn:
    """A column that a pure function computes from registers, such as "the payments add up to the total".

    ``judge`` gets the contents of each of ``registers``, in this order, and returns one of ``states``. It must not
    depend on the order of the entries: the checker calls it in many orders.

    >>> from saga import DerivedColumn
    >>> DerivedColumn("is reported", (REPORTS,), bool).value({}, {"reports": {}})
    False
    """

    name: str
    registers: tuple[Register | Reducer, ...]
    judge: Callable[..., Value]
    states: tuple[Value, ...] = (False, True)

    def __post_init__(self) -> None:
        require_name("derived column", self.name)
        where = f"derived column {self.name!r}"
        for state in self.states:
            value: object = state
            if type(value) is not bool and not isinstance(value, Enum):
                raise DeclarationError(f"{where}: {value!r:.80} is no state: write True, False, or members of an enum")
        require_distinct(where, self.states)
        for number, state in enumerate(self.states):
            if state in self.states[:number]:
                raise DeclarationError(f"{where}: {state!r} is equal to another of its states: write each state once")
        require_what_it_reads(where, self.judge, self.registers)
        if isinstance(self.judge, Condition | Stages) and self.states != states_of(self.judge):
            raise DeclarationError(f"{where}: its states are those of its expression: make it with of(...)")

    @classmethod
    def of(cls, name: str, expression: Condition | Stages) -> Self:
        """The column of a condition, or of stages, which are its states; it reads the registers that they read.

        >>> from saga import DerivedColumn, has
        >>> DerivedColumn.of("is reported", has(REPORTS)).value({}, {"reports": {}})
        False
        """
        judged: object = expression
        if not isinstance(judged, Condition | Stages):
            raise DeclarationError(f"derived column {name!r}: {judged!r:.80} is no condition: {NOT_A_CONDITION}")
        return cls(name, expression.registers, expression, states_of(expression))

    def value(self, machines: Machines, registers: Registers) -> Value:  # noqa: ARG002 -- it reads registers only
        """What ``judge`` returns now. Raises ValueError for a value that is none of ``states``."""
        value = self.judge(*[registers[register.name] for register in self.registers])
        if value not in self.states or (isinstance(value, Enum) and not is_among(value, self.states)):
            raise ValueError(f"{self.name} judges {value!r}, which is none of {', '.join(map(shown, self.states))}")
        return value


def states_of(expression: Condition | Stages) -> tuple[Value, ...]:
    """The values of an expression, the least first."""
    return expression.order if isinstance(expression, Stages) else (False, True)


def shown(value: object) -> str:
    """The value as declarations write it."""
    return (
        value.name if isinstance(value, Enum) else "yes" if value is True else "no" if value is False else repr(value)
    )
