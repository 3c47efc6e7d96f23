"""What people ask and do: plain async functions that take values and give frozen ones.

They know no settings and show nothing; what they refuse is an OperationFailed, whose message is fit for people.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from saga.operations.collaborators import ListedCollaborator, RejectedMessage, list_collaborators
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
    from saga.operations.modules import ListedModule, find_position_before, find_tail, list_modules
    from saga.operations.outcomes import Answered, Came, Commanded, Recorded, count_answered, read_outcomes
    from saga.operations.pruning import count_prunable, prune
    from saga.operations.publishing import (
        Form,
        MissingFields,
        NewMessage,
        NoConsumer,
        NotLoggable,
        UnknownFields,
        append_messages,
        outgoing,
        publish,
        require_fields,
        require_loggable,
    )
    from saga.operations.redriving import (
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
    from saga.operations.services import (
        Blocker,
        Heartbeat,
        Standing,
        read_blocked,
        read_overdue,
        read_services,
        standings,
    )

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
    "Form",
    "Heartbeat",
    "Hole",
    "Inspection",
    "KeptMessage",
    "Lag",
    "ListedCollaborator",
    "ListedInstance",
    "ListedModule",
    "MissingFields",
    "ModuleEnd",
    "NewMessage",
    "NoConsumer",
    "NotCorrectable",
    "NotLoggable",
    "NotStrictData",
    "OpenLetter",
    "OperationFailed",
    "Outbox",
    "Recorded",
    "RedriveReport",
    "Redriven",
    "RejectedMessage",
    "SentCommand",
    "SetTimer",
    "Standing",
    "TakenFact",
    "Timers",
    "UnknownDeadLetters",
    "UnknownFields",
    "Wanted",
    "append_messages",
    "count_answered",
    "count_open",
    "count_open_of",
    "count_prunable",
    "discard_dead_letters",
    "find_position_before",
    "find_successor",
    "find_tail",
    "inspect_instance",
    "is_newer",
    "list_collaborators",
    "list_dead_letters",
    "list_modules",
    "list_newest",
    "list_open_ids",
    "list_stuck",
    "newest_version",
    "open_letters_of",
    "outgoing",
    "prune",
    "publish",
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
    "require_fields",
    "require_loggable",
    "require_open",
    "standings",
]

_MODULES: Final = {
    "collaborators": "ListedCollaborator RejectedMessage list_collaborators",
    "corrections": "Correction EntryNotCorrectable NotCorrectable NotStrictData",
    "dead_letters": """
        KeptMessage OpenLetter Wanted count_open count_open_of find_successor list_dead_letters
        list_open_ids open_letters_of read_dead_letters read_open_reasons
    """,
    "errors": "OperationFailed",
    "instances": "LIMIT AnsweredMessage Inspection SentCommand SetTimer TakenFact inspect_instance",
    "lag": "ConsumerCursor Hole Lag ModuleEnd Outbox Timers read_cursors read_lag",
    "listing": "ListedInstance list_newest list_stuck",
    "modules": "ListedModule find_position_before find_tail list_modules",
    "outcomes": "Answered Came Commanded Recorded count_answered read_outcomes",
    "pruning": "count_prunable prune",
    "publishing": """
        Form MissingFields NewMessage NoConsumer NotLoggable UnknownFields append_messages outgoing publish
        require_fields require_loggable
    """,
    "redriving": """
        ClosedDeadLetters ForeignDeadLetters Redriven RedriveReport UnknownDeadLetters discard_dead_letters
        redrive require_dead_letters require_open
    """,
    "schema": "is_newer newest_version read_version",
    "services": "Blocker Heartbeat Standing read_blocked read_overdue read_services standings",
}
"""Where each name is: what one does not ask for is not loaded, and most need no broker's client."""


def __getattr__(name: str) -> Any:
    """A name, loaded when somebody asks for it."""
    for module, names in _MODULES.items():
        if name in names.split():
            return getattr(import_module(f"saga.operations.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
