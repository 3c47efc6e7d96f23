"""Housekeeping: prunes what is older than the retention age, now and then.

Every scheduler may have it; of those that begin at the same time one prunes, and the others leave the work to it. What
keeps it from pruning now, a database that is away or rows that others hold, is logged, and the next time comes.
"""

import asyncio
from dataclasses import asdict, dataclass
from datetime import timedelta

import structlog

from saga.heartbeat import starts_over
from saga.postgres import LostRace, Unavailable
from saga.retention import Pruner

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """What to prune, and how often."""

    pruner: Pruner
    retention: timedelta
    interval_seconds: float

    async def prune(self, stop: asyncio.Event) -> None:
        """Prune once, at the latest to the end of the batch in which ``stop`` is set."""
        try:
            report = await self.pruner.prune(self.retention, stop=stop)
        except (LostRace, Unavailable) as error:
            starts_over(str(error))
            _log.warning("prune_failed", error=str(error))
        else:
            if report.removed:
                _log.info("pruned", before=report.before.isoformat(), **asdict(report.removed))
