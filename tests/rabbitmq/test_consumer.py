"""The consumer outlives its queue, its channel and its connection, and never acknowledges what was not handled."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import quote

import orjson
import pytest
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import PublishError

from saga.messages import Envelope, Handler, Poison
from saga.postgres import Unavailable
from saga.rabbitmq.admission import unjudged
from saga.rabbitmq.consumer import Consumer
from saga.rabbitmq.deliveries import Glance, glance_for
from tests.rabbitmq.clients import call_management
from tests.rabbitmq.place import Place, working
from tests.rabbitmq.records import answers, dead_letters, is_relayed, messages_taken, outcome, outcomes
from tests.rabbitmq.wire import cancelled, depth, depth_becomes, paid, placed, publish
from tests.waiting import LIMIT_SECONDS, pause, until

BATCH = 5


@asynccontextmanager
async def consuming(
    place: Place, handle: Handler, batch_size: int = BATCH, *, glance: Glance | None = None
) -> AsyncIterator[asyncio.Task[None]]:
    """A consumer of the order queue, without a database behind it."""
    stop, ready = asyncio.Event(), asyncio.Event()
    consumer = Consumer(place.amqp_url, place.topology, "order", handle, batch_size, judge=unjudged, glance=glance)
    running = asyncio.create_task(consumer.run(stop, ready))
    async with asyncio.timeout(LIMIT_SECONDS):
        await ready.wait()
    try:
        yield running
    finally:
        stop.set()
        async with asyncio.timeout(LIMIT_SECONDS):
            await asyncio.wait([running])


class Handled:
    """A handler that notes what it was given, and lets go when a test says so."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.may_finish = asyncio.Event()

    async def __call__(self, messages: Sequence[Envelope | Poison]) -> None:
        self.ids += [str(message.id) for message in messages]
        await self.may_finish.wait()

    async def count(self) -> int:
        return len(self.ids)


def orders_of(messages: Sequence[Envelope | Poison]) -> set[str]:
    return {orjson.loads(message.raw.body)["order_id"] for message in messages}


async def left(place: Place, channel: AbstractChannel, count: int) -> set[str]:
    """The orders whose messages are in the queue, once there are so many."""
    await depth_becomes(place, place.order_queue, count)
    queue = await channel.get_queue(place.order_queue)
    found: set[str] = set()
    while (message := await queue.get(no_ack=True, fail=False)) is not None:
        found.add(orjson.loads(message.body)["order_id"])
    return found


async def prefetched(place: Place) -> list[int]:
    """How many messages the broker may send ahead to each consumer of the order queue."""
    path = f"/api/queues/%2F/{quote(place.order_queue, safe='')}"
    queue = await asyncio.to_thread(call_management, place, "GET", path)
    return [one["prefetch_count"] for one in queue["consumer_details"]]


async def close_connections(place: Place, name: str) -> None:
    """Close the connections of this name, as an operator would with the management API, once it knows of them."""

    async def known() -> list[str]:
        connections = await asyncio.to_thread(call_management, place, "GET", "/api/connections")
        return [one["name"] for one in connections if one.get("client_properties", {}).get("connection_name") == name]

    for connection in await until(known):
        await asyncio.to_thread(call_management, place, "DELETE", f"/api/connections/{quote(connection, safe='')}")


async def test_consumers_whose_queue_is_deleted_declare_it_again_and_go_on(
    place: Place, channel: AbstractChannel
) -> None:
    async def finds_a_queue() -> bool:
        try:
            await publish(channel, place, [paid("before"), cancelled("after")])
        except PublishError:
            return False
        return True

    async with working(place), working(place):
        await publish(channel, place, [placed("before")])
        await until(lambda: outcome(place.engine, "before"))
        # RabbitMQ 3.10 forgets to tell a consumer if somebody declares the queue while it is being deleted; the relay
        # declares it when it publishes for the first time.
        await until(lambda: is_relayed(place.engine))
        await channel.queue_delete(place.order_queue)
        await until(finds_a_queue)
        expected = {"before": "paid", "after": "cancelled"}
        await until(lambda: outcomes(place.engine), lambda seen: seen == expected)


