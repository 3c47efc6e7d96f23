"""Confirms: tracks the outstanding messages on a publisher's channel until the broker confirms them.

The broker numbers the messages of a channel from 1 and confirms them by that tag, one by one or all up to a tag. It
first returns a message that found no queue, identified by its id, and then confirms it.
"""

import asyncio
from collections.abc import Sequence
from itertools import takewhile

from saga.rabbitmq import frames
from saga.rabbitmq.content import Content


class NotConfirmed(ConnectionError):
    """The broker refused a message, or the connection was lost before the confirm."""


class PublishRefused(NotConfirmed):
    """The broker refuses one of the messages because of its contents, and would refuse it again."""


class _Publish:
    """Messages that were published together."""

    __slots__ = ("missing", "returned", "settled")

    def __init__(self, count: int) -> None:
        self.missing = count
        self.returned: set[str] = set()
        self.settled: asyncio.Future[frozenset[str]] = asyncio.get_running_loop().create_future()


class Confirms:
    """The outstanding messages of one channel, from any number of publishes."""

    def __init__(self) -> None:
        self._last_tag = 0
        self._outstanding: dict[int, tuple[str, _Publish]] = {}
        self._content: Content | None = None

    def expect(self, ids: Sequence[str]) -> asyncio.Future[frozenset[str]]:
        """Register messages that are sent now; the future gives the ids of the returned ones once all are confirmed.

        It raises NotConfirmed if the broker refuses one of them, or if the channel is lost before.
        """
        publish = _Publish(len(ids))
        for tag, message_id in enumerate(ids, self._last_tag + 1):
            self._outstanding[tag] = message_id, publish
        self._last_tag += len(ids)
        return publish.settled

    def lose(self, reason: str, kind: type[NotConfirmed] = NotConfirmed) -> None:
        """Fail all outstanding messages: the broker will confirm none of them."""
        for _, publish in self._outstanding.values():
            if not publish.settled.done():
                publish.settled.set_exception(kind(reason))
        self._outstanding.clear()

    def handle_frame(self, kind: int, data: bytes, start: int, end: int) -> bool:
        """Handle the frames of confirms and returns; the channel's other frames go to the client."""
        if kind != frames.METHOD:
            return self._handle_content(kind, data[start:end])
        if data.startswith(frames.ACK, start):
            self._confirm(*frames.read_confirm(data, start))
        elif data.startswith(frames.NACK, start):
            self.lose(f"the broker refused message {frames.read_confirm(data, start)[0]} of the channel")
        elif data.startswith(frames.RETURN, start):
            self._content = Content(frames.read_return(data, start))
        else:
            return False
        return True

    def _handle_content(self, kind: int, payload: bytes) -> bool:
        if self._content is None:
            return False
        if self._content.add(kind, payload):
            self._note_return(self._content.read().message_id)
            self._content = None
        return True

    def _note_return(self, message_id: str | None) -> None:
        """Mark the first message with this id as returned: the broker returns messages in the order of publishing."""
        for known, publish in self._outstanding.values():
            if known == message_id and known not in publish.returned:
                publish.returned.add(known)
                return

    def _confirm(self, tag: int, up_to_it: bool) -> None:
        tags = list(takewhile(tag.__ge__, self._outstanding)) if up_to_it else [tag]
        for confirmed in tags:
            _, publish = self._outstanding.pop(confirmed, (None, None))
            if publish is None:
                continue
            publish.missing -= 1
            if not publish.missing and not publish.settled.done():
                publish.settled.set_result(frozenset(publish.returned))
