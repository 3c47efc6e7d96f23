"""Connections: plain ones, in a supervised loop that starts over from the top on any loss.

The client's own reconnecting connections have come back without their consumers, and hand out stale deliveries first;
starting over has one path for the first start and for every later one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential
from yarl import URL

from saga.heartbeat import a_loop, rests, starts_over
from saga.postgres import Conflict, Unavailable
from saga.transport.sorter import SortedConnection

HEARTBEAT_SECONDS: Final = 10
CONNECT_TIMEOUT_SECONDS: Final = 10.0
LONGEST_PAUSE_SECONDS: Final = 5.0

BROKER_ERRORS: Final = (AMQPError, ChannelInvalidStateError, OSError, asyncio.TimeoutError)
"""What an unreachable, restarting or closing broker raises."""

TRANSIENT: Final = (*BROKER_ERRORS, Unavailable, Conflict)
"""After these the same work, done again later, will succeed."""

_log = structlog.get_logger()


class ConsumerLost(ConnectionError):
    """The broker ended the consumer, or the channel, under us."""


async def connect(amqp_url: str, name: str) -> SortedConnection:
    """A new connection that notices a dead link within two heartbeats; ``name`` is shown by the broker."""
    url = URL(amqp_url).update_query(heartbeat=HEARTBEAT_SECONDS)
    connection = SortedConnection(url, client_properties={"connection_name": name})
    try:
        await connection.connect(timeout=CONNECT_TIMEOUT_SECONDS)
    except BaseException:
        await connection.close()
        raise
    return connection


async def supervise(name: str, session: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Run the session until ``stop``; start it over, after a pause with jitter, whenever it fails transiently.

    A session that returns is done. Any other error is a bug and is raised: it ends the service, loudly. A session that
    does not say that it goes round (saga/heartbeat/) is taken for one that hangs.
    """

    def wait_longer_or_stop(seconds: float) -> Awaitable[None]:
        return pause(stop, seconds)

    def say(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        starts_over(str(error) or repr(error))
        _log.warning("starting_over", loop=name, attempt=state.attempt_number, error=str(error) or repr(error))

    with a_loop(name):
        while not stop.is_set():
            attempts = AsyncRetrying(
                retry=retry_if_exception_type(TRANSIENT),
                wait=wait_random_exponential(multiplier=0.1, max=LONGEST_PAUSE_SECONDS),
                stop=lambda _: stop.is_set(),
                sleep=wait_longer_or_stop,
                before_sleep=say,
                reraise=True,
            )
            try:
                await attempts(session)
                return
            except TRANSIENT as error:
                _log.info("stopped_while_failing", loop=name, error=str(error) or repr(error))


async def pause(wake: asyncio.Event, seconds: float) -> None:
    """Wait, but not longer than until ``wake`` is set."""
    with rests():
        try:
            async with asyncio.timeout(seconds):
                await wake.wait()
        except TimeoutError:
            return
