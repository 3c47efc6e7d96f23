"""Returns: publishes messages of other consumers again, after the broker dead-lettered them.

They go to their own exchange under their own routing key, so that they are delivered as they were the first time. Other
queues bound to that key get a duplicate.
"""

import struct
from collections.abc import Sequence
from typing import Final

import aio_pika
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import PublishError

from saga.messages import Envelope, Poison, Raw
from saga.postgres import Unavailable
from saga.rabbitmq.connection import BROKER_ERRORS, connect, loss_is_said
from saga.rabbitmq.deaths import Death, as_published, why_given_up
from saga.rabbitmq.topology import Topology

PUBLISH_SECONDS: Final = 10.0


class Returns:
    """Returns messages to their queues; opens a connection only when there are any, which is rare."""

    def __init__(self, amqp_url: str, topology: Topology) -> None:
        self._amqp_url = amqp_url
        self._topology = topology

    async def send(self, given_up: Sequence[tuple[Envelope | Poison, Death]]) -> dict[int, str]:
        """Publish messages again, confirmed; returns those that no queue takes, with the reason.

        Raises Unavailable if the broker did not confirm all of them: then all have to be sent again.
        """
        if not given_up:
            return {}
        refused: dict[int, str] = {}
        try:
            with loss_is_said():
                async with await connect(self._amqp_url, "returns") as connection:
                    channel = await connection.channel(on_return_raises=True)
                    for index, (message, death) in enumerate(given_up):
                        raw = as_published(message.raw, death)
                        why_not: str | None = "it did not come by an exchange of this prefix"
                        if raw.exchange in (self._topology.events, self._topology.commands):
                            why_not = await _publish(channel, raw)
                        if why_not is not None:
                            refused[index] = f"{why_given_up([death])}; {why_not}"
        except BROKER_ERRORS as error:
            raise Unavailable(f"a message is not given back to its queue: {error!r}") from error
        return refused


async def _publish(channel: AbstractChannel, raw: Raw) -> str | None:
    """Publish a message; returns the reason if that is impossible."""
    exchange = await channel.get_exchange(raw.exchange, ensure=False)
    message = aio_pika.Message(
        raw.body,
        headers=dict(raw.headers),
        content_type=raw.content_type,
        message_id=raw.message_id,
        type=raw.type,
        correlation_id=raw.correlation_id,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )
    try:
        await exchange.publish(message, raw.routing_key, timeout=PUBLISH_SECONDS)
    except PublishError:
        return "no queue takes it now"
    except (TypeError, ValueError, OverflowError, struct.error) as error:
        return f"it can't be published again: {error}"
    return None
