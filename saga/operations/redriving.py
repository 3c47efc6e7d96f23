"""Redrive and discard: what people do with dead letters, on the record."""

from asyncio import shield
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import DeclarationError, Process
from saga.engine.dead_letters import DeadLetterState, close
from saga.engine.declarations import require_same_declaration
from saga.operations.corrections import Correction
from saga.operations.dead_letters import ForeignDeadLetters, read_owners
from saga.operations.errors import OperationFailed
from saga.operations.redriver import (
    CLOSED,
    DISCARD,
    EDIT,
    REDRIVE,
    Redriven,
    Redriver,
    RedriveReport,
    require_open,
)
from saga.operations.runs import AT_ONCE, NotRunning, Pace, Run, begin_run, end_run
from saga.operations.trail import Answered, read_operation, record_items
from saga.postgres import LostRace, Unavailable, again_after_lost_races, durable_transaction
from saga.postgres.operation import Operation, record_operation
from saga.worker.relay import CONSUMER as RELAY


async def redrive(
    engine: AsyncEngine,
    processes: Sequence[Process],
    ids: Sequence[int] | None = None,
    *,
    actor: str,
    reason: str,
    broker: str | None = None,
    prefix: str = "saga",
    remote_modules: Collection[str] = (),
    publish_timeout_seconds: float = 10.0,
    correction: Correction | None = None,
    pace: Pace = AT_ONCE,
    progress: Callable[[Redriven], None] | None = None,
) -> RedriveReport:
    """Redrive these dead letters, or all that are open, oldest first. ``actor`` and ``reason`` are recorded.

    Dead letters of ``processes`` are handled again, as if they were delivered again. What the relay could not send is
    sent again to ``broker``, an AMQP URL; without such dead letters no broker is needed. ``prefix`` is that of the
    exchanges; ``remote_modules`` names the modules whose logs are in other databases. A ``correction`` is for a single
    dead letter. ``progress`` is called with each result at once.

    Raises UnknownDeadLetters, ClosedDeadLetters, ForeignDeadLetters or BeingRedriven, and NotCorrectable (or of that
    EntryNotCorrectable, NotStrictData), with nothing done; DeclarationError, with nothing done, if workers of the same
    version declared a process otherwise; NoBroker or Unavailable, when some may be done.
    """
    work = Redriver(engine, _by_name(processes), prefix, remote_modules, broker, publish_timeout_seconds, progress)
    for process in processes:
        await require_same_declaration(engine, process)
    wanted, left_alone = await work.choose(ids, correction)
    if not wanted:
        return RedriveReport((), left_alone, None)
    named = tuple(map(str, wanted))
    if correction:
        changed = {"changed": [*correction.attributes, *(["data"] if correction.data is not None else [])]}
        await work.edit(wanted, correction, Operation(actor, EDIT, reason, named, changed))
        return RedriveReport(tuple(work.answers), left_alone, work.operation_id)
    operation, runner = Operation(actor, REDRIVE, reason, named, {}), uuid4()
    operation_id: int = await again_after_lost_races()(begin_run, engine, operation, pace, runner=runner)
    try:
        await work.carry_out(Run(engine, operation_id, runner))
    except BaseException:
        # Whoever asked for it sees that it ended here: nobody else goes on with it.
        with suppress(Unavailable, LostRace):
            await shield(end_run(engine, operation_id, "stopped", "It was interrupted."))
        raise
    return RedriveReport(tuple(work.answers), left_alone, operation_id)


async def begin_redrive(
    engine: AsyncEngine,
    processes: Sequence[Process],
    ids: Sequence[int],
    *,
    actor: str,
    reason: str,
    pace: Pace,
    request: UUID | None = None,
) -> int:
    """Record that these dead letters are to be redriven, and give the id of the operation: ``carry_out`` does it.

    The same ``request`` twice is one operation. Raises ForeignDeadLetters, UnknownDeadLetters and BeingRedriven with
    nothing done, and Unavailable. Dead letters that are closed by then are answered "closed".
    """
    here = {RELAY, *_by_name(processes)}
    owners = await read_owners(engine, ids)
    if foreign := {one: consumer for one, consumer in owners.items() if consumer not in here}:
        raise ForeignDeadLetters(foreign)
    operation = Operation(actor, REDRIVE, reason, tuple(map(str, sorted(ids))), {})
    operation_id: int = await again_after_lost_races()(begin_run, engine, operation, pace, request=request)
    return operation_id


async def carry_out(
    engine: AsyncEngine,
    processes: Sequence[Process],
    operation_id: int,
    *,
    broker: str | None = None,
    prefix: str = "saga",
    remote_modules: Collection[str] = (),
    publish_timeout_seconds: float = 10.0,
    progress: Callable[[Redriven], None] | None = None,
    runner: UUID | None = None,
) -> str | None:
    """Do what is left of an operation that is running, and give how it ended: "done" or "halted".

    None if another process carries it out, or ended it. The same ``runner`` may come back to it at once, others after a
    minute. The other arguments are those of ``redrive``. Raises UnknownOperation; NotRunning for one that is no
    redrive; DeclarationError as ``redrive``, and NoBroker, with the operation stopped; LostRace and Unavailable.
    """
    report = await read_operation(engine, operation_id, limit=1)
    if report.action != REDRIVE or report.batch is None:
        raise NotRunning(f"operation {operation_id} is no redrive")
    work = Redriver(engine, _by_name(processes), prefix, remote_modules, broker, publish_timeout_seconds, progress)
    try:
        for process in processes:
            await require_same_declaration(engine, process)
        return await work.carry_out(Run(engine, operation_id, runner or uuid4()))
    except (OperationFailed, DeclarationError) as error:
        await end_run(engine, operation_id, "stopped", f"It can't go on: {error}.")
        raise


def _by_name(processes: Sequence[Process]) -> dict[str, Process]:
    return {process.name: process for process in processes}


async def discard(
    engine: AsyncEngine, ids: Sequence[int], *, actor: str, reason: str, dry_run: bool = False
) -> tuple[int, ...]:
    """Discard these dead letters: they are kept, and no longer open. Gives the ids of those that were open until now.

    ``actor`` and ``reason`` are recorded. With ``dry_run`` nothing is changed. Raises UnknownDeadLetters or
    ClosedDeadLetters with nothing done, and Unavailable.
    """
    dead_letters = await require_open(engine, ids)
    if dry_run:
        return tuple(sorted(dead_letter.id for dead_letter in dead_letters))
    async with durable_transaction(engine) as connection:
        closed = set(await close(connection, ids, DeadLetterState.DISCARDED))
        answered = [
            Answered(str(one.id), "discarded" if one.id in closed else CLOSED, one.consumer, one.process_id)
            for one in dead_letters
        ]
        counts = {"answers": dict(Counter(one.answer for one in answered))}
        operation = Operation(actor, DISCARD, reason, tuple(one.item for one in answered), counts)
        await record_items(connection, await record_operation(connection, operation), answered)
    return tuple(sorted(closed))
