"""The sorter: what a connection reads goes to the client, but content frames go straight to whoever takes them.

The client (aio-pika on aiormq) does everything that is rare: it connects, opens and closes channels, declares, keeps
heartbeats, notices that a link is dead. What comes by the thousand is taken out of its stream before it sees it:
deliveries on a consumer's channel, confirms and returns on a publisher's. The seam is public: a connection may be given
its transport.

The client takes a link for dead on which it reads nothing for some heartbeats, and a broker that sends deliveries sends
no heartbeats. So a heartbeat stands in its stream for the frames that were taken, once a second.
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
    """Takes the frames of one channel that it knows what to do with."""

    def handle_frame(self, kind: int, data: bytes, start: int, end: int) -> bool:
        """Whether the frame was taken, whose payload stands from ``start`` to ``end``: nobody else sees it then."""


class FrameRouter(asyncio.StreamReaderProtocol):
    """What comes in on one connection, sorted frame by frame; ``takers`` are known by their channel's number."""

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
        """Sort what came; a frame that is not whole yet waits for the rest of it."""
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
        """Nothing more comes: the client may have what is no whole frame, it says so."""
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
    """Connects as the client would, with a sorter in between."""

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
    """A channel of the client that can't be opened on a connection that is lost, and says so as it says the rest."""

    async def _open(self) -> None:
        with _lost_connection_raised():
            await super()._open()


@contextmanager
def _lost_connection_raised() -> Iterator[None]:
    """The client raises a bare RuntimeError where a connection is lost at the moment when a channel is opened on it."""
    try:
        yield
    except RuntimeError as error:
        raise ChannelInvalidStateError(*error.args) from error


class RoutedConnection(aio_pika.Connection):
    """A plain connection of the client, whose content frames can be taken.

    ``overheard`` is what the broker says of the connection itself.

    With TLS the certificate must have ``server_name``, or the host's name if that is None.
    """

    CHANNEL_CLASS = _Channel

    def __init__(self, url: URL, *, server_name: str | None = None, **options: Any) -> None:
        super().__init__(url, **options)
        self.notices = ConnectionNotices()
        factory = _RoutedTransport(self.notices, server_name)
        self._transport_factory = self.kwargs["transport_factory"] = factory

    def channel(self, *args: Any, **options: Any) -> AbstractChannel:
        """A new channel, not opened yet. Raises ChannelInvalidStateError where the connection was closed."""
        with _lost_connection_raised():
            return super().channel(*args, **options)

    @property
    def broker(self) -> tuple[str, str]:
        """The product and the version that the broker gives itself."""
        wire = self.transport and self.transport.connection
        said = wire.server_properties if isinstance(wire, Connection) else {}
        return str(said.get("product", "")), str(said.get("version", ""))

    async def route_frames(self, channel: AbstractChannel, handler: FrameHandler) -> Channel:
        """Let ``taker`` have what it wants of the channel from now on; the channel underneath, which speaks AMQP."""
        wire = await channel.get_underlay_channel()
        if not isinstance(wire, Channel):
            raise TypeError(f"aio-pika runs on {type(wire).__name__}, not on aiormq's channel")
        self._transport_factory.router.handlers[wire.number] = handler
        return wire
