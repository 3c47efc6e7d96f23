"""The relay: publishes what leaves the modules' logs, in position order, and remembers how far it got.

The outbox is not another table: it is the log. The relay is a consumer of each log with a cursor of its own, which it
moves after the broker's confirms. While it publishes it holds that cursor's row, so of several relays one works on a
module at a time and the others pass by. If it dies in between, the next one sends the same messages with the same ids.
"""

import asyncio
from collections.abc import Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.modules import Entry, read_outgoing
from saga.postgres import Statements, Unavailable, durable_transaction, reading
from saga.transport.codec import encode
from saga.transport.connection import TRANSIENT, pause, supervise
from saga.transport.publisher import Publisher

CONSUMER = "relay"

MANY = 100
GATHER_SECONDS = 0.1
"""After a pass over many positions the next ones may gather: under load a pass costs the same for few as for many."""

_SQL = Statements(__package__)
LIST_UNRELAYED = _SQL["list_unrelayed"]
HOLD_RELAY_CURSOR = _SQL["hold_relay_cursor"]
MOVE_RELAY_CURSOR = _SQL["move_relay_cursor"]

_log = structlog.get_logger()


class Relay:
    """Relays the logs of all modules in this database, until it is stopped."""

    def __init__(self, engine: AsyncEngine, publisher: Publisher, prefix: str, batch_size: int) -> None:
        self._engine = engine
        self._publisher = publisher
        self._prefix = prefix
        self._batch_size = batch_size
        self._nudged = asyncio.Event()

    def nudge(self) -> None:
        """Say that there is something to relay: a hint, which saves the wait for the next look."""
        self._nudged.set()

    async def run(self, stop: asyncio.Event, poll_seconds: float) -> None:
        """Relay until ``stop``, looking at least every ``poll_seconds``."""

        async def session() -> None:
            while not stop.is_set():
                self._nudged.clear()
                relayed = await self.relay_once()
                if relayed >= MANY:
                    await pause(stop, GATHER_SECONDS)
                elif not relayed:
                    await pause(self._nudged, poll_seconds)

        await supervise("relay", session, stop)

    async def relay_once(self) -> int:
        """Relay one batch of each module; how many positions that were.

        A module that can't be relayed now keeps none of the others. Raises what was wrong with the last such one.
        """
        async with reading(self._engine) as connection:
            modules = (await connection.execute(LIST_UNRELAYED)).scalars().all()
        relayed, failure = 0, None
        for module in modules:
            try:
                relayed += await self._relay(module)
            except TRANSIENT as error:
                failure = error
        if failure:
            raise failure
        return relayed

    async def _relay(self, module: str) -> int:
        async with durable_transaction(self._engine) as connection:
            held = await connection.execute(HOLD_RELAY_CURSOR, {"consumer": CONSUMER, "module": module})
            watermark = held.scalar_one_or_none()
            if watermark is None:
                return 0
            entries, horizon = await read_outgoing(connection, module, watermark, self._batch_size)
            await self._publish(entries)
            await _move(connection, module, horizon)
        return horizon - int(watermark)

    async def _publish(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        by_id = {entry.event_id: entry for entry in entries}
        for message in await self._publisher.publish([encode(entry, self._prefix) for entry in entries]):
            if by_id[message.id].target is not None:
                await self._publisher.discard()
                raise Unavailable(f"no queue takes the command {message.routing_key}; declaring the topology again")
            _log.warning("nobody_listens", routing_key=message.routing_key, id=message.id)


async def _move(connection: AsyncConnection, module: str, position: int) -> None:
    await connection.execute(MOVE_RELAY_CURSOR, {"consumer": CONSUMER, "module": module, "position": position})
