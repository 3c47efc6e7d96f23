"""Readers that keep one integer miss nothing and double nothing, whatever those do who append.

Thousands of transactions, in every way there is to append, are committed, rolled back, kept waiting and killed. Each
writes a row of its own beside every event, so that afterwards rows and events can be compared. That position order is
commit order is seen from two sides that don't trust positions: whoever got the answer to a commit finds everything
below its positions, and every moment that anybody looks at shows all positions from 1 to the last one.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from saga.modules import Entry, NewEvent, Reading, Visibility, append, follow, read_public
from saga.postgres import LostRace, Unavailable, connect_engine, durable_transaction, reading
from tests.engine.conversation import rows, value
from tests.modules.shop import ORDERS, Order, Placed, Scored, open_shop
from tests.waiting import pause

TRANSACTIONS = 3_000
WRITERS = 8
CLOSING = "closing"
WRITING, READING = "random-writers", "random-readers"

INSERT = text("INSERT INTO shop_order SELECT unnest(CAST(:names AS text[]))")
DIE = text("SELECT pg_terminate_backend(pg_backend_pid())")
KILL = text("""
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE :service AND pid <> pg_backend_pid()
ORDER BY random() LIMIT 1
""")
BELOW = text("""
SELECT count(*), max(position) FROM saga.event_log WHERE module = 'orders' AND position <= (
    SELECT max(position) FROM saga.event_log WHERE module = 'orders' AND stream_id = :name
)
""")
WHOLE = text("SELECT count(*), coalesce(max(position), 0) FROM saga.event_log WHERE module = 'orders'")


class Undone(Exception):
    """A transaction that changes its mind."""


@dataclass
class Run:
    """One run: the dice, the pools, and what the writers know for certain."""

    chance: random.Random
    writing: AsyncEngine
    reading: AsyncEngine
    committed: set[str] = field(default_factory=set)
    undone: set[str] = field(default_factory=set)
    fates: Counter[str] = field(default_factory=Counter)
    writers: int = WRITERS

    def names(self, transaction: str) -> list[str]:
        return [f"{transaction}-{part}" for part in range(self.chance.randrange(1, 4))]

    def event(self, name: str) -> Placed | Scored:
        is_internal = name != CLOSING and self.chance.random() < 0.3
        return Scored(name) if is_internal else Placed(order_id=name)

    async def meet(self, fate: str, connection: AsyncConnection) -> None:
        """What happens between the last word of a transaction and its commit."""
        if fate == "slow":
            await pause(self.chance.random() * 0.02)
        elif fate == "dies":
            await connection.execute(DIE)
        elif fate == "undone":
            raise Undone


async def with_a_session(run: Run, names: list[str], fate: str) -> None:
    async with AsyncSession(run.writing) as session, session.begin():
        for name in names:
            if run.chance.random() < 0.3:
                with suppress(Undone):
                    async with session.begin_nested():
                        session.add(Order(order_id=f"{name}-lost"))
                        ORDERS.append(session, [run.event(f"{name}-lost")])
                        if run.chance.random() < 0.5:
                            await session.flush()
                        raise Undone
            session.add(Order(order_id=name))
            ORDERS.append(session, [run.event(name)])
        await run.meet(fate, await session.connection())


async def with_a_connection(run: Run, names: list[str], fate: str) -> None:
    async with run.writing.begin() as connection:
        for name in names:
            if run.chance.random() < 0.3:
                with suppress(Undone):
                    async with connection.begin_nested():
                        await connection.execute(INSERT, {"names": [f"{name}-lost"]})
                        ORDERS.append(connection, [run.event(f"{name}-lost")])
                        raise Undone
            async with connection.begin_nested():
                ORDERS.append(connection, [run.event(name)], expected_version=0)
        await connection.execute(INSERT, {"names": names})
        await run.meet(fate, connection)


async def with_the_log(run: Run, names: list[str], fate: str) -> None:
    """By hand: what is slow here holds the module's row all the time."""
    events = []
    for name in names:
        visibility = Visibility.INTERNAL if run.chance.random() < 0.3 else Visibility.PUBLIC
        events.append(NewEvent(name, "Placed", f"id-{name}", {"order_id": name}, visibility=visibility))
    async with durable_transaction(run.writing) as connection:
        await connection.execute(INSERT, {"names": names})
        await append(connection, "orders", events)
        await run.meet("undone" if fate == "slow" and run.chance.random() < 0.7 else fate, connection)


WAYS: list[Callable[[Run, list[str], str], Awaitable[None]]] = [with_a_session, with_a_connection, with_the_log]
FATES = {"committed": 70, "slow": 12, "undone": 15, "dies": 1}


