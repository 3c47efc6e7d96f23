"""Ask a running system how it is, and set right what went wrong: what the command line does, in a program of one's own.

python -m examples.programs.operations postgresql://user:password@host/database TRIP
"""

import asyncio
import sys

from sqlalchemy.ext.asyncio import AsyncEngine

from examples.trip.process import trip
from saga import operations
from saga.modules import connect_engine


async def look(engine: AsyncEngine) -> None:
    """How everything is: whether the services work, who is behind, and what will not go on by itself."""
    health = await operations.health(engine, [trip])
    print("healthy" if health.is_healthy else f"not healthy: {health.database or health.missing}")
    lag = await operations.lag(engine)
    for cursor in lag.cursors:
        print(f"{cursor.consumer} is {cursor.behind} behind in {cursor.module}")
    for one in await operations.list_instances(engine, [trip], stuck=True):
        print(f"{one.process} {one.process_id} is stuck: {one.reason}")


async def explain(engine: AsyncEngine, trip_id: str) -> None:
    """One trip: what it has come to, and why."""
    found = await operations.inspect(engine, trip, trip_id)
    if found is None:
        print(f"nothing is known of {trip_id}")
        return
    print(f"{trip_id} is {found.outcome}")
    for message in found.messages:
        print(f"  {message.type}: {message.decision}")


async def set_right(engine: AsyncEngine) -> None:
    """Handle dead letters once more, on the record; who knows better may give a ``correction`` for a single one."""
    for letter in await operations.list_dead_letters(engine):
        print(f"dead letter of {letter.consumer}: {letter.reason}")
    try:
        report = await operations.redrive(engine, [trip], actor="night shift", reason="the hotel is back")
    except operations.OperationFailed as refused:
        print(f"not redriven: {refused}")
        return
    print(f"redriven: {[one.answer for one in report.answers]}")


async def prove(engine: AsyncEngine) -> None:
    """Whether everything stored is what the record says, and what the declaration makes of it."""
    replayed = await operations.replay(engine, [trip])
    audited = await operations.audit(engine, [trip])
    print(f"{replayed.instances.checked} replayed, {replayed.left} differ; clean: {audited.is_clean}")


async def main(database: str, trip_id: str) -> None:
    """Ask all of it, of one database."""
    engine = connect_engine(database, "operations")
    try:
        await look(engine)
        await set_right(engine)
        await explain(engine, trip_id)
        await prove(engine)
    finally:
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
