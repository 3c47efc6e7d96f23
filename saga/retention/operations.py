"""Prunes the answers of operations that ended long ago. What was done, by whom, to what and why, stays for ever."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from saga.postgres import Statements
from saga.retention.removed import Page, PrunedRows

_SQL = Statements(__package__)
READ_OPERATIONS = _SQL["read_operations"]
COUNT_ITEMS = _SQL["count_items"]
DELETE_ITEMS = _SQL["delete_items"]


async def prune(connection: AsyncConnection, after: int, before: datetime, *, limit: int) -> Page:
    """Prune answers of the next operations after an id."""
    old, following = await _read(connection, after, before, limit)
    if not old:
        return Page(PrunedRows(), following)
    deleted = (await connection.execute(DELETE_ITEMS, {"operation_ids": old, "limit": limit})).rowcount
    return Page(PrunedRows(operation_items=deleted), after if deleted == limit else following)


async def count(connection: AsyncConnection, after: int, before: datetime, *, limit: int) -> Page:
    """What ``prune`` would remove."""
    old, following = await _read(connection, after, before, limit)
    answers = (await connection.execute(COUNT_ITEMS, {"operation_ids": old})).scalar_one() if old else 0
    return Page(PrunedRows(operation_items=answers), following)


async def _read(connection: AsyncConnection, after: int, before: datetime, limit: int) -> tuple[list[int], int | None]:
    """The next old operations that have ended, and the id after which to go on; None if there are no more."""
    rows = (await connection.execute(READ_OPERATIONS, {"after": after, "before": before, "limit": limit})).all()
    return [row.operation_id for row in rows if row.has_ended], rows[-1].operation_id if len(rows) == limit else None
