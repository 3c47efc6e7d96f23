"""A database without any of our schemas."""

from collections.abc import AsyncIterator

import pytest

from saga.devstack.stack import Addresses
from tests.conftest import fresh_database


@pytest.fixture
async def empty_url(addresses: Addresses) -> AsyncIterator[str]:
    """An empty database, gone afterwards."""
    async with fresh_database(addresses, "template0") as url:
        yield url
