"""Deliveries: put together from the frames of a consumer's channel, until somebody takes them in batches.

A queue is first in, first out, and whoever stands behind thousands of messages of one instance would wait for all of
them. So messages of a hot instance, one of which many wait already, are kept apart: others go past them.
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
"""Bodies of one batch together, unless a single one is larger: a statement can't carry any amount."""
AHEAD_BYTES = 4 * BATCH_BYTES
"""Bodies that the broker may have sent and nobody has acknowledged, about: of large ones it may send fewer."""
HOT_BYTES = 32 * 1024 * 1024
"""The same for bodies of hot instances, beyond those."""
HOT_MESSAGES = 65_535
"""Messages of hot instances that wait here at most, about."""
MEAN_OF = 32
"""The mean size of a body is that of about so many of the last ones."""
GLANCE_BYTES = 4096
"""How much of a body is looked at for the name of its instance."""

Glance = Callable[[bytes], bytes]


def glance_for(correlate: str) -> Glance:
    """Finds the instance that a body seems to name, empty if none; a hint that only decides who goes first."""
    name = re.escape(orjson.dumps(correlate))
    find = re.compile(name + rb'\s*:\s*("[^"]*"|-?\d+)').search

    def glance(body: bytes) -> bytes:
        found = find(body, 0, GLANCE_BYTES)
        return found[1] if found else b""

    return glance


@dataclass(slots=True)
class Delivery:
    """A message, the tag by which it is acknowledged on its channel, and whether somebody had it before.

    ``about`` is the instance that it seems to name.
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
    """Deliveries that wait, in their order; there are many from ``enough`` on, or when their bodies make up a batch."""

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
        """How many of them are about an instance."""
        return self._of[about]

    def add(self, delivery: Delivery) -> None:
        """Put a delivery behind all others."""
        self._waiting.append(delivery)
        self._of[delivery.about] += 1
        self.size += len(delivery.content.body)
        self.some.set()
        if self._are_many():
            self.many.set()

    def batch(self, most: int) -> list[Delivery]:
        """Take the first ones."""
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
        """Set when another batch should begin: with any message, or with many while a batch is under way."""
        return self.many if under_way else self.some

    def _are_many(self) -> bool:
        return len(self._waiting) >= self._enough or self.size >= BATCH_BYTES


class Deliveries:
    """What the broker has sent on one channel and nobody has taken yet: in one line what is ``hot``, in one the others.

    An instance is hot as long as more than ``most_of_one`` of its messages wait; without a ``glance`` none is.
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
        """Take the frames of deliveries; the channel's other frames are the client's."""
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
        """Whether nothing waits."""
        return not self.others and not self.hot

    def fitting(self, most: int) -> int:
        """How many messages the broker may send ahead, given how large they are: at least one, and ``most`` at most."""
        return max(1, min(most, int(AHEAD_BYTES / max(1.0, self._mean_bytes))))

    def fitting_past_hot(self, least: int) -> int:
        """How many more it may send to show who is behind the hot instances: as many again as those have waiting.

        At least ``least``; but none where there are many others to do, or no room.
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
