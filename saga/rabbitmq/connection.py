"""Connections: plain ones, for a supervised loop that starts over from the top on any loss.

The client's own reconnecting connections have come back without their consumers, and deliver stale messages first.
Starting over has a single path, for the first start and for every later one.
"""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from ssl import SSLContext
from typing import Final
from urllib.parse import quote

from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, ConnectionClosed, InvalidFrameError
from yarl import URL

from saga.addresses import AddressError, BrokerAddress, Endpoint
from saga.postgres import NeedsPerson, Unavailable
from saga.postgres.sqlstates import Remedy
from saga.rabbitmq.frame_router import RoutedConnection
from saga.rabbitmq.reply_codes import classified
from saga.rabbitmq.topology import Topology, declare
from saga.supervision import passes, supervise

HEARTBEAT_SECONDS: Final = 10
CONNECT_TIMEOUT_SECONDS: Final = 10.0
SECONDS_FOR_ALL: Final = 5.0
"""For all nodes together if there are several, but at least LEAST_TIMEOUT_SECONDS for each."""
LEAST_TIMEOUT_SECONDS: Final = 2.0
SETUP_TIMEOUT_SECONDS: Final = 20.0
"""The limit for setting up a channel: a broker may accept connections and never answer for a queue."""

MINIMUM_VERSION: Final = (3, 8)
"""The first RabbitMQ with quorum queues and their delivery limit."""

BROKER_ERRORS: Final = (AMQPError, ChannelInvalidStateError, OSError, asyncio.TimeoutError)
"""The errors of an unreachable, restarting or closing broker; ``reply_codes`` has the remedy for each."""

_BARE: Final = (Exception, StopAsyncIteration)
"""The client raises these without arguments for calls that are pending when a connection breaks."""


class ConsumerLost(ConnectionError):
    """The broker cancelled the consumer or closed the channel."""


@contextmanager
def loss_is_said() -> Iterator[None]:
    """Turn the client's bare exceptions into a ConnectionError; no other code raises exactly these."""
    try:
        yield
    except _BARE as error:
        if type(error) not in _BARE or error.args:
            raise
        raise ConnectionError("the connection was lost in the middle of a call") from error


async def connect(amqp_url: str, name: str) -> RoutedConnection:
    """A new connection, which notices a dead link within two heartbeats; the broker shows ``name``.

    Several nodes are tried in random order. Raises one of BROKER_ERRORS if none accepts the connection.
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


async def _connect(endpoint: Endpoint, name: str, seconds: float) -> RoutedConnection:
    connection = RoutedConnection(
        _url(endpoint),
        server_name=endpoint.server_name,
        ssl_context=await _context(endpoint),
        client_properties={"connection_name": name},
    )
    connection.notices.server = f"broker {endpoint}"
    try:
        with loss_is_said():
            await connection.connect(timeout=seconds)
    except InvalidFrameError:
        # The client treats a refusal as an unexpected frame, and drops its reason.
        await connection.close()
        if connection.notices.refusal is None:
            raise
        raise ConnectionClosed(*connection.notices.refusal) from None
    except BaseException:
        await connection.close()
        raise
    return connection


def _url(endpoint: Endpoint) -> URL:
    """The endpoint as a URL for the client."""
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


def place_of(amqp_url: str) -> str:
    """The broker's address for people: without user and password."""
    return f"broker {BrokerAddress.parse(amqp_url)}"


@contextmanager
def broker_errors(amqp_url: str) -> Iterator[None]:
    """Turn the broker's errors into Unavailable or NeedsPerson, except for bugs."""
    try:
        with loss_is_said():
            yield
    except BROKER_ERRORS as error:
        remedy, means = classified(error)
        reason = str(error) or repr(error)
        match remedy:
            case Remedy.BUG:
                raise
            case Remedy.PERSON:
                raise NeedsPerson(f"{means} ({reason})", place_of(amqp_url)) from error
            case _:
                raise Unavailable(reason, place_of(amqp_url)) from error


async def look_at_broker(amqp_url: str, wanted: Topology) -> None:
    """Check whether a service can work with the broker: the login, the version, the topology.

    Raises Unavailable if it can't now, NeedsPerson if a person has to change something.
    """
    with broker_errors(amqp_url):
        async with await connect(amqp_url, "look") as connection, asyncio.timeout(SETUP_TIMEOUT_SECONDS):
            require_version(connection, amqp_url)
            await declare(await connection.channel(), wanted)


async def reach_broker(amqp_url: str) -> None:
    """Check whether the broker accepts a connection; asks it for nothing else. Raises Unavailable or NeedsPerson."""
    with broker_errors(amqp_url):
        await (await connect(amqp_url, "probe")).close()


def require_version(connection: RoutedConnection, amqp_url: str) -> None:
    """Raise NeedsPerson if the broker is a RabbitMQ older than MINIMUM_VERSION."""
    product, version = connection.broker
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if product == "RabbitMQ" and numbers < MINIMUM_VERSION:
        needed = ".".join(map(str, MINIMUM_VERSION))
        raise NeedsPerson(f"is RabbitMQ {version}, and {needed} or newer is needed: upgrade it", place_of(amqp_url))


def is_transient(error: BaseException) -> bool:
    """Whether the same work can succeed later."""
    if isinstance(error, BROKER_ERRORS):
        return classified(error)[0] is not Remedy.BUG
    return passes(error)


def passes_by_itself(error: BaseException) -> bool:
    """Whether the same work can succeed later without a person's help."""
    if isinstance(error, BROKER_ERRORS) and classified(error)[0] is Remedy.PERSON:
        return False
    return is_transient(error) and not isinstance(error, NeedsPerson)


async def supervise_at_broker(name: str, session: Callable[[], Awaitable[None]], stop: asyncio.Event, url: str) -> None:
    """As ``supervise``, for a session with the broker at this address: the broker's errors are transient as well."""

    async def attempt() -> None:
        with loss_is_said():
            await session()

    await supervise(name, attempt, stop, is_transient=is_transient, server=place_of(url))
