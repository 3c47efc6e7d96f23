"""By hand: aio-pika and SQLAlchemy Core on asyncpg, a transaction for each message. See `core_step.py`."""

from aio_pika.abc import AbstractIncomingMessage
from contract import Done, Task, fresh_schema, run
from core_step import connected, take, warm
from lanes import consume
from orders import read
from tables import TABLES

SCHEMA = "hand_core"


async def work(task: Task) -> Done:
    """Handle all messages."""
    await fresh_schema(task.database_url, SCHEMA, TABLES)
    engine = connected(task.database_url, SCHEMA, task.at_once)
    await warm(engine, task.at_once)

    async def handle(delivery: AbstractIncomingMessage) -> None:
        await take(engine, read(delivery.headers, delivery.body))

    try:
        return Done(await consume(task, handle), SCHEMA)
    finally:
        await engine.dispose()


if __name__ == "__main__":
    run("hand_core", __doc__, work)
