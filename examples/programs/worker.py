"""A worker in a program of your own, beside its other tasks.

python -m examples.programs.worker postgresql://user:password@host/database amqp://user:password@host/
"""

import asyncio
import signal
import sys

from examples.trip.process import trip
from saga.modules import connect_engine
from saga.worker import STEP_SETTINGS, Worker


async def work(database: str, broker: str, stop: asyncio.Event, prefix: str = "saga") -> None:
    """Handle messages about trips until ``stop`` is set; `saga migrate` has prepared the database."""
    engine = connect_engine(database, "trips", settings=STEP_SETTINGS)
    try:
        await Worker(engine, trip, broker=broker, prefix=prefix).run(stop)
    finally:
        await engine.dispose()


async def main(database: str, broker: str) -> None:
    """Work until SIGTERM or Ctrl-C."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await work(database, broker, stop)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
