"""Modules and their event logs: declare, append, read and follow. Knows no process and no broker.

A module is a part of the business with one event log, in which every event has one position. The log is in the schema
`saga` of a PostgreSQL database, which `saga migrate` creates.
"""

from saga.modules.batch import StreamConflict
from saga.modules.following import follow
from saga.modules.log import Entry, NewEvent, Visibility, append
from saga.modules.module import EventRefused, Module, internal
from saga.modules.pending import NoTransaction
from saga.modules.reader import Horizon, Pruned, Reading, read_horizon, read_public
from saga.postgres import Unavailable, connect_engine

__all__ = [
    "Entry",
    "EventRefused",
    "Horizon",
    "Module",
    "NewEvent",
    "NoTransaction",
    "Pruned",
    "Reading",
    "StreamConflict",
    "Unavailable",
    "Visibility",
    "append",
    "connect_engine",
    "follow",
    "internal",
    "read_horizon",
    "read_public",
]
