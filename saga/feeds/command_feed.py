"""The command feed: brings a collaborator its commands from the logs, with no broker between them.

It follows the logs as the relay does, under the collaborator's name, and hands the commands on as a queue would have
delivered them. A command comes at least once: after a crash again, and once more where a queue brings it as well. Who
takes commands drops a repeat by its id, so a collaborator may go over from one feed to the other, or have both.
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


class CommandFeed:
    """Feeds one collaborator until it is stopped, through every loss of the database.

    ``engine`` gives it the one connection on which it holds its place while ``handle`` works on another: where both
    come from one pool, that needs two for each feed.
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
        """Feed until ``stop``; ``ready`` is set after the first look."""

        async def session() -> None:
            while not stop.is_set():
                followed = await self.feed_once()
                ready.set()
                goes_round()
                if followed < self._batch_size:
                    await pause(stop, self._poll_seconds)

        await supervise(f"command feed {self._target}", session, stop)

    async def feed_once(self) -> int:
        """Hand on one batch from each log; how many positions that were."""
        return await self._follower.follow_once()

    async def _read(self, connection: AsyncConnection, module: str, after: int, *, held: Horizon | None) -> Reading:
        return await read_commands(connection, module, self._target, after, limit=self._batch_size, held=held)

    async def _hand_on(self, connection: AsyncConnection, entries: Sequence[Entry]) -> None:
        await while_open(connection, self._handle([as_delivered(entry, self._prefix) for entry in entries]))
