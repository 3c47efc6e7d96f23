"""A worker: the durable step with what feeds it, and the relay, side by side."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import Process
from saga.engine import DeadLetterKind, Step, Taken, dead_letters
from saga.engine.dead_letters import DeadLetter
from saga.engine.intake import named_instance
from saga.engine.reporting import tell
from saga.feeds.log_feed import AT_ONCE, BESIDE_A_QUEUE, LOOK_SECONDS, LogFeed
from saga.messages import Envelope, Poison
from saga.messages.cloudevents import decode
from saga.postgres import durable_transaction
from saga.rabbitmq.admission import DEFAULT_EXCHANGE, Events, unjudged
from saga.rabbitmq.consumer import Consumer
from saga.rabbitmq.deaths import DELIVERY_LIMIT_REACHED, Death, as_published, read_deaths, why_given_up
from saga.rabbitmq.deliveries import glance_for
from saga.rabbitmq.publisher import Publisher
from saga.rabbitmq.returns import Returns
from saga.rabbitmq.topology import UNDELIVERED, topology
from saga.rabbitmq.topology_watch import Keeper
from saga.settings import Feed, Settings, SettingsError
from saga.worker.relay import CONSUMER as RELAY
from saga.worker.relay import Relay

UNDELIVERED_BATCH_SIZE = 10

_NAME = r"[a-z][a-z0-9_-]{0,62}"
_COMMAND_SOURCE = re.compile(rf"/modules/({_NAME})-process")


class Worker:
    """One worker of a process. Any number may run, on any machines; the death of one of its loops ends it, loudly.

    ``elsewhere`` gives the database of each module that SAGA_LOG_URLS names, as far as it can be asked. Raises
    SettingsError without a broker's address, unless the feed pulls.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        process: Process,
        settings: Settings,
        *,
        amqp_url: str | None,
        elsewhere: Mapping[str, AsyncEngine] = MappingProxyType({}),
    ) -> None:
        if amqp_url is None and settings.feed is Feed.PUSH:
            raise SettingsError("Without a broker nothing is pushed: give SAGA_AMQP_URL, or set SAGA_FEED=pull")
        step = Step(engine, process, elsewhere=settings.log_urls)
        self._pulls = settings.feed is Feed.PULL
        self._look_seconds = settings.pull_poll_seconds if self._pulls else LOOK_SECONDS
        self._log_feed = LogFeed(
            engine,
            step,
            process,
            settings.prefix,
            grace=AT_ONCE if self._pulls else BESIDE_A_QUEUE,
            page_size=settings.batch_size,
            elsewhere={module: elsewhere.get(module) for module in settings.log_urls},
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
    """What a worker does at the broker: it relays, sees to what was given up, and consumes unless it pulls."""

    def __init__(self, engine: AsyncEngine, amqp_url: str, step: Step, process: Process, *, settings: Settings) -> None:
        self._step = step
        self._process = process
        self._engine = engine
        self._relay_poll_seconds = settings.relay_poll_seconds
        self._topology = wanted = topology(settings.prefix, process)
        self._queues = {queue.name for queue in wanted.queues}
        self._publisher = Publisher(amqp_url, wanted, settings.publish_timeout_seconds)
        self._relay = Relay(engine, self._publisher, settings.prefix, settings.relay_batch_size, own=process.module)
        self._judge = Events(process, settings.prefix, settings.accepted_exchange_names)
        self._keeper = Keeper(amqp_url, wanted, process.name)
        self._returns = Returns(amqp_url, wanted)
        self._consumer = Consumer(
            amqp_url,
            wanted,
            process.name,
            self._handle,
            settings.batch_size,
            judge=self._judge,
            handle_again=self._handle_warily,
            glance=glance_for(process.correlate),
        )
        self._undelivered = Consumer(
            amqp_url,
            wanted,
            UNDELIVERED,
            self._see_to,
            UNDELIVERED_BATCH_SIZE,
            judge=unjudged,
            name=f"consumer {wanted.undelivered} of {process.name}",
        )

    async def run(self, stop: asyncio.Event, ready: asyncio.Event, *, consumes: bool) -> None:
        async with self._publisher, asyncio.TaskGroup() as loops:
            if consumes:
                loops.create_task(self._consumer.run(stop, ready))
            loops.create_task(self._undelivered.run(stop, asyncio.Event()))
            loops.create_task(self._relay.run(stop, self._relay_poll_seconds))
            loops.create_task(self._keeper.run(stop))

    async def _handle(self, messages: Sequence[Envelope | Poison]) -> None:
        self._tell(await self._step.take(messages), len(messages))

    async def _handle_warily(self, messages: Sequence[Envelope | Poison]) -> None:
        """Handle messages of which one may have killed a worker."""
        self._tell(await self._step.take_warily(messages), len(messages))

    def _tell(self, taken: Taken, batch: int) -> None:
        if taken.outgoing:
            self._relay.nudge()
        tell(taken, batch)

    async def _see_to(self, messages: Sequence[Envelope | Poison]) -> None:
        """See to what the broker gave up. That it was given out too often says nothing against a message."""
        ours: list[Envelope | Poison] = []
        theirs: list[tuple[Envelope | Poison, Death]] = []
        kept: list[tuple[Envelope | Poison, str]] = []
        for message in messages:
            deaths = read_deaths(message.raw)
            if message.raw.exchange != self._topology.undelivered:
                kept.append((message, _not_given_up(message.raw.exchange, self._topology.undelivered)))
            elif not deaths or deaths[0].reason != DELIVERY_LIMIT_REACHED:
                kept.append((message, why_given_up(deaths)))
            elif deaths[0].queue == self._topology.queue(self._process.name):
                ours.append(self._judge(decode(as_published(message.raw, deaths[0]))))
            else:
                theirs.append((message, deaths[0]))
        if ours:
            await self._handle_warily(ours)
        refused = await self._returns.send(theirs)
        await self._keep([*kept, *((theirs[index][0], why) for index, why in refused.items())])

    async def _keep(self, given_up: Sequence[tuple[Envelope | Poison, str]]) -> None:
        """Keep messages as dead letters of the process whose they are, where people look for them."""
        letters = [(self._owner(message), self._given_up(message, why)) for message, why in given_up]
        await self._step.take([letter for owner, letter in letters if owner == self._process.name])
        others = sorted({owner for owner, _ in letters} - {self._process.name})
        if others:
            async with durable_transaction(self._engine) as connection:
                for other in others:
                    theirs = [self._letter(letter) for owner, letter in letters if owner == other]
                    await dead_letters.keep(connection, other, theirs)

    def _owner(self, message: Envelope | Poison) -> str:
        """The process whose message it is: all processes at a broker share one queue of what was given up.

        Whatever it says, it is none of the relay's: those letters are about entries of a log.
        """
        own = self._process.name
        died_in = next((death.queue for death in read_deaths(message.raw)), "")
        if died_in == self._topology.queue(own):
            return own
        named = _COMMAND_SOURCE.fullmatch(message.source or "")
        if named is None and died_in not in self._queues:
            named = re.fullmatch(f"{re.escape(self._topology.queue(''))}({_NAME})", died_in)
        return own if named is None or named[1] == RELAY else named[1]

    def _letter(self, given_up: Poison) -> DeadLetter:
        """One of another process, of which only the word for its instances is not known: ours may be the same."""
        return DeadLetter(DeadLetterKind.POISON, given_up, named_instance(self._process, given_up))

    def _given_up(self, message: Envelope | Poison, why: str) -> Poison:
        return Poison(
            message.raw,
            why,
            type=message.type,
            id=message.id,
            source=message.source,
            subject=message.subject,
            module=message.module,
            position=message.position,
        )


def _not_given_up(exchange: str, undelivered: str) -> str:
    """Why a message in the queue of what was given up is not handled: its own sender wrote what its headers say."""
    return f"it came from exchange {exchange or DEFAULT_EXCHANGE!r}: what the broker gave up comes from {undelivered}"
