"""The gateway with pika, in a thread of its own."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pika

from tests.contract.consumers.gateway import Gateway

LOOK_SECONDS = 0.2


@asynccontextmanager
async def consuming(gateway: Gateway, amqp_url: str) -> AsyncIterator[None]:
    """Take commands as long as the block lasts."""
    stop = threading.Event()
    working = asyncio.create_task(asyncio.to_thread(_take, gateway, amqp_url, stop))
    try:
        yield
    finally:
        stop.set()
        await working


def _take(gateway: Gateway, amqp_url: str, stop: threading.Event) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    channel.confirm_delivery()
    for method, properties, body in channel.consume(gateway.queue, inactivity_timeout=LOOK_SECONDS):
        if method is not None:
            if (answer := gateway.handle(properties.headers, body)) is not None:
                channel.basic_publish(
                    exchange=answer.described.exchange,
                    routing_key=answer.described.routing_key,
                    body=answer.body,
                    properties=pika.BasicProperties(
                        content_type="application/json", delivery_mode=2, headers=dict(answer.headers)
                    ),
                    mandatory=True,
                )
            channel.basic_ack(method.delivery_tag)
        if stop.is_set():
            break
    channel.cancel()
    connection.close()
