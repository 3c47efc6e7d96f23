"""Run the service once: `python -m examples.orders_service`.

It uses the database at SAGA_DATABASE_URL, which `saga migrate` has prepared, or a private PostgreSQL that is removed
afterwards.
"""

import asyncio
import os
from contextlib import nullcontext
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from examples.orders_service.service import cancel_order, history, place_order, score_again
from examples.orders_service.tables import create_tables
from saga.modules import StreamConflict, connect_engine, read_horizon, read_public
from saga.testing import private_database


def main() -> None:
    """Find the database, then take orders."""
    given = os.environ.get("SAGA_DATABASE_URL")
    with nullcontext(given) if given else private_database() as database_url:
        asyncio.run(_run(database_url))


async def _run(database_url: str) -> None:
    engine = connect_engine(database_url, "orders-service")
    try:
        await create_tables(engine)
        await _take_orders(engine)
    finally:
        await engine.dispose()


async def _take_orders(engine: AsyncEngine) -> None:
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    order_id = f"order-{uuid4().hex[:8]}"
    async with engine.connect() as connection:
        known = await read_horizon(connection, "orders")
    async with sessions.begin() as session:
        order = await place_order(session, order_id, "Ada", 129_900, "EUR")
    print(f"{order_id} is placed, at version {order.version}")
    async with sessions.begin() as session:
        computed = await score_again(session, order_id)
    print(f"meanwhile it was scored again: {computed.score}")
    try:
        async with sessions.begin() as session:
            await cancel_order(session, order_id, "too dear", seen_version=order.version)
    except StreamConflict as conflict:
        print(f"cancelling it is a conflict: {conflict}")
        async with sessions.begin() as session:
            order = await cancel_order(session, order_id, "too dear", seen_version=conflict.actual)
    print(f"{order_id} is {order.state}, at version {order.version}")
    async with sessions() as session:
        print("\nThe module itself sees:")
        print(*(f"  {event!r}" for event in await history(session, order_id)), sep="\n")
        print("\nEverybody else sees:")
        public, _ = await read_public(session, "orders", known.last_position if known else 0)
        for entry in public:
            print(f"  position {entry.position} after {entry.previous_public_position}: {entry.type} {entry.data}")


if __name__ == "__main__":
    main()
