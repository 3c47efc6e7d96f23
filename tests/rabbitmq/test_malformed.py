"""Whatever cannot be understood becomes a dead letter that says why, at once, and disturbs nobody else."""

import asyncio
import datetime as dt
import decimal
import json
import random
import re
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from aio_pika.abc import AbstractChannel
from pika.spec import BasicProperties
from sqlalchemy import Row

from tests.rabbitmq.clients import publish_with_pika
from tests.rabbitmq.place import Place, working
from tests.rabbitmq.records import dead_letters, outcomes
from tests.rabbitmq.wire import depth_becomes, placed, publish
from tests.waiting import until

KEY = "payments.PaymentReceived"
KEYS = {"OrderPlaced": "orders.OrderPlaced"}
DATA = {"order_id": "bad", "payment_id": "p-1", "amount": 4_200, "currency": "EUR"}
_ids = count(1)


@dataclass(frozen=True)
class Wrong:
    """A message that can't be handled, and what its dead letter has to say."""

    reason: str
    body: bytes = json.dumps(DATA).encode()
    kind: str | bytes | None = "PaymentReceived"
    id: str | bytes | None = field(default_factory=lambda: f"m-{next(_ids)}")
    headers: dict[Any, Any] | None = None
    routing_key: str | bytes = KEY
    others: dict[str, Any] = field(default_factory=dict)

    @property
    def properties(self) -> BasicProperties:
        return BasicProperties(type=self.kind, message_id=self.id, headers=self.headers, **self.others)


def data(reason: str, kind: str = "PaymentReceived", **changes: Any) -> Wrong:
    """Well-formed JSON with wrong data; a field that is ``...`` is left out."""
    said = {name: value for name, value in (DATA | changes).items() if value is not ...}
    return Wrong(reason, json.dumps(said).encode(), kind, routing_key=KEYS.get(kind, KEY))


def cloud_event(reason: str, **attributes: Any) -> Wrong:
    said = {
        "specversion": "1.0",
        "id": f"m-{next(_ids)}",
        "source": "/modules/payments",
        "type": "PaymentReceived",
        **attributes,
    }
    headers = {f"ce-{name}": value for name, value in said.items() if value is not ...}
    return Wrong(reason, kind=None, id=None, headers=headers)


def nested(levels: int) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for _ in range(levels):
        table = {"a": table}
    return table


