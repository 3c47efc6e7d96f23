"""Housekeeping: regularly prunes what is older than the retention age.

Every scheduler may do this; of those that begin at the same time only one prunes. If the database is away, or others
hold the rows, it logs that and prunes the next time.
"""

import asyncio
from dataclasses import asdict, dataclass
from datetime import timedelta

import structlog

from saga.heartbeat import starts_over
from saga.metrics.table import LOOP_RESTARTS
from saga.postgres import LostRace, Unavailable
from saga.retention import Pruner

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """The pruner, the age of what it prunes, and the interval."""

    pruner: Pruner
    retention: timedelta
    interval_seconds: float

    async def prune(self, stop: asyncio.Event) -> None:
        """Prune once, or, once ``stop`` is set, until the end of the batch."""
        try:
            report = await self.pruner.prune(self.retention, stop=stop)
        except (LostRace, Unavailable) as error:
            starts_over(str(error))
            LOOP_RESTARTS.add(1, "prune", type(error).__name__)
            _log.warning("prune_failed", error=str(error))
        else:
            if report.removed:
                _log.info("pruned", before=report.before.isoformat(), **asdict(report.removed))
