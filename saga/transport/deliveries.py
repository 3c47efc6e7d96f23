"""Deliveries: put together from the frames of a consumer's channel, until somebody takes them in batches."""

import asyncio
from collections import deque
from dataclasses import dataclass

from saga.core import Raw
from saga.transport import frames
from saga.transport.content import Content

BATCH_BYTES = 2 * 1024 * 1024
"""Bodies of one batch together, unless a single one is larger: a statement can't carry any amount."""
AHEAD_BYTES = 4 * BATCH_BYTES
"""Bodies that the broker may have sent and nobody has acknowledged, about: of large ones it may send fewer."""
MEAN_OF = 32
"""The mean size of a body is that of about so many of the last ones."""


@dataclass(slots=True)
class Delivery:
    """A message, the tag by which it is acknowledged on its channel, and whether somebody had it before."""

    tag: int
    message: Raw
    is_back: bool


class Deliveries:
    """What the broker has sent on one channel and nobody has taken yet.

    There is much of it from ``enough`` messages on, or when their bodies make up a batch.
    """

    def __init__(self, enough: int) -> None:
        self._enough = enough
        self._waiting: deque[Delivery] = deque()
        self._waiting_bytes = 0
        self._mean_bytes = 0.0
        self._some = asyncio.Event()
        self._many = asyncio.Event()
        self._tag = 0
        self._is_back = False
        self._content: Content | None = None

    def take(self, kind: int, data: bytes, start: int, end: int) -> bool:
        """Take the frames of deliveries; the channel's other frames are the client's."""
        if kind == frames.METHOD:
            if not data.startswith(frames.DELIVER, start):
                return False
            self._tag, self._is_back, address = frames.read_deliver(data, start)
            self._content = Content(address)
            return True
        if self._content is None:
            return False
        if (message := self._content.add(kind, data[start:end])) is not None:
            self._content = None
            self._receive(Delivery(self._tag, message, self._is_back))
        return True

    def batch(self, most: int) -> list[Delivery]:
        """The next ones, in the order of their delivery."""
        waiting = self._waiting
        taken: list[Delivery] = []
        size = 0
        while waiting and len(taken) < most:
            size += len(waiting[0].message.body)
            if taken and size > BATCH_BYTES:
                break
            taken.append(waiting.popleft())
        self._waiting_bytes -= sum(len(delivery.message.body) for delivery in taken)
        if not waiting:
            self._some.clear()
        if not self._are_many():
            self._many.clear()
        return taken

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def fitting(self, most: int) -> int:
        """How many messages the broker may send ahead, given how large they are: at least one, and ``most`` at most."""
        return max(1, min(most, int(AHEAD_BYTES / max(1.0, self._mean_bytes))))

    def worth_taking(self, under_way: int) -> asyncio.Event:
        """Set when another batch should begin: with any message, or with many while a batch is under way."""
        return self._many if under_way else self._some

    def _receive(self, delivery: Delivery) -> None:
        size = len(delivery.message.body)
        self._waiting.append(delivery)
        self._waiting_bytes += size
        self._mean_bytes += (size - self._mean_bytes) / MEAN_OF if self._mean_bytes else size
        self._some.set()
        if self._are_many():
            self._many.set()

    def _are_many(self) -> bool:
        return len(self._waiting) >= self._enough or self._waiting_bytes >= BATCH_BYTES
