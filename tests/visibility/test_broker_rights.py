"""Each service's own user can do its work at the broker with the real code, and nothing else."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ProbableAuthenticationError
from aiormq.exceptions import ChannelAccessRefused
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from saga.messages import Envelope, Poison
from saga.modules.outgoing import Outgoing
from saga.rabbitmq.admission import unjudged
from saga.rabbitmq.confirms import NotConfirmed
from saga.rabbitmq.connection import connect
from saga.rabbitmq.consumer import Consumer
from saga.rabbitmq.publisher import Publisher
from saga.rabbitmq.topology import command_queues, declare
from tests.rabbitmq.place import Place, working
from tests.rabbitmq.records import dead_letters, outcome, rows
from tests.rabbitmq.wire import depth, depth_becomes
from tests.visibility.brokers import SCRIPT, Guarded, call, guarded, written
from tests.waiting import LIMIT_SECONDS, until

EVERYBODY_ELSE = ("gateway", "fulfilment", "gateway-stub", "orders", "monitoring")
WHO_PUBLISHES_NOTHING = ("gateway", "fulfilment", "gateway-stub", "monitoring")

Attempt = Callable[[AbstractChannel, Place], Awaitable[object]]


@pytest.fixture
async def broker(engine: AsyncEngine, amqp_url: str, management_url: str, prefix: str) -> AsyncIterator[Guarded]:
    """A vhost with the shipped rights, in which a worker has declared everything."""
    async with guarded(Place(engine, amqp_url, management_url, prefix)) as broker:
        async with await aio_pika.connect(broker.seen_by("worker").amqp_url) as connection:
            await declare(await connection.channel(), broker.place.topology)
        yield broker


@pytest.fixture
async def bare_broker(engine: AsyncEngine, amqp_url: str, management_url: str, prefix: str) -> AsyncIterator[Guarded]:
    """The same before any worker came."""
    async with guarded(Place(engine, amqp_url, management_url, prefix)) as broker:
        yield broker


class Received:
    """A handler that notes the types it was given."""

    def __init__(self) -> None:
        self.types: list[str | None] = []

    async def __call__(self, messages: Sequence[Envelope | Poison]) -> None:
        self.types += [message.type for message in messages]

    async def look(self) -> list[str | None]:
        return self.types


@asynccontextmanager
async def consuming(place: Place, queue: str, taken: Received) -> AsyncIterator[asyncio.Event]:
    """A collaborator's consumer, started and not yet waited for; its event says when it consumes."""
    stop, ready = asyncio.Event(), asyncio.Event()
    consumer = Consumer(place.amqp_url, command_queues(place.prefix, queue), queue, taken, 10, judge=unjudged)
    running = asyncio.create_task(consumer.run(stop, ready))
    try:
        yield ready
    finally:
        stop.set()
        async with asyncio.timeout(LIMIT_SECONDS):
            await running


def order_placed(prefix: str, module: str = "orders") -> Outgoing:
    headers = {
        "ce-specversion": "1.0",
        "ce-id": f"placed-by-{module}",
        "ce-source": f"/modules/{module}",
        "ce-type": "OrderPlaced",
        "ce-subject": "o-1",
    }
    body = json.dumps({"order_id": "o-1", "amount": 4_200, "currency": "EUR"}).encode()
    key = f"{module}.OrderPlaced"
    return Outgoing(f"{prefix}.events", key, headers["ce-id"], "OrderPlaced", None, headers, body)


async def has_started_over(said: Sequence[MutableMapping[str, Any]]) -> bool:
    return any(line["event"] == "starting_over" for line in said)


async def refused(place: Place, attempt: Attempt) -> None:
    """The broker closes the channel on this attempt because the user has no right to it."""
    async with await aio_pika.connect(place.amqp_url) as connection:
        with pytest.raises(ChannelAccessRefused):
            await attempt(await connection.channel(on_return_raises=True), place)


