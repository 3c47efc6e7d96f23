"""What the broker gives up on is kept with all other dead letters, and can be put back."""

import json
from dataclasses import replace

import orjson
import pytest
from aio_pika.abc import AbstractChannel

from saga.core import Raw
from saga.engine import Step
from saga.engine.dead_letters import load_raw
from saga.orders import order_process
from saga.transport.codec import decode
from saga.transport.worker import GIVEN_UP
from tests.transport.place import Place, working
from tests.transport.records import open_dead_letters, outcome
from tests.transport.waiting import until
from tests.transport.wire import depth, placed, publish


async def test_a_message_that_the_broker_gives_up_on_becomes_a_dead_letter_and_is_put_back(
    place: Place, channel: AbstractChannel
) -> None:
    await publish(channel, place, [placed("o-1")])
    queue = await channel.get_queue(place.order_queue)
    delivered = await queue.get(timeout=5)
    await delivered.reject(requeue=False)

    async with working(place):
        (letter,) = await until(lambda: open_dead_letters(place.engine))
    assert (letter.reason, letter.process_id) == (GIVEN_UP, "o-1")
    assert await depth(place, f"{place.prefix}.undelivered") == 0
    assert await outcome(place.engine, "o-1") is None

    properties = letter.properties if isinstance(letter.properties, dict) else orjson.loads(letter.properties)
    again = decode(load_raw(letter.body, properties))
    assert (await Step(place.engine, order_process()).take([again], redriven=[letter.dead_letter_id])).taken == 1
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
    await (await queue.get(timeout=5)).reject(requeue=False)
    async with working(place):
        (letter,) = await until(lambda: open_dead_letters(place.engine))
    assert (letter.process_id, letter.type, letter.message_id) == (order_id, "OrderPlaced", "m-1")
    assert (letter.module, letter.position) in ((None, None), ("orders", 4))
