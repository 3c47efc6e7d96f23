"""The modules that a database knows, and the ends of their logs."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.modules import Horizon
from saga.postgres import Statements, one_moment

_SQL = Statements(__package__)
LIST_MODULES = _SQL["list_modules"]
FIND_TAIL = _SQL["find_tail"]
FIND_POSITION_BEFORE = _SQL["find_position_before"]


@dataclass(frozen=True, slots=True)
class ListedModule:
    """A module, and who has a cursor in its log.

    A module whose log is not ``kept_here`` is known only by those cursors. The last entry's time is None if there is no
    entry, or no longer one.
    """

    name: str
    kept_here: bool
    last_position: int | None
    last_public_position: int | None
    pruned_position: int | None
    last_at: datetime | None
    last_age_seconds: float | None
    consumers: tuple[str, ...]


async def list_modules(engine: AsyncEngine) -> tuple[ListedModule, ...]:
    """All modules that this database knows of, by name. Raises Unavailable."""
    async with one_moment(engine) as connection:
        return await read_modules(connection)


async def read_modules(connection: AsyncConnection) -> tuple[ListedModule, ...]:
    """The same on a connection."""
    rows = (await connection.execute(LIST_MODULES)).mappings()
    return tuple(ListedModule(**{**row, "consumers": tuple(row["consumers"])}) for row in rows)


async def find_tail(
    connection: AsyncConnection, module: str, known: Horizon, *, limit: int, internal: bool = False
) -> int:
    """The position before the last entries: before so many public ones, or so many of all; never a pruned one."""
    if internal:
        after = known.last_position - limit
    else:
        found = await connection.execute(FIND_TAIL, {"module": module, "limit": limit})
        after = found.scalar_one() or 0
    return max(after, known.pruned_position)


async def find_position_before(connection: AsyncConnection, module: str, since: datetime, known: Horizon) -> int:
    """The position after which a module's log has the entries that were recorded at this moment or later."""
    found = await connection.execute(FIND_POSITION_BEFORE, {"module": module, "since": since})
    return max(found.scalar() or 0, known.pruned_position)
