"""The relay: publishes what leaves the modules' logs, in position order, and remembers how far it got.

The outbox is not another table: it is the log. The relay is a follower of each log, whose cursor moves after the
broker's confirms. If it dies in between, the next one sends the same messages with the same ids.

It looks at all logs every so often. A worker's step says at once that it appended to the log of its process: then the
relay goes straight to that one.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.heartbeat import goes_round
from saga.modules import Entry, read_outgoing
from saga.postgres import Unavailable
from saga.transport.codec import encode
from saga.transport.connection import pause, supervise
from saga.transport.follower import Follower
from saga.transport.publisher import Publisher

CONSUMER = "relay"

MANY = 200
GATHER_SECONDS = 0.02
"""After a pass over many positions the next ones may gather: under load a pass costs the same for few as for many.
Behind a page that was full the next ones have gathered already."""

_log = structlog.get_logger()


class Relay:
    """Relays the logs of all modules in this database until it is stopped; ``own`` is the one that nudges are about."""

    def __init__(
        self, engine: AsyncEngine, publisher: Publisher, prefix: str, batch_size: int, *, own: str | None = None
    ) -> None:
        self._publisher = publisher
        self._prefix = prefix
        self._own = own
        self._batch_size = batch_size
        self._follower = Follower(engine, CONSUMER, partial(read_outgoing, limit=batch_size), self._publish)
        self._nudged = asyncio.Event()
        self._is_behind = False

    def nudge(self) -> None:
        """Say that there is something to relay in the own log: a hint, which saves the wait for the next look."""
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

        await supervise("relay" if self._own is None else f"relay of {self._own}", session, stop)

    async def relay_once(self) -> int:
        """Relay one batch of each module; how many positions that were."""
        return await self._follower.follow_once()

    async def _publish(self, entries: Sequence[Entry]) -> None:
        self._is_behind |= len(entries) == self._batch_size
        by_id = {entry.event_id: entry for entry in entries}
        for message in await self._publisher.publish([encode(entry, self._prefix) for entry in entries]):
            if by_id[message.id].target is not None:
                await self._publisher.discard()
                raise Unavailable(f"no queue takes the command {message.routing_key}; declaring the topology again")
            _log.warning("nobody_listens", routing_key=message.routing_key, id=message.id)
