"""How much waits in the queues."""

from collections.abc import Iterable
from dataclasses import dataclass

from aio_pika.exceptions import ChannelNotFoundEntity
from aiormq.exceptions import ChannelAccessRefused

from saga.rabbitmq.connection import connect


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """Messages that wait in a queue, and who consumes it; both None where there is none that we may see."""

    name: str
    messages: int | None
    consumers: int | None


async def read_depths(url: str, queues: Iterable[str]) -> tuple[QueueDepth, ...]:
    """Ask for each queue on a channel of its own: the broker closes it where there is no such queue."""
    depths = []
    async with await connect(url, "depths") as connection:
        for name in queues:
            channel = await connection.channel(publisher_confirms=False)
            try:
                told = (await channel.declare_queue(name, passive=True)).declaration_result
                depths.append(QueueDepth(name, told.message_count, told.consumer_count))
                await channel.close()
            except (ChannelNotFoundEntity, ChannelAccessRefused):
                depths.append(QueueDepth(name, None, None))
    return tuple(depths)