async def write(run: Run, writer: int) -> None:
    for number in range(TRANSACTIONS // WRITERS):
        names = run.names(f"{writer}-{number}")
        (fate,) = run.chance.choices(list(FATES), list(FATES.values()))
        run.fates[fate] += 1
        try:
            await run.chance.choice(WAYS)(run, names, fate)
        except Undone:
            run.undone.update(names)
        except (SQLAlchemyError, Unavailable, LostRace, OSError):
            run.fates["broken"] += 1
        else:
            run.committed.update(names)
            if run.chance.random() < 0.3:
                await require_everything_below(run, names[-1])
    run.writers -= 1
    if not run.writers:
        await with_a_session(run, [CLOSING], "committed")


async def require_everything_below(run: Run, name: str) -> None:
    """Who has the answer to a commit sees all that has a lower position."""
    with suppress(Unavailable):
        async with reading(run.reading) as connection:
            count, last = (await connection.execute(BELOW, {"name": name})).one()
        assert count == last, f"{count} events up to position {last}"


async def watch(run: Run) -> None:
    """At every moment there are all positions from 1 to the last one."""
    while run.writers:
        with suppress(Unavailable):
            async with reading(run.reading) as connection:
                count, last = (await connection.execute(WHOLE)).one()
            assert count == last, f"{count} events up to position {last}"
        await pause(run.chance.random() * 0.2)


async def kill(run: Run) -> None:
    """Backends in the middle of whatever they do; mostly writers."""
    while run.writers:
        await pause(run.chance.random())
        service = WRITING if run.chance.random() < 0.8 else READING
        with suppress(Unavailable):
            async with reading(run.reading) as connection:
                await connection.execute(KILL, {"service": f"saga-{service}/%"})
        run.fates["killed"] += 1


Pages = Callable[[int], AsyncIterator[Reading]]


async def read(run: Run, pages: Pages) -> list[Entry]:
    """All that a reader sees until the last event; it goes on from its horizon whenever its connection dies."""
    horizon, seen = 0, []
    while True:
        with suppress(Unavailable):
            async for page in pages(horizon):
                assert page.horizon >= horizon
                horizon = page.horizon
                seen += page.entries
                if seen and seen[-1].stream_id == CLOSING:
                    return seen


def public_pages(run: Run) -> Pages:
    async def pages(after: int) -> AsyncIterator[Reading]:
        while True:
            async with reading(run.reading) as connection:
                page = await read_public(connection, "orders", after, limit=run.chance.randrange(1, 50))
            yield page
            after = page.horizon
            await pause(run.chance.random() * 0.1)

    return pages


def followed_pages(run: Run) -> Pages:
    return lambda after: follow(run.reading, "orders", after, limit=run.chance.randrange(1, 50), poll_seconds=0.05)


def own_pages(run: Run) -> Pages:
    return lambda after: ORDERS.follow(run.reading, after, limit=run.chance.randrange(1, 50), poll_seconds=0.05)


@pytest.mark.long
async def test_readers_miss_and_double_nothing_while_many_append_roll_back_and_die(
    engine: AsyncEngine, database_url: str, seed: int
) -> None:
    await open_shop(engine)
    writing = connect_engine(database_url, WRITING, pool_size=WRITERS)
    watching = connect_engine(database_url, READING, pool_size=WRITERS)
    run = Run(random.Random(seed), writing, watching)
    readers = [public_pages(run), public_pages(run), followed_pages(run), own_pages(run)]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(read(run, pages)) for pages in readers]
            for work in (watch(run), kill(run), *(write(run, writer) for writer in range(WRITERS))):
                group.create_task(work)
    finally:
        await writing.dispose()
        await watching.dispose()
    await require_what_happened(engine, run, [task.result() for task in tasks])
    assert min(run.fates[fate] for fate in ("committed", "slow", "undone", "dies", "killed", "broken")) > 5, run.fates


async def require_what_happened(engine: AsyncEngine, run: Run, seen: list[list[Entry]]) -> None:
    logged = await rows(
        engine, "SELECT position, event_id, stream_id, visibility = 'public' FROM saga.event_log ORDER BY position"
    )
    assert [position for position, *_ in logged] == list(range(1, len(logged) + 1))
    everything = [(position, event_id) for position, event_id, _, _ in logged]
    public = [(position, event_id) for position, event_id, _, is_public in logged if is_public]
    *others, own = [[(entry.position, entry.event_id) for entry in entries] for entries in seen]
    assert others == [public] * len(others)
    assert own == everything
    streams = [stream_id for _, _, stream_id, _ in logged]
    placed = [order_id for (order_id,) in await rows(engine, "SELECT order_id FROM shop_order")]
    assert sorted(streams) == sorted(placed)
    assert run.committed <= set(streams)
    assert not run.undone & set(streams)
    assert not any(name.endswith("lost") for name in streams)
    assert await value(engine, "SELECT last_position FROM saga.module") == len(logged)
