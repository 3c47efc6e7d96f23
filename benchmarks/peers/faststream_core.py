"""FastStream's RabbitBroker with SQLAlchemy Core, a transaction for each message. See `core_step.py`.

As its documentation has it: how many messages are handled together is the channel's `prefetch_count` (`Channel`,
"Consumer Prefetch"); here it is above the size of the pool, so that no transaction waits for the broker. Logging of
each message is off (`logger=None`, "Application and Access Logging"), and the loop is uvloop, which "CLI" says it
prefers where it exists. The body is checked by the subscriber's `decoder` ("Custom Serialization"), straight from its
bytes, and FastDepends, which would check it again, is off (`apply_types=False`, "Dependencies"). A message is
acknowledged by hand, after the commit ("Consuming Acknowledgements"), because the end of the clock is the last
acknowledgement.
"""

import asyncio
import time
from dataclasses import dataclass

from aio_pika.abc import AbstractIncomingMessage
from contract import Done, Task, fresh_schema, run
from core_step import connected, take, warm
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitMessage, RabbitQueue
from orders import Message, read
from tables import TABLES

SCHEMA = "faststream_core"
AHEAD = 32


@dataclass(frozen=True, slots=True)
class Delivery:
    """A checked message, and what to acknowledge for it."""

    message: Message
    raw: AbstractIncomingMessage


class Clock:
    """From the first delivery to the last acknowledgement."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._began = 0.0
        self.seconds = 0.0
        self.ended = asyncio.Event()

    def start(self) -> None:
        """At every delivery; the first one counts."""
        self._began = self._began or time.perf_counter()

    def acknowledged(self) -> None:
        """At every acknowledgement; the last one counts."""
        self._left -= 1
        if self._left == 0:
            self.seconds = time.perf_counter() - self._began
            self.ended.set()


async def work(task: Task) -> Done:
    """Handle all messages."""
    await fresh_schema(task.database_url, SCHEMA, TABLES)
    engine = connected(task.database_url, SCHEMA, task.at_once)
    await warm(engine, task.at_once)
    clock = Clock(task.count)
    channel = Channel(prefetch_count=task.at_once + AHEAD)
    broker = RabbitBroker(task.amqp_url, default_channel=channel, apply_types=False, logger=None)

    async def decode(message: RabbitMessage) -> Delivery:
        clock.start()
        return Delivery(read(message.headers, message.body), message.raw_message)

    @broker.subscriber(RabbitQueue(task.queue, declare=False), decoder=decode, ack_policy=AckPolicy.NACK_ON_ERROR)
    async def handle(delivery: Delivery) -> None:
        await take(engine, delivery.message)
        await delivery.raw.ack()
        clock.acknowledged()

    async with broker:
        await broker.start()
        await clock.ended.wait()
    await engine.dispose()
    return Done(clock.seconds, SCHEMA)


if __name__ == "__main__":
    run("faststream_core", __doc__, work)
