"""Ask as a web page asks: several questions of one moment, each cheap, however much there is.

python -m examples.programs.pages postgresql://user:password@host/database TRIP
"""

import asyncio
import sys

from sqlalchemy.ext.asyncio import AsyncEngine

from examples.trip.process import trip
from saga import operations
from saga.modules import connect_engine


async def at_a_glance(engine: AsyncEngine) -> None:
    """Numbers that stop at 10,000, in one read-only transaction whose statements may take 2 seconds each."""
    async with operations.snapshot(engine, statement_seconds=2.0):
        now = await operations.overview(engine, [trip])
        for counts in now.processes:
            print(f"{counts.process}: {counts.open} open, {[one.outcome for one in counts.newest]}")
        print(f"{now.open_dead_letters} dead letters, {now.timers.overdue} overdue, {now.outbox}")
    print(await operations.count_outcomes(engine, trip))
    print(await operations.count_due(engine), await operations.count_waiting(engine))


async def page_by_page(engine: AsyncEngine) -> None:
    """Open trips, some at a time, and why each will not go on by itself."""
    before: str | None = None
    while True:
        wanted = operations.InstanceFilter(settled=False)
        page = await operations.page_instances(engine, trip, wanted, before=before, limit=50)
        for one in page.instances:
            print(f"{one.process_id}: {page.states[one.process_id]}, {one.reason or 'goes on'}")
        if (before := page.earlier) is None:
            break
    for timer in await operations.list_timers(engine, limit=10):
        print(f"{timer.process_id} waits for {timer.name} until {timer.due_at}")
    for entry in await operations.list_waiting(engine, trip.module):
        print(f"{entry.type} waits for the relay")


async def what_if(engine: AsyncEngine, trip_id: str) -> None:
    """What a cancellation would do now, and what the dead letters would be answered: nothing is written."""
    found = await operations.find(engine, [trip], trip_id)
    print([f"{one.kind} {one.id}: {one.says}" for one in found])
    preview = await operations.preview(engine, trip, trip_id, [("TripCancelled", {"trip_id": trip_id})])
    print(f"{preview.outcome}, {[f'{one.answer}: {one.sentence}' for one in preview.answers]}")
    print(await operations.stuck_reason(engine, trip, trip_id, settled=False))
    for group in await operations.group_dead_letters(engine):
        letters = await operations.list_group(engine, group.key)
        previews = await operations.preview_dead_letters(engine, [trip], [one.id for one in letters])
        print(f"{group.dead_letters} of {group.reason}: {[one.answer for one in previews.values()]}")


async def main(database: str, trip_id: str) -> None:
    """Ask all of it, and whether anything changed meanwhile."""
    engine = connect_engine(database, "pages")
    try:
        before = await operations.read_pulse(engine)
        await at_a_glance(engine)
        await page_by_page(engine)
        await what_if(engine, trip_id)
        print("nothing changed" if await operations.read_pulse(engine) == before else "something happened")
    finally:
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
