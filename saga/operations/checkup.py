"""The checkup: whether services can work here, and whether those that are needed do.

A server that can't be reached is part of the answer and not raised, so both servers are checked at once, each within
a time limit.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from aio_pika import Message
from aio_pika.exceptions import ChannelClosed
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import Process
from saga.operations.errors import OperationFailed
from saga.operations.fitness import look_at_database
from saga.operations.queues import read_depths
from saga.operations.schema import read_version
from saga.operations.services import Heartbeat, LoopState, read_overdue, read_services
from saga.postgres import LostRace, Unavailable, one_moment
from saga.rabbitmq.connection import broker_errors, connect, require_version
from saga.rabbitmq.frame_router import RoutedConnection
from saga.rabbitmq.topology import Topology, topology

CLOSE_SECONDS: Final = 0.5
LATE_SECONDS: Final = 15.0
"""A deadline that is overdue for longer is not just being fired."""
WORKER: Final = "worker"
SCHEDULER: Final = "scheduler"
_NOBODY: Final = "health"
"""A routing key that no queue is bound to: commands have two words."""


class NoAnswer(OperationFailed):
    """A server did not answer within the time limit."""


class BrokerBlocked(OperationFailed):
    """The broker runs, and takes no messages because of an alarm."""


@dataclass(frozen=True, slots=True)
class Health:
    """What a checkup found.

    ``database`` and ``broker`` are the errors that checking them gave: Unavailable, NeedsPerson, NoAnswer or
    BrokerBlocked; None where all is well. ``has_broker`` is false where the system runs without one.

    ``services`` are the loops of all services, ``overdue_seconds`` is by how much the oldest deadline is overdue (None
    if none is), ``queued`` counts messages that wait for a worker. ``schema_version`` is that of the tables. Nothing is
    known of these where the database, or the broker, can't be used.
    """

    database: Exception | None
    broker: Exception | None
    has_broker: bool
    services: tuple[Heartbeat, ...] = ()
    overdue_seconds: float | None = None
    queued: int = 0
    schema_version: str | None = None

    @property
    def silent(self) -> tuple[Heartbeat, ...]:
        """Loops that stand still, and whose work nobody else does."""
        return tuple(one for one in self.services if one.state is LoopState.SILENT)

    @property
    def failing(self) -> tuple[Heartbeat, ...]:
        """Loops that run without success: they start over again and again."""
        return tuple(one for one in self.services if one.state is LoopState.GOING and one.reason is not None)

    @property
    def missing(self) -> tuple[str, ...]:
        """Services of which none runs although there is work for one: "scheduler", "worker"."""
        running = {one.service for one in self.services if one.is_fresh}
        late = self.overdue_seconds is not None and self.overdue_seconds > LATE_SECONDS
        has_work = {SCHEDULER: late, WORKER: self.queued > 0}
        return tuple(name for name, has in has_work.items() if has and name not in running)

    @property
    def is_healthy(self) -> bool:
        """Whether nothing is wrong."""
        can_work = self.database is None and self.broker is None
        return can_work and not (self.silent or self.failing or self.missing)


async def health(
    engine: AsyncEngine,
    processes: Sequence[Process],
    *,
    broker: str | None = None,
    prefix: str = "saga",
    timeout_seconds: float = 5.0,
    allow_unsafe_database: bool = False,
) -> Health:
    """Check that the database, its tables and the broker can be used, and that the services work.

    ``broker`` is an AMQP URL, or None if the system runs without one; ``prefix`` is that of the exchanges and queues.
    Each server has ``timeout_seconds`` to answer. ``allow_unsafe_database`` accepts a database that may lose what it
    has committed. Errors are returned, not raised.
    """
    at_broker = None if broker is None else _look_at_broker(broker, processes, prefix)
    database, queues = await asyncio.gather(
        _answer("database", _look_at_database(engine, allow_unsafe=allow_unsafe_database), timeout_seconds),
        _answer("broker", at_broker, timeout_seconds),
    )
    has_broker = broker is not None
    queued = 0 if isinstance(queues, Exception) or queues is None else queues
    if isinstance(database, Exception):
        return Health(database, _error(queues), has_broker, queued=queued)
    services, overdue_seconds, version = database or ((), None, None)
    return Health(None, _error(queues), has_broker, services, overdue_seconds, queued, version)


async def _answer(name: str, look: Coroutine[Any, Any, Any] | None, seconds: float) -> Any:
    """The result of a check, or its error."""
    if look is None:
        return None
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await look
    except TimeoutError as error:
        return NoAnswer(f"the {name} did not answer within {seconds:g} s") if limit.expired() else error
    except (OperationFailed, Unavailable, LostRace, SQLAlchemyError) as error:
        return error


def _error(found: object) -> Exception | None:
    return found if isinstance(found, Exception) else None


async def _look_at_database(
    engine: AsyncEngine, *, allow_unsafe: bool
) -> tuple[tuple[Heartbeat, ...], float | None, str | None]:
    await look_at_database(engine, allow_unsafe=allow_unsafe)
    async with one_moment(engine) as connection:
        return await read_services(connection), await read_overdue(connection), await read_version(connection)


async def _look_at_broker(url: str, processes: Sequence[Process], prefix: str) -> int:
    """How many messages wait for a worker. Raises BrokerBlocked, and what ``broker_errors`` raises."""
    known = topology(prefix, *processes)
    with broker_errors(url):
        connection = await connect(url, "health")
        try:
            require_version(connection, url)
            await _require_publishes(connection, Topology(prefix, ()))
        finally:
            # A connection that is blocked can't even be closed in order.
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await connection.close()
        depths = await read_depths(url, [*(known.queue(process.name) for process in processes), known.undelivered])
    return sum(depth.messages or 0 for depth in depths)


async def _require_publishes(connection: RoutedConnection, known: Topology) -> None:
    """Raise BrokerBlocked while an alarm keeps the broker from taking messages.

    Publishes a message with a key that no queue is bound to, and waits for any answer, also that the exchange is
    missing or that this user may not publish. A broker with an alarm reads no message, so it gives no answer.
    """
    channel = await connection.channel()
    exchange = await channel.get_exchange(known.commands, ensure=False)
    publish = asyncio.ensure_future(exchange.publish(Message(b""), _NOBODY, mandatory=False))
    blocked = asyncio.ensure_future(connection.notices.blocked.wait())
    try:
        await asyncio.wait([publish, blocked], return_when=asyncio.FIRST_COMPLETED)
        if blocked.done():
            why = connection.notices.blocked_because
            raise BrokerBlocked(f"the {connection.notices.server} takes no messages now ({why})")
        with suppress(ChannelClosed):
            await publish
    finally:
        for task in (publish, blocked):
            task.cancel()
