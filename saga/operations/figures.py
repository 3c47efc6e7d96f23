"""The metrics that come from the database. Loops read them, so a scrape costs the database nothing.

Every scheduler exports the same figures, and every worker those of its processes: add nothing up, take the maximum.
While the database is away there are no figures, rather than old ones.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Process
from saga.heartbeat import a_loop, goes_round, starts_over
from saga.metrics import table
from saga.metrics.instruments import Gauge
from saga.operations.backlog import ConsumerCursor, read_cursors, read_ends, read_timer_counts, read_waiting
from saga.operations.dead_letters import count_open_by_kind
from saga.operations.listing import count_stuck
from saga.postgres import LostRace, Statements, Unavailable, one_moment, server_of
from saga.supervision import pause

BACKLOG_SECONDS: Final = 5.0
"""The pause between two readings of what waits."""
COUNT_SECONDS: Final = 60.0
"""The pause between two counts of instances, which read whole tables."""

_SQL = Statements(__package__)
COUNT_INSTANCES = _SQL["count_instances"]

_log = structlog.get_logger()


async def export_backlog(engine: AsyncEngine, stop: asyncio.Event) -> None:
    """Read logs, cursors, timers and dead letters until ``stop``, every few seconds."""
    await _export("figures", engine, _read_backlog, table.FROM_BACKLOG, seconds=BACKLOG_SECONDS, stop=stop)


async def export_instances(engine: AsyncEngine, stop: asyncio.Event) -> None:
    """Count the instances of all processes until ``stop``, once a minute."""
    await _export("count of instances", engine, _count_instances, (table.INSTANCES,), seconds=COUNT_SECONDS, stop=stop)


async def export_stuck(engine: AsyncEngine, processes: Sequence[Process], stop: asyncio.Event) -> None:
    """Count the stuck instances of these processes until ``stop``, once a minute."""

    async def read(connection: AsyncConnection) -> None:
        counts = {process.name: await count_stuck(connection, process) for process in processes}
        table.STUCK_INSTANCES.replace(
            {(name, code): count for name, codes in counts.items() for code, count in codes.items()}
        )

    await _export("count of stuck instances", engine, read, (table.STUCK_INSTANCES,), seconds=COUNT_SECONDS, stop=stop)


async def _export(
    name: str,
    engine: AsyncEngine,
    read: Callable[[AsyncConnection], Awaitable[None]],
    gauges: Sequence[Gauge],
    *,
    seconds: float,
    stop: asyncio.Event,
) -> None:
    """Read until ``stop``. After an error it waits as ever: a count that takes too long must not begin again soon."""
    with a_loop(name):
        while not stop.is_set():
            try:
                async with one_moment(engine) as connection:
                    await read(connection)
                goes_round()
            except (LostRace, Unavailable) as error:
                starts_over(str(error))
                table.LOOP_RESTARTS.add(1, name, type(error).__name__)
                _log.warning("figures_failed", loop=name, server=server_of(error), error=str(error))
                for gauge in gauges:
                    gauge.replace({})
            await pause(stop, seconds)


async def _read_backlog(connection: AsyncConnection) -> None:
    waiting = {(one.module, one.target or ""): one for one in await read_waiting(connection)}
    table.OUTBOX_PENDING.replace({labels: one.not_relayed for labels, one in waiting.items()})
    table.OUTBOX_OLDEST_SECONDS.replace({labels: one.oldest_age_seconds or 0 for labels, one in waiting.items()})
    table.LOG_LAST_POSITION.replace({(one.name,): one.last_position for one in await read_ends(connection)})
    _show_cursors(await read_cursors(connection))
    timers = {(one.process, one.name): one for one in await read_timer_counts(connection)}
    table.TIMERS_ARMED.replace({labels: one.armed for labels, one in timers.items()})
    table.TIMERS_OVERDUE.replace({labels: one.overdue for labels, one in timers.items()})
    table.TIMERS_OLDEST_SECONDS.replace({labels: one.oldest_overdue_seconds or 0 for labels, one in timers.items()})
    table.DEAD_LETTERS_OPEN.replace(await count_open_by_kind(connection))


def _show_cursors(cursors: Sequence[ConsumerCursor]) -> None:
    by_labels = {(one.consumer, one.module): one for one in cursors}
    behind = {labels: one.behind for labels, one in by_labels.items() if one.behind is not None}
    table.CURSOR_BEHIND.replace(behind)
    table.CURSOR_HOLES.replace({labels: one.hole_count for labels, one in by_labels.items()})
    table.CURSOR_HOLE_SECONDS.replace({labels: one.hole_age_seconds or 0 for labels, one in by_labels.items()})
    table.CURSOR_ALARM.replace({labels: one.alarm is not None for labels, one in by_labels.items()})


async def _count_instances(connection: AsyncConnection) -> None:
    rows = await connection.execute(COUNT_INSTANCES)
    table.INSTANCES.replace({(row.process, row.outcome): row.instances for row in rows})
