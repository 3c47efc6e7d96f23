"""Content: one message that is put together from the frames that come on a channel after its method frame."""

from saga.messages import Raw
from saga.rabbitmq import frames


class Content:
    """A message of which not everything came yet; its properties are read when somebody wants them."""

    __slots__ = ("_address", "_header", "_missing", "body")

    def __init__(self, address: frames.Address) -> None:
        self._address = address
        self._header = b""
        self._missing = 0
        self.body = b""

    def add(self, kind: int, payload: bytes) -> bool:
        """Add a header or body frame; whether it was the last one."""
        if kind == frames.HEADER:
            self._header = payload
            self._missing = frames.read_size(payload)
        else:
            self.body += payload
            self._missing -= len(payload)
        return self._missing <= 0

    def read(self) -> Raw:
        """The message, once all of it has come."""
        return frames.read_message(self._header, self.body, self._address)
