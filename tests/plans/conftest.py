"""What the plan tests stand on: a database with a million of everything, and one that grew after it was looked at."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.devstack.stack import Addresses
from saga.postgres import connect_engine
from tests.conftest import fresh_database
from tests.plans.arguments import arguments
from tests.plans.claims import Written, written
from tests.plans.explained import Plan, explain
from tests.plans.filling import BIG_TABLES, analyze, fill

MANY = 1_000_000

Explained = Callable[[str], Awaitable[Mapping[str, Plan]]]


@pytest.fixture(scope="session")
def statements() -> Mapping[str, Written]:
    """All statements of the services, by name."""
    return written()


@pytest.fixture(scope="session")
async def big(addresses: Addresses, template: str) -> AsyncIterator[AsyncEngine]:
    """A million events, messages, instances and timers, as a service finds them: through its own kind of connection."""
    async with fresh_database(addresses, template) as url:
        await fill(url, MANY)
        await analyze(url)
        engine = connect_engine(url, "test")
        yield engine
        await engine.dispose()


@pytest.fixture(scope="session")
def explained(big: AsyncEngine, statements: Mapping[str, Written]) -> Explained:
    """The plans of a statement in that database, by what is special about each call; looked at once."""
    known: dict[str, Mapping[str, Plan]] = {}
    calls = arguments(MANY)

    async def look(name: str) -> Mapping[str, Plan]:
        if name not in known:
            async with big.connect() as connection:
                plans = {}
                for case, given in calls[name].items():
                    await begin(connection, statements, name)
                    plans[case] = await explain(connection, statements[name].executable, given)
                    await connection.rollback()
                known[name] = plans
        return known[name]

    return look


async def begin(connection: AsyncConnection, statements: Mapping[str, Written], name: str) -> None:
    """Begin a transaction as the one is begun in which the statement belongs."""
    if name.startswith("retention/"):
        await connection.execute(statements["retention/begin_batch"].executable)
    if name == "erasure/rewrite_entries":
        await connection.execute(statements["erasure/allow_erasing"].executable)


@dataclass(frozen=True, slots=True)
class Young:
    """A database with next to nothing in it."""

    url: str
    engine: AsyncEngine


@pytest.fixture
async def young(addresses: Addresses, template: str) -> AsyncIterator[Young]:
    """One of which the planner knows that, and keeps to it."""
    async with fresh_database(addresses, template) as url:
        engine = connect_engine(url, "test")
        async with engine.begin() as connection:
            for table in BIG_TABLES:
                await connection.execute(text(f"ALTER TABLE saga.{table} SET (autovacuum_enabled = false)"))
        await fill(url, 100)
        await analyze(url)
        yield Young(url, engine)
        await engine.dispose()
