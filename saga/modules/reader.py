"""Reading a log: from a position on, up to the horizon; what others may see, or everything for the module itself.

A reader keeps one number. It asks for what comes after it, gets the events and the horizon, and keeps the horizon: that
moves also when all that happened was internal. Reading another module's log goes through views that hold no internal
event, so there is nothing here to forget.
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
"""Positions that one statement looks at, at least and at most; never fewer than the entries that are wanted."""

_SQL = Statements(__package__)
READ_HORIZON = _SQL["read_horizon"]
READ_PUBLIC = _SQL["read_public"]
READ_OUTGOING = _SQL["read_outgoing"]
READ_COMMANDS = _SQL["read_commands"]
READ_ALL = _SQL["read_all"]
READ_STREAM = _SQL["read_stream"]

Readable = AsyncConnection | AsyncSession


class Pruned(Exception):
    """The reader's position lies before what was pruned: events after it are gone from the log."""

    def __init__(self, module: str, after: int, pruned_position: int) -> None:
        self.pruned_position = pruned_position
        super().__init__(
            f"module {module} was pruned up to position {pruned_position}: what came after {after} is gone"
        )


class Reading(NamedTuple):
    """What a reading gave: the entries in position order, and the position up to which that was everything."""

    entries: list[Entry]
    horizon: int


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far a log goes.

    Up to ``pruned_position`` events may be gone. In a log that is not ``commit_ordered`` a position below
    ``last_position`` may still be on its way.
    """

    last_position: int
    last_public_position: int
    pruned_position: int
    commit_ordered: bool


async def read_horizon(connection: Readable, module: str) -> Horizon | None:
    """How far the module's log goes; None if the module is not known here."""
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
    Pruned if events after the position were pruned, and ValueError without ``upto`` for a log that is not in the order
    of its commits: one reading can't know how far that is complete.
    """
    return await _read(connection, READ_PUBLIC, module, after, limit=limit, upto=upto, handled=handled)


async def read_outgoing(
    connection: Readable, module: str, after: int, *, limit: int = LIMIT, held: Horizon | None = None
) -> Reading:
    """What leaves the module after a position: its public events and its commands, for the relay.

    ``held`` is the horizon as it was found by who holds a cursor that stands at the position: what a cursor has yet to
    read is not pruned, so the log is not asked again how far it goes. Raises Pruned if events after the position were
    pruned.
    """
    return await _read(connection, READ_OUTGOING, module, after, limit=limit, held=held)


async def read_entry(connection: Readable, module: str, position: int) -> Entry | None:
    """The public event or command at a position, also of what is being pruned; None if there is none."""
    bounds = {"module": module, "after": position - 1, "horizon": position, "limit": 1}
    row = (await connection.execute(READ_OUTGOING, bounds)).one_or_none()
    return None if row is None else Entry.from_row(row)


async def read_commands(
    connection: Readable, module: str, target: str, after: int, *, limit: int = LIMIT, held: Horizon | None = None
) -> Reading:
    """The commands that a module has for one collaborator after a position; otherwise as ``read_outgoing``."""
    return await _read(connection, READ_COMMANDS, module, after, limit=limit, held=held, target=target)


async def read_all(connection: Readable, module: str, after: int, *, limit: int = LIMIT) -> Reading:
    """Everything after a position, internal events and commands included: for the module itself."""
    return await _read(connection, READ_ALL, module, after, limit=limit)


async def read_stream(connection: Readable, module: str, stream_id: str) -> list[Entry]:
    """Everything in one stream, internal events and commands included: for the module itself."""
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
    """One page. With fewer entries than the limit everything up to the horizon was read, else up to the last one."""
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
    """Looked at after the reading: pruning says how far it goes before it removes anything."""
    known = await read_horizon(connection, module)
    return known.pruned_position if known else 0


def _stretches(after: int, horizon: int, limit: int) -> Iterator[tuple[int, int]]:
    """The stretches of a log to look into one by one, wider and wider where there is little to find.

    Through a view with a security barrier PostgreSQL does not see that an index gives its rows in order: it reads and
    sorts all that a statement may read before the limit counts.
    """
    width, widest = max(limit, NARROWEST_STRETCH), max(limit, WIDEST_STRETCH)
    while after < horizon:
        end = min(after + width, horizon)
        yield after, end
        after, width = end, min(2 * width, widest)
