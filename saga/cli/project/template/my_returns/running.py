"""What the programs here have in common: the database at SAGA_DATABASE_URL, and how a collaborator runs."""

import asyncio
import os
import signal

from saga.collaborator import Collaborator
from saga.modules import connect_engine
from sqlalchemy.ext.asyncio import AsyncEngine


def connect(service: str) -> AsyncEngine:
    """A pool of connections, which PostgreSQL shows under the name of the service."""
    url = os.environ.get("SAGA_DATABASE_URL")
    if not url:
        raise SystemExit('SAGA_DATABASE_URL is not set. With `saga up` running: eval "$(saga env)"')
    return connect_engine(url, service)


def run(collaborator: Collaborator) -> None:
    """Take commands until SIGTERM or Ctrl-C: from the broker at SAGA_AMQP_URL; without that, from the logs."""
    asyncio.run(_run(collaborator))


async def _run(collaborator: Collaborator) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    engine = connect(collaborator.name)
    broker, prefix = os.environ.get("SAGA_AMQP_URL"), os.environ.get("SAGA_PREFIX") or "saga"
    try:
        await collaborator.run(stop, engine=engine, broker=broker, prefix=prefix)
    finally:
        await engine.dispose()
