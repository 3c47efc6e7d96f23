"""Connections: plain ones, for a supervised loop that starts over from the top on any loss.

The client's own reconnecting connections have come back without their consumers, and hand out stale deliveries first;
starting over has one path for the first start and for every later one.
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
"""For all nodes together where there are several, but LEAST_TIMEOUT_SECONDS for each: others may answer."""
LEAST_TIMEOUT_SECONDS: Final = 2.0
SETUP_TIMEOUT_SECONDS: Final = 20.0
"""For a broker that takes connections and does not answer for a queue: that has to be said, not waited for."""

MINIMUM_VERSION: Final = (3, 8)
"""Of RabbitMQ: it brought quorum queues, and their limit of deliveries."""

BROKER_ERRORS: Final = (AMQPError, ChannelInvalidStateError, OSError, asyncio.TimeoutError)
"""What an unreachable, restarting or closing broker raises; ``reply_codes`` says what each leads to."""

_BARE: Final = (Exception, StopAsyncIteration)
"""What the client raises, with nothing in it, for what is under way on a connection that ends without a word."""


class ConsumerLost(ConnectionError):
    """The broker ended the consumer, or the channel, under us."""


@contextmanager
def loss_is_said() -> Iterator[None]:
    """Turn what the client raises bare into a ConnectionError; nobody else raises exactly that."""
    try:
        yield
    except _BARE as error:
        if type(error) not in _BARE or error.args:
            raise
        raise ConnectionError("the connection was lost in the middle of a call") from error


async def connect(amqp_url: str, name: str) -> RoutedConnection:
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
        # The client takes a refusal for a frame that it did not expect, and keeps to itself what it says.
        await connection.close()
        if connection.notices.refusal is None:
            raise
        raise ConnectionClosed(*connection.notices.refusal) from None
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


def place_of(amqp_url: str) -> str:
    """The broker as people may see it: without a user and a password."""
    return f"broker {BrokerAddress.parse(amqp_url)}"


@contextmanager
def broker_errors(amqp_url: str) -> Iterator[None]:
    """Turn the broker's errors into Unavailable or NeedsPerson where they mean that."""
    try:
        with loss_is_said():
            yield
    except BROKER_ERRORS as error:
        remedy, means = classified(error)
        said = str(error) or repr(error)
        match remedy:
            case Remedy.BUG:
                raise
            case Remedy.PERSON:
                raise NeedsPerson(f"{means} ({said})", place_of(amqp_url)) from error
            case _:
                raise Unavailable(said, place_of(amqp_url)) from error


async def look_at_broker(amqp_url: str, wanted: Topology) -> None:
    """Look whether a service can work with the broker: the login, the version, the topology.

    Raises Unavailable where it can't now, NeedsPerson where somebody has to change something.
    """
    with broker_errors(amqp_url):
        async with await connect(amqp_url, "look") as connection, asyncio.timeout(SETUP_TIMEOUT_SECONDS):
            require_version(connection, amqp_url)
            await declare(await connection.channel(), wanted)


def require_version(connection: RoutedConnection, amqp_url: str) -> None:
    """Raise NeedsPerson if the broker is a RabbitMQ that can't do what is needed."""
    product, version = connection.broker
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if product == "RabbitMQ" and numbers < MINIMUM_VERSION:
        needed = ".".join(map(str, MINIMUM_VERSION))
        raise NeedsPerson(f"is RabbitMQ {version}, and {needed} or newer is needed: upgrade it", place_of(amqp_url))


def is_transient(error: BaseException) -> bool:
    """Whether the same work, done again later, will succeed."""
    if isinstance(error, BROKER_ERRORS):
        return classified(error)[0] is not Remedy.BUG
    return passes(error)


def passes_by_itself(error: BaseException) -> bool:
    """Whether the same work, done again later, will succeed although nobody changes anything."""
    if isinstance(error, BROKER_ERRORS) and classified(error)[0] is Remedy.PERSON:
        return False
    return is_transient(error) and not isinstance(error, NeedsPerson)


async def supervise_at_broker(name: str, session: Callable[[], Awaitable[None]], stop: asyncio.Event, url: str) -> None:
    """As ``supervise``, for a session that talks to the broker at this address: what breaks there passes as well."""

    async def attempt() -> None:
        with loss_is_said():
            await session()

    await supervise(name, attempt, stop, is_transient=is_transient, server=place_of(url))
