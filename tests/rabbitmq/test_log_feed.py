"""What a queue loses is fetched from the log; and a log alone feeds a process as well as a queue does."""

import asyncio
import random

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step
from saga.feeds.gaps import GapTimeouts
from saga.feeds.log_feed import AT_ONCE, HOLD_FEED, LogFeed
from saga.modules import NewEvent, Visibility, append
from saga.orders import order_process
from saga.postgres import durable_transaction
from tests.engine.conversation import commands, dead_letters, execute, message, outcome, rows, value

PROCESS = order_process()
HOLES_AT_ONCE = GapTimeouts(hole_seconds=0, tail_seconds=1_000)
LATER = GapTimeouts(hole_seconds=1_000, tail_seconds=1_000)


def log_feed(engine: AsyncEngine, grace: GapTimeouts = HOLES_AT_ONCE, page_size: int = 3) -> LogFeed:
    return LogFeed(engine, Step(engine, PROCESS), PROCESS, "saga", grace=grace, page_size=page_size)


async def record(engine: AsyncEngine, *events: NewEvent) -> None:
    async with durable_transaction(engine) as connection:
        await append(connection, "orders", events)


def cancelled(order_id: str) -> NewEvent:
    return NewEvent(order_id, "OrderCancelled", f"e-{order_id}", {"order_id": order_id})


async def deliver(engine: AsyncEngine, order_id: str, position: int, previous: int | None) -> None:
    place = {"module": "orders", "position": position, "previous": previous}
    said = message("OrderCancelled", order_id, message_id=f"e-{order_id}", **place)  # type: ignore[arg-type]
    assert (await Step(engine, PROCESS).handle([said])).taken == 1


async def cursor(engine: AsyncEngine) -> list[tuple[int, str]]:
    return await rows(engine, "SELECT watermark, CAST(handled AS text) FROM saga.cursor")


async def test_an_overtaken_event_is_a_hole_and_is_fetched_after_its_grace(engine: AsyncEngine) -> None:
    await record(engine, cancelled("o-1"), cancelled("o-2"), cancelled("o-3"))
    await deliver(engine, "o-3", 3, 2)
    assert await log_feed(engine, LATER).feed_once() == 0, "it may still come"
    assert await cursor(engine) == [(0, "{[3,4)}")]
    assert await log_feed(engine).feed_once() == 3
    assert await cursor(engine) == [(3, "{}")]
    assert [await outcome(engine, f"o-{n}") for n in (1, 2, 3)] == ["cancelled"] * 3


async def test_a_lost_last_event_is_fetched_after_a_longer_grace(engine: AsyncEngine) -> None:
    await record(engine, cancelled("o-1"))
    assert await log_feed(engine, HOLES_AT_ONCE).feed_once() == 0
    feed = log_feed(engine, AT_ONCE)
    assert await feed.feed_once() == 1
    assert await outcome(engine, "o-1") == "cancelled"
    assert await feed.feed_once() == 0


async def test_what_comes_after_all_is_a_repeat(engine: AsyncEngine) -> None:
    await record(engine, cancelled("o-1"))
    await log_feed(engine, AT_ONCE).feed_once()
    late = message("OrderCancelled", "o-1", message_id="e-o-1", module="orders", position=1, previous=0)
    assert (await Step(engine, PROCESS).handle([late])).repeated == 1


async def test_a_gap_without_public_events_explains_itself(engine: AsyncEngine) -> None:
    hidden = NewEvent("o-1", "FraudScoreComputed", "e-x", {"score": 7}, visibility=Visibility.INTERNAL)
    await record(engine, hidden, cancelled("o-1"), hidden, cancelled("o-2"))
    await deliver(engine, "o-1", 2, None)
    await deliver(engine, "o-2", 4, None)
    assert await cursor(engine) == [(0, "{[2,3),[4,5)}")]
    await log_feed(engine).feed_once()
    assert await cursor(engine) == [(4, "{}")]
    recorded = await rows(engine, "SELECT CAST(data AS text) FROM saga.event_log WHERE module = 'order-process'")
    assert not any("score" in data for (data,) in recorded)


