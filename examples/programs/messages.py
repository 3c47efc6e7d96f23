"""Say something as a module would, and read what the modules have said: for tests, and for people who look.

python -m examples.programs.messages postgresql://user:password@host/database [amqp://user:password@host/]
"""

import asyncio
import sys

from sqlalchemy.ext.asyncio import AsyncEngine

from examples.trip.process import trip
from saga.modules import connect_engine
from saga.operations import (
    NewMessage,
    UnknownModule,
    append_message,
    follow_log,
    list_collaborators,
    list_cursors,
    list_modules,
    list_queues,
    publish,
    read_log,
)

CANCELLED = NewMessage("TripCancelled", "trip-1", module="trips", data={"trip_id": "trip-1"})


async def send(broker: str, prefix: str = "saga") -> None:
    """Cancel a trip over the broker."""
    sent = await publish(broker, [trip], CANCELLED, prefix=prefix)
    print(f"sent to {sent.exchange}, {len(sent.body)} bytes")
    for queue in await list_queues(broker, [trip], prefix=prefix):
        print(f"{queue.messages} wait in {queue.name}")


async def log(engine: AsyncEngine) -> None:
    """Cancel a trip in the log of its module, from which its consumers pull, and see what comes of that there."""
    try:
        before = (await read_log(engine, "trips")).horizon
    except UnknownModule as unknown:
        print(f"{unknown}; there are {unknown.kept_here}")
        before = 0
    sent = await append_message(engine, [trip], CANCELLED)
    print(f"appended at {sent.positions}")
    async for page in follow_log(engine, "trips", after=before):
        print(f"{page.entries[0].type} of {page.entries[0].stream_id}, {page.log.last_position} in all")
        break


async def main(database: str, broker: str | None = None) -> None:
    """Cancel it, and show who is there."""
    engine = connect_engine(database, "messages")
    try:
        if broker is not None:
            await send(broker)
        else:
            await log(engine)
        print([module.name for module in await list_modules(engine)], "are the modules")
        print([cursor.consumer for cursor in await list_cursors(engine)], "read them")
        print([one.name for one in await list_collaborators(engine)], "carry out commands")
    finally:
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
