"""Connections: one pool for each service, with every timeout set that PostgreSQL leaves off by default."""

import os
import socket
from collections.abc import Mapping
from contextlib import AbstractContextManager, AsyncExitStack
from functools import partial
from types import MappingProxyType
from typing import Final

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from saga.addresses import AddressError, DatabaseAddress
from saga.metrics.table import POOL_IN_USE
from saga.postgres.hosts import open_connection
from saga.postgres.sqlstates import STALE
from saga.settings import SettingsError

COMMAND_TIMEOUT_SECONDS = 60.0
"""For a server that no longer answers at all; the server's own timeouts are shorter."""

ISOLATION_LEVEL: Final = "READ COMMITTED"
LONGEST_NAME = 63
"""In bytes; PostgreSQL cuts a name after that."""

SERVER_SETTINGS = {
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    # For a client that froze inside a transaction, or while the server sends it an answer: others wait for the locks of
    # that transaction. A client that works sends a statement in between (saga/postgres/holding.py).
    "idle_in_transaction_session_timeout": "10s",
    "tcp_user_timeout": "10s",
    # A generic plan cached while a table is young can stay a sequential scan when it is old.
    "plan_cache_mode": "force_custom_plan",
    "timezone": "UTC",
}

STEP_SETTINGS = {"enable_seqscan": "off"}
"""Settings of a worker's connections, for ``connect_engine``. The step has an index for each row that it reads. But
PostgreSQL prefers to scan a small table, and would read a damaged page that concerns only one order."""


def application_name(service: str) -> str:
    """The name of our connections in the server's views: service, process and host. It identifies a frozen client."""
    host = socket.gethostname().encode("ascii", "replace").decode("ascii")
    return f"saga-{service}/{os.getpid()}@{host}"[:LONGEST_NAME]


def connect_engine(
    database_url: str,
    service: str,
    pool_size: int = 5,
    *,
    command_timeout: float | None = COMMAND_TIMEOUT_SECONDS,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> AsyncEngine:
    """An engine with a bounded pool; connections are opened on first use. ``settings`` are added to the usual ones.

    The address is `postgresql://user:password@host:port/database`; it may list several hosts, separated by commas.
    ``service`` names the connections in PostgreSQL's views. The client waits ``command_timeout`` seconds at most for
    the answer to a statement; the server ends a statement after 30 s, a wait for a lock after 5 s, and an idle
    transaction after 10 s. Dispose of the engine when you are done: `await engine.dispose()`.

    Raises ValueError (SettingsError) if the address can't be used; the message never shows a part of the password.
    """
    try:
        address = DatabaseAddress.parse(database_url)
    except AddressError as error:
        raise SettingsError(f"The database's address {error}.") from None
    server_settings = {**SERVER_SETTINGS, **settings, "application_name": application_name(service)}
    if address.options is not None:
        server_settings["options"] = address.options

    async def connect() -> asyncpg.Connection:
        return await open_connection(address, command_timeout=command_timeout, server_settings=server_settings)

    host, port = address.hosts[0]
    engine = create_async_engine(
        # Only for callers that read the engine's URL: ``connect`` knows all hosts.
        URL.create("postgresql+asyncpg", address.user, address.password, host, port, address.database),
        async_creator=connect,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=False,
        # The statements rely on it, whatever the defaults of database and role are.
        isolation_level=ISOLATION_LEVEL,
        # Errors go to logs, and parameters hold the contents of messages.
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "handle_error", _throw_away_stale)
    return engine


def _throw_away_stale(context: ExceptionContext) -> None:
    """Discard a connection to a server that was demoted: it stays read-only, so the retry needs another connection."""
    if str(getattr(context.original_exception, "sqlstate", None) or "").startswith(STALE):
        context.is_disconnect = True


def owned_engine(
    owned: AsyncExitStack, url: str, service: str, pool_size: int, *, settings: Mapping[str, str] = MappingProxyType({})
) -> AsyncEngine:
    """An engine that is disposed of with ``owned``; nothing is connected yet.

    Raises SettingsError, with the remedy, if the address can't be used.
    """
    engine = connect_engine(url, service, pool_size, settings=settings)
    owned.push_async_callback(engine.dispose)
    owned.enter_context(connections_in_use(engine))
    return engine


def connections_in_use(engine: AsyncEngine) -> AbstractContextManager[None]:
    """Show the connections of this engine in the metrics for as long as the block lasts."""
    return POOL_IN_USE.reads(partial(_in_use, engine))


def _in_use(engine: AsyncEngine) -> float:
    """How many connections of the engine's pool are in use; the pool is another one after a dispose."""
    pool = engine.pool
    return pool.checkedout() if isinstance(pool, QueuePool) else 0