async def test_the_cursor_moves_to_the_horizon_over_internal_events_alone(engine: AsyncEngine) -> None:
    hidden = NewEvent("o-1", "FraudScoreComputed", "e-x", {"score": 7}, visibility=Visibility.INTERNAL)
    await record(engine, hidden, hidden)
    await log_feed(engine, AT_ONCE).feed_once()
    assert await cursor(engine) == [(2, "{}")]


async def test_a_public_event_that_the_process_does_not_hear_is_passed_over(engine: AsyncEngine) -> None:
    await record(engine, NewEvent("o-1", "OrderPraised", "e-p", {"order_id": "o-1"}), cancelled("o-2"))
    await deliver(engine, "o-2", 2, 1)
    await log_feed(engine).feed_once()
    assert await cursor(engine) == [(2, "{}")]
    assert await dead_letters(engine) == []


async def test_a_logged_event_that_is_wrong_becomes_one_dead_letter_and_no_endless_hole(engine: AsyncEngine) -> None:
    await record(engine, NewEvent("o-1", "OrderPlaced", "e-w", {"order_id": "o-1", "amount": -1}), cancelled("o-2"))
    await deliver(engine, "o-2", 2, 1)
    feed = log_feed(engine)
    assert await feed.feed_once() == 2
    assert await feed.feed_once() == 0
    assert [kind for kind, _ in await dead_letters(engine)] == ["poison"]


async def test_a_long_history_is_taken_in_page_by_page_with_everything_that_it_leads_to(engine: AsyncEngine) -> None:
    placed = {"amount": 4_200, "currency": "EUR"}
    orders = [f"o-{number}" for number in range(50)]
    await record(engine, *(NewEvent(o, "OrderPlaced", f"p-{o}", {"order_id": o} | placed) for o in orders))
    await record(engine, *map(cancelled, orders))
    feed = log_feed(engine, AT_ONCE)
    while await feed.feed_once():
        pass
    assert await cursor(engine) == [(100, "{}")]
    for order_id in orders:
        assert await outcome(engine, order_id) == "cancelled"
        assert await commands(engine, order_id) == ["RequestPayment", "VoidPayment"]


async def test_a_consumer_goes_over_from_the_log_to_the_queue_and_back(engine: AsyncEngine, seed: int) -> None:
    """Whatever the queue brings meanwhile: what the log gave already, what comes next, or what comes far ahead."""
    chance = random.Random(seed)
    await record(engine, *(cancelled(f"o-{number}") for number in range(1, 201)))
    queue = [number for number in range(1, 201) if chance.random() < 0.7]
    chance.shuffle(queue)

    async def push() -> None:
        step = Step(engine, PROCESS)
        for start in range(0, len(queue), 7):
            batch = [
                message("OrderCancelled", f"o-{n}", message_id=f"e-o-{n}", module="orders", position=n, previous=n - 1)
                for n in queue[start : start + 7]
            ]
            await step.handle(batch)

    async def pull(feed: LogFeed) -> None:
        while await value(engine, "SELECT count(*) FROM saga.instance") < 200:
            await feed.feed_once()

    await asyncio.gather(push(), pull(log_feed(engine, AT_ONCE)), pull(log_feed(engine, AT_ONCE, page_size=11)))
    await log_feed(engine, AT_ONCE).feed_once()
    assert await cursor(engine) == [(200, "{}")]
    taken = "SELECT count(*), count(DISTINCT stream_id) FROM saga.event_log WHERE type = 'InputTaken'"
    assert await rows(engine, taken) == [(200, 200)]
    assert await value(engine, "SELECT count(*) FROM saga.event_log WHERE type = 'InputIgnored'") == 0


