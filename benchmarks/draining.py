"""How long processes take to empty a filled queue, watched from outside.

The time runs from when all processes are ready and the queue is filled, to the commit after which nothing is left to
take in; the acknowledgement of that last batch follows within a millisecond or so. What was taken before the time began
does not count. The queue's depth tells cheaply how far they are; only for the last few batches, which are out but not
acknowledged, the database is asked.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import aio_pika
import asyncpg
from aio_pika.abc import AbstractChannel

from benchmarks.messages import Kind, inputs
from benchmarks.place import Place
from benchmarks.programs import WORKER, held, release

COUNT_TAKEN = "SELECT count(*) + coalesce(sum(repeats), 0) FROM saga.inbox"
COUNT_UNRELAYED = """
SELECT count(*) FROM saga.module AS m
LEFT JOIN saga.cursor AS c ON c.consumer = 'relay' AND c.module = m.name
WHERE m.last_position > coalesce(c.watermark, 0)
"""
DEPTH_SECONDS = 0.02
LAST_SECONDS = 0.005
PATIENCE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Drained:
    """Messages per second until the last one was taken in, and until the last command was published."""

    taken: float
    relayed: float | None


async def drain(place: Place, module: Sequence[str], workers: int, kind: Kind, count: int) -> Drained:
    """Fill the queue of a fresh place and let so many processes empty it."""
    async with place.fresh() as here:
        outgoing = inputs(kind, count)
        if kind is Kind.REPEATS:
            await here.fill(outgoing)
            await drain_filled(here, module, 1, len(outgoing))
        await here.fill(outgoing)
        return await drain_filled(here, module, workers, len(outgoing))


async def drain_filled(place: Place, module: Sequence[str], workers: int, count: int) -> Drained:
    """Let so many processes take ``count`` messages out of the queue of this place."""
    async with place.plainly() as connection, await aio_pika.connect(place.amqp_url) as broker:
        channel = await broker.channel()
        before = int(await connection.fetchval(COUNT_TAKEN))
        async with held(place, module, workers) as running:
            early = int(await connection.fetchval(COUNT_TAKEN)) - before
            start = time.perf_counter()
            release(running)
            await until_taken(connection, channel, place.order_queue, before + count)
            taken = time.perf_counter()
            if module == WORKER:
                await _until_relayed(connection)
            relayed = time.perf_counter()
    if early >= count:
        raise ValueError(f"All {count} messages were taken before the time began: take more of them")
    left = count - early
    return Drained(left / (taken - start), left / (relayed - start) if module == WORKER else None)


async def until_taken(
    connection: "asyncpg.Connection[asyncpg.Record]", channel: AbstractChannel, queue: str, wanted: int
) -> None:
    """Return when the queue is empty and so many messages, repeats among them, were ever taken in."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await channel.declare_queue(queue, passive=True)).declaration_result.message_count:
            await asyncio.sleep(DEPTH_SECONDS)
        while int(await connection.fetchval(COUNT_TAKEN)) < wanted:
            await asyncio.sleep(LAST_SECONDS)


async def _until_relayed(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await connection.fetchval(COUNT_UNRELAYED):
            await asyncio.sleep(LAST_SECONDS)
