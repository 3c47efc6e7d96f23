"""A module of another team whose log is a table with an identity column, behind the views that readers know."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

POSITIONS_ONLY = """
CREATE SCHEMA warehouse;
CREATE TABLE warehouse.shipment (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
DROP VIEW saga.public_event;
CREATE VIEW saga.public_event AS
SELECT
    'orders' AS module, position, CAST(NULL AS bigint) AS previous_public_position, order_id AS stream_id,
    CAST(1 AS bigint) AS stream_version, concat('shipment-', position) AS event_id, 'OrderCancelled' AS type,
    CAST(NULL AS text) AS target, jsonb_build_object('order_id', order_id) AS data, CAST('{}' AS jsonb) AS metadata,
    recorded_at
FROM warehouse.shipment;
DROP VIEW saga.public_module;
CREATE VIEW saga.public_module AS
SELECT
    'orders' AS name, coalesce(max(position), 0) AS last_position, coalesce(max(position), 0) AS last_public_position,
    CAST(0 AS bigint) AS pruned_position, false AS commit_ordered
FROM warehouse.shipment
"""


Finish = Callable[[str], Awaitable[None]]
"""Ends a prepared transaction, with COMMIT PREPARED or ROLLBACK PREPARED."""


async def open_warehouse(engine: AsyncEngine) -> None:
    """Let the database have such a log, and no other."""
    async with engine.begin() as connection:
        for statement in POSITIONS_ONLY.split(";"):
            await connection.execute(text(statement))


async def ship(connection: AsyncConnection, order_id: str) -> int:
    """One event; its position, which is taken before the transaction ends."""
    insert = "INSERT INTO warehouse.shipment (order_id) VALUES (:order_id) RETURNING position"
    return int((await connection.execute(text(insert), {"order_id": order_id})).scalar_one())


@asynccontextmanager
async def prepared(engine: AsyncEngine) -> AsyncIterator[tuple[AsyncConnection, Finish]]:
    """A transaction that is prepared when the block ends, and how to end it after that."""
    name = uuid4().hex

    async def finish(how: str) -> None:
        async with engine.connect() as connection:
            _ = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text(f"{how} '{name}'"))

    async with engine.connect() as connection:
        yield connection, finish
        await connection.execute(text(f"PREPARE TRANSACTION '{name}'"))
        await connection.commit()
