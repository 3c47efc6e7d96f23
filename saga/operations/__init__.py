"""What operators ask and do: plain async functions that take an engine and values, and give frozen values.

They are what the command line does, with its words, for programs: a web page, a script, a test. Questions read one
snapshot and change nothing. A change is one transaction, or its docstring says what is done when it fails; if it can't
be undone, ``dry_run`` shows it first.

An engine is one of ``saga.modules.connect_engine``. Moments have a time zone, durations are in seconds. A refused
operation raises a subclass of OperationFailed, whose message is a clause to show to people. A server that can't be
reached raises Unavailable. None of the functions reads settings or prints.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from saga.operations.auditing import AuditReport, audit
    from saga.operations.backlog import ConsumerCursor, Hole, Lag, ModuleEnd, Outbox, TimerCounts, lag, list_cursors
    from saga.operations.checked import CheckedInstances, DifferingInstance
    from saga.operations.checkup import BrokerBlocked, Health, NoAnswer, health
    from saga.operations.collaborators import ListedCollaborator, RejectedMessage, list_collaborators
    from saga.operations.corrections import Correction, EntryNotCorrectable, NotCorrectable, NotStrictData
    from saga.operations.counting import (
        Count,
        DueCounts,
        OutcomeCount,
        Overview,
        ProcessCounts,
        count_due,
        count_outcomes,
        count_waiting,
        overview,
    )
    from saga.operations.cursors import (
        BeyondLog,
        ForgottenCursor,
        NoCursor,
        NotConsumed,
        forget_cursors,
        repair_cursors,
    )
    from saga.operations.dead_letters import (
        ClosedDeadLetters,
        DeadLetter,
        ForeignDeadLetters,
        ListedDeadLetter,
        UnknownDeadLetters,
        list_dead_letters,
        read_dead_letters,
    )
    from saga.operations.erasure import Erasure, Kept, NotErasable, erase
    from saga.operations.errors import OperationFailed, UnknownInstances, UnknownModule
    from saga.operations.finding import Found, find
    from saga.operations.instances import (
        AnnouncedOutcome,
        AnsweredMessage,
        Inspection,
        InstanceTimer,
        SentCommand,
        TakenFact,
        inspect,
    )
    from saga.operations.letter_groups import DeadLetterGroup, group_dead_letters, list_group
    from saga.operations.listing import ListedInstance, list_instances, stuck_reason
    from saga.operations.logs import LogPage, follow_log, read_log
    from saga.operations.migrating import migrate
    from saga.operations.modules import ListedModule, list_modules
    from saga.operations.paging import InstanceFilter, InstancePage, NoSuchPlace, page_instances
    from saga.operations.previewing import (
        InstancePreview,
        PreviewedAnswer,
        preview,
        preview_correction,
        preview_dead_letters,
    )
    from saga.operations.pruning import prune
    from saga.operations.publishing import (
        Form,
        MissingFields,
        NewMessage,
        NoConsumer,
        NotLoggable,
        Published,
        UnknownFields,
        append_message,
        publish,
    )
    from saga.operations.queues import QueueDepth, list_queues
    from saga.operations.redriver import NoBroker, Redriven, RedriveReport
    from saga.operations.redriving import begin_redrive, carry_out, discard, redrive
    from saga.operations.replaying import ReplayReport, replay
    from saga.operations.runs import BeingRedriven, NotRunning, Pace, list_abandoned, resume_operation, stop_operation
    from saga.operations.services import Blocker, Heartbeat, LoopState, ServiceProcess
    from saga.operations.trail import (
        Act,
        ListedOperation,
        OperationItem,
        OperationReport,
        UnknownOperation,
        acts_on_instance,
        acts_on_letter,
        list_operations,
        read_operation,
    )
    from saga.operations.waiting import ListedTimer, WaitingEntry, list_timers, list_waiting
    from saga.operations.watching import read_pulse
    from saga.postgres import LostRace, NeedsPerson, Unavailable, snapshot
    from saga.postgres.migrations import Migrated
    from saga.retention import PrunedLog, PrunedRows, PruneEnd, PruneReport
    from saga.verification.audit import Gap, StrayCommand, UnansweredEvent
    from saga.verification.difference import Difference
    from saga.verification.replay.cursor_repair import CursorPlace, RepairedCursor

__all__ = [
    "Act",
    "AnnouncedOutcome",
    "AnsweredMessage",
    "AuditReport",
    "BeingRedriven",
    "BeyondLog",
    "Blocker",
    "BrokerBlocked",
    "CheckedInstances",
    "ClosedDeadLetters",
    "ConsumerCursor",
    "Correction",
    "Count",
    "CursorPlace",
    "DeadLetter",
    "DeadLetterGroup",
    "Difference",
    "DifferingInstance",
    "DueCounts",
    "EntryNotCorrectable",
    "Erasure",
    "ForeignDeadLetters",
    "ForgottenCursor",
    "Form",
    "Found",
    "Gap",
    "Health",
    "Heartbeat",
    "Hole",
    "Inspection",
    "InstanceFilter",
    "InstancePage",
    "InstancePreview",
    "InstanceTimer",
    "Kept",
    "Lag",
    "ListedCollaborator",
    "ListedDeadLetter",
    "ListedInstance",
    "ListedModule",
    "ListedOperation",
    "ListedTimer",
    "LogPage",
    "LoopState",
    "LostRace",
    "Migrated",
    "MissingFields",
    "ModuleEnd",
    "NeedsPerson",
    "NewMessage",
    "NoAnswer",
    "NoBroker",
    "NoConsumer",
    "NoCursor",
    "NoSuchPlace",
    "NotConsumed",
    "NotCorrectable",
    "NotErasable",
    "NotLoggable",
    "NotRunning",
    "NotStrictData",
    "OperationFailed",
    "OperationItem",
    "OperationReport",
    "Outbox",
    "OutcomeCount",
    "Overview",
    "Pace",
    "PreviewedAnswer",
    "ProcessCounts",
    "PruneEnd",
    "PruneReport",
    "PrunedLog",
    "PrunedRows",
    "Published",
    "QueueDepth",
    "RedriveReport",
    "Redriven",
    "RejectedMessage",
    "RepairedCursor",
    "ReplayReport",
    "SentCommand",
    "ServiceProcess",
    "StrayCommand",
    "TakenFact",
    "TimerCounts",
    "UnansweredEvent",
    "Unavailable",
    "UnknownDeadLetters",
    "UnknownFields",
    "UnknownInstances",
    "UnknownModule",
    "UnknownOperation",
    "WaitingEntry",
    "acts_on_instance",
    "acts_on_letter",
    "append_message",
    "audit",
    "begin_redrive",
    "carry_out",
    "count_due",
    "count_outcomes",
    "count_waiting",
    "discard",
    "erase",
    "find",
    "follow_log",
    "forget_cursors",
    "group_dead_letters",
    "health",
    "inspect",
    "lag",
    "list_abandoned",
    "list_collaborators",
    "list_cursors",
    "list_dead_letters",
    "list_group",
    "list_instances",
    "list_modules",
    "list_operations",
    "list_queues",
    "list_timers",
    "list_waiting",
    "migrate",
    "overview",
    "page_instances",
    "preview",
    "preview_correction",
    "preview_dead_letters",
    "prune",
    "publish",
    "read_dead_letters",
    "read_log",
    "read_operation",
    "read_pulse",
    "redrive",
    "repair_cursors",
    "replay",
    "resume_operation",
    "snapshot",
    "stop_operation",
    "stuck_reason",
]

_MODULES: Final = {
    "operations.auditing": "AuditReport audit",
    "operations.backlog": "ConsumerCursor Hole Lag ModuleEnd Outbox TimerCounts lag list_cursors",
    "operations.checked": "CheckedInstances DifferingInstance",
    "operations.checkup": "BrokerBlocked Health NoAnswer health",
    "operations.collaborators": "ListedCollaborator RejectedMessage list_collaborators",
    "operations.corrections": "Correction EntryNotCorrectable NotCorrectable NotStrictData",
    "operations.counting": """
        Count DueCounts OutcomeCount Overview ProcessCounts count_due count_outcomes count_waiting overview
    """,
    "operations.cursors": "BeyondLog ForgottenCursor NoCursor NotConsumed forget_cursors repair_cursors",
    "operations.dead_letters": """
        ClosedDeadLetters DeadLetter ForeignDeadLetters ListedDeadLetter UnknownDeadLetters list_dead_letters
        read_dead_letters
    """,
    "operations.erasure": "Erasure Kept NotErasable erase",
    "operations.errors": "OperationFailed UnknownInstances UnknownModule",
    "operations.finding": "Found find",
    "operations.instances": "AnnouncedOutcome AnsweredMessage Inspection InstanceTimer SentCommand TakenFact inspect",
    "operations.letter_groups": "DeadLetterGroup group_dead_letters list_group",
    "operations.listing": "ListedInstance list_instances stuck_reason",
    "operations.logs": "LogPage follow_log read_log",
    "operations.migrating": "migrate",
    "operations.modules": "ListedModule list_modules",
    "operations.paging": "InstanceFilter InstancePage NoSuchPlace page_instances",
    "operations.previewing": "InstancePreview PreviewedAnswer preview preview_correction preview_dead_letters",
    "operations.pruning": "prune",
    "operations.publishing": """
        Form MissingFields NewMessage NoConsumer NotLoggable Published UnknownFields append_message publish
    """,
    "operations.queues": "QueueDepth list_queues",
    "operations.redriver": "NoBroker RedriveReport Redriven",
    "operations.redriving": "begin_redrive carry_out discard redrive",
    "operations.replaying": "ReplayReport replay",
    "operations.runs": "BeingRedriven NotRunning Pace list_abandoned resume_operation stop_operation",
    "operations.services": "Blocker Heartbeat LoopState ServiceProcess",
    "operations.trail": """
        Act ListedOperation OperationItem OperationReport UnknownOperation acts_on_instance
        acts_on_letter list_operations read_operation
    """,
    "operations.waiting": "ListedTimer WaitingEntry list_timers list_waiting",
    "operations.watching": "read_pulse",
    "postgres": "LostRace NeedsPerson Unavailable snapshot",
    "postgres.migrations": "Migrated",
    "retention": "PruneEnd PruneReport PrunedLog PrunedRows",
    "verification.audit": "Gap StrayCommand UnansweredEvent",
    "verification.difference": "Difference",
    "verification.replay.cursor_repair": "CursorPlace RepairedCursor",
}
"""The module of each name. A name is loaded on first use: most need no broker's client."""


def __getattr__(name: str) -> Any:
    """Load a name on first use."""
    for module, names in _MODULES.items():
        if name in names.split():
            return getattr(import_module(f"saga.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
