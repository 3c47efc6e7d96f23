"""What can be taken in can be sent on: lengths are bounded in characters and in bytes, wherever something comes in."""

import json
from dataclasses import replace

import pytest
from aio_pika.abc import AbstractChannel

from saga.engine import Step
from saga.messages import Poison
from saga.messages.cloudevents import decode
from saga.orders import order_process
from tests.rabbitmq.place import Place, working
from tests.rabbitmq.records import dead_letters, is_relayed, messages_taken, outcome
from tests.rabbitmq.wire import drain, event, paid, placed, publish
from tests.waiting import until

TOO_LONG = "ж" * 123 + "0123456789"
"""133 characters, 256 bytes."""
LONGEST = ["x" * 200, TOO_LONG[:-1], "ж" * 127, "😀" * 63]


@pytest.mark.parametrize("order_id", LONGEST)
async def test_the_longest_ids_go_all_the_way(place: Place, channel: AbstractChannel, order_id: str) -> None:
    message = placed(order_id)
    long = {"ce-correlationid": order_id, "ce-subject": order_id, "ce-traceparent": order_id, "ce-id": order_id}
    await publish(channel, place, [replace(message, headers={**message.headers, **long})])
    async with working(place):
        await until(lambda: outcome(place.engine, order_id))
        await until(lambda: is_relayed(place.engine))
    (command,) = await drain(place, place.topology.queue("gateway"))
    assert command.correlation_id == command.headers["ce-correlationid"] == command.headers["ce-subject"] == order_id
    assert await dead_letters(place.engine) == []


@pytest.mark.parametrize(
    "attribute", ["id", "source", "type", "subject", "correlationid", "causationid", "traceparent"]
)
@pytest.mark.parametrize("form", ["binary", "structured"])
def test_an_attribute_of_more_bytes_is_refused(attribute: str, form: str) -> None:
    said = {"specversion": "1.0", "id": "m", "source": "/a", "type": "OrderPlaced", attribute: TOO_LONG}
    raw = event("OrderPlaced", {"order_id": "o-1"})
    if form == "binary":
        raw = replace(raw, headers={f"ce-{name}": value for name, value in said.items()})
    else:
        body = json.dumps({**said, "data": {"order_id": "o-1"}}).encode()
        raw = replace(raw, body=body, headers={}, content_type="application/cloudevents+json")
    read = decode(raw)
    assert isinstance(read, Poison)
    assert read.reason == f"{attribute} has 256 bytes; 255 are allowed"


async def test_an_order_id_of_more_bytes_is_a_dead_letter_and_the_next_order_is_answered(
    place: Place, channel: AbstractChannel
) -> None:
    await publish(channel, place, [placed(TOO_LONG), placed("o-1")])
    async with working(place):
        await until(lambda: outcome(place.engine, "o-1"))
        await until(lambda: is_relayed(place.engine))
    (letter,) = await dead_letters(place.engine)
    assert "at most 255 bytes" in letter.reason
    assert letter.process_id == TOO_LONG


async def test_a_payment_id_is_counted_in_characters_for_it_stands_in_bodies_alone(
    place: Place, channel: AbstractChannel
) -> None:
    long = ["ж" * 199 + "1", "ж" * 199 + "2"]
    await publish(channel, place, [placed("o-1"), *(paid("o-1", payment_id) for payment_id in long)])
    async with working(place):
        await until(lambda: messages_taken(place.engine), lambda seen: seen == (3, 0))
        await until(lambda: is_relayed(place.engine))
    assert await dead_letters(place.engine) == []
    sent = await drain(place, place.topology.queue("gateway"))
    refunds = [json.loads(one.body) for one in sent if one.type == "RefundPayment"]
    assert [one["effect"] for one in refunds] == [f"refund/{long[1]}"]


async def test_a_message_that_is_too_long_is_found_by_what_it_says(place: Place) -> None:
    endless = "o" * 3_000
    await Step(place.engine, order_process()).handle([decode(event("OrderPlaced", {"order_id": endless}))])
    (letter,) = await dead_letters(place.engine)
    assert letter.process_id == "o" * 400 + "..."
