"""Connections: one pool for each service, with every timeout set that PostgreSQL leaves off by default."""

from collections.abc import Mapping
from contextlib import AsyncExitStack

from sqlalchemy import event
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from saga.postgres.sqlstates import STALE
from saga.settings import SettingsError

CONNECT_TIMEOUT_SECONDS = 5.0
COMMAND_TIMEOUT_SECONDS = 60.0
"""For a server that no longer answers at all; what it can notice itself it ends sooner."""

SERVER_SETTINGS = {
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    # A generic plan cached while a table is young can stay a sequential scan when it is old.
    "plan_cache_mode": "force_custom_plan",
    "timezone": "UTC",
}

STEP_SETTINGS = {"enable_seqscan": "off"}
"""For whoever takes the durable step. It has an index for each row that it looks at; but a small table PostgreSQL would
rather read as a whole, and with it the page that is damaged, which concerns one order."""


def async_url(database_url: str) -> URL:
    """The address with the driver that this project uses, whichever driver it names or omits."""
    return make_url(database_url).set(drivername="postgresql+asyncpg")


def connect_engine(
    database_url: str, service: str, pool_size: int = 5, *, settings: Mapping[str, str] | None = None
) -> AsyncEngine:
    """An engine with a bounded pool; connections are opened on first use, with these settings beside the usual ones."""
    engine = create_async_engine(
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
            "server_settings": {**SERVER_SETTINGS, **(settings or {}), "application_name": f"saga-{service}"},
        },
    )
    event.listen(engine.sync_engine, "handle_error", _throw_away_stale)
    return engine


def _throw_away_stale(context: ExceptionContext) -> None:
    """A connection to a server that was demoted stays one: the same work, done again, needs another connection."""
    if str(getattr(context.original_exception, "sqlstate", None) or "").startswith(STALE):
        context.is_disconnect = True


def owned_engine(
    owned: AsyncExitStack,
    url: str,
    service: str,
    pool_size: int,
    *,
    named: str = "SAGA_DATABASE_URL",
    settings: Mapping[str, str] | None = None,
) -> AsyncEngine:
    """An engine that is disposed of with ``owned``; nothing is connected yet.

    Raises SettingsError, with the remedy, if what is ``named`` so is no address.
    """
    try:
        engine = connect_engine(url, service, pool_size, settings=settings)
    except ArgumentError:
        raise SettingsError(f"{named} is no address: write postgresql://user:password@host:port/database.") from None
    owned.push_async_callback(engine.dispose)
    return engine
