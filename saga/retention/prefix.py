"""Prunes the prefix of a module's log: all entries up to the last old position that all readers have read.

Versions of a stream continue: a stream that loses an event keeps its last version in a tombstone. An event whose
position an open dead letter names stays, so that a redrive can still compare the dead letter with the log. Once the
dead letter is closed, the next run removes the event, since each run begins at the front.
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
    """Delete entries and return how many there were."""
    if not positions:
        return 0
    deleted = await connection.execute(DELETE_ENTRIES, {"module": log.module, "positions": positions})
    return int(deleted.scalar_one())
