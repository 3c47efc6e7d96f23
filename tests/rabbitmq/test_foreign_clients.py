"""Whoever can speak AMQP or HTTP can publish, in every form of the wire contract, and is understood."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from cloudevents.core.bindings import rabbitmq
from cloudevents.core.v1.event import CloudEvent
from pika.spec import BasicProperties

from tests.rabbitmq.clients import PERSISTENT, publish_over_http, publish_with_pika
from tests.rabbitmq.place import Place, working
from tests.rabbitmq.records import answers, dead_letters, outcome, position_in, rows
from tests.waiting import until

DATA = {"order_id": "o-1", "payment_id": "p-1", "amount": 4_200, "currency": "EUR", "note": "kept, not refused"}
BODY = json.dumps(DATA).encode()
KEY = "payments.PaymentReceived"
ATTRIBUTES = {
    "specversion": "1.0",
    "id": "m-1",
    "source": "/modules/payments",
    "type": "PaymentReceived",
    "subject": "o-1",
    "time": "2026-01-31T12:00:00Z",
}
LOGGED = {**ATTRIBUTES, "sequence": "1", "previoussequence": "0"}

Send = Callable[[Place, dict[str, str]], None]


def headers(attributes: dict[str, str]) -> dict[str, str]:
    return {f"ce-{name}": value for name, value in attributes.items()}


def pika_binary(place: Place, attributes: dict[str, str]) -> None:
    properties = BasicProperties(headers=headers(attributes), content_type="application/json")
    publish_with_pika(place, place.topology.events, [(KEY, BODY, properties)])


def pika_binary_without_content_type(place: Place, attributes: dict[str, str]) -> None:
    publish_with_pika(place, place.topology.events, [(KEY, BODY, BasicProperties(headers=headers(attributes)))])


def pika_structured(place: Place, attributes: dict[str, str]) -> None:
    body = json.dumps({**attributes, "data": DATA}).encode()
    properties = BasicProperties(content_type="application/cloudevents+json; charset=UTF-8")
    publish_with_pika(place, place.topology.events, [(KEY, body, properties)])


def http_binary(place: Place, attributes: dict[str, str]) -> None:
    properties = {"headers": headers(attributes), "content_type": "application/json", "delivery_mode": PERSISTENT}
    publish_over_http(place, place.topology.events, KEY, BODY, properties)


def http_binary_with_numbers(place: Place, attributes: dict[str, str]) -> None:
    said: dict[str, Any] = headers(attributes)
    numbers = {name: int(value) for name, value in said.items() if name.endswith("sequence")}
    publish_over_http(place, place.topology.events, KEY, BODY, {"headers": {**said, **numbers}})


def http_structured(place: Place, attributes: dict[str, str]) -> None:
    body = json.dumps({**attributes, "data": DATA}).encode()
    publish_over_http(place, place.topology.events, KEY, body, {"content_type": "application/cloudevents+json"})


def sdk_binary(place: Place, attributes: dict[str, str]) -> None:
    written = rabbitmq.to_binary_event(_sdk_event(attributes))
    _send_written(place, written)


def sdk_structured(place: Place, attributes: dict[str, str]) -> None:
    _send_written(place, rabbitmq.to_structured_event(_sdk_event(attributes)))


def _sdk_event(attributes: dict[str, str]) -> CloudEvent:
    named = {name: value for name, value in attributes.items() if name != "time"}
    return CloudEvent({**named, "datacontenttype": "application/json"}, DATA)


def _send_written(place: Place, written: rabbitmq.RabbitMQMessage) -> None:
    properties = BasicProperties(headers=written.headers, content_type=written.content_type)
    publish_with_pika(place, place.topology.events, [(KEY, written.body, properties)])


CLOUD_EVENTS: list[Send] = [
    pika_binary,
    pika_binary_without_content_type,
    pika_structured,
    http_binary,
    http_binary_with_numbers,
    http_structured,
    sdk_binary,
    sdk_structured,
]


@pytest.fixture
async def paid_elsewhere(place: Place) -> AsyncIterator[None]:
    """A worker that knows that the log of the payments module is in another database."""
    async with working(place, remote_logs={"payments": None}):
        yield


@pytest.mark.parametrize("attributes", [ATTRIBUTES, LOGGED], ids=["without sequence", "with sequence"])
@pytest.mark.parametrize("send", CLOUD_EVENTS, ids=lambda send: send.__name__)
async def test_a_cloud_event_of_any_client_pays_the_order(
    place: Place, paid_elsewhere: None, send: Send, attributes: dict[str, str]
) -> None:
    await asyncio.to_thread(send, place, attributes)
    await until(lambda: outcome(place.engine, "o-1"), lambda seen: seen == "paid")
    (taken,) = await rows(place.engine, "SELECT module, position, source, message_id FROM saga.inbox")
    assert (taken.source, taken.message_id) == ("/modules/payments", "m-1")
    if "sequence" in attributes:
        assert (taken.module, taken.position) == ("payments", 1)
        await until(lambda: position_in(place.engine, "payments"), lambda seen: seen and seen.watermark == 1)
    else:
        assert (taken.module, taken.position) == (None, None)
        assert await position_in(place.engine, "payments") is None
    assert await dead_letters(place.engine) == []


def pika_plain_with_type(place: Place) -> None:
    properties = BasicProperties(type="PaymentReceived", message_id="m-1")
    publish_with_pika(place, place.topology.events, [(KEY, BODY, properties)])


def pika_plain_by_routing_key(place: Place) -> None:
    publish_with_pika(place, place.topology.events, [(KEY, BODY, BasicProperties(message_id="m-1"))])


def pika_plain_with_every_property(place: Place) -> None:
    properties = BasicProperties(
        type="PaymentReceived",
        message_id="m-1",
        content_type="text/plain",
        content_encoding="utf-8",
        correlation_id="c-1",
        reply_to="nobody",
        expiration="60000",
        timestamp=1_767_225_600,
        app_id="till",
        priority=4,
        headers={"x-shop": "Berlin", "x-number": 7},
    )
    publish_with_pika(place, place.topology.events, [(KEY, BODY, properties)])


def http_plain(place: Place) -> None:
    properties = {"type": "PaymentReceived", "message_id": "m-1"}
    publish_over_http(place, place.topology.events, KEY, BODY, properties)


def http_plain_by_routing_key(place: Place) -> None:
    publish_over_http(place, place.topology.events, KEY, BODY, {"message_id": "m-1"})


PLAIN = [
    pika_plain_with_type,
    pika_plain_by_routing_key,
    pika_plain_with_every_property,
    http_plain,
    http_plain_by_routing_key,
]


@pytest.mark.parametrize("send", PLAIN, ids=lambda send: send.__name__)
async def test_a_plain_message_of_any_client_pays_the_order_once(
    place: Place, worker: None, send: Callable[[Place], None]
) -> None:
    await asyncio.to_thread(send, place)
    await asyncio.to_thread(send, place)
    (taken,) = await until(
        lambda: rows(place.engine, "SELECT * FROM saga.inbox"), lambda seen: seen and seen[0].repeats == 1
    )
    assert (taken.module, taken.position, taken.message_id) == (None, None, "m-1")
    assert await outcome(place.engine, "o-1") == "paid"
    assert await answers(place.engine, "o-1") == ["InputTaken PaymentReceived"]
    assert await dead_letters(place.engine) == []


async def test_the_same_event_in_three_forms_by_three_clients_is_one_event(place: Place, paid_elsewhere: None) -> None:
    for send in (pika_binary, http_structured, sdk_binary):
        await asyncio.to_thread(send, place, LOGGED)
    (taken,) = await until(
        lambda: rows(place.engine, "SELECT * FROM saga.inbox"), lambda seen: seen and seen[0].repeats == 2
    )
    assert taken.position == 1
    assert await answers(place.engine, "o-1") == ["InputTaken PaymentReceived"]
