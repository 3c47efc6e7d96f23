"""`saga cursors repair` and `saga cursors forget`: cursors that claim too much, and cursors that nobody needs.

Both do what they would do and take it back first, to show it. What is shown is what the same transaction did, and what
is done for good is recorded in it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.cli.shell.database import database
from saga.cli.shell.failure import CommandFailed, WrongUsage
from saga.cli.shell.operator import Operator
from saga.cli.shell.terminal import shown
from saga.core import Process
from saga.modules import Horizon, read_horizon
from saga.modules.public_log import PublicLog, Unreachable
from saga.postgres import connect_engine, durable_transaction
from saga.postgres.operation import Operation, record_operation
from saga.settings import Settings
from saga.verification.replay.cursor_repair import KnownLog, RepairedCursor, forget_unheard, repair

_NOW = text("SELECT clock_timestamp()")

Done = TypeVar("Done")
Work = Callable[[AsyncConnection], Awaitable[Done]]


async def repair_cursors(
    settings: Settings, processes: Sequence[Process], module: str, handled_upto: int | None, by: Operator | None
) -> list[RepairedCursor]:
    """Repair the cursors of these processes in a module; without an operator it is taken back.

    Raises CommandFailed where there are none.
    """
    consumers = [process for process in processes if module in process.inputs]
    if not consumers:
        heard = dict.fromkeys(name for process in processes for name in process.inputs)
        raise WrongUsage(f"No process here consumes {shown(module)!r}: they consume {', '.join(heard)}.")

    async def work(connection: AsyncConnection) -> list[RepairedCursor]:
        log = await _known_log(connection, settings, module, handled_upto)
        repaired = [done for process in consumers if (done := await repair(connection, process, log)) is not None]
        if not repaired:
            raise CommandFailed(f"Nobody has a cursor in {shown(module)}: nothing of it was handled.")
        if by is not None:
            await record_operation(connection, _repair(by, module, handled_upto, repaired))
        return repaired

    async with database(settings) as engine:
        return await _done(engine, work, for_good=by is not None)


async def forget_cursors(
    settings: Settings, processes: Sequence[Process], by: Operator | None
) -> dict[str, Sequence[str]]:
    """Remove the cursors that these processes have in modules that they do not hear; which modules, by process.

    Without an operator it is taken back.
    """

    async def work(connection: AsyncConnection) -> dict[str, Sequence[str]]:
        forgotten = {process.name: await forget_unheard(connection, process) for process in processes}
        if by is not None:
            ids = tuple(f"{consumer}/{module}" for consumer, modules in forgotten.items() for module in modules)
            operation = Operation(by.actor, "forget_cursors", by.reason, ids, {"forgotten": len(ids)})
            await record_operation(connection, operation)
        return forgotten

    async with database(settings) as engine:
        return await _done(engine, work, for_good=by is not None)


def _repair(by: Operator, module: str, handled_upto: int | None, repaired: Sequence[RepairedCursor]) -> Operation:
    cursors = [
        {"consumer": one.consumer, "before": asdict(one.before), "after": asdict(one.after), "released": one.released}
        for one in repaired
    ]
    ids = tuple(f"{one.consumer}/{module}" for one in repaired)
    return Operation(
        by.actor,
        "repair_cursors",
        by.reason,
        ids,
        {"handled_up_to": handled_upto, "module": module, "cursors": cursors},
    )


async def _done(engine: AsyncEngine, work: Work[Done], *, for_good: bool) -> Done:
    """The work, done in one transaction; taken back unless it is ``for_good``."""
    if for_good:
        async with durable_transaction(engine) as connection:
            return await work(connection)
    async with engine.connect() as connection:
        return await work(connection)


async def _known_log(
    connection: AsyncConnection, settings: Settings, module: str, handled_upto: int | None
) -> KnownLog:
    asked_at = (await connection.execute(_NOW)).scalar_one()
    is_here = module not in settings.log_urls
    horizon = await read_horizon(connection, module) if is_here else await _horizon_elsewhere(settings, module)
    if horizon is None and is_here:
        raise CommandFailed(
            f"No log of {shown(module)} is kept here yet. If it is kept elsewhere, name it in SAGA_LOG_URLS; if not, "
            "repair its cursors when it has its first event."
        )
    last, pruned = (None, 0) if horizon is None else (horizon.last_position, horizon.pruned_position)
    if last is not None and last < (handled_upto or 0):
        raise WrongUsage(f"--handled-up-to is beyond the end of the log, which is {last}.")
    begin = pruned if handled_upto is None else handled_upto
    return KnownLog(module, is_here=is_here, last_position=last, begin=begin, asked_at=asked_at)


async def _horizon_elsewhere(settings: Settings, module: str) -> Horizon | None:
    """How far a log goes that is kept elsewhere; None where it can't be asked at all."""
    url = settings.log_urls[module]
    if url is None:
        return None
    engine = connect_engine(url.get_secret_value(), "cli")
    try:
        return await PublicLog(module, engine, is_here=False).horizon()
    except Unreachable as error:
        raise CommandFailed(f"{error}. Start it, or give null for it in SAGA_LOG_URLS.") from error
    finally:
        await engine.dispose()
