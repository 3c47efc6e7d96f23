"""A follower of the logs: reads each log that is kept here with a cursor of its own, and hands on what it finds.

While it hands on it holds that cursor's row, so of several followers with one name one works on a module at a time and
the others pass by. The cursor moves in the same transaction, after what was found has safely been handed on: if a
follower dies in between, the next one hands the same entries on again. Who gets them knows them by their ids. So that
commit need not wait for the disk: where a crash of the server undoes it, the same entries are handed on once more.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.heartbeat import goes_round
from saga.modules import Entry, Horizon, Pruned, Reading
from saga.postgres import Statements, durable_transaction, reading
from saga.supervision import passes


class Read(Protocol):
    """Reads a module's log after a position, up to the horizon as it was found under the cursor that is held there."""

    def __call__(
        self, connection: AsyncConnection, module: str, after: int, *, held: Horizon | None
    ) -> Awaitable[Reading]:
        """One page. Raises Pruned if what comes after the position was pruned."""


HandOn = Callable[[AsyncConnection, Sequence[Entry]], Awaitable[None]]
"""Takes entries, at least one; when it returns they are safe. What it writes over the connection, it writes in the
transaction that moves the cursor."""

_SQL = Statements(__package__)
LIST_UNREAD = _SQL["list_unread"]
HOLD_CURSOR = _SQL["hold_cursor"]
MOVE_CURSOR = _SQL["move_cursor"]

_log = structlog.get_logger()


class Follower:
    """Follows the logs of all modules in this database under one name."""

    def __init__(
        self,
        engine: AsyncEngine,
        consumer: str,
        read: Read,
        hand_on: HandOn,
        *,
        is_transient: Callable[[BaseException], bool] = passes,
    ) -> None:
        self._engine = engine
        self._consumer = consumer
        self._read = read
        self._hand_on = hand_on
        self._is_transient = is_transient

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
                goes_round()
            except Exception as error:
                if not self._is_transient(error):
                    raise
                failure = error
        if failure:
            raise failure
        return followed

    async def follow(self, module: str) -> int:
        """Hand on one page of one module; how many positions that were, none where another follower is at it."""
        this = {"consumer": self._consumer, "module": module}
        async with durable_transaction(self._engine, proved=False) as connection:
            cursor = (await connection.execute(HOLD_CURSOR, this)).one_or_none()
            if cursor is None:
                return 0
            watermark, is_new, _, *horizon = cursor
            # A cursor that nobody else sees yet keeps no pruner from anything.
            held = None if is_new else Horizon(*horizon)
            entries, position = await self._page(connection, module, watermark, held)
            if entries:
                await self._hand_on(connection, entries)
            await connection.execute(MOVE_CURSOR, this | {"position": position})
        return position - int(watermark)

    async def _page(self, connection: AsyncConnection, module: str, watermark: int, held: Horizon | None) -> Reading:
        """What comes next; where that was pruned, what comes after it."""
        try:
            return await self._read(connection, module, watermark, held=held)
        except Pruned as gone:
            begin = gone.pruned_position
            _log.warning("begins_after_pruned", consumer=self._consumer, module=module, position=begin)
            return await self._read(connection, module, begin, held=held)
