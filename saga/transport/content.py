"""Content: one message that is put together from the frames that come on a channel after its method frame."""

from saga.core import Raw
from saga.transport import frames


class Content:
    """A message of which not everything came yet."""

    __slots__ = ("_address", "_body", "_header", "_missing")

    def __init__(self, address: frames.Address) -> None:
        self._address = address
        self._header = b""
        self._body = b""
        self._missing = 0

    def add(self, kind: int, payload: bytes) -> Raw | None:
        """The message, if this header or body frame was the last of it."""
        if kind == frames.HEADER:
            self._header = payload
            self._missing = frames.read_size(payload)
        else:
            self._body += payload
            self._missing -= len(payload)
        return None if self._missing > 0 else frames.read_message(self._header, self._body, self._address)
