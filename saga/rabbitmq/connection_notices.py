"""Notices of the broker about a connection itself: that it blocks publishing, and why it closes the connection.

RabbitMQ blocks a connection that publishes while the broker is short of memory or disk; until it unblocks the
connection, messages published there wait. The client sees these frames too. It drops the reason for closing if a
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
    """Reads the frames of a connection's channel 0, and leaves all of them to the client.

    A service logs the notices; a command, which has no log, reads the attributes.
    """

    def __init__(self) -> None:
        self.server: str | None = None
        self.refusal: tuple[int, str] | None = None
        self.blocked = asyncio.Event()
        self.blocked_because = ""

    def handle_frame(self, kind: int, data: bytes, start: int, end: int) -> bool:
        """Record the notice in a frame; the client gets the frame as well."""
        if kind == METHOD:
            payload = data[start:end]
            if payload.startswith(BLOCKED):
                self.blocked_because = _short(payload, len(BLOCKED))
                self.blocked.set()
                if structlog.is_configured():
                    _log.error("broker_blocked", server=self.server, reason=self.blocked_because)
            elif payload.startswith(UNBLOCKED):
                self.blocked.clear()
                if structlog.is_configured():
                    _log.warning("broker_unblocked", server=self.server)
            elif payload.startswith(CLOSE):
                self.refusal = _CODE.unpack_from(payload, len(CLOSE))[0], _short(payload, len(CLOSE) + _CODE.size)
        return False


def _short(payload: bytes, at: int) -> str:
    return payload[at + 1 : at + 1 + payload[at]].decode("utf-8", "replace")
