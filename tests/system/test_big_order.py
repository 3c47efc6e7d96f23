"""One order with far too many payments: others go on, and a worker that is told to stop does."""

import asyncio
import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.system.crew import crew_at, only_workers
from tests.transport.place import Place
from tests.transport.records import outcomes, rows
from tests.transport.waiting import until
from tests.transport.wire import channel_at, paid, placed, publish

BOUND, BEYOND = 1_000, 2_000
STOP_SECONDS = 12


@pytest.mark.timeout(240)
async def test_whoever_comes_behind_a_flood_is_answered_and_a_stop_is_heard(place: Place, tmp_path: Path) -> None:
    flood = [paid("big", payment_id=f"p-{number}") for number in range(BOUND + BEYOND)]
    async with channel_at(place) as channel:
        await publish(channel, place, [*flood, placed("behind")])
        async with crew_at(place, tmp_path, only_workers(1)) as crew:
            await until(lambda: outcomes(place.engine), lambda seen: "behind" in seen, seconds=150)
            letters = "SELECT count(*) AS open FROM saga.dead_letter WHERE kind = 'failed' AND state = 'open'"
            await until(lambda: rows(place.engine, letters), lambda seen: seen[0].open == BEYOND, seconds=60)
            assert '"instance_full"' in crew.log_of("worker-1")
            assert crew.deaths == []
            await publish(channel, place, [paid("another", payment_id=f"p-{number}") for number in range(BOUND)])
            worker = psutil.Process(crew.pids["worker-1"])
            os.kill(worker.pid, signal.SIGTERM)
            await asyncio.to_thread(worker.wait, STOP_SECONDS)