async def test_a_worker_whose_connections_are_closed_comes_back_and_doubles_nothing(
    place: Place, channel: AbstractChannel
) -> None:
    async with working(place, batch_size=3):
        await close_connections(place, f"consumer {place.order_queue}")
        orders = [f"o-{number}" for number in range(60)]
        await publish(channel, place, [placed(order_id) for order_id in orders])
        await publish(channel, place, [paid(order_id) for order_id in orders])
        await until(lambda: outcomes(place.engine), lambda seen: seen == dict.fromkeys(orders, "paid"))
    await depth_becomes(place, place.order_queue, 0)
    taken, _ = await messages_taken(place.engine)
    assert taken == 2 * len(orders)
    assert await dead_letters(place.engine) == []


async def test_what_was_unacknowledged_when_the_connection_was_closed_is_handled_again_without_effect(
    place: Place, channel: AbstractChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with working(place) as worker:
        assert worker._broker is not None
        inner = worker._broker._step
        step, arrived, may_go = inner.handle, asyncio.Event(), asyncio.Event()

        async def take_and_dawdle(messages: Sequence[Envelope | Poison]) -> object:
            taken = await step(messages)
            arrived.set()
            await may_go.wait()
            return taken

        monkeypatch.setattr(inner, "handle", take_and_dawdle)
        await publish(channel, place, [paid("o-1")])
        await arrived.wait()
        await close_connections(place, f"consumer {place.order_queue}")
        may_go.set()
        await until(lambda: messages_taken(place.engine), lambda seen: seen == (1, 1))
    assert await answers(place.engine, "o-1") == ["InputTaken PaymentReceived"]
    await depth_becomes(place, place.order_queue, 0)


async def test_a_consumer_holds_four_batches_at_most(place: Place, channel: AbstractChannel) -> None:
    await publish(channel, place, [placed(f"o-{number}") for number in range(10 * BATCH)])
    handled = Handled()
    async with consuming(place, handled):
        await depth_becomes(place, place.order_queue, 6 * BATCH)
        assert 0 < len(handled.ids) <= 3 * BATCH
        handled.may_finish.set()
        await until(handled.count, lambda seen: seen == 10 * BATCH)
    await depth_becomes(place, place.order_queue, 0)
    assert len(set(handled.ids)) == 10 * BATCH


async def test_of_large_messages_a_consumer_holds_fewer_and_of_small_ones_more_again(
    place: Place, channel: AbstractChannel
) -> None:
    large = [
        replace(placed(f"l-{n}"), body=orjson.dumps({"order_id": f"l-{n}", "note": "x" * 2**20})) for n in range(60)
    ]
    small = [placed(f"s-{n}") for n in range(300)]
    await publish(channel, place, large)
    handled = Handled()
    async with consuming(place, handled, batch_size=100):
        await until(handled.count)
        await pause(1)
        assert await depth(place, place.order_queue) >= 28, "some 16 of a megabyte each, and as many again at most"
        handled.may_finish.set()
        await until(handled.count, lambda seen: seen == 60)
        await publish(channel, place, small)
        await until(handled.count, lambda seen: seen == 360)
        handled.may_finish.clear()
        await publish(channel, place, small)
        await depth_becomes(place, place.order_queue, 0)
        assert len(handled.ids) < 660, "they are held, not handled"
        handled.may_finish.set()
        await until(handled.count, lambda seen: seen == 660)
    assert len(set(handled.ids[:60])) == 60
    await depth_becomes(place, place.order_queue, 0)


async def test_a_stop_lets_the_batches_under_way_finish_and_acknowledges_them_alone(
    place: Place, channel: AbstractChannel
) -> None:
    await publish(channel, place, [placed(f"o-{number}") for number in range(5 * BATCH)])
    handled = Handled()
    async with consuming(place, handled):
        await until(handled.count)
        asyncio.get_running_loop().call_later(0.2, handled.may_finish.set)
    assert 0 < len(handled.ids) <= 3 * BATCH
    await depth_becomes(place, place.order_queue, 5 * BATCH - len(handled.ids))


async def test_a_batch_that_failed_is_left_and_the_one_after_it_is_acknowledged(
    place: Place, channel: AbstractChannel
) -> None:
    await publish(channel, place, [placed(f"o-{number}") for number in range(2 * BATCH)])
    batches: list[set[str]] = []
    second_is_done = asyncio.Event()

    async def fail_the_first(messages: Sequence[Envelope | Poison]) -> None:
        batches.append(orders_of(messages))
        if len(batches) == 1:
            await second_is_done.wait()
            raise ZeroDivisionError("a bug")
        second_is_done.set()

    async with consuming(place, fail_the_first) as running:
        with pytest.raises(ZeroDivisionError):
            await running
    expected = {f"o-{n}" for n in range(2 * BATCH)} - batches[1]
    assert batches[0] <= await left(place, channel, len(expected)) == expected


async def test_a_batch_that_was_cancelled_is_left_and_the_one_after_it_is_acknowledged(
    place: Place, channel: AbstractChannel
) -> None:
    await publish(channel, place, [placed(f"o-{number}") for number in range(2 * BATCH)])
    batches: list[set[str]] = []
    second_has_begun = asyncio.Event()

    async def never_finish_the_first(messages: Sequence[Envelope | Poison]) -> None:
        batches.append(orders_of(messages))
        if len(batches) == 1:
            await asyncio.Event().wait()
        second_has_begun.set()

    async with consuming(place, never_finish_the_first) as running:
        await second_has_begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    expected = {f"o-{n}" for n in range(2 * BATCH)} - batches[1]
    assert batches[0] <= await left(place, channel, len(expected)) == expected


async def test_a_handler_that_can_not_work_now_is_given_the_same_batch_again(
    place: Place, channel: AbstractChannel
) -> None:
    given: list[list[str]] = []

    async def fail_twice(messages: Sequence[Envelope | Poison]) -> None:
        given.append([str(message.id) for message in messages])
        if len(given) < 3:
            raise Unavailable("starting up")

    async def count() -> int:
        return len(given)

    await publish(channel, place, [placed("o-1")])
    async with consuming(place, fail_twice):
        await until(count, lambda seen: seen == 3)
    assert given[0] == given[1] == given[2]
    await depth_becomes(place, place.order_queue, 0)


async def test_others_go_past_a_hot_order_however_many_of_its_messages_stand_before_them(
    place: Place, channel: AbstractChannel
) -> None:
    flood = [paid("hot", payment_id=f"p-{number}") for number in range(100 * BATCH)]
    others = [placed(f"o-{number}") for number in range(3 * BATCH)]
    await publish(channel, place, [*flood, *others])
    handled: list[str] = []
    may_go_on = asyncio.Event()

    async def hold_up_hot_batches(messages: Sequence[Envelope | Poison]) -> None:
        orders = [orjson.loads(message.raw.body)["order_id"] for message in messages]
        # Before it is hot, two of its messages at most are in a batch of others, and several of those may be under way.
        if set(orders) == {"hot"} and len(orders) > 2:
            await may_go_on.wait()
        handled.extend(orders)

    async def others_handled() -> int:
        return sum(order != "hot" for order in handled)

    async def count() -> int:
        return len(handled)

    async with consuming(place, hold_up_hot_batches, glance=glance_for("order_id")):
        await until(others_handled, lambda seen: seen == len(others))
        assert handled.count("hot") < len(flood) / 2, "a few, before it was hot"
        may_go_on.set()
        await until(count, lambda seen: seen == len(flood) + len(others))
        await publish(channel, place, [placed(f"later-{number}") for number in range(20 * BATCH)])
        await until(count, lambda seen: seen == len(flood) + len(others) + 20 * BATCH)
    await depth_becomes(place, place.order_queue, 0)


async def test_after_a_hot_order_no_more_is_sent_ahead_than_before(place: Place, channel: AbstractChannel) -> None:
    await publish(channel, place, [paid("hot", payment_id=f"p-{number}") for number in range(100 * BATCH)])
    handled = Handled()
    handled.may_finish.set()
    async with consuming(place, handled, glance=glance_for("order_id")):
        await until(handled.count, lambda seen: seen == 100 * BATCH)
        await depth_becomes(place, place.order_queue, 0)
        await until(lambda: prefetched(place), lambda counts: counts == [4 * BATCH])
        handled.may_finish.clear()
        await publish(channel, place, [placed(f"o-{number}") for number in range(10 * BATCH)])
        await until(handled.count, lambda seen: seen > 100 * BATCH)
        await pause(0.5)
        assert await depth(place, place.order_queue) >= 6 * BATCH
        handled.may_finish.set()
        await until(handled.count, lambda seen: seen == 110 * BATCH)
