"""Prunes dead letters that were closed long ago. An open one stays, however old it is: a person has to act on it.

A discarded one stays as long as its event is in the log, because it is the recorded answer to that event.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from saga.postgres import Statements
from saga.retention.removed import Page, PrunedRows

_SQL = Statements(__package__)
READ_DEAD_LETTERS = _SQL["read_dead_letters"]
DELETE_DEAD_LETTERS = _SQL["delete_dead_letters"]


async def prune(connection: AsyncConnection, after: int, before: datetime, *, limit: int) -> Page:
    """Prune the next dead letters after an id."""
    old, following = await _read(connection, after, before, limit)
    if not old:
        return Page(PrunedRows(), following)
    deleted = await connection.execute(DELETE_DEAD_LETTERS, {"dead_letter_ids": old, "before": before})
    return Page(PrunedRows(dead_letters=deleted.rowcount), following)


async def count(connection: AsyncConnection, after: int, before: datetime, *, limit: int) -> Page:
    """What ``prune`` would remove."""
    old, following = await _read(connection, after, before, limit)
    return Page(PrunedRows(dead_letters=len(old)), following)


async def _read(connection: AsyncConnection, after: int, before: datetime, limit: int) -> tuple[list[int], int | None]:
    """The old ones among the next dead letters, and the id after which to go on; None once all are too young.

    Ids follow the order of ``first_seen_at``, and no dead letter is closed before that.
    """
    rows = (await connection.execute(READ_DEAD_LETTERS, {"after": after, "limit": limit})).all()
    closed = (row for row in rows if row.closed_at is not None and not row.is_needed)
    old = [row.dead_letter_id for row in closed if row.closed_at < before]
    is_last = len(rows) < limit or rows[-1].first_seen_at >= before
    return old, None if is_last else rows[-1].dead_letter_id
