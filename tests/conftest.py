"""What the tests stand on: one private stack for the session, one fresh database and one name space for each test."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.devstack.stack import Addresses, LocalStack
from saga.postgres import connect_engine
from saga.postgres.migrations import migrate

pytest_plugins = ["tests.harness.memory", "tests.harness.guard", "tests.harness.order", "tests.harness.seeds"]

TEMPLATE = "saga_template"

# A shell that runs the tests in its background has them ignore Ctrl-C, and what they start would do so too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How fast an example is made says how busy the machine is.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """A private Postgres and RabbitMQ, gone after the session."""
    with LocalStack.temporary() as running:
        yield running


@pytest.fixture(scope="session")
def addresses(stack: LocalStack) -> Addresses:
    """Where the session's stack answers."""
    return stack.addresses


@pytest.fixture(scope="session")
async def template(addresses: Addresses) -> str:
    """A migrated database that others are copied from; a copy takes some 30 ms."""
    await _administer(addresses, f"CREATE DATABASE {TEMPLATE}")
    await _migrate(_database(addresses, TEMPLATE))
    return TEMPLATE


@pytest.fixture
async def database_url(addresses: Addresses, template: str) -> AsyncIterator[str]:
    """A fresh, migrated database."""
    async with fresh_database(addresses, template) as url:
        yield url


@pytest.fixture
async def elsewhere_url(addresses: Addresses, template: str) -> AsyncIterator[str]:
    """Another fresh, migrated database: another team's."""
    async with fresh_database(addresses, template) as url:
        yield url


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A pool on the test's database."""
    engine = connect_engine(database_url, "test", pool_size=10)
    yield engine
    await engine.dispose()


@pytest.fixture
async def elsewhere(elsewhere_url: str) -> AsyncIterator[AsyncEngine]:
    """A pool on another team's database."""
    engine = connect_engine(elsewhere_url, "elsewhere", pool_size=10)
    yield engine
    await engine.dispose()


@pytest.fixture
def amqp_url(addresses: Addresses) -> str:
    """The session's broker."""
    assert addresses.amqp_url is not None
    return addresses.amqp_url


@pytest.fixture
def management_url(addresses: Addresses) -> str:
    """The session's broker, over HTTP."""
    assert addresses.management_url is not None
    return addresses.management_url


@pytest.fixture
def prefix() -> str:
    """A prefix for exchanges and queues that no other test has."""
    return f"t{uuid4().hex[:10]}"


@asynccontextmanager
async def fresh_database(addresses: Addresses, template: str) -> AsyncIterator[str]:
    """A migrated database, gone afterwards."""
    name = f"test_{uuid4().hex[:12]}"
    await _administer(addresses, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _database(addresses, name)
    await _administer(addresses, f"DROP DATABASE {name} WITH (FORCE)")


def _database(addresses: Addresses, name: str) -> str:
    return make_url(addresses.database_url).set(database=name).render_as_string(hide_password=False)


async def _administer(addresses: Addresses, statement: str) -> None:
    connection = await asyncpg.connect(addresses.database_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _migrate(database_url: str) -> None:
    await asyncio.to_thread(migrate, database_url)
