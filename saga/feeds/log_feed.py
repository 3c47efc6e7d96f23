"""The log feed: takes in from the modules' logs what no queue has brought, through the same durable step.

Pulling, it is all there is: whatever a log holds is overdue at once. Beside a queue it has patience, and fills holes: a
queue can lose a message (somebody purges it, a broker fails over), a log can't. Between the two is no other difference,
so a consumer may go over from one to the other, or have workers of both kinds: what comes twice is a repeat.

It asks for the public events that are not handled, in pages, and hands each page to the step together with the range
that the page settles. In this range a log has nothing else to tell: what is not there is internal, or was never
written. In a log that gives only positions that is true up to its safe horizon alone.

A page may be what the last worker died of, and here no broker says so. So a page is handled with care unless this feed
was the last one that went on in its log.

Of several feeds one works on a module at a time, the others pass by. A log that can't be asked is an alarm on the
cursor, never a position passed in silence. So is what was pruned before it was read: it stays missing, and what comes
behind it is taken in. And so is a log that ends before what was handled: its next events would seem to be repeats.
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
from saga.feeds.gaps import GapDetector, GapTimeouts, Progress
from saga.heartbeat import goes_round
from saga.messages import Poison
from saga.modules import Entry, Horizon, Pruned
from saga.modules.outgoing import as_delivered
from saga.modules.public_log import PublicLog, Unreachable
from saga.modules.reader import NOTHING_HANDLED
from saga.postgres import Statements, durable_transaction, reading, while_open
from saga.supervision import pause, supervise

AT_ONCE: Final = GapTimeouts(hole_seconds=0, tail_seconds=0)
BESIDE_A_QUEUE: Final = GapTimeouts(hole_seconds=3, tail_seconds=30)
LOOK_SECONDS: Final = 1.0
NOT_BEGUN: Final = Horizon(0, 0, 0, commit_ordered=True)
"""Of a log that is kept here, before its first event."""
PAGES_AT_ONCE: Final = 20
"""Pages of one module before the others have their turn, and before another feed may take over."""

_SQL = Statements(__package__)
READ_PROGRESS = _SQL["read_progress"]
READ_HANDLED = _SQL["read_handled"]
HAS_ADVANCES = _SQL["has_advances"]
HOLD_FEED = _SQL["hold_feed"]
RAISE_ALARM = _SQL["raise_alarm"]
CLEAR_ALARMS = _SQL["clear_alarms"]

_log = structlog.get_logger()


class _AnotherFeeds(Exception):
    """Another feed works on this module now."""


class LogFeed:
    """Feeds one process from the logs of the modules that it hears.

    ``elsewhere`` gives the database of each module whose log is not kept here, None where it can't be asked.
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
        elsewhere: Mapping[str, AsyncEngine | None] = MappingProxyType({}),
    ) -> None:
        self._engine = engine
        self._step = step
        self._process = process
        self._prefix = prefix
        self._page_size = page_size
        self._elsewhere = frozenset(elsewhere)
        self._grace = grace
        self._gaps: dict[str, GapDetector] = {}
        self._logs = {
            module: PublicLog(module, database, is_here=module not in elsewhere)
            for module in process.inputs
            if (database := elsewhere.get(module, engine)) is not None
        }
        self._reached: dict[str, int] = {}
        self._fed_upto: dict[str, int] = {}

    async def run(self, stop: asyncio.Event, ready: asyncio.Event, look_seconds: float) -> None:
        """Feed until ``stop``, looking at least every ``look_seconds``; ``ready`` is set after the first look."""

        async def session() -> None:
            await self._quieten()
            while not stop.is_set():
                fed = await self.feed_once()
                ready.set()
                goes_round()
                if not fed:
                    await pause(stop, look_seconds)

        await supervise(f"log feed of {self._process.name}", session, stop)

    async def feed_once(self) -> int:
        """Take in what is overdue, some pages of each module; how many positions were settled."""
        await self._fold()
        parameters = {"consumer": self._process.name, "modules": list(self._process.inputs)}
        async with reading(self._engine) as connection:
            known = (await connection.execute(READ_PROGRESS, parameters)).all()
        return sum([await self._feed(row) for row in known])

    async def _quieten(self) -> None:
        """A module that the process does not hear, or no longer, is nobody's alarm."""
        heard = {"consumer": self._process.name, "modules": list(self._process.inputs)}
        async with durable_transaction(self._engine) as connection:
            await connection.execute(CLEAR_ALARMS, heard)

    async def _fold(self) -> None:
        """Steps that met a held cursor left what they covered to whoever comes next."""
        consumer = self._process.name
        async with reading(self._engine) as connection:
            left = (await connection.execute(HAS_ADVANCES, {"consumer": consumer})).scalar_one()
        if left:
            async with durable_transaction(self._engine) as connection:
                await cursors.fold(connection, consumer)

    async def _feed(self, known: Row[Any]) -> int:
        """Settle what is overdue in one module, or raise an alarm that says why that can't be done."""
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
        """How far the module's log goes; None where it is kept elsewhere and can't be asked, or is not there."""
        log = self._logs.get(module)
        horizon = None if log is None else await log.horizon()
        return NOT_BEGUN if horizon is None and module not in self._elsewhere else horizon

    def _cut_off(self, known: Row[Any], horizon: Horizon | None) -> str | None:
        """Why the log's end can't be true, if it lies before what was handled a look ago; a standby may be late."""
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
        return alarm + (", or it is kept elsewhere, and SAGA_LOG_URLS has to name it" if is_nowhere else "")

    def _overdue(self, known: Row[Any], horizon: Horizon | None) -> int:
        """The position up to which what is missing must be fetched now."""
        end: int = horizon.last_position if horizon else known.overtaken
        gaps = self._gaps.setdefault(known.module, GapDetector(self._grace))
        return min(gaps.overdue(time.monotonic(), Progress(known.watermark, known.overtaken), end), end)

    async def _settle(self, module: str, upto: int, horizon: Horizon | None) -> int:
        """Take in page after page, if no other feed does; how many positions that settled."""
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
            warily = after != self._fed_upto.get(log.module)
            await self._handle(log.module, page.entries, after, min(page.horizon, settled_upto), warily=warily)
            after = self._fed_upto[log.module] = page.horizon
            goes_round()
        return max(min(after, settled_upto) - begin, 0)

    async def _handle(
        self, module: str, entries: Sequence[Entry], after: int, settled_upto: int, *, warily: bool
    ) -> None:
        """Take in what the process hears; in one transaction with what that settles."""
        kinds = [kind.__name__ for kind in self._process.inputs[module]]
        told = [as_delivered(entry, self._prefix) for entry in entries if entry.type in kinds]
        heard = [one for one in told if isinstance(one, Poison) or not is_for_other_process(self._process, one)]
        if heard and self._grace is not AT_ONCE:
            _log.warning("filling_holes", module=module, events=len(heard), first=heard[0].position)
        settled = [(module, after, settled_upto)] if settled_upto > after else []
        if heard or settled:
            handle = self._step.handle_rehearsed if warily else self._step.handle
            report_step(await handle(heard, settled=settled), len(heard))

    async def _begin(self, log: PublicLog, horizon: Horizon) -> int:
        """Where a new consumer begins: behind what was pruned before it was there."""
        if horizon.pruned_position:
            _log.warning("begins_after_pruned", module=log.module, position=horizon.pruned_position)
            await self._step.handle([], settled=[(log.module, 0, horizon.pruned_position)])
        return horizon.pruned_position

    async def _raise_alarm(self, module: str, alarm: str | None) -> None:
        """Note it on the cursor, where people look, and say it once."""
        if alarm is not None:
            _log.error("log_unreachable", module=module, reason=alarm)
        async with durable_transaction(self._engine) as connection:
            parameters = {"consumer": self._process.name, "module": module, "alarm": alarm}
            await connection.execute(RAISE_ALARM, parameters)
