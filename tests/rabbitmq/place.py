"""A place where a test happens: a database, a broker, and names of its own on both. Workers can be run there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import aio_pika
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import Process
from saga.orders import order_process
from saga.rabbitmq.topology import Topology, topology
from saga.worker import Worker
from tests.waiting import LIMIT_SECONDS


@dataclass(frozen=True)
class Place:
    """Where it happens. ``amqp_url`` and ``management_url`` are of the same broker."""

    engine: AsyncEngine
    amqp_url: str
    management_url: str
    prefix: str

    @property
    def topology(self) -> Topology:
        return topology(self.prefix, order_process())

    @property
    def order_queue(self) -> str:
        return self.topology.queue("order")

    @property
    def login(self) -> tuple[str, str]:
        address = urlsplit(self.amqp_url)
        return unquote(address.username or ""), unquote(address.password or "")


@asynccontextmanager
async def working(place: Place, process: Process | None = None, **settings: Any) -> AsyncIterator[Worker]:
    """A worker that works as long as the block lasts; an error in it is an error of the test."""
    stop, ready = asyncio.Event(), asyncio.Event()
    worker = Worker(place.engine, process or order_process(), broker=place.amqp_url, prefix=place.prefix, **settings)
    running = asyncio.create_task(worker.run(stop, ready))
    started = asyncio.create_task(ready.wait())
    await asyncio.wait([running, started], timeout=LIMIT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    started.cancel()
    if running.done():
        running.result()
    assert ready.is_set(), f"the worker was not ready within {LIMIT_SECONDS} s"
    try:
        yield worker
    finally:
        stop.set()
        async with asyncio.timeout(LIMIT_SECONDS):
            await running


async def sweep(place: Place) -> None:
    """Remove everything of this place from the broker."""
    topology = place.topology
    async with await aio_pika.connect(place.amqp_url) as connection:
        channel = await connection.channel()
        for queue in (*(queue.name for queue in topology.queues), topology.undelivered):
            await channel.queue_delete(queue)
        for exchange in (topology.events, topology.commands, topology.undelivered):
            await channel.exchange_delete(exchange)
