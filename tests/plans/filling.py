"""Filling a database with what a service leaves in it over months, in rows of the right kinds and proportions."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from saga.postgres import Statements

BIG_TABLES = (
    "event_log",
    "inbox",
    "instance",
    "timer",
    "instance_tombstone",
    "inbox_tombstone",
    "stream_tombstone",
    "dead_letter",
)

_SQL = Statements(__package__)
_SIDE_BY_SIDE = (
    ("fill_event_log", "fill_modules", "fill_cursors", "fill_dead_letters", "fill_operations"),
    ("fill_instances", "fill_timers", "fill_inbox", "fill_tombstones"),
)


async def fill(database_url: str, count: int) -> None:
    """``count`` instances with their timers, as many messages and events, a fifth as many tombstones of each kind."""
    async with _patient(database_url) as engine:
        await asyncio.gather(*(_run(engine, names, count) for names in _SIDE_BY_SIDE))


async def analyze(database_url: str) -> None:
    """Let the planner know what is there, as autovacuum does sooner or later."""
    async with _patient(database_url) as engine, engine.connect() as connection:
        _ = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("VACUUM ANALYZE"))


async def empty(database_url: str) -> None:
    """Take everything out again; what the planner knows stays as it is."""
    async with _patient(database_url) as engine, engine.begin() as connection:
        await connection.execute(text("SET LOCAL saga.pruning = 'on'"))
        await connection.execute(_SQL["empty"])


async def _run(engine: AsyncEngine, names: Sequence[str], count: int) -> None:
    async with engine.begin() as connection:
        for name in names:
            statement = _SQL[name]
            await connection.execute(statement, {"count": count} if ":count" in statement.text else {})


@asynccontextmanager
async def _patient(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Connections without the limits that a service has."""
    engine = create_async_engine(make_url(database_url).set(drivername="postgresql+asyncpg"))
    yield engine
    await engine.dispose()
