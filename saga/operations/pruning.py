"""Pruning, also as a dry run. The work itself is ``saga.retention``."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.retention import Pruner, PruneReport


async def prune(engine: AsyncEngine, older_than: timedelta, *, dry_run: bool = False) -> PruneReport:
    """Remove settled instances, log entries and inbox rows that are older and no longer needed, in small batches.

    With ``dry_run`` it only counts them, and locks and changes nothing. Raises Unavailable, or LostRace if others were
    in the way too often; finished batches stay done.
    """
    pruner = Pruner(engine)
    return await pruner.count(older_than) if dry_run else await pruner.prune(older_than)
