"""Modules and their event logs: append, and read up to a horizon. Knows no process and no broker."""

from saga.modules.batch import StreamConflict
from saga.modules.following import follow
from saga.modules.log import Entry, NewEvent, Visibility, append
from saga.modules.module import EventRefused, Module, internal
from saga.modules.pending import NoTransaction
from saga.modules.public_log import PublicLog, Unreachable
from saga.modules.reader import (
    Horizon,
    Pruned,
    Reading,
    read_all,
    read_commands,
    read_entry,
    read_horizon,
    read_outgoing,
    read_public,
    read_stream,
)

__all__ = [
    "Entry",
    "EventRefused",
    "Horizon",
    "Module",
    "NewEvent",
    "NoTransaction",
    "Pruned",
    "PublicLog",
    "Reading",
    "StreamConflict",
    "Unreachable",
    "Visibility",
    "append",
    "follow",
    "internal",
    "read_all",
    "read_commands",
    "read_entry",
    "read_horizon",
    "read_outgoing",
    "read_public",
    "read_stream",
]
