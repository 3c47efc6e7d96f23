"""A transaction of which we know afterwards whether it committed.

The problem: the connection can break after COMMIT was sent and before its answer came. Taking that for a failure does
the work twice where nothing else deduplicates it; taking it for a success acknowledges messages that are recorded
nowhere. So the transaction notes its id at the start, and after a broken commit asks PostgreSQL what became of it
(pg_xact_status), over another connection, until there is an answer.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from saga.postgres.errors import Conflict, Unavailable, place_of, unavailable_after

RESOLVE_SECONDS = 120.0

_XID = text("SELECT CAST(pg_current_xact_id() AS text)")
_STATUS = text("SELECT pg_xact_status(CAST(CAST(:xid AS text) AS xid8))")


class _Undecided(Exception):
    """The transaction is still in progress on the server."""


@asynccontextmanager
async def durable_transaction(engine: AsyncEngine, *, proved: bool = True) -> AsyncIterator[AsyncConnection]:
    """Run the block in one transaction that has provably committed when this returns without an error.

    Raises Conflict or Unavailable when it provably did not commit, or when that could not be found out within
    RESOLVE_SECONDS (then the work is done again, and deduplication decides). Work that may as well be done twice needs
    no proof: unless ``proved`` a commit whose answer is lost is Unavailable at once, and one statement is saved.
    """
    with unavailable_after(engine):
        async with engine.connect() as connection:
            transaction = await connection.begin()
            try:
                xid = (await connection.execute(_XID)).scalar_one() if proved else None
                yield connection
            except BaseException:
                await _roll_back(connection)
                raise
            if connection.invalidated or not transaction.is_active:
                raise Unavailable(
                    "the connection was lost inside the transaction, and nobody said so", place_of(engine)
                )
            try:
                with unavailable_after(engine):
                    await transaction.commit()
            except Unavailable as error:
                await connection.invalidate()
                if xid is None:
                    raise
                await _require_committed(engine, xid, error)


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection for looking only. Raises Unavailable when the database is away."""
    with unavailable_after(engine):
        async with engine.connect() as connection:
            yield connection


async def _roll_back(connection: AsyncConnection) -> None:
    """Roll back; a connection that can't even do that is thrown away."""
    try:
        with unavailable_after():
            await connection.rollback()
    except (Unavailable, Conflict):
        await connection.invalidate()


async def _require_committed(engine: AsyncEngine, xid: str, broken: Unavailable) -> None:
    """Return if the transaction committed, raise Unavailable if it did not."""
    attempts = AsyncRetrying(
        retry=retry_if_exception_type((Unavailable, _Undecided)),
        wait=wait_random_exponential(multiplier=0.05, max=2),
        stop=stop_after_delay(RESOLVE_SECONDS),
        reraise=True,
    )

    async def decided() -> str | None:
        status = await _status(engine, xid)
        if status == "in progress":
            raise _Undecided
        return status

    status: str | None
    try:
        status = await attempts(decided)
    except _Undecided:
        status = "in progress"
    if status != "committed":
        raise Unavailable(f"the transaction did not commit ({status}): {broken}", place_of(engine)) from broken


async def _status(engine: AsyncEngine, xid: str) -> str | None:
    async with reading(engine) as connection:
        status: str | None = (await connection.execute(_STATUS, {"xid": xid})).scalar_one()
        return status
