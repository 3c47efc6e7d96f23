"""What the broker gives up on: some of it is handled, the rest is kept with the reason that the broker says."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import aio_pika
import orjson
import pytest
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import PublishError

from saga.engine import Step
from saga.engine.dead_letters import load_raw
from saga.messages import Raw
from saga.messages.cloudevents import decode
from saga.orders import order_process
from saga.rabbitmq.topology import DELIVERY_LIMIT
from tests.engine.killing import doors
from tests.rabbitmq.clients import call_management
from tests.rabbitmq.dying import declare_as_formerly, die_holding, exceed, policy
from tests.rabbitmq.place import Place, working
from tests.rabbitmq.records import dead_letters, open_dead_letters, outcome, outcomes
from tests.rabbitmq.wire import channel_at, depth, depth_becomes, drain, event, paid, placed, publish
from tests.waiting import LIMIT_SECONDS, until

DEATHS = 1_000


async def reasons(place: Place) -> list[str]:
    return [letter.reason for letter in await open_dead_letters(place.engine)]


async def put_back(place: Place, letter: Any) -> None:
    """As `saga dead-letters redrive` does."""
    properties = letter.properties if isinstance(letter.properties, dict) else orjson.loads(letter.properties)
    again = decode(load_raw(letter.body, properties))
    step = Step(place.engine, order_process())
    assert (await step.handle_rehearsed([again], redriven=[letter.dead_letter_id])).taken == 1


async def test_a_thousand_deaths_leave_no_dead_letter_on_a_new_queue(place: Place, channel: AbstractChannel) -> None:
    orders = [f"o-{number}" for number in range(3)]
    await publish(channel, place, [placed(order_id) for order_id in orders])
    held = 0
    while held < DEATHS:
        held += await die_holding(place, place.order_queue, DEATHS - held)
    async with working(place):
        await until(lambda: outcomes(place.engine), lambda seen: seen.keys() == set(orders))
    assert await dead_letters(place.engine) == []


async def test_a_thousand_deaths_leave_no_dead_letter_on_a_queue_of_an_earlier_version(place: Place) -> None:
    await declare_as_formerly(place)
    orders = [f"o-{number}" for number in range(3)]
    async with channel_at(place) as channel:
        await publish(channel, place, [placed(order_id) for order_id in orders])
    await die_holding(place, place.order_queue, DEATHS)
    await until(lambda: depth(place, place.topology.undelivered), lambda waiting: waiting == len(orders))
    async with working(place):
        await until(lambda: outcomes(place.engine), lambda seen: seen.keys() == set(orders))
        await depth_becomes(place, place.topology.undelivered, 0)
    assert await dead_letters(place.engine) == []


async def test_a_queue_of_an_earlier_version_is_without_its_limit_once_it_was_deleted(place: Place) -> None:
    """As the runbook says."""

    async def limits() -> dict[str, int | None]:
        queues = await asyncio.to_thread(call_management, place, "GET", "/api/queues/%2F")
        return {
            one["name"].removeprefix(f"{place.prefix}."): one["arguments"].get("x-delivery-limit")
            for one in queues
            if one["name"].startswith(f"{place.prefix}.")
        }

    await declare_as_formerly(place)
    async with working(place), channel_at(place) as channel:
        assert await limits() == {"order": 200, "gateway": 200, "fulfilment": 200, "undelivered": None}
        for queue in (*(queue.name for queue in place.topology.queues), place.topology.undelivered):
            await channel.queue_delete(queue)
        await until(limits, lambda seen: set(seen.values()) == {DELIVERY_LIMIT} and len(seen) == 4)
        await until(lambda: sent(channel, place, placed("o-1")))
        await until(lambda: outcome(place.engine, "o-1"))


async def test_an_undelivered_queue_of_an_earlier_version_keeps_what_workers_die_with_under_the_policy(
    place: Place,
) -> None:
    """As the runbook says."""
    await declare_as_formerly(place)
    async with channel_at(place) as channel:
        exchange = await channel.get_exchange(place.topology.undelivered)
        await exchange.publish(aio_pika.Message(b"{}"), "orders.OrderPlaced")
    async with policy(place, place.topology.undelivered, {"delivery-limit": DELIVERY_LIMIT}):
        await die_holding(place, place.topology.undelivered, 100)
        await depth_becomes(place, place.topology.undelivered, 1)


async def sent(channel: AbstractChannel, place: Place, raw: Raw) -> bool:
    try:
        await publish(channel, place, [raw])
    except PublishError:
        return False
    return True


async def test_what_was_given_out_too_often_has_its_address_and_headers_back_when_it_is_handled(
    place: Place, channel: AbstractChannel
) -> None:
    await publish(channel, place, [placed("bad", amount=-1)])
    await exceed(place, place.order_queue, 2, messages=1)
    async with working(place):
        (letter,) = await until(lambda: open_dead_letters(place.engine))
    assert "amount" in letter.reason
    raw = load_raw(letter.body, letter.properties)
    assert (raw.exchange, raw.routing_key) == (place.topology.events, "orders.OrderPlaced")
    assert all(name.startswith("ce-") for name in raw.headers), raw.headers


async def test_a_message_that_a_consumer_rejects_is_kept_and_put_back(place: Place, channel: AbstractChannel) -> None:
    await publish(channel, place, [placed("o-1")])
    queue = await channel.get_queue(place.order_queue)
    delivered = await queue.get(timeout=LIMIT_SECONDS)
    await delivered.reject(requeue=False)
    async with working(place):
        (letter,) = await until(lambda: open_dead_letters(place.engine))
    assert letter.reason.startswith(
        f"the broker gave it up: a consumer of queue {place.order_queue} rejected it (at 20"
    )
    assert letter.process_id == "o-1"
    await depth_becomes(place, place.topology.undelivered, 0)
    assert await outcome(place.engine, "o-1") is None
    await put_back(place, letter)
    assert await outcome(place.engine, "o-1") == "awaiting_payment"
    assert await open_dead_letters(place.engine) == []


EVENT = {"specversion": "1.0", "id": "m-1", "source": "/modules/orders", "type": "OrderPlaced", "sequence": "4"}


@pytest.mark.parametrize(
    ("raw", "order_id"),
    [
        (Raw(b'{"order_id":"o-1"}', message_id="m-1", type="OrderPlaced"), "o-1"),
        (Raw(b'{"order_id":17,"amount":NaN}', message_id="m-1", type="OrderPlaced"), "17"),
        (
            Raw(
                json.dumps({**EVENT, "data": {"order_id": "o-1"}}).encode(), content_type="application/cloudevents+json"
            ),
            "o-1",
        ),
        (Raw(b'{"order_id":"o-1"', headers={f"ce-{name}": said for name, said in EVENT.items()}), "o-1"),
    ],
)
async def test_it_is_found_from_the_order_that_it_names(
    place: Place, channel: AbstractChannel, raw: Raw, order_id: str
) -> None:
    await publish(channel, place, [replace(raw, routing_key="orders.OrderPlaced")])
    queue = await channel.get_queue(place.order_queue)
    await (await queue.get(timeout=LIMIT_SECONDS)).reject(requeue=False)
    async with working(place):
        (letter,) = await until(lambda: open_dead_letters(place.engine))
    assert (letter.process_id, letter.type, letter.message_id) == (order_id, "OrderPlaced", "m-1")
    assert (letter.module, letter.position) in ((None, None), ("orders", 4))


async def test_a_message_that_expired_is_kept_and_put_back(place: Place, channel: AbstractChannel) -> None:
    async with policy(place, place.order_queue, {"message-ttl": 1}):
        await publish(channel, place, [placed("o-1")])
        await until(lambda: depth(place, place.topology.undelivered))
    async with working(place):
        (letter,) = await until(lambda: open_dead_letters(place.engine))
    assert letter.reason.startswith(f"the broker gave it up: it expired in queue {place.order_queue} (at 20")
    await put_back(place, letter)
    assert await outcome(place.engine, "o-1") == "awaiting_payment"


async def test_messages_that_a_full_queue_dropped_are_kept(place: Place, channel: AbstractChannel) -> None:
    async with policy(place, place.order_queue, {"max-length": 1}):
        await publish(channel, place, [placed(f"o-{number}") for number in range(3)])
        await depth_becomes(place, place.topology.undelivered, 2)
    async with working(place):
        letters = await until(lambda: open_dead_letters(place.engine), lambda seen: len(seen) == 2)
        await until(lambda: outcome(place.engine, "o-2"))
    why = f"the broker gave it up: queue {place.order_queue} was full and dropped it"
    assert all(letter.reason.startswith(why) for letter in letters)
    assert sorted(letter.process_id for letter in letters) == ["o-0", "o-1"]


async def test_all_reasons_of_one_message_are_told_in_their_order(place: Place, channel: AbstractChannel) -> None:
    slow = f"{place.prefix}.slow"
    back: dict[str, Any] = {"x-message-ttl": 1, "x-dead-letter-exchange": place.topology.events}
    await channel.declare_queue(
        slow, durable=True, arguments={**back, "x-dead-letter-routing-key": "orders.OrderPlaced"}
    )
    try:
        message = aio_pika.Message(placed("o-1").body, headers=dict(placed("o-1").headers))
        await channel.default_exchange.publish(message, slow)
        queue = await channel.get_queue(place.order_queue)
        delivered = await until(lambda: queue.get(fail=False))
        await delivered.reject(requeue=False)
    finally:
        await channel.queue_delete(slow)
    async with working(place):
        (letter,) = await until(lambda: open_dead_letters(place.engine))
    first, _, second = letter.reason.partition(", then ")
    assert first.startswith(f"the broker gave it up: it expired in queue {slow} (at 20")
    assert second.startswith(f"a consumer of queue {place.order_queue} rejected it (at 20")


@pytest.mark.parametrize(
    "said",
    [
        None,
        "expired",
        [],
        [1, "expired", None],
        [{}],
        [{"reason": 3, "queue": "q"}],
        [{"reason": "expired"}],
        [{"reason": "expired", "queue": "\x00", "count": -1, "time": "now"}],
        [{"reason": "x" * 15_000, "queue": "q" * 15_000, "count": 2**62}] * 3,
        [{"reason": "delivery_limit", "queue": "q", "exchange": "nowhere"}],
        [{"reason": "delivery_limit", "queue": "q", "exchange": 5}],
        {"reason": "expired"},
    ],
    ids=range(12),
)
async def test_whatever_the_headers_say_a_message_there_is_kept(
    place: Place, channel: AbstractChannel, said: object
) -> None:
    exchange = await channel.get_exchange(place.topology.undelivered)
    headers: Any = {**placed("o-1").headers, "x-death": said, "x-first-death-queue": "\x00"}
    await exchange.publish(aio_pika.Message(placed("o-1").body, headers=headers), "orders.OrderPlaced")
    async with working(place):
        (letter,) = await until(lambda: open_dead_letters(place.engine))
        await depth_becomes(place, place.topology.undelivered, 0)
    assert letter.reason.startswith("the broker gave it up")
    assert letter.consumer == "order"
    await put_back(place, letter)


async def test_what_its_own_sender_calls_dead_is_handled_like_any_other_message(
    place: Place, channel: AbstractChannel, worker: None
) -> None:
    exchange = await channel.get_exchange(place.topology.events)
    headers: Any = {**placed("o-1").headers, "x-death": [{"reason": "delivery_limit", "queue": place.order_queue}]}
    await exchange.publish(aio_pika.Message(placed("o-1").body, headers=headers), "orders.OrderPlaced")
    await until(lambda: outcome(place.engine, "o-1"))
    assert await dead_letters(place.engine) == []


async def test_a_command_that_was_given_out_too_often_goes_back_to_its_queue(
    place: Place, channel: AbstractChannel
) -> None:
    gateway = place.topology.queue("gateway")
    async with working(place):
        await publish(channel, place, [placed("o-1")])
        await until(lambda: depth(place, gateway))
    await exceed(place, gateway, 2, messages=1)
    async with working(place):
        await until(lambda: depth(place, gateway))
        await depth_becomes(place, place.topology.undelivered, 0)
    (command,) = await drain(place, gateway)
    assert (command.exchange, command.routing_key) == (place.topology.commands, "gateway.RequestPayment")
    assert command.headers["ce-id"] == command.message_id
    assert all(name.startswith("ce-") for name in command.headers), command.headers
    assert await dead_letters(place.engine) == []


async def test_a_worker_of_another_process_gives_messages_back_to_their_queue(
    place: Place, channel: AbstractChannel
) -> None:
    await publish(channel, place, [placed("o-1")])
    await exceed(place, place.order_queue, 2, messages=1)
    async with working(place, doors):
        await until(lambda: depth(place, place.order_queue))
        await depth_becomes(place, place.topology.undelivered, 0)
    await channel.queue_delete(f"{place.prefix}.doors")
    async with working(place):
        await until(lambda: outcome(place.engine, "o-1"))
    assert await dead_letters(place.engine) == []


async def test_what_no_queue_takes_any_more_is_a_dead_letter_of_its_process(
    place: Place, channel: AbstractChannel
) -> None:
    await publish(channel, place, [placed("o-1")])
    await exceed(place, place.order_queue, 2, messages=1)
    await channel.queue_delete(place.order_queue)
    async with working(place, doors):
        (letter,) = await until(lambda: open_dead_letters(place.engine))
    await channel.queue_delete(f"{place.prefix}.doors")
    assert letter.consumer == "order"
    assert "more often than its delivery limit allows" in letter.reason
    assert letter.reason.endswith("no queue takes it now")


async def test_a_dead_letter_whose_message_comes_again_is_one_letter(place: Place, channel: AbstractChannel) -> None:
    wrong = replace(event("OrderPlaced", {"order_id": "o-1"}, id="m-1"), message_id="m-1")
    await publish(channel, place, [wrong])
    await die_holding(place, place.order_queue, 1)
    await publish(channel, place, [wrong])
    async with working(place):
        await until(lambda: open_dead_letters(place.engine), lambda seen: sum(one.attempts for one in seen) == 2)
    assert len(await dead_letters(place.engine)) == 1


@pytest.mark.parametrize("queue", ["order", "gateway"])
async def test_what_its_sender_calls_given_up_has_no_effect_by_another_exchange(
    place: Place, channel: AbstractChannel, queue: str
) -> None:
    """With CC a message comes from the default exchange to any queue, under any routing key."""
    key, said_of = {
        "order": ("payments.PaymentReceived", place.topology.events),
        "gateway": ("gateway.RefundPayment", place.topology.commands),
    }[queue]
    death = {"reason": "delivery_limit", "queue": place.topology.queue(queue), "exchange": said_of}
    headers: Any = {**paid("o-1").headers, "CC": [place.topology.undelivered], "x-death": [death]}
    await channel.default_exchange.publish(aio_pika.Message(paid("o-1").body, headers=headers), key)
    async with working(place):
        (letter,) = await until(lambda: open_dead_letters(place.engine))
        await depth_becomes(place, place.topology.undelivered, 0)
        assert await depth(place, place.topology.queue(queue)) == 0
    assert letter.reason == (
        f"it came from exchange 'amq.default': what the broker gave up comes from {place.topology.undelivered}"
    )
    assert (letter.process_id, await outcomes(place.engine)) == ("o-1", {})


@pytest.mark.parametrize(
    ("source", "queue", "consumer"),
    [
        ("/modules/relay-process", "elsewhere", "order"),
        ("/modules/payments", "relay", "order"),
        ("/modules/trip-process", "order", "order"),
        ("/modules/trip-process", "gateway", "trip"),
        ("/modules/payments", "trip", "trip"),
    ],
)
async def test_a_message_that_was_given_up_is_a_dead_letter_of_a_process(
    place: Place, channel: AbstractChannel, source: str, queue: str, consumer: str
) -> None:
    """The relay's letters are about entries of a log, whatever a message calls itself."""
    death = {"reason": "expired", "queue": place.topology.queue(queue), "exchange": place.topology.events}
    headers: Any = {**paid("o-1").headers, "ce-source": source, "ce-sequence": "1", "x-death": [death]}
    exchange = await channel.get_exchange(place.topology.undelivered)
    await exchange.publish(aio_pika.Message(paid("o-1").body, headers=headers), "any")
    async with working(place):
        (letter,) = await until(lambda: open_dead_letters(place.engine))
    assert (letter.consumer, letter.process_id) == (consumer, "o-1")
