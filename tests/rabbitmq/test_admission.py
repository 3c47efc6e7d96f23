"""Who may say what: each row of the table in the wire contract, over the real broker."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractExchange

from saga.messages import Envelope, Poison, Raw
from saga.messages.cloudevents import decode
from saga.messages.identity import derived_id
from saga.orders import order_process
from saga.rabbitmq.admission import Commands, Events
from saga.rabbitmq.consumer import Consumer
from tests.rabbitmq.place import Place, working
from tests.rabbitmq.records import dead_letters, outcome, outcomes, rows
from tests.rabbitmq.wire import channel_at, event, paid, publish
from tests.waiting import LIMIT_SECONDS, until

PLACED, PAID, TIMED_OUT = "orders.OrderPlaced", "payments.PaymentReceived", "scheduler.PaymentTimedOut"
PAYMENT = {"payment_id": "p-1", "amount": 4_200, "currency": "EUR"}


@dataclass(frozen=True)
class Said:
    """A message to the exchange of events that breaks a rule, and the words of its dead letter that say which."""

    reason: str
    routing_key: str = PAID
    type: str = "PaymentReceived"
    source: str = "/modules/payments"
    attributes: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    structured: bool = False
    plain: bool = False

    def about(self, order_id: str) -> Raw:
        data = {"order_id": order_id, **PAYMENT}
        said = {"specversion": "1.0", "id": order_id, "source": self.source, "type": self.type, **self.attributes}
        if self.plain:
            return Raw(json.dumps(data).encode(), self.routing_key, type=self.type, message_id=order_id)
        if self.structured:
            body = json.dumps({**said, "data": data}).encode()
            return Raw(body, self.routing_key, content_type="application/cloudevents+json", headers=self.headers)
        headers = {f"ce-{name}": value for name, value in said.items()} | dict(self.headers)
        return Raw(json.dumps(data).encode(), self.routing_key, content_type="application/json", headers=headers)


ANOTHER_TYPE = f"its routing key '{PLACED}' is for OrderPlaced, and its type is PaymentReceived"
ANOTHER_MODULE = f"under '{PAID}' the only module is /modules/payments"
CLAIM = {"sequence": "1000", "previoussequence": "0"}
REFUSED = {
    "another type under the key": Said(ANOTHER_TYPE, PLACED),
    "another type, with a position": Said(ANOTHER_TYPE, PLACED, attributes=CLAIM),
    "another type, from the key's module": Said(ANOTHER_TYPE, PLACED, source="/modules/orders"),
    "another type in a structured body": Said(ANOTHER_TYPE, PLACED, structured=True),
    "another type in a structured body whose headers agree": Said(
        ANOTHER_TYPE, PLACED, structured=True, headers={"ce-type": "OrderPlaced", "ce-source": "/modules/orders"}
    ),
    "another type under the names of the AMQP binding": Said(
        "headers contradict each other about source, type",
        PLACED,
        headers={"cloudEvents:type": "OrderPlaced", "cloudEvents:source": "/modules/orders"},
    ),
    "another type as property": Said(ANOTHER_TYPE, PLACED, plain=True),
    "routed by CC under a key that is right": Said(ANOTHER_TYPE, PLACED, headers={"CC": [PAID]}),
    "routed by CC alone": Said("its routing key is 'orders.Unheard'", "orders.Unheard", headers={"CC": [PAID]}),
    "routed by BCC alone": Said("its routing key is 'orders.Unheard'", "orders.Unheard", headers={"BCC": [PAID]}),
    "a word too many": Said("its routing key is 'orders.x.PaymentReceived'", "orders.x.PaymentReceived"),
    "a key of another module": Said("its routing key is 'orders.PaymentReceived'", "orders.PaymentReceived"),
    "another module under the key": Said(ANOTHER_MODULE, source="/modules/orders", attributes=CLAIM),
    "an invented module": Said(ANOTHER_MODULE, source="/modules/invented", attributes=CLAIM),
    "a process": Said(ANOTHER_MODULE, source="/modules/order-process"),
    "the relay": Said(ANOTHER_MODULE, source="/modules/relay"),
    "a slash at the end": Said(ANOTHER_MODULE, source="/modules/payments/"),
    "capital letters": Said(ANOTHER_MODULE, source="/Modules/payments"),
    "capital letters in the name": Said(ANOTHER_MODULE, source="/modules/Payments"),
    "no name": Said(ANOTHER_MODULE, source="/modules/"),
    "a letter that is not seen": Said(ANOTHER_MODULE, source="/modules/payments\u200b"),
    "percent signs": Said(ANOTHER_MODULE, source="/modules/p%61yments"),
    "a source of another exchange's": Said("/exchanges/ is for", source="/exchanges/company.bus//modules/payments"),
    "payments as the scheduler": Said("is for PaymentTimedOut", TIMED_OUT, source="/modules/scheduler"),
    "an unknown type": Said("unknown type 'Nonsense'", PLACED, "Nonsense", attributes=CLAIM),
}


@pytest.fixture
async def all_keys(place: Place, channel: AbstractChannel) -> None:
    """The order queue receives every key: somebody bound it so."""
    await (await channel.get_queue(place.order_queue)).bind(place.topology.events, "#")


@asynccontextmanager
async def another_exchange(place: Place) -> AsyncIterator[AbstractExchange]:
    """An exchange that the company has had before, bound to our queue."""
    async with channel_at(place) as channel:
        exchange = await channel.declare_exchange(f"{place.prefix}.company", aio_pika.ExchangeType.FANOUT)
        await (await channel.get_queue(place.order_queue)).bind(exchange)
        try:
            yield exchange
        finally:
            await exchange.delete()


async def send(exchange: AbstractExchange, raw: Raw, routing_key: str = "their.own.key") -> None:
    message = aio_pika.Message(raw.body, headers=dict(raw.headers), content_type=raw.content_type)
    await exchange.publish(message, routing_key, timeout=LIMIT_SECONDS)


async def cursors(place: Place) -> list[str]:
    return [row.module for row in await rows(place.engine, "SELECT module FROM saga.cursor WHERE consumer = 'order'")]


async def sources(place: Place) -> list[str]:
    return [row.source for row in await rows(place.engine, "SELECT source FROM saga.inbox ORDER BY received_at")]


async def test_whoever_speaks_for_another_is_a_dead_letter_that_says_which_rule_it_broke(
    place: Place, all_keys: None, channel: AbstractChannel
) -> None:
    """All logs are in another database here, so nothing but the rule stands between a claim and a cursor."""
    await publish(channel, place, [said.about(name) for name, said in REFUSED.items()])
    async with working(place, remote_logs=dict.fromkeys(order_process().inputs)):
        letters = await until(lambda: dead_letters(place.engine), lambda kept: len(kept) == len(REFUSED))
    reasons = {letter.message_id: letter.reason for letter in letters}
    assert {name: reasons[name] for name, said in REFUSED.items() if said.reason not in reasons[name]} == {}
    assert {letter.kind for letter in letters} == {"poison"}
    assert {(letter.module, letter.position) for letter in letters} == {(None, None)}
    assert await outcomes(place.engine) == {}
    assert await cursors(place) == []


async def test_a_module_under_its_own_name_is_taken_with_its_position(place: Place, channel: AbstractChannel) -> None:
    data = {"order_id": "o-1", **PAYMENT}
    await publish(channel, place, [event("PaymentReceived", data, sequence=1)])
    async with working(place, remote_logs={"payments": None}):
        await until(lambda: outcome(place.engine, "o-1"), lambda seen: seen == "paid")
    assert await sources(place) == ["/modules/payments"]
    assert await cursors(place) == ["payments"]


@pytest.mark.parametrize("source", ["https://shop.example/payments", "//x/modules/payments", "urn:payments"])
async def test_another_source_under_a_modules_key_is_taken_and_its_position_does_not_count(
    place: Place, channel: AbstractChannel, worker: None, source: str
) -> None:
    said = Said("", source=source, attributes={"sequence": "a7", "previoussequence": "0"})
    await publish(channel, place, [said.about("o-1"), said.about("o-1")])
    (taken,) = await until(
        lambda: rows(place.engine, "SELECT * FROM saga.inbox"), lambda seen: seen and seen[0].repeats == 1
    )
    assert (taken.source, taken.message_id, taken.module, taken.position) == (source, "o-1", None, None)
    assert await outcome(place.engine, "o-1") == "paid"
    assert await cursors(place) == []


async def test_an_unknown_type_of_the_keys_own_module_keeps_its_position(
    place: Place, channel: AbstractChannel
) -> None:
    """It is the module that says it, so nothing else will come at that position."""
    said = Said("", PLACED, "OrderPraised", source="/modules/orders", attributes={"sequence": "1"})
    await publish(channel, place, [said.about("o-1")])
    async with working(place, remote_logs={"orders": None}):
        (letter,) = await until(lambda: dead_letters(place.engine))
    assert (letter.module, letter.position) == ("orders", 1)
    assert await cursors(place) == ["orders"]


async def test_another_exchange_is_a_dead_letter_that_says_which_variable_to_set(
    place: Place, channel: AbstractChannel, worker: None
) -> None:
    async with another_exchange(place) as company:
        await send(company, paid("o-1"), PAID)
        await send(channel.default_exchange, paid("o-2"), place.order_queue)
        letters = await until(lambda: dead_letters(place.engine), lambda kept: len(kept) == 2)
    assert {letter.reason for letter in letters} == {
        f"it came from exchange '{name}', which SAGA_ACCEPTED_EXCHANGES does not name"
        for name in (f"{place.prefix}.company", "amq.default")
    }
    assert await outcomes(place.engine) == {}


async def test_another_exchange_that_is_bound_to_ours_stays_another_exchange(
    place: Place, channel: AbstractChannel, worker: None
) -> None:
    theirs = await channel.declare_exchange(f"{place.prefix}.theirs", aio_pika.ExchangeType.FANOUT, auto_delete=True)
    await (await channel.get_exchange(place.topology.events)).bind(theirs, "#")
    await send(theirs, paid("o-1"), PAID)
    (letter,) = await until(lambda: dead_letters(place.engine))
    assert f"'{place.prefix}.theirs'" in letter.reason


async def test_a_named_exchange_is_heard_without_positions_and_never_as_a_module(
    place: Place, channel: AbstractChannel
) -> None:
    """The same id from the module itself, and its position, are neither taken nor covered by then."""
    claim = replace(paid("o-1"), headers={**paid("o-1").headers, "ce-id": "m-1", "ce-sequence": "1"})
    own = event("PaymentReceived", {"order_id": "o-2", **PAYMENT}, id="m-1", sequence=1)
    unnumbered = event("PaymentReceived", {"order_id": "o-3", **PAYMENT}, id="m-1")
    accepted = [f"{place.prefix}.company"]
    async with (
        another_exchange(place) as company,
        working(place, accepted_exchanges=accepted, remote_logs={"payments": None}),
    ):
        await send(company, claim)
        await until(lambda: outcome(place.engine, "o-1"), lambda seen: seen == "paid")
        assert await cursors(place) == []
        await publish(channel, place, [own, unnumbered])
        await until(lambda: outcomes(place.engine), lambda seen: seen == dict.fromkeys(("o-1", "o-2", "o-3"), "paid"))
    assert await sources(place) == [
        f"/exchanges/{place.prefix}.company//modules/payments",
        "/modules/payments",
        "/modules/payments",
    ]
    assert await cursors(place) == ["payments"]
    assert await dead_letters(place.engine) == []


async def test_the_default_exchange_is_named_as_the_broker_calls_it(place: Place, channel: AbstractChannel) -> None:
    async with working(place, accepted_exchanges=["company.bus", "amq.default"]):
        await send(channel.default_exchange, paid("o-1"), place.order_queue)
        await until(lambda: outcome(place.engine, "o-1"), lambda seen: seen == "paid")
    assert await sources(place) == ["/exchanges/amq.default//modules/payments"]


async def test_no_two_exchanges_can_have_one_source() -> None:
    judge = Events(order_process(), "saga", ["a/b", "a"])
    sources = set()
    for exchange, source in (("a/b", "c"), ("a", "b/c"), ("a", "/b/c")):
        message = judge.judge(decode(Said("", source=source).about("o-1")), exchange, "any")
        assert isinstance(message, Envelope)
        sources.add(message.source)
    assert len(sources) == 3


async def test_what_was_refused_is_judged_by_what_it_says_when_an_operator_puts_it_back() -> None:
    judge = Events(order_process(), "saga")
    wrong_key = replace(Said("", PLACED, attributes=CLAIM).about("o-1"), exchange="saga.events")
    again = judge.put_back(decode(wrong_key))
    assert isinstance(again, Envelope)
    assert (again.source, again.position) == ("/modules/payments", 1000)
    foreign = judge.put_back(decode(replace(wrong_key, exchange="company.bus")))
    assert isinstance(foreign, Envelope)
    assert (foreign.source, foreign.position) == ("/exchanges/company.bus//modules/payments", None)
    for exchange, source in (("saga.events", "/modules/payments"), ("", "/exchanges/amq.default//modules/payments")):
        headers = {**wrong_key.headers, "x-first-death-exchange": exchange}
        given_up = judge.put_back(decode(replace(wrong_key, exchange="saga.undelivered", headers=headers)))
        assert isinstance(given_up, Envelope)
        assert given_up.source == source


COMMAND = {"order_id": "o-1", "effect": "fulfilment", "revision": 1}


def command(source: str = "/modules/order-process") -> Raw:
    said = {"specversion": "1.0", "id": derived_id(source), "source": source, "type": "StartFulfilment"}
    return Raw(json.dumps(COMMAND).encode(), headers={f"ce-{name}": value for name, value in said.items()})


async def test_a_collaborator_takes_commands_of_processes_under_its_own_key_alone(
    place: Place, channel: AbstractChannel
) -> None:
    commands = await channel.get_exchange(place.topology.commands)
    await send(channel.default_exchange, command(), place.topology.queue("fulfilment"))
    await send(commands, command(), "fulfilment.StopFulfilment")
    await send(commands, command("/modules/orders"), "fulfilment.StartFulfilment")
    await send(commands, command(), "fulfilment.StartFulfilment")
    came: list[Envelope | Poison] = []

    async def handle(messages: Any) -> None:
        came.extend(messages)

    async def look() -> list[Envelope | Poison]:
        return came

    stop, judge = asyncio.Event(), Commands("fulfilment", place.prefix)
    consumer = Consumer(place.amqp_url, place.topology, "fulfilment", handle, 10, judge=judge)
    running = asyncio.create_task(consumer.run(stop, asyncio.Event()))
    try:
        await until(look, lambda seen: len(seen) == 4)
    finally:
        stop.set()
        await running
    assert [one.reason if isinstance(one, Poison) else one.type for one in came] == [
        f"it came from exchange 'amq.default': commands come from {place.prefix}.commands",
        "its routing key is 'fulfilment.StopFulfilment' where fulfilment.StartFulfilment is expected",
        "its source is '/modules/orders': commands come from a process, /modules/<process>-process",
        "StartFulfilment",
    ]
