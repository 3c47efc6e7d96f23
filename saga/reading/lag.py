"""How far everybody got: the ends of the logs, the cursors and their holes, what is not relayed, what is due."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from saga.postgres import Statements
from saga.reading.dead_letters import count_open

_SQL = Statements(__package__)
READ_MODULES = _SQL["read_modules"]
READ_CURSORS = _SQL["read_cursors"]
READ_HOLES = _SQL["read_holes"]
READ_OUTBOX = _SQL["read_outbox"]
COUNT_TIMERS = _SQL["count_timers"]

MOST_HOLES = 100
"""Holes that are listed; more are only counted."""


@dataclass(frozen=True, slots=True)
class ModuleEnd:
    """The end of a module's log."""

    name: str
    last_position: int
    last_public_position: int


@dataclass(frozen=True, slots=True)
class Hole:
    """Positions first..last that were not handled although later ones were.

    ``age_seconds`` is that of the first public event in there; None where the log is kept elsewhere or has none there.
    """

    first: int
    last: int
    age_seconds: float | None


@dataclass(frozen=True, slots=True)
class ConsumerCursor:
    """How far a consumer got in a module. ``behind`` counts positions; None where the log is kept elsewhere."""

    consumer: str
    module: str
    watermark: int
    behind: int | None
    hole_count: int
    holes: tuple[Hole, ...]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Outbox:
    """What of a module's log should leave it and has not."""

    module: str
    not_relayed: int
    oldest_age_seconds: float | None


@dataclass(frozen=True, slots=True)
class Timers:
    """Deadlines that have not fired."""

    armed: int
    overdue: int
    oldest_overdue_seconds: float | None


@dataclass(frozen=True, slots=True)
class Lag:
    """Everything that the database knows of who is behind."""

    modules: tuple[ModuleEnd, ...]
    cursors: tuple[ConsumerCursor, ...]
    outbox: tuple[Outbox, ...]
    timers: Timers
    open_dead_letters: int


async def read_lag(connection: AsyncConnection) -> Lag:
    """Read all of it, as of one moment if the connection is in a repeatable-read transaction."""
    modules = (await connection.execute(READ_MODULES)).mappings()
    outbox = (await connection.execute(READ_OUTBOX)).mappings()
    timers = (await connection.execute(COUNT_TIMERS)).mappings().one()
    return Lag(
        modules=tuple(ModuleEnd(**row) for row in modules),
        cursors=await _cursors(connection),
        outbox=tuple(Outbox(**row) for row in outbox),
        timers=Timers(**timers),
        open_dead_letters=await count_open(connection),
    )


async def _cursors(connection: AsyncConnection) -> tuple[ConsumerCursor, ...]:
    holes: defaultdict[tuple[str, str], list[Hole]] = defaultdict(list)
    for row in await connection.execute(READ_HOLES, {"most": MOST_HOLES}):
        holes[row.consumer, row.module].append(Hole(row.first, row.last, row.age_seconds))
    return tuple(
        ConsumerCursor(**row, holes=tuple(holes[row["consumer"], row["module"]]))
        for row in (await connection.execute(READ_CURSORS)).mappings()
    )
