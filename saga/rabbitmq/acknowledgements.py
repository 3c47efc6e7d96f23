"""Acknowledgements: what was handled of one channel, told to the broker in as few frames as the order allows."""

from collections.abc import Sequence

from aiormq.channel import Channel as WireChannel

from saga.rabbitmq.deliveries import Delivery


class Acknowledgements:
    """Of one channel, whose tags count from 1; batches may be handled in any order."""

    def __init__(self, wire: WireChannel) -> None:
        self._wire = wire
        self._upto = 0
        self._beyond: set[int] = set()

    async def give(self, batch: Sequence[Delivery]) -> None:
        """Acknowledge a batch: with one frame where nothing before it is open, otherwise one by one.

        On a dead channel there is nothing to do, the inbox knows.
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
        """How many of the deliveries with these tags, (``after``, ``upto``], are not acknowledged."""
        after = max(after, self._upto)
        return max(0, upto - after) - sum(after < tag <= upto for tag in self._beyond)
