"""Reading: what the commands show. Queries only, each giving frozen values; nothing here locks or changes a row."""

from saga.reading.dead_letters import (
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
)
from saga.reading.instances import (
    LIMIT,
    AnsweredMessage,
    Inspection,
    SentCommand,
    SetTimer,
    TakenFact,
    inspect_instance,
)
from saga.reading.lag import ConsumerCursor, Hole, Lag, ModuleEnd, Outbox, Timers, read_cursors, read_lag
from saga.reading.listing import ListedInstance, list_newest, list_stuck
from saga.reading.modules import ListedModule, find_tail, list_modules
from saga.reading.outcomes import Answered, Came, Commanded, Recorded, count_answered, read_outcomes
from saga.reading.schema import is_newer, newest_version, read_version
from saga.reading.services import Blocker, Heartbeat, Standing, read_blocked, read_overdue, read_services, standings

__all__ = [
    "LIMIT",
    "Answered",
    "AnsweredMessage",
    "Blocker",
    "Came",
    "Commanded",
    "ConsumerCursor",
    "Heartbeat",
    "Hole",
    "Inspection",
    "KeptMessage",
    "Lag",
    "ListedInstance",
    "ListedModule",
    "ModuleEnd",
    "OpenLetter",
    "Outbox",
    "Recorded",
    "SentCommand",
    "SetTimer",
    "Standing",
    "TakenFact",
    "Timers",
    "Wanted",
    "count_answered",
    "count_open",
    "count_open_of",
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
    "read_outcomes",
    "read_overdue",
    "read_services",
    "read_version",
    "standings",
]
