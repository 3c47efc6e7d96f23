"""The pure core: sub-machines, the process that joins them, and its decisions. Standard library only.

It knows nothing of Postgres, RabbitMQ, clocks or randomness: its decisions depend on its arguments alone.
"""

from saga.core.column import Column, DerivedColumn
from saga.core.decision import Command, Decision, DecisionKind, Timer, decide
from saga.core.effect import ARMED, CommandTemplate, ComputedField, Deadline, Effect, Selection, all_but_least, every
from saga.core.errors import DeclarationError, UnusableInput
from saga.core.fact import Fact
from saga.core.process import Process
from saga.core.register import Entries, Reducer, Register
from saga.core.state import Commanded, State, dump_state, load_state
from saga.core.sub_machine import SubMachine
from saga.core.tables import ANY, Outcomes, Wanted, Wants, all_but, one_of, outcomes, wanted

__all__ = [
    "ANY",
    "ARMED",
    "Column",
    "Command",
    "CommandTemplate",
    "Commanded",
    "ComputedField",
    "Deadline",
    "Decision",
    "DecisionKind",
    "DeclarationError",
    "DerivedColumn",
    "Effect",
    "Entries",
    "Fact",
    "Outcomes",
    "Process",
    "Reducer",
    "Register",
    "Selection",
    "State",
    "SubMachine",
    "Timer",
    "UnusableInput",
    "Wanted",
    "Wants",
    "all_but",
    "all_but_least",
    "decide",
    "dump_state",
    "every",
    "load_state",
    "one_of",
    "outcomes",
    "wanted",
]
