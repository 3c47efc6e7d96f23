"""A client that takes messages and dies with them, and policies as an operator sets them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aio_pika

from tests.rabbitmq.clients import call_management
from tests.rabbitmq.place import Place
from tests.rabbitmq.wire import depth
from tests.waiting import until

FORMER_LIMIT = 200


async def declare_as_formerly(place: Place) -> None:
    """The queues of this place as an earlier version declared them."""
    topology = place.topology
    async with await aio_pika.connect(place.amqp_url) as connection:
        channel = await connection.channel()
        await channel.declare_exchange(topology.undelivered, "fanout", durable=True)
        arguments: dict[str, Any] = {"x-queue-type": "quorum"}
        undelivered = await channel.declare_queue(topology.undelivered, durable=True, arguments=dict(arguments))
        await undelivered.bind(topology.undelivered)
        limited = {**arguments, "x-delivery-limit": FORMER_LIMIT, "x-dead-letter-exchange": topology.undelivered}
        for queue in topology.queues:
            await channel.declare_queue(queue.name, durable=True, arguments=dict(limited))


async def die_holding(place: Place, queue: str, times: int) -> int:
    """Take everything that waits in a queue, and lose the channel; again and again. How often there was anything."""
    held = 0
    async with await aio_pika.connect(place.amqp_url) as connection:
        for _ in range(times):
            channel = await connection.channel()
            waiting = await channel.get_queue(queue, ensure=False)
            taken = 0
            while await waiting.get(fail=False) is not None:
                taken += 1
            held += taken > 0
            await channel.close()
    return held


async def exceed(place: Place, queue: str, limit: int, messages: int) -> None:
    """Lose the messages of a queue more often than its limit allows; all of them are given up when this returns."""
    async with policy(place, queue, {"delivery-limit": limit}):

        async def are_given_up() -> bool:
            await die_holding(place, queue, 1)
            return await depth(place, place.topology.undelivered) == messages

        await until(are_given_up)


@asynccontextmanager
async def policy(place: Place, queue: str, definition: dict[str, object]) -> AsyncIterator[None]:
    """A policy of the operator's on one queue, for as long as the block lasts."""
    path = f"/api/policies/%2F/{quote(queue, safe='')}"
    parameters = {"pattern": f"^{queue}$", "definition": definition, "apply-to": "queues"}
    await asyncio.to_thread(call_management, place, "PUT", path, parameters)
    try:
        yield
    finally:
        await asyncio.to_thread(call_management, place, "DELETE", path)
