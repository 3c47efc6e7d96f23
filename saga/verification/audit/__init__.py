"""The audit: compares the state of a running system with what the declared model gives for the same facts.

`saga.verification.replay` follows a record in its order, with the engine's own decision. The audit uses neither the
order nor that function: it reads the tables of the declaration.
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
