"""The consumer: receives deliveries, handles them in batches, and acknowledges a batch once it is safe.

It never waits to fill a batch: a batch has the deliveries since the last one, up to a limit. If many are waiting,
further batches begin while the first is under way, up to three: one is decided while another is written and a third
commits. The prefetch has room for one more batch, which bounds the memory. Large messages get a smaller prefetch: we
start low and, once the mean size is known, re-subscribe with a matching one.

Messages of hot instances have their own batches, one at a time. If nearly all prefetched messages are of hot instances,
the consumer re-subscribes at once, to reach the messages behind them; each time the prefetch doubles.

A redelivered message may have killed its last worker. It is decoded in a child first, and handled with a rehearsal.

A batch that fails with a transient error is handled again, unacknowledged, as long as its channel lives. When the
channel dies, its deliveries are dropped: the broker delivers them again, and the inbox recognises those that took
effect.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

import structlog
from aiormq.channel import Channel as WireChannel
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from saga.engine.rehearsal import rehearse
from saga.heartbeat import goes_round, starts_over
from saga.messages import Envelope, Handler, Poison
from saga.messages.cloudevents import decode
from saga.metrics.table import CONSUMED_MESSAGES, DELIVERIES_BYTES, PROCESS_SECONDS
from saga.postgres import LostRace, Unavailable, server_of
from saga.rabbitmq.acknowledgements import Acknowledgements
from saga.rabbitmq.admission import Judge
from saga.rabbitmq.connection import SETUP_TIMEOUT_SECONDS, ConsumerLost, connect, supervise_at_broker
from saga.rabbitmq.deliveries import Deliveries, Delivery, Glance, Line
from saga.rabbitmq.topology import Topology, declare
from saga.supervision import LONGEST_PAUSE_SECONDS

WATCH_SECONDS = 1.0
LOOK_PAST_SECONDS = 0.02
"""How often to check whether the broker should send more, while messages of hot instances wait."""
BATCHES_UNDER_WAY = 3
FIRST = 16
"""The prefetch before the size of messages is known."""
FAR_OFF = 2
"""The factor by which a fitting prefetch must differ to be worth a new subscription."""
WORTH_OVERLAPPING = 0.5
"""How full a batch must be to begin while another is under way: many small batches would cost more than they gain."""

HOT = 0.2
"""The share of a batch that the waiting messages of one instance must reach for it to be hot."""
NEARLY_ALL = 0.75
"""The share of the prefetch that must be waiting before the broker is asked for more."""


_Batch = asyncio.Task[Sequence[Delivery]]
"""A batch that is being handled; its result are the deliveries to acknowledge."""

_log = structlog.get_logger()


class Consumer:
    """Consumes one queue until it is stopped; starts over after every loss of the broker or the database.

    ``judge`` decides whether the sender may send a message. ``handle_again`` handles batches with redelivered messages;
    without it they are handled like others. ``glance`` finds the instance in a body; without it no instance is hot.
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
        glance: Glance | None = None,
        name: str | None = None,
    ) -> None:
        self._amqp_url = amqp_url
        self._topology = topology
        self._queue = topology.queue(queue)
        self._name = name or f"consumer {self._queue}"
        self._handle = handle
        self._judge = judge
        self._handle_again = handle_again or handle
        self._glance = glance
        self._batch_size = batch_size
        self._prefetch = (BATCHES_UNDER_WAY + 1) * batch_size

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """Consume until ``stop``; ``ready`` is set once the subscription is active."""

        async def session() -> None:
            await self._session(stop, ready)

        await supervise_at_broker(self._name, session, stop, self._amqp_url)

    async def _session(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        async with await connect(self._amqp_url, f"consumer {self._queue}") as connection:
            deliveries = Deliveries(
                enough=max(1, int(WORTH_OVERLAPPING * self._batch_size)),
                glance=self._glance,
                most_of_one=max(2, int(HOT * self._batch_size)),
            )
            async with asyncio.timeout(SETUP_TIMEOUT_SECONDS):
                channel = await connection.channel(publisher_confirms=False)
                await declare(channel, self._topology)
                wire = await connection.route_frames(channel, deliveries)
                subscription = await _Subscription.begin(wire, self._queue, self._prefetch)
            ready.set()
            goes_round()
            _log.info("consuming", queue=self._queue)
            with DELIVERIES_BYTES.reads(lambda: deliveries.others.size + deliveries.hot.size):
                await self._pump(wire, deliveries, subscription, stop)

    async def _pump(
        self, wire: WireChannel, deliveries: Deliveries, subscription: "_Subscription", stop: asyncio.Event
    ) -> None:
        """Handle batches, a few at a time, and acknowledge each once it is handled."""
        acknowledgements, under_way = Acknowledgements(wire), _UnderWay()
        try:
            while not stop.is_set():
                await under_way.wait(deliveries, stop)
                if not subscription.is_alive:
                    raise ConsumerLost(f"the consumer of {self._queue} is gone")
                for handled in under_way.done():
                    under_way.remove(handled)
                    await acknowledgements.give(await handled)
                    goes_round()
                if under_way.is_empty:
                    goes_round()
                line = under_way.next_line(deliveries)
                if line is not None and not stop.is_set():
                    batch = self._handle_batch(wire, line.batch(self._batch_size), stop)
                    under_way.add(asyncio.create_task(batch), is_hot=line is deliveries.hot)
                await self._fit(subscription, deliveries, acknowledgements, drained=under_way.is_empty)
        except asyncio.CancelledError:
            under_way.cancel()
            raise
        finally:
            for handled in await under_way.ended():
                await acknowledgements.give(await handled)

    async def _fit(
        self,
        subscription: "_Subscription",
        deliveries: Deliveries,
        acknowledgements: Acknowledgements,
        *,
        drained: bool,
    ) -> None:
        """Fit the prefetch to the size of messages, and raise it while nearly all of them are of hot instances."""
        fitting = deliveries.fitting(self._prefetch)
        if not deliveries.hot:
            await subscription.fit(fitting, drained=drained and deliveries.are_empty)
        elif subscription.is_spent(acknowledgements, deliveries) and (more := deliveries.fitting_past_hot(fitting)):
            await subscription.renew(more, deliveries)

    async def _handle_batch(
        self, wire: WireChannel, batch: Sequence[Delivery], stop: asyncio.Event
    ) -> Sequence[Delivery]:
        """Handle a batch, and retry as long as its channel lives; returns the batch, to acknowledge it."""
        is_back = any(delivery.is_back for delivery in batch)
        messages = [self._judge(message) for message in await _read(batch, rehearsed=is_back)]
        attempts = AsyncRetrying(
            retry=retry_if_exception_type((Unavailable, LostRace)),
            wait=wait_random_exponential(multiplier=0.05, max=LONGEST_PAUSE_SECONDS),
            stop=lambda _: wire.is_closed or stop.is_set(),
            before_sleep=_log_retry,
            reraise=True,
        )
        with self._measured(len(batch)):
            await attempts(self._handle_again if is_back else self._handle, messages)
        return batch

    @contextmanager
    def _measured(self, messages: int) -> Iterator[None]:
        """Count these messages and measure the block that handles them."""
        begun, error_type = time.perf_counter(), ""
        try:
            yield
        except BaseException as error:
            error_type = type(error).__name__
            raise
        finally:
            labels = ("rabbitmq", "process", self._queue, error_type)
            CONSUMED_MESSAGES.add(messages, *labels)
            PROCESS_SECONDS.observe(time.perf_counter() - begun, *labels)


class _UnderWay:
    """The batches that are being handled: BATCHES_UNDER_WAY at most, one of them of hot instances at most."""

    def __init__(self) -> None:
        self._batches: list[_Batch] = []
        self._hot: _Batch | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no batch is being handled."""
        return not self._batches

    def add(self, batch: _Batch, *, is_hot: bool) -> None:
        """Add a batch that has begun."""
        self._batches.append(batch)
        self._hot = batch if is_hot else self._hot

    def remove(self, batch: _Batch) -> None:
        """Remove a batch that has ended."""
        self._batches.remove(batch)
        self._hot = None if batch is self._hot else self._hot

    def done(self) -> list[_Batch]:
        """The batches that are handled or have failed."""
        return [batch for batch in self._batches if batch.done()]

    def cancel(self) -> None:
        """Cancel all batches."""
        for batch in self._batches:
            batch.cancel()

    async def ended(self) -> list[_Batch]:
        """All batches, once they have ended; the failed ones are last."""
        await asyncio.gather(*self._batches, return_exceptions=True)
        return sorted(self._batches, key=lambda batch: batch.cancelled() or batch.exception() is not None)

    def next_line(self, deliveries: Deliveries) -> Line | None:
        """The line for the next batch, if one should begin now."""
        return next((line for line, event in self._may_begin(deliveries) if event.is_set()), None)

    async def wait(self, deliveries: Deliveries, stop: asyncio.Event) -> None:
        """Wait until a batch should begin or has ended, or for the stop; with a timeout: the consumer may be lost."""
        events = [stop, *(event for _, event in self._may_begin(deliveries))]
        if any(event.is_set() for event in events):
            return
        signals = [asyncio.ensure_future(event.wait()) for event in events]
        seconds = LOOK_PAST_SECONDS if deliveries.hot else WATCH_SECONDS
        try:
            await asyncio.wait([*signals, *self._batches], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for signal in signals:
                signal.cancel()

    def _may_begin(self, deliveries: Deliveries) -> list[tuple[Line, asyncio.Event]]:
        """The lines for which another batch may begin, each with the event that is set when it should."""
        if len(self._batches) == BATCHES_UNDER_WAY:
            return []
        others = deliveries.others, deliveries.others.worth_taking(len(self._batches) - (self._hot is not None))
        return [others] if self._hot else [(deliveries.hot, deliveries.hot.some), others]


class _Subscription:
    """A consumer at the broker, with its prefetch: ``most``, or fewer."""

    def __init__(self, wire: WireChannel, queue: str, most: int) -> None:
        self._wire = wire
        self._queue = queue
        self._most = most
        self._prefetch = FIRST if most > FAR_OFF * FIRST else most
        self._tag: str | None = None
        self._after = 0

    @classmethod
    async def begin(cls, wire: WireChannel, queue: str, most: int) -> Self:
        """Subscribe."""
        subscription = cls(wire, queue, most)
        await subscription._consume()
        return subscription

    @property
    def is_alive(self) -> bool:
        """Whether the subscription is active, or is being renewed."""
        return not self._wire.is_closed and (self._tag is None or self._tag in self._wire.consumers)

    async def fit(self, prefetch: int, *, drained: bool) -> None:
        """Re-subscribe if another prefetch fits much better, as soon as all deliveries are acknowledged.

        The broker reads the prefetch when a consumer begins, and counts unacknowledged deliveries per consumer.
        """
        async with asyncio.timeout(SETUP_TIMEOUT_SECONDS):
            if self._tag is not None and self._is_far_off(prefetch):
                await self._cancel(self._tag)
            if self._tag is None and drained:
                self._prefetch = prefetch
                await self._consume()

    def is_spent(self, acknowledgements: Acknowledgements, deliveries: Deliveries) -> bool:
        """Whether nearly all of the prefetch since the last subscription is here, unacknowledged."""
        return acknowledgements.open_between(self._after, deliveries.last_tag) >= NEARLY_ALL * self._prefetch

    async def renew(self, prefetch: int, deliveries: Deliveries) -> None:
        """Re-subscribe with this prefetch, in addition to the deliveries before."""
        async with asyncio.timeout(SETUP_TIMEOUT_SECONDS):
            if self._tag is not None:
                await self._cancel(self._tag)
            self._after, self._prefetch = deliveries.last_tag, prefetch
            await self._consume()

    def _is_far_off(self, prefetch: int) -> bool:
        if prefetch == self._most:
            return self._prefetch != prefetch
        return not self._prefetch / FAR_OFF < prefetch < self._prefetch * FAR_OFF

    async def _cancel(self, tag: str) -> None:
        await self._wire.basic_cancel(tag)
        self._tag = None

    async def _consume(self) -> None:
        await self._wire.basic_qos(prefetch_count=self._prefetch)
        self._tag = (await self._wire.basic_consume(self._queue, _unrouted)).consumer_tag


async def _read(batch: Sequence[Delivery], *, rehearsed: bool) -> list[Envelope | Poison]:
    raws = [delivery.message for delivery in batch]
    condemned = await rehearse(raws, decode) if rehearsed else {}
    return [Poison(raw, condemned[index]) if index in condemned else decode(raw) for index, raw in enumerate(raws)]


def _log_retry(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    starts_over(str(error) or repr(error))
    _log.warning("retrying_batch", attempt=state.attempt_number, server=server_of(error), error=str(error))


async def _unrouted(message: object) -> None:
    """The client's callback, which is never called: the frame router removes deliveries from the client's stream."""
    raise AssertionError(f"a delivery went past the frame router: {message!r}")
