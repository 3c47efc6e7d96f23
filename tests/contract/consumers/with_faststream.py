"""The gateway and a reader with FastStream."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from faststream import AckPolicy
from faststream.rabbit import ExchangeType, RabbitBroker, RabbitExchange, RabbitMessage, RabbitQueue

from tests.contract.consumers.gateway import Gateway
from tests.contract.consumers.reader import Reader


@asynccontextmanager
async def consuming(gateway: Gateway, amqp_url: str) -> AsyncIterator[None]:
    """Take commands as long as the block lasts."""
    broker = RabbitBroker(amqp_url, logger=None)

    @broker.subscriber(RabbitQueue(gateway.queue, declare=False), ack_policy=AckPolicy.REJECT_ON_ERROR)
    async def take(message: RabbitMessage) -> None:
        if (answer := gateway.handle(message.headers, message.body)) is not None:
            described = answer.described
            exchange = RabbitExchange(described.exchange, type=ExchangeType.TOPIC, declare=False)
            await broker.publish(
                answer.body,
                exchange=exchange,
                routing_key=described.routing_key,
                headers=dict(answer.headers),
                content_type="application/json",
                persist=True,
            )

    async with broker:
        await broker.start()
        yield


@asynccontextmanager
async def reading(reader: Reader, amqp_url: str) -> AsyncIterator[None]:
    """Receive announcements in a queue of the reader's own, as long as the block lasts."""
    broker = RabbitBroker(amqp_url, logger=None)
    own = RabbitQueue(reader.queue, durable=True)

    @broker.subscriber(own, ack_policy=AckPolicy.REJECT_ON_ERROR)
    async def take(message: RabbitMessage) -> None:
        reader.handle(message.headers, message.body)

    async with broker:
        queue = await broker.declare_queue(own)
        for exchange, routing_key in reader.bindings:
            await queue.bind(exchange, routing_key)
        await broker.start()
        yield
        await queue.delete(if_unused=False, if_empty=False)
