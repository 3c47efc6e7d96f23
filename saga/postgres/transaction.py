"""A transaction whose commit can be proved afterwards.

The problem: the connection can break after COMMIT was sent and before its answer arrived. A caller that takes this for
a failure does the work twice where nothing else deduplicates it; a caller that takes it for a success acknowledges
messages that are recorded nowhere.

The model: a row that only this commit can have written proves the commit. Each driver connection has a slot, a row of
``saga.commit_proof``, and each transaction begins by writing a fresh token there. The token becomes visible with the
commit, and not before it is on the disk, because the same statement turns synchronous_commit on. After a broken commit
another connection locks that row. The transaction held this lock, so it has ended by then and can't commit any more. If
the token is there, the transaction committed; otherwise it did not.

The failures: a transaction that is still open on the server keeps the lock until it ends, at the latest after
idle_in_transaction_session_timeout; a client that asks meanwhile runs into lock_timeout and asks again. A server that
crashed has lost the tokens of the commits that it lost. A standby can't answer: it refuses the write. A commit may have
become visible although a standby had not confirmed it, because the wait was cancelled; the asking client's own commit
then confirms it.

Not used: pg_xact_status. A server that crashed reuses transaction ids whose records had not reached the disk, and then
reports the status of another client's transaction.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from saga.postgres.errors import InDoubt, LostRace, Unavailable, place_of, unavailable_after
from saga.postgres.statements import Statements

RESOLVE_SECONDS = 120.0

_SQL = Statements(__package__)
PROVE_COMMIT = _SQL["prove_commit"]
FIND_PROOF = _SQL["find_proof"]
REMOVE_SLOTS = _SQL["remove_slots"]
LIMIT_STATEMENTS = _SQL["limit_statements"]

_INFO_KEY = __name__

_SNAPSHOT: ContextVar[tuple[AsyncEngine, AsyncConnection] | None] = ContextVar("snapshot", default=None)
"""The transaction that this task looks at, if it opened one for several questions."""


@dataclass(frozen=True, slots=True)
class _Proof:
    """A transaction that commits leaves this token in the slot of its connection."""

    slot: UUID
    token: UUID


@asynccontextmanager
async def durable_transaction(engine: AsyncEngine, *, proved: bool = True) -> AsyncIterator[AsyncConnection]:
    """Run the block in one transaction that has provably committed when this returns without an error.

    Raises LostRace or Unavailable when it provably did not commit, or when that could not be found out within
    RESOLVE_SECONDS (InDoubt: then the work is done again, and deduplication decides). Work that may be done twice needs
    no proof: with ``proved=False`` a lost answer to COMMIT raises Unavailable at once, and one statement is saved.
    """
    with unavailable_after(engine):
        async with engine.connect() as connection:
            transaction = await connection.begin()
            try:
                proof = await _leave_proof(connection) if proved else None
                yield connection
            except BaseException:
                await _roll_back(connection)
                raise
            if connection.invalidated or not transaction.is_active:
                raise Unavailable("the connection was lost inside the transaction, without an error", place_of(engine))
            try:
                with unavailable_after(engine):
                    await transaction.commit()
            except Unavailable as error:
                await connection.invalidate()
                if proof is None:
                    raise
                await _require_committed(engine, proof, error)


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection that is only read from. Raises Unavailable when the database is away."""
    with unavailable_after(engine):
        async with engine.connect() as connection:
            yield connection


@asynccontextmanager
async def one_moment(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection for looking only, in a transaction that sees one moment. Raises Unavailable.

    Inside a ``snapshot`` of this engine it is the snapshot's.
    """
    held = _SNAPSHOT.get()
    if held is not None and held[0] is engine:
        with unavailable_after(engine):
            yield held[1]
        return
    async with reading(engine) as connection:
        yield await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


@asynccontextmanager
async def snapshot(engine: AsyncEngine, *, statement_seconds: float = 2.0) -> AsyncIterator[None]:
    """Whatever is asked of this engine in the block, in this task, is of one moment and reads only.

    One connection and one read-only transaction for several questions, which must be asked one after the other. A
    statement that takes longer than ``statement_seconds`` is ended: Unavailable is raised, and the block has to end.
    """
    async with one_moment(engine) as connection:
        await connection.execute(LIMIT_STATEMENTS, {"timeout": f"{round(statement_seconds * 1000)}ms"})
        token = _SNAPSHOT.set((engine, connection))
        try:
            yield
        finally:
            _SNAPSHOT.reset(token)


async def _leave_proof(connection: AsyncConnection) -> _Proof:
    """Begin the transaction by writing its proof. A new connection takes a slot, and removes old slots."""
    slot = connection.info.get(_INFO_KEY)
    if slot is None:
        slot = connection.info[_INFO_KEY] = uuid4()
        await connection.execute(REMOVE_SLOTS)
    proof = _Proof(slot, uuid4())
    await connection.execute(PROVE_COMMIT, {"slot": proof.slot, "token": proof.token})
    return proof


async def _roll_back(connection: AsyncConnection) -> None:
    """Roll back; discard a connection that can't even do that."""
    try:
        with unavailable_after():
            await connection.rollback()
    except (Unavailable, LostRace):
        await connection.invalidate()


async def _require_committed(engine: AsyncEngine, proof: _Proof, broken: Unavailable) -> None:
    """Return if the transaction committed, raise Unavailable if it did not."""
    attempts = AsyncRetrying(
        retry=retry_if_exception_type((Unavailable, LostRace)),
        wait=wait_random_exponential(multiplier=0.05, max=2),
        stop=stop_after_delay(RESOLVE_SECONDS),
        reraise=True,
    )
    try:
        has_committed: bool = await attempts(_has_committed, engine, proof)
    except (Unavailable, LostRace) as reason:
        doubt = f"whether the transaction committed can't be found out ({reason}): {broken}"
        raise InDoubt(doubt, place_of(engine)) from broken
    if not has_committed:
        raise Unavailable(f"the transaction did not commit: {broken}", place_of(engine)) from broken


async def _has_committed(engine: AsyncEngine, proof: _Proof) -> bool:
    """Look for the token; trust the answer only after this transaction has committed itself."""
    with unavailable_after(engine):
        async with engine.begin() as connection:
            found = await connection.execute(FIND_PROOF, {"slot": proof.slot, "token": proof.token})
            is_proved: bool = found.one().is_proved
    return is_proved
