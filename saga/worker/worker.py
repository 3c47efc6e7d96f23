"""A worker: runs the durable step with its feeds, and the relay, side by side."""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.addresses import AddressError, BrokerAddress
from saga.core import Process
from saga.engine import DeadLetterKind, Step, StepResult, dead_letters
from saga.engine.dead_letters import NewDeadLetter
from saga.engine.declarations import declare
from saga.engine.intake import named_instance
from saga.engine.reporting import report_step
from saga.engine.spans import mark_dead
from saga.feeds.log_feed import AT_ONCE, BESIDE_A_QUEUE, LOOK_SECONDS, LogFeed
from saga.messages import Envelope, Poison
from saga.messages.cloudevents import decode
from saga.metrics.table import PROCESS_VERSION_INFO
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
from saga.supervision import supervise
from saga.worker.relay import CONSUMER as RELAY
from saga.worker.relay import Relay

UNDELIVERED_BATCH_SIZE = 10

_NAME = r"[a-z][a-z0-9_-]{0,62}"
_COMMAND_SOURCE = re.compile(rf"/modules/({_NAME})-process")


class Worker:
    """One worker of a process. Any number may run, on any machines; if one of its loops dies, ``run`` raises.

    It runs in any asyncio program, beside other tasks; ``monitored`` gives that program metrics and probes, ``traced``
    gives it traces.

    - ``engine``: the database, with the schema of `saga migrate`; an engine of ``connect_engine``, best with
      ``STEP_SETTINGS``, and with five connections for each worker.
    - ``broker``: RabbitMQ's address, `amqp://user:password@host:port/vhost`. It may be None with ``Feed.PULL`` only:
      then the worker reads everything from the logs, and publishes nothing.
    - ``feed``: whether the broker pushes messages, or the worker pulls them from the modules' logs.
    - ``prefix``: begins the name of every exchange and queue; all services that share a broker use the same one.
    - ``remote_logs``: for each module whose log is in another database, an engine for that database, or None if it
      can't be read from here. The worker does not verify the positions of such a log.
    - ``accepted_exchanges``: exchanges besides our own whose messages are accepted.
    - ``batch_size``: the largest number of messages in one transaction; ``relay_batch_size``: entries that the relay
      reads at once.
    - ``pull_poll_seconds``, ``relay_poll_seconds``: how often the logs are polled, for messages and by the relay.
    - ``publish_timeout_seconds``: how long the broker may take to confirm what the relay publishes.

    Raises ValueError for an invalid argument, before anything is connected.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        process: Process,
        *,
        broker: str | None = None,
        feed: Feed = Feed.PUSH,
        prefix: str = "saga",
        remote_logs: Mapping[str, AsyncEngine | None] = MappingProxyType({}),
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
        step = Step(engine, process, remote_modules=remote_logs)
        self._declare = partial(declare, engine, process)
        self._shown = partial(PROCESS_VERSION_INFO.reads, lambda: 1, process.name, str(process.version))
        self._pulls = feed is Feed.PULL
        self._look_seconds = pull_poll_seconds if self._pulls else LOOK_SECONDS
        self._log_feed = LogFeed(
            engine,
            step,
            process,
            prefix,
            grace=AT_ONCE if self._pulls else BESIDE_A_QUEUE,
            page_size=batch_size,
            remote_logs=remote_logs,
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
        """Work until ``stop`` is set; ``ready``, if given, is set once messages can come.

        After ``stop`` the worker finishes the messages that are under way. It waits for a server that is away. An error
        that waiting can't solve ends all loops and is raised in an ExceptionGroup: start the worker again. Cancelling
        is safe at any time, because nothing is acknowledged before it is committed. Raises DeclarationError, before it
        works, if workers of the same version of the process declared it otherwise.
        """
        await supervise("declaration", self._declare, stop)
        ready = ready or asyncio.Event()
        feeding = ready if self._pulls else asyncio.Event()
        with self._shown():
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
    """The loops of a worker that need the broker: relay, undelivered queue, and the consumer unless it pulls."""

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
            handle_again=self._handle_rehearsed,
            glance=glance_for(process.correlate),
        )
        self._undelivered = Consumer(
            amqp_url,
            wanted,
            UNDELIVERED,
            self._handle_undelivered,
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
        self._report(await self._step.handle(messages), messages)

    async def _handle_rehearsed(self, messages: Sequence[Envelope | Poison]) -> None:
        """Handle messages of which one may have killed a worker: they are rehearsed first."""
        self._report(await self._step.handle_rehearsed(messages), messages)

    def _report(self, result: StepResult, messages: Sequence[Envelope | Poison]) -> None:
        if result.outgoing:
            self._relay.nudge()
        report_step(result, messages, process=self._process.name, feed=Feed.PUSH.value)

    async def _handle_undelivered(self, messages: Sequence[Envelope | Poison]) -> None:
        """Handle what the broker gave up: our messages again, others' go back to their queue, the rest is kept.

        That the broker delivered a message too often does not mean that the message is wrong.
        """
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
            await self._handle_rehearsed(ours)
        refused = await self._returns.send(theirs)
        await self._keep([*kept, *((theirs[index][0], why) for index, why in refused.items())])

    async def _keep(self, given_up: Sequence[tuple[Envelope | Poison, str]]) -> None:
        """Keep messages as dead letters of the processes that they belong to."""
        owned = [(self._owner(message), self._poison(message, why)) for message, why in given_up]
        await self._step.handle([poison for owner, poison in owned if owner == self._process.name])
        others = sorted({owner for owner, _ in owned} - {self._process.name})
        if others:
            theirs = {
                other: [self._dead_letter(poison) for owner, poison in owned if owner == other] for other in others
            }
            async with durable_transaction(self._engine) as connection:
                for other, dead in theirs.items():
                    await dead_letters.keep(connection, other, dead)
            for other, dead in theirs.items():
                mark_dead(other, dead)

    def _owner(self, message: Envelope | Poison) -> str:
        """The process that a message belongs to: all processes at a broker share one undelivered queue.

        It is never the relay, even if the message names it: the relay's dead letters are about entries of a log.
        """
        own = self._process.name
        died_in = next((death.queue for death in read_deaths(message.raw)), "")
        if died_in == self._topology.queue(own):
            return own
        named = _COMMAND_SOURCE.fullmatch(message.source or "")
        if named is None and died_in not in self._queues:
            named = re.fullmatch(f"{re.escape(self._topology.queue(''))}({_NAME})", died_in)
        return own if named is None or named[1] == RELAY else named[1]

    def _dead_letter(self, given_up: Poison) -> NewDeadLetter:
        """A dead letter of another process. The field that names its instances is not known here; ours may fit."""
        return NewDeadLetter(DeadLetterKind.POISON, given_up, named_instance(self._process, given_up))

    def _poison(self, message: Envelope | Poison, why: str) -> Poison:
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
    """Why a message in the undelivered queue is not handled: its own sender may have written its headers."""
    return f"it came from exchange {exchange or DEFAULT_EXCHANGE!r}: what the broker gave up comes from {undelivered}"
