"""The memory of a service stays small, however much waits for it."""

from dataclasses import replace
from pathlib import Path
from random import Random

import orjson
import psutil
import pytest

from saga.devstack.services import our_services
from saga.messages import Raw
from tests.rabbitmq.place import Place
from tests.rabbitmq.records import is_relayed, outcomes, rows
from tests.rabbitmq.wire import cancelled, channel_at, depth_becomes, placed, publish
from tests.system.crew import crew_at
from tests.system.load import unfinished
from tests.waiting import until

ORDERS, CANCELLATIONS = 5_000, 15_000
MOST_MB = 150
SETTLE_SECONDS = 150
LARGE, LARGE_AT_ONCE, LARGE_BYTES = 800, 50, 240 * 1024


@pytest.mark.long
async def test_no_service_needs_more_than_150_mb_for_20000_messages_at_once(place: Place, tmp_path: Path) -> None:
    messages = [placed(f"asked-{n}", payment_timeout_seconds=1.0) for n in range(ORDERS)]
    messages += [cancelled(f"unheard-of-{n}") for n in range(CANCELLATIONS)]
    async with channel_at(place) as channel:
        await publish(channel, place, Random(5).sample(messages, len(messages)))
    await depth_becomes(place, place.order_queue, len(messages))
    peaks: dict[str, float] = {}
    async with crew_at(place, tmp_path, our_services(1, 1, "calm")) as crew:

        async def settled() -> int:
            for name, pid in crew.pids.items():
                peaks[name] = max(peaks.get(name, 0), psutil.Process(pid).memory_info().rss / 1e6)
            (row,) = await rows(place.engine, "SELECT count(*) AS settled FROM saga.instance WHERE settled")
            return int(row.settled)

        await until(settled, lambda seen: seen == len(messages), seconds=SETTLE_SECONDS)
        await until(lambda: is_relayed(place.engine), seconds=SETTLE_SECONDS)
        await until(lambda: unfinished(place), lambda left: not left, seconds=SETTLE_SECONDS)
        await settled()
        assert crew.deaths == []
    assert len(await outcomes(place.engine)) == len(messages)
    assert peaks.keys() == {"worker-1", "scheduler-1", "gateway-stub"}
    assert {name: round(peak) for name, peak in peaks.items() if peak > MOST_MB} == {}
    print({name: round(peak) for name, peak in peaks.items()})  # noqa: T201 - for whoever wants to know


async def test_a_worker_needs_no_more_for_large_messages(place: Place, tmp_path: Path) -> None:
    messages = [_large(number) for number in range(LARGE)]
    async with channel_at(place) as channel:
        for first in range(0, LARGE, LARGE_AT_ONCE):
            await publish(channel, place, messages[first : first + LARGE_AT_ONCE])
    peak = 0.0
    async with crew_at(place, tmp_path, [one for one in our_services(1, 1, "calm") if one.name == "worker-1"]) as crew:
        worker = psutil.Process(crew.pids["worker-1"])

        async def taken_in() -> int:
            nonlocal peak
            peak = max(peak, worker.memory_info().rss / 1e6)
            return len(await outcomes(place.engine))

        await until(taken_in, lambda seen: seen == LARGE, seconds=SETTLE_SECONDS)
    assert peak < MOST_MB


def _large(number: int) -> Raw:
    body = {"order_id": f"large-{number}", "amount": 4_200, "currency": "EUR", "remark": "x" * LARGE_BYTES}
    return replace(placed(f"large-{number}"), body=orjson.dumps(body))
