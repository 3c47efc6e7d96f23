"""Messages as bytes and properties, and a client that sends and takes them: aio-pika, with nothing of ours on top.

``Raw`` is what the engine keeps of a message; here it says what to send, so that both sides use one word for it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import aio_pika
import orjson
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from saga.messages import Raw
from saga.rabbitmq.topology import declare
from tests.rabbitmq.place import Place
from tests.waiting import LIMIT_SECONDS, until

OUTSTANDING = 200

MODULES = {
    "OrderPlaced": "orders",
    "OrderCancelled": "orders",
    "PaymentReceived": "payments",
    "PaymentTimedOut": "scheduler",
}


def event(
    kind: str,
    data: Mapping[str, Any],
    *,
    id: str | None = None,  # noqa: A002 - the attribute's name
    sequence: int | None = None,
    previous: int | None = None,
    **attributes: str,
) -> Raw:
    """A CloudEvent in binary mode, as the module that owns the type would send it."""
    module = MODULES.get(kind, "orders")
    said = {"specversion": "1.0", "id": id or str(uuid4()), "source": f"/modules/{module}", "type": kind, **attributes}
    if sequence is not None:
        said |= {"sequence": str(sequence), "previoussequence": str(sequence - 1 if previous is None else previous)}
    return Raw(
        body=orjson.dumps(data),
        routing_key=f"{module}.{kind}",
        content_type="application/json",
        headers={f"ce-{name}": value for name, value in said.items()},
    )


def placed(order_id: str, amount: int = 4_200, **extra: Any) -> Raw:
    return event("OrderPlaced", {"order_id": order_id, "amount": amount, "currency": "EUR", **extra})


def cancelled(order_id: str) -> Raw:
    return event("OrderCancelled", {"order_id": order_id})


def paid(order_id: str, payment_id: str = "p-1", amount: int = 4_200, **extra: Any) -> Raw:
    data = {"order_id": order_id, "payment_id": payment_id, "amount": amount, "currency": "EUR", **extra}
    return event("PaymentReceived", data)


def timed_out(order_id: str) -> Raw:
    return event("PaymentTimedOut", {"order_id": order_id})


def under_another_id(raw: Raw) -> Raw:
    return replace(raw, headers={**raw.headers, "ce-id": str(uuid4())})


@asynccontextmanager
async def channel_at(place: Place) -> AsyncIterator[AbstractChannel]:
    """A channel of a connection of its own, with the place's topology declared."""
    async with await aio_pika.connect(place.amqp_url) as connection:
        channel = await connection.channel(on_return_raises=True)
        await declare(channel, place.topology)
        yield channel


async def publish(channel: AbstractChannel, place: Place, messages: Sequence[Raw]) -> None:
    """Send messages in order to the exchange of events; all are confirmed when this returns."""
    exchange = await channel.get_exchange(place.topology.events, ensure=False)
    for first in range(0, len(messages), OUTSTANDING):
        outstanding = messages[first : first + OUTSTANDING]
        await asyncio.gather(
            *(exchange.publish(_message(raw), raw.routing_key, timeout=LIMIT_SECONDS) for raw in outstanding)
        )


def _message(raw: Raw) -> aio_pika.Message:
    return aio_pika.Message(
        raw.body,
        headers=dict(raw.headers),
        content_type=raw.content_type,
        message_id=raw.message_id,
        type=raw.type,
        correlation_id=raw.correlation_id,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )


async def depth(place: Place, queue: str) -> int:
    """How many messages wait in a queue; those that a consumer holds are not among them."""
    async with await aio_pika.connect(place.amqp_url) as connection:
        channel = await connection.channel()
        declared = await channel.declare_queue(queue, passive=True)
        return declared.declaration_result.message_count or 0


async def depth_becomes(place: Place, queue: str, count: int) -> None:
    """Wait until so many messages are in a queue: what was acknowledged or given back is counted a moment later."""
    await until(lambda: depth(place, queue), lambda waiting: waiting == count)


async def drain(place: Place, queue: str) -> list[AbstractIncomingMessage]:
    """Everything that waits in a queue, in its order."""
    taken: list[AbstractIncomingMessage] = []
    done = asyncio.Event()

    async def handle(message: AbstractIncomingMessage) -> None:
        taken.append(message)
        if len(taken) == waiting:
            done.set()

    async with await aio_pika.connect(place.amqp_url) as connection:
        channel = await connection.channel()
        found = await channel.declare_queue(queue, passive=True)
        waiting = found.declaration_result.message_count or 0
        if waiting:
            await found.consume(handle, no_ack=True)
            async with asyncio.timeout(LIMIT_SECONDS):
                await done.wait()
    return taken
