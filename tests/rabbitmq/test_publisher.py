"""The publisher knows of every message whether a queue has it, also of messages that share an id."""

import asyncio

import pytest
from aio_pika.abc import AbstractChannel

from saga.modules.outgoing import Outgoing
from saga.rabbitmq import connection
from saga.rabbitmq import publisher as publishing
from saga.rabbitmq.frame_router import RoutedConnection
from saga.rabbitmq.publisher import Publisher
from tests.rabbitmq.place import Place
from tests.rabbitmq.wire import depth_becomes
from tests.waiting import LIMIT_SECONDS


def message(place: Place, message_id: str, routing_key: str) -> Outgoing:
    return Outgoing(place.topology.events, routing_key, message_id, "OrderPlaced", None, {}, b"{}")


async def test_messages_with_one_id_are_each_known_to_be_routed_or_not(place: Place, channel: AbstractChannel) -> None:
    heard, unheard = "orders.OrderPlaced", "orders.Unheard"
    batch = [
        message(place, "m-1", unheard),
        message(place, "m-1", heard),
        message(place, "m-2", heard),
        message(place, "m-1", unheard),
        message(place, "m-1", unheard),
    ]
    async with Publisher(place.amqp_url, place.topology, timeout_seconds=LIMIT_SECONDS) as publisher:
        returned = await publisher.publish(batch)
    assert [(one.id, one.routing_key) for one in returned] == [("m-1", unheard)] * 3
    await depth_becomes(place, place.order_queue, 2)


async def test_a_body_of_several_frames_arrives_whole(place: Place, channel: AbstractChannel) -> None:
    body = bytes(range(256)) * 2_000
    large = Outgoing(place.topology.events, "orders.OrderPlaced", "m-1", "OrderPlaced", None, {}, body)
    async with Publisher(place.amqp_url, place.topology, timeout_seconds=LIMIT_SECONDS) as publisher:
        assert await publisher.publish([large]) == ()
    queue = await channel.get_queue(place.order_queue)
    delivered = await queue.get(timeout=LIMIT_SECONDS, no_ack=True)
    assert delivered.body == body


async def test_publishes_at_the_same_time_share_one_connection_and_each_knows_its_own(
    place: Place, channel: AbstractChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    async def connect(amqp_url: str, name: str) -> RoutedConnection:
        opened.append(name)
        return await real(amqp_url, name)

    real = connection.connect
    monkeypatch.setattr(publishing, "connect", connect)
    keys = ["orders.OrderPlaced", "orders.Unheard"] * 50
    async with Publisher(place.amqp_url, place.topology, timeout_seconds=LIMIT_SECONDS) as publisher:
        returned = await asyncio.gather(
            *(publisher.publish([message(place, f"m-{number}", key)]) for number, key in enumerate(keys))
        )
    assert [len(one) for one in returned] == [0, 1] * 50
    await depth_becomes(place, place.order_queue, 50)
    assert len(opened) == 1
