"""`saga run`: one worker."""

import asyncio

from saga.cli.addresses import amqp_url, database_url
from saga.orders import order_process
from saga.postgres import connect_engine
from saga.service import say_ready, serve
from saga.settings import Settings, load_settings
from saga.transport.worker import Worker


def run() -> None:
    """Run one worker: it consumes, decides and relays until it is told to stop. Start as many as you like."""
    found = load_settings()
    database, broker = database_url(found), amqp_url(found)

    async def work(settings: Settings, stop: asyncio.Event) -> None:
        engine = connect_engine(database, "worker", settings.pool_size)
        worker = Worker(engine, broker, order_process(settings.payment_timeout), settings)
        ready = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_say_when(ready, stop))
                group.create_task(worker.run(stop, ready))
        finally:
            await engine.dispose()

    serve("worker", work)


async def _say_when(ready: asyncio.Event, stop: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in (ready, stop)]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    if ready.is_set():
        say_ready()
