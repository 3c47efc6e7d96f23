"""Deadlines: never early by the database's clock, hardly late, and once each, with any number of schedulers."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Row

from saga.devstack.services import Program, our_services
from tests.rabbitmq.place import Place
from tests.rabbitmq.records import dead_letters, is_relayed, outcomes, rows
from tests.rabbitmq.wire import channel_at, placed, publish
from tests.system.crew import crew_at
from tests.system.feeding import Feeding
from tests.system.load import deadlocks, send
from tests.waiting import until

LATENESS = """
    SELECT
        t.process_id,
        extract(epoch FROM t.due_at - t.armed_at) AS waited,
        extract(epoch FROM t.fired_at - t.due_at) AS fired_late,
        extract(epoch FROM emitted.recorded_at - t.due_at) AS emitted_late,
        extract(epoch FROM handled.recorded_at - t.due_at) AS handled_late,
        emitted.times
    FROM saga.timer AS t
    JOIN (
        SELECT stream_id, min(recorded_at) AS recorded_at, count(*) AS times
        FROM saga.event_log WHERE module = 'scheduler' GROUP BY stream_id
    ) AS emitted ON emitted.stream_id = t.process_id
    JOIN saga.event_log AS handled
        ON handled.module = 'order-process' AND handled.stream_id = t.process_id
        AND handled.type = 'InputTaken' AND handled.data ->> 'type' = 'PaymentTimedOut'
"""


async def all_expired(place: Place, count: int, seconds: float, feeding: Feeding = Feeding.PUSHED) -> list[Row[Any]]:
    """Wait until so many orders have expired; how late each of them was, in seconds."""
    await until(
        lambda: outcomes(place.engine),
        lambda seen: len(seen) == count and set(seen.values()) == {"expired"},
        seconds=seconds,
    )
    if feeding.has_broker:
        await until(lambda: is_relayed(place.engine))
    return await rows(place.engine, LATENESS)


def programs(workers: int, schedulers: int) -> list[Program]:
    return [one for one in our_services(workers, schedulers) if one.name != "gateway-stub"]


async def test_an_order_whose_answer_never_comes_expires_at_its_deadline_never_early(
    place: Place, tmp_path: Path
) -> None:
    chance = Random(3)
    waits = {f"o-{number}": round(chance.uniform(0.2, 8.0), 3) for number in range(150)}
    async with crew_at(place, tmp_path, programs(1, 1)), channel_at(place) as channel:
        await publish(channel, place, [placed(o, payment_timeout_seconds=wait) for o, wait in waits.items()])
        expired = await all_expired(place, len(waits), seconds=40)
    assert {row.process_id for row in expired} == waits.keys()
    assert {row.process_id: float(row.waited) for row in expired} == pytest.approx(waits, abs=0.1)
    assert min(row.fired_late for row in expired) >= 0
    assert min(row.emitted_late for row in expired) >= 0
    assert min(row.handled_late for row in expired) >= 0


@pytest.mark.parametrize("feeding", [Feeding.PUSHED, Feeding.NO_BROKER], ids=lambda feeding: feeding.value)
async def test_a_herd_of_timers_fires_once_each_with_two_schedulers_and_two_workers(
    place: Place, tmp_path: Path, feeding: Feeding
) -> None:
    count = 3_000
    small = {"SAGA_SCHEDULER_BATCH_SIZE": "50", "SAGA_BATCH_SIZE": "50"}
    async with crew_at(place, tmp_path, programs(2, 2), feeding, small) as crew:
        await send(place, [placed(f"o-{n}", payment_timeout_seconds=2.0) for n in range(count)], feeding)
        expired = await all_expired(place, count, 60, feeding)
        fired = {name: crew.log_of(name).count('"event": "fired"') for name in ("scheduler-1", "scheduler-2")}
    assert len(expired) == count
    assert {row.times for row in expired} == {1}
    assert min(row.fired_late for row in expired) >= 0
    assert min(fired.values()) > 0, fired
    assert await dead_letters(place.engine) == []
    assert await deadlocks(place) == 0
    commands = await rows(
        place.engine, "SELECT type, count(*) AS times FROM saga.event_log WHERE target IS NOT NULL GROUP BY type"
    )
    assert {row.type: row.times for row in commands} == {"RequestPayment": count, "VoidPayment": count}


async def test_what_was_due_while_no_scheduler_ran_is_emitted_by_the_first_one_that_comes(
    place: Place, tmp_path: Path
) -> None:
    async with crew_at(place, tmp_path, programs(1, 0)), channel_at(place) as channel:
        await publish(channel, place, [placed(f"o-{n}", payment_timeout_seconds=0.1) for n in range(20)])
        await until(
            lambda: rows(place.engine, "SELECT name FROM saga.timer WHERE due_at < now()"), lambda due: len(due) == 20
        )
        assert set((await outcomes(place.engine)).values()) == {"awaiting_payment"}
        async with crew_at(place, tmp_path / "later", programs(0, 1)):
            assert {row.times for row in await all_expired(place, 20, seconds=20)} == {1}
