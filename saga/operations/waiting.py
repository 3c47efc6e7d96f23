"""What waits, one by one: deadlines that have not fired, and entries that have not left their module."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.postgres import Statements, one_moment

_SQL = Statements(__package__)
LIST_DUE_TIMERS = _SQL["list_due_timers"]
LIST_WAITING_ENTRIES = _SQL["list_waiting_entries"]

LISTED: Final = 50


@dataclass(frozen=True, slots=True)
class ListedTimer:
    """A deadline that has not fired."""

    process: str
    process_id: str
    name: str
    emits: str
    armed_at: datetime
    due_at: datetime
    overdue: bool


@dataclass(frozen=True, slots=True)
class WaitingEntry:
    """An entry of a log that has not left its module; a command names its ``target``."""

    position: int
    stream_id: str
    event_id: str
    type: str
    target: str | None
    recorded_at: datetime
    age_seconds: float


async def list_timers(
    engine: AsyncEngine, *, after: ListedTimer | None = None, limit: int = LISTED
) -> tuple[ListedTimer, ...]:
    """Deadlines that have not fired, those that are due first, from the one after ``after`` on. Raises Unavailable."""
    place: dict[str, Any] = {"due_at": None, "process": "", "process_id": "", "name": ""}
    if after is not None:
        place = {"due_at": after.due_at, "process": after.process, "process_id": after.process_id, "name": after.name}
    async with one_moment(engine) as connection:
        rows = await connection.execute(LIST_DUE_TIMERS, {**place, "limit": limit})
        return tuple(ListedTimer(**row) for row in rows.mappings())


async def list_waiting(
    engine: AsyncEngine, module: str, *, after: int = 0, limit: int = LISTED
) -> tuple[WaitingEntry, ...]:
    """The oldest public events and commands of a module that the relay has not sent, after a position.

    Raises Unavailable.
    """
    async with one_moment(engine) as connection:
        rows = await connection.execute(LIST_WAITING_ENTRIES, {"module": module, "after": after, "limit": limit})
        return tuple(WaitingEntry(**row) for row in rows.mappings())