BODIES = {
    "empty": Wrong("the body is not JSON", b""),
    "not JSON": Wrong("the body is not JSON", b"<order id='bad'/>"),
    "not UTF-8": Wrong("not UTF-8: byte 13 is 0xff", b'{"order_id":"\xff"}'),
    "gzip": Wrong("not UTF-8: byte 1 is 0x8b", b"\x1f\x8b\x08\x00"),
    "NUL": Wrong("NUL character", rb'{"order_id":"bad\u0000"}'),
    "bare NUL": Wrong("the body is not JSON", b'{"order_id":"\x00"}'),
    "lone surrogate": Wrong("lone surrogate", rb'{"order_id":"\ud83c"}'),
    "NaN": Wrong("NaN, which is no JSON number", b'{"order_id":"bad","amount":NaN}'),
    "Infinity": Wrong("Infinity, which is no JSON number", b'{"order_id":"bad","amount":-Infinity}'),
    "1e400": Wrong("number that is out of range: 1e400", b'{"order_id":"bad","amount":1e400}'),
    "5,001 digits": Wrong("integer of more than 64 bits", b'{"order_id":"bad","amount":' + b"7" * 5_001 + b"}"),
    "duplicate keys": Wrong("key 'order_id' twice", b'{"order_id":"bad","order_id":"worse"}'),
    "5 MB": Wrong("the body has 5000000 bytes; 262144 are allowed", b"x" * 5_000_000),
    "10,000 levels": Wrong("nested deeper than 32 levels", b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
    "100,000 levels": Wrong("nested deeper than 32 levels", b"[" * 100_000 + b"]" * 100_000),
    "a list": Wrong("the data is not a JSON object", b"[1]"),
    "a text": Wrong("the data is not a JSON object", b'"bad"'),
}

FIELDS = {
    "negative amount": data("amount: .*greater than 0.*got -1", amount=-1),
    "no amount": data("amount: Field required", amount=...),
    "nothing": data("amount: .*greater than 0", amount=0),
    "float amount": data("amount: .*valid integer.*got 42.5", amount=42.5),
    "round float amount": data("amount: .*valid integer.*got 42.0", amount=42.0),
    "text amount": data("amount: .*valid integer.*got '42'", amount="42"),
    "bool amount": data("amount: .*valid integer.*got True", amount=True),
    "null amount": data("amount: .*valid integer.*got None", amount=None),
    "huge amount": data("amount: .*less than or equal to 9007199254740991", amount=2**53),
    "unknown currency": data("currency: .*pattern.*got 'euro'", currency="euro"),
    "list of currencies": data("currency: .*valid string", currency=["EUR"]),
    "no payment id": data("payment_id: Field required", payment_id=...),
    "empty payment id": data("payment_id: .*at least 1 character", payment_id=""),
    "payment id with a line break": data("payment_id: .*pattern", payment_id="p\n1"),
    "time without zone": data("received_at: must be an ISO 8601 time with a zone", received_at="2026-01-31T12:00:00"),
    "time that is none": data("received_at: must be an ISO 8601 time", received_at="yesterday"),
    "time out of range": data("received_at: must be an ISO 8601 time", received_at="0001-01-01T00:00:00+14:00"),
    "no order id": data("missing order_id: neither in the data nor as subject", order_id=...),
    "null order id": data("missing order_id|order_id: ", order_id=None),
    "number as order id": data("order_id: .*valid string.*got 7", order_id=7),
    "list as order id": data("order_id: .*valid string", order_id=[["bad"]]),
    "empty order id": data("order_id: .*at least 1 character", order_id=""),
    "endless order id": data("order_id: .*at most 200 characters", order_id="x" * 201),
    "unknown type": data(
        "unknown type 'PaymentGuessed': order consumes OrderPlaced, OrderCancelled, PaymentReceived", "PaymentGuessed"
    ),
    "endless deadline": data("payment_timeout_seconds: ", "OrderPlaced", payment_timeout_seconds=1e300),
    "deadline that is true": data("payment_timeout_seconds: ", "OrderPlaced", payment_timeout_seconds=True),
    "negative deadline": data("payment_timeout_seconds: ", "OrderPlaced", payment_timeout_seconds=-0.5),
}

ATTRIBUTES = {
    "no id at all": Wrong("the message has no id", id=None),
    "event without id": cloud_event("the message has no id", id=...),
    "no type": Wrong("the message has no type", kind=None, routing_key="odd."),
    "version 2.0": cloud_event("specversion is '2.0'; '1.0' is understood", specversion="2.0"),
    "no version": cloud_event("specversion is None", specversion=...),
    "contradicting subject": cloud_event("subject 'good' is not order_id 'bad'", subject="good"),
    "bad sequence": cloud_event("sequence is not a decimal number from 1 on: 'first'", sequence="first"),
    "sequence 0": cloud_event("sequence is not a decimal number from 1 on: '0'", sequence="0"),
    "float sequence": cloud_event("sequence is not a decimal number", sequence=decimal.Decimal("1.5")),
    "sequence out of order": cloud_event("previoussequence 9 is not below", sequence="9", previoussequence="9"),
    "id that is a time": cloud_event("id is not text", id=dt.datetime(2026, 1, 31)),  # noqa: DTZ001 - no zone in AMQP
    "subject that is a table": cloud_event("subject is not text", subject={"a": [1, None, True]}),
    "source with NUL": cloud_event("source is longer than 200 characters or has control", source="/a\x00b"),
    "structured, not JSON": Wrong("not JSON", b"{", kind=None, others={"content_type": "application/cloudevents+json"}),
}

# What AMQP lets through and its clients choke on. The bodies are wrong too where the properties alone would do no harm.
PROPERTIES = {
    "message id that is not UTF-8": Wrong("order_id: ", b'{"order_id":1}', id=b"m-\xff\xfe"),
    "type that is not UTF-8": Wrong(r"unknown type .*\\xff", kind=b"Payment\xff"),
    "routing key that is not UTF-8": Wrong(r"unknown type .*\\xff", kind=None, routing_key=b"odd.Payment\xff"),
    "header name that is not UTF-8": Wrong("order_id: ", b'{"order_id":2}', headers={b"\xff\xfe": "x"}),
    "timestamp in the year 584 million": Wrong("order_id: ", b'{"order_id":3}', others={"timestamp": 2**63 - 1}),
    "greatest timestamp": Wrong("order_id: ", b'{"order_id":4}', others={"timestamp": 2**64 - 1}),
    "header with an absurd time": Wrong(
        "order_id: ",
        b'{"order_id":5}',
        headers={"at": dt.datetime(9999, 12, 31, 23, 59)},  # noqa: DTZ001
    ),
    "deep header": Wrong("order_id: ", b'{"order_id":6}', headers={"deep": nested(150)}),
    "every kind of header": Wrong(
        "order_id: ",
        b'{"order_id":7}',
        headers={
            "": "",
            "null": None,
            "bytes": b"\x00\xff",
            "list": [1, [2, [3, None]], "x", b"y"],
            "number": 2**62,
            "decimal": decimal.Decimal("3.14"),
            "text with NUL": "a\x00b",
            "long": "x" * 50_000,
        },
    ),
}

EVERY_KIND = {**BODIES, **FIELDS, **ATTRIBUTES, **PROPERTIES}


def send(place: Place, *messages: Wrong) -> None:
    wrong = [(message.routing_key, message.body, message.properties) for message in messages]
    publish_with_pika(place, place.topology.events, wrong)


@pytest.fixture
async def odd_keys(place: Place, channel: AbstractChannel) -> None:
    """The order queue also receives routing keys that start with odd."""
    queue = await channel.get_queue(place.order_queue)
    await queue.bind(place.topology.events, "odd.#")


async def test_each_kind_is_a_dead_letter_with_a_reason_that_names_the_problem(
    place: Place, odd_keys: None, worker: None
) -> None:
    wrongly_explained = {}
    for number, (name, wrong) in enumerate(EVERY_KIND.items(), 1):
        await asyncio.to_thread(send, place, wrong)
        letters = await until(lambda: dead_letters(place.engine), lambda kept: len(kept) >= number)  # noqa: B023
        assert len(letters) == number, name
        if not re.search(wrong.reason, letters[-1].reason) or not _is_kept_raw(letters[-1], wrong):
            wrongly_explained[name] = letters[-1].reason
    assert wrongly_explained == {}


def _is_kept_raw(letter: Row[Any], wrong: Wrong) -> bool:
    return (letter.kind, letter.state, letter.attempts, letter.body) == ("poison", "open", 1, wrong.body)


async def test_the_good_messages_among_all_kinds_of_bad_ones_are_all_handled(
    place: Place, odd_keys: None, channel: AbstractChannel, seed: int
) -> None:
    chance = random.Random(seed)
    wrong = list(EVERY_KIND.values())
    chance.shuffle(wrong)
    good = [f"good-{number}" for number in range(len(wrong))]
    for bad, order_id in zip(wrong, good, strict=True):
        await asyncio.to_thread(send, place, bad)
        await publish(channel, place, [placed(order_id)])
    async with working(place):
        handled = await until(lambda: outcomes(place.engine), lambda seen: len(seen) == len(good))
        letters = await until(lambda: dead_letters(place.engine), lambda seen: len(seen) == len(wrong))
    assert handled == dict.fromkeys(good, "awaiting_payment")
    assert {letter.attempts for letter in letters} == {1}
    await depth_becomes(place, place.order_queue, 0)
    await depth_becomes(place, place.topology.undelivered, 0)


async def test_what_was_poison_once_is_one_letter_with_two_attempts_when_it_comes_again(
    place: Place, worker: None
) -> None:
    for attempts in (1, 2):
        await asyncio.to_thread(send, place, BODIES["NaN"])
        await until(lambda: dead_letters(place.engine), lambda seen: [one.attempts for one in seen] == [attempts])  # noqa: B023


@pytest.mark.parametrize("many", [20])
async def test_a_queue_full_of_huge_messages_is_worked_off(place: Place, channel: AbstractChannel, many: int) -> None:
    huge = [Wrong("bytes", f"{number:07}".encode() * 700_000) for number in range(many)]
    await asyncio.to_thread(send, place, *huge)
    await publish(channel, place, [placed("good")])
    async with working(place):
        letters = await until(lambda: dead_letters(place.engine), lambda seen: len(seen) == many)
        await until(lambda: outcomes(place.engine), lambda seen: "good" in seen)
    assert {letter.reason for letter in letters} == {"the body has 4900000 bytes; 262144 are allowed"}
    await depth_becomes(place, place.order_queue, 0)
