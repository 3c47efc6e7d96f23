"""The metronome: APScheduler decides when to look, and nothing else.

APScheduler's own job stores hold nothing that matters: shared between replicas they run jobs twice, and a late start
removes what it missed. So there is one job in memory, which comes at the latest after the poll interval, and is moved
forward to the moment when the next timer is due. A tick that is late, missed or doubled changes nothing but the time.

Housekeeping is a second job beside it, with connections of its own: however long it takes, the sweep does not wait.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from saga.postgres import Conflict, Unavailable, server_of
from scheduler.housekeeping import Housekeeping
from scheduler.sweeper import Sweeper

SWEEP = "sweep"
PRUNE = "prune"

_log = structlog.get_logger()


class Metronome:
    """Ticks until it is stopped; a tick that raises anything but a transient error ends the service."""

    def __init__(self, sweeper: Sweeper, poll_seconds: float, housekeeping: Housekeeping | None = None) -> None:
        self._sweeper = sweeper
        self._poll_seconds = poll_seconds
        self._housekeeping = housekeeping
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._stopping = asyncio.Event()
        self._under_way: set[asyncio.Task[Any]] = set()
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self, stop: asyncio.Event) -> None:
        """Tick until ``stop``, then let what is under way finish."""
        self._scheduler.add_listener(self._heard, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
        self._add_job(SWEEP, self._sweep, self._poll_seconds)
        if self._housekeeping is not None:
            self._add_job(PRUNE, partial(self._housekeeping.prune, self._stopping), self._housekeeping.interval_seconds)
        self._scheduler.start()
        stopped = asyncio.create_task(stop.wait())
        try:
            waited_for: list[asyncio.Future[Any]] = [stopped, self._failed]
            await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
            self._scheduler.pause()
            self._stopping.set()
            await asyncio.gather(*self._under_way, return_exceptions=True)
            if self._failed.done():
                self._failed.result()
        finally:
            stopped.cancel()
            self._scheduler.shutdown(wait=False)

    def _add_job(self, name: str, job: Callable[[], Awaitable[None]], interval_seconds: float) -> None:
        """A job in memory that never runs twice at a time, first now."""

        async def tracked() -> None:
            task = asyncio.ensure_future(job())
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            await task

        self._scheduler.add_job(
            tracked,
            IntervalTrigger(seconds=interval_seconds),
            id=name,
            next_run_time=datetime.now(UTC),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )

    async def _sweep(self) -> None:
        try:
            sweep = await self._sweeper.sweep()
        except (Conflict, Unavailable) as error:
            _log.warning("sweep_failed", server=server_of(error), error=str(error))
        else:
            if sweep.fired:
                _log.info("fired", timers=sweep.fired)
            self._come_by(sweep.next_due_seconds)

    def _come_by(self, next_due_seconds: float | None) -> None:
        """Look again when the next timer is due, or after the poll interval, whichever is sooner."""
        if next_due_seconds is not None and next_due_seconds < self._poll_seconds:
            soon = datetime.now(UTC) + timedelta(seconds=max(next_due_seconds, 0.001))
            self._scheduler.modify_job(SWEEP, next_run_time=soon)

    def _heard(self, event: JobExecutionEvent) -> None:
        error = getattr(event, "exception", None)
        if error is None:
            _log.debug("tick_skipped", code=event.code)
        elif not self._failed.done():
            self._failed.set_exception(error)
