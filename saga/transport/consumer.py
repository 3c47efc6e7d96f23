"""The consumer: takes deliveries as they come, hands them on in batches, acknowledges a batch once it is safe.

It never waits to fill a batch: a batch is what has come since the last one, up to a limit. When much has come, others
begin while the first is under way, up to three: one is decided while another is written and a third commits. The broker
may send one more ahead; that bounds the memory. Of large messages it may send fewer: it begins with a few, and as their
sizes are known the consumer is cancelled, and consumes anew. Acknowledgements go in the order of delivery, for one
covers everything before it.

Messages that somebody had before may be what that one died of. They are handled in another way, with care, and before
that they are decoded in a child.

A batch whose handling fails transiently is kept and handled again, with nothing acknowledged, as long as its channel
lives. When the channel dies its deliveries are dropped: the broker gives them out again, and the inbox knows which of
them took effect. One acknowledgement covers a batch.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Self

import structlog
from aiormq.channel import Channel as WireChannel
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from saga.core import Envelope, Poison
from saga.engine.rehearsal import rehearse
from saga.heartbeat import goes_round, starts_over
from saga.postgres import Conflict, Unavailable, server_of
from saga.transport.admission import Judge
from saga.transport.codec import decode
from saga.transport.connection import LONGEST_PAUSE_SECONDS, SETUP_TIMEOUT_SECONDS, ConsumerLost, connect, supervise
from saga.transport.deliveries import Deliveries, Delivery
from saga.transport.topology import Topology, declare

WATCH_SECONDS = 1.0
BATCHES_UNDER_WAY = 3
FIRST = 16
"""Messages that the broker may send ahead before anything is known of their size."""
FAR_OFF = 2
"""How many times as many, or as few, messages must fit that it pays to consume anew."""
WORTH_OVERLAPPING = 0.5
"""How full a batch must be to begin while another one is under way: many small ones would cost more than they gain."""

Handler = Callable[[Sequence[Envelope | Poison]], Awaitable[None]]

_log = structlog.get_logger()


class Consumer:
    """Consumes one queue until it is stopped, through every loss of the broker or the database.

    ``judge`` says of each message whether its sender may say that. ``handle_again`` is for batches with messages that
    were given out before; without it they are handled as all others.
    """

    def __init__(
        self,
        amqp_url: str,
        topology: Topology,
        queue: str,
        handle: Handler,
        batch_size: int,
        *,
        judge: Judge,
        handle_again: Handler | None = None,
        name: str | None = None,
    ) -> None:
        self._amqp_url = amqp_url
        self._topology = topology
        self._queue = topology.queue(queue)
        self._name = name or f"consumer {self._queue}"
        self._handle = handle
        self._judge = judge
        self._handle_again = handle_again or handle
        self._batch_size = batch_size
        self._prefetch = (BATCHES_UNDER_WAY + 1) * batch_size

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """Consume until ``stop``; ``ready`` is set once deliveries can come."""

        async def session() -> None:
            await self._session(stop, ready)

        await supervise(self._name, session, stop, broker=self._amqp_url)

    async def _session(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        async with await connect(self._amqp_url, f"consumer {self._queue}") as connection:
            deliveries = Deliveries(enough=max(1, int(WORTH_OVERLAPPING * self._batch_size)))
            async with asyncio.timeout(SETUP_TIMEOUT_SECONDS):
                channel = await connection.channel(publisher_confirms=False)
                await declare(channel, self._topology)
                wire = await connection.take_from(channel, deliveries)
                subscription = await _Subscription.begin(wire, self._queue, self._prefetch)
            ready.set()
            goes_round()
            _log.info("consuming", queue=self._queue)
            await self._pump(wire, deliveries, subscription, stop)

    async def _pump(
        self, wire: WireChannel, deliveries: Deliveries, subscription: "_Subscription", stop: asyncio.Event
    ) -> None:
        """Hand on batches, a few under way at most; acknowledge them in the order in which they came."""
        under_way: deque[asyncio.Task[int | None]] = deque()
        try:
            while not stop.is_set():
                await _something(deliveries, under_way, stop)
                if not subscription.is_alive:
                    raise ConsumerLost(f"the consumer of {self._queue} is gone")
                while under_way and (under_way[0].done() or len(under_way) == BATCHES_UNDER_WAY):
                    await _acknowledge(wire, await under_way[0])
                    del under_way[0]
                    goes_round()
                if not under_way:
                    goes_round()
                if not stop.is_set() and deliveries.worth_taking(len(under_way)).is_set():
                    batch = deliveries.batch(self._batch_size)
                    under_way.append(asyncio.create_task(self._handle_on(wire, batch, stop)))
                await subscription.fit(
                    deliveries.fitting(self._prefetch), drained=not under_way and deliveries.is_empty
                )
        except asyncio.CancelledError:
            for task in under_way:
                task.cancel()
            raise
        finally:
            # A batch that failed is still the first one: acknowledging any after it would cover it too.
            await asyncio.gather(*under_way, return_exceptions=True)
            for handled in under_way:
                await _acknowledge(wire, await handled)

    async def _handle_on(self, wire: WireChannel, batch: Sequence[Delivery], stop: asyncio.Event) -> int | None:
        """Handle a batch, for as long as its channel lives; the delivery tag up to which it may be acknowledged."""
        is_back = any(delivery.is_back for delivery in batch)
        messages = [self._judge(message) for message in await _read(batch, warily=is_back)]
        attempts = AsyncRetrying(
            retry=retry_if_exception_type((Unavailable, Conflict)),
            wait=wait_random_exponential(multiplier=0.05, max=LONGEST_PAUSE_SECONDS),
            stop=lambda _: wire.is_closed or stop.is_set(),
            before_sleep=_say_retrying,
            reraise=True,
        )
        await attempts(self._handle_again if is_back else self._handle, messages)
        return batch[-1].tag


class _Subscription:
    """A consumer at the broker, and how many messages that may send ahead: ``most``, or fewer."""

    def __init__(self, wire: WireChannel, queue: str, most: int) -> None:
        self._wire = wire
        self._queue = queue
        self._most = most
        self._prefetch = FIRST if most > FAR_OFF * FIRST else most
        self._tag: str | None = None

    @classmethod
    async def begin(cls, wire: WireChannel, queue: str, most: int) -> Self:
        """Consume from now on."""
        subscription = cls(wire, queue, most)
        await subscription._consume()
        return subscription

    @property
    def is_alive(self) -> bool:
        """Whether messages can come, or will once it consumes anew."""
        return not self._wire.is_closed and (self._tag is None or self._tag in self._wire.consumers)

    async def fit(self, prefetch: int, *, drained: bool) -> None:
        """Consume anew if another number of messages fits by far better, as soon as all that has come is acknowledged.

        The broker takes the number when a consumer begins, and counts for each consumer what it has sent.
        """
        async with asyncio.timeout(SETUP_TIMEOUT_SECONDS):
            if self._tag is not None and self._is_far_off(prefetch):
                await self._wire.basic_cancel(self._tag)
                self._tag = None
            if self._tag is None and drained:
                self._prefetch = prefetch
                await self._consume()

    def _is_far_off(self, prefetch: int) -> bool:
        if prefetch == self._most:
            return self._prefetch != prefetch
        return not self._prefetch / FAR_OFF < prefetch < self._prefetch * FAR_OFF

    async def _consume(self) -> None:
        await self._wire.basic_qos(prefetch_count=self._prefetch)
        self._tag = (await self._wire.basic_consume(self._queue, _taken_before)).consumer_tag


async def _read(batch: Sequence[Delivery], *, warily: bool) -> list[Envelope | Poison]:
    raws = [delivery.message for delivery in batch]
    condemned = await rehearse(raws, decode) if warily else {}
    return [Poison(raw, condemned[index]) if index in condemned else decode(raw) for index, raw in enumerate(raws)]


async def _acknowledge(wire: WireChannel, last: int | None) -> None:
    """Acknowledge everything up to a tag; on a dead channel there is nothing to do, the inbox knows."""
    if last is not None and not wire.is_closed:
        await wire.basic_ack(last, multiple=True)


async def _something(
    deliveries: Deliveries, under_way: Sequence[asyncio.Task[int | None]], stop: asyncio.Event
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
    starts_over(str(error) or repr(error))
    _log.warning("retrying_batch", attempt=state.attempt_number, server=server_of(error), error=str(error))


async def _taken_before(message: object) -> None:
    """Deliveries are taken out of the stream before the client sees them; here comes none."""
    raise AssertionError(f"a delivery went past the sorter: {message!r}")
