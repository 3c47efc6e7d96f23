"""Keep a database in order: migrate it, prune what is old, erase what somebody asks for, and give up what is hopeless.

python -m examples.programs.upkeep postgresql://user:password@host/database TRIP
"""

import asyncio
import sys
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from examples.trip.process import trip
from saga.modules import connect_engine
from saga.operations import (
    BeingRedriven,
    Correction,
    NotErasable,
    NotRunning,
    OperationFailed,
    Pace,
    PruneEnd,
    UnknownInstances,
    UnknownOperation,
    acts_on_instance,
    acts_on_letter,
    begin_redrive,
    carry_out,
    discard,
    erase,
    forget_cursors,
    list_abandoned,
    list_dead_letters,
    list_operations,
    migrate,
    preview_correction,
    prune,
    read_dead_letters,
    read_operation,
    repair_cursors,
    resume_operation,
    stop_operation,
)

OLD = timedelta(days=90)


async def prune_old(engine: AsyncEngine) -> None:
    """Remove what is older than 90 days, if there is any of it."""
    would_go = await prune(engine, OLD, dry_run=True)
    if would_go.removed:
        pruned = await prune(engine, OLD)
        print(f"pruned {pruned.removed}" if pruned.ended is PruneEnd.DONE else "another one is at it")
    else:
        print("nothing is old enough")


async def forget_traveller(engine: AsyncEngine, trip_id: str) -> None:
    """Erase the data of a trip's messages, as its traveller asks for."""
    try:
        done = await erase(engine, trip, trip_id, actor="privacy desk", reason="request 4711")
        print(f"erased {done.entries} entries")
    except UnknownInstances as unknown:
        print(f"nothing is known of {unknown.ids}")
    except NotErasable as refused:
        print(f"not now: {refused}")


async def give_up(engine: AsyncEngine) -> None:
    """Close the dead letters about nobody, after a look at each."""
    ids = [letter.id for letter in await list_dead_letters(engine) if letter.process_id is None]
    for letter in await read_dead_letters(engine, ids):
        print(f"{letter.id}: {letter.reason}, {len(letter.body)} bytes")
    print("discarded", await discard(engine, ids, actor="night shift", reason="about nobody"))


async def redrive_slowly(engine: AsyncEngine) -> None:
    """Redrive all dead letters in batches, on the record, and go on with what another program left undone."""
    ids = [letter.id for letter in await list_dead_letters(engine)]
    if ids:
        pace = Pace(batch=10, per_second=50.0, halt_after=5)
        try:
            print("begun", await begin_redrive(engine, [trip], ids, actor="ana", reason="the hotel is back", pace=pace))
        except BeingRedriven as running:
            print("already in operation", running.id)
    for number in await list_abandoned(engine):
        print(number, await carry_out(engine, [trip], number))
    for operation in await list_operations(engine, limit=5):
        print(operation.at, operation.actor, operation.action, operation.state, dict(operation.answers))


async def look_again(engine: AsyncEngine, number: int) -> None:
    """Who asked for an operation and why; one that stopped by itself goes on, a running one is stopped."""
    try:
        report = await read_operation(engine, number)
        print(report.actor, report.reason, report.note, [item.answer for item in report.items])
        if report.state == "running":
            await stop_operation(engine, number, actor="night shift")
        else:
            await resume_operation(engine, number, actor="night shift")
    except (UnknownOperation, NotRunning) as refused:
        print(refused)


async def who_did(engine: AsyncEngine, dead_letter: int) -> None:
    """What operators did to a dead letter, and what a correction would be answered now."""
    acts = (*await acts_on_letter(engine, dead_letter), *await acts_on_instance(engine, trip.name, "t-1"))
    for act in acts:
        print(act.actor, act.action, act.answer, act.reason)
    try:
        print((await preview_correction(engine, [trip], dead_letter, Correction(type="HotelBooked"))).sentence)
    except OperationFailed as refused:
        print(refused)


async def set_cursors_right(engine: AsyncEngine) -> None:
    """Set cursors back to what can be proved, and remove those that nobody needs."""
    actor, reason = "night shift", "after the restore"
    for module in trip.inputs:
        try:
            repaired = await repair_cursors(engine, [trip], module, actor=actor, reason=reason)
            print(module, [one.is_changed for one in repaired])
        except OperationFailed as refused:
            print(refused)
    print("forgotten", await forget_cursors(engine, [trip], actor=actor, reason=reason))


async def main(database: str, trip_id: str) -> None:
    """Do all of it, to one database."""
    done = await migrate(database)
    print(f"the schema is at {done.after}")
    engine = connect_engine(database, "upkeep")
    try:
        await prune_old(engine)
        await forget_traveller(engine, trip_id)
        await give_up(engine)
        await redrive_slowly(engine)
        await look_again(engine, 1)
        await who_did(engine, 1)
        await set_cursors_right(engine)
    finally:
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
