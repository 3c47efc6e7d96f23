"""Repairs cursors that cover positions that were never handled, and forgets cursors that nobody needs.

A dry run does the change and rolls it back. A real change is recorded in the same transaction, with who did it and why.
The repair itself is ``saga.verification.replay.cursor_repair``.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from types import MappingProxyType

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Process
from saga.modules import Horizon, read_horizon
from saga.modules.public_log import PublicLog, Unreachable
from saga.operations.errors import OperationFailed, UnknownModule
from saga.postgres import Unavailable, durable_transaction, reading
from saga.postgres.operation import Operation, record_operation
from saga.verification.replay.cursor_repair import KnownLog, RepairedCursor, forget_unheard, repair

_NOW = text("SELECT clock_timestamp()")


class NotConsumed(OperationFailed):
    """None of the processes consumes anything of the module."""


class NoCursor(OperationFailed):
    """None of the processes has a cursor in the module's log: nothing of it was handled."""


class BeyondLog(OperationFailed):
    """The position is beyond the end of the log, which is ``last_position``."""

    def __init__(self, module: str, last_position: int) -> None:
        super().__init__(f"the log of {module} ends at {last_position}")
        self.last_position = last_position


@dataclass(frozen=True, slots=True)
class ForgottenCursor:
    """A cursor that was removed."""

    consumer: str
    module: str


async def repair_cursors(
    engine: AsyncEngine,
    processes: Sequence[Process],
    module: str,
    *,
    actor: str,
    reason: str,
    handled_up_to: int | None = None,
    remote_logs: Mapping[str, AsyncEngine | None] = MappingProxyType({}),
    dry_run: bool = False,
) -> tuple[RepairedCursor, ...]:
    """Set the cursors of these processes in a module back to the positions that are proved to be handled.

    Gives each cursor before and after.

    Positions that are missing from then on are read or delivered again. All up to ``handled_up_to`` count as handled;
    by default those that were pruned. ``remote_logs`` maps each module whose log is in another database to an engine
    for that database, or to None where it can't be asked. ``actor`` and ``reason`` are recorded: name nobody in the
    reason. With ``dry_run`` everything is rolled back.

    Raises NotConsumed, NoCursor, UnknownModule or BeyondLog; LostRace; Unavailable, also if the log is in another
    database that can't be reached. Nothing is changed then.
    """
    consumers = [process for process in processes if module in process.inputs]
    if not consumers:
        consumed = dict.fromkeys(name for process in processes for name in process.inputs)
        raise NotConsumed(f"no process here consumes {module}: they consume {', '.join(consumed)}")
    async with _transaction(engine, dry_run=dry_run) as connection:
        log = await _known_log(connection, module, handled_up_to, remote_logs)
        repaired = [done for process in consumers if (done := await repair(connection, process, log)) is not None]
        if not repaired:
            raise NoCursor(f"nobody has a cursor in {module}: nothing of it was handled")
        if not dry_run:
            await record_operation(connection, _repair(actor, reason, module, handled_up_to, repaired))
    return tuple(repaired)


async def forget_cursors(
    engine: AsyncEngine, processes: Sequence[Process], *, actor: str, reason: str, dry_run: bool = False
) -> tuple[ForgottenCursor, ...]:
    """Remove the cursors of these processes in modules that they do not consume, or no longer do.

    ``actor`` and ``reason`` are recorded: name nobody in the reason. With ``dry_run`` everything is rolled back. Raises
    Unavailable or LostRace; nothing is changed then.
    """
    async with _transaction(engine, dry_run=dry_run) as connection:
        forgotten = [
            ForgottenCursor(process.name, module)
            for process in processes
            for module in await forget_unheard(connection, process)
        ]
        if not dry_run:
            ids = tuple(f"{one.consumer}/{one.module}" for one in forgotten)
            operation = Operation(actor, "forget_cursors", reason, ids, {"forgotten": len(ids)})
            await record_operation(connection, operation)
    return tuple(forgotten)


@asynccontextmanager
async def _transaction(engine: AsyncEngine, *, dry_run: bool) -> AsyncIterator[AsyncConnection]:
    """A transaction that is rolled back if it is a dry run."""
    async with reading(engine) if dry_run else durable_transaction(engine) as connection:
        yield connection


def _repair(
    actor: str, reason: str, module: str, handled_up_to: int | None, repaired: Sequence[RepairedCursor]
) -> Operation:
    cursors = [
        {"consumer": one.consumer, "before": asdict(one.before), "after": asdict(one.after), "released": one.released}
        for one in repaired
    ]
    ids = tuple(f"{one.consumer}/{one.module}" for one in repaired)
    result = {"handled_up_to": handled_up_to, "module": module, "cursors": cursors}
    return Operation(actor, "repair_cursors", reason, ids, result)


async def _known_log(
    connection: AsyncConnection,
    module: str,
    handled_up_to: int | None,
    remote_logs: Mapping[str, AsyncEngine | None],
) -> KnownLog:
    asked_at = (await connection.execute(_NOW)).scalar_one()
    is_here = module not in remote_logs
    horizon = await read_horizon(connection, module) if is_here else await _remote_horizon(module, remote_logs[module])
    if horizon is None and is_here:
        raise UnknownModule(module)
    last, pruned = (None, 0) if horizon is None else (horizon.last_position, horizon.pruned_position)
    if last is not None and last < (handled_up_to or 0):
        raise BeyondLog(module, last)
    begin = pruned if handled_up_to is None else handled_up_to
    return KnownLog(module, is_here=is_here, last_position=last, begin=begin, asked_at=asked_at)


async def _remote_horizon(module: str, engine: AsyncEngine | None) -> Horizon | None:
    """How far a log in another database goes; None where it can't be asked at all."""
    if engine is None:
        return None
    try:
        return await PublicLog(module, engine, is_here=False).horizon()
    except Unreachable as error:
        raise Unavailable(str(error), f"log of {module}") from error