def publishing(exchange: str, routing_key: str) -> Attempt:
    async def publish(channel: AbstractChannel, place: Place) -> None:
        name = exchange and f"{place.prefix}.{exchange}"
        target = await channel.get_exchange(name, ensure=False) if name else channel.default_exchange
        await target.publish(aio_pika.Message(b"{}"), routing_key.format(prefix=place.prefix), timeout=LIMIT_SECONDS)

    publish.__name__ = f"publish_to_{exchange or 'the_default_exchange'}_{routing_key}"
    return publish


async def declare_the_workers_queue(channel: AbstractChannel, place: Place) -> None:
    await channel.declare_queue(place.order_queue, durable=True)


async def declare_a_queue_to_read_along(channel: AbstractChannel, place: Place) -> None:
    await channel.declare_queue(f"{place.prefix}.spy", durable=True)


async def declare_a_queue_that_the_broker_names(channel: AbstractChannel, _: Place) -> None:
    await channel.declare_queue(exclusive=True)


async def delete_the_workers_queue(channel: AbstractChannel, place: Place) -> None:
    await channel.queue_delete(place.order_queue)


async def purge_the_workers_queue(channel: AbstractChannel, place: Place) -> None:
    await (await channel.get_queue(place.order_queue, ensure=False)).purge()


async def take_from_the_workers_queue(channel: AbstractChannel, place: Place) -> None:
    await (await channel.get_queue(place.order_queue, ensure=False)).get(fail=False)


async def take_what_was_not_delivered(channel: AbstractChannel, place: Place) -> None:
    await (await channel.get_queue(place.topology.undelivered, ensure=False)).get(fail=False)


async def bind_the_gateways_queue_to_all_events(channel: AbstractChannel, place: Place) -> None:
    await (await channel.get_queue(place.topology.queue("gateway"), ensure=False)).bind(place.topology.events, "#")


async def delete_the_exchange_of_events(channel: AbstractChannel, place: Place) -> None:
    await channel.exchange_delete(place.topology.events)


async def test_what_ships_is_what_the_script_writes_and_holds_no_password() -> None:
    shipped = (SCRIPT.parent / "definitions.json").read_text()
    assert shipped == await written()
    users = json.loads(shipped)["users"]
    assert {user["password_hash"] for user in users} == {""}
    assert all(user.keys() == {"name", "password_hash", "tags"} for user in users)


async def test_the_second_time_users_and_their_passwords_can_be_left_alone() -> None:
    again = json.loads(await written("--permissions-only"))
    assert again.keys() == {"vhosts", "permissions", "topic_permissions"}


async def test_a_user_without_a_password_can_not_log_in(bare_broker: Guarded) -> None:
    definitions = json.loads(await written("--prefix", bare_broker.place.prefix))
    await call(bare_broker.place, "POST", "/api/definitions", {"users": definitions["users"]})
    for password in ("", "guest"):
        with pytest.raises(ProbableAuthenticationError):
            await connect(bare_broker.url("worker", password), "test")


async def test_every_service_works_with_its_own_user(broker: Guarded) -> None:
    to_gateway, to_fulfilment = Received(), Received()
    orders = broker.seen_by("orders")
    async with (
        working(broker.seen_by("worker")),
        consuming(broker.seen_by("gateway"), "gateway", to_gateway),
        consuming(broker.seen_by("fulfilment"), "fulfilment", to_fulfilment),
        Publisher(orders.amqp_url, command_queues(orders.prefix), 10) as publisher,
    ):
        assert await publisher.publish([order_placed(orders.prefix)]) == ()
        await until(lambda: outcome(broker.place.engine, "o-1"))
        assert await until(to_gateway.look) == ["RequestPayment"]


async def test_a_collaborator_that_starts_before_any_worker_begins_when_the_worker_has_declared(
    bare_broker: Guarded,
) -> None:
    with capture_logs() as said:
        async with consuming(bare_broker.seen_by("gateway"), "gateway", Received()) as ready:
            await until(lambda: has_started_over(said))
            assert not ready.is_set()
            async with working(bare_broker.seen_by("worker")), asyncio.timeout(LIMIT_SECONDS):
                await ready.wait()
    assert "NOT_FOUND - no " in said[0]["error"]


