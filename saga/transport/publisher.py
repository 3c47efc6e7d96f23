"""The publisher: sends messages and knows which of them the broker has taken.

Every publish is mandatory, confirmed and has a time limit. After any doubt the channel is discarded: a publisher that
missed one confirm may wait for ever. What was not confirmed is sent again with the same id, and the receiver drops it.
"""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, DeliveryMode
from aio_pika.exceptions import PublishError

from saga.transport.codec import Outgoing
from saga.transport.connection import connect
from saga.transport.topology import Topology, declare


class Publisher:
    """A connection of its own for publishing; it opens on first use and again after a loss."""

    def __init__(self, amqp_url: str, topology: Topology, timeout_seconds: float) -> None:
        self._amqp_url = amqp_url
        self._topology = topology
        self._timeout_seconds = timeout_seconds
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.discard()

    async def publish(self, messages: Sequence[Outgoing]) -> tuple[Outgoing, ...]:
        """Publish in order, all outstanding at once; returns those that found no queue, which nobody has now.

        Raises one of the broker's errors if any other message was not confirmed in time: send all of them again.
        """
        channel = await self._open()
        try:
            outcomes = await asyncio.gather(*(self._send(channel, message) for message in messages))
        except BaseException:
            await self.discard()
            raise
        return tuple(message for message, routed in zip(messages, outcomes, strict=True) if not routed)

    async def discard(self) -> None:
        """Close what is open; the next publish opens it afresh."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            await connection.close()

    async def _open(self) -> AbstractChannel:
        if self._channel is None or self._channel.is_closed:
            await self.discard()
            self._connection = await connect(self._amqp_url, "publisher")
            self._channel = await self._connection.channel(on_return_raises=True)
            await declare(self._channel, self._topology)
        return self._channel

    async def _send(self, channel: AbstractChannel, message: Outgoing) -> bool:
        """Send one message; whether a queue has it."""
        exchange = await channel.get_exchange(message.exchange, ensure=False)
        try:
            await exchange.publish(
                aio_pika.Message(
                    message.body,
                    headers=dict(message.headers),
                    content_type=message.content_type,
                    delivery_mode=DeliveryMode.PERSISTENT,
                    message_id=message.id,
                    type=message.type,
                    correlation_id=message.correlation_id,
                ),
                message.routing_key,
                mandatory=True,
                timeout=self._timeout_seconds,
            )
        except PublishError:
            return False
        return True
