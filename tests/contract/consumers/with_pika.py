"""The gateway and a reader with pika, each in a thread of its own."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pika

from tests.contract.consumers.gateway import Gateway
from tests.contract.consumers.reader import Reader
from tests.waiting import until_true

LOOK_SECONDS = 0.2


@asynccontextmanager
async def consuming(gateway: Gateway, amqp_url: str) -> AsyncIterator[None]:
    """Take commands as long as the block lasts."""
    async with _in_a_thread(lambda stop: _take(gateway, amqp_url, stop)):
        yield


@asynccontextmanager
async def reading(reader: Reader, amqp_url: str) -> AsyncIterator[None]:
    """Receive announcements in a queue of the reader's own, as long as the block lasts."""
    is_bound = threading.Event()
    async with _in_a_thread(lambda stop: _read(reader, amqp_url, stop, is_bound)):
        await until_true(is_bound.is_set)
        yield


@asynccontextmanager
async def _in_a_thread(work: Callable[[threading.Event], None]) -> AsyncIterator[None]:
    """Work until the end of the block, which sets the event."""
    stop = threading.Event()
    working = asyncio.create_task(asyncio.to_thread(work, stop))
    try:
        yield
    finally:
        stop.set()
        await working


def _read(reader: Reader, amqp_url: str, stop: threading.Event, is_bound: threading.Event) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    channel.queue_declare(reader.queue, durable=True)
    for exchange, routing_key in reader.bindings:
        channel.queue_bind(reader.queue, exchange, routing_key)
    is_bound.set()
    for method, properties, body in channel.consume(reader.queue, inactivity_timeout=LOOK_SECONDS):
        if method is not None:
            reader.handle(properties.headers, body)
            channel.basic_ack(method.delivery_tag)
        if stop.is_set():
            break
    channel.cancel()
    channel.queue_delete(reader.queue)
    connection.close()


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
