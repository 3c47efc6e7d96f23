"""The prefix of a module's log: everything up to the last position that is old and that everybody has read.

Streams go on counting: the last version of each that loses an event is kept. An event whose position an open dead
letter names stays, so that the letter can still be held against the log when it is put back; once it is closed, the
event goes with the next run, which begins at the front again.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from saga.postgres import Statements
from saga.retention.logs import Log, raise_pruned_position, read_old
from saga.retention.removed import Page, PrunedRows

_SQL = Statements(__package__)
LIST_NAMED = _SQL["list_named"]
DELETE_ENTRIES = _SQL["delete_entries"]


async def list_named(connection: AsyncConnection, log: Log) -> frozenset[int]:
    """The positions that open dead letters name."""
    return frozenset((await connection.execute(LIST_NAMED, {"module": log.module})).scalars())


async def prune(
    connection: AsyncConnection, after: int, log: Log, before: datetime, *, named: frozenset[int], limit: int
) -> Page:
    """Prune the next entries after a position."""
    stretch = await read_old(connection, log, before, after, limit)
    removed = await delete_entries(connection, log, [e.position for e in stretch.entries if e.position not in named])
    if stretch.entries:
        await raise_pruned_position(connection, log, stretch.entries[-1].position)
    return Page(PrunedRows(entries=removed), stretch.next)


async def count(
    connection: AsyncConnection, after: int, log: Log, before: datetime, *, named: frozenset[int], limit: int
) -> Page:
    """What ``prune`` would remove."""
    stretch = await read_old(connection, log, before, after, limit)
    return Page(PrunedRows(entries=sum(e.position not in named for e in stretch.entries)), stretch.next)


async def delete_entries(connection: AsyncConnection, log: Log, positions: list[int]) -> int:
    """Delete entries; how many there were."""
    if not positions:
        return 0
    deleted = await connection.execute(DELETE_ENTRIES, {"module": log.module, "positions": positions})
    return int(deleted.scalar_one())
