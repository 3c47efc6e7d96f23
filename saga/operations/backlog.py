"""The backlog: how far each consumer got, and what waits where. ``queues`` has what only the broker knows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.operations.dead_letters import count_open
from saga.operations.services import Blocker, Heartbeat, read_blocked, read_services
from saga.postgres import Statements, one_moment

_SQL = Statements(__package__)
READ_MODULES = _SQL["read_modules"]
READ_CURSORS = _SQL["read_cursors"]
READ_WAITING_SINCE = _SQL["read_waiting_since"]
READ_HOLES = _SQL["read_holes"]
READ_OUTBOX = _SQL["read_outbox"]
COUNT_TIMERS = _SQL["count_timers"]

MOST_HOLES = 100
"""At most so many holes are listed; more are only counted."""


@dataclass(frozen=True, slots=True)
class ModuleEnd:
    """The end of a module's log."""

    name: str
    last_position: int
    last_public_position: int


@dataclass(frozen=True, slots=True)
class Hole:
    """Positions first..last that were not handled although later ones were.

    ``age_seconds`` is the age of the first public event in there. Where the log is in another database, only the first
    hole has an age: the time since the cursor stopped before it. For the others it is None.
    """

    first: int
    last: int
    age_seconds: float | None


@dataclass(frozen=True, slots=True)
class ConsumerCursor:
    """How far a consumer got in a module: it handled all up to ``watermark``, some above it, and none over ``highest``.

    ``horizon`` is the last position that the consumer can read now, ``behind`` counts the positions up to there that it
    has not handled; both are None where the log is in another database. ``behind_seconds`` is how long the first of
    them has been there; None if there is none. ``hole_age_seconds`` is how long the watermark has been stopped by a
    hole. ``alarm`` says why the log can't be asked for what is missing; None if nothing is wrong.
    """

    consumer: str
    module: str
    watermark: int
    horizon: int | None
    behind: int | None
    behind_seconds: float | None
    highest: int
    hole_count: int
    holes: tuple[Hole, ...]
    hole_age_seconds: float | None
    alarm: str | None
    updated_at: datetime

    @property
    def handled_above(self) -> tuple[tuple[int, int], ...]:
        """The ranges that were handled above the watermark, first to last; as many as holes are listed."""
        ends = [hole.first - 1 for hole in self.holes[1:]]
        if self.hole_count == len(self.holes):
            ends.append(self.highest)
        return tuple((hole.last + 1, end) for hole, end in zip(self.holes, ends, strict=False))


@dataclass(frozen=True, slots=True)
class Outbox:
    """How many entries of a module's log wait for the relay; the seconds are None if there are none."""

    module: str
    not_relayed: int
    oldest_age_seconds: float | None


@dataclass(frozen=True, slots=True)
class TimerCounts:
    """How many deadlines have not fired, and how many of these are overdue; the seconds are None if none is."""

    armed: int
    overdue: int
    oldest_overdue_seconds: float | None


@dataclass(frozen=True, slots=True)
class Lag:
    """Everything that the database knows about who is behind, in one snapshot.

    ``modules`` and ``outbox`` are about the logs in this database, ``cursors`` about all logs. ``services`` are the
    loops of every service, ``blocked`` the transactions for which others wait.
    """

    modules: tuple[ModuleEnd, ...]
    cursors: tuple[ConsumerCursor, ...]
    outbox: tuple[Outbox, ...]
    timers: TimerCounts
    open_dead_letters: int
    services: tuple[Heartbeat, ...]
    blocked: tuple[Blocker, ...]


async def lag(engine: AsyncEngine) -> Lag:
    """How far each consumer got, and what waits. Raises Unavailable."""
    async with one_moment(engine) as connection:
        return await read_lag(connection)


async def list_cursors(engine: AsyncEngine) -> tuple[ConsumerCursor, ...]:
    """How far each consumer got in each module, with the first 100 holes of each cursor. Raises Unavailable."""
    async with one_moment(engine) as connection:
        return await read_cursors(connection)


async def read_lag(connection: AsyncConnection) -> Lag:
    """The same on a connection."""
    modules = (await connection.execute(READ_MODULES)).mappings()
    outbox = (await connection.execute(READ_OUTBOX)).mappings()
    timers = (await connection.execute(COUNT_TIMERS)).mappings().one()
    return Lag(
        modules=tuple(ModuleEnd(**row) for row in modules),
        cursors=await read_cursors(connection),
        outbox=tuple(Outbox(**row) for row in outbox),
        timers=TimerCounts(**timers),
        open_dead_letters=await count_open(connection),
        services=await read_services(connection),
        blocked=await read_blocked(connection),
    )


async def read_cursors(connection: AsyncConnection) -> tuple[ConsumerCursor, ...]:
    """The cursors, on a connection."""
    holes: defaultdict[tuple[str, str], list[Hole]] = defaultdict(list)
    for row in await connection.execute(READ_HOLES, {"most": MOST_HOLES}):
        holes[row.consumer, row.module].append(Hole(row.first, row.last, row.age_seconds))
    rows = (await connection.execute(READ_CURSORS)).mappings().all()
    since = await _waiting_since(connection, [row for row in rows if row["behind"]])
    return tuple(
        ConsumerCursor(
            **row,
            behind_seconds=since.get((row["consumer"], row["module"])),
            holes=_aged(row, holes[row["consumer"], row["module"]]),
        )
        for row in rows
    )


async def _waiting_since(
    connection: AsyncConnection, behind: Sequence[RowMapping]
) -> Mapping[tuple[str, str], float | None]:
    if not behind:
        return {}
    parameters = {
        "consumers": [row["consumer"] for row in behind],
        "modules": [row["module"] for row in behind],
        "watermarks": [row["watermark"] for row in behind],
        "lasts": [row["horizon"] for row in behind],
    }
    rows = await connection.execute(READ_WAITING_SINCE, parameters)
    return {(row.consumer, row.module): row.seconds for row in rows}


def _aged(cursor: RowMapping, holes: list[Hole]) -> tuple[Hole, ...]:
    """The holes; in the log of another database, the first one is as old as the cursor has been stopped by it."""
    if holes and cursor["horizon"] is None:
        holes = [replace(holes[0], age_seconds=cursor["hole_age_seconds"]), *holes[1:]]
    return tuple(holes)
