"""The log feed: reads events from the modules' logs that no queue has brought, and runs the same durable step on them.

When pulling, the feed is the only source: every event of a log is overdue at once. Beside a queue it waits first, and
then fills holes: a queue can lose a message (it is purged, or a broker fails over), a log can't. There is no other
difference, so a consumer can switch between the two, or have workers of both kinds: an event that comes twice is a
duplicate.

The feed reads the unhandled public events, page by page, and gives each page to the step together with the range that
the page settles. A log has no other public events in this range: the remaining positions are internal or unused. If a
log has positions but no commit order, that is true only up to its safe horizon.

A page may have killed the last worker, and no broker marks it as redelivered. So each page is rehearsed, unless this
feed handled the page before it.

Only one feed at a time works on a module; the others skip it. If a log can't be read, the feed raises an alarm on the
cursor, and never skips a position silently. It also raises one if entries were pruned before it read them (they stay
missing, and the feed continues after them), and if a log ends before handled positions (its next events would look like
duplicates).
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import structlog
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import Process
from saga.engine import Step, cursors
from saga.engine.intake import is_for_other_process
from saga.engine.reporting import report_step
from saga.feeds.gaps import CursorProgress, GapDetector, GapTimeouts
from saga.heartbeat import goes_round
from saga.messages import Poison
from saga.modules import Entry, Horizon, Pruned
from saga.modules.outgoing import as_delivered
from saga.modules.public_log import PublicLog, Unreachable
from saga.modules.reader import NOTHING_HANDLED
from saga.postgres import Statements, durable_transaction, reading, while_open
from saga.settings import Feed
from saga.supervision import pause, supervise
from saga.tracing import linking

AT_ONCE: Final = GapTimeouts(hole_seconds=0, tail_seconds=0)
BESIDE_A_QUEUE: Final = GapTimeouts(hole_seconds=3, tail_seconds=30)
LOOK_SECONDS: Final = 1.0
NOT_BEGUN: Final = Horizon(0, 0, 0, commit_ordered=True)
"""The horizon of a log in this database before its first event."""
PAGES_AT_ONCE: Final = 20
"""Pages of one module before the next module is read, and before another feed may take over."""

_SQL = Statements(__package__)
READ_PROGRESS = _SQL["read_progress"]
READ_HANDLED = _SQL["read_handled"]
HAS_ADVANCES = _SQL["has_advances"]
HOLD_FEED = _SQL["hold_feed"]
RAISE_ALARM = _SQL["raise_alarm"]
CLEAR_ALARMS = _SQL["clear_alarms"]

_log = structlog.get_logger()


class _AnotherFeeds(Exception):
    """Another feed is working on this module."""


class LogFeed:
    """Feeds one process from the logs of the modules that it consumes.

    The last argument maps each module whose log is in another database to that database, or to None if it can't be
    read.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        step: Step,
        process: Process,
        prefix: str,
        *,
        grace: GapTimeouts,
        page_size: int,
        remote_logs: Mapping[str, AsyncEngine | None] = MappingProxyType({}),
    ) -> None:
        self._engine = engine
        self._step = step
        self._process = process
        self._prefix = prefix
        self._page_size = page_size
        self._remote_modules = frozenset(remote_logs)
        self._grace = grace
        self._gaps: dict[str, GapDetector] = {}
        self._logs = {
            module: PublicLog(module, database, is_here=module not in remote_logs)
            for module in process.inputs
            if (database := remote_logs.get(module, engine)) is not None
        }
        self._reached: dict[str, int] = {}
        self._fed_upto: dict[str, int] = {}

    async def run(self, stop: asyncio.Event, ready: asyncio.Event, look_seconds: float) -> None:
        """Feed until ``stop``, with a round at least every ``look_seconds``; ``ready`` is set after the first round."""

        async def session() -> None:
            await self._clear_alarms()
            while not stop.is_set():
                fed = await self.feed_once()
                ready.set()
                goes_round()
                if not fed:
                    await pause(stop, look_seconds)

        await supervise(f"log feed of {self._process.name}", session, stop)

    async def feed_once(self) -> int:
        """Handle overdue events, some pages of each module; returns the number of settled positions."""
        await self._fold()
        parameters = {"consumer": self._process.name, "modules": list(self._process.inputs)}
        async with reading(self._engine) as connection:
            known = (await connection.execute(READ_PROGRESS, parameters)).all()
        return sum([await self._feed(row) for row in known])

    async def _clear_alarms(self) -> None:
        """Clear the alarms of modules that the process does not consume."""
        consumed = {"consumer": self._process.name, "modules": list(self._process.inputs)}
        async with durable_transaction(self._engine) as connection:
            await connection.execute(CLEAR_ALARMS, consumed)

    async def _fold(self) -> None:
        """Fold the ranges of steps that found the cursor locked."""
        consumer = self._process.name
        async with reading(self._engine) as connection:
            left = (await connection.execute(HAS_ADVANCES, {"consumer": consumer})).scalar_one()
        if left:
            async with durable_transaction(self._engine) as connection:
                await cursors.fold(connection, consumer)

    async def _feed(self, known: Row[Any]) -> int:
        """Settle overdue positions of one module, or raise an alarm that says why that is impossible."""
        settled, alarm = 0, None
        try:
            horizon = await self._horizon(known.module)
            alarm = self._cut_off(known, horizon)
            upto = self._overdue(known, horizon)
            if upto > known.watermark:
                settled = await self._settle(known.module, upto, horizon)
        except _AnotherFeeds:
            alarm = known.alarm
        except (Unreachable, Pruned) as error:
            alarm = str(error)
        if alarm != known.alarm:
            await self._raise_alarm(known.module, alarm)
        return settled

    async def _horizon(self, module: str) -> Horizon | None:
        """The horizon of the module's log; None if it is in another database that can't be read or does not have it."""
        log = self._logs.get(module)
        horizon = None if log is None else await log.horizon()
        return NOT_BEGUN if horizon is None and module not in self._remote_modules else horizon

    def _cut_off(self, known: Row[Any], horizon: Horizon | None) -> str | None:
        """The alarm if the log ends before a position that was handled in the last round already; a standby may lag."""
        reached = max(known.watermark, known.overtaken)
        is_old = reached == self._reached.get(known.module)
        self._reached[known.module] = reached
        if horizon is None or reached <= horizon.last_position or not is_old:
            return None
        alarm = (
            f"it ends at position {horizon.last_position}, and {reached} was handled: a message invented that, or the "
            "log has lost its end"
        )
        is_nowhere = horizon is NOT_BEGUN
        return alarm + (", or it is in another database, and SAGA_LOG_URLS has to name it" if is_nowhere else "")

    def _overdue(self, known: Row[Any], horizon: Horizon | None) -> int:
        """The position up to which missing events must be fetched now."""
        end: int = horizon.last_position if horizon else known.overtaken
        gaps = self._gaps.setdefault(known.module, GapDetector(self._grace))
        return min(gaps.overdue(time.monotonic(), CursorProgress(known.watermark, known.overtaken), end), end)

    async def _settle(self, module: str, upto: int, horizon: Horizon | None) -> int:
        """Handle page after page, unless another feed does; returns the number of settled positions."""
        if horizon is None:
            raise Unreachable(f"positions of {module} are missing, and SAGA_LOG_URLS does not say where its log is")
        log = self._logs[module]
        async with reading(self._engine) as holding:
            parameters = {"consumer": self._process.name, "module": log.module}
            if not (await holding.execute(HOLD_FEED, parameters)).scalar_one():
                raise _AnotherFeeds
            known = {**parameters, "pruned_position": horizon.pruned_position}
            cursor = (await holding.execute(READ_HANDLED, known)).one_or_none()
            if cursor is None:
                begun = await self._begin(log, horizon)
                return await while_open(holding, self._pages(log, begun, NOTHING_HANDLED, upto, horizon))
            settled = await while_open(holding, self._pages(log, cursor.begin, cursor.handled, upto, horizon))
        if cursor.watermark < horizon.pruned_position:
            raise Pruned(log.module, cursor.watermark, horizon.pruned_position)
        return settled

    async def _pages(self, log: PublicLog, begin: int, handled: str, upto: int, horizon: Horizon) -> int:
        settled_upto = upto if horizon.commit_ordered else min(upto, await log.safe_horizon())
        after = begin
        for _ in range(PAGES_AT_ONCE):
            if after >= upto:
                break
            page = await log.read(after, upto=upto, handled=handled, limit=self._page_size)
            rehearsed = after != self._fed_upto.get(log.module)
            await self._handle(log.module, page.entries, after, min(page.horizon, settled_upto), rehearsed=rehearsed)
            after = self._fed_upto[log.module] = page.horizon
            goes_round()
        return max(min(after, settled_upto) - begin, 0)

    async def _handle(
        self, module: str, entries: Sequence[Entry], after: int, settled_upto: int, *, rehearsed: bool
    ) -> None:
        """Handle the events of a page that the process consumes, in one transaction with the range that they settle."""
        kinds = [kind.__name__ for kind in self._process.inputs[module]]
        delivered = [as_delivered(entry, self._prefix) for entry in entries if entry.type in kinds]
        consumed = [one for one in delivered if isinstance(one, Poison) or not is_for_other_process(self._process, one)]
        if consumed and self._grace is not AT_ONCE:
            _log.warning("filling_holes", module=module, events=len(consumed), first=consumed[0].position)
        settled = [(module, after, settled_upto)] if settled_upto > after else []
        if consumed or settled:
            handle = self._step.handle_rehearsed if rehearsed else self._step.handle
            with linking():
                result = await handle(consumed, settled=settled)
            report_step(result, consumed, process=self._process.name, feed=Feed.PULL.value)

    async def _begin(self, log: PublicLog, horizon: Horizon) -> int:
        """The position after which a new consumer begins: the end of the pruned entries, which it settles."""
        if horizon.pruned_position:
            _log.warning("begins_after_pruned", module=log.module, position=horizon.pruned_position)
            await self._step.handle([], settled=[(log.module, 0, horizon.pruned_position)])
        return horizon.pruned_position

    async def _raise_alarm(self, module: str, alarm: str | None) -> None:
        """Write the alarm to the cursor, where people see it, and log it once."""
        if alarm is not None:
            _log.error("log_unreachable", module=module, reason=alarm)
        async with durable_transaction(self._engine) as connection:
            parameters = {"consumer": self._process.name, "module": module, "alarm": alarm}
            await connection.execute(RAISE_ALARM, parameters)
