"""The logs in this database, as the pruner sees them: how far all readers have read, and which entries are old.

The readers of a log are the consumers that have a cursor for it in this database. A log without a cursor is not pruned
at all: its readers may not have begun yet. For the same reason, without a relay (which reads for all targets) nothing
is pruned from the first command whose target has no cursor onwards: collaborators then read the log themselves, and
this one has yet to begin. A consumer whose cursor is in another database can't be seen from here, and has to read
within the retention age.
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
    """A log; ``process`` is the process whose own log it is, or None.

    All ``readers`` have read it up to ``reach``; ``held_by`` is the slowest reader, None if there is no reader.
    """

    module: str
    process: str | None
    readers: frozenset[str]
    reach: int
    held_by: str | None
    pruned_position: int


@dataclass(frozen=True, slots=True)
class OldEntry:
    """An entry that is old enough; ``begins`` is true for the first remaining entry of its stream."""

    position: int
    stream_id: str
    target: str | None
    recorded_at: datetime
    begins: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """Old entries in position order; the next ones come after the position ``next``, None if there are no more."""

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
    """The entries after a position, up to the first one that is too young or that some reader has not read.

    Positions are assigned in commit order, so no old entry follows a young one. Where the clock was put back some may;
    they are pruned as soon as the young one is old.
    """
    bounds = {"module": log.module, "after": after, "reach": log.reach, "limit": limit}
    read = [OldEntry(*row) for row in await connection.execute(READ_ENTRIES, bounds)]
    entries = list(takewhile(lambda entry: entry.recorded_at < before, read))
    is_last = len(entries) < limit
    return Stretch(entries, None if is_last else entries[-1].position)


async def raise_pruned_position(connection: AsyncConnection, log: Log, position: int) -> None:
    """Record up to which position the log may lack entries, as the last statement of the deleting transaction."""
    await connection.execute(RAISE_PRUNED_POSITION, {"module": log.module, "position": position})


def first_unread(log: Log, stretch: Stretch) -> OldEntry | None:
    """The first command whose target can't have read it, because there is no relay and it has no cursor."""
    if RELAY in log.readers:
        return None
    return next(
        (entry for entry in stretch.entries if entry.target is not None and entry.target not in log.readers), None
    )
