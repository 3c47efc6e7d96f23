"""The pruner: removes what is older than the retention age and not needed any more, batch by batch.

Each batch is a short transaction of its own, and after each the pruner rests for as long as the batch took. A pruner
that is killed leaves complete batches; the next run begins at the front of every log again, where the oldest entries
are. Of several pruners only one works: each batch takes an advisory lock that ends with its transaction, so the pruner
holds nothing between batches and needs no fixed connection. A pruner that does not get the lock ends its run.

What is pruned: settled instances with all their rows (``instances``), from the logs of their processes; the prefix of
every other log (``prefix``); closed dead letters; the answers of operations. Tombstones stay for ever, so that a late
message gets the same answer as before.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.heartbeat import goes_round, rests
from saga.postgres import Statements, again_after_lost_races, durable_transaction, reading
from saga.retention import dead_letters, instances, operations, prefix
from saga.retention.logs import RELAY, Log, first_unread, read_logs, read_old
from saga.retention.removed import Page, PrunedRows

ENTRIES_AT_ONCE = 500
"""Entries of a process's own log in one batch, each possibly with an instance to prune; also dead letters."""
EVENTS_AT_ONCE = 5_000
"""Entries of any other log in one batch."""

_SQL = Statements(__package__)
BEGIN_BATCH = _SQL["begin_batch"]
READ_CUTOFF = _SQL["read_cutoff"]

Turn = Callable[[AsyncConnection, int], Awaitable[Page]]
"""Handles one batch of what comes after a position or an id."""


class PruneEnd(Enum):
    """How a run ended: with nothing left to do, by a request to stop, or because another pruner is working."""

    DONE = "done"
    STOPPED = "stopped"
    ANOTHER_IS_PRUNING = "another_is_pruning"


@dataclass(frozen=True, slots=True)
class PrunedLog:
    """How many entries a run removed from one log, and how far the log is pruned now.

    All readers have read it up to ``reach``. ``held_by`` is the slowest reader, or the target of a command that waits
    for its first reader; None if the log has no reader.
    """

    module: str
    entries: int
    pruned_position: int
    reach: int
    held_by: str | None


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What a run removed, all of it older than ``before``; for a run that only counts, what it would have removed."""

    before: datetime
    removed: PrunedRows
    logs: tuple[PrunedLog, ...]
    ended: PruneEnd


class Pruner:
    """Prunes a database while others work on it. ``entries_at_once`` and ``events_at_once`` bound each transaction."""

    def __init__(
        self, engine: AsyncEngine, *, entries_at_once: int = ENTRIES_AT_ONCE, events_at_once: int = EVENTS_AT_ONCE
    ) -> None:
        self._engine = engine
        self._entries_at_once = entries_at_once
        self._events_at_once = events_at_once

    async def prune(self, older_than: timedelta, *, stop: asyncio.Event | None = None) -> PruneReport:
        """Prune until nothing is left to do, or, once ``stop`` is set, until the end of the batch.

        Raises Unavailable, or LostRace if others were in the way too often; the batches done by then stay done.
        """
        return await self._run(older_than, _Walk(partial(_batch, self._engine), stop or asyncio.Event()), dry=False)

    async def count(self, older_than: timedelta) -> PruneReport:
        """What ``prune`` would remove. Locks and changes nothing."""
        return await self._run(older_than, _Walk(partial(reading, self._engine), asyncio.Event()), dry=True)

    async def _run(self, older_than: timedelta, walk: "_Walk", *, dry: bool) -> PruneReport:
        async with reading(self._engine) as connection:
            before = (await connection.execute(READ_CUTOFF, {"older_than": older_than})).scalar_one()
            logs = await read_logs(connection)
        done: list[tuple[Log, PrunedRows]] = []
        for log in logs:
            if walk.ended is not PruneEnd.DONE:
                break
            read = await self._up_to_unread(log, before)
            done.append((read, await walk.through(await self._turn(read, before, dry=dry))))
        turns = (dead_letters.count, operations.count) if dry else (dead_letters.prune, operations.prune)
        removed = PrunedRows()
        for turn in turns:
            removed += await walk.through(partial(turn, before=before, limit=self._entries_at_once))
        async with reading(self._engine) as connection:
            pruned = {log.module: log.pruned_position for log in await read_logs(connection)}
        return PruneReport(
            before,
            sum((one for _, one in done), removed),
            tuple(_pruned_log(log, one, pruned[log.module]) for log, one in done),
            walk.ended,
        )

    async def _turn(self, log: Log, before: datetime, *, dry: bool) -> Turn:
        if log.process is not None:
            turn = instances.count if dry else instances.prune
            return partial(turn, log=log, before=before, limit=self._entries_at_once)
        async with reading(self._engine) as connection:
            named = await prefix.list_named(connection, log)
        cut = prefix.count if dry else prefix.prune
        return partial(cut, log=log, before=before, named=named, limit=self._events_at_once)

    async def _up_to_unread(self, log: Log, before: datetime) -> Log:
        """The log with a ``reach`` that ends before the first command without a reader."""
        after: int | None = None if RELAY in log.readers else 0
        while after is not None:
            async with reading(self._engine) as connection:
                stretch = await read_old(connection, log, before, after, self._events_at_once)
            goes_round()
            if unread := first_unread(log, stretch):
                return replace(log, reach=unread.position - 1, held_by=unread.target)
            after = stretch.next
        return log


class _Walk:
    """One run, batch after batch; ``ended`` says how it ended."""

    def __init__(self, batch: Callable[[], AbstractAsyncContextManager[AsyncConnection]], stop: asyncio.Event) -> None:
        self.ended = PruneEnd.DONE
        self._batch = batch
        self._stop = stop

    async def through(self, turn: Turn) -> PrunedRows:
        """Run turns until the last page, and return what all of them removed."""
        removed, after = PrunedRows(), 0
        attempts = again_after_lost_races()
        while self.ended is PruneEnd.DONE:
            if self._stop.is_set():
                self.ended = PruneEnd.STOPPED
                break
            began = time.monotonic()
            try:
                page: Page = await attempts(self._take, turn, after)
            except _AnotherIsPruning:
                self.ended = PruneEnd.ANOTHER_IS_PRUNING
                break
            removed += page.removed
            goes_round()
            if page.next is None:
                break
            after = page.next
            await self._rest(time.monotonic() - began)
        return removed

    async def _take(self, turn: Turn, after: int) -> Page:
        async with self._batch() as connection:
            return await turn(connection, after)

    async def _rest(self, seconds: float) -> None:
        with rests(), suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()


class _AnotherIsPruning(Exception):
    """Another pruner holds the lock now."""


@asynccontextmanager
async def _batch(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with durable_transaction(engine) as connection:
        if not (await connection.execute(BEGIN_BATCH)).one().is_alone:
            raise _AnotherIsPruning
        yield connection


def _pruned_log(log: Log, removed: PrunedRows, pruned_position: int) -> PrunedLog:
    return PrunedLog(log.module, removed.entries, pruned_position, log.reach, log.held_by)
