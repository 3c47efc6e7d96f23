"""PostgreSQL: connections, durable transactions, the schema and its migrations. Knows no process and no broker."""

from saga.postgres.connection import connect_engine
from saga.postgres.errors import Conflict, Unavailable, unavailable_after
from saga.postgres.rows import as_rows
from saga.postgres.statements import Statements
from saga.postgres.transaction import durable_transaction, reading

__all__ = [
    "Conflict",
    "Statements",
    "Unavailable",
    "as_rows",
    "connect_engine",
    "durable_transaction",
    "reading",
    "unavailable_after",
]
