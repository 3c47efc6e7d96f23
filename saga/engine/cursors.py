"""Cursors: how far a consumer got in each module's log.

The problem: several workers handle messages of one module in any order, and must not queue on its cursor row.

The model: a step notes the ranges that it covered as rows of their own; whoever gets the cursor row folds all that is
there, everybody else passes by. The cursor holds the watermark, up to which everything was handled, and the handled
ranges above it. A message covers (previous public position, position], so positions of internal events and of nothing
at all explain themselves, and a lost message shows as a hole.
"""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from saga.postgres import Statements

_SQL = Statements(__package__)
INSERT_CURSORS = _SQL["insert_cursors"]
INSERT_CURSOR_ADVANCES = _SQL["insert_cursor_advances"]
FOLD_CURSORS = _SQL["fold_cursors"]

Covered = tuple[str, int, int]
"""A module and the range (after, position] of its log."""


async def advance(connection: AsyncConnection, consumer: str, covered: Sequence[Covered]) -> None:
    """Note what this transaction covered, and fold what can be folded without waiting."""
    if not covered:
        return
    modules, afters, positions = map(list, zip(*covered, strict=True))
    await connection.execute(INSERT_CURSORS, {"consumer": consumer, "modules": sorted(set(modules))})
    await connection.execute(
        INSERT_CURSOR_ADVANCES,
        {"consumer": consumer, "modules": modules, "afters": afters, "positions": positions},
    )
    await fold(connection, consumer)


async def fold(connection: AsyncConnection, consumer: str) -> None:
    """Fold into the cursors what committed steps covered."""
    await connection.execute(FOLD_CURSORS, {"consumer": consumer})
