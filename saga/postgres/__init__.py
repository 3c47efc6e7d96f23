"""PostgreSQL: connections, durable transactions, the schema and its migrations. Knows no process and no broker."""

from saga.postgres.connection import connect_engine, owned_engine
from saga.postgres.errors import (
    Duplicate,
    LostRace,
    NeedsPerson,
    Refused,
    Unavailable,
    again_after_lost_races,
    server_of,
    unavailable_after,
)
from saga.postgres.holding import still_here, while_open
from saga.postgres.rows import as_rows
from saga.postgres.statements import Statements
from saga.postgres.transaction import durable_transaction, one_moment, reading, snapshot

__all__ = [
    "Duplicate",
    "LostRace",
    "NeedsPerson",
    "Refused",
    "Statements",
    "Unavailable",
    "again_after_lost_races",
    "as_rows",
    "connect_engine",
    "durable_transaction",
    "one_moment",
    "owned_engine",
    "reading",
    "server_of",
    "snapshot",
    "still_here",
    "unavailable_after",
    "while_open",
]
