"""A place for each test, swept afterwards."""

from collections.abc import AsyncIterator

import pytest
from aio_pika.abc import AbstractChannel
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.rabbitmq.place import Place, sweep, working
from tests.rabbitmq.wire import channel_at


@pytest.fixture
async def place(engine: AsyncEngine, amqp_url: str, management_url: str, prefix: str) -> AsyncIterator[Place]:
    """A database and a name space on the broker that nobody else has."""
    place = Place(engine, amqp_url, management_url, prefix)
    yield place
    await sweep(place)


@pytest.fixture
async def channel(place: Place) -> AsyncIterator[AbstractChannel]:
    """A channel of a client that is not ours."""
    async with channel_at(place) as channel:
        yield channel


@pytest.fixture
async def worker(place: Place) -> AsyncIterator[None]:
    """One worker at the place."""
    async with working(place):
        yield
