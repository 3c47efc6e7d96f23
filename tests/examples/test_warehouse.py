"""The example collaborator, a process of its own on a real stack: what it answers decides what an order comes to."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from examples.shop import order as shop
from saga.convergence import make_fact
from tests.examples.place import declared, event, told_in_the_database
from tests.rabbitmq.place import Place, working
from tests.rabbitmq.records import dead_letters, rows
from tests.rabbitmq.wire import publish
from tests.waiting import LIMIT_SECONDS, until


@asynccontextmanager
async def warehouse(place: Place, database_url: str, amqp_url: str | None) -> AsyncIterator[None]:
    """The warehouse, until SIGTERM; it has to end well."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("SAGA_")}
    environment |= {"SAGA_DATABASE_URL": database_url, "SAGA_PREFIX": place.prefix}
    if amqp_url is not None:
        environment["SAGA_AMQP_URL"] = amqp_url
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "examples.shop.warehouse", env=environment)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(LIMIT_SECONDS):
            assert await process.wait() == 0


@pytest.mark.parametrize("way", ["queue", "logs"])
async def test_the_warehouse_ships_what_is_paid_unless_it_is_told_to_stop_first(
    place: Place, database_url: str, amqp_url: str, way: str
) -> None:
    placed, first, second, _, _, cancelled, *_ = map(make_fact, shop.SAMPLES)
    paid, stopped = (
        [event(shop.order, fact, order_id) for fact in facts]
        for order_id, facts in (("o-1", (first, second, placed)), ("o-2", (placed, first, second, cancelled)))
    )
    async with declared(place, shop.order) as channel, working(place, shop.order):
        await publish(channel, place, stopped)
        await until(
            lambda: told_in_the_database(place.engine, shop.order), lambda seen: seen.get("o-2") == "cancelling"
        )
        async with warehouse(place, database_url, amqp_url if way == "queue" else None):
            await publish(channel, place, paid)
            both = {"o-1": "shipped", "o-2": "cancelled"}
            await until(
                lambda: told_in_the_database(place.engine, shop.order), lambda seen: seen == both, seconds=LIMIT_SECONDS
            )
    results = await rows(place.engine, "SELECT order_id, type, result FROM warehouse.command ORDER BY 1, 2")
    assert [tuple(row) for row in results] == [
        ("o-1", "StartFulfilment", "shipped"),
        ("o-2", "StartFulfilment", "superseded"),
        ("o-2", "StopFulfilment", "stopped"),
    ]
    assert await rows(place.engine, "SELECT 1 FROM warehouse.rejected") == []
    assert await dead_letters(place.engine) == []
