"""Reading a log, from a position up to the horizon: public events, or all entries for the module itself.

A reader remembers one number. It reads the events after it and the horizon, and remembers the horizon, which moves even
if all new events are internal. Other modules' logs are read through views without internal events, so no code here can
forget to filter them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import TextClause
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from saga.modules.log import Entry
from saga.postgres import Statements

LIMIT = 500
NOTHING_HANDLED = "{}"
NARROWEST_STRETCH, WIDEST_STRETCH = 100, 32_000
"""The least and the most positions that one statement covers; never fewer than the limit of entries."""

_SQL = Statements(__package__)
READ_HORIZON = _SQL["read_horizon"]
READ_PUBLIC = _SQL["read_public"]
READ_OUTGOING = _SQL["read_outgoing"]
READ_COMMANDS = _SQL["read_commands"]
READ_ALL = _SQL["read_all"]
READ_STREAM = _SQL["read_stream"]

Readable = AsyncConnection | AsyncSession


class Pruned(Exception):
    """The reader's position is below the pruned position: events after it are gone from the log."""

    def __init__(self, module: str, after: int, pruned_position: int) -> None:
        self.pruned_position = pruned_position
        super().__init__(
            f"module {module} was pruned up to position {pruned_position}: what came after {after} is gone"
        )


class Reading(NamedTuple):
    """The entries in position order, and the position up to which they are complete."""

    entries: list[Entry]
    horizon: int


@dataclass(frozen=True, slots=True)
class Horizon:
    """The end of a log.

    Up to ``pruned_position`` events may be gone. In a log that is not ``commit_ordered``, an event below
    ``last_position`` may still appear.
    """

    last_position: int
    last_public_position: int
    pruned_position: int
    commit_ordered: bool


async def read_horizon(connection: Readable, module: str) -> Horizon | None:
    """The horizon of the module's log; None if the database does not have the module."""
    row = (await connection.execute(READ_HORIZON, {"module": module})).one_or_none()
    return None if row is None else Horizon(*row)


async def read_public(
    connection: Readable,
    module: str,
    after: int,
    *,
    limit: int = LIMIT,
    upto: int | None = None,
    handled: str = NOTHING_HANDLED,
) -> Reading:
    """The public events after a position, and the horizon; nothing internal, not even its id.

    ``upto`` ends the reading before the horizon; positions in ``handled``, an int8multirange, are left out. Raises
    Pruned if events after the position were pruned, and ValueError without ``upto`` for a log that is not
    ``commit_ordered``: one reading can't know up to where it is complete.
    """
    return await _read(connection, READ_PUBLIC, module, after, limit=limit, upto=upto, handled=handled)


async def read_outgoing(
    connection: Readable, module: str, after: int, *, limit: int = LIMIT, held: Horizon | None = None
) -> Reading:
    """The public events and commands of a module after a position, for the relay.

    ``held`` is the horizon that was read while the caller's cursor at this position was locked: entries after a cursor
    are not pruned, so the horizon is not read again. Raises Pruned if events after the position were pruned.
    """
    return await _read(connection, READ_OUTGOING, module, after, limit=limit, held=held)


async def read_entry(connection: Readable, module: str, position: int) -> Entry | None:
    """The public event or command at a position, also if it is being pruned; None if there is none."""
    bounds = {"module": module, "after": position - 1, "horizon": position, "limit": 1}
    row = (await connection.execute(READ_OUTGOING, bounds)).one_or_none()
    return None if row is None else Entry.from_row(row)


async def read_commands(
    connection: Readable, module: str, target: str, after: int, *, limit: int = LIMIT, held: Horizon | None = None
) -> Reading:
    """The commands of a module for one collaborator after a position; otherwise as ``read_outgoing``."""
    return await _read(connection, READ_COMMANDS, module, after, limit=limit, held=held, target=target)


async def read_all(connection: Readable, module: str, after: int, *, limit: int = LIMIT) -> Reading:
    """All entries after a position, internal events and commands included: for the module itself."""
    return await _read(connection, READ_ALL, module, after, limit=limit)


async def read_stream(connection: Readable, module: str, stream_id: str) -> list[Entry]:
    """All entries of one stream, internal events and commands included: for the module itself."""
    rows = await connection.execute(READ_STREAM, {"module": module, "stream_id": stream_id})
    return [Entry.from_row(row) for row in rows]


async def _read(
    connection: Readable,
    statement: TextClause,
    module: str,
    after: int,
    *,
    limit: int,
    upto: int | None = None,
    held: Horizon | None = None,
    **arguments: str,
) -> Reading:
    """Read one page. It is complete up to the horizon if it has fewer entries than the limit, else up to the last."""
    if limit < 1:
        raise ValueError(f"limit {limit}: a reading of nothing gets nowhere")
    known = held or await read_horizon(connection, module)
    if known is not None and not known.commit_ordered and upto is None:
        raise ValueError(f"what is missing in the log of {module} may still come: read it with `follow`")
    if known is None or (horizon := min(known.last_position, known.last_position if upto is None else upto)) <= after:
        return Reading([], after)
    entries: list[Entry] = []
    for begin, end in _stretches(after, horizon, limit):
        bounds = {"module": module, "after": begin, "horizon": end, "limit": limit - len(entries)}
        entries += [Entry.from_row(row) for row in await connection.execute(statement, bounds | arguments)]
        if len(entries) == limit:
            break
    pruned = held.pruned_position if held else await _pruned_position(connection, module)
    if after < pruned:
        raise Pruned(module, after, pruned)
    return Reading(entries, entries[-1].position if len(entries) == limit else horizon)


async def _pruned_position(connection: Readable, module: str) -> int:
    """The pruned position, to be read after the entries: pruning moves it before it deletes anything."""
    known = await read_horizon(connection, module)
    return known.pruned_position if known else 0


def _stretches(after: int, horizon: int, limit: int) -> Iterator[tuple[int, int]]:
    """The ranges of a log to read one by one, wider and wider while few entries are found.

    With a security barrier view PostgreSQL does not know that an index returns rows in order: it reads and sorts all
    rows of the range before it applies the limit.
    """
    width, widest = max(limit, NARROWEST_STRETCH), max(limit, WIDEST_STRETCH)
    while after < horizon:
        end = min(after + width, horizon)
        yield after, end
        after, width = end, min(2 * width, widest)
