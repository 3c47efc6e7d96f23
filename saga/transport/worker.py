"""A worker: the consumer that feeds the durable step, the relay, and what keeps the cursors tidy, side by side."""

import asyncio
from collections.abc import Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import Envelope, Poison, Process
from saga.engine import Step, cursors
from saga.postgres import durable_transaction
from saga.settings import Settings
from saga.transport.connection import pause, supervise
from saga.transport.consumer import Consumer
from saga.transport.publisher import Publisher
from saga.transport.relay import Relay
from saga.transport.topology import topology

FOLD_SECONDS = 1.0

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
        self._consumer = Consumer(amqp_url, wanted, process.name, self._handle, settings.batch_size)

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """Work until ``stop``; ``ready`` is set once messages can come."""
        async with self._publisher, asyncio.TaskGroup() as loops:
            loops.create_task(self._consumer.run(stop, ready))
            loops.create_task(self._relay.run(stop, self._settings.relay_poll_seconds))
            loops.create_task(self._fold_cursors(stop))

    async def _handle(self, messages: Sequence[Envelope | Poison]) -> None:
        taken = await self._step.take(messages)
        if taken.outgoing:
            self._relay.nudge()
        if taken.dead:
            _log.warning("dead_letters", count=taken.dead, batch=len(messages))

    async def _fold_cursors(self, stop: asyncio.Event) -> None:
        """Fold what the last steps covered, also when no further step comes."""

        async def session() -> None:
            while not stop.is_set():
                async with durable_transaction(self._engine) as connection:
                    await cursors.fold(connection, self._process.name)
                await pause(stop, FOLD_SECONDS)

        await supervise("cursor folder", session, stop)
