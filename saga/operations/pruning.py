"""Pruning: what would go, and letting it go. The work itself is ``saga.retention``."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.retention import Pruner, PruneReport


async def prune(engine: AsyncEngine, older_than: timedelta, *, dry_run: bool = False) -> PruneReport:
    """Remove what is older and not needed any more, in small batches, while others work; what was removed.

    With ``dry_run`` what would be removed is counted; nothing is locked or changed. Raises Unavailable, or Conflict
    where others were in the way too often; what was done by then stays done.
    """
    pruner = Pruner(engine)
    return await pruner.count(older_than) if dry_run else await pruner.prune(older_than)
