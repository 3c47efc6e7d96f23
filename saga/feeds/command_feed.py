"""The command feed: brings a collaborator its commands from the logs, without a broker.

It follows the logs as the relay does, under the collaborator's name, and passes on the commands in the form in which a
queue would deliver them. Delivery is at least once: a command comes again after a crash, or if a queue brings it as
well. Collaborators drop duplicates by id, so a collaborator can switch between the feed and the queue, or use both.
"""

import asyncio
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.feeds.follower import Follower
from saga.heartbeat import goes_round
from saga.messages import Handler
from saga.modules import Entry, Horizon, Reading
from saga.modules.outgoing import as_delivered
from saga.modules.reader import read_commands
from saga.postgres import while_open
from saga.supervision import pause, supervise
from saga.tracing import linking


class CommandFeed:
    """Feeds one collaborator until it is stopped; starts over after every loss of the database.

    It locks its cursor on one connection of ``engine``, while ``handle`` works on another. If both come from one pool,
    that pool needs two connections for each feed.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        target: str,
        handle: Handler,
        batch_size: int,
        *,
        prefix: str,
        poll_seconds: float,
    ) -> None:
        self._target = target
        self._handle = handle
        self._batch_size = batch_size
        self._prefix = prefix
        self._poll_seconds = poll_seconds
        self._follower = Follower(engine, target, self._read, self._hand_on)

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """Feed until ``stop``; ``ready`` is set after the first round."""

        async def session() -> None:
            while not stop.is_set():
                followed = await self.feed_once()
                ready.set()
                goes_round()
                if followed < self._batch_size:
                    await pause(stop, self._poll_seconds)

        await supervise(f"command feed {self._target}", session, stop)

    async def feed_once(self) -> int:
        """Pass on one batch from each log; returns the number of positions."""
        return await self._follower.follow_once()

    async def _read(self, connection: AsyncConnection, module: str, after: int, *, held: Horizon | None) -> Reading:
        return await read_commands(connection, module, self._target, after, limit=self._batch_size, held=held)

    async def _hand_on(self, connection: AsyncConnection, entries: Sequence[Entry]) -> None:
        with linking():
            await while_open(connection, self._handle([as_delivered(entry, self._prefix) for entry in entries]))
