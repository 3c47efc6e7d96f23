"""Housekeeping prunes beside the sweep: once with any number of schedulers, never in its way, never in silence."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from saga.postgres import connect_engine
from saga.retention import Pruner
from saga_scheduler.housekeeping import Housekeeping
from saga_scheduler.metronome import Metronome
from saga_scheduler.sweeper import Sweeper
from tests.engine.conversation import execute, message, rows, value
from tests.retention.archive import NOW, handle, paid, read_all, waiting_for_locks
from tests.waiting import LIMIT_SECONDS, until, until_true

PRUNED = "SELECT count(*) FROM saga.instance_tombstone"
FIRED = "SELECT count(*) FROM saga.timer WHERE fired_at IS NOT NULL"


def housekeeping(engine: AsyncEngine, retention: timedelta = NOW) -> Housekeeping:
    return Housekeeping(Pruner(engine), retention, interval_seconds=0.1)


@asynccontextmanager
async def ticking(engine: AsyncEngine, kept: Housekeeping) -> AsyncIterator[asyncio.Task[None]]:
    """A scheduler with housekeeping, while the block runs."""
    stop = asyncio.Event()
    running = asyncio.create_task(Metronome(Sweeper(engine, batch_size=10), 0.1, kept).run(stop))
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            yield running
    finally:
        stop.set()
        await asyncio.wait([running])
    running.result()


async def counted(engine: AsyncEngine, statement: str, count: int) -> None:
    await until(lambda: value(engine, statement), lambda seen: seen >= count)


async def test_a_scheduler_prunes_now_and_then_and_says_what(engine: AsyncEngine) -> None:
    await paid(engine, "o-1")
    await read_all(engine)
    with capture_logs() as logs:
        async with ticking(engine, housekeeping(engine)):
            await counted(engine, PRUNED, 1)
            await paid(engine, "o-2")
            await read_all(engine)
            await counted(engine, PRUNED, 2)
    said = [entry for entry in logs if entry["event"] == "pruned"]
    assert sum(entry["instances"] for entry in said) == 2


async def test_what_is_younger_than_the_retention_stays(engine: AsyncEngine) -> None:
    await paid(engine, "o-1")
    await read_all(engine)
    await housekeeping(engine, timedelta(days=1)).prune(asyncio.Event())
    assert await value(engine, PRUNED) == 0


async def test_several_schedulers_prune_everything_once(engine: AsyncEngine) -> None:
    await paid(engine, *(f"o-{number}" for number in range(30)))
    await read_all(engine)
    async with ticking(engine, housekeeping(engine)), ticking(engine, housekeeping(engine)):
        await counted(engine, PRUNED, 30)
    assert await rows(engine, "SELECT process_id FROM saga.instance") == []


async def test_timers_fire_while_the_pruner_waits(engine: AsyncEngine, database_url: str) -> None:
    await paid(engine, "o-1")
    await read_all(engine)
    pruning = connect_engine(database_url, "pruner", pool_size=2)
    async with ticking(engine, housekeeping(pruning)):
        async with engine.begin() as connection:
            await connection.execute(text("SELECT FROM saga.inbox FOR UPDATE"))
            await waiting_for_locks(engine, 1)
            await handle(engine, message("OrderPlaced", "o-2", payment_timeout_seconds=0.01))
            await counted(engine, FIRED, 1)
            assert await value(engine, PRUNED) == 0
        await counted(engine, PRUNED, 1)
    await pruning.dispose()


async def test_a_failure_is_logged_and_the_next_time_comes(engine: AsyncEngine) -> None:
    await paid(engine, "o-1")
    await read_all(engine)
    away = connect_engine("postgresql://nobody@127.0.0.1:1/nothing", "pruner")
    with capture_logs() as logs:
        async with ticking(engine, housekeeping(away)):
            await until_true(lambda: sum(entry["event"] == "prune_failed" for entry in logs) >= 2)
    await away.dispose()


async def test_a_bug_ends_the_service(engine: AsyncEngine) -> None:
    await paid(engine, "o-1")
    await read_all(engine)
    await execute(
        engine,
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'a bug' USING ERRCODE = '42601'; END $$",
    )
    await execute(
        engine, "CREATE TRIGGER fail BEFORE INSERT ON saga.instance_tombstone FOR EACH ROW EXECUTE FUNCTION fail()"
    )
    with pytest.raises(DBAPIError, match="a bug"):
        async with ticking(engine, housekeeping(engine)) as running:
            await asyncio.wait([running])
    assert await value(engine, "SELECT count(*) FROM saga.instance") == 1


async def test_stopping_ends_the_pruning_after_the_batch_under_way(engine: AsyncEngine) -> None:
    await paid(engine, *(f"o-{number}" for number in range(20)))
    await read_all(engine)
    kept = Housekeeping(Pruner(engine, entries_at_once=10), NOW, interval_seconds=60)
    async with ticking(engine, kept), engine.begin() as connection:
        await connection.execute(text("SELECT FROM saga.module FOR UPDATE"))
        await waiting_for_locks(engine, 1)
    pruned = await value(engine, PRUNED)
    assert 0 < pruned < 20
