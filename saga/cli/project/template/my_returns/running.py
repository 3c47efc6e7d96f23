"""What the programs here have in common: the addresses of the servers, and how a collaborator runs.

An address is in a variable such as SAGA_DATABASE_URL, or in the file that SAGA_DATABASE_URL_FILE names.
"""

import asyncio
import os
import signal
from pathlib import Path

from saga.collaborator import Collaborator, monitored, traced
from saga.modules import connect_engine
from sqlalchemy.ext.asyncio import AsyncEngine

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def connect(service: str) -> AsyncEngine:
    """A pool of connections, which PostgreSQL shows under the name of the service."""
    url = _address("SAGA_DATABASE_URL")
    if not url:
        raise SystemExit('SAGA_DATABASE_URL is not set. With `saga up` running: eval "$(saga env)"')
    return connect_engine(url, service)


def run(collaborator: Collaborator) -> None:
    """Take commands until SIGTERM or Ctrl-C: from the broker at SAGA_AMQP_URL; without that, from the logs.

    At SAGA_METRICS_LISTEN, such as 127.0.0.1:9464, it answers /metrics, /healthz and /readyz. With SAGA_TRACES, a share
    such as 0.01, it sends traces; that needs the extra saga[otel].
    """
    with traced(collaborator.name, os.environ.get("SAGA_TRACES")):
        asyncio.run(_run(collaborator))


async def _run(collaborator: Collaborator) -> None:
    stop = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # The image starts programs with these signals blocked, so that none is lost before there is a handler.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    engine, ready = connect(collaborator.name), asyncio.Event()
    broker, prefix = _address("SAGA_AMQP_URL"), os.environ.get("SAGA_PREFIX") or "saga"
    listen = os.environ.get("SAGA_METRICS_LISTEN")
    try:
        async with monitored(listen, stop, engine=engine, broker=broker, ready=[ready]):
            await collaborator.run(stop, engine=engine, broker=broker, prefix=prefix, ready=ready)
    finally:
        await engine.dispose()


def _address(variable: str) -> str | None:
    file = os.environ.get(f"{variable}_FILE")
    return Path(file).read_text("utf-8-sig").strip() if file else os.environ.get(variable)
