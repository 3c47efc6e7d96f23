"""What a broker says of a connection itself: that it takes no publishes from it now, and why it closes it.

RabbitMQ says the first to a connection that publishes while it is short of memory or disk; until it takes that back,
whatever is published on the connection waits. The client sees these frames too. It keeps the second to itself where a
connection is refused before it is open.
"""

import asyncio
import struct
from typing import Final

import structlog

from saga.rabbitmq.frames import METHOD

_CONNECTION: Final = 10
CLOSE: Final = struct.pack(">HH", _CONNECTION, 50)
BLOCKED: Final = struct.pack(">HH", _CONNECTION, 60)
UNBLOCKED: Final = struct.pack(">HH", _CONNECTION, 61)
_CODE: Final = struct.Struct(">H")

_log = structlog.get_logger()


class ConnectionNotices:
    """Looks at the frames of a connection's own channel, and leaves all of them to the client.

    A service logs what it hears; a command, which has no log, asks.
    """

    def __init__(self) -> None:
        self.server: str | None = None
        self.refusal: tuple[int, str] | None = None
        self.blocked = asyncio.Event()
        self.blocked_because = ""

    def handle_frame(self, kind: int, data: bytes, start: int, end: int) -> bool:
        """Note what a frame says."""
        if kind == METHOD:
            said = data[start:end]
            if said.startswith(BLOCKED):
                self.blocked_because = _short(said, len(BLOCKED))
                self.blocked.set()
                if structlog.is_configured():
                    _log.error("broker_blocked", server=self.server, reason=self.blocked_because)
            elif said.startswith(UNBLOCKED):
                self.blocked.clear()
                if structlog.is_configured():
                    _log.warning("broker_unblocked", server=self.server)
            elif said.startswith(CLOSE):
                self.refusal = _CODE.unpack_from(said, len(CLOSE))[0], _short(said, len(CLOSE) + _CODE.size)
        return False


def _short(said: bytes, at: int) -> str:
    return said[at + 1 : at + 1 + said[at]].decode("utf-8", "replace")
