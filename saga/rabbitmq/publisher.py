"""The publisher: sends messages, and returns once the broker has confirmed them.

Every publish is mandatory, confirmed and has a time limit. After any doubt the channel is discarded: a publisher that
missed one confirm may wait for ever. Unconfirmed messages are sent again with the same id; receivers drop duplicates.

All messages of a publish are sent with one write and are outstanding together: the client's own publish makes a system
call and a task for each message, which is most of the cost of publishing.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aio_pika.exceptions import ChannelPreconditionFailed
from aiormq.abc import ChannelFrame
from aiormq.channel import Channel as WireChannel
from aiormq.exceptions import (
    ChannelClosed,
    ConnectionFrameError,
    ConnectionSyntaxError,
    ConnectionUnexpectedFrame,
)

from saga.metrics.table import SEND_SECONDS, SENT_MESSAGES
from saga.modules.outgoing import Outgoing
from saga.rabbitmq import frames
from saga.rabbitmq.confirms import Confirms, NotConfirmed, PublishRefused
from saga.rabbitmq.connection import connect
from saga.rabbitmq.frame_router import RoutedConnection
from saga.rabbitmq.sending import sending
from saga.rabbitmq.topology import Topology, declare

_ROOM_WITHOUT_LIMIT = 128 * 1024
"""The size of a frame, in bytes, if the broker sets no limit."""
_CONTENT_TOO_LARGE = 311
_REFUSALS = (ChannelPreconditionFailed, ConnectionFrameError, ConnectionSyntaxError, ConnectionUnexpectedFrame)
"""The errors with which a broker closes a channel or connection because it refuses a message."""

_SEND = ("rabbitmq", "send")
"""The first labels of the metrics."""


@dataclass(frozen=True, slots=True)
class _Channel:
    """An open channel in confirm mode, and its confirms."""

    connection: RoutedConnection
    wire: WireChannel
    confirms: Confirms


class Publisher:
    """Publishes on its own connection, which it opens on first use and again after a loss."""

    def __init__(self, amqp_url: str, topology: Topology, timeout_seconds: float) -> None:
        self.amqp_url = amqp_url
        self._topology = topology
        self._timeout_seconds = timeout_seconds
        self._channel: _Channel | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.discard()

    async def publish(self, messages: Sequence[Outgoing]) -> tuple[Outgoing, ...]:
        """Publish in order, all outstanding at once; returns the messages that found no queue and so are not stored.

        A second message with the same id is sent after the first is confirmed: the broker identifies returned messages
        by their id. Raises NotConfirmed or another broker error if any message was not confirmed in time: publish all
        of them again. Raises Refused if the broker refuses one of the messages.
        """
        unroutable: list[Outgoing] = []
        with sending(messages) as sent:
            for part in _without_duplicates(sent):
                unroutable += await self._publish(part)
        return tuple(unroutable)

    async def _publish(self, messages: Sequence[Outgoing]) -> list[Outgoing]:
        channel, begun = await self._open(), time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                written = _written(channel.wire, messages)
                confirmed = channel.confirms.expect([message.id for message in messages])
                await channel.wire.write_queue.put(ChannelFrame(written, should_close=False))
                returned = await confirmed
        except BaseException as error:
            _count(len(messages), begun, type(error).__name__)
            await self._discard(channel)
            raise
        _count(len(messages), begun, "")
        return [message for message in messages if message.id in returned]

    async def discard(self) -> None:
        """Close the connection; the next publish opens a new one."""
        if self._channel is not None:
            await self._discard(self._channel)

    async def _discard(self, channel: _Channel) -> None:
        """Close this channel; a newer one, opened by another publish meanwhile, stays open."""
        if self._channel is channel:
            self._channel = None
        await channel.connection.close()

    async def _open(self) -> _Channel:
        """The channel; the first publish that needs it opens it, and others wait for that."""
        async with self._opening:
            if self._channel is None or self._channel.wire.is_closed:
                await self.discard()
                connection = await connect(self.amqp_url, "publisher")
                try:
                    self._channel = await _open_on(connection, self._topology)
                except BaseException:
                    await connection.close()
                    raise
            return self._channel


def _count(messages: int, begun: float, error_type: str) -> None:
    SENT_MESSAGES.add(messages, *_SEND, error_type)
    SEND_SECONDS.observe(time.perf_counter() - begun, *_SEND, error_type)


async def _open_on(connection: RoutedConnection, topology: Topology) -> _Channel:
    channel = await connection.channel()
    await declare(channel, topology)
    confirms = Confirms()
    wire = await connection.route_frames(channel, confirms)
    wire.closing.add_done_callback(lambda closing: confirms.lose(*_lost(closing)))
    return _Channel(connection, wire, confirms)


def _lost(closing: asyncio.Future[None]) -> tuple[str, type[NotConfirmed]]:
    """Why a channel was closed, and the exception for that."""
    error = None if closing.cancelled() else closing.exception()
    if isinstance(error, _REFUSALS) or (isinstance(error, ChannelClosed) and _CONTENT_TOO_LARGE in error.args):
        return f"the broker refuses it: {error}", PublishRefused
    return f"the channel was closed before all was confirmed: {error or 'nobody said why'}", NotConfirmed


def _without_duplicates(messages: Sequence[Outgoing]) -> Iterator[list[Outgoing]]:
    """The messages in order, in as few parts as possible, each without a duplicate id."""
    part: dict[str, Outgoing] = {}
    for message in messages:
        if message.id in part:
            yield list(part.values())
            part = {}
        part[message.id] = message
    if part:
        yield list(part.values())


def _written(wire: WireChannel, messages: Sequence[Outgoing]) -> bytes:
    """The frames of all messages. Raises Refused if the header of one does not fit."""
    room = wire.max_content_size if wire.max_content_size > 0 else _ROOM_WITHOUT_LIMIT
    parts: list[bytes] = []
    for message in messages:
        header = frames.write_header(
            len(message.body),
            message.content_type,
            message.headers,
            correlation_id=message.correlation_id,
            message_id=message.id,
            type_=message.type,
        )
        if len(header) > room:
            raise PublishRefused(f"its attributes have {len(header)} bytes; the broker takes {room}")
        address = message.exchange, message.routing_key
        parts += frames.publish(wire.number, address, header, message.body, room)
    return b"".join(parts)