async def test_a_collaborator_whose_queue_is_deleted_goes_on_when_a_worker_declares_it_again(broker: Guarded) -> None:
    taken, orders = Received(), broker.seen_by("orders")
    async with (
        consuming(broker.seen_by("gateway"), "gateway", taken) as ready,
        Publisher(orders.amqp_url, command_queues(orders.prefix), 10) as publisher,
    ):
        await ready.wait()
        async with await aio_pika.connect(broker.seen_by("operator").amqp_url) as connection:
            with capture_logs() as said:
                await (await connection.channel()).queue_delete(broker.place.topology.queue("gateway"))
                # RabbitMQ 3.10 forgets to tell a consumer if somebody declares the queue while it is being deleted.
                await until(lambda: has_started_over(said))
        async with working(broker.seen_by("worker")):
            await publisher.publish([order_placed(orders.prefix)])
            assert await until(taken.look) == ["RequestPayment"]


async def test_somebody_who_only_watches_sees_how_long_the_queues_are(broker: Guarded) -> None:
    assert await depth(broker.seen_by("monitoring"), broker.place.order_queue) == 0


@pytest.mark.parametrize(
    "attempt",
    [
        declare_the_workers_queue,
        declare_a_queue_to_read_along,
        declare_a_queue_that_the_broker_names,
        delete_the_workers_queue,
        purge_the_workers_queue,
        take_from_the_workers_queue,
        take_what_was_not_delivered,
        bind_the_gateways_queue_to_all_events,
        delete_the_exchange_of_events,
        publishing("commands", "gateway.RefundPayment"),
        publishing("undelivered", "orders.OrderPlaced"),
        publishing("", "{prefix}.order"),
        publishing("events", "payments.PaymentReceived"),
        publishing("events", "scheduler.PaymentTimedOut"),
    ],
    ids=lambda attempt: attempt.__name__,
)
async def test_nobody_but_the_worker_may(broker: Guarded, attempt: Attempt) -> None:
    for service in EVERYBODY_ELSE:
        await refused(broker.seen_by(service), attempt)


async def test_who_answers_through_a_log_publishes_nothing(broker: Guarded) -> None:
    for service in WHO_PUBLISHES_NOTHING:
        await refused(broker.seen_by(service), publishing("events", "orders.OrderPlaced"))


async def test_a_module_that_publishes_itself_does_so_under_its_own_name(broker: Guarded) -> None:
    orders = broker.seen_by("orders")
    async with Publisher(orders.amqp_url, command_queues(orders.prefix), 10) as publisher:
        assert await publisher.publish([order_placed(orders.prefix)]) == ()
        for module in ("payments", "order", "orders.x", "xorders"):
            with pytest.raises(NotConfirmed, match="ACCESS_REFUSED"):
                await publisher.publish([order_placed(orders.prefix, module)])
    await depth_becomes(broker.place, broker.place.order_queue, 1)


def claims_of_payments(prefix: str) -> list[Outgoing]:
    """What the user of orders may write, and says of payments: in each form, with a position, and by another route."""
    data = {"order_id": "o-1", "payment_id": "p-1", "amount": 4_200, "currency": "EUR"}
    attributes = {"specversion": "1.0", "id": "m-1", "source": "/modules/payments", "type": "PaymentReceived"}
    binary = {f"ce-{name}": value for name, value in attributes.items()}
    said: list[tuple[dict[str, Any], object]] = [
        (binary, data),
        (binary | {"ce-id": "m-2", "ce-source": "https://pay.example"}, data),
        (binary | {"ce-id": "m-3", "ce-sequence": "1000", "ce-previoussequence": "0"}, data),
        ({}, data),
    ]
    events, key = f"{prefix}.events", "orders.OrderPlaced"
    structured = json.dumps({**attributes, "data": data}).encode()
    return [
        *(
            Outgoing(events, key, f"n-{n}", "PaymentReceived", None, headers, json.dumps(body).encode())
            for n, (headers, body) in enumerate(said)
        ),
        Outgoing(events, key, "n-s", "PaymentReceived", None, {}, structured, "application/cloudevents+json"),
    ]


