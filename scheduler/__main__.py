"""`python -m scheduler`: one scheduler; start as many as you like."""

import asyncio

from saga.postgres import connect_engine
from saga.service import required, say_ready, serve
from saga.settings import Settings
from scheduler.metronome import Metronome
from scheduler.sweeper import Sweeper


def main() -> None:
    """Emit what is due until a signal says stop."""
    serve("scheduler", _schedule)


async def _schedule(settings: Settings, stop: asyncio.Event) -> None:
    engine = connect_engine(required(settings.database_url, "SAGA_DATABASE_URL"), "scheduler", pool_size=2)
    try:
        metronome = Metronome(Sweeper(engine, settings.scheduler_batch_size), settings.scheduler_poll_seconds)
        say_ready()
        await metronome.run(stop)
    finally:
        await engine.dispose()


if __name__ == "__main__":
    main()
