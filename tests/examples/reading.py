"""Readers of what processes announce: clients of their own at the broker, and deliveries that are lost and shuffled."""

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from saga.core import Process
from saga.messages import Raw
from tests.rabbitmq.place import Place
from tests.rabbitmq.wire import drain, publish

LOST, DOUBLED = 0.3, 0.3


@dataclass(frozen=True)
class Reader:
    """A queue of a client's own at the exchange of events; its owner knows nothing but the wire contract."""

    place: Place
    queue: str

    async def received(self) -> list[AbstractIncomingMessage]:
        """What has come so far, in the order in which it came."""
        return await drain(self.place, self.queue)


@asynccontextmanager
async def reading(
    place: Place, process: Process, channel: AbstractChannel, name: str = "reader"
) -> AsyncIterator[Reader]:
    """A reader of everything that a process announces."""
    queue = await channel.declare_queue(f"{place.prefix}.{name}-of-{process.name}", durable=True)
    await queue.bind(place.topology.events, f"{process.name}.*")
    try:
        yield Reader(place, queue.name)
    finally:
        await channel.queue_delete(queue.name)


def believed(process: Process, messages: Sequence[AbstractIncomingMessage]) -> dict[str, str]:
    """The outcome of each instance for a reader who lets the greatest revision hold."""
    greatest: dict[str, tuple[int, str]] = {}
    for message in messages:
        said = orjson.loads(message.body)
        one = (said["revision"], said["outcome"])
        known = greatest.setdefault(said[process.correlate], one)
        assert known[0] != one[0] or known == one, f"revision {one[0]} says {known[1]} and {one[1]}"
        greatest[said[process.correlate]] = max(known, one)
    return {process_id: outcome for process_id, (_, outcome) in greatest.items()}


def starting_with(outcomes: Mapping[str, str], start: str) -> dict[str, str]:
    """The instances whose outcome is not that of the start: those that a reader has to have received of."""
    return {process_id: outcome for process_id, outcome in outcomes.items() if outcome != start}


async def deliver_badly(
    place: Place, channel: AbstractChannel, messages: Sequence[AbstractIncomingMessage], chance: random.Random
) -> int:
    """Publish what was taken from a queue again, shuffled; some twice, some not at all. How many are lost."""
    raws = [as_raw(message) for message in messages]
    kept = [raw for raw in raws if chance.random() >= LOST]
    sent = [*kept, *(raw for raw in kept if chance.random() < DOUBLED)]
    await publish(channel, place, chance.sample(sent, len(sent)))
    return len(raws) - len(kept)


def as_raw(message: AbstractIncomingMessage) -> Raw:
    """The same message, to be sent again."""
    return Raw(
        body=message.body,
        routing_key=message.routing_key or "",
        content_type=message.content_type,
        headers=dict(message.headers),
        message_id=message.message_id,
        type=message.type,
        correlation_id=message.correlation_id,
    )
