"""The logs that are kept here, as the pruner sees them: how far everybody has read, and what is old in them.

Everybody is who has a cursor of the log in this database. A log that nobody has a cursor of is not pruned at all: its
readers may just not have begun. For the same reason nothing behind a command is pruned whose target has no cursor while
there is no relay, which reads for all targets: collaborators then read the log themselves, and that one has yet to
begin. Who keeps a cursor in another database is not seen from here, and has to read within the retention age.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from sqlalchemy.ext.asyncio import AsyncConnection

from saga.postgres import Statements

RELAY = "relay"

_SQL = Statements(__package__)
READ_LOGS = _SQL["read_logs"]
READ_ENTRIES = _SQL["read_entries"]
RAISE_PRUNED_POSITION = _SQL["raise_pruned_position"]


@dataclass(frozen=True, slots=True)
class Log:
    """A log, and the process whose own it is, if it is one's.

    Everybody in ``readers`` has read it up to ``reach``; ``held_by`` is who has read no further, None where nobody has
    read anything.
    """

    module: str
    process: str | None
    readers: frozenset[str]
    reach: int
    held_by: str | None
    pruned_position: int


@dataclass(frozen=True, slots=True)
class OldEntry:
    """An entry that is old enough; ``begins`` says that it is the first one left of its stream."""

    position: int
    stream_id: str
    target: str | None
    recorded_at: datetime
    begins: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """Old entries in position order; the next ones come after ``next``, and None means that there are none."""

    entries: list[OldEntry]
    next: int | None


async def read_logs(connection: AsyncConnection) -> list[Log]:
    """All logs, in the order of their modules."""
    return [
        Log(
            module=row.module,
            process=row.process,
            readers=frozenset(row.readers),
            reach=min(row.watermark, row.last_position),
            held_by=row.readers[0] if row.readers else None,
            pruned_position=row.pruned_position,
        )
        for row in await connection.execute(READ_LOGS)
    ]


async def read_old(connection: AsyncConnection, log: Log, before: datetime, after: int, limit: int) -> Stretch:
    """What comes after a position, up to the first entry that is younger or that not everybody has read.

    Positions are taken in the order of the commits, so behind a young entry there is no old one; where the clock was
    put back there may be, and they are pruned as soon as that one is old.
    """
    bounds = {"module": log.module, "after": after, "reach": log.reach, "limit": limit}
    read = [OldEntry(*row) for row in await connection.execute(READ_ENTRIES, bounds)]
    entries = list(takewhile(lambda entry: entry.recorded_at < before, read))
    is_last = len(entries) < limit
    return Stretch(entries, None if is_last else entries[-1].position)


async def raise_pruned_position(connection: AsyncConnection, log: Log, position: int) -> None:
    """Say that the log may lack entries up to a position, as the last thing of the transaction that removes them."""
    await connection.execute(RAISE_PRUNED_POSITION, {"module": log.module, "position": position})


def first_unread(log: Log, stretch: Stretch) -> OldEntry | None:
    """The first command whose target can't have read it, because there is no relay and it has no cursor."""
    if RELAY in log.readers:
        return None
    return next(
        (entry for entry in stretch.entries if entry.target is not None and entry.target not in log.readers), None
    )
