"""Bring what an older system knows into a module's log, once, before anybody follows it.

python -m examples.programs.backfill postgresql://user:password@host/database
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy.ext.asyncio import AsyncEngine

from examples.programs.module_log import TripRated, TripRequested
from saga.modules import NewEvent, Visibility, append, connect_engine

KNOWN = (TripRequested("trip-0", "Lisbon"), TripRated("trip-0", 4))


async def backfill(engine: AsyncEngine, events: Sequence[TripRequested | TripRated]) -> int:
    """Append events whose ids follow from what they are about, so that a second run fails instead of doubling them."""
    new = [
        NewEvent(
            stream_id=event.trip_id,
            type=type(event).__name__,
            event_id=f"backfill/{event.trip_id}/{type(event).__name__}",
            data=asdict(event),
            visibility=Visibility.INTERNAL if isinstance(event, TripRated) else Visibility.PUBLIC,
            stream_version=version,
        )
        for version, event in enumerate(events, 1)
    ]
    async with engine.begin() as connection:
        return await append(connection, "trips", new)


async def main(database: str) -> None:
    """Append what is known."""
    engine = connect_engine(database, "backfill")
    try:
        print(f"the log goes up to {await backfill(engine, KNOWN)}")
    finally:
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
