"""Due timers are emitted, never early, and once with any number of schedulers."""

import asyncio
from datetime import datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step
from saga.orders import order_process
from saga.postgres import Refused, connect_engine
from saga_scheduler.metronome import Metronome
from saga_scheduler.service import POOL_SIZE
from saga_scheduler.sweeper import Sweeper
from tests.engine.conversation import execute, message, rows, value
from tests.waiting import LIMIT_SECONDS, until

EMITTED = "SELECT count(*) FROM saga.event_log WHERE module = 'scheduler'"

OPEN_BESIDE_THIS_ONE = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
"""


async def arm(engine: AsyncEngine, count: int, seconds: float) -> None:
    placed = [message("OrderPlaced", f"o-{number}", payment_timeout_seconds=seconds) for number in range(count)]
    await Step(engine, order_process()).handle(placed)


async def test_a_timer_that_is_not_due_stays_armed_and_the_sweep_says_for_how_long(engine: AsyncEngine) -> None:
    await arm(engine, 1, seconds=3_600.0)
    sweep = await Sweeper(engine, batch_size=10).sweep()
    assert sweep.fired == 0
    assert sweep.next_due_seconds is not None and 3_000 < sweep.next_due_seconds <= 3_600


async def test_a_due_timer_is_emitted_once_through_the_log_with_its_due_time(engine: AsyncEngine) -> None:
    await arm(engine, 1, seconds=0.001)
    sweeper = Sweeper(engine, batch_size=10)
    first = await until(sweeper.sweep, lambda sweep: sweep.fired)
    assert (first.fired, (await sweeper.sweep()).fired) == (1, 0)
    ((kind, visibility, data),) = await rows(
        engine, "SELECT type, visibility, data FROM saga.event_log WHERE module = 'scheduler'"
    )
    assert (kind, visibility, data["order_id"]) == ("PaymentTimedOut", "public", "o-0")
    assert await value(engine, "SELECT due_at FROM saga.timer") == datetime.fromisoformat(data["due_at"])


async def test_the_oldest_go_first_in_batches(engine: AsyncEngine) -> None:
    await arm(engine, 25, seconds=60.0)
    await execute(
        engine,
        "UPDATE saga.timer SET due_at = now() - interval '1 h' * CAST(right(process_id, -2) AS int) - interval '1 s'",
    )
    assert (await Sweeper(engine, batch_size=10).sweep()).fired == 25
    emitted = await rows(
        engine, "SELECT stream_id FROM saga.event_log WHERE module = 'scheduler' ORDER BY position LIMIT 3"
    )
    assert emitted == [("o-24",), ("o-23",), ("o-22",)]


async def test_several_schedulers_share_the_work_and_double_nothing(engine: AsyncEngine) -> None:
    await arm(engine, 200, seconds=60.0)
    await execute(engine, "UPDATE saga.timer SET due_at = now() - interval '1 s'")
    sweeps = await asyncio.gather(*(Sweeper(engine, batch_size=20).sweep() for _ in range(4)))
    assert sum(sweep.fired for sweep in sweeps) == 200
    assert await value(engine, EMITTED) == 200
    assert await value(engine, "SELECT count(DISTINCT stream_id) FROM saga.event_log WHERE module = 'scheduler'") == 200


async def test_a_scheduler_that_dies_in_the_middle_leaves_its_timers_due(engine: AsyncEngine) -> None:
    await arm(engine, 3, seconds=60.0)
    await execute(engine, "UPDATE saga.timer SET due_at = now() - interval '1 s'")
    await execute(engine, "ALTER TABLE saga.event_log ADD CONSTRAINT no CHECK (module <> 'scheduler')")
    with pytest.raises(Refused, match="23514"):
        await Sweeper(engine, batch_size=10).sweep()
    assert await value(engine, "SELECT count(*) FROM saga.timer WHERE fired_at IS NULL") == 3
    await execute(engine, "ALTER TABLE saga.event_log DROP CONSTRAINT no")
    assert (await Sweeper(engine, batch_size=10).sweep()).fired == 3


async def test_when_one_of_two_batches_side_by_side_fails_the_complete_ones_stay_and_nothing_is_under_way(
    engine: AsyncEngine,
) -> None:
    await arm(engine, 100, seconds=60.0)
    await execute(
        engine,
        "UPDATE saga.timer SET due_at = now() - interval '1 s' * (CAST(substr(process_id, 3) AS int) + 1)",
    )
    await execute(engine, "ALTER TABLE saga.event_log ADD CONSTRAINT no CHECK (module || stream_id <> 'schedulero-50')")
    with pytest.raises(Refused, match="23514"):
        await Sweeper(engine, batch_size=10).sweep()
    fired = await value(engine, "SELECT count(*) FROM saga.timer WHERE fired_at IS NOT NULL")
    assert 40 <= fired <= 90
    assert await value(engine, EMITTED) == fired
    assert await value(engine, OPEN_BESIDE_THIS_ONE) == 0
    await execute(engine, "ALTER TABLE saga.event_log DROP CONSTRAINT no")
    assert (await Sweeper(engine, batch_size=10).sweep()).fired == 100 - fired
    assert await value(engine, EMITTED) == 100


async def test_batches_side_by_side_need_no_more_connections_than_the_service_has(
    engine: AsyncEngine, database_url: str
) -> None:
    await arm(engine, 60, seconds=60.0)
    await execute(engine, "UPDATE saga.timer SET due_at = now() - interval '1 s'")
    narrow = connect_engine(database_url, "test", POOL_SIZE)
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            assert (await Sweeper(narrow, batch_size=10).sweep()).fired == 60
    finally:
        await narrow.dispose()


async def test_the_metronome_comes_when_the_next_timer_is_due_and_not_before(engine: AsyncEngine) -> None:
    await arm(engine, 5, seconds=0.4)
    stop = asyncio.Event()
    ticking = asyncio.create_task(Metronome(Sweeper(engine, batch_size=10), poll_seconds=1.0).run(stop))
    await until(lambda: value(engine, EMITTED), lambda emitted: emitted == 5)
    stop.set()
    await ticking
    early = await value(engine, "SELECT count(*) FROM saga.timer WHERE fired_at < due_at")
    assert early == 0
