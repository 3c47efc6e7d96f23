"""Gateways that were written from the contract alone stand in for the demo's, beside its workers and schedulers."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pika
import pytest

from saga.devstack.services import our_services
from tests.contract.consumers import with_faststream, with_pika
from tests.contract.consumers.from_contract import commands, event
from tests.contract.consumers.gateway import Gateway
from tests.contract.consumers.reader import Reader
from tests.rabbitmq.place import Place
from tests.rabbitmq.records import dead_letters, outcome
from tests.rabbitmq.wire import drain
from tests.system.crew import crew_at
from tests.waiting import until, until_true

Consuming = Callable[[Gateway, str], AbstractAsyncContextManager[None]]


async def printed_contract(place: Place) -> dict[str, Any]:
    """What `saga contract` prints there."""
    asked = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "saga", "contract"),
        env={**os.environ, "SAGA_PREFIX": place.prefix},
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await asked.communicate()
    document: dict[str, Any] = json.loads(printed)
    return document


def publish(place: Place, document: dict[str, Any], kind: str, **data: Any) -> None:
    """An event as the contract says, from another team's shop."""
    described = event(document, kind)
    headers, body = described.made("https://shop.example/orders", **data)
    connection = pika.BlockingConnection(pika.URLParameters(place.amqp_url))
    channel = connection.channel()
    channel.confirm_delivery()
    properties = pika.BasicProperties(content_type="application/json", delivery_mode=2, headers=headers)
    channel.basic_publish(described.exchange, described.routing_key, body, properties, mandatory=True)
    connection.close()


@pytest.mark.parametrize("consuming", [with_faststream.consuming, with_pika.consuming], ids=["faststream", "pika"])
async def test_a_gateway_from_the_contract_alone_is_asked_answers_and_refunds(
    place: Place, tmp_path: Path, consuming: Consuming
) -> None:
    document = await printed_contract(place)
    gateway = Gateway(document)

    def types() -> list[str]:
        return [kind for kind, _ in gateway.taken]

    services = our_services(1, 1, simulated=False)
    async with crew_at(place, tmp_path, services), consuming(gateway, place.amqp_url):
        await asyncio.to_thread(publish, place, document, "OrderPlaced", order_id="o-1", amount=4200, currency="EUR")
        await until(lambda: outcome(place.engine, "o-1"), lambda seen: seen == "paid")
        await asyncio.to_thread(publish, place, document, "OrderCancelled", order_id="o-1", reason="too late")
        await until(lambda: outcome(place.engine, "o-1"), lambda seen: seen == "refunded")
        await until_true(lambda: "RefundPayment" in types())
        at_fulfilment = commands(document, "fulfilment")
        (queue,) = {one.queue for one in at_fulfilment.values()}
        assert queue is not None
        shipped = await until_shipped(place, queue, 2)
    assert types() == ["RequestPayment", "VoidPayment", "RefundPayment"]
    asked, _, refunded = [data for _, data in gateway.taken]
    assert asked == {"order_id": "o-1", "effect": "payment_request", "revision": 1, "amount": 4200, "currency": "EUR"}
    assert (refunded["effect"], refunded["revision"]) == ("refund/payment-o-1", 3)
    assert [at_fulfilment[kind].require(headers, body)["effect"] for kind, headers, body in shipped] == [
        "fulfilment",
        "fulfilment",
    ]
    assert await dead_letters(place.engine) == []


@pytest.mark.parametrize("reading", [with_faststream.reading, with_pika.reading], ids=["faststream", "pika"])
async def test_a_reader_from_the_contract_alone_knows_what_became_of_an_order(
    place: Place, tmp_path: Path, reading: Callable[[Reader, str], AbstractAsyncContextManager[None]]
) -> None:
    document = await printed_contract(place)
    reader = Reader(document, f"{place.prefix}.reader-from-contract")
    money = {"amount": 4200, "currency": "EUR"}
    async with crew_at(place, tmp_path, our_services(1, 0, simulated=False)), reading(reader, place.amqp_url):
        await asyncio.to_thread(publish, place, document, "PaymentTimedOut", order_id="o-1")
        await until_true(lambda: reader.believed == {"o-1": (1, "expired")})
        paid: dict[str, Any] = {"payment_id": "p-1", **money}
        await asyncio.to_thread(publish, place, document, "PaymentReceived", order_id="o-1", **paid)
        await until_true(lambda: reader.believed == {"o-1": (2, "paid")})
        assert reader.final == set()
        await asyncio.to_thread(publish, place, document, "OrderPlaced", order_id="o-2", **money)
        await asyncio.to_thread(publish, place, document, "OrderCancelled", order_id="o-1")
        await until_true(lambda: reader.final == {"o-1"})
        await until(lambda: outcome(place.engine, "o-2"))
    assert reader.believed == {"o-1": (3, "refunded")}, "nothing is announced of an order that only waits"
    assert reader.types == ["OrderExpired", "OrderPaid", "OrderRefunded"]
    assert await dead_letters(place.engine) == []


async def until_shipped(place: Place, queue: str, count: int) -> list[tuple[str, dict[str, Any], bytes]]:
    """So many commands of a queue, as their types, headers and bodies."""
    found: list[tuple[str, dict[str, Any], bytes]] = []

    async def look() -> int:
        for message in await drain(place, queue):
            headers = dict(message.headers)
            found.append((str(headers["ce-type"]), headers, message.body))
        return len(found)

    await until(look, lambda seen: seen >= count)
    return found
