"""Dead letters in groups: those that have one cause share consumer, kind, type, and the reason without its values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.operations.dead_letters import LISTED, ListedDeadLetter
from saga.postgres import Statements, one_moment

_SQL = Statements(__package__)
GROUP_DEAD_LETTERS = _SQL["group_dead_letters"]
LIST_GROUP = _SQL["list_group"]

MOST_GROUPED: Final = 10_000
"""Open dead letters that are looked at."""
_LAST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class DeadLetterGroup:
    """Open dead letters with one cause, as far as that can be seen. ``reason`` and ``example`` are of one of them.

    ``key`` names the group, for ``list_group``. Texts come from whoever sent the messages.
    """

    key: str
    consumer: str
    kind: str
    type: str | None
    dead_letters: int
    reason: str
    first_seen_at: datetime
    last_seen_at: datetime
    most_attempts: int
    example: int


async def group_dead_letters(
    engine: AsyncEngine, *, since: datetime | None = None, limit: int = LISTED
) -> tuple[DeadLetterGroup, ...]:
    """The open dead letters in groups, the largest first; of more than 10,000 only so many.

    With ``since`` only those that came or failed again at that moment or later. Raises Unavailable.
    """
    async with one_moment(engine) as connection:
        rows = await connection.execute(GROUP_DEAD_LETTERS, {"most": MOST_GROUPED, "since": since, "limit": limit})
        return tuple(DeadLetterGroup(**row) for row in rows.mappings())


async def list_group(
    engine: AsyncEngine, key: str, *, since: datetime | None = None, before: int = _LAST, limit: int = LISTED
) -> tuple[ListedDeadLetter, ...]:
    """The open dead letters of a group, newest first, before one of them.

    With ``since`` only those that came or failed again at that moment or later. Raises Unavailable.
    """
    parameters = {"key": key, "before": before, "since": since, "most": MOST_GROUPED, "limit": limit}
    async with one_moment(engine) as connection:
        rows = await connection.execute(LIST_GROUP, parameters)
        return tuple(ListedDeadLetter(**row) for row in rows.mappings())