async def test_progress_is_recorded_where_only_the_process_itself_sees_it(engine: AsyncEngine) -> None:
    await record(engine, cancelled("o-1"), cancelled("o-2"))
    await log_feed(engine, AT_ONCE).feed_once()
    told = await rows(engine, "SELECT visibility, stream_id, data FROM saga.event_log WHERE type = 'CursorMoved'")
    assert told == [("internal", "", {"consumer": "order", "module": "orders", "watermark": 2})]
    assert await rows(engine, "SELECT * FROM saga.outgoing WHERE type = 'CursorMoved'") == []


async def test_a_new_consumer_begins_behind_what_was_pruned(engine: AsyncEngine) -> None:
    await record(engine, cancelled("o-1"), cancelled("o-2"), cancelled("o-3"))
    async with engine.begin() as connection:
        await connection.exec_driver_sql("SET LOCAL saga.pruning = 'on'")
        await connection.exec_driver_sql("UPDATE saga.module SET pruned_position = 2 WHERE name = 'orders'")
        await connection.exec_driver_sql("DELETE FROM saga.event_log WHERE position <= 2")
    await log_feed(engine, AT_ONCE).feed_once()
    assert await cursor(engine) == [(3, "{}")]
    assert [await outcome(engine, f"o-{n}") for n in (1, 2, 3)] == [None, None, "cancelled"]


async def test_a_hole_that_was_pruned_before_it_was_filled_is_an_alarm(engine: AsyncEngine) -> None:
    await record(engine, cancelled("o-1"), cancelled("o-2"), cancelled("o-3"))
    await deliver(engine, "o-3", 3, 2)
    await execute(engine, "UPDATE saga.module SET pruned_position = 2 WHERE name = 'orders'")
    assert await log_feed(engine).feed_once() == 0
    assert "pruned up to position 2" in await value(engine, "SELECT alarm FROM saga.cursor")
    assert await cursor(engine) == [(0, "{[3,4)}")]


async def test_what_comes_behind_a_hole_that_was_pruned_is_taken_in_and_the_alarm_stays(engine: AsyncEngine) -> None:
    await record(engine, *(cancelled(f"o-{number}") for number in range(1, 5)))
    await deliver(engine, "o-1", 1, 0)
    await deliver(engine, "o-4", 4, 3)
    await execute(engine, "UPDATE saga.module SET pruned_position = 3 WHERE name = 'orders'")
    feed = log_feed(engine, AT_ONCE)
    for number in range(5, 8):
        await record(engine, cancelled(f"o-{number}"))
        await feed.feed_once()
        assert await outcome(engine, f"o-{number}") == "cancelled"
        assert await cursor(engine) == [(1, f"{{[4,{number + 1})}}")]
        assert "what came after 1 is gone" in await value(engine, "SELECT alarm FROM saga.cursor")


async def test_a_feed_that_passes_by_leaves_an_alarm_alone(engine: AsyncEngine) -> None:
    await record(engine, cancelled("o-1"), cancelled("o-2"))
    await deliver(engine, "o-2", 2, 1)
    await execute(engine, "UPDATE saga.cursor SET alarm = 'raised by another feed'")
    async with engine.connect() as another:
        await another.execute(HOLD_FEED, {"consumer": PROCESS.name, "module": "orders"})
        assert await log_feed(engine, AT_ONCE).feed_once() == 0
    assert await value(engine, "SELECT alarm FROM saga.cursor") == "raised by another feed"


@pytest.mark.parametrize("feeds", [1, 3])
async def test_feeds_at_once_take_nothing_in_twice(engine: AsyncEngine, feeds: int) -> None:
    await record(engine, *(cancelled(f"o-{number}") for number in range(60)))

    async def feed() -> None:
        mine = log_feed(engine, AT_ONCE)
        while await value(engine, "SELECT coalesce(max(watermark), 0) FROM saga.cursor") < 60:
            await mine.feed_once()

    await asyncio.gather(*(feed() for _ in range(feeds)))
    assert await cursor(engine) == [(60, "{}")]
    assert await value(engine, "SELECT sum(repeats) FROM saga.inbox") == 0
