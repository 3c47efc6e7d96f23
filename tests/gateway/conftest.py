"""What the tests of the collaborators stand on: their schemas, and a desk that sends commands and reads the books."""

import asyncpg
import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.devstack.stack import Addresses
from saga_gateway_stub.migrations import migrate_collaborators
from tests.gateway.desk import Desk


@pytest.fixture(scope="session")
async def template(addresses: Addresses, template: str) -> str:
    """The template of all tests, with the collaborators' schemas in addition."""
    ours = f"{template}_gateway"
    connection = await asyncpg.connect(addresses.database_url)
    try:
        if not await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", ours):
            await connection.execute(f"CREATE DATABASE {ours} TEMPLATE {template}")
    finally:
        await connection.close()
    url = make_url(addresses.database_url).set(database=ours).render_as_string(hide_password=False)
    await migrate_collaborators(url)
    return ours


@pytest.fixture
def desk(engine: AsyncEngine) -> Desk:
    """A gateway with its books open and nothing in them."""
    return Desk(engine)
