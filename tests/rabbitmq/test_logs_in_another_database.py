"""Logs in other databases: another team's database, one that gives positions only, one that can't be reached."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step
from saga.feeds.gaps import GapTimeouts
from saga.feeds.log_feed import AT_ONCE, LogFeed
from saga.modules import NewEvent, append
from saga.orders import order_process
from saga.postgres import connect_engine, durable_transaction
from tests.engine.conversation import execute, message, outcome, rows, value
from tests.modules.warehouse import open_warehouse, prepared, ship
from tests.waiting import pause

PROCESS = order_process()
HOLES_AT_ONCE = GapTimeouts(hole_seconds=0, tail_seconds=1_000)
NOWHERE = "postgresql://nobody:nothing@127.0.0.1:1/nothing"


@pytest.fixture
async def positions_only(elsewhere: AsyncEngine) -> AsyncEngine:
    """A database whose log is a table with an identity column, behind the views that readers know."""
    await open_warehouse(elsewhere)
    return elsewhere


@pytest.fixture
async def nowhere() -> AsyncIterator[AsyncEngine]:
    """A database that nobody can reach."""
    engine = connect_engine(NOWHERE, "test")
    yield engine
    await engine.dispose()


def log_feed(engine: AsyncEngine, log: AsyncEngine | None, grace: GapTimeouts = AT_ONCE) -> LogFeed:
    elsewhere = {"orders": log}
    step = Step(engine, PROCESS, remote_modules=elsewhere)
    return LogFeed(engine, step, PROCESS, "saga", grace=grace, page_size=7, remote_logs=elsewhere)


async def deliver(engine: AsyncEngine, order_id: str, position: int, previous: int | None = None) -> None:
    place = {"module": "orders", "position": position, "previous": previous}
    said = message("OrderCancelled", order_id, message_id=f"shipment-{position}", **place)  # type: ignore[arg-type]
    assert (await Step(engine, PROCESS, remote_modules={"orders"}).handle([said])).taken == 1


async def record(engine: AsyncEngine, order_id: str) -> None:
    async with durable_transaction(engine) as connection:
        event = NewEvent(order_id, "OrderCancelled", f"e-{order_id}", {"order_id": order_id})
        await append(connection, "orders", [event])


async def cursor(engine: AsyncEngine) -> list[tuple[int, str, str | None]]:
    return await rows(engine, "SELECT watermark, CAST(handled AS text), alarm FROM saga.cursor")


async def test_a_log_in_another_teams_database_feeds_the_process(engine: AsyncEngine, elsewhere: AsyncEngine) -> None:
    async with durable_transaction(elsewhere) as connection:
        await append(connection, "orders", [NewEvent("o-1", "OrderCancelled", "e-1", {"order_id": "o-1"})])
    assert await log_feed(engine, elsewhere).feed_once() == 1
    assert await outcome(engine, "o-1") == "cancelled"
    assert await cursor(engine) == [(1, "{}", None)]


async def test_a_hole_whose_log_is_nowhere_is_an_alarm_and_is_never_passed(engine: AsyncEngine) -> None:
    await deliver(engine, "o-3", 3, previous=2)
    assert await log_feed(engine, None, HOLES_AT_ONCE).feed_once() == 0
    ((watermark, handled, alarm),) = await cursor(engine)
    assert (watermark, handled) == (0, "{[3,4)}")
    assert alarm is not None
    assert "SAGA_LOG_URLS" in alarm


async def test_a_cursor_in_a_log_that_is_neither_here_nor_named_is_an_alarm(engine: AsyncEngine) -> None:
    """An earlier version believed whoever had no log here; now such a module has to be named."""
    await deliver(engine, "o-1", 1, previous=0)
    feed = LogFeed(engine, Step(engine, PROCESS), PROCESS, "saga", grace=AT_ONCE, page_size=7)
    for _ in range(2):
        await feed.feed_once()
    ((watermark, handled, alarm),) = await cursor(engine)
    assert (watermark, handled) == (1, "{}")
    assert alarm is not None
    assert "SAGA_LOG_URLS has to name it" in alarm
    await log_feed(engine, None).feed_once()
    assert await cursor(engine) == [(1, "{}", None)]


async def test_a_module_that_the_process_does_not_hear_has_no_alarm(engine: AsyncEngine) -> None:
    await execute(
        engine,
        "INSERT INTO saga.cursor (consumer, module, handled, hole_since, alarm)"
        " VALUES ('order', 'invented', '{[5,6)}', now(), 'no log'), ('other', 'invented', '{[5,6)}', now(), 'no log')",
    )
    stop, looked = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(log_feed(engine, None, HOLES_AT_ONCE).run(stop, looked, 0.1))
    await looked.wait()
    stop.set()
    await running
    alarms = await rows(engine, "SELECT consumer, alarm FROM saga.cursor ORDER BY consumer")
    assert alarms == [("order", None), ("other", "no log")]


async def test_a_log_that_cannot_be_reached_is_an_alarm_until_it_can(
    engine: AsyncEngine, elsewhere: AsyncEngine, nowhere: AsyncEngine
) -> None:
    async with durable_transaction(elsewhere) as connection:
        await append(connection, "orders", [NewEvent("o-1", "OrderCancelled", "e-1", {"order_id": "o-1"})])
    assert await log_feed(engine, nowhere).feed_once() == 0
    ((_, _, alarm),) = await cursor(engine)
    assert alarm is not None
    assert "can't be reached" in alarm
    assert "nothing@" not in alarm, "an address carries a password"
    assert await log_feed(engine, elsewhere).feed_once() == 1
    assert await cursor(engine) == [(1, "{}", None)]


async def test_a_log_that_ends_before_what_was_handled_is_an_alarm_until_it_goes_further(
    engine: AsyncEngine, elsewhere: AsyncEngine
) -> None:
    """A message may have invented the position; or the log lost its end, and its next events would be duplicates."""
    feed = log_feed(engine, elsewhere)
    await record(elsewhere, "o-1")
    await deliver(engine, "o-2", 2, previous=1)
    for _ in range(2):
        await feed.feed_once()
    ((watermark, _, alarm),) = await cursor(engine)
    assert (watermark, alarm is not None) == (2, True)
    assert "ends at position 1, and 2 was handled" in alarm  # type: ignore[operator]
    await record(elsewhere, "o-2")
    await feed.feed_once()
    assert await cursor(engine) == [(2, "{}", None)]


async def test_a_log_that_is_read_from_a_late_standby_is_no_alarm(engine: AsyncEngine, elsewhere: AsyncEngine) -> None:
    feed = log_feed(engine, elsewhere)
    await record(elsewhere, "o-1")
    for position in (2, 3, 4):
        await deliver(engine, f"o-{position}", position, previous=position - 1)
        await feed.feed_once()
        assert (await cursor(engine))[0][2] is None


async def test_a_log_that_cannot_be_reached_keeps_no_other_from_being_read(
    engine: AsyncEngine, nowhere: AsyncEngine
) -> None:
    async with durable_transaction(engine) as connection:
        await append(connection, "scheduler", [NewEvent("o-1", "PaymentTimedOut", "e-1", {"order_id": "o-1"})])
    assert await log_feed(engine, nowhere).feed_once() == 1
    assert await outcome(engine, "o-1") == "expired"


async def test_a_position_that_was_rolled_back_is_settled_by_asking_the_log(
    engine: AsyncEngine, positions_only: AsyncEngine
) -> None:
    async with positions_only.begin() as connection:
        await ship(connection, "o-1")
    async with positions_only.connect() as connection:
        assert await ship(connection, "o-2") == 2
        await connection.rollback()
    async with positions_only.begin() as connection:
        assert await ship(connection, "o-3") == 3
    feed = log_feed(engine, positions_only)
    await deliver(engine, "o-3", 3)
    while (await cursor(engine))[0][0] < 3:
        await feed.feed_once()
    assert [await outcome(engine, f"o-{n}") for n in (1, 2, 3)] == ["cancelled", None, "cancelled"]


async def test_a_position_whose_transaction_is_open_is_waited_for(
    engine: AsyncEngine, positions_only: AsyncEngine
) -> None:
    async with positions_only.connect() as slow:
        assert await ship(slow, "o-1") == 1
        async with positions_only.begin() as quick:
            assert await ship(quick, "o-2") == 2
        feed = log_feed(engine, positions_only)
        for _ in range(5):
            await feed.feed_once()
        assert await outcome(engine, "o-2") == "cancelled", "what can be seen is taken in at once"
        assert await cursor(engine) == [(0, "{[2,3)}", None)], "what may still come is not passed"
        await slow.commit()
    while (await cursor(engine))[0][0] < 2:
        await feed.feed_once()
    assert await outcome(engine, "o-1") == "cancelled"


async def test_a_transaction_that_is_prepared_meanwhile_is_waited_for_under_its_new_name(
    engine: AsyncEngine, positions_only: AsyncEngine
) -> None:
    feed = log_feed(engine, positions_only)
    async with prepared(positions_only) as (slow, finish):
        await ship(slow, "o-1")
        async with positions_only.begin() as quick:
            await ship(quick, "o-2")
        await feed.feed_once()
    for _ in range(5):
        await feed.feed_once()
    assert await cursor(engine) == [(0, "{[2,3)}", None)], "what may still come is not passed"
    await finish("COMMIT PREPARED")
    while (await cursor(engine))[0][0] < 2:
        await feed.feed_once()
    assert await outcome(engine, "o-1") == "cancelled"


async def test_no_position_of_a_log_with_gaps_and_slow_transactions_is_ever_missed(
    engine: AsyncEngine, positions_only: AsyncEngine, seed: int
) -> None:
    chance = random.Random(seed)
    committed: set[str] = set()
    writing = 5

    async def write(writer: int) -> None:
        nonlocal writing
        for number in range(40):
            order_id = f"o-{writer}-{number}"
            async with positions_only.connect() as connection:
                await ship(connection, order_id)
                if chance.random() < 0.4:
                    await pause(chance.random() * 0.03)
                if chance.random() < 0.3:
                    await connection.rollback()
                else:
                    await connection.commit()
                    committed.add(order_id)
        writing -= 1

    async def feed() -> None:
        mine = log_feed(engine, positions_only)
        while writing or (await value(engine, "SELECT max(watermark) FROM saga.cursor")) < await last_position():
            await mine.feed_once()

    async def last_position() -> int:
        return int(await value(positions_only, "SELECT max(position) FROM warehouse.shipment"))

    await asyncio.gather(*map(write, range(writing)), feed(), feed())
    taken = await rows(engine, "SELECT process_id FROM saga.instance")
    assert {order_id for (order_id,) in taken} == committed
    assert await value(engine, "SELECT CAST(handled AS text) FROM saga.cursor") == "{}"


async def test_a_transaction_that_stays_open_elsewhere_in_the_server_holds_nothing_up(
    engine: AsyncEngine, positions_only: AsyncEngine
) -> None:
    async with engine.connect() as idle:
        await idle.execute(text("SELECT 1"))
        async with positions_only.begin() as connection:
            await ship(connection, "o-1")
        feed = log_feed(engine, positions_only)
        await feed.feed_once()
        assert await cursor(engine) == [(1, "{}", None)]


async def test_an_alarm_goes_when_the_hole_is_filled_otherwise(engine: AsyncEngine) -> None:
    await deliver(engine, "o-2", 2, previous=1)
    feed = log_feed(engine, None, HOLES_AT_ONCE)
    await feed.feed_once()
    await deliver(engine, "o-1", 1, previous=0)
    await feed.feed_once()
    assert await cursor(engine) == [(2, "{}", None)]
    assert await value(engine, "SELECT hole_since FROM saga.cursor") is None


async def test_a_cursor_says_since_when_it_stands_before_a_hole(engine: AsyncEngine) -> None:
    await deliver(engine, "o-3", 3, previous=2)
    since = await value(engine, "SELECT hole_since FROM saga.cursor")
    assert since is not None
    await deliver(engine, "o-5", 5, previous=4)
    assert await value(engine, "SELECT hole_since FROM saga.cursor") == since
    await deliver(engine, "o-1", 1, previous=0)
    await execute(engine, "SELECT 1")
    assert await value(engine, "SELECT hole_since FROM saga.cursor") > since, "another hole, with an age of its own"
