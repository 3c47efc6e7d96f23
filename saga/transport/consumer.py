"""The consumer: takes deliveries as they come, hands them on in batches, acknowledges a batch once it is safe.

It never waits to fill a batch: a batch is what has come since the last one, up to a limit. The broker may have two
batches under way, so that the next one is here when the last one is done; that also bounds the memory.

A batch whose handling fails transiently is kept and handled again, with nothing acknowledged, as long as its channel
lives. When the channel dies its deliveries are dropped: the broker gives them out again, and the inbox knows which of
them took effect. One acknowledgement covers a batch.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog
from aiormq.abc import AbstractChannel as WireChannel
from aiormq.abc import DeliveredMessage
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from saga.core import Envelope, Poison, Raw
from saga.postgres import Conflict, Unavailable
from saga.transport import tolerant
from saga.transport.codec import decode
from saga.transport.connection import LONGEST_PAUSE_SECONDS, ConsumerLost, connect, supervise
from saga.transport.topology import Topology, declare

WATCH_SECONDS = 1.0

Handler = Callable[[Sequence[Envelope | Poison]], Awaitable[None]]

_log = structlog.get_logger()


@dataclass(slots=True)
class _Deliveries:
    """What the broker has sent on one channel and nobody has taken yet."""

    waiting: deque[DeliveredMessage] = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, message: DeliveredMessage) -> None:
        self.waiting.append(message)
        self.arrived.set()

    def take(self, most: int) -> list[DeliveredMessage]:
        taken = [self.waiting.popleft() for _ in range(min(most, len(self.waiting)))]
        if not self.waiting:
            self.arrived.clear()
        return taken


class Consumer:
    """Consumes one queue until it is stopped, through every loss of the broker or the database."""

    def __init__(self, amqp_url: str, topology: Topology, queue: str, handle: Handler, batch_size: int) -> None:
        self._amqp_url = amqp_url
        self._topology = topology
        self._queue = topology.queue(queue)
        self._handle = handle
        self._batch_size = batch_size

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """Consume until ``stop``; ``ready`` is set once deliveries can come."""
        tolerant.install()

        async def session() -> None:
            await self._session(stop, ready)

        await supervise(f"consumer {self._queue}", session, stop)

    async def _session(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        async with await connect(self._amqp_url, f"consumer {self._queue}") as connection:
            channel = await connection.channel(publisher_confirms=False)
            await declare(channel, self._topology)
            wire = await channel.get_underlay_channel()
            await wire.basic_qos(prefetch_count=2 * self._batch_size)
            deliveries = _Deliveries()
            consuming = await wire.basic_consume(self._queue, deliveries.receive)
            ready.set()
            _log.info("consuming", queue=self._queue)
            while not stop.is_set():
                await _something(deliveries, stop)
                if wire.is_closed or consuming.consumer_tag not in wire.consumers:
                    raise ConsumerLost(f"the consumer of {self._queue} is gone")
                if batch := deliveries.take(self._batch_size):
                    await self._handle_on(wire, batch, stop)

    async def _handle_on(self, wire: WireChannel, batch: Sequence[DeliveredMessage], stop: asyncio.Event) -> None:
        messages = [decode(_raw(message)) for message in batch]
        attempts = AsyncRetrying(
            retry=retry_if_exception_type((Unavailable, Conflict)),
            wait=wait_random_exponential(multiplier=0.05, max=LONGEST_PAUSE_SECONDS),
            stop=lambda _: wire.is_closed or stop.is_set(),
            before_sleep=_say_retrying,
            reraise=True,
        )
        await attempts(self._handle, messages)
        last = batch[-1].delivery_tag
        if last is not None and not wire.is_closed:
            await wire.basic_ack(last, multiple=True)


async def _something(deliveries: _Deliveries, stop: asyncio.Event) -> None:
    """Wait for a delivery; now and then return without one, so that the caller looks whether the consumer lives."""
    if deliveries.waiting:
        return
    try:
        async with asyncio.timeout(WATCH_SECONDS):
            await deliveries.arrived.wait()
    except TimeoutError:
        return


def _say_retrying(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    _log.warning("retrying_batch", attempt=state.attempt_number, error=str(error))


def _raw(message: DeliveredMessage) -> Raw:
    properties = message.header.properties
    return Raw(
        body=bytes(message.body),
        routing_key=message.routing_key or "",
        exchange=message.exchange or "",
        content_type=properties.content_type,
        message_id=properties.message_id,
        type=properties.message_type,
        correlation_id=properties.correlation_id,
        headers=properties.headers or {},
    )
