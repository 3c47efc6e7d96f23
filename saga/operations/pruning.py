"""Pruning: what would go, and letting it go. The work itself is ``saga.retention``."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.retention import Pruner, Report


async def count_prunable(engine: AsyncEngine, older_than: timedelta) -> Report:
    """What ``prune`` would remove now. Locks and changes nothing. Raises Unavailable."""
    return await Pruner(engine).count(older_than)


async def prune(engine: AsyncEngine, older_than: timedelta) -> Report:
    """Remove what is older and not needed any more, in small batches, while others work.

    Raises Unavailable, or Conflict where others were in the way too often; what was done by then stays done.
    """
    return await Pruner(engine).prune(older_than)
