"""Processes that end in the same state, in whatever order RabbitMQ delivers their messages.

This module has everything to declare a process with. It is pure: importing it loads no database driver, no broker
client and no settings.

A message class is a pydantic model or a dataclass. States, outcomes and conditions are members of enums whose values
are strings. Each table has to be complete; an incomplete one raises DeclarationError.

>>> from dataclasses import dataclass
>>> from datetime import timedelta
>>> from enum import Enum
>>> from saga import ANY, CommandTemplate, Effect, Process, Register, SubMachine, all_but_least, outcomes, wanted
>>> @dataclass(frozen=True)
... class Reported:
...     ticket_id: str
...     text: str
>>> @dataclass(frozen=True)
... class Solved:
...     ticket_id: str
>>> class Work(Enum):
...     OPEN = "open"
...     DONE = "done"
>>> class Ticket(Enum):
...     WAITING = "waiting"
...     CLOSED = "closed"
>>> class Notice(Enum):
...     SENT = "sent"
>>> WORK = SubMachine("work", start=Work.OPEN, moves={Work.OPEN: {Solved: Work.DONE}, Work.DONE: {Solved: Work.DONE}})
>>> REPORTS = Register("reports", of=Reported, key="ticket_id")
>>> NOTICE = Effect("notice", collaborator="mail", commands={Notice.SENT: CommandTemplate("SendNotice")})
>>> OUTCOMES = outcomes(WORK, rows=[(Work.OPEN, Ticket.WAITING), (Work.DONE, Ticket.CLOSED)])
>>> tickets = Process(
...     name="tickets",
...     version=1,
...     correlate="ticket_id",
...     inputs={"desk": (Reported, Solved)},
...     machines=(WORK,),
...     registers=(REPORTS,),
...     outcomes=OUTCOMES,
...     wanted=(wanted(OUTCOMES, rows=[(Ticket.WAITING, {}), (Ticket.CLOSED, {NOTICE: Notice.SENT})]),),
...     settled=frozenset(Ticket),  # a ticket may wait as long as it likes
... )
"""

from saga.core import (
    ANY,
    ARMED,
    Announces,
    Chooser,
    Column,
    CommandTemplate,
    ComputedField,
    Condition,
    Deadline,
    DeclarationError,
    DerivedColumn,
    Direction,
    Effect,
    Entries,
    EntryField,
    EntryFigure,
    EntryTest,
    Expression,
    Fact,
    Figure,
    Outcomes,
    Process,
    Reducer,
    Register,
    Selection,
    Stages,
    SubMachine,
    Wanted,
    Wants,
    all_but,
    all_but_first,
    all_but_least,
    all_of,
    any_of,
    bands,
    beyond,
    both,
    count,
    distinct,
    each,
    either,
    entries_where,
    every,
    field_of_entry,
    greatest,
    has,
    has_partner,
    lacks_partner,
    latest,
    least,
    negated,
    one_of,
    only,
    outcomes,
    owing,
    stages,
    total,
    total_by,
    wanted,
    with_partner,
    without_partner,
)

__all__ = [
    "ANY",
    "ARMED",
    "Announces",
    "Chooser",
    "Column",
    "CommandTemplate",
    "ComputedField",
    "Condition",
    "Deadline",
    "DeclarationError",
    "DerivedColumn",
    "Direction",
    "Effect",
    "Entries",
    "EntryField",
    "EntryFigure",
    "EntryTest",
    "Expression",
    "Fact",
    "Figure",
    "Outcomes",
    "Process",
    "Reducer",
    "Register",
    "Selection",
    "Stages",
    "SubMachine",
    "Wanted",
    "Wants",
    "all_but",
    "all_but_first",
    "all_but_least",
    "all_of",
    "any_of",
    "bands",
    "beyond",
    "both",
    "count",
    "distinct",
    "each",
    "either",
    "entries_where",
    "every",
    "field_of_entry",
    "greatest",
    "has",
    "has_partner",
    "lacks_partner",
    "latest",
    "least",
    "negated",
    "one_of",
    "only",
    "outcomes",
    "owing",
    "stages",
    "total",
    "total_by",
    "wanted",
    "with_partner",
    "without_partner",
]
