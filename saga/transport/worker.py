"""A worker: the durable step with what feeds it, and the relay, side by side."""

import asyncio
import re
from collections.abc import Mapping, Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import Envelope, Poison, Process
from saga.engine import DeadLetterKind, Step, dead_letters
from saga.engine.dead_letters import DeadLetter
from saga.postgres import durable_transaction
from saga.settings import Feed, Settings, SettingsError
from saga.transport.consumer import Consumer
from saga.transport.log_feed import AT_ONCE, BESIDE_A_QUEUE, LOOK_SECONDS, LogFeed
from saga.transport.publisher import Publisher
from saga.transport.relay import Relay
from saga.transport.topology import DELIVERY_LIMIT, UNDELIVERED, topology

UNDELIVERED_BATCH_SIZE = 10
GIVEN_UP = f"the broker gave it out {DELIVERY_LIMIT} times and no worker answered"

_COMMAND_SOURCE = re.compile(r"/modules/(.+)-process")
_log = structlog.get_logger()


class Worker:
    """One worker of a process. Any number may run, on any machines; the death of one of its loops ends it, loudly.

    ``elsewhere`` gives the database of each module whose log is not kept in the worker's own. Raises SettingsError
    without a broker's address, unless the feed pulls.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        process: Process,
        settings: Settings,
        *,
        amqp_url: str | None,
        elsewhere: Mapping[str, AsyncEngine] | None = None,
    ) -> None:
        if amqp_url is None and settings.feed is Feed.PUSH:
            raise SettingsError("Without a broker nothing is pushed: give SAGA_AMQP_URL, or set SAGA_FEED=pull")
        step = Step(engine, process)
        self._pulls = settings.feed is Feed.PULL
        self._look_seconds = settings.pull_poll_seconds if self._pulls else LOOK_SECONDS
        self._log_feed = LogFeed(
            engine,
            step,
            process,
            settings.prefix,
            grace=AT_ONCE if self._pulls else BESIDE_A_QUEUE,
            page_size=settings.batch_size,
            elsewhere=elsewhere,
        )
        self._broker = None if amqp_url is None else _AtTheBroker(engine, amqp_url, step, process, settings=settings)

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """Work until ``stop``; ``ready`` is set once messages can come."""
        feeding = ready if self._pulls else asyncio.Event()
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._log_feed.run(stop, feeding, self._look_seconds))
            if self._broker is not None:
                loops.create_task(self._broker.run(stop, ready, consumes=not self._pulls))


class _AtTheBroker:
    """What a worker does at the broker: it relays, keeps what was given up, and consumes unless it pulls."""

    def __init__(self, engine: AsyncEngine, amqp_url: str, step: Step, process: Process, *, settings: Settings) -> None:
        self._step = step
        self._process = process
        self._engine = engine
        self._relay_poll_seconds = settings.relay_poll_seconds
        self._topology = wanted = topology(settings.prefix, process)
        self._queues = {queue.name for queue in wanted.queues}
        self._publisher = Publisher(amqp_url, wanted, settings.publish_timeout_seconds)
        self._relay = Relay(engine, self._publisher, settings.prefix, settings.relay_batch_size, own=process.module)
        self._consumer = Consumer(amqp_url, wanted, process.name, self._handle, settings.batch_size)
        self._undelivered = Consumer(
            amqp_url,
            wanted,
            UNDELIVERED,
            self._park,
            UNDELIVERED_BATCH_SIZE,
            name=f"consumer {wanted.undelivered} of {process.name}",
        )

    async def run(self, stop: asyncio.Event, ready: asyncio.Event, *, consumes: bool) -> None:
        async with self._publisher, asyncio.TaskGroup() as loops:
            if consumes:
                loops.create_task(self._consumer.run(stop, ready))
            loops.create_task(self._undelivered.run(stop, asyncio.Event()))
            loops.create_task(self._relay.run(stop, self._relay_poll_seconds))

    async def _handle(self, messages: Sequence[Envelope | Poison]) -> None:
        taken = await self._step.take(messages)
        if taken.outgoing:
            self._relay.nudge()
        if taken.dead:
            _log.warning("dead_letters", count=taken.dead, batch=len(messages))

    async def _park(self, messages: Sequence[Envelope | Poison]) -> None:
        """Keep what the broker gave up on, where people look for it."""
        letters = [(self._owner(message), self._given_up(message)) for message in messages]
        await self._step.take([letter for owner, letter in letters if owner == self._process.name])
        others = sorted({owner for owner, _ in letters} - {self._process.name})
        if others:
            async with durable_transaction(self._engine) as connection:
                for other in others:
                    theirs = [DeadLetter(DeadLetterKind.POISON, letter) for owner, letter in letters if owner == other]
                    await dead_letters.keep(connection, other, theirs)

    def _owner(self, message: Envelope | Poison) -> str:
        """The process whose message it is: all processes at a broker share one queue of what was given up."""
        sender = _COMMAND_SOURCE.fullmatch(message.source or "")
        if sender is not None:
            return sender[1]
        queue = message.raw.headers.get("x-first-death-queue")
        if not isinstance(queue, str) or queue in self._queues:
            return self._process.name
        return queue.removeprefix(self._topology.queue(""))

    def _given_up(self, message: Envelope | Poison) -> Poison:
        subject = message.subject
        if subject is None and isinstance(message, Envelope):
            said = message.data.get(self._process.correlate)
            subject = said if isinstance(said, str) else None
        return Poison(message.raw, GIVEN_UP, type=message.type, id=message.id, source=message.source, subject=subject)
