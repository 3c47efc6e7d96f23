"""The audit: what a running system has made of the facts, held against what the declared model makes of them.

`saga.verification.replay` goes through a record in its order, by the engine's own decision. The audit never looks at
the order and never asks that function: it reads the tables.
"""

from saga.verification.audit.check import Audited, audit, audit_these, count_differing
from saga.verification.audit.commands import AuditedCommands, StrayCommand, audit_commands
from saga.verification.audit.events import AuditedEvents, UnansweredEvent, audit_events
from saga.verification.audit.logs import Gap, audit_logs
from saga.verification.audit.model import Expected, JointState, expect
from saga.verification.audit.record import LastCommand, Record

__all__ = [
    "Audited",
    "AuditedCommands",
    "AuditedEvents",
    "Expected",
    "Gap",
    "JointState",
    "LastCommand",
    "Record",
    "StrayCommand",
    "UnansweredEvent",
    "audit",
    "audit_commands",
    "audit_events",
    "audit_logs",
    "audit_these",
    "count_differing",
    "expect",
]
