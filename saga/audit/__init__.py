"""The audit: what a running system has made of the facts, held against what the declared model makes of them.

`saga.replay` goes through a record in its order, by the engine's own decision. The audit never looks at the order and
never asks that function: it reads the tables.
"""

from saga.audit.check import Audited, audit, audit_these, count_differing
from saga.audit.commands import Astray, AuditedCommands, audit_commands
from saga.audit.difference import Difference
from saga.audit.events import AuditedEvents, Unanswered, audit_events
from saga.audit.model import Expected, Held, expect
from saga.audit.record import Record, Sent

__all__ = [
    "Astray",
    "Audited",
    "AuditedCommands",
    "AuditedEvents",
    "Difference",
    "Expected",
    "Held",
    "Record",
    "Sent",
    "Unanswered",
    "audit",
    "audit_commands",
    "audit_events",
    "audit_these",
    "count_differing",
    "expect",
]
