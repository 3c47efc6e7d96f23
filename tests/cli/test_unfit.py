"""`saga migrate` and `saga health` on unfit databases: a sentence, and an exit code that says who has to act."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.engine import make_url
from yarl import URL

from saga.cli.shell.broker import broker
from saga.cli.shell.failure import WrongUsage
from saga.devstack.stack import Addresses
from saga.postgres import NeedsPerson, fitness
from tests.cli.shell import Saga


@pytest.fixture
async def other(addresses: Addresses) -> AsyncIterator[asyncpg.Connection]:
    """A connection on which databases named as the test likes are made; they are gone afterwards."""
    connection = await asyncpg.connect(addresses.database_url)
    yield connection
    await connection.close()


def named(addresses: Addresses, name: str) -> str:
    return make_url(addresses.database_url).set(database=name).render_as_string(hide_password=False)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_an_encoding_that_can_not_hold_every_message_is_refused(
    saga: Saga, addresses: Addresses, other: asyncpg.Connection, encoding: str
) -> None:
    name = f"odd_{uuid4().hex[:12]}"
    await other.execute(
        f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE_PROVIDER libc LOCALE 'C'"
    )
    try:
        for words, code in ((("migrate",), 2), (("health",), 1)):
            result = await _run(saga, *words, SAGA_DATABASE_URL=named(addresses, name))
            assert result == (code, True, f"has the encoding {encoding}"), words
        assert await _tables(addresses, name) == 0
    finally:
        await other.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def _run(saga: Saga, *words: str, **environment: str) -> tuple[int, bool, str]:
    result = await asyncio.to_thread(saga, *words, **environment)
    line = result.stderr.strip()
    return result.exit_code, "\n" not in line, line.partition("/")[2].partition(" ")[2].partition(",")[0]


async def _tables(addresses: Addresses, name: str) -> int:
    connection = await asyncpg.connect(named(addresses, name))
    try:
        found = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'saga'")
        return int(found)
    finally:
        await connection.close()


def test_a_read_only_database_is_waited_for_and_not_migrated(saga: Saga, database_url: str) -> None:
    name = make_url(database_url).database
    saga.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    for words in (("migrate",), ("health",)):
        result = saga(*words)
        assert (result.exit_code, "it is read-only" in result.stderr, "now" in result.stderr) == (1, True, True)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [({"password": "a-secret"}, "refuses the login"), ({"database": "nowhere"}, "has no such database")],
)
def test_what_a_person_has_to_change_is_said_by_migrate(
    saga: Saga, database_url: str, changes: dict[str, str], complaint: str
) -> None:
    wrong = make_url(database_url).set(**changes).render_as_string(hide_password=False)  # type: ignore[arg-type]
    result = saga("migrate", SAGA_DATABASE_URL=wrong)
    assert (result.exit_code, complaint in result.stderr, "a-secret" in result.stderr) == (2, True, False)
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "words", ["inspect o-1", "lag", "replay", "prune --older-than 1d", "dead-letters redrive --all", "scenario"]
)
def test_what_a_person_has_to_change_at_the_database_ends_a_command_with_2(
    saga: Saga, database_url: str, words: str
) -> None:
    wrong = make_url(database_url).set(password="a-secret").render_as_string(hide_password=False)
    result = saga(*words.split(), SAGA_DATABASE_URL=wrong)
    assert (result.exit_code, "a-secret" in result.stderr) == (2, False)
    assert result.stderr.splitlines()[-1].startswith("The database")
    assert "refuses the login" in result.stderr


@pytest.mark.parametrize("words", ["publish OrderPlaced o-1 --sample", "scenario --orders 1"])
def test_what_a_person_has_to_change_at_the_broker_ends_a_command_with_2(saga: Saga, amqp_url: str, words: str) -> None:
    wrong = str(URL(amqp_url).with_password("a-secret"))
    result = saga(*words.split(), SAGA_AMQP_URL=wrong)
    assert (result.exit_code, "a-secret" in result.stderr) == (2, False)
    assert "refuses the login" in result.stderr


def test_what_a_person_has_to_change_at_the_database_is_not_laid_to_the_broker(saga: Saga) -> None:
    with pytest.raises(WrongUsage, match=r"^The database a:1/b is wrong\.$"), broker(saga.environment["SAGA_AMQP_URL"]):
        raise NeedsPerson("is wrong", "database a:1/b")


def test_an_old_server_is_refused_by_its_version(saga: Saga, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitness, "MINIMUM_VERSION", 99)
    result = saga("migrate")
    assert result.exit_code == 2
    assert "and 99 or newer is needed" in result.stderr


def test_an_old_broker_is_refused_by_its_version(saga: Saga, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saga.rabbitmq.connection.MINIMUM_VERSION", (99, 1))
    result = saga("health")
    assert result.exit_code == 1
    assert "and 99.1 or newer is needed: upgrade it" in result.stderr


def test_a_sentence_names_its_server() -> None:
    assert NeedsPerson("is old", "database a:1/b").sentence == "The database a:1/b is old."
