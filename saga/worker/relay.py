"""The relay: publishes public events and commands from the modules' logs, in position order.

The outbox is not another table: it is the log. The relay follows each log, and moves its cursor after the broker's
confirms. If it dies in between, the next relay sends the same messages with the same ids.

An entry that can't be sent must not stop the others. An entry that fits into no message becomes a dead letter, in the
transaction in which the cursor passes it. So does an entry that the broker refuses because of its contents. The broker
does not say which entry of a page it refused, so after a refusal the relay sends the page entry by entry. The relay
waits while the broker takes no messages at all, or while a command has no queue.

A public event that no queue takes is gone, and the relay warns of it. Nobody has to receive what a process announces,
so of an announcement it does not warn.

The relay polls all logs. A worker's step nudges it after an append to the log of its process; the relay then reads that
log at once.
"""

import asyncio
from collections.abc import Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core.routing import is_of_process
from saga.engine import DeadLetterKind, dead_letters
from saga.engine.dead_letters import NewDeadLetter
from saga.feeds.follower import Follower
from saga.heartbeat import goes_round
from saga.modules import Entry, Horizon, Reading
from saga.modules.outgoing import Outgoing, Unsendable, encode, unsent
from saga.modules.reader import read_outgoing
from saga.postgres import Unavailable, while_open
from saga.rabbitmq.confirms import PublishRefused
from saga.rabbitmq.connection import is_transient, supervise_at_broker
from saga.rabbitmq.publisher import Publisher
from saga.rabbitmq.sending import mark_unsent
from saga.supervision import pause

CONSUMER = "relay"

NOT_SENT = "the relay can't send it"

MANY = 200
GATHER_SECONDS = 0.02
"""The pause after a pass over MANY positions, so that the next ones gather: under load a pass costs the same for few as
for many. There is no pause after a full page: more entries are waiting already."""

_log = structlog.get_logger()


class Relay:
    """Relays the logs of all modules in this database until it is stopped; nudges are about the module ``own``."""

    def __init__(
        self, engine: AsyncEngine, publisher: Publisher, prefix: str, batch_size: int, *, own: str | None = None
    ) -> None:
        self._publisher = publisher
        self._prefix = prefix
        self._own = own
        self._batch_size = batch_size
        self._follower = Follower(engine, CONSUMER, self._read, self._publish, is_transient=is_transient)
        self._one_by_one_upto: dict[str, int] = {}
        self._nudged = asyncio.Event()
        self._is_behind = False

    def nudge(self) -> None:
        """Say that the log of ``own`` has something to relay: a hint that saves the wait for the next poll."""
        self._nudged.set()

    async def run(self, stop: asyncio.Event, poll_seconds: float) -> None:
        """Relay until ``stop``, looking at all logs every ``poll_seconds``."""
        clock = asyncio.get_running_loop().time

        async def session() -> None:
            next_look = clock()
            while not stop.is_set():
                self._is_behind = False
                if self._own is not None and self._nudged.is_set() and clock() < next_look:
                    self._nudged.clear()
                    relayed = await self._follower.follow(self._own)
                else:
                    self._nudged.clear()
                    relayed = await self.relay_once()
                    next_look = clock() + poll_seconds
                goes_round()
                if self._is_behind:
                    continue
                if relayed >= MANY:
                    await pause(stop, GATHER_SECONDS)
                else:
                    await pause(self._nudged, max(0.0, next_look - clock()))

        name = "relay" if self._own is None else f"relay of {self._own}"
        await supervise_at_broker(name, session, stop, self._publisher.amqp_url)

    async def relay_once(self) -> int:
        """Relay one batch of each module and return the number of positions."""
        return await self._follower.follow_once()

    async def _read(self, connection: AsyncConnection, module: str, after: int, *, held: Horizon | None) -> Reading:
        """One page; or a single entry, up to the end of a page of which the broker refused a message."""
        limit = 1 if after < self._one_by_one_upto.get(module, 0) else self._batch_size
        reading = await read_outgoing(connection, module, after, limit=limit, held=held)
        self._is_behind |= len(reading.entries) == limit
        return reading

    async def _publish(self, connection: AsyncConnection, entries: Sequence[Entry]) -> None:
        """Publish what can be sent, and keep the rest as dead letters. If this raises, the cursor stays."""
        sendable: list[tuple[Entry, Outgoing]] = []
        for entry in entries:
            try:
                sendable.append((entry, encode(entry, self._prefix)))
            except Unsendable as error:
                await self._park(connection, entry, str(error))
        try:
            publishing = self._publisher.publish([message for _, message in sendable])
            returned = await while_open(connection, publishing)
        except PublishRefused as refused:
            if len(sendable) > 1:
                self._one_by_one_upto[entries[0].module] = entries[-1].position
                raise
            await self._park(connection, sendable[0][0], str(refused))
            return
        announced = {entry.event_id for entry in entries if is_of_process(entry.module)}
        for message in returned:
            if message.exchange == f"{self._prefix}.commands":
                await self._publisher.discard()
                raise Unavailable(f"no queue takes the command {message.routing_key}; declaring the topology again")
            if message.id not in announced:
                _log.warning("nobody_listens", routing_key=message.routing_key, id=message.id)

    async def _park(self, connection: AsyncConnection, entry: Entry, reason: str) -> None:
        """Keep an entry that can't be sent as a dead letter."""
        poison = unsent(entry, self._prefix, f"{NOT_SENT}: {reason}")
        await dead_letters.keep(connection, CONSUMER, [NewDeadLetter(DeadLetterKind.FAILED, poison, entry.stream_id)])
        mark_unsent(poison)
        _log.error("not_sent", module=entry.module, position=entry.position, reason=reason)
