"""The publisher: sends messages and knows which of them the broker has taken.

Every publish is mandatory, confirmed and has a time limit. After any doubt the channel is discarded: a publisher that
missed one confirm may wait for ever. What was not confirmed is sent again with the same id, and the receiver drops it.
"""

import asyncio
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from aio_pika.abc import AbstractConnection
from aiormq.abc import ChannelFrame
from aiormq.channel import Channel as WireChannel
from aiormq.exceptions import PublishError
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from saga.transport.codec import Outgoing
from saga.transport.connection import connect, wire_channel
from saga.transport.topology import Topology, declare

PERSISTENT = 2


class NotConfirmed(ConnectionError):
    """The broker refused a message, or went away before it confirmed it."""


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

        A message whose id is under way already waits for its confirm: the broker names what it returns by that id.
        Raises NotConfirmed or another of the broker's errors if any message was not confirmed in time: send all of them
        again.
        """
        unroutable: list[Outgoing] = []
        for part in _without_repeats(messages):
            unroutable += await self._publish(part)
        return tuple(unroutable)

    async def _publish(self, messages: Sequence[Outgoing]) -> list[Outgoing]:
        channel = await self._open()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                confirmations = await _write(channel, messages)
                answers = await asyncio.gather(*confirmations, return_exceptions=True)
            for answer in answers:
                if isinstance(answer, BaseException) and not isinstance(answer, PublishError):
                    raise NotConfirmed(str(answer) or type(answer).__name__) from answer
        except BaseException:
            await self.discard()
            raise
        for message in messages:
            channel.message_id_delivery_tag.pop(message.id, None)
        return [m for m, answer in zip(messages, answers, strict=True) if isinstance(answer, PublishError)]

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


def _without_repeats(messages: Sequence[Outgoing]) -> Iterator[list[Outgoing]]:
    """The messages in order, in as few parts as have no id twice."""
    part: dict[str, Outgoing] = {}
    for message in messages:
        if message.id in part:
            yield list(part.values())
            part = {}
        part[message.id] = message
    if part:
        yield list(part.values())


async def _write(channel: WireChannel, messages: Sequence[Outgoing]) -> list[asyncio.Future[Any]]:
    """Send all messages with one write, each with a future for its confirm.

    The client's own publish makes a system call and a task for each message, which is most of what publishing costs.
    This does the same bookkeeping: the broker counts delivery tags from 1 on, and returns are known by message id.
    """
    confirmations: list[asyncio.Future[Any]] = []
    frames: list[Any] = []
    async with channel.lock:
        for message in messages:
            channel.delivery_tag += 1
            confirmation = channel.create_future()
            channel.confirmations[channel.delivery_tag] = confirmation
            channel.message_id_delivery_tag[message.id] = channel.delivery_tag
            confirmations.append(confirmation)
            frames += _frames(message, channel.max_content_size)
        await channel.write_queue.put(ChannelFrame.marshall(channel_number=channel.number, frames=frames))
    return confirmations


def _frames(message: Outgoing, most_bytes: int) -> list[Any]:
    properties = Basic.Properties(
        content_type=message.content_type,
        headers=dict(message.headers),
        delivery_mode=PERSISTENT,
        correlation_id=message.correlation_id,
        message_id=message.id,
        message_type=message.type,
    )
    return [
        Basic.Publish(exchange=message.exchange, routing_key=message.routing_key, mandatory=True),
        ContentHeader(properties=properties, body_size=len(message.body)),
        *(ContentBody(message.body[start : start + most_bytes]) for start in range(0, len(message.body), most_bytes)),
    ]
