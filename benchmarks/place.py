"""The place of all measurements: one private stack, with a new database and empty queues for each measurement."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import aio_pika
import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.devstack.stack import Addresses
from saga.modules.outgoing import Outgoing
from saga.orders import order_process
from saga.postgres import connect_engine
from saga.rabbitmq.publisher import Publisher
from saga.rabbitmq.topology import Topology, declare, topology

PUBLISH_BATCH = 500
PREFIX = "saga"


@dataclass(frozen=True, slots=True)
class Place:
    """Addresses of a stack whose database is migrated and empty, and a folder for the logs of processes."""

    addresses: Addresses
    logs: Path

    @property
    def amqp_url(self) -> str:
        """The address of the broker, which must exist."""
        assert self.addresses.amqp_url is not None, "this scenario was given no broker"
        return self.addresses.amqp_url

    @property
    def topology(self) -> Topology:
        """The topology of the order process and its collaborators."""
        return topology(PREFIX, order_process())

    @property
    def order_queue(self) -> str:
        """The queue that is drained."""
        return self.topology.queue("order")

    @asynccontextmanager
    async def fresh(self) -> AsyncIterator["Place"]:
        """The same place with a new database and empty queues."""
        if self.addresses.amqp_url is not None:
            await self.empty_queues()
        async with copied(self.addresses.database_url) as url:
            yield replace(self, addresses=replace(self.addresses, database_url=url))

    async def empty_queues(self) -> None:
        """Declare all queues and purge them."""
        async with await aio_pika.connect(self.amqp_url) as connection:
            channel = await connection.channel()
            await declare(channel, self.topology)
            for queue in self.topology.queues:
                await (await channel.get_queue(queue.name, ensure=False)).purge()

    async def fill(self, outgoing: Sequence[Outgoing]) -> None:
        """Publish the messages to their queues, with confirms."""
        async with Publisher(self.amqp_url, self.topology, timeout_seconds=60) as publisher:
            for start in range(0, len(outgoing), PUBLISH_BATCH):
                await publisher.publish(outgoing[start : start + PUBLISH_BATCH])

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[AsyncEngine]:
        """A pool like that of a service."""
        engine = connect_engine(self.addresses.database_url, "benchmark")
        try:
            yield engine
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def plainly(self) -> AsyncIterator["asyncpg.Connection[Any]"]:
        """One connection without the timeouts of a service."""
        connection = await asyncpg.connect(self.addresses.database_url)
        try:
            yield connection
        finally:
            await connection.close()

    async def number(self, sql: str) -> float:
        """The number that a query returns."""
        async with self.plainly() as connection:
            return float(cast(float, await connection.fetchval(sql)))


@asynccontextmanager
async def copied(template: str) -> AsyncIterator[str]:
    """A copy of a database, for one measurement."""
    name = f"copy_{uuid4().hex[:8]}"
    maintenance = make_url(template).set(database="postgres").render_as_string(hide_password=False)
    await _administer(maintenance, f"CREATE DATABASE {name} TEMPLATE {make_url(template).database}")
    try:
        yield make_url(template).set(database=name).render_as_string(hide_password=False)
    finally:
        await _administer(maintenance, f"DROP DATABASE {name} WITH (FORCE)")


async def _administer(database_url: str, statement: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
