"""A queue for one run, filled with new messages: four inputs for each order, interleaved.

CloudEvents in binary mode, persistent, confirmed, in a quorum queue, as in `docs/wire.md`: the peers consume the same
messages as this project's own consumer. Each has a position in its source, like the modules' messages.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractChannel

INPUTS = ("OrderPlaced", "OrderCancelled", "PaymentReceived", "PaymentTimedOut")
UNCONFIRMED_AT_ONCE = 500


@asynccontextmanager
async def filled_queue(amqp_url: str, count: int) -> AsyncIterator[str]:
    """The name of a durable queue that holds ``count`` messages, a multiple of four; it is deleted at the end."""
    name = f"peers.{uuid4().hex[:8]}"
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel(on_return_raises=True)
        await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
        try:
            await _publish(channel, name, list(messages(count)))
            yield name
        finally:
            await channel.queue_delete(name)


async def _publish(channel: AbstractChannel, queue: str, messages: list[aio_pika.Message]) -> None:
    for start in range(0, len(messages), UNCONFIRMED_AT_ONCE):
        part = messages[start : start + UNCONFIRMED_AT_ONCE]
        publishes = [channel.default_exchange.publish(message, queue, timeout=30) for message in part]
        await asyncio.gather(*publishes)


def messages(count: int) -> Iterator[aio_pika.Message]:
    """First each order is placed, then each is cancelled, and so on: an order's messages are as far apart as can be."""
    run, orders = uuid4().hex[:8], count // len(INPUTS)
    for number in range(orders * len(INPUTS)):
        yield _message(f"{run}-{number % orders}", INPUTS[number // orders], run, number)


def _message(order_id: str, kind: str, run: str, number: int) -> aio_pika.Message:
    data = {"order_id": order_id, "payment_id": f"pay-{order_id}", "amount": 4_200, "currency": "EUR"}
    message_id = f"{run}-{number}"
    return aio_pika.Message(
        json.dumps(data).encode(),
        message_id=message_id,
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        type=kind,
        headers={
            "ce-specversion": "1.0",
            "ce-id": message_id,
            "ce-source": f"/benchmarks/{run}",
            "ce-type": kind,
            "ce-subject": order_id,
            "ce-sequence": str(number + 1),
        },
    )
