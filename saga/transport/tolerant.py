"""Lets the AMQP decoder take properties that it would choke on.

pamqp raises on a message property that is not UTF-8 and on a timestamp outside of its calendar. It raises in the reader
of the connection: the connection dies, the broker gives the same message out again, and one foreign message keeps a
worker from all others. With this such a property is decoded as far as it goes, and the message becomes a dead letter.
The decoder's table of methods is the documented place to name other decoders.
"""

import struct
from typing import Any

from pamqp import decode


def install() -> None:
    """Put the tolerant decoders in place; again is as good as once."""
    decode.METHODS.update(shortstr=_short_string, timestamp=_timestamp, table=_table)
    decode.TABLE_MAPPING.update({b"T": _timestamp, b"F": _table})


def _short_string(value: bytes) -> tuple[int, str]:
    length = value[0]
    return length + 1, value[1 : length + 1].decode("utf-8", "backslashreplace")


def _timestamp(value: bytes) -> tuple[int, Any]:
    try:
        return decode.timestamp(value)
    except (ValueError, OverflowError, OSError):
        return 8, None


def _table(value: bytes) -> tuple[int, dict[str, Any]]:
    try:
        return decode.field_table(value)
    except (ValueError, OverflowError, IndexError, RecursionError, struct.error):
        (length,) = struct.unpack_from(">I", value)
        return length + 4, {"undecodable": bytes(value[4 : length + 4])}
