"""The topology watch: checks the topology every few seconds, and declares again what was deleted or unbound.

The broker notifies a consumer when its queue is deleted, and a publisher when its exchange is. It notifies no one that
a binding was removed, or that an exchange is gone to which only other clients publish. So we have to check.

Missing queues and exchanges are declared after a short pause: if a queue is declared while RabbitMQ 3.10 is still
deleting it, its consumers get neither a notice nor messages any more.
"""

import asyncio
from typing import Final

import structlog
from aio_pika.exceptions import ChannelNotFoundEntity

from saga.heartbeat import goes_round
from saga.rabbitmq.connection import connect, supervise_at_broker
from saga.rabbitmq.topology import Topology, bind, declare, look_for
from saga.supervision import pause

LOOK_SECONDS: Final = 3.0
DELETED_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 20.0

_log = structlog.get_logger()


class TopologyWatch:
    """Keeps the topology of one process complete until it is stopped."""

    def __init__(self, amqp_url: str, topology: Topology, process: str) -> None:
        self._amqp_url = amqp_url
        self._topology = topology
        self._process = process

    async def run(self, stop: asyncio.Event) -> None:
        """Check and repair until ``stop``."""

        async def session() -> None:
            async with await connect(self._amqp_url, "topology watch") as connection:
                while not stop.is_set():
                    async with asyncio.timeout(ANSWER_SECONDS), connection.channel(publisher_confirms=False) as channel:
                        try:
                            await look_for(channel, self._topology)
                        except ChannelNotFoundEntity as missing:
                            _log.warning("declaring_again", reason=str(missing))
                            await pause(stop, DELETED_SECONDS)
                            await channel.reopen()
                            await declare(channel, self._topology)
                        await bind(channel, self._topology)
                    goes_round()
                    await pause(stop, LOOK_SECONDS)

        await supervise_at_broker(f"topology watch of {self._process}", session, stop, self._amqp_url)
