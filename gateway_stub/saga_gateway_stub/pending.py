"""What is pending: captures to try and answers to give, as rows that are due at a time of the database's clock.

Rows are only ever inserted and claimed: whoever takes a command never waits for a row that an answerer has claimed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.postgres import Statements, unavailable_after

_SQL = Statements(__package__)
CLAIM_PENDING = _SQL["gateway/claim_pending"]
INSERT_PENDING = _SQL["gateway/insert_pending"]
LOOK = _SQL["gateway/look"]


@dataclass(frozen=True, slots=True)
class Pending:
    """An answer to give, under this event id; or, without one, a capture to try, whose ``number`` is 0."""

    command_id: str
    number: int
    event_id: str | None
    after_seconds: float


@dataclass(frozen=True, slots=True)
class Due:
    """What was pending and is due now."""

    command_id: str
    event_id: str | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """How long the gateway has been open, and until something is due (None if nothing is pending)."""

    open_seconds: float
    next_due_seconds: float | None


async def look(engine: AsyncEngine) -> Outlook:
    """What the database's clock says; without a proof of commit, so that looking often costs little."""
    with unavailable_after():
        async with engine.connect() as connection:
            row = (await connection.execute(LOOK)).one()
            return Outlook(row.open_seconds, row.next_due_seconds)


async def insert(connection: AsyncConnection, pending: Sequence[Pending]) -> None:
    """Note what is to be done later."""
    if pending:
        await connection.execute(
            INSERT_PENDING,
            {
                "command_ids": [one.command_id for one in pending],
                "numbers": [one.number for one in pending],
                "event_ids": [one.event_id for one in pending],
                "after_seconds": [one.after_seconds for one in pending],
            },
        )


async def claim(connection: AsyncConnection, limit: int) -> list[Due]:
    """Take what is due away; if the transaction does not commit, it still is."""
    return [Due(row.command_id, row.event_id) for row in await connection.execute(CLAIM_PENDING, {"limit": limit})]
