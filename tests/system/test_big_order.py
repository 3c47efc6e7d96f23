"""One order with far too many payments: others go past it, and a worker that is asked to stop does."""

import asyncio
import os
import signal
from pathlib import Path

import psutil

from tests.rabbitmq.place import Place
from tests.rabbitmq.records import outcomes, rows
from tests.rabbitmq.wire import channel_at, depth_becomes, paid, placed, publish
from tests.system.crew import crew_at, only_workers
from tests.waiting import LIMIT_SECONDS, until

BOUND, BEYOND = 1_000, 9_000


async def test_whoever_comes_behind_a_flood_is_answered_before_it_and_a_stop_is_heard(
    place: Place, tmp_path: Path
) -> None:
    flood = [paid("big", payment_id=f"p-{number}") for number in range(BOUND + BEYOND)]
    async with channel_at(place) as channel:
        await publish(channel, place, [*flood, placed("behind")])
        async with crew_at(place, tmp_path, only_workers(1)) as crew:
            await until(lambda: outcomes(place.engine), lambda seen: "behind" in seen)
            assert await open_letters(place) < BEYOND // 2
            assert await until(lambda: open_letters(place), BEYOND.__eq__, seconds=150)
            assert '"instance_full"' in crew.log_of("worker-1")
            assert crew.deaths == []
            await publish(channel, place, [paid("another", payment_id=f"p-{number}") for number in range(BOUND)])
            worker = psutil.Process(crew.pids["worker-1"])
            os.kill(worker.pid, signal.SIGTERM)
            await asyncio.to_thread(worker.wait, LIMIT_SECONDS)


async def test_a_flood_that_comes_back_after_a_kill_leaves_nothing_out(place: Place, tmp_path: Path) -> None:
    flood = [paid("big", payment_id=f"p-{number}") for number in range(BOUND + BEYOND)]
    others = [f"behind-{number}" for number in range(20)]
    async with channel_at(place) as channel:
        await publish(channel, place, [*flood, *map(placed, others)])
    async with crew_at(place, tmp_path, only_workers(2)) as crew:
        await until(lambda: outcomes(place.engine), lambda seen: "big" in seen)
        for pid in crew.pids.values():
            os.kill(pid, signal.SIGKILL)
        await until(lambda: open_letters(place), BEYOND.__eq__, seconds=150)
        await until(lambda: outcomes(place.engine), lambda seen: seen.keys() == {"big", *others})
    await depth_becomes(place, place.order_queue, 0)


async def open_letters(place: Place) -> int:
    """How many messages went beyond the bound."""
    letters = "SELECT count(*) AS open FROM saga.dead_letter WHERE kind = 'failed' AND state = 'open'"
    return int((await rows(place.engine, letters))[0].open)
