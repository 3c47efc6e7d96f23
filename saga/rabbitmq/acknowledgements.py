"""Acknowledgements: confirm handled deliveries to the broker, in as few frames as their order allows."""

from collections.abc import Sequence

from aiormq.channel import Channel as WireChannel

from saga.rabbitmq.deliveries import Delivery


class Acknowledgements:
    """The acknowledgements of one channel, whose tags start at 1; batches may be handled in any order."""

    def __init__(self, wire: WireChannel) -> None:
        self._wire = wire
        self._upto = 0
        self._beyond: set[int] = set()

    async def give(self, batch: Sequence[Delivery]) -> None:
        """Acknowledge a batch: with one frame if all deliveries before it are acknowledged, otherwise one by one.

        On a closed channel it does nothing: the deliveries come again, and the inbox recognises them.
        """
        if self._wire.is_closed:
            return
        self._beyond.update(delivery.tag for delivery in batch)
        while self._upto + 1 in self._beyond:
            self._upto += 1
            self._beyond.remove(self._upto)
        tags = [delivery.tag for delivery in batch]
        last = max((tag for tag in tags if tag <= self._upto), default=0)
        if last:
            await self._wire.basic_ack(last, multiple=True)
        for tag in tags:
            if tag > self._upto:
                await self._wire.basic_ack(tag)

    def open_between(self, after: int, upto: int) -> int:
        """How many deliveries with tags in (``after``, ``upto``] are not acknowledged."""
        after = max(after, self._upto)
        return max(0, upto - after) - sum(after < tag <= upto for tag in self._beyond)
