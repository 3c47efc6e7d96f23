"""A database, a broker, and names of its own on both, for each test."""

from collections.abc import AsyncIterator

import aio_pika
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.rabbitmq.topology import Topology
from tests.rabbitmq.place import Place


@pytest.fixture
async def place(engine: AsyncEngine, amqp_url: str, management_url: str, prefix: str) -> AsyncIterator[Place]:
    """Nobody else's; swept afterwards, but for the queues of processes, which the test declares itself."""
    yield Place(engine, amqp_url, management_url, prefix)
    swept = Topology(prefix, ())
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        await channel.queue_delete(swept.undelivered)
        for exchange in (swept.events, swept.commands, swept.undelivered):
            await channel.exchange_delete(exchange)
