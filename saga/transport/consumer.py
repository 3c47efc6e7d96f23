"""The consumer: takes deliveries as they come, hands them on in batches, acknowledges a batch once it is safe.

It never waits to fill a batch: a batch is what has come since the last one, up to a limit. When much has come, a second
batch begins while the first is under way, so that one is decided while the other is written, and the broker may send a
third ahead: that bounds the memory. Acknowledgements go in the order of delivery, for one covers everything before it.

A batch whose handling fails transiently is kept and handled again, with nothing acknowledged, as long as its channel
lives. When the channel dies its deliveries are dropped: the broker gives them out again, and the inbox knows which of
them took effect. One acknowledgement covers a batch.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog
from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel as WireChannel
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from saga.core import Envelope, Poison, Raw
from saga.postgres import Conflict, Unavailable
from saga.transport import tolerant
from saga.transport.codec import decode
from saga.transport.connection import LONGEST_PAUSE_SECONDS, ConsumerLost, connect, supervise, wire_channel
from saga.transport.topology import Topology, declare

WATCH_SECONDS = 1.0
BATCHES_UNDER_WAY = 2
WORTH_OVERLAPPING = 0.5
"""How full a batch must be to begin while another one is under way: many small ones would cost more than they gain."""
BATCH_BYTES = 16 * 1024 * 1024
"""Bodies of one batch together, unless a single one is larger: a statement can't carry any amount."""

Handler = Callable[[Sequence[Envelope | Poison]], Awaitable[None]]

_log = structlog.get_logger()


@dataclass(slots=True)
class _Deliveries:
    """What the broker has sent on one channel and nobody has taken yet; ``many`` when there are ``enough``."""

    enough: int
    waiting: deque[DeliveredMessage] = field(default_factory=deque)
    some: asyncio.Event = field(default_factory=asyncio.Event)
    many: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, message: DeliveredMessage) -> None:
        self.waiting.append(message)
        self.some.set()
        if len(self.waiting) >= self.enough:
            self.many.set()

    def take(self, most: int) -> list[DeliveredMessage]:
        taken: list[DeliveredMessage] = []
        size = 0
        while self.waiting and len(taken) < most and (not taken or size + len(self.waiting[0].body) <= BATCH_BYTES):
            size += len(self.waiting[0].body)
            taken.append(self.waiting.popleft())
        if not self.waiting:
            self.some.clear()
        if len(self.waiting) < self.enough:
            self.many.clear()
        return taken

    def worth_taking(self, under_way: int) -> asyncio.Event:
        """Set when another batch should begin: with any message, or with many while a batch is under way."""
        return self.many if under_way else self.some


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
            wire = await wire_channel(channel)
            await wire.basic_qos(prefetch_count=(BATCHES_UNDER_WAY + 1) * self._batch_size)
            deliveries = _Deliveries(enough=max(1, int(WORTH_OVERLAPPING * self._batch_size)))
            consuming = await wire.basic_consume(self._queue, deliveries.receive)
            ready.set()
            _log.info("consuming", queue=self._queue)
            await self._pump(wire, deliveries, consuming.consumer_tag, stop)

    async def _pump(
        self, wire: WireChannel, deliveries: _Deliveries, consumer_tag: str | None, stop: asyncio.Event
    ) -> None:
        """Hand on batches, two under way at most; acknowledge them in the order in which they came."""
        under_way: deque[asyncio.Task[int | None]] = deque()
        try:
            while not stop.is_set():
                await _something(deliveries, under_way, stop)
                if wire.is_closed or consumer_tag not in wire.consumers:
                    raise ConsumerLost(f"the consumer of {self._queue} is gone")
                while under_way and (under_way[0].done() or len(under_way) == BATCHES_UNDER_WAY):
                    await _acknowledge(wire, await under_way[0])
                    del under_way[0]
                if not stop.is_set() and deliveries.worth_taking(len(under_way)).is_set():
                    batch = deliveries.take(self._batch_size)
                    under_way.append(asyncio.create_task(self._handle_on(wire, batch, stop)))
        except asyncio.CancelledError:
            for task in under_way:
                task.cancel()
            raise
        finally:
            # A batch that failed is still the first one: acknowledging any after it would cover it too.
            await asyncio.gather(*under_way, return_exceptions=True)
            for handled in under_way:
                await _acknowledge(wire, await handled)

    async def _handle_on(self, wire: WireChannel, batch: Sequence[DeliveredMessage], stop: asyncio.Event) -> int | None:
        """Handle a batch, for as long as its channel lives; the delivery tag up to which it may be acknowledged."""
        messages = [decode(_raw(message)) for message in batch]
        attempts = AsyncRetrying(
            retry=retry_if_exception_type((Unavailable, Conflict)),
            wait=wait_random_exponential(multiplier=0.05, max=LONGEST_PAUSE_SECONDS),
            stop=lambda _: wire.is_closed or stop.is_set(),
            before_sleep=_say_retrying,
            reraise=True,
        )
        await attempts(self._handle, messages)
        return batch[-1].delivery_tag


async def _acknowledge(wire: WireChannel, last: int | None) -> None:
    """Acknowledge everything up to a tag; on a dead channel there is nothing to do, the inbox knows."""
    if last is not None and not wire.is_closed:
        await wire.basic_ack(last, multiple=True)


async def _something(
    deliveries: _Deliveries, under_way: Sequence[asyncio.Task[int | None]], stop: asyncio.Event
) -> None:
    """Wait for enough to take, a finished batch or the stop, but not for long, to see whether the consumer lives."""
    worth_taking = deliveries.worth_taking(len(under_way))
    if worth_taking.is_set() or stop.is_set():
        return
    signals = [asyncio.ensure_future(event.wait()) for event in (worth_taking, stop)]
    try:
        await asyncio.wait([*signals, *under_way], timeout=WATCH_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for signal in signals:
            signal.cancel()


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
