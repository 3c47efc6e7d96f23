"""Following a log: reads the entries after a position, and then new ones, for ever.

Each page is read on a new connection, so that none is in use while the caller works or waits. A log that has positions
only is followed up to its safe horizon: its events come a little later, and none is missed.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.modules.reader import LIMIT, Reading, read_all, read_horizon, read_public
from saga.modules.safe_horizon import SafeHorizon
from saga.postgres import reading

POLL_SECONDS = 0.2

Page = Callable[[AsyncConnection, int], Awaitable[Reading]]
"""Reads the next page after a position."""


def follow(
    engine: AsyncEngine, module: str, after: int = 0, *, limit: int = LIMIT, poll_seconds: float = POLL_SECONDS
) -> AsyncIterator[Reading]:
    """The public events after a position, and then new ones, for ever; each reading has its horizon.

    A reading has at most ``limit`` entries; with fewer, the log is read again after ``poll_seconds``. A reading may
    have no event, if all new ones are internal: remember its horizon all the same. Raises Pruned, and Unavailable if
    the database is away: continue from the last horizon.
    """
    safe_horizon = SafeHorizon(module)

    async def page(connection: AsyncConnection, after: int) -> Reading:
        known = await read_horizon(connection, module)
        is_ordered = known is None or known.commit_ordered
        upto = None if is_ordered else await safe_horizon.look(connection)
        return await read_public(connection, module, after, limit=limit, upto=upto)

    return _follow(engine, page, after, limit, poll_seconds)


def follow_all(
    engine: AsyncEngine, module: str, after: int = 0, *, limit: int = LIMIT, poll_seconds: float = POLL_SECONDS
) -> AsyncIterator[Reading]:
    """The same with all entries, internal events and commands included: for the module itself."""

    async def page(connection: AsyncConnection, after: int) -> Reading:
        return await read_all(connection, module, after, limit=limit)

    return _follow(engine, page, after, limit, poll_seconds)


async def _follow(
    engine: AsyncEngine, read: Page, after: int, limit: int, poll_seconds: float
) -> AsyncIterator[Reading]:
    while True:
        async with reading(engine) as connection:
            found = await read(connection, after)
        if found.horizon > after:
            yield found
        if len(found.entries) < limit:
            await asyncio.sleep(poll_seconds)
        after = found.horizon
