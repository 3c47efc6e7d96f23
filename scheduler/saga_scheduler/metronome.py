"""The metronome: APScheduler decides when to sweep, and nothing else.

APScheduler's own job stores hold no state that matters: replicas that share one run jobs twice, and a late start
removes the jobs that it missed. So there is one job in memory, which runs at the latest after the poll interval, and is
moved forward to the time when the next timer is due. A tick that is late, missed or doubled changes only the time.

APScheduler goes by the machine's clock, which may be set. After the clock was set forward it would count every tick
that it considers missed, so here the next tick is always an interval from now. After the clock was set back, or with a
slow clock, it would wait until the clock has caught up. So a watch, which goes by the monotonic clock, makes a job due
that did not come.

Housekeeping is a second job with connections of its own: however long it takes, the sweep does not wait.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from saga.heartbeat import Loop, a_loop, goes_round, starts_over
from saga.metrics.table import LOOP_RESTARTS
from saga.postgres import LostRace, Unavailable, server_of
from saga_scheduler.housekeeping import Housekeeping
from saga_scheduler.sweeper import Sweeper

SWEEP: Final = "sweep"
PRUNE: Final = "prune"
WATCH_SECONDS: Final = 1.0
"""The longest pause between two looks of the watch."""

_log = structlog.get_logger()


class _FromNow(BaseTrigger):  # type: ignore[misc]  # APScheduler 3.x ships no types
    """Fires an interval after each look, whatever the clock showed at the previous one."""

    def __init__(self, interval: timedelta) -> None:
        self._interval = interval

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        return now + self._interval


class _Job:
    """Recurring work, never twice at a time. ``began`` is on the monotonic clock."""

    def __init__(self, loop: Loop, work: Callable[[], Awaitable[None]], interval_seconds: float) -> None:
        self.loop = loop
        self.interval_seconds = interval_seconds
        self.began = time.monotonic()
        self.under_way: asyncio.Task[None] | None = None
        self._work = work

    async def run(self) -> None:
        self.began = time.monotonic()
        self.under_way = asyncio.create_task(self._marked())
        try:
            await self.under_way
        finally:
            self.under_way = None

    async def _marked(self) -> None:
        with self.loop.marked_here():
            await self._work()


class Metronome:
    """Ticks until it is stopped; a tick that raises anything but a transient error ends the service."""

    def __init__(self, sweeper: Sweeper, poll_seconds: float, housekeeping: Housekeeping | None = None) -> None:
        self._sweeper = sweeper
        self._poll_seconds = poll_seconds
        self._housekeeping = housekeeping
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._stopping = asyncio.Event()
        self._jobs: dict[str, _Job] = {}
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self, stop: asyncio.Event) -> None:
        """Tick until ``stop``, then let the running jobs finish."""
        with ExitStack() as loops:
            self._add_job(loops.enter_context(a_loop(SWEEP)), self._sweep, self._poll_seconds)
            if (kept := self._housekeeping) is not None:
                prune = partial(kept.prune, self._stopping)
                self._add_job(loops.enter_context(a_loop(PRUNE)), prune, kept.interval_seconds)
            await self._tick(stop)

    async def _tick(self, stop: asyncio.Event) -> None:
        self._scheduler.add_listener(self._on_event, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
        self._scheduler.start()
        watching, stopped = asyncio.create_task(self._watch()), asyncio.create_task(stop.wait())
        try:
            waited_for: list[asyncio.Future[Any]] = [stopped, self._failed, watching]
            await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
            self._scheduler.pause()
            self._stopping.set()
            under_way = [job.under_way for job in self._jobs.values() if job.under_way is not None]
            await asyncio.gather(*under_way, return_exceptions=True)
            for ended in (self._failed, watching):
                if ended.done():
                    ended.result()
        finally:
            stopped.cancel()
            watching.cancel()
            self._scheduler.shutdown(wait=False)

    def _add_job(self, loop: Loop, work: Callable[[], Awaitable[None]], interval_seconds: float) -> None:
        """Add a job in memory that runs now for the first time."""
        job = self._jobs[loop.name] = _Job(loop, work, interval_seconds)
        self._scheduler.add_job(
            job.run,
            _FromNow(timedelta(seconds=interval_seconds)),
            id=loop.name,
            next_run_time=datetime.now(UTC),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )

    async def _watch(self) -> None:
        """Make a job due that did not run in its interval; mark the loops of jobs that are not due yet."""
        look_seconds = min(self._poll_seconds, WATCH_SECONDS)
        while True:
            await asyncio.sleep(look_seconds)
            for name, job in self._jobs.items():
                if job.under_way is not None:
                    continue
                if time.monotonic() - job.began <= job.interval_seconds + look_seconds:
                    job.loop.goes_on()
                else:
                    _log.debug("tick_overdue", job=name)
                    self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))

    async def _sweep(self) -> None:
        try:
            sweep = await self._sweeper.sweep()
        except (LostRace, Unavailable) as error:
            starts_over(str(error))
            LOOP_RESTARTS.add(1, SWEEP, type(error).__name__)
            _log.warning("sweep_failed", server=server_of(error), error=str(error))
        else:
            goes_round()
            if sweep.fired:
                _log.info("fired", timers=sweep.fired)
            self._come_by(sweep.next_due_seconds)

    def _come_by(self, next_due_seconds: float | None) -> None:
        """Sweep again when the next timer is due, or after the poll interval, whichever is sooner."""
        if next_due_seconds is not None and next_due_seconds < self._poll_seconds:
            soon = datetime.now(UTC) + timedelta(seconds=max(next_due_seconds, 0.001))
            self._scheduler.modify_job(SWEEP, next_run_time=soon)

    def _on_event(self, event: JobExecutionEvent) -> None:
        error = getattr(event, "exception", None)
        if error is None:
            _log.debug("tick_skipped", code=event.code)
        elif not self._failed.done():
            self._failed.set_exception(error)
