"""Serving: the console on a socket, until it is asked to stop."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from saga.console.settings import Listen
from saga.settings import SettingsError

STOP_SECONDS = 2
MOST_CONNECTIONS = 500
REQUEST_SECONDS = 15.0
"""For the head of a request, from its first byte or from the connection on; a form's body has a limit of its own."""
READ_SECONDS = 30.0
"""For a client to read what it was sent."""


def bind(listen: Listen) -> socket.socket:
    """A socket that listens there. Raises SettingsError."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((listen.host, listen.port))
    except OSError as error:
        made.close()
        reason = error.strerror or str(error)
        raise SettingsError(
            f"The console can't listen on {listen.host}:{listen.port} ({reason}): see --listen."
        ) from None
    return made


async def serve_on(
    made: socket.socket, app: ASGIApp, stop: asyncio.Event, ready: asyncio.Event, end_streams: Callable[[], None]
) -> None:
    """Answer requests until ``stop`` is set; ``ready`` is set once they are answered.

    ``end_streams`` ends the answers that would not end by themselves.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=True,
        lifespan="on",
        http=_Bounded,
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=STOP_SECONDS,
        h11_max_incomplete_event_size=64 * 1024,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[made]))
    stopping = asyncio.create_task(stop.wait())
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.02)
        ready.set()
        await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        end_streams()
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    """A server whose process has signal handlers of its own already."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the service."""
        yield


class _Bounded(H11Protocol):
    """A connection that has to ask, and to read the answer. Else 500 silent ones would keep everybody out."""

    _late: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._late = self.loop.call_later(REQUEST_SECONDS, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of a request, unless it is answered already."""
        try:
            super().data_received(data)
        except h11.LocalProtocolError:
            self.transport.abort()  # it is broken after its answer began, so that can't be said any more
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            _cancel(self._late)
            self._late = None
        elif self._late is None:
            self._late = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def send_400_response(self, msg: str) -> None:
        """Say that it is broken, or, where that is too late, end it for the page that reads it."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            super().send_400_response(msg)
            return
        cycle.disconnected = True
        cycle.message_event.set()
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        _cancel(self._late)
        _cancel(self._stuck)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait until the client reads."""
        super().pause_writing()
        self._stuck = self.loop.call_later(READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads."""
        _cancel(self._stuck)
        super().resume_writing()


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
