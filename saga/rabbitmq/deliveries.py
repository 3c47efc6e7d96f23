"""Deliveries: assembled from the frames of a consumer's channel, they wait here until they are taken in batches.

A queue is first in, first out, so a message behind thousands of messages of one instance would wait for all of them. An
instance is hot if many of its messages are waiting. Messages of hot instances wait in a separate line, which others can
overtake.
"""

import asyncio
import re
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from saga.messages import Raw
from saga.rabbitmq import frames
from saga.rabbitmq.content import Content

BATCH_BYTES = 2 * 1024 * 1024
"""The most bytes of bodies in one batch, unless a single body is larger: statements have a limit."""
AHEAD_BYTES = 4 * BATCH_BYTES
"""About the most bytes of unacknowledged bodies; with large bodies the prefetch is smaller."""
HOT_BYTES = 32 * 1024 * 1024
"""About the most bytes of further bodies, of hot instances."""
HOT_MESSAGES = 65_535
"""About the most messages of hot instances that wait here."""
MEAN_OF = 32
"""About the number of last bodies in the mean size."""
GLANCE_BYTES = 4096
"""How many bytes of a body are searched for its instance."""

Glance = Callable[[bytes], bytes]


def glance_for(correlate: str) -> Glance:
    """A function that finds the instance in a body, empty if none; a hint that only decides the order of handling."""
    name = re.escape(orjson.dumps(correlate))
    find = re.compile(name + rb'\s*:\s*("[^"]*"|-?\d+)').search

    def glance(body: bytes) -> bytes:
        found = find(body, 0, GLANCE_BYTES)
        return found[1] if found else b""

    return glance


@dataclass(slots=True)
class Delivery:
    """A message, the tag that acknowledges it on its channel, and whether it is redelivered (``is_back``).

    ``about`` is the instance that it seems to be about.
    """

    tag: int
    content: Content
    is_back: bool
    about: bytes

    @property
    def message(self) -> Raw:
        """The message as it was delivered."""
        return self.content.read()


class Line:
    """Waiting deliveries, in order; ``many`` is set from ``enough`` on, or when their bodies fill a batch."""

    def __init__(self, enough: int) -> None:
        self._enough = enough
        self._waiting: deque[Delivery] = deque()
        self._of: Counter[bytes] = Counter()
        self.size = 0
        self.some = asyncio.Event()
        self.many = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def count(self, about: bytes) -> int:
        """How many of the deliveries are about this instance."""
        return self._of[about]

    def add(self, delivery: Delivery) -> None:
        """Append a delivery."""
        self._waiting.append(delivery)
        self._of[delivery.about] += 1
        self.size += len(delivery.content.body)
        self.some.set()
        if self._are_many():
            self.many.set()

    def batch(self, most: int) -> list[Delivery]:
        """Remove and return the first deliveries: ``most`` at most, and one batch of bodies."""
        taken: list[Delivery] = []
        size = 0
        while self._waiting and len(taken) < most:
            size += len(self._waiting[0].content.body)
            if taken and size > BATCH_BYTES:
                break
            taken.append(self._waiting.popleft())
        self._of.subtract(delivery.about for delivery in taken)
        self._of = +self._of
        self.size -= sum(len(delivery.content.body) for delivery in taken)
        if not self._waiting:
            self.some.clear()
        if not self._are_many():
            self.many.clear()
        return taken

    def worth_taking(self, under_way: int) -> asyncio.Event:
        """The event for the next batch: set with any message, or with many while a batch is under way."""
        return self.many if under_way else self.some

    def _are_many(self) -> bool:
        return len(self._waiting) >= self._enough or self.size >= BATCH_BYTES


class Deliveries:
    """The waiting deliveries of one channel, in two lines: those of ``hot`` instances, and the ``others``.

    An instance becomes hot when ``most_of_one`` of its messages wait among the others, and stays hot until its line has
    none. Without a ``glance`` no instance is hot.
    """

    def __init__(self, enough: int, *, glance: Glance | None = None, most_of_one: int = 1) -> None:
        self._glance = glance
        self._most_of_one = most_of_one
        self._mean_bytes = 0.0
        self._is_back = False
        self._content: Content | None = None
        self.others = Line(enough)
        self.hot = Line(enough)
        self.last_tag = 0

    def handle_frame(self, kind: int, data: bytes, start: int, end: int) -> bool:
        """Handle the frames of deliveries; the channel's other frames go to the client."""
        if kind == frames.METHOD:
            if not data.startswith(frames.DELIVER, start):
                return False
            self.last_tag, self._is_back, address = frames.read_deliver(data, start)
            self._content = Content(address)
            return True
        if self._content is None:
            return False
        if self._content.add(kind, data[start:end]):
            self._receive(self._content)
            self._content = None
        return True

    @property
    def are_empty(self) -> bool:
        """Whether no delivery waits."""
        return not self.others and not self.hot

    def fitting(self, most: int) -> int:
        """The prefetch that fits the mean size of a message: at least 1, and ``most`` at most."""
        return max(1, min(most, int(AHEAD_BYTES / max(1.0, self._mean_bytes))))

    def fitting_past_hot(self, least: int) -> int:
        """The prefetch to reach messages behind the hot instances: as many again as wait there, and at least ``least``.

        It is 0 if many others wait already, or if there is no room.
        """
        if self.others.many.is_set():
            return 0
        room = min(HOT_MESSAGES - len(self.hot), int((HOT_BYTES - self.hot.size) / max(1.0, self._mean_bytes)))
        return min(max(len(self.hot), least), room) if room >= least else 0

    def _receive(self, content: Content) -> None:
        size = len(content.body)
        self._mean_bytes += (size - self._mean_bytes) / MEAN_OF if self._mean_bytes else size
        about = self._glance(content.body) if self._glance else b""
        line = self.hot if self._glance and self._is_hot(about) else self.others
        line.add(Delivery(self.last_tag, content, self._is_back, about))

    def _is_hot(self, about: bytes) -> bool:
        return self.hot.count(about) > 0 or self.others.count(about) >= self._most_of_one
