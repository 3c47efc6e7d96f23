"""An entry that can't be sent becomes a dead letter with its reason, and stops neither the relay nor other entries."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from aio_pika.abc import AbstractChannel
from sqlalchemy import text

from saga.feeds.command_feed import CommandFeed
from saga.messages import Poison
from saga.modules import Entry
from saga.modules.outgoing import as_delivered
from saga.operations.resending import resend
from saga.rabbitmq.publisher import Publisher
from saga.worker import Feed
from saga.worker.relay import Relay
from tests.rabbitmq.log_rows import Row, write
from tests.rabbitmq.place import Place, working
from tests.rabbitmq.records import dead_letters, is_relayed, open_dead_letters, outcome, position_in
from tests.rabbitmq.test_relay import command, first_of_each, numbers, public, record, relaying
from tests.rabbitmq.wire import drain, placed, publish
from tests.waiting import until

LONG = "ж" * 123 + "0123456789"
"""Of 133 characters and 256 bytes."""
ROW = Row()
COMMAND = Row("order-process", type="VoidPayment", target="gateway")

UNSENDABLE = {
    "a correlation id of 256 bytes": (ROW.saying(correlationid=LONG), "correlation id has 256 bytes"),
    "an endless correlation id": (ROW.saying(correlationid="c" * 5_000), "correlation id has 5000 bytes"),
    "a correlation id that is no text": (ROW.saying(correlationid={"a": 1}), "no text"),
    "a traceparent that is a list": (ROW.saying(traceparent=["a"]), "no text"),
    "an id of 256 bytes": (replace(ROW, event_id=LONG), "the id has 256 bytes"),
    "a type of 300 bytes": (replace(ROW, type="T" * 300), "routing key has 309 bytes"),
    "a type with which the routing key is too long": (replace(ROW, type="T" * 250), "routing key has 259 bytes"),
    "a target of 300 bytes": (replace(COMMAND, target="g" * 300), "routing key has 312 bytes"),
    "a command with a long correlation id": (COMMAND.saying(correlationid=LONG), "correlation id has 256 bytes"),
    "attributes that fill no frame": (ROW.saying(traceparent="t" * 200_000), "attributes have 200[0-9]{3} bytes"),
}
SENDABLE = {
    "an id of 255 bytes": replace(ROW, event_id=LONG[:-1]),
    "metadata that is a list": replace(ROW, metadata="[1]"),
    "metadata that is null": replace(ROW, metadata="null"),
    "metadata with a number that Python can't read": replace(ROW, metadata='{"x": 1e5000}'),
    "metadata that is too deep": replace(ROW, metadata="[" * 2_000 + "]" * 2_000),
    "a correlation id that is a number": ROW.saying(correlationid=17),
    "no end of time": replace(ROW, recorded_at="infinity"),
    "no beginning of time": replace(ROW, recorded_at="-infinity"),
    "the year 20000": replace(ROW, recorded_at="20000-01-01T00:00:00Z"),
    "a year before Christ": replace(ROW, recorded_at="0100-01-01T00:00:00Z BC"),
    "a type with a dot": replace(ROW, type="Payment.Received"),
    "a type with wildcards": replace(ROW, type="*#"),
    "a type that is empty": replace(ROW, type=""),
    "data that is no object": replace(ROW, data={"listing": [[1]]}),
}


@pytest.mark.parametrize("name", UNSENDABLE)
async def test_each_kind_is_parked_and_what_stands_around_it_is_sent_in_order(
    place: Place, channel: AbstractChannel, name: str
) -> None:
    bad, reason = UNSENDABLE[name]
    good = COMMAND if bad.target else ROW
    await write(place.engine, [good, good, bad, good, bad, good])
    async with relaying(place):
        await until(lambda: is_relayed(place.engine))
    queue = place.topology.queue("gateway") if bad.target else place.order_queue
    assert numbers(first_of_each(await drain(place, queue))) == [1, 2, 4, 6]
    letters = await open_dead_letters(place.engine)
    assert [(one.consumer, one.kind, one.module, one.position) for one in letters] == [
        ("relay", "failed", bad.module, 3),
        ("relay", "failed", bad.module, 5),
    ]
    assert all(re.search(reason, one.reason) for one in letters), letters[0].reason
    assert {one.process_id for one in letters} == {"o-1"}


async def test_what_looks_odd_and_fits_is_sent(place: Place, channel: AbstractChannel) -> None:
    everything = await channel.declare_queue(f"{place.prefix}.everything", auto_delete=True, durable=True)
    await everything.bind(place.topology.events, "#")
    await write(place.engine, list(SENDABLE.values()))
    async with relaying(place):
        await until(lambda: is_relayed(place.engine))
    sent = [orjson.loads(message.body)["number"] for message in await drain(place, everything.name)]
    assert sent == list(range(1, len(SENDABLE) + 1))
    assert await dead_letters(place.engine) == []


async def test_a_deployment_that_stood_still_before_such_an_entry_goes_on(
    place: Place, channel: AbstractChannel
) -> None:
    """The worker lives, other orders are answered, and each entry is kept once."""
    bad = [replace(row, stream_id=f"o-{n}") for n, (row, _) in enumerate(UNSENDABLE.values())]
    await write(place.engine, [*bad, replace(COMMAND, stream_id="o-0")])
    await publish(channel, place, [placed("new")])
    async with working(place):
        await until(lambda: outcome(place.engine, "new"))
        await until(lambda: is_relayed(place.engine))
    kept = [one for one in await open_dead_letters(place.engine) if one.consumer == "relay"]
    assert len(kept) == len(UNSENDABLE)
    sent = [message.type for message in await drain(place, place.topology.queue("gateway"))]
    assert sent == ["VoidPayment", "RequestPayment"]


async def test_a_message_that_the_broker_refuses_is_found_and_parked_alone(
    place: Place, channel: AbstractChannel
) -> None:
    huge = replace(ROW, bytes=129 * 1024 * 1024)
    await write(place.engine, [ROW, huge, ROW, ROW])
    async with relaying(place, timeout_seconds=120):
        await until(lambda: is_relayed(place.engine), seconds=240)
    assert numbers(first_of_each(await drain(place, place.order_queue))) == [1, 3, 4]
    (letter,) = await open_dead_letters(place.engine)
    assert letter.position == 2
    assert "message size" in letter.reason


async def test_what_is_passed_again_is_the_same_letter(place: Place, channel: AbstractChannel) -> None:
    await write(place.engine, [ROW.saying(correlationid=LONG)])
    for _ in range(2):
        async with place.engine.begin() as connection:
            await connection.execute(text("UPDATE saga.cursor SET watermark = 0 WHERE consumer = 'relay'"))
        async with relaying(place):
            await until(lambda: is_relayed(place.engine))
    (letter,) = await open_dead_letters(place.engine)
    assert letter.attempts == 2


async def test_a_command_without_queue_is_waited_for_as_ever_and_parked_is_what_stands_before_it(
    place: Place, channel: AbstractChannel
) -> None:
    await write(place.engine, [COMMAND.saying(correlationid=LONG)])
    await record(place, "a-module", [command(1, target="nobody")])
    async with relaying(place):
        await until(lambda: open_dead_letters(place.engine))
        await until(lambda: position_in(place.engine, "order-process", consumer="relay"))
    assert not await is_relayed(place.engine)
    assert [letter.module for letter in await dead_letters(place.engine)] == ["order-process"]


async def test_an_exchange_that_is_missing_parks_nothing(place: Place, channel: AbstractChannel) -> None:
    async with relaying(place):
        await record(place, "payments", [public(0)])
        await until(lambda: is_relayed(place.engine))
        await channel.exchange_delete(place.topology.events)
        await record(place, "payments", [public(1)])
        await until(lambda: is_relayed(place.engine))
    assert await dead_letters(place.engine) == []


async def test_an_entry_is_sent_again_with_its_id_and_position_once_it_can_be(
    place: Place, channel: AbstractChannel
) -> None:
    await write(place.engine, [ROW, ROW.saying(correlationid=LONG)])
    async with Publisher(place.amqp_url, place.topology, 5) as publisher:
        await Relay(place.engine, publisher, place.prefix, 50).relay_once()
        await drain(place, place.order_queue)
        failure = await resend(place.engine, publisher, place.prefix, module="payments", position=2)
        assert failure == "the correlation id has 256 bytes; AMQP has room for 255"
        async with place.engine.begin() as connection:
            await connection.execute(text("ALTER TABLE saga.event_log DISABLE TRIGGER USER"))
            await connection.execute(text("UPDATE saga.event_log SET metadata = '{}' WHERE position = 2"))
            await connection.execute(text("ALTER TABLE saga.event_log ENABLE TRIGGER USER"))
        assert await resend(place.engine, publisher, place.prefix, module="payments", position=2) is None
        nothing = await resend(place.engine, publisher, place.prefix, module="payments", position=3)
        assert nothing is not None
        assert "nothing to send" in nothing
    (message,) = await drain(place, place.order_queue)
    assert (message.message_id, message.headers["ce-sequence"]) == ("e-2", "2")


@pytest.mark.parametrize("name", UNSENDABLE)
async def test_the_feed_of_a_collaborator_hands_such_a_command_on_as_not_understood(place: Place, name: str) -> None:
    bad, _ = UNSENDABLE[name]
    target = bad.target or "gateway"
    odd = replace(bad, module="order-process", target=target, type=bad.type if bad.target else "VoidPayment")
    taken: list[object] = []

    async def handle(messages: Sequence[object]) -> None:
        taken.extend(messages)

    await write(place.engine, [odd, replace(COMMAND, target=target)])
    feed = CommandFeed(place.engine, target, handle, 10, prefix=place.prefix, poll_seconds=1)
    assert await feed.feed_once() == 2
    assert len(taken) == 2


@pytest.mark.parametrize("name", UNSENDABLE)
async def test_a_worker_that_pulls_keeps_such_an_event_and_goes_on(place: Place, name: str) -> None:
    bad, _ = UNSENDABLE[name]
    heard = {"number": 0, "order_id": "o-1", "payment_id": "p-1", "amount": 1, "currency": "EUR"}
    odd = replace(bad, module="payments", target=None, type="PaymentReceived", data=heard)
    await write(place.engine, [odd, replace(ROW, stream_id="o-2", data={**heard, "order_id": "o-2"})])
    async with working(place, feed=Feed.PULL):
        await until(lambda: outcome(place.engine, "o-2"))
        await until(lambda: position_in(place.engine, "payments"), lambda seen: seen and seen.watermark == 2)


def test_whatever_an_entry_lacks_it_is_told_and_nothing_is_raised() -> None:
    """As a view of another team's may give it."""
    for name in ("stream_id", "event_id", "type", "data_json"):
        told = as_delivered(Entry(**{**ENTRY, name: None}), "saga")
        assert isinstance(told, Poison), name
        assert told.position == 7


ENTRY: dict[str, Any] = {
    "module": "payments",
    "position": 7,
    "previous_public_position": 5,
    "stream_id": "o-1",
    "stream_version": 1,
    "event_id": "m-1",
    "type": "PaymentReceived",
    "target": None,
    "data_json": "{}",
    "metadata": {},
    "recorded_at": datetime(2026, 1, 31, 12, tzinfo=UTC),
}
