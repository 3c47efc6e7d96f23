"""Cursors: how far a consumer has read each module's log.

The problem: several workers handle messages of one module in any order, and must not wait for its cursor row.

The model: a step inserts the ranges that it covered as separate rows. A step that gets the cursor row folds all of them
into it; if the row is locked, a step skips that. The cursor has the watermark, up to which everything was handled, and
the handled ranges above it. A message covers (previous public position, position], so internal events and unused
positions leave no hole, and a lost message does.

A consumer's progress is part of its own module's history: a step that moved a watermark appends an internal event to
that module's log. Other modules never see it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from saga.messages.identity import derived_id
from saga.modules import NewEvent, Visibility
from saga.postgres import Statements

_SQL = Statements(__package__)
INSERT_CURSORS = _SQL["insert_cursors"]
INSERT_CURSOR_ADVANCES = _SQL["insert_cursor_advances"]
FOLD_CURSORS = _SQL["fold_cursors"]

Covered = tuple[str, int, int]
"""A module and the range (after, position] of its log."""


PROGRESS_STREAM = ""
"""The stream of a consumer's progress; no instance has this id."""


@dataclass(frozen=True, slots=True)
class MovedCursor:
    """A cursor whose watermark has moved."""

    consumer: str
    module: str
    watermark: int


async def advance(connection: AsyncConnection, consumer: str, covered: Sequence[Covered]) -> list[MovedCursor]:
    """Insert the ranges that this transaction covered, and fold without waiting; returns the cursors that moved."""
    if not covered:
        return []
    modules, afters, positions = map(list, zip(*covered, strict=True))
    await connection.execute(INSERT_CURSORS, {"consumer": consumer, "modules": sorted(set(modules))})
    await connection.execute(
        INSERT_CURSOR_ADVANCES,
        {"consumer": consumer, "modules": modules, "afters": afters, "positions": positions},
    )
    return await fold(connection, consumer)


async def fold(connection: AsyncConnection, consumer: str) -> list[MovedCursor]:
    """Fold the ranges that committed steps covered into the cursors; returns the cursors that moved."""
    rows = await connection.execute(FOLD_CURSORS, {"consumer": consumer})
    return [MovedCursor(consumer, row.module, row.watermark) for row in rows if row.watermark > row.was]


def progress(moved: MovedCursor) -> NewEvent:
    """The internal event, in the consumer's own module, that records a moved cursor."""
    return NewEvent(
        stream_id=PROGRESS_STREAM,
        type="CursorMoved",
        event_id=derived_id("cursor", moved.consumer, moved.module, moved.watermark),
        visibility=Visibility.INTERNAL,
        data={"consumer": moved.consumer, "module": moved.module, "watermark": moved.watermark},
    )
