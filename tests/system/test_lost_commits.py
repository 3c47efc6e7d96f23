"""PostgreSQL crashes while commits wait for the disk: what was acknowledged is there, and nothing was done twice.

A commit waits for the disk for some time, `commit_delay`, and the server is killed inside that: it loses the commit,
and gives its transaction id out again. LOST_COMMIT_KILLS says how often.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.devstack.demo.reconciliation import reconcile
from saga.devstack.stack import LocalStack
from saga.modules import NewEvent, append
from saga.orders import order_process
from saga.postgres import LostRace, Unavailable, connect_engine, durable_transaction
from saga.postgres.migrations import migrate
from saga.verification.audit import audit, audit_events
from saga.verification.replay import check
from tests.rabbitmq.place import Place
from tests.rabbitmq.records import open_dead_letters, rows
from tests.system.crew import crew_at, everybody
from tests.system.load import RETRY_SECONDS, a_load, behind, doubled, send, unfinished, unheard
from tests.waiting import pause, until

KILLS = int(os.environ.get("LOST_COMMIT_KILLS", "20"))
APPENDERS = 4
OTHERS = 200
VICTIMS = ("gateway-stub", "worker", "test", "scheduler")
"""Whose commit is under way when the server is killed; "test" is whoever appends here."""
SLOW_DISK = ("commit_delay = 100000", "commit_siblings = 0", "wal_writer_delay = '10s'")
"""100 ms, the most that PostgreSQL allows; and nobody else comes to write a commit meanwhile."""
PROCESS = order_process()


@pytest.fixture
def fragile() -> Iterator[LocalStack]:
    """A stack whose database is killed."""
    with LocalStack.temporary() as stack:
        yield stack


@pytest.fixture
async def place(fragile: LocalStack, prefix: str) -> AsyncIterator[Place]:
    addresses, name = fragile.addresses, f"test_{uuid4().hex[:12]}"
    connection = await asyncpg.connect(addresses.database_url)
    await connection.execute(f"CREATE DATABASE {name}")
    for setting in SLOW_DISK:
        await connection.execute(f"ALTER SYSTEM SET {setting}")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()
    url = make_url(addresses.database_url).set(database=name).render_as_string(hide_password=False)
    await asyncio.to_thread(migrate, url)
    engine = connect_engine(url, "watch", pool_size=3)
    assert addresses.amqp_url is not None
    assert addresses.management_url is not None
    yield Place(engine, addresses.amqp_url, addresses.management_url, prefix)
    await engine.dispose()


@pytest.fixture
async def shop(place: Place) -> AsyncIterator["Shop"]:
    """It has a pool of its own: whoever disposes of a pool leaves open what others have taken out of it."""
    url = place.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    engine = connect_engine(url, "test", pool_size=APPENDERS)
    yield Shop(engine)
    await engine.dispose()


class Shop:
    """Places orders through the log of its module, each again until the database confirms that it is there."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.acknowledged: list[str] = []
        self._engine = engine
        self._numbers = count(1)
        self._closed = False

    async def sell(self) -> None:
        while not self._closed:
            number = next(self._numbers)
            placed = {"amount": 4_200, "currency": "EUR", "payment_timeout_seconds": 2.0}
            await self._append(f"asked-{number}", "OrderPlaced", placed)
            if number % 3 == 0:
                await self._append(f"asked-{number}", "OrderCancelled", {})

    def close(self) -> None:
        self._closed = True

    async def _append(self, order_id: str, kind: str, said: dict[str, object]) -> None:
        event = NewEvent(order_id, kind, f"{order_id}-{kind}", {"order_id": order_id, **said})
        while True:
            try:
                async with durable_transaction(self._engine) as connection:
                    await append(connection, "orders", [event])
            except (Unavailable, LostRace):
                await pause(RETRY_SECONDS)
            else:
                self.acknowledged.append(event.event_id)
                return


async def commit_others(place: Place) -> None:
    """What other programs on the same server do, as soon as it is back: they get the transaction ids that it lost."""
    url = place.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    await connection.execute("SET synchronous_commit = off")
    for _ in range(OTHERS):
        await connection.execute("SELECT pg_current_xact_id()")
    await connection.close()


async def commits_under_way(place: Place, service: str) -> int:
    (row,) = await rows(
        place.engine,
        "SELECT count(*) AS commits FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name LIKE :name"
        " AND state = 'active' AND query = 'COMMIT;'",
        name=f"saga-{service}/%",
    )
    return int(row.commits)


async def recorded(place: Place) -> list[str]:
    found = await rows(place.engine, "SELECT event_id FROM saga.event_log WHERE module = 'orders'")
    return sorted(row.event_id for row in found)


async def unreconciled(place: Place) -> dict[str, int]:
    """What must not be, by what it is; empty when all is well."""
    return {one.what: one.count for one in await reconcile(place.engine) if one.count and one.fault != "stuck"}


async def wrong(place: Place) -> list[object]:
    """Whatever audit and replay find."""
    audited = [one async for page in audit(place.engine, PROCESS) for one in page if one.differences]
    unanswered = [one async for page in audit_events(place.engine, PROCESS) for one in page.unanswered]
    replayed = [one async for page in check(place.engine, PROCESS) for one in page if one.differences]
    return [*audited, *unanswered, *replayed]


@pytest.mark.timeout(240 + 15 * KILLS)
async def test_what_was_acknowledged_is_there_however_often_postgres_loses_commits(
    place: Place, shop: Shop, fragile: LocalStack, tmp_path: Path
) -> None:
    assert fragile.postgres is not None
    load = a_load(13, told=30 * KILLS)
    slice_ = len(load.messages) // KILLS + 1
    async with crew_at(place, tmp_path, everybody(tmp_path, workers=2, schedulers=1)) as crew:
        selling = [asyncio.create_task(shop.sell()) for _ in range(APPENDERS)]
        for number in range(KILLS):
            await send(place, load.messages[number * slice_ : (number + 1) * slice_])
            victim = VICTIMS[number % len(VICTIMS)]
            await until(partial(commits_under_way, place, victim))
            await asyncio.to_thread(fragile.postgres.kill)
            await asyncio.to_thread(fragile.postgres.start)
            await place.engine.dispose()
            await commit_others(place)
        shop.close()
        await asyncio.gather(*selling)
        assert await recorded(place) == sorted(shop.acknowledged)
        await until(lambda: unheard(place, load), lambda left: left == 0)
        await until(lambda: behind(place), lambda left: not left)
        await until(lambda: unfinished(place), lambda left: not left)
        await until(lambda: unreconciled(place), lambda left: not left)
        assert crew.deaths == []
    assert await doubled(place) == {}
    assert await open_dead_letters(place.engine) == []
    assert await wrong(place) == []
