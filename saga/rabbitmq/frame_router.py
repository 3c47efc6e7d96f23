"""The frame router: passes a connection's frames to the client, but content frames directly to their handlers.

The client (aio-pika on aiormq) does everything that is rare: it connects, opens and closes channels, declares, sends
heartbeats, notices a dead link. Frames that come by the thousand are removed from its stream: deliveries on a
consumer's channel, confirms and returns on a publisher's. The interface for that is public: a connection accepts a
transport factory.

The client considers a link dead if it reads nothing for some heartbeats, and a broker that sends deliveries sends no
heartbeats. So once a second we inject a heartbeat in place of the frames we took.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import aio_pika
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelInvalidStateError
from aiormq.channel import Channel
from aiormq.connection import Connection, TransportFactory
from aiormq.exceptions import AMQPConnectionError
from yarl import URL

from saga.rabbitmq.connection_notices import ConnectionNotices
from saga.rabbitmq.frames import FRAME_EXTRA, FRAME_START, HEARTBEAT

HEARTBEAT_SECONDS = 1.0


class FrameHandler(Protocol):
    """Handles some of the frames of one channel."""

    def handle_frame(self, kind: int, data: bytes, start: int, end: int) -> bool:
        """Handle a frame whose payload is at ``start`` to ``end``; if this is True, the client does not see it."""


class FrameRouter(asyncio.StreamReaderProtocol):
    """Routes the frames of one connection to ``handlers``, by the channel's number, or to the client."""

    def __init__(
        self, reader: asyncio.StreamReader, loop: asyncio.AbstractEventLoop, notices: FrameHandler | None = None
    ) -> None:
        super().__init__(reader, loop=loop)
        self.handlers: dict[int, FrameHandler] = {} if notices is None else {0: notices}
        self._reader = reader
        self._loop_time = loop.time
        self._rest = b""
        self._next_heartbeat = 0.0

    def data_received(self, data: bytes) -> None:
        """Route the complete frames; an incomplete one waits for the rest."""
        if self._rest:
            data = self._rest + data
        at = passed = 0
        whole = len(data) - FRAME_EXTRA
        while at <= whole:
            kind, channel, size = FRAME_START.unpack_from(data, at)
            if size > whole - at:
                break
            start, after = at + FRAME_START.size, at + size + FRAME_EXTRA
            handler = self.handlers.get(channel)
            if handler is not None and handler.handle_frame(kind, data, start, start + size):
                self._pass_on(data[passed:at])
                passed = after
            at = after
        self._pass_on(data[passed:at])
        self._rest = data[at:]
        if passed:
            self._show_life()

    def eof_received(self) -> bool | None:
        """Pass on the rest at the end of the input: the client reports an incomplete frame."""
        self._pass_on(self._rest)
        return super().eof_received()

    def _pass_on(self, data: bytes) -> None:
        if data:
            super().data_received(data)

    def _show_life(self) -> None:
        now = self._loop_time()
        if now >= self._next_heartbeat:
            self._next_heartbeat = now + HEARTBEAT_SECONDS
            self._pass_on(HEARTBEAT)


class _RoutedTransport(TransportFactory):
    """Connects as the client would, with a frame router in between."""

    router: FrameRouter

    def __init__(self, notices: ConnectionNotices, server_name: str | None) -> None:
        self._notices = notices
        self._server_name = server_name

    async def create(self, url: URL, **options: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The streams that the client reads and writes."""
        loop = asyncio.get_running_loop()
        certificates = options.pop("ssl_context_provider")
        context = await certificates.get_context() if url.scheme == "amqps" else None
        name = self._server_name if context else None
        reader = asyncio.StreamReader(loop=loop)
        self.router = FrameRouter(reader, loop, self._notices)
        try:
            transport, _ = await loop.create_connection(
                lambda: self.router, url.host or "", url.port or 0, ssl=context, server_hostname=name, **options
            )
        except OSError as error:
            raise AMQPConnectionError(*error.args) from error
        return reader, asyncio.StreamWriter(transport, self.router, reader, loop)


class _Channel(aio_pika.Channel):
    """A channel of the client that raises one of the client's own errors if it is opened on a lost connection."""

    async def _open(self) -> None:
        with _lost_connection_raised():
            await super()._open()


@contextmanager
def _lost_connection_raised() -> Iterator[None]:
    """Turn the bare RuntimeError of opening a channel on a lost connection into ChannelInvalidStateError."""
    try:
        yield
    except RuntimeError as error:
        raise ChannelInvalidStateError(*error.args) from error


class RoutedConnection(aio_pika.Connection):
    """A plain connection of the client, whose content frames can be routed to handlers.

    ``notices`` has the broker's notices about the connection itself. With TLS the certificate must have
    ``server_name``, or the host's name if that is None.
    """

    CHANNEL_CLASS = _Channel

    def __init__(self, url: URL, *, server_name: str | None = None, **options: Any) -> None:
        super().__init__(url, **options)
        self.notices = ConnectionNotices()
        factory = _RoutedTransport(self.notices, server_name)
        self._transport_factory = self.kwargs["transport_factory"] = factory

    def channel(self, *args: Any, **options: Any) -> AbstractChannel:
        """A new channel, not opened yet. Raises ChannelInvalidStateError if the connection is closed."""
        with _lost_connection_raised():
            return super().channel(*args, **options)

    @property
    def broker(self) -> tuple[str, str]:
        """The product and the version that the broker reports."""
        wire = self.transport and self.transport.connection
        properties = wire.server_properties if isinstance(wire, Connection) else {}
        return str(properties.get("product", "")), str(properties.get("version", ""))

    async def route_frames(self, channel: AbstractChannel, handler: FrameHandler) -> Channel:
        """Route the channel's frames to ``handler`` from now on; returns the underlying AMQP channel."""
        wire = await channel.get_underlay_channel()
        if not isinstance(wire, Channel):
            raise TypeError(f"aio-pika runs on {type(wire).__name__}, not on aiormq's channel")
        self._transport_factory.router.handlers[wire.number] = handler
        return wire
