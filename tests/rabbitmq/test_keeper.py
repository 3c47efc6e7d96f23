"""Whatever somebody deletes or unbinds at the broker while services live is there again within seconds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import quote

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import AMQPError

from tests.rabbitmq.clients import call_management
from tests.rabbitmq.place import Place, working
from tests.rabbitmq.records import outcome
from tests.rabbitmq.wire import channel_at, paid, placed, publish
from tests.waiting import until

Damage = Callable[[AbstractChannel, Place], Awaitable[object]]


def without_exchange(name: str) -> Damage:
    return lambda channel, place: channel.exchange_delete(place.topology.queue(name))


def without_queue(name: str) -> Damage:
    return lambda channel, place: channel.queue_delete(place.topology.queue(name))


def unbound(queue: str, exchange: str, routing_key: str) -> Damage:
    async def unbind(channel: AbstractChannel, place: Place) -> None:
        hearer = await channel.get_queue(place.topology.queue(queue))
        await hearer.unbind(place.topology.queue(exchange), routing_key.format(prefix=place.prefix))

    return unbind


@asynccontextmanager
async def a_sender(place: Place) -> AsyncIterator[AbstractChannel]:
    """A channel of somebody who declares nothing."""
    async with await aio_pika.connect(place.amqp_url) as connection:
        yield await connection.channel(on_return_raises=True)


async def bindings(place: Place) -> set[tuple[str, str, str]]:
    """Which queue receives from which exchange by which key."""
    bound = set()
    for name in (place.topology.events, place.topology.commands, place.topology.undelivered):
        path = f"/api/exchanges/%2F/{quote(name, safe='')}/bindings/source"
        try:
            found = await asyncio.to_thread(call_management, place, "GET", path)
        except OSError:
            continue
        bound |= {(one["source"], one["routing_key"], one["destination"]) for one in found}
    return bound


@pytest.mark.parametrize(
    "damage",
    [
        without_exchange("events"),
        without_exchange("commands"),
        without_exchange("undelivered"),
        without_queue("order"),
        without_queue("gateway"),
        without_queue("undelivered"),
        unbound("order", "events", "payments.PaymentReceived"),
        unbound("gateway", "commands", "gateway.*"),
        unbound("undelivered", "undelivered", "{prefix}.undelivered"),
    ],
    ids=[
        "no events exchange",
        "no commands exchange",
        "no undelivered exchange",
        "no queue of the process",
        "no queue of a collaborator",
        "no undelivered queue",
        "process unbound",
        "collaborator unbound",
        "undelivered unbound",
    ],
)
async def test_what_is_deleted_or_unbound_while_all_is_quiet_is_back_by_itself(place: Place, damage: Damage) -> None:
    async def can_pay() -> bool:
        try:
            async with a_sender(place) as channel:
                await publish(channel, place, [placed("o-1"), paid("o-1")])
        except AMQPError:
            return False
        return True

    async with channel_at(place) as channel:
        whole = await until(lambda: bindings(place), lambda seen: len(seen) == 7)
        async with working(place):

            async def is_damaged() -> bool:
                """It may be mended before this look; then there is another try."""
                await damage(channel, place)
                return await bindings(place) != whole

            await until(is_damaged)
            await until(lambda: bindings(place), lambda seen: seen == whole)
            await until(can_pay)
            await until(lambda: outcome(place.engine, "o-1"), lambda seen: seen == "paid")
