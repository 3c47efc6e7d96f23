"""Reads a module's log up to now, or follows it; with internal events and commands, if asked for."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.modules import Entry, Horizon, read_horizon, read_public
from saga.modules.reader import Reading, read_all
from saga.operations.errors import UnknownModule
from saga.operations.modules import find_position_before, find_tail, read_modules
from saga.postgres import one_moment

LISTED: Final = 20
"""Entries, by default."""
FOLLOWED_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class LogPage:
    """The entries of a module's log after the position ``after``, and how far the log goes.

    The page is complete up to ``horizon``: positions that are left out there are not public. ``log`` is the state
    of the log when the reading began.
    """

    module: str
    after: int
    entries: tuple[Entry, ...]
    horizon: int
    log: Horizon


@dataclass(frozen=True, slots=True)
class _Log:
    """Which log is read, and whether with internal entries."""

    module: str
    internal: bool

    async def begin(
        self, connection: AsyncConnection, after: int | None, since: datetime | None, limit: int
    ) -> LogPage:
        known = await read_horizon(connection, self.module)
        if known is None:
            raise await self._unknown(connection)
        if after is None and since is not None:
            after = await find_position_before(connection, self.module, since, known)
        if after is None:
            after = await find_tail(connection, self.module, known, limit=limit, internal=self.internal)
        found = await self.read(connection, after, limit)
        return LogPage(self.module, after, tuple(found.entries), found.horizon, known)

    async def read(self, connection: AsyncConnection, after: int, limit: int) -> Reading:
        read = read_all if self.internal else read_public
        return await read(connection, self.module, after, limit=limit)

    async def _unknown(self, connection: AsyncConnection) -> UnknownModule:
        found = await read_modules(connection)
        kept_here = [one.name for one in found if one.kept_here]
        return UnknownModule(self.module, kept_here, is_remote=any(one.name == self.module for one in found))


async def read_log(
    engine: AsyncEngine,
    module: str,
    *,
    after: int | None = None,
    since: datetime | None = None,
    internal: bool = False,
    limit: int = LISTED,
) -> LogPage:
    """The last public events of a module, ``limit`` at most; or the first after a position, or since a moment.

    With ``internal`` also its internal events and its commands. Raises UnknownModule, Pruned if events after the
    position ``after`` were pruned, and Unavailable.
    """
    async with one_moment(engine) as connection:
        return await _Log(module, internal).begin(connection, after, since, limit)


async def follow_log(
    engine: AsyncEngine,
    module: str,
    *,
    after: int | None = None,
    since: datetime | None = None,
    internal: bool = False,
    limit: int = LISTED,
    poll_seconds: float = 0.2,
) -> AsyncGenerator[LogPage, None]:
    """Give the page of ``read_log``, and then, for ever, a page whenever something is appended.

    The log is read every ``poll_seconds``. This is for people who watch; a consumer that must miss nothing uses
    ``saga.modules.follow``. Raises what ``read_log`` raises.
    """
    log = _Log(module, internal)
    page = await read_log(engine, module, after=after, since=since, internal=internal, limit=limit)
    yield page
    while True:
        async with one_moment(engine) as connection:
            found = await log.read(connection, page.horizon, FOLLOWED_AT_ONCE)
        if found.horizon == page.horizon:
            await asyncio.sleep(poll_seconds)
            continue
        page = LogPage(module, page.horizon, tuple(found.entries), found.horizon, page.log)
        yield page
