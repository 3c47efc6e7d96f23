"""The demo's inputs through the logs, and its reconciliation, which must not call what the demo said itself a fault."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.devstack.demo.arrivals import arrivals, diverged, read_results, send
from saga.devstack.demo.reconciliation import reconcile
from saga.devstack.demo.shop import read_progress
from saga.devstack.demo.ways import ByLogs, Input
from saga.engine import Step
from saga.feeds.log_feed import AT_ONCE, LogFeed
from saga.modules import NewEvent, append
from saga.orders import order_process
from saga.postgres import durable_transaction
from saga_gateway_stub.migrations import migrate_collaborators
from tests.engine.conversation import rows, value
from tests.waiting import LIMIT_SECONDS

PROCESS = order_process()


@pytest.fixture(autouse=True)
async def ledgers(database_url: str) -> None:
    """The collaborators' tables, with nothing in them."""
    await migrate_collaborators(database_url)


async def record(engine: AsyncEngine, module: str, *events: NewEvent) -> None:
    async with durable_transaction(engine) as connection:
        await append(connection, module, events)


async def found(engine: AsyncEngine) -> set[str]:
    return {finding.what for finding in await reconcile(engine) if finding.count}


async def test_every_order_of_arrival_goes_through_the_logs_one_input_after_the_other(engine: AsyncEngine) -> None:
    stop, ready, sent = asyncio.Event(), asyncio.Event(), arrivals()
    feed = LogFeed(engine, Step(engine, PROCESS), PROCESS, "saga", grace=AT_ONCE, page_size=50)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(feed.run(stop, ready, 0.02))
        await send(ByLogs(engine), sent)
        stop.set()
    assert diverged(sent, await read_results(engine)) == []
    for arrival in sent:
        heard = await rows(
            engine,
            "SELECT data ->> 'type' FROM saga.event_log WHERE module = 'order-process' AND stream_id = :id"
            " AND type IN ('InputTaken', 'InputIgnored') ORDER BY stream_version",
            id=arrival.order_id,
        )
        assert [kind for (kind,) in heard] == [kind for kind in arrival.inputs for _ in range(arrival.copies)]
    assert (await read_progress(engine)).unread == 0


async def test_what_was_sent_and_not_heard_is_waited_for(engine: AsyncEngine) -> None:
    way = ByLogs(engine)
    await way.send([Input("o-1/0", "orders", "OrderCancelled", "o-1", {"order_id": "o-1"})])
    waiting = asyncio.create_task(way.until_handled())
    await asyncio.wait([waiting], timeout=0.2)
    assert not waiting.done()
    feed = LogFeed(engine, Step(engine, PROCESS), PROCESS, "saga", grace=AT_ONCE, page_size=50)
    await feed.feed_once()
    async with asyncio.timeout(LIMIT_SECONDS):
        await waiting


async def test_a_timer_that_fired_twice_is_found_and_what_the_demo_said_twice_is_none(engine: AsyncEngine) -> None:
    said = Input("o-1/0", "scheduler", "PaymentTimedOut", "o-1", {"order_id": "o-1"})
    await ByLogs(engine).send([said])
    await ByLogs(engine).send([said])
    assert "timers that fired twice" not in await found(engine)
    fired = NewEvent("o-2", "PaymentTimedOut", "timer", {"order_id": "o-2"})
    await record(engine, "scheduler", fired)
    assert "timers that fired twice" not in await found(engine)
    await record(engine, "scheduler", fired)
    assert "timers that fired twice" in await found(engine)


async def test_an_event_that_was_never_answered_is_found(engine: AsyncEngine) -> None:
    assert await found(engine) == set()
    await record(engine, "orders", NewEvent("o-1", "OrderCancelled", "e-1", {"order_id": "o-1"}))
    assert await found(engine) == {"public events that the order process never answered"}
    assert (await read_progress(engine)).moving == {"events to read": 1}


async def test_only_where_a_relay_is_at_work_does_anything_wait_for_it(engine: AsyncEngine) -> None:
    await record(engine, "orders", NewEvent("o-1", "OrderCancelled", "e-1", {"order_id": "o-1"}))
    assert (await read_progress(engine)).unrelayed == 0
    async with engine.begin() as connection:
        await connection.exec_driver_sql("INSERT INTO saga.cursor (consumer, module) VALUES ('relay', 'payments')")
    assert (await read_progress(engine)).unrelayed == await value(engine, "SELECT sum(last_position) FROM saga.module")
