"""Connections: plain ones, in a supervised loop that starts over from the top on any loss.

The client's own reconnecting connections have come back without their consumers, and hand out stale deliveries first;
starting over has one path for the first start and for every later one.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from ssl import SSLContext
from typing import Final
from urllib.parse import quote

import structlog
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential
from yarl import URL

from saga.addresses import AddressError, BrokerAddress, Endpoint
from saga.postgres import Conflict, Unavailable
from saga.transport.sorter import SortedConnection

HEARTBEAT_SECONDS: Final = 10
CONNECT_TIMEOUT_SECONDS: Final = 10.0
SECONDS_FOR_ALL: Final = 5.0
"""For all nodes together where there are several, but LEAST_TIMEOUT_SECONDS for each: others may answer."""
LEAST_TIMEOUT_SECONDS: Final = 2.0
LONGEST_PAUSE_SECONDS: Final = 5.0

BROKER_ERRORS: Final = (AMQPError, ChannelInvalidStateError, OSError, asyncio.TimeoutError)
"""What an unreachable, restarting or closing broker raises."""

TRANSIENT: Final = (*BROKER_ERRORS, Unavailable, Conflict)
"""After these the same work, done again later, will succeed."""

_log = structlog.get_logger()


class ConsumerLost(ConnectionError):
    """The broker ended the consumer, or the channel, under us."""


async def connect(amqp_url: str, name: str) -> SortedConnection:
    """A new connection that notices a dead link within two heartbeats; ``name`` is shown by the broker.

    Several nodes are tried in turn, from a random one on. Raises one of BROKER_ERRORS if none takes the connection.
    """
    endpoints = BrokerAddress.parse(amqp_url).endpoints
    seconds = CONNECT_TIMEOUT_SECONDS
    if len(endpoints) > 1:
        seconds = max(SECONDS_FOR_ALL / len(endpoints), LEAST_TIMEOUT_SECONDS)
    failed: BaseException = ConnectionError("there is no node")
    for endpoint in random.sample(endpoints, len(endpoints)):
        try:
            return await _connect(endpoint, name, endpoint.timeout_seconds or seconds)
        except BROKER_ERRORS as error:
            failed = error
    raise failed


async def _connect(endpoint: Endpoint, name: str, seconds: float) -> SortedConnection:
    connection = SortedConnection(
        _url(endpoint),
        server_name=endpoint.server_name,
        ssl_context=await _context(endpoint),
        client_properties={"connection_name": name},
    )
    try:
        await connection.connect(timeout=seconds)
    except BaseException:
        await connection.close()
        raise
    return connection


def _url(endpoint: Endpoint) -> URL:
    """What the client has to know, in its form."""
    return URL.build(
        scheme="amqp" if endpoint.certificates is None else "amqps",
        user=endpoint.user,
        password=endpoint.password,
        host=endpoint.host,
        port=endpoint.port,
        path=f"/{quote(endpoint.vhost, safe='')}",
        query={"heartbeat": str(endpoint.heartbeat_seconds or HEARTBEAT_SECONDS), "auth": endpoint.mechanism},
    )


async def _context(endpoint: Endpoint) -> SSLContext | None:
    try:
        return await asyncio.to_thread(endpoint.certificates.context) if endpoint.certificates else None
    except AddressError as error:
        raise ConnectionError(f"the address {error}") from None


async def supervise(name: str, session: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Run the session until ``stop``; start it over, after a pause with jitter, whenever it fails transiently.

    A session that returns is done. Any other error is a bug and is raised: it ends the service, loudly.
    """

    def wait_longer_or_stop(seconds: float) -> Awaitable[None]:
        return pause(stop, seconds)

    def say(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        _log.warning("starting_over", loop=name, attempt=state.attempt_number, error=str(error) or repr(error))

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
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return
