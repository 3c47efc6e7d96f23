"""What a curious reader tries: functions that tell, casts that fail aloud, statistics. None gives a hidden row."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.modules import NewEvent, Visibility, append
from saga.postgres import durable_transaction
from tests.engine.conversation import execute, value
from tests.visibility.logins import Logins

SECRET = "xyzzy"
TELL = """
CREATE FUNCTION pg_temp.tell(said text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN RAISE NOTICE '%', said; RETURN true; END
$$
"""
HIDDEN = {
    ("saga_reader",): "saga.public_event",
    ("saga_relay",): "saga.outgoing",
    ("saga_collaborator_gateway",): "saga.command",
    ("saga_module_orders",): "saga.event_log",
    ("saga_worker", "saga_module_orders"): "saga.event_log",
}
"""For each kind of login the relation out of which it must not get the secret."""


@pytest.fixture
async def logs(engine: AsyncEngine) -> None:
    """Logs in which every column of what is hidden from some says the secret, and nothing else does."""
    async with durable_transaction(engine) as connection:
        await append(connection, "orders", [NewEvent("1", "Placed", "1", {"number": 1})])
    async with durable_transaction(engine) as connection:
        hidden = NewEvent(SECRET, SECRET, SECRET, {"number": SECRET}, Visibility.INTERNAL, metadata={SECRET: SECRET})
        shown = NewEvent("1", "Pay", "2", {"number": 2}, Visibility.INTERNAL, "gateway", {"note": "for the relay"})
        await append(connection, "payments", [hidden, shown, NewEvent("1", "Paid", "3", {"number": 3})])
    await execute(engine, "ANALYZE saga.event_log")


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[tuple[asyncpg.Connection, list[str]]]:
    """A connection with a function that raises its argument as a notice, and the notices that came."""
    connection, notices = await asyncpg.connect(url), []
    connection.add_log_listener(lambda _, message: notices.append(str(message)))
    try:
        await connection.execute(TELL)
        yield connection, notices
    finally:
        await connection.close()


@pytest.mark.parametrize("groups", HIDDEN, ids="+".join)
async def test_a_function_that_reports_its_argument_is_not_shown_what_is_hidden(
    logins: Logins, logs: None, groups: tuple[str, ...]
) -> None:
    relation = HIDDEN[groups]
    async with listening(await logins.url(*groups)) as (connection, notices):
        await connection.fetch(f"SELECT * FROM {relation} AS r WHERE pg_temp.tell(CAST(r AS text))")
        await connection.fetch(f"SELECT * FROM {relation} WHERE pg_temp.tell(event_id)")
        await connection.fetch(f"SELECT * FROM {relation} WHERE pg_temp.tell(data ->> 'number') LIMIT 100")
        await connection.fetch(f"SELECT count(*) FROM {relation} GROUP BY type HAVING pg_temp.tell(type)")
        with_itself = (
            f"SELECT FROM {relation} AS a JOIN {relation} AS b ON pg_temp.tell(a.event_id) AND a.type = b.type"
        )
        await connection.fetch(with_itself)
    assert notices
    assert SECRET not in "".join(notices)


async def test_without_the_barrier_the_function_would_see_it(logins: Logins, logs: None, engine: AsyncEngine) -> None:
    await execute(engine, "ALTER VIEW saga.public_event SET (security_barrier = false)")
    async with listening(await logins.url("saga_reader")) as (connection, notices):
        await connection.fetch("SELECT type FROM saga.public_event WHERE pg_temp.tell(event_id)")
    assert SECRET in "".join(notices)


@pytest.mark.parametrize("groups", HIDDEN, ids="+".join)
async def test_a_cast_that_fails_aloud_does_not_fail_on_what_is_hidden(
    logins: Logins, logs: None, groups: tuple[str, ...]
) -> None:
    async with listening(await logins.url(*groups)) as (connection, _):
        found = f"SELECT event_id FROM {HIDDEN[groups]} WHERE CAST(data ->> 'number' AS int) > 0"
        assert await connection.fetch(found)


@pytest.mark.parametrize("groups", HIDDEN, ids="+".join)
async def test_statistics_tell_nothing(
    logins: Logins, logs: None, engine: AsyncEngine, groups: tuple[str, ...]
) -> None:
    known = "SELECT count(*) FROM pg_stats WHERE CAST(pg_stats AS text) LIKE '%xyzzy%'"
    assert await value(engine, known) > 0
    async with listening(await logins.url(*groups)) as (connection, _):
        assert await connection.fetchval(known) == 0


async def test_of_metadata_readers_and_collaborators_see_the_three_attributes_of_the_wire(
    logins: Logins, engine: AsyncEngine
) -> None:
    said = {"correlationid": "c", "causationid": "a", "traceparent": "t", SECRET: SECRET}
    async with durable_transaction(engine) as connection:
        event = NewEvent("1", "Placed", "1", {}, metadata=said)
        command = NewEvent("1", "Pay", "2", {}, Visibility.INTERNAL, "gateway", said)
        await append(connection, "orders", [event, command])
    for group, view in (("saga_reader", "public_event"), ("saga_collaborator_gateway", "command")):
        seen = await value(await logins.engine(group), f"SELECT metadata FROM saga.{view}")
        assert seen == {name: text for name, text in said.items() if name != SECRET}
