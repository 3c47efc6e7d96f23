"""Content: assembles one message from the frames that follow its method frame on a channel."""

from saga.messages import Raw
from saga.rabbitmq import frames


class Content:
    """A message that is being assembled; its properties are read on demand."""

    __slots__ = ("_address", "_header", "_missing", "body")

    def __init__(self, address: frames.Address) -> None:
        self._address = address
        self._header = b""
        self._missing = 0
        self.body = b""

    def add(self, kind: int, payload: bytes) -> bool:
        """Add a header or body frame; returns whether it was the last one."""
        if kind == frames.HEADER:
            self._header = payload
            self._missing = frames.read_size(payload)
        else:
            self.body += payload
            self._missing -= len(payload)
        return self._missing <= 0

    def read(self) -> Raw:
        """The message; it has to be complete."""
        return frames.read_message(self._header, self.body, self._address)
