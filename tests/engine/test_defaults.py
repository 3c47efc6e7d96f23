"""Whatever defaults a database or a role has: commits wait for the disk, and statements mean what they say."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from saga.engine import Step
from saga.feeds.follower import Follower
from saga.modules import Entry, NewEvent, append
from saga.modules.reader import read_outgoing
from saga.orders import order_process
from saga.postgres import durable_transaction, reading
from saga.postgres.migrations import migrate
from tests.engine.conversation import execute, message, outcome, rows, value
from tests.modules.shop import ORDERS, Placed

NOTE_WHAT_IS_SET = """
    CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.noted VALUES (current_setting('synchronous_commit'));
        RETURN NULL;
    END
    $$
"""
AT_THE_COMMIT = """
    CREATE CONSTRAINT TRIGGER note AFTER INSERT OR UPDATE ON saga.{table} DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION public.note()
"""

Work = Callable[[AsyncEngine, AsyncEngine], Awaitable[None]]


@pytest.fixture
async def users(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A user's own pool, which sets nothing."""
    engine = create_async_engine(make_url(database_url).set(drivername="postgresql+asyncpg"))
    yield engine
    await engine.dispose()


async def make_default(engine: AsyncEngine, whose: str, setting: str, default: str) -> None:
    """A default of the database, or of a role in it, for connections that are made from now on."""
    name = await value(engine, "SELECT quote_ident(current_database())")
    of = f"DATABASE {name}" if whose == "database" else f"ROLE CURRENT_USER IN DATABASE {name}"
    await execute(engine, f"ALTER {of} SET {setting} = '{default}'")
    await engine.dispose()


async def in_a_durable_transaction(ours: AsyncEngine, _: AsyncEngine) -> None:
    async with durable_transaction(ours) as connection:
        await connection.execute(text("INSERT INTO saga.module (name) VALUES ('m')"))


async def by_an_append(_: AsyncEngine, users: AsyncEngine) -> None:
    async with users.begin() as connection:
        await append(connection, "orders", [NewEvent("o-1", "OrderPlaced", "e-1", {})])


async def by_a_module(_: AsyncEngine, users: AsyncEngine) -> None:
    async with AsyncSession(users) as session, session.begin():
        ORDERS.append(session, [Placed(order_id="o-1")])


@pytest.mark.parametrize("whose", ["database", "role"])
@pytest.mark.parametrize("work", [in_a_durable_transaction, by_an_append, by_a_module])
@pytest.mark.parametrize("default", ["off", "local", "remote_write", "on", "remote_apply"])
async def test_a_commit_that_others_act_on_is_safe_before_they_see_it(
    engine: AsyncEngine, users: AsyncEngine, work: Work, whose: str, default: str
) -> None:
    wanted = "remote_apply" if default == "remote_apply" else "on"
    for statement in ("CREATE TABLE public.noted (setting text)", NOTE_WHAT_IS_SET, AT_THE_COMMIT):
        await execute(engine, statement.format(table="module"))
    await make_default(engine, whose, "synchronous_commit", default)
    assert await value(users, "SHOW synchronous_commit") == default
    await work(engine, users)
    assert set(await rows(engine, "SELECT setting FROM public.noted")) == {(wanted,)}


async def test_the_cursor_of_a_follower_still_waits_for_no_disk(engine: AsyncEngine, users: AsyncEngine) -> None:
    await by_an_append(engine, users)
    for statement in ("CREATE TABLE public.noted (setting text)", NOTE_WHAT_IS_SET, AT_THE_COMMIT):
        await execute(engine, statement.format(table="cursor"))
    handed_on: list[Entry] = []

    async def hand_on(_: AsyncConnection, entries: Sequence[Entry]) -> None:
        handed_on.extend(entries)

    await Follower(engine, "relay", partial(read_outgoing, limit=10), hand_on).follow_once()
    assert len(handed_on) == 1
    assert set(await rows(engine, "SELECT setting FROM public.noted")) == {("off",)}


@pytest.mark.parametrize("whose", ["database", "role"])
@pytest.mark.parametrize("default", ["repeatable read", "serializable"])
async def test_transactions_run_at_the_level_that_they_are_written_for(
    engine: AsyncEngine, users: AsyncEngine, whose: str, default: str
) -> None:
    level = text("SELECT current_setting('transaction_isolation')")
    await make_default(engine, whose, "default_transaction_isolation", default)
    assert await value(users, level.text) == default
    async with durable_transaction(engine) as durable, reading(engine) as looking:
        for connection in (durable, looking):
            assert (await connection.execute(level)).scalar_one() == "read committed"


async def test_a_repeat_that_waits_for_the_first_is_a_repeat_whatever_the_default(engine: AsyncEngine) -> None:
    await make_default(engine, "database", "default_transaction_isolation", "serializable")
    step, said = Step(engine, order_process()), [message("OrderPlaced", f"o-{n}") for n in range(20)]
    taken = await asyncio.gather(*(step.handle(said) for _ in range(5)))
    assert (sum(one.taken for one in taken), sum(one.repeated for one in taken)) == (20, 80)
    assert await outcome(engine, "o-7") == "awaiting_payment"


async def test_migrations_from_several_places_at_once_are_fine_whatever_the_default(database_url: str) -> None:
    name = f"test_{uuid4().hex[:12]}"
    connection = await asyncpg.connect(database_url)
    await connection.execute(f"CREATE DATABASE {name}")
    try:
        await connection.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'")
        url = make_url(database_url).set(database=name).render_as_string(hide_password=False)
        await asyncio.gather(*(asyncio.to_thread(migrate, url) for _ in range(3)))
    finally:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.close()
