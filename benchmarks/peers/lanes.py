"""Consumes messages with aio-pika in lanes: each lane takes the next delivery, handles it and acknowledges it.

A plain callback fills a buffer that the broker's prefetch bounds, so a lane never waits for the broker between two
messages. Deliveries are acknowledged one by one, because lanes finish out of order.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from contract import Task

AHEAD = 100
"""Deliveries that wait in memory, besides those in the lanes."""


Handle = Callable[[AbstractIncomingMessage], Awaitable[None]]
"""Handles a delivery; returns when the result is durable, and then the delivery is acknowledged."""


async def consume(task: Task, handle: Handle, finished: Callable[[], Awaitable[object]] | None = None) -> float:
    """Seconds from the first delivery to the last acknowledgement, and until ``finished`` if there is more to do."""
    async with await aio_pika.connect(task.amqp_url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=task.at_once + AHEAD)
        queue = await channel.get_queue(task.queue, ensure=False)
        deliveries = Deliveries()
        tag = await queue.consume(deliveries.put)
        lanes = [_lane(deliveries, handle, range(lane, task.count, task.at_once)) for lane in range(task.at_once)]
        await asyncio.gather(*lanes)
        if finished:
            await finished()
        seconds = time.perf_counter() - deliveries.began
        await queue.cancel(tag)
        return seconds


class Deliveries:
    """Deliveries that no lane has taken yet."""

    def __init__(self) -> None:
        self.began = 0.0
        self._waiting: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()

    async def put(self, message: AbstractIncomingMessage) -> None:
        """Buffer a delivery; the first one starts the clock."""
        self.began = self.began or time.perf_counter()
        self._waiting.put_nowait(message)

    async def get(self) -> AbstractIncomingMessage:
        """The next delivery."""
        return await self._waiting.get()


async def _lane(deliveries: Deliveries, handle: Handle, turns: range) -> None:
    for _ in turns:
        message = await deliveries.get()
        await handle(message)
        await message.ack()
