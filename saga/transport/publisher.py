"""The publisher: sends messages and knows which of them the broker has taken.

Every publish is mandatory, confirmed and has a time limit. After any doubt the channel is discarded: a publisher that
missed one confirm may wait for ever. What was not confirmed is sent again with the same id, and the receiver drops it.
"""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from aio_pika.abc import AbstractConnection
from aiormq.channel import Channel as WireChannel
from aiormq.exceptions import PublishError
from pamqp.commands import Basic

from saga.transport.codec import Outgoing
from saga.transport.connection import connect, wire_channel
from saga.transport.topology import Topology, declare

PERSISTENT = 2


class Publisher:
    """A connection of its own for publishing; it opens on first use and again after a loss."""

    def __init__(self, amqp_url: str, topology: Topology, timeout_seconds: float) -> None:
        self._amqp_url = amqp_url
        self._topology = topology
        self._timeout_seconds = timeout_seconds
        self._connection: AbstractConnection | None = None
        self._channel: WireChannel | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.discard()

    async def publish(self, messages: Sequence[Outgoing]) -> tuple[Outgoing, ...]:
        """Publish in order, all outstanding at once; returns those that found no queue, which nobody has now.

        No two of the messages may have one id. Raises one of the broker's errors if any message was not confirmed in
        time: send all of them again.
        """
        channel = await self._open()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                routed = await asyncio.gather(*(self._send(channel, message) for message in messages))
        except BaseException:
            await self.discard()
            raise
        return tuple(message for message, found in zip(messages, routed, strict=True) if not found)

    async def discard(self) -> None:
        """Close what is open; the next publish opens it afresh."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            await connection.close()

    async def _open(self) -> WireChannel:
        if self._channel is None or self._channel.is_closed:
            await self.discard()
            self._connection = await connect(self._amqp_url, "publisher")
            channel = await self._connection.channel(on_return_raises=True)
            await declare(channel, self._topology)
            self._channel = await wire_channel(channel)
        return self._channel

    async def _send(self, channel: WireChannel, message: Outgoing) -> bool:
        """Send one message; whether a queue has it."""
        properties = Basic.Properties(
            content_type=message.content_type,
            headers=dict(message.headers),
            delivery_mode=PERSISTENT,
            correlation_id=message.correlation_id,
            message_id=message.id,
            message_type=message.type,
        )
        try:
            await channel.basic_publish(
                message.body,
                exchange=message.exchange,
                routing_key=message.routing_key,
                properties=properties,
                mandatory=True,
                wait=False,
            )
        except PublishError:
            return False
        return True
