"""Repairs one instance: rewrites its row and its timers from its record.

The repair first locks the row, as a step does, and then reads the record, so nothing can come in between. A missing row
is inserted to be locked. No command is sent again, whatever the record lacks. A deadline without a timer gets one with
its original due time, which may be in the past. The repair is recorded in the instance's stream, as an internal event
with the next version.
"""

from collections.abc import Sequence

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Process
from saga.engine.instances import DELETE_EMPTY_INSTANCES, Decided, Instance, write
from saga.messages.identity import derived_id
from saga.modules import NewEvent, Visibility, append
from saga.postgres import Statements, again_after_lost_races, durable_transaction
from saga.verification.difference import Difference
from saga.verification.replay.examination import Examined, examine
from saga.verification.replay.fold import REPAIRED, ArmedDeadline, Rebuilt

MOST_SENTENCES = 50

_SQL = Statements(__package__)
INSERT_MISSING_ROW = _SQL["insert_missing_row"]
LOCK_ROW = _SQL["lock_row"]
REARM_TIMERS = _SQL["rearm_timers"]


async def repair(engine: AsyncEngine, process: Process, process_id: str) -> Examined:
    """Repair what can be repaired of an instance; return what was found under its lock, before the repair.

    Raises Unavailable, or LostRace if others were in the way too often.
    """
    return await again_after_lost_races()(_repair, engine, process, process_id)


async def _repair(engine: AsyncEngine, process: Process, process_id: str) -> Examined:
    this = {"process": process.name, "process_id": process_id}
    async with durable_transaction(engine) as connection:
        others = {"module": process.module, "process_version": process.version}
        await connection.execute(INSERT_MISSING_ROW, this | others)
        await connection.execute(LOCK_ROW, this)
        (found,) = await examine(connection, process, [process_id])
        if found.repairable and found.rebuilt is not None:
            await _write(connection, process, process_id, found.rebuilt, found.differences)
        else:
            await connection.execute(DELETE_EMPTY_INSTANCES, {"process": process.name, "process_ids": [process_id]})
    return found


async def _write(
    connection: AsyncConnection,
    process: Process,
    process_id: str,
    rebuilt: Rebuilt,
    differences: Sequence[Difference],
) -> None:
    version = rebuilt.stream_version + 1
    await write(connection, process, [Decided(Instance(process_id, version, rebuilt.state), rebuilt.outcome)])
    missing = {difference.what for difference in differences}
    await _rearm(connection, process, process_id, [d for d in rebuilt.deadlines if f"timer.{d.name}" in missing])
    sentences = [difference.sentence for difference in differences if difference.repairable]
    repaired = NewEvent(
        stream_id=process_id,
        stream_version=version,
        type=REPAIRED,
        event_id=derived_id("repair", process.name, process_id, version),
        visibility=Visibility.INTERNAL,
        data={"differences": sentences[:MOST_SENTENCES], "outcome": rebuilt.outcome.value},
    )
    await append(connection, process.module, [repaired])


async def _rearm(
    connection: AsyncConnection, process: Process, process_id: str, deadlines: Sequence[ArmedDeadline]
) -> None:
    if not deadlines:
        return
    await connection.execute(
        REARM_TIMERS,
        {
            "process": process.name,
            "process_id": process_id,
            "data": orjson.dumps({process.correlate: process_id}).decode(),
            "names": [deadline.name for deadline in deadlines],
            "emits": [deadline.emits for deadline in deadlines],
            "metadata": [orjson.dumps(deadline.cause).decode() for deadline in deadlines],
            "dues": [deadline.due_at for deadline in deadlines],
        },
    )
