"""A place on the session's stack, with its services as processes of their own."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.rabbitmq.place import Place, sweep


@pytest.fixture
async def place(engine: AsyncEngine, amqp_url: str, management_url: str, prefix: str) -> AsyncIterator[Place]:
    """A database and a name space on the broker that nobody else has."""
    place = Place(engine, amqp_url, management_url, prefix)
    yield place
    await sweep(place)
