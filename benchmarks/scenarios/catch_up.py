"""How fast a worker without a broker follows a log, compared with only reading it."""

import asyncio
import time
from collections import defaultdict
from dataclasses import replace
from uuid import uuid4

from benchmarks.figures import Measured, Series
from benchmarks.messages import random_key
from benchmarks.place import Place
from benchmarks.programs import WORKER, held, release
from benchmarks.sizes import Sizes
from saga.modules import NewEvent, append, read_public

APPENDED_AT_ONCE = 500
PAGE = 500
LOOK_SECONDS = 0.01
LONGEST_WAIT_SECONDS = 900.0

FOLLOWED, READ = "worker with feed=pull", f"reading only, by {PAGE}"
WATERMARK = "SELECT coalesce(max(watermark), 0) FROM saga.cursor WHERE consumer = 'order' AND module = 'orders'"


async def measure(place: Place, sizes: Sizes) -> Measured:
    """Events per second of both, alternating, each in a copy of its own."""
    rates: defaultdict[str, list[float]] = defaultdict(list)
    alone = replace(place, addresses=replace(place.addresses, amqp_url=None, management_url=None))
    for _ in range(sizes.rounds):
        async with alone.fresh() as here:
            await _append(here, sizes.followed)
            rates[READ].append(await _read(here))
            rates[FOLLOWED].append(await _follow(here, sizes.followed))
    series = [Series(name, "events/s", tuple(rates[name]), READ if name == FOLLOWED else None) for name in rates]
    return Measured("Catch-up from the log", tuple(series), (f"{sizes.followed:,} events, each a new order.",))


async def _append(place: Place, count: int) -> None:
    run = uuid4().hex[:8]
    async with place.connected() as engine:
        for start in range(0, count, APPENDED_AT_ONCE):
            events = [_placed(random_key(run, n)) for n in range(start, min(count, start + APPENDED_AT_ONCE))]
            async with engine.begin() as connection:
                await append(connection, "orders", events)


def _placed(order_id: str) -> NewEvent:
    return NewEvent(
        stream_id=order_id,
        type="OrderPlaced",
        event_id=f"placed-{order_id}",
        data={"order_id": order_id, "amount": 4_200, "currency": "EUR"},
        metadata={"correlationid": order_id},
    )


async def _read(place: Place) -> float:
    after, seen, start = 0, 0, time.perf_counter()
    async with place.connected() as engine, engine.connect() as connection:
        while (page := await read_public(connection, "orders", after, limit=PAGE)).entries:
            after, seen = page.horizon, seen + len(page.entries)
    return seen / (time.perf_counter() - start)


async def _follow(place: Place, count: int) -> float:
    async with place.plainly() as connection, held(place, WORKER, 1) as running:
        early, start = int(await connection.fetchval(WATERMARK)), time.perf_counter()
        if early >= count:
            raise ValueError(f"All {count} events were followed before the time began: take more of them")
        release(running)
        async with asyncio.timeout(LONGEST_WAIT_SECONDS):
            while int(await connection.fetchval(WATERMARK)) < count:
                await asyncio.sleep(LOOK_SECONDS)
        return (count - early) / (time.perf_counter() - start)
