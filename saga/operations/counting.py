"""The overview: how much of what there is, each number cheap enough for a page that many people look at.

Numbers of rows stop: what is counted up to there is enough to act, and a table of a hundred million rows is not read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import TextClause
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Process
from saga.operations.backlog import ConsumerCursor, Outbox, read_cursors
from saga.operations.services import Blocker, Heartbeat, read_blocked, read_services
from saga.postgres import Statements, one_moment

_SQL = Statements(__package__)
COUNT_OPEN_INSTANCES = _SQL["count_open_instances"]
COUNT_NEWEST_OUTCOMES = _SQL["count_newest_outcomes"]
COUNT_OPEN_DEAD_LETTERS_UP_TO = _SQL["count_open_dead_letters_up_to"]
COUNT_DUE = _SQL["count_due"]
COUNT_WAITING_ENTRIES = _SQL["count_waiting_entries"]

MOST_COUNTED: Final = 10_000
"""Rows are counted up to here."""
NEWEST_ENTRIES: Final = 1_000
"""So many entries of a log are looked at for the outcomes of the instances that changed last."""


@dataclass(frozen=True, slots=True)
class Count:
    """A number of rows; there may be ``more`` than were counted."""

    number: int
    more: bool = False

    def __str__(self) -> str:
        """The number for people."""
        return f"{self.number:,}{'+' if self.more else ''}"


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How many of the instances that changed last have this outcome."""

    outcome: str
    settled: bool
    instances: int


@dataclass(frozen=True, slots=True)
class ProcessCounts:
    """The instances of a process: how many are ``open``, and the outcomes of those that changed last."""

    process: str
    open: Count
    newest: tuple[OutcomeCount, ...]


@dataclass(frozen=True, slots=True)
class DueCounts:
    """Deadlines that have not fired; ``oldest_overdue_seconds`` is None if none is overdue."""

    armed: Count
    overdue: Count
    in_a_minute: Count
    in_an_hour: Count
    oldest_overdue_seconds: float | None


@dataclass(frozen=True, slots=True)
class Overview:
    """How a system is doing, in one snapshot. ``outbox`` counts up to 10,000 entries of each module."""

    processes: tuple[ProcessCounts, ...]
    open_dead_letters: Count
    timers: DueCounts
    outbox: tuple[Outbox, ...]
    cursors: tuple[ConsumerCursor, ...]
    services: tuple[Heartbeat, ...]
    blocked: tuple[Blocker, ...]


async def overview(engine: AsyncEngine, processes: Sequence[Process]) -> Overview:
    """How the system with these processes is doing; what is counted stops at 10,000. Raises Unavailable."""
    async with one_moment(engine) as connection:
        return Overview(
            processes=tuple([await _counts(connection, process) for process in processes]),
            open_dead_letters=await _counted(connection, COUNT_OPEN_DEAD_LETTERS_UP_TO),
            timers=await read_due(connection),
            outbox=await read_waiting(connection),
            cursors=await read_cursors(connection),
            services=await read_services(connection),
            blocked=await read_blocked(connection),
        )


async def count_outcomes(engine: AsyncEngine, process: Process) -> ProcessCounts:
    """How many instances of a process are open, and the outcomes of those that changed last. Raises Unavailable."""
    async with one_moment(engine) as connection:
        return await _counts(connection, process)


async def count_due(engine: AsyncEngine) -> DueCounts:
    """How many deadlines are armed, overdue, and due soon. Raises Unavailable."""
    async with one_moment(engine) as connection:
        return await read_due(connection)


async def count_waiting(engine: AsyncEngine) -> tuple[Outbox, ...]:
    """How many entries of each module wait for the relay, up to 10,000 of each. Raises Unavailable."""
    async with one_moment(engine) as connection:
        return await read_waiting(connection)


async def read_due(connection: AsyncConnection) -> DueCounts:
    """The same on a connection."""
    row = (await connection.execute(COUNT_DUE, {"most": MOST_COUNTED + 1})).one()
    armed, overdue, in_a_minute, in_an_hour, oldest_overdue_seconds = row
    return DueCounts(_count(armed), _count(overdue), _count(in_a_minute), _count(in_an_hour), oldest_overdue_seconds)


async def read_waiting(connection: AsyncConnection) -> tuple[Outbox, ...]:
    """The same on a connection."""
    rows = await connection.execute(COUNT_WAITING_ENTRIES, {"most": MOST_COUNTED})
    return tuple(Outbox(**row) for row in rows.mappings())


async def _counts(connection: AsyncConnection, process: Process) -> ProcessCounts:
    this = {"process": process.name, "module": process.module, "entries": NEWEST_ENTRIES}
    rows = await connection.execute(COUNT_NEWEST_OUTCOMES, this)
    newest = tuple(OutcomeCount(row.outcome, row.settled, row.instances) for row in rows)
    return ProcessCounts(process.name, await _counted(connection, COUNT_OPEN_INSTANCES, process=process.name), newest)


async def _counted(connection: AsyncConnection, statement: TextClause, **parameters: str) -> Count:
    return _count((await connection.execute(statement, parameters | {"most": MOST_COUNTED + 1})).scalar_one())


def _count(number: int) -> Count:
    return Count(min(number, MOST_COUNTED), more=number > MOST_COUNTED)
