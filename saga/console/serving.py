"""Serving: the console on a socket, until it is asked to stop."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from saga.console.settings import Listen
from saga.settings import SettingsError

STOP_SECONDS = 2
MOST_CONNECTIONS = 500


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
