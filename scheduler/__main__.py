"""`python -m scheduler`: one scheduler; start as many as you like."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial

from saga.postgres import owned_engine
from saga.reading.fitness import look_at_database
from saga.reading.schema import say_if_newer
from saga.retention import Pruner
from saga.service import look_first, required, say_ready, serve
from saga.settings import Settings
from scheduler.housekeeping import Housekeeping
from scheduler.metronome import Metronome
from scheduler.sweeper import Sweeper

POOL_SIZE = 2


def main() -> None:
    """Emit what is due until a signal says stop."""
    serve("scheduler", _schedule)


async def _schedule(settings: Settings, stop: asyncio.Event) -> None:
    database_url = required(settings.database_url, "SAGA_DATABASE_URL")
    async with AsyncExitStack() as owned:
        engine = owned_engine(owned, database_url, "scheduler", POOL_SIZE)
        look = partial(look_at_database, engine, allow_unsafe=settings.allow_unsafe_database)
        if not await look_first(stop, look):
            return
        await say_if_newer(engine)
        sweeper = Sweeper(engine, settings.scheduler_batch_size)
        housekeeping = None
        if settings.retention is not None:
            pruner = Pruner(owned_engine(owned, database_url, "pruner", POOL_SIZE))
            housekeeping = Housekeeping(pruner, settings.retention, settings.prune_interval_seconds)
        say_ready(retention="everything is kept" if housekeeping is None else f"{settings.retention_days} days")
        await Metronome(sweeper, settings.scheduler_poll_seconds, housekeeping).run(stop)


if __name__ == "__main__":
    main()
