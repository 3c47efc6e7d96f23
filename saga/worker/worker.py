"""A worker: the durable step with what feeds it, and the relay, side by side."""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.addresses import AddressError, BrokerAddress
from saga.core import Process
from saga.engine import DeadLetterKind, Step, StepResult, dead_letters
from saga.engine.dead_letters import DeadLetter
from saga.engine.intake import named_instance
from saga.engine.reporting import report_step
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
from saga.rabbitmq.topology import UNDELIVERED, Topology, topology
from saga.rabbitmq.topology_watch import TopologyWatch
from saga.settings import PREFIX, Feed
from saga.worker.relay import CONSUMER as RELAY
from saga.worker.relay import Relay

UNDELIVERED_BATCH_SIZE = 10

_NAME = r"[a-z][a-z0-9_-]{0,62}"
_COMMAND_SOURCE = re.compile(rf"/modules/({_NAME})-process")


class Worker:
    """One worker of a process. Any number may run, on any machines; the death of one of its loops ends it, loudly.

    It works in any asyncio program, beside whatever else runs there:

    - ``engine``: the database, whose schema `saga migrate` has made; an engine of ``connect_engine``, best with
      ``STEP_SETTINGS``, and with room for five connections of each worker.
    - ``broker``: RabbitMQ's address, `amqp://user:password@host:port/vhost`. It may be None with ``Feed.PULL`` only:
      then everything is read from the logs, and nothing is published.
    - ``feed``: whether the broker pushes messages, or they are pulled from the modules' logs.
    - ``prefix``: begins the name of every exchange and queue; the same for all that share a broker.
    - ``logs_elsewhere``: for each module whose log is kept in another database, an engine for that one, or None where
      it can't be asked. The positions of such a log are believed.
    - ``accepted_exchanges``: exchanges besides our own whose messages are taken.
    - ``batch_size``: messages that one transaction takes at most; ``relay_batch_size``: entries that the relay reads at
      once.
    - ``pull_poll_seconds``, ``relay_poll_seconds``: how often the logs are looked at, for messages and to relay them.
    - ``publish_timeout_seconds``: how long the broker may take to confirm what the relay publishes.

    Raises ValueError for an argument that can't be right, before anything is connected.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        process: Process,
        *,
        broker: str | None = None,
        feed: Feed = Feed.PUSH,
        prefix: str = "saga",
        logs_elsewhere: Mapping[str, AsyncEngine | None] = MappingProxyType({}),
        accepted_exchanges: Collection[str] = (),
        batch_size: int = 500,
        pull_poll_seconds: float = 0.1,
        relay_batch_size: int = 500,
        relay_poll_seconds: float = 0.1,
        publish_timeout_seconds: float = 10.0,
    ) -> None:
        _require_possible(broker, feed, prefix, accepted_exchanges)
        _require_positive(batch_size=batch_size, relay_batch_size=relay_batch_size)
        _require_positive(pull_poll_seconds=pull_poll_seconds, relay_poll_seconds=relay_poll_seconds)
        _require_positive(publish_timeout_seconds=publish_timeout_seconds)
        step = Step(engine, process, elsewhere=logs_elsewhere)
        self._pulls = feed is Feed.PULL
        self._look_seconds = pull_poll_seconds if self._pulls else LOOK_SECONDS
        self._log_feed = LogFeed(
            engine,
            step,
            process,
            prefix,
            grace=AT_ONCE if self._pulls else BESIDE_A_QUEUE,
            page_size=batch_size,
            elsewhere=logs_elsewhere,
        )
        self._broker: _AtTheBroker | None = None
        if broker is not None:
            wanted = topology(prefix, process)
            publisher = Publisher(broker, wanted, publish_timeout_seconds)
            self._broker = _AtTheBroker(
                engine,
                step,
                process,
                publisher,
                Relay(engine, publisher, prefix, relay_batch_size, own=process.module),
                wanted=wanted,
                judge=Events(process, prefix, frozenset(accepted_exchanges)),
                batch_size=batch_size,
                relay_poll_seconds=relay_poll_seconds,
            )

    async def run(self, stop: asyncio.Event, ready: asyncio.Event | None = None) -> None:
        """Work until ``stop`` is set; ``ready``, if it is given, is set once messages can come.

        Messages that are under way are finished first. A server that is away is waited for; an ExceptionGroup with
        what nobody here can mend ends all loops: start the worker anew. Cancelling it is safe at any time, for what was
        not committed is not acknowledged.
        """
        ready = ready or asyncio.Event()
        feeding = ready if self._pulls else asyncio.Event()
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._log_feed.run(stop, feeding, self._look_seconds))
            if self._broker is not None:
                loops.create_task(self._broker.run(stop, ready, consumes=not self._pulls))


def _require_possible(broker: str | None, feed: Feed, prefix: str, accepted_exchanges: Collection[str]) -> None:
    if broker is None and feed is Feed.PUSH:
        raise ValueError("without a broker nothing is pushed: give broker=, or feed=Feed.PULL")
    if isinstance(accepted_exchanges, str):
        raise ValueError(f"accepted_exchanges is {accepted_exchanges!r}: give a list of names")  # noqa: TRY004
    if broker is not None:
        try:
            BrokerAddress.check(broker)
        except AddressError as error:
            raise ValueError(f"the broker's address {error}") from None
    if not re.fullmatch(PREFIX, prefix):
        raise ValueError(f"prefix {prefix!r}: write small letters, digits, _ and -, at most 41, with a letter first")


def _require_positive(**given: float) -> None:
    for name, value in given.items():
        if not value > 0:
            raise ValueError(f"{name} is {value!r}: it has to be more than 0")


class _AtTheBroker:
    """What a worker does at the broker: it relays, sees to what was given up, and consumes unless it pulls."""

    def __init__(
        self,
        engine: AsyncEngine,
        step: Step,
        process: Process,
        publisher: Publisher,
        relay: Relay,
        *,
        wanted: Topology,
        judge: Events,
        batch_size: int,
        relay_poll_seconds: float,
    ) -> None:
        amqp_url = publisher.amqp_url
        self._step = step
        self._process = process
        self._engine = engine
        self._relay_poll_seconds = relay_poll_seconds
        self._topology = wanted
        self._queues = {queue.name for queue in wanted.queues}
        self._publisher = publisher
        self._relay = relay
        self._judge = judge
        self._topology_watch = TopologyWatch(amqp_url, wanted, process.name)
        self._returns = Returns(amqp_url, wanted)
        self._consumer = Consumer(
            amqp_url,
            wanted,
            process.name,
            self._handle,
            batch_size,
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
            loops.create_task(self._topology_watch.run(stop))

    async def _handle(self, messages: Sequence[Envelope | Poison]) -> None:
        self._report(await self._step.handle(messages), len(messages))

    async def _handle_warily(self, messages: Sequence[Envelope | Poison]) -> None:
        """Handle messages of which one may have killed a worker."""
        self._report(await self._step.handle_rehearsed(messages), len(messages))

    def _report(self, taken: StepResult, batch: int) -> None:
        if taken.outgoing:
            self._relay.nudge()
        report_step(taken, batch)

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
        await self._step.handle([letter for owner, letter in letters if owner == self._process.name])
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
