"""A follower of the logs: reads each log that is kept here with a cursor of its own, and hands on what it finds.

While it hands on it holds that cursor's row, so of several followers with one name one works on a module at a time and
the others pass by. The cursor moves in the same transaction, after what was found has safely been handed on: if a
follower dies in between, the next one hands the same entries on again. Who gets them knows them by their ids.
"""

from collections.abc import Awaitable, Callable, Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.modules import Entry, Pruned, Reading, read_horizon
from saga.postgres import Statements, durable_transaction, reading
from saga.transport.connection import TRANSIENT

Read = Callable[[AsyncConnection, str, int], Awaitable[Reading]]
"""Reads a module's log after a position."""

HandOn = Callable[[Sequence[Entry]], Awaitable[None]]
"""Takes entries, at least one; when it returns they are safe."""

_SQL = Statements(__package__)
LIST_UNREAD = _SQL["list_unread"]
HOLD_CURSOR = _SQL["hold_cursor"]
MOVE_CURSOR = _SQL["move_cursor"]

_log = structlog.get_logger()


class Follower:
    """Follows the logs of all modules in this database under one name."""

    def __init__(self, engine: AsyncEngine, consumer: str, read: Read, hand_on: HandOn) -> None:
        self._engine = engine
        self._consumer = consumer
        self._read = read
        self._hand_on = hand_on

    async def follow_once(self) -> int:
        """Hand on one page of each module; how many positions that were.

        A module that can't be followed now keeps none of the others. Raises what was wrong with the last such one.
        """
        async with reading(self._engine) as connection:
            unread = await connection.execute(LIST_UNREAD, {"consumer": self._consumer})
            modules = unread.scalars().all()
        followed, failure = 0, None
        for module in modules:
            try:
                followed += await self.follow(module)
            except TRANSIENT as error:
                failure = error
        if failure:
            raise failure
        return followed

    async def follow(self, module: str) -> int:
        """Hand on one page of one module; how many positions that were, none where another follower is at it."""
        this = {"consumer": self._consumer, "module": module}
        async with durable_transaction(self._engine) as connection:
            watermark = (await connection.execute(HOLD_CURSOR, this)).scalar_one_or_none()
            if watermark is None:
                return 0
            entries, horizon = await self._page(connection, module, watermark)
            if entries:
                await self._hand_on(entries)
            await connection.execute(MOVE_CURSOR, this | {"position": horizon})
        return horizon - int(watermark)

    async def _page(self, connection: AsyncConnection, module: str, watermark: int) -> Reading:
        """What comes next; where that was pruned, what comes after it."""
        try:
            return await self._read(connection, module, watermark)
        except Pruned:
            known = await read_horizon(connection, module)
            pruned = known.pruned_position if known else watermark
            _log.warning("begins_after_pruned", consumer=self._consumer, module=module, position=pruned)
            return await self._read(connection, module, pruned)
