"""Runs: an operation on many things is done in batches, and goes on after an interruption.

What it is done to is fixed when it begins. The answer to each thing is recorded in the transaction that does it, so
that whoever goes on knows what is left. One process carries a run out at a time: it holds the run for a minute, and
again and again while it works. Whoever finds a run that nobody holds any more goes on with it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.operations.errors import OperationFailed
from saga.operations.trail import read_operation
from saga.postgres import LostRace, Statements, Unavailable, durable_transaction, one_moment
from saga.postgres.operation import Operation, record_operation

_SQL = Statements(__package__)
BEGIN_RUN = _SQL["begin_run"]
FIND_REQUEST = _SQL["find_request"]
FIND_OVERLAP = _SQL["find_overlap"]
HOLD_RUN = _SQL["hold_run"]
END_RUN = _SQL["end_run"]
GO_ON = _SQL["go_on"]
LIST_ABANDONED = _SQL["list_abandoned"]
LIST_UNANSWERED = _SQL["list_unanswered"]

HELD_SECONDS: Final = 60.0
HOLD_SECONDS: Final = 10.0
MOST_ITEMS: Final = 10_000
"""Of a run that the console begins."""

Act = Callable[[Sequence[str]], Awaitable[Sequence[bool]]]
"""Does some things, and says of each whether it failed."""


class NotRunning(OperationFailed):
    """The operation is not in a state for this; nothing was done."""


class BeingRedriven(OperationFailed):
    """A running operation redrives some of these dead letters already; nothing was done. ``id`` is its number."""

    def __init__(self, id: int) -> None:  # noqa: A002 -- it is the id everywhere else
        super().__init__(f"operation {id} is redriving some of these: wait for it, or stop it")
        self.id = id


@dataclass(frozen=True, slots=True)
class Pace:
    """How a run is carried out: ``batch`` things at once, ``per_second`` at most.

    It stops by itself after ``halt_after`` failures in a row; 0 for never. Raises ValueError for what is no pace.
    """

    batch: int = 100
    per_second: float | None = None
    halt_after: int = 10

    def __post_init__(self) -> None:
        if not 0 < self.batch <= MOST_ITEMS:
            raise ValueError(f"a batch has 1 to {MOST_ITEMS} things")
        if self.per_second is not None and not 0 < self.per_second <= MOST_ITEMS:
            raise ValueError(f"a rate is more than 0 and at most {MOST_ITEMS} a second")
        if not 0 <= self.halt_after <= MOST_ITEMS:
            raise ValueError(f"it stops after 0 to {MOST_ITEMS} failures in a row")


AT_ONCE: Final = Pace(batch=200, halt_after=0)
"""Everything, as fast as it goes."""


async def begin_run(
    engine: AsyncEngine, operation: Operation, pace: Pace, *, request: UUID | None = None, runner: UUID | None = None
) -> int:
    """Record the operation and its run, and give the id; the same ``request`` twice is one operation.

    A ``runner`` holds it from the beginning; otherwise it waits for anybody. Raises BeingRedriven.
    """
    asked = request or uuid4()
    async with durable_transaction(engine) as connection:
        if request and (known := (await connection.execute(FIND_REQUEST, {"request": asked})).scalar_one_or_none()):
            return int(known)
        overlap = (await connection.execute(FIND_OVERLAP, {"ids": list(operation.ids)})).scalar_one_or_none()
        if overlap is not None:
            raise BeingRedriven(overlap)
        operation_id = await record_operation(connection, operation)
        how = {
            "batch": pace.batch,
            "per_second": pace.per_second,
            "halt_after": pace.halt_after,
            "runner": runner,
            "seconds": HELD_SECONDS if runner else 0.0,
        }
        row = await connection.execute(BEGIN_RUN, {"operation_id": operation_id, "request": asked, **how})
        if row.one_or_none() is None:
            raise LostRace("another client sent the same request at this moment")
    return operation_id


@dataclass(slots=True)
class Run:
    """One process carries out one run."""

    engine: AsyncEngine
    operation_id: int
    runner: UUID = field(default_factory=uuid4)

    async def carry_out(self, act: Act) -> str | None:
        """Do what is left, and give how the run ended: "done" or "halted".

        None if another process holds it, or ended it. What ``act`` raises comes through, and the run goes on being held
        for up to a minute.
        """
        if (pace := await self._hold()) is None:
            return None
        async with one_moment(self.engine) as connection:
            left = list((await connection.execute(LIST_UNANSWERED, {"operation_id": self.operation_id})).scalars())
        failed = 0
        # The first batch is no larger than what can stop the run.
        start, size = 0, min(pace.batch, pace.halt_after or pace.batch)
        loop = asyncio.get_running_loop()
        due = loop.time()
        while start < len(left):
            if await self._hold() is None:
                return None
            some = left[start : start + size]
            async with self._held():
                failures = await act(some)
            for has_failed in failures:
                failed = failed + 1 if has_failed else 0
            if pace.halt_after and failed >= pace.halt_after:
                note = f"It stopped by itself: {failed} in a row failed again."
                return "halted" if await end_run(self.engine, self.operation_id, "halted", note) else None
            start, size = start + len(some), pace.batch
            if pace.per_second is not None and start < len(left):
                due = max(due + len(some) / pace.per_second, loop.time())
                async with self._held():
                    await asyncio.sleep(due - loop.time())
        return "done" if await end_run(self.engine, self.operation_id, "done") else None

    async def _hold(self) -> Pace | None:
        parameters = {"operation_id": self.operation_id, "runner": self.runner, "seconds": HELD_SECONDS}
        async with durable_transaction(self.engine) as connection:
            row = (await connection.execute(HOLD_RUN, parameters)).one_or_none()
        return None if row is None else Pace(row.batch, row.per_second, row.halt_after)

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[None]:
        """Hold the run while something takes its time."""
        holding = asyncio.create_task(self._hold_on())
        try:
            yield
        finally:
            holding.cancel()
            await asyncio.wait([holding])

    async def _hold_on(self) -> None:
        while True:
            await asyncio.sleep(HOLD_SECONDS)
            try:
                await self._hold()
            except (Unavailable, LostRace):
                continue  # the work itself notices


async def end_run(engine: AsyncEngine, operation_id: int, state: str, note: str | None = None) -> bool:
    """End a running operation; False if it ended before."""
    async with durable_transaction(engine) as connection:
        return await _ended(connection, operation_id, state, note)


async def stop_operation(engine: AsyncEngine, id: int, *, actor: str) -> None:  # noqa: A002 -- as everywhere
    """Stop a running operation, on the record: what is being done at this moment is still done.

    Raises UnknownOperation, NotRunning and Unavailable.
    """
    async with durable_transaction(engine) as connection:
        if is_stopped := await _ended(connection, id, "stopped", f"{actor} stopped it."):
            await record_operation(connection, Operation(actor, "stop", f"operation {id} is stopped", (str(id),), {}))
    if not is_stopped:
        report = await read_operation(engine, id, limit=1)
        raise NotRunning(f"operation {id} is {report.state}, not running")


async def resume_operation(engine: AsyncEngine, id: int, *, actor: str) -> None:  # noqa: A002 -- as everywhere
    """Let an operation go on that was stopped, or stopped by itself, on the record. Then it has to be carried out.

    Raises UnknownOperation, NotRunning and Unavailable.
    """
    async with durable_transaction(engine) as connection:
        goes_on = (await connection.execute(GO_ON, {"operation_id": id})).one_or_none() is not None
        if goes_on:
            await record_operation(connection, Operation(actor, "resume", f"operation {id} goes on", (str(id),), {}))
    if not goes_on:
        report = await read_operation(engine, id, limit=1)
        raise NotRunning(f"operation {id} is {report.state}, so there is nothing to resume")


async def _ended(connection: AsyncConnection, operation_id: int, state: str, note: str | None) -> bool:
    parameters = {"operation_id": operation_id, "state": state, "note": note}
    return (await connection.execute(END_RUN, parameters)).one_or_none() is not None


async def list_abandoned(engine: AsyncEngine) -> tuple[int, ...]:
    """The running operations that nobody carries out, the oldest first, ten at most. Raises Unavailable."""
    async with one_moment(engine) as connection:
        return tuple((await connection.execute(LIST_ABANDONED)).scalars())
