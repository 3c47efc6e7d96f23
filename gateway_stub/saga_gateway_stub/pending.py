"""Pending work: captures to try and answers to give, as rows with a due time on the database's clock.

Rows are only inserted and claimed, so the handling of a command never waits for a row that an answerer has claimed.
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
    """Pending work that is due now."""

    command_id: str
    event_id: str | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """How long the gateway has been open, and the time until something is due (None if nothing is pending)."""

    open_seconds: float
    next_due_seconds: float | None


async def look(engine: AsyncEngine) -> Outlook:
    """The outlook by the database's clock, read without a proof of commit, so that frequent looks cost little."""
    with unavailable_after():
        async with engine.connect() as connection:
            row = (await connection.execute(LOOK)).one()
            return Outlook(row.open_seconds, row.next_due_seconds)


async def insert(connection: AsyncConnection, pending: Sequence[Pending]) -> None:
    """Insert work to do later."""
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
    """Claim and delete due rows; if the transaction does not commit, they stay."""
    return [Due(row.command_id, row.event_id) for row in await connection.execute(CLAIM_PENDING, {"limit": limit})]
