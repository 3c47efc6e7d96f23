"""A worker: the consumer that feeds the durable step, the relay and the hole filler, side by side."""

import asyncio
from collections.abc import Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import Envelope, Poison, Process
from saga.engine import Step
from saga.settings import Settings
from saga.transport.consumer import Consumer
from saga.transport.hole_filler import HoleFiller
from saga.transport.publisher import Publisher
from saga.transport.relay import Relay
from saga.transport.topology import DELIVERY_LIMIT, UNDELIVERED, topology

UNDELIVERED_BATCH_SIZE = 10
GIVEN_UP = f"the broker gave it out {DELIVERY_LIMIT} times and no worker answered"

_log = structlog.get_logger()


class Worker:
    """One worker of a process. Any number may run, on any machines; the death of one of its loops ends it, loudly."""

    def __init__(self, engine: AsyncEngine, amqp_url: str, process: Process, settings: Settings) -> None:
        self._engine = engine
        self._process = process
        self._settings = settings
        self._step = Step(engine, process)
        wanted = topology(settings.prefix, process)
        self._publisher = Publisher(amqp_url, wanted, settings.publish_timeout_seconds)
        self._relay = Relay(engine, self._publisher, settings.prefix, settings.relay_batch_size)
        self._hole_filler = HoleFiller(engine, self._step, process, settings.prefix)
        self._consumer = Consumer(amqp_url, wanted, process.name, self._handle, settings.batch_size)
        self._undelivered = Consumer(amqp_url, wanted, UNDELIVERED, self._park, UNDELIVERED_BATCH_SIZE)

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """Work until ``stop``; ``ready`` is set once messages can come."""
        async with self._publisher, asyncio.TaskGroup() as loops:
            loops.create_task(self._consumer.run(stop, ready))
            loops.create_task(self._undelivered.run(stop, asyncio.Event()))
            loops.create_task(self._relay.run(stop, self._settings.relay_poll_seconds))
            loops.create_task(self._hole_filler.run(stop))

    async def _handle(self, messages: Sequence[Envelope | Poison]) -> None:
        taken = await self._step.take(messages)
        if taken.outgoing:
            self._relay.nudge()
        if taken.dead:
            _log.warning("dead_letters", count=taken.dead, batch=len(messages))

    async def _park(self, messages: Sequence[Envelope | Poison]) -> None:
        """Keep what the broker gave up on, where people look for it."""
        await self._step.take([self._given_up(message) for message in messages])

    def _given_up(self, message: Envelope | Poison) -> Poison:
        subject = message.subject
        if subject is None and isinstance(message, Envelope):
            said = message.data.get(self._process.correlate)
            subject = said if isinstance(said, str) else None
        return Poison(message.raw, GIVEN_UP, type=message.type, id=message.id, source=message.source, subject=subject)
