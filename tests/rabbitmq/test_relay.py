"""The relay publishes what leaves the logs: in position order, with the chain that shows gaps, and without loss."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import quote

import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from structlog.testing import capture_logs

from saga.messages.identity import derived_id
from saga.modules import NewEvent, Visibility, append
from saga.modules.outgoing import Outgoing
from saga.postgres import Unavailable, durable_transaction
from saga.rabbitmq.publisher import Publisher
from saga.worker import relay as relay_module
from saga.worker.relay import Relay
from tests.rabbitmq.clients import call_management
from tests.rabbitmq.place import Place
from tests.rabbitmq.records import is_relayed, position_in
from tests.rabbitmq.wire import depth, depth_becomes, drain
from tests.waiting import LIMIT_SECONDS, until

POLL_SECONDS = 0.05
BATCH = 50


@asynccontextmanager
async def relaying(
    place: Place, timeout_seconds: float = 5.0, poll_seconds: float = POLL_SECONDS
) -> AsyncIterator[Relay]:
    """A relay that runs as long as the block lasts."""
    stop = asyncio.Event()
    async with Publisher(place.amqp_url, place.topology, timeout_seconds) as publisher:
        relay = Relay(place.engine, publisher, place.prefix, BATCH, own="order-process")
        running = asyncio.create_task(relay.run(stop, poll_seconds))
        try:
            yield relay
        finally:
            stop.set()
            relay.nudge()
            async with asyncio.timeout(LIMIT_SECONDS):
                await running


def public(number: int, kind: str = "PaymentReceived") -> NewEvent:
    return NewEvent(f"o-{number}", kind, derived_id("test", kind, number), {"number": number})


def internal(number: int) -> NewEvent:
    return NewEvent(
        f"o-{number}", "Noted", derived_id("note", number), {"number": number}, visibility=Visibility.INTERNAL
    )


def command(number: int, target: str = "gateway") -> NewEvent:
    return NewEvent(
        f"o-{number}",
        "VoidPayment",
        derived_id("command", target, number),
        {"number": number},
        visibility=Visibility.INTERNAL,
        target=target,
    )


async def record(place: Place, module: str, events: Sequence[NewEvent]) -> None:
    async with durable_transaction(place.engine) as connection:
        await append(connection, module, events)


def numbers(messages: Sequence[AbstractIncomingMessage]) -> list[int]:
    return [int(message.body.split(b":")[1].strip(b" }")) for message in messages]


def positions(messages: Sequence[AbstractIncomingMessage]) -> list[tuple[int, int]]:
    return [(int(str(m.headers["ce-previoussequence"])), int(str(m.headers["ce-sequence"]))) for m in messages]


def first_of_each(messages: Sequence[AbstractIncomingMessage]) -> list[AbstractIncomingMessage]:
    """Without repetitions: a message that comes again is the same message."""
    first: dict[str, AbstractIncomingMessage] = {}
    for message in messages:
        known = first.setdefault(str(message.message_id), message)
        assert (known.body, known.headers) == (message.body, message.headers)
    return list(first.values())


async def test_a_relay_that_is_behind_goes_on_at_once(
    place: Place, channel: AbstractChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "GATHER_SECONDS", 60.0)
    wide = relay_module.MANY // BATCH
    events = [[command(n), *(internal(n * wide + k) for k in range(wide))] for n in range(3 * BATCH)]
    await record(place, "order-process", [event for group in events for event in group])
    async with relaying(place, poll_seconds=60.0):
        await until(lambda: depth(place, place.topology.queue("gateway")), lambda seen: seen == 3 * BATCH)


async def test_events_leave_in_position_order_and_tell_which_public_one_came_before(
    place: Place, channel: AbstractChannel
) -> None:
    await record(place, "payments", [internal(0), internal(1), *(public(n) for n in range(2, 120))])
    await record(place, "payments", [internal(120), public(121), command(122), public(123)])
    async with relaying(place):
        await until(lambda: is_relayed(place.engine))
    events = await drain(place, place.order_queue)
    assert numbers(events) == [*range(2, 120), 121, 123]
    assert positions(events) == [(0, 3), *((n, n + 1) for n in range(3, 120)), (120, 122), (122, 124)]
    assert numbers(await drain(place, place.topology.queue("gateway"))) == [122]


async def test_an_internal_event_never_leaves_and_the_cursor_passes_it(place: Place, channel: AbstractChannel) -> None:
    everything = await channel.declare_queue(f"{place.prefix}.everything", auto_delete=True, durable=True)
    for exchange in (place.topology.events, place.topology.commands):
        await everything.bind(exchange, "#")
    await record(place, "payments", [internal(n) for n in range(BATCH + 5)])
    async with relaying(place):
        await until(lambda: is_relayed(place.engine))
    at = await position_in(place.engine, "payments", consumer="relay")
    assert at is not None
    assert at.watermark == BATCH + 5
    assert await depth(place, everything.name) == 0
    await everything.delete()


async def test_an_event_that_nobody_listens_to_blocks_nothing(place: Place, channel: AbstractChannel) -> None:
    await record(place, "payments", [public(1), public(2, "PaymentDeclined"), public(3), command(4)])
    async with relaying(place):
        await until(lambda: is_relayed(place.engine))
    assert numbers(await drain(place, place.order_queue)) == [1, 3]
    assert numbers(await drain(place, place.topology.queue("gateway"))) == [4]


async def test_an_event_that_nobody_listens_to_is_warned_of_and_an_announcement_is_not(
    place: Place, channel: AbstractChannel
) -> None:
    await record(place, "payments", [public(1, "PaymentDeclined")])
    await record(place, "order-process", [public(2, "OrderPaid")])
    with capture_logs() as logged:
        async with relaying(place):
            await until(lambda: is_relayed(place.engine))
    warned = [one["routing_key"] for one in logged if one["event"] == "nobody_listens"]
    assert warned == ["payments.PaymentDeclined"]


async def test_a_command_whose_queue_was_deleted_is_sent_once_the_queue_is_back(
    place: Place, channel: AbstractChannel
) -> None:
    gateway = place.topology.queue("gateway")
    async with relaying(place):
        await record(place, "order-process", [command(1)])
        await until(lambda: is_relayed(place.engine))
        await channel.queue_delete(gateway)
        await record(place, "order-process", [command(2), public(3)])
        await record(place, "payments", [public(4)])
        await until(lambda: is_relayed(place.engine))
    assert numbers(first_of_each(await drain(place, gateway))) == [2]
    assert set(numbers(first_of_each(await drain(place, place.order_queue)))) == {4}


async def test_a_command_that_nobody_takes_blocks_no_other_module(place: Place, channel: AbstractChannel) -> None:
    await record(place, "a-module", [command(1, target="nobody")])
    await record(place, "payments", [public(2)])
    async with relaying(place):
        await depth_becomes(place, place.order_queue, 1)


async def test_a_command_that_nobody_takes_is_sent_when_somebody_does(place: Place, channel: AbstractChannel) -> None:
    await record(place, "a-module", [command(1, target="nobody"), command(2)])
    async with relaying(place):
        await until(lambda: depth(place, place.topology.queue("gateway")))
        assert not await is_relayed(place.engine)
        late = await channel.declare_queue(f"{place.prefix}.nobody", auto_delete=True, durable=True)
        await late.bind(place.topology.commands, "nobody.*")
        await until(lambda: is_relayed(place.engine))
    assert set(numbers(await drain(place, late.name))) == {1}
    assert set(numbers(first_of_each(await drain(place, place.topology.queue("gateway"))))) == {2}


async def test_a_nudge_brings_what_is_in_the_own_log_at_once(place: Place, channel: AbstractChannel) -> None:
    await record(place, "payments", [public(1)])
    async with relaying(place, poll_seconds=3_600) as relay:
        await depth_becomes(place, place.order_queue, 1)
        await record(place, "order-process", [command(2)])
        relay.nudge()
        await depth_becomes(place, place.topology.queue("gateway"), 1)


async def test_nudges_without_end_keep_no_other_log_from_being_looked_at(
    place: Place, channel: AbstractChannel
) -> None:
    async def nudge_on(relay: Relay) -> None:
        while True:
            relay.nudge()
            await asyncio.sleep(0)

    async with relaying(place) as relay:
        nudging = asyncio.create_task(nudge_on(relay))
        await record(place, "payments", [public(1)])
        await depth_becomes(place, place.order_queue, 1)
        nudging.cancel()


async def test_two_relays_at_once_publish_everything_in_order(place: Place, channel: AbstractChannel) -> None:
    async with relaying(place) as one, relaying(place) as other:
        for first in range(0, 600, 100):
            await record(place, "payments", [public(n) for n in range(first, first + 100)])
            await record(place, "order-process", [command(n) for n in range(first, first + 100)])
            one.nudge()
            other.nudge()
        await until(lambda: is_relayed(place.engine))
    assert numbers(first_of_each(await drain(place, place.order_queue))) == list(range(600))
    assert numbers(first_of_each(await drain(place, place.topology.queue("gateway")))) == list(range(600))


async def test_what_was_published_but_not_noted_comes_again_with_the_same_id(
    place: Place, channel: AbstractChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    await record(place, "payments", [public(n) for n in range(10)])
    async with Publisher(place.amqp_url, place.topology, 5.0) as publisher:
        publish, tries = publisher.publish, list[int]()

        async def lose_the_confirms_once(messages: Sequence[Outgoing]) -> tuple[Outgoing, ...]:
            tries.append(len(messages))
            confirmed = await publish(messages)
            if len(tries) == 1:
                raise ConnectionResetError("the connection broke before the confirms came")
            return confirmed

        monkeypatch.setattr(publisher, "publish", lose_the_confirms_once)
        relay = Relay(place.engine, publisher, place.prefix, BATCH)
        with pytest.raises(Unavailable, match="before the confirms came"):
            await relay.relay_once()
        assert not await is_relayed(place.engine)
        await relay.relay_once()
    assert await is_relayed(place.engine)
    messages = await drain(place, place.order_queue)
    assert len(messages) == 20
    assert numbers(first_of_each(messages)) == list(range(10))


async def test_a_message_that_the_broker_refuses_is_not_taken_for_confirmed(
    place: Place, channel: AbstractChannel
) -> None:
    full = await channel.declare_queue(
        f"{place.prefix}.full", durable=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"}
    )
    await full.bind(place.topology.events, "#")
    await record(place, "payments", [public(n) for n in range(10)])
    async with relaying(place):
        await depth_becomes(place, full.name, 1)
        await until(lambda: depth(place, place.order_queue), lambda waiting: waiting >= 20)
        assert not await is_relayed(place.engine)
        await full.delete(if_empty=False)
        await until(lambda: is_relayed(place.engine))
    assert numbers(first_of_each(await drain(place, place.order_queue))) == list(range(10))


async def test_a_publisher_that_gets_no_confirm_in_time_gives_up_the_connection_and_sends_again(
    place: Place, channel: AbstractChannel
) -> None:
    await record(place, "payments", [public(n) for n in range(10)])
    async with Publisher(place.amqp_url, place.topology, timeout_seconds=0.000_001) as impatient:
        with pytest.raises(Unavailable):
            await Relay(place.engine, impatient, place.prefix, BATCH).relay_once()
        assert impatient._channel is None
    assert not await is_relayed(place.engine)
    async with relaying(place):
        await until(lambda: is_relayed(place.engine))
    assert numbers(first_of_each(await drain(place, place.order_queue))) == list(range(10))


async def test_a_relay_whose_connection_is_closed_loses_nothing(place: Place, channel: AbstractChannel) -> None:
    async def publishers() -> list[str]:
        connections = await asyncio.to_thread(call_management, place, "GET", "/api/connections")
        return [
            one["name"] for one in connections if one.get("client_properties", {}).get("connection_name") == "publisher"
        ]

    async with relaying(place):
        await record(place, "payments", [public(0)])
        for name in await until(publishers):
            path = f"/api/connections/{quote(name, safe='')}"
            closing = asyncio.create_task(asyncio.to_thread(call_management, place, "DELETE", path))
            for first in range(1, 501, 50):
                await record(place, "payments", [public(n) for n in range(first, first + 50)])
            await closing
        await until(lambda: is_relayed(place.engine))
    assert numbers(first_of_each(await drain(place, place.order_queue))) == list(range(501))
