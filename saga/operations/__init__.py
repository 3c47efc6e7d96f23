"""What people ask and do: plain async functions that take values and give frozen ones.

They know no settings and show nothing; what they refuse is an OperationFailed, whose message is fit for people.
"""

from saga.operations.corrections import Correction, EntryNotCorrectable, NotCorrectable, NotStrictData
from saga.operations.dead_letters import (
    KeptMessage,
    OpenLetter,
    Wanted,
    count_open,
    count_open_of,
    find_successor,
    list_dead_letters,
    list_open_ids,
    open_letters_of,
    read_dead_letters,
    read_open_reasons,
)
from saga.operations.errors import OperationFailed
from saga.operations.instances import (
    LIMIT,
    AnsweredMessage,
    Inspection,
    SentCommand,
    SetTimer,
    TakenFact,
    inspect_instance,
)
from saga.operations.lag import ConsumerCursor, Hole, Lag, ModuleEnd, Outbox, Timers, read_cursors, read_lag
from saga.operations.listing import ListedInstance, list_newest, list_stuck
from saga.operations.modules import ListedModule, find_tail, list_modules
from saga.operations.outcomes import Answered, Came, Commanded, Recorded, count_answered, read_outcomes
from saga.operations.redrive import (
    ClosedDeadLetters,
    ForeignDeadLetters,
    Redriven,
    RedriveReport,
    UnknownDeadLetters,
    discard_dead_letters,
    redrive,
    require_dead_letters,
    require_open,
)
from saga.operations.schema import is_newer, newest_version, read_version
from saga.operations.services import Blocker, Heartbeat, Standing, read_blocked, read_overdue, read_services, standings

__all__ = [
    "LIMIT",
    "Answered",
    "AnsweredMessage",
    "Blocker",
    "Came",
    "ClosedDeadLetters",
    "Commanded",
    "ConsumerCursor",
    "Correction",
    "EntryNotCorrectable",
    "ForeignDeadLetters",
    "Heartbeat",
    "Hole",
    "Inspection",
    "KeptMessage",
    "Lag",
    "ListedInstance",
    "ListedModule",
    "ModuleEnd",
    "NotCorrectable",
    "NotStrictData",
    "OpenLetter",
    "OperationFailed",
    "Outbox",
    "Recorded",
    "RedriveReport",
    "Redriven",
    "SentCommand",
    "SetTimer",
    "Standing",
    "TakenFact",
    "Timers",
    "UnknownDeadLetters",
    "Wanted",
    "count_answered",
    "count_open",
    "count_open_of",
    "discard_dead_letters",
    "find_successor",
    "find_tail",
    "inspect_instance",
    "is_newer",
    "list_dead_letters",
    "list_modules",
    "list_newest",
    "list_open_ids",
    "list_stuck",
    "newest_version",
    "open_letters_of",
    "read_blocked",
    "read_cursors",
    "read_dead_letters",
    "read_lag",
    "read_open_reasons",
    "read_outcomes",
    "read_overdue",
    "read_services",
    "read_version",
    "redrive",
    "require_dead_letters",
    "require_open",
    "standings",
]
