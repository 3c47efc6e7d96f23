"""How long processes take to empty a filled queue, watched from outside.

The time runs from when all processes are ready and the queue is filled, to the commit after which no message is left;
the acknowledgement of that last batch follows within about a millisecond. Messages that were handled before the time
began do not count. The depth of the queue shows the progress cheaply. Only for the last few batches, which are
delivered but not acknowledged, we count the new rows in the database: counting all rows of the tables would take
seconds of the same processors.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import aio_pika
import asyncpg
from aio_pika.abc import AbstractChannel

from benchmarks.messages import Kind, inputs
from benchmarks.place import Place
from benchmarks.programs import WORKER, held, release

LAST_POSITION = "SELECT coalesce((SELECT last_position FROM saga.module WHERE name = 'order-process'), 0)"
COUNT_ANSWERED = """
SELECT count(*) FROM saga.event_log
WHERE module = 'order-process' AND position > $1 AND type IN ('InputTaken', 'InputIgnored')
"""
COUNT_REPEATED = "SELECT coalesce(sum(i.repeats), 0) FROM saga.inbox AS i"
COUNT_UNRELAYED = """
SELECT count(*) FROM saga.module AS m
LEFT JOIN saga.cursor AS c ON c.consumer = 'relay' AND c.module = m.name
WHERE m.last_position > coalesce(c.watermark, 0)
"""
DEPTH_SECONDS = 0.02
LAST_SECONDS = 0.005
LONGEST_WAIT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Drained:
    """Messages per second until the last one was handled, and until the last command was published."""

    taken: float
    relayed: float | None


@dataclass(frozen=True, slots=True)
class Handled:
    """Counts the messages that were answered since some time, or the duplicates since then."""

    connection: "asyncpg.Connection[asyncpg.Record]"
    sql: str
    arguments: tuple[int, ...]
    before: int

    @classmethod
    async def since_now(cls, connection: "asyncpg.Connection[asyncpg.Record]", *, repeated: bool = False) -> Self:
        """Count from now on."""
        if repeated:
            return cls(connection, COUNT_REPEATED, (), int(await connection.fetchval(COUNT_REPEATED)))
        return cls(connection, COUNT_ANSWERED, (int(await connection.fetchval(LAST_POSITION)),), 0)

    async def count(self) -> int:
        """The number until now."""
        return int(await self.connection.fetchval(self.sql, *self.arguments)) - self.before


async def drain(place: Place, module: Sequence[str], workers: int, kind: Kind, count: int) -> Drained:
    """Fill the queue of a fresh place and let ``workers`` processes empty it."""
    async with place.fresh() as here:
        outgoing = inputs(kind, count)
        if kind is Kind.DUPLICATES:
            await here.fill(outgoing)
            await drain_filled(here, module, 1, len(outgoing))
        await here.fill(outgoing)
        return await drain_filled(here, module, workers, len(outgoing), repeated=kind is Kind.DUPLICATES)


async def drain_filled(
    place: Place, module: Sequence[str], workers: int, count: int, *, repeated: bool = False
) -> Drained:
    """Let ``workers`` processes drain ``count`` messages, all new or all ``repeated``, from the queue of this place."""
    async with place.plainly() as connection, await aio_pika.connect(place.amqp_url) as broker:
        channel = await broker.channel()
        handled = await Handled.since_now(connection, repeated=repeated)
        async with held(place, module, workers) as running:
            early = await handled.count()
            start = time.perf_counter()
            release(running)
            await until_handled(handled, channel, place.order_queue, count)
            taken = time.perf_counter()
            if module == WORKER:
                await until_relayed(connection)
            relayed = time.perf_counter()
    if early >= count:
        raise ValueError(f"All {count} messages were taken before the time began: take more of them")
    left = count - early
    return Drained(left / (taken - start), left / (relayed - start) if module == WORKER else None)


async def until_handled(handled: Handled, channel: AbstractChannel, queue: str, wanted: int) -> None:
    """Return when the queue is empty and ``wanted`` messages are handled."""
    async with asyncio.timeout(LONGEST_WAIT_SECONDS):
        while (await channel.declare_queue(queue, passive=True)).declaration_result.message_count:
            await asyncio.sleep(DEPTH_SECONDS)
        while await handled.count() < wanted:
            await asyncio.sleep(LAST_SECONDS)


async def until_relayed(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Return when the relay has published all that the logs have."""
    async with asyncio.timeout(LONGEST_WAIT_SECONDS):
        while await connection.fetchval(COUNT_UNRELAYED):
            await asyncio.sleep(LAST_SECONDS)
