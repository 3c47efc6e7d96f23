"""Connections: one pool for each service, with every timeout set that PostgreSQL leaves off by default."""

import os
import socket
from contextlib import AsyncExitStack

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from saga.settings import SettingsError

CONNECT_TIMEOUT_SECONDS = 5.0
COMMAND_TIMEOUT_SECONDS = 60.0
"""For a server that no longer answers at all; what it can notice itself it ends sooner."""

LONGEST_NAME = 63
"""Bytes that PostgreSQL keeps of a name."""

SERVER_SETTINGS = {
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    # For a client that froze, inside a transaction or while an answer is on its way to it: the others wait for what its
    # transaction has locked. One that lives says so in between (saga/postgres/holding.py).
    "idle_in_transaction_session_timeout": "10s",
    "tcp_user_timeout": "10s",
    # A generic plan cached while a table is young can stay a sequential scan when it is old.
    "plan_cache_mode": "force_custom_plan",
    "timezone": "UTC",
}


def async_url(database_url: str) -> URL:
    """The address with the driver that this project uses, whichever driver it names or omits."""
    return make_url(database_url).set(drivername="postgresql+asyncpg")


def application_name(service: str) -> str:
    """How the server's views call our connections: service, process and host, so that one that froze can be found."""
    host = socket.gethostname().encode("ascii", "replace").decode("ascii")
    return f"saga-{service}/{os.getpid()}@{host}"[:LONGEST_NAME]


def connect_engine(database_url: str, service: str, pool_size: int = 5) -> AsyncEngine:
    """An engine with a bounded pool; connections are opened on first use."""
    return create_async_engine(
        async_url(database_url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=False,
        # Errors go to logs, and parameters are what messages say.
        hide_parameters=True,
        connect_args={
            "timeout": CONNECT_TIMEOUT_SECONDS,
            "command_timeout": COMMAND_TIMEOUT_SECONDS,
            "server_settings": {**SERVER_SETTINGS, "application_name": application_name(service)},
        },
    )


def owned_engine(
    owned: AsyncExitStack, url: str, service: str, pool_size: int, *, named: str = "SAGA_DATABASE_URL"
) -> AsyncEngine:
    """An engine that is disposed of with ``owned``; nothing is connected yet.

    Raises SettingsError, with the remedy, if what is ``named`` so is no address.
    """
    try:
        engine = connect_engine(url, service, pool_size)
    except ArgumentError:
        raise SettingsError(f"{named} is no address: write postgresql://user:password@host:port/database.") from None
    owned.push_async_callback(engine.dispose)
    return engine
