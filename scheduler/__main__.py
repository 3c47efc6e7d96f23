"""`python -m scheduler`: one scheduler; start as many as you like."""

import asyncio
from contextlib import AsyncExitStack

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.postgres import connect_engine
from saga.retention import Pruner
from saga.service import required, say_ready, serve
from saga.settings import Settings
from scheduler.housekeeping import Housekeeping
from scheduler.metronome import Metronome
from scheduler.sweeper import Sweeper


def main() -> None:
    """Emit what is due until a signal says stop."""
    serve("scheduler", _schedule)


async def _schedule(settings: Settings, stop: asyncio.Event) -> None:
    database_url = required(settings.database_url, "SAGA_DATABASE_URL")
    async with AsyncExitStack() as owned:
        sweeper = Sweeper(_owned(owned, database_url, "scheduler"), settings.scheduler_batch_size)
        housekeeping = None
        if settings.retention is not None:
            pruner = Pruner(_owned(owned, database_url, "pruner"))
            housekeeping = Housekeeping(pruner, settings.retention, settings.prune_interval_seconds)
        say_ready(retention="everything is kept" if housekeeping is None else f"{settings.retention_days} days")
        await Metronome(sweeper, settings.scheduler_poll_seconds, housekeeping).run(stop)


def _owned(owned: AsyncExitStack, database_url: str, service: str) -> AsyncEngine:
    engine = connect_engine(database_url, service, pool_size=2)
    owned.push_async_callback(engine.dispose)
    return engine


if __name__ == "__main__":
    main()
