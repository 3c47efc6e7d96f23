"""Keep a module's log, and follow it as another program does.

python -m examples.programs.module_log postgresql://user:password@host/database
"""

import asyncio
import sys
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.modules import Entry, Module, connect_engine, follow, internal


@dataclass(frozen=True)
class TripRequested:
    """A traveller wants to go there; a public event."""

    trip_id: str
    destination: str


@internal
@dataclass(frozen=True)
class TripRated:
    """How profitable a trip is; an internal event."""

    trip_id: str
    stars: int


TRIPS = Module("trips", stream="trip_id", events=(TripRequested, TripRated))


async def request(engine: AsyncEngine, trip_id: str, destination: str) -> None:
    """Append two events in a transaction, which could write rows of the program as well."""
    async with engine.begin() as connection:
        TRIPS.append(connection, [TripRequested(trip_id, destination), TripRated(trip_id, 5)], expected_version=0)


async def watch(engine: AsyncEngine, known: int, seen: asyncio.Queue[Entry]) -> None:
    """Pass on the public events after the position ``known``, for ever."""
    async for events, horizon in follow(engine, "trips", after=known):
        for event in events:
            await seen.put(event)
        known = horizon  # store this number for the next start


async def main(database: str) -> None:
    """Request a trip, and wait until the follower has seen it."""
    engine = connect_engine(database, "trips")
    seen: asyncio.Queue[Entry] = asyncio.Queue()
    watching = asyncio.create_task(watch(engine, 0, seen))
    try:
        await request(engine, "trip-1", "Rome")
        event = await seen.get()
        print(f"position {event.position}: {event.type} {event.data}")
    finally:
        watching.cancel()
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
