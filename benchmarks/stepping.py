"""A process that consumes and runs the durable step, without a relay: `python -m benchmarks.stepping`."""

import asyncio
from collections.abc import Sequence

from saga.engine import Step
from saga.messages import Envelope, Poison
from saga.orders import order_process
from saga.postgres import connect_engine
from saga.rabbitmq.admission import Events
from saga.rabbitmq.consumer import Consumer
from saga.rabbitmq.topology import topology
from saga.service import required, say_ready, serve
from saga.settings import Settings


async def work(settings: Settings, stop: asyncio.Event) -> None:
    """Consume and run the step until ``stop`` is set."""
    process = order_process()
    engine = connect_engine(required(settings.database_url, "SAGA_DATABASE_URL"), "benchmark", settings.pool_size)
    step, ready = Step(engine, process, remote_modules=settings.log_urls), asyncio.Event()

    async def handle(batch: Sequence[Envelope | Poison]) -> None:
        await step.handle(batch)

    amqp_url, wanted = required(settings.amqp_url, "SAGA_AMQP_URL"), topology(settings.prefix, process)
    try:
        async with asyncio.TaskGroup() as loops:
            judge = Events(process, settings.prefix, settings.accepted_exchange_names)
            consumer = Consumer(amqp_url, wanted, process.name, handle, settings.batch_size, judge=judge)
            loops.create_task(consumer.run(stop, ready))
            await ready.wait()
            say_ready()
    finally:
        await engine.dispose()


if __name__ == "__main__":
    serve("benchmark", work)
