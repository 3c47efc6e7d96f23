"""The metrics that come from the database. Loops read them, so a scrape costs the database nothing.

Every scheduler exports the same figures, and every worker those of its processes: add nothing up, take the maximum.
While the database is away there are no figures, rather than old ones.

What alerts wait for is read every few seconds, by statements that read a bounded number of rows however much waits.
Counts of everything read whole tables or indexes, so they come once a minute, and take a twentieth of the time at most.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Process
from saga.heartbeat import a_loop, goes_round, rests, starts_over
from saga.metrics import table
from saga.metrics.instruments import Gauge
from saga.operations.backlog import READ_CURSORS, READ_MODULES
from saga.operations.dead_letters import count_open_by_kind
from saga.operations.listing import count_stuck
from saga.postgres import LostRace, Statements, Unavailable, one_moment, server_of
from saga.supervision import pause

BACKLOG_SECONDS: Final = 5.0
"""The pause between two readings of what waits."""
COUNT_SECONDS: Final = 60.0
"""The shortest pause between two counts."""
COUNT_PAUSES: Final = 20
"""A count that takes longer is followed by a pause of so many times its own duration."""
MOST_OUTGOING: Final = 2_000
"""Positions of each log beyond the relay's cursor, among which what waits is counted."""
MOST_OVERDUE: Final = 1_000
"""Overdue deadlines that are counted: whoever has more does not need to know how many more."""

_SQL = Statements(__package__)
MEASURE_OUTBOX = _SQL["measure_outbox"]
MEASURE_OVERDUE = _SQL["measure_overdue"]
COUNT_ARMED_TIMERS = _SQL["count_armed_timers"]
COUNT_INSTANCES = _SQL["count_instances"]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Reading:
    """Sets these gauges from the database; they have no values after it failed."""

    read: Callable[[AsyncConnection], Awaitable[None]]
    gauges: Sequence[Gauge]


async def export_backlog(engine: AsyncEngine, stop: asyncio.Event) -> None:
    """Read logs, cursors and overdue deadlines until ``stop``, every few seconds."""
    readings = (
        _Reading(_read_outbox, (table.OUTBOX_PENDING, table.OUTBOX_OLDEST_SECONDS, table.LOG_LAST_POSITION)),
        _Reading(
            _read_cursors, (table.CURSOR_BEHIND, table.CURSOR_HOLES, table.CURSOR_HOLE_SECONDS, table.CURSOR_ALARM)
        ),
        _Reading(_read_overdue, (table.TIMERS_OVERDUE, table.TIMERS_OLDEST_SECONDS)),
    )
    await _export("figures", engine, readings, seconds=BACKLOG_SECONDS, stop=stop)


async def export_counts(engine: AsyncEngine, stop: asyncio.Event) -> None:
    """Count open dead letters, armed deadlines and the instances of all processes until ``stop``, once a minute."""
    readings = (
        _Reading(_count_dead_letters, (table.DEAD_LETTERS_OPEN,)),
        _Reading(_count_timers, (table.TIMERS_ARMED,)),
        _Reading(_count_instances, (table.INSTANCES,)),
    )
    await _export("counts", engine, readings, seconds=COUNT_SECONDS, stop=stop)


async def export_stuck(engine: AsyncEngine, processes: Sequence[Process], stop: asyncio.Event) -> None:
    """Count the stuck instances of these processes until ``stop``, once a minute."""

    async def read(connection: AsyncConnection) -> None:
        counts = {process.name: await count_stuck(connection, process) for process in processes}
        table.STUCK_INSTANCES.replace(
            {(name, code): count for name, codes in counts.items() for code, count in codes.items()}
        )

    readings = (_Reading(read, (table.STUCK_INSTANCES,)),)
    await _export("count of stuck instances", engine, readings, seconds=COUNT_SECONDS, stop=stop)


async def _export(
    name: str, engine: AsyncEngine, readings: Sequence[_Reading], *, seconds: float, stop: asyncio.Event
) -> None:
    """Read until ``stop``. After an error it waits as ever: a count that takes too long must not begin again soon."""
    with a_loop(name):
        while not stop.is_set():
            begun = time.monotonic()
            # A count may take longer than a loop may stand still. The server ends a statement that takes too long.
            with rests():
                errors = [error for one in readings if (error := await _failure(engine, one))]
            if errors:
                _report(name, errors)
            else:
                goes_round()
            await pause(stop, max(seconds, COUNT_PAUSES * (time.monotonic() - begun)))


async def _failure(engine: AsyncEngine, reading: _Reading) -> LostRace | Unavailable | None:
    """Read; what went wrong, if anything did."""
    try:
        async with one_moment(engine) as connection:
            await reading.read(connection)
    except (LostRace, Unavailable) as error:
        for gauge in reading.gauges:
            gauge.replace({})
        return error
    return None


def _report(name: str, errors: Sequence[LostRace | Unavailable]) -> None:
    starts_over(str(errors[0]))
    table.LOOP_RESTARTS.add(1, name, type(errors[0]).__name__)
    for reason, error in {str(error): error for error in errors}.items():
        _log.warning("figures_failed", loop=name, server=server_of(error), error=reason)


async def _read_outbox(connection: AsyncConnection) -> None:
    rows = await connection.execute(MEASURE_OUTBOX, {"most": MOST_OUTGOING})
    waiting = {(row.module, row.target or ""): row for row in rows}
    table.OUTBOX_PENDING.replace({labels: row.not_relayed for labels, row in waiting.items()})
    table.OUTBOX_OLDEST_SECONDS.replace({labels: row.oldest_age_seconds or 0 for labels, row in waiting.items()})
    table.LOG_LAST_POSITION.replace({(row.name,): row.last_position for row in await connection.execute(READ_MODULES)})


async def _read_cursors(connection: AsyncConnection) -> None:
    cursors = {(row.consumer, row.module): row for row in await connection.execute(READ_CURSORS)}
    behind = {labels: row.behind for labels, row in cursors.items() if row.behind is not None}
    table.CURSOR_BEHIND.replace(behind)
    table.CURSOR_HOLES.replace({labels: row.hole_count for labels, row in cursors.items()})
    table.CURSOR_HOLE_SECONDS.replace({labels: row.hole_age_seconds or 0 for labels, row in cursors.items()})
    table.CURSOR_ALARM.replace({labels: row.alarm is not None for labels, row in cursors.items()})


async def _read_overdue(connection: AsyncConnection) -> None:
    rows = (await connection.execute(MEASURE_OVERDUE, {"most": MOST_OVERDUE})).all()
    # Deadlines that are armed and not overdue are shown as 0: their names are those of the last count.
    none = dict.fromkeys(table.TIMERS_ARMED.labels_now(), 0.0)
    table.TIMERS_OVERDUE.replace(none | {(row.process, row.name): row.overdue for row in rows})
    table.TIMERS_OLDEST_SECONDS.replace(none | {(row.process, row.name): row.oldest_overdue_seconds for row in rows})


async def _count_dead_letters(connection: AsyncConnection) -> None:
    table.DEAD_LETTERS_OPEN.replace(await count_open_by_kind(connection))


async def _count_timers(connection: AsyncConnection) -> None:
    rows = await connection.execute(COUNT_ARMED_TIMERS)
    table.TIMERS_ARMED.replace({(row.process, row.name): row.armed for row in rows})


async def _count_instances(connection: AsyncConnection) -> None:
    rows = await connection.execute(COUNT_INSTANCES)
    table.INSTANCES.replace({(row.process, row.outcome): row.instances for row in rows})