async def test_nobody_pays_an_order_under_the_name_of_another_module(broker: Guarded) -> None:
    orders, engine = broker.seen_by("orders"), broker.place.engine
    claims = claims_of_payments(orders.prefix)
    async with (
        working(broker.seen_by("worker")),
        Publisher(orders.amqp_url, command_queues(orders.prefix), 10) as publisher,
        await aio_pika.connect(orders.amqp_url) as connection,
    ):
        assert await publisher.publish([order_placed(orders.prefix)]) == ()
        assert await publisher.publish(claims) == ()
        events = await (await connection.channel()).get_exchange(orders.topology.events, ensure=False)
        for key in ("orders.OrderPlaced", "orders.Unheard"):
            for header in ("CC", "BCC"):
                routed = {**claims[0].headers, header: ["payments.PaymentReceived"]}
                message = aio_pika.Message(claims[0].body, headers=routed)  # type: ignore[arg-type]
                await events.publish(message, key, timeout=LIMIT_SECONDS)
        letters = await until(lambda: dead_letters(engine), lambda kept: sum(one.attempts for one in kept) == 9)
    assert {letter.kind for letter in letters} == {"poison"}
    assert {letter.reason.partition(" is ")[0] for letter in letters} == {
        "its routing key 'orders.OrderPlaced'",
        "its routing key",
    }
    assert await outcome(engine, "o-1") == "awaiting_payment"
    assert await rows(engine, "SELECT 1 FROM saga.cursor WHERE consumer = 'order'") == []


@pytest.mark.parametrize(
    "attempt", [publishing("", "{prefix}.order"), declare_a_queue_to_read_along, declare_a_queue_that_the_broker_names]
)
async def test_a_worker_has_no_rights_beyond_the_topology(broker: Guarded, attempt: Attempt) -> None:
    await refused(broker.seen_by("worker"), attempt)


@pytest.mark.parametrize(("service", "other"), [("gateway", "fulfilment"), ("fulfilment", "gateway")])
async def test_a_collaborator_does_not_take_what_is_for_another(broker: Guarded, service: str, other: str) -> None:
    async def handle(channel: AbstractChannel, place: Place) -> None:
        await (await channel.get_queue(place.topology.queue(other), ensure=False)).get(fail=False)

    await refused(broker.seen_by(service), handle)


async def test_a_listener_binds_to_what_is_announced_and_to_nothing_else(
    engine: AsyncEngine, amqp_url: str, management_url: str, prefix: str
) -> None:
    place = Place(engine, amqp_url, management_url, prefix)
    async with guarded(place, "--listener", "shop", "--publisher", "orders") as broker:
        async with await aio_pika.connect(broker.seen_by("worker").amqp_url) as connection:
            await declare(await connection.channel(), broker.place.topology)
        async with await aio_pika.connect(broker.seen_by("shop").amqp_url) as connection:
            channel = await connection.channel()
            queue = await channel.declare_queue(f"{prefix}.shop", durable=True)
            await queue.bind(broker.place.topology.events, "order.OrderPaid")
            await queue.bind(broker.place.topology.events, "order.OrderExpired")
            for key in ("orders.OrderPlaced", "payments.PaymentReceived", "#"):
                with pytest.raises(ChannelAccessRefused):
                    await (await (await connection.channel()).get_queue(queue.name, ensure=False)).bind(
                        broker.place.topology.events, key
                    )
        for forger in ("shop", "orders"):
            async with await aio_pika.connect(broker.seen_by(forger).amqp_url) as connection:
                channel = await connection.channel()
                exchange = await channel.get_exchange(broker.place.topology.events, ensure=False)
                with pytest.raises(ChannelAccessRefused):
                    await exchange.publish(aio_pika.Message(b"{}"), "order.OrderPaid", timeout=LIMIT_SECONDS)


async def test_no_publisher_gets_the_name_of_the_process() -> None:
    for forger in ("order", "order-process"):
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(SCRIPT), "--publisher", forger, stderr=asyncio.subprocess.PIPE
        )
        _, said = await process.communicate()
        assert process.returncode == 1
        assert b"what the process order announces" in said
