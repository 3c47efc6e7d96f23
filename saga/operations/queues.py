"""How many messages wait in the broker's queues."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aio_pika.exceptions import ChannelNotFoundEntity
from aiormq.exceptions import ChannelAccessRefused

from saga.core import Process
from saga.rabbitmq.connection import broker_errors, connect
from saga.rabbitmq.topology import topology


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """How many messages wait in a queue, and how many consumers it has; None if there is no queue that we may read."""

    name: str
    messages: int | None
    consumers: int | None


async def list_queues(broker: str, processes: Sequence[Process], *, prefix: str = "saga") -> tuple[QueueDepth, ...]:
    """The queues of these processes and of their collaborators, and that of undelivered messages.

    ``broker`` is an AMQP URL, ``prefix`` that of the exchanges and queues. Raises Unavailable.
    """
    known = topology(prefix, *processes)
    with broker_errors(broker):
        return await read_depths(broker, [*(queue.name for queue in known.queues), known.undelivered])


async def read_depths(broker: str, queues: Iterable[str]) -> tuple[QueueDepth, ...]:
    """Ask for each queue on a channel of its own: the broker closes it where there is no such queue."""
    depths = []
    async with await connect(broker, "depths") as connection:
        for name in queues:
            channel = await connection.channel(publisher_confirms=False)
            try:
                found = (await channel.declare_queue(name, passive=True)).declaration_result
                depths.append(QueueDepth(name, found.message_count, found.consumer_count))
                await channel.close()
            except (ChannelNotFoundEntity, ChannelAccessRefused):
                depths.append(QueueDepth(name, None, None))
    return tuple(depths)
