"""A follower of the logs: reads each log of this database with its own cursor, and passes on the entries.

While it passes entries on, it locks that cursor's row. So of several followers with one name, only one works on a
module at a time, and the others skip it. The cursor moves in the same transaction, after the entries were passed on
safely: if a follower dies in between, the next one passes on the same entries again, and the receiver recognises them
by their ids. So the commit need not wait for the disk: if a crash of the server undoes it, they are passed on again.
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
    """Reads a module's log after a position, up to the horizon that was read while the cursor was locked."""

    def __call__(
        self, connection: AsyncConnection, module: str, after: int, *, held: Horizon | None
    ) -> Awaitable[Reading]:
        """Read one page. Raises Pruned if entries after the position were pruned."""


HandOn = Callable[[AsyncConnection, Sequence[Entry]], Awaitable[None]]
"""Gets at least one entry; when it returns, the entries are safe. Its writes on this connection are part of the
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
        """Pass on one page of each module; returns the number of positions.

        A module that fails does not hold up the others. Raises the last of their transient errors.
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
        """Pass on one page of one module; returns the number of positions, 0 if another follower works on it."""
        this = {"consumer": self._consumer, "module": module}
        async with durable_transaction(self._engine, proved=False) as connection:
            cursor = (await connection.execute(HOLD_CURSOR, this)).one_or_none()
            if cursor is None:
                return 0
            watermark, is_new, _, *horizon = cursor
            # The pruner does not see an uncommitted cursor yet, so it may prune meanwhile.
            held = None if is_new else Horizon(*horizon)
            entries, position = await self._page(connection, module, watermark, held)
            if entries:
                await self._hand_on(connection, entries)
            await connection.execute(MOVE_CURSOR, this | {"position": position})
        return position - int(watermark)

    async def _page(self, connection: AsyncConnection, module: str, watermark: int, held: Horizon | None) -> Reading:
        """The next page; if its entries were pruned, the first page after them."""
        try:
            return await self._read(connection, module, watermark, held=held)
        except Pruned as gone:
            begin = gone.pruned_position
            _log.warning("begins_after_pruned", consumer=self._consumer, module=module, position=begin)
            return await self._read(connection, module, begin, held=held)
