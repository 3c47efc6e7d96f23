"""AMQP 0-9-1 content frames: messages to bytes, and bytes to messages. Pure; knows nothing of sockets and channels.

The problem: turning frames into objects is most of the cost of consuming. A general client reads each of the three
frames of a message with several awaits, builds an object for each and starts a task; that takes ten times as long as
reading the bytes directly.

The model: a message is a method frame, a header frame and body frames. Only the properties that we use are decoded; the
others are skipped. Layout and bit numbers: AMQP 0-9-1, section 4.2 (framing) and the grammar of class *basic*.

What can fail: properties come from foreign clients, and brokers pass on text that is not UTF-8 and tables that can't be
read. Such a message must not break the connection, because it would be delivered again for ever. Text is decoded with
escapes for invalid bytes, and a table that can't be read is kept as bytes: the message then becomes poison.
"""

import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from pamqp import decode

from saga.messages import UNREADABLE, Raw

METHOD: Final = 1
HEADER: Final = 2
BODY: Final = 3
END: Final = b"\xce"
HEARTBEAT: Final = struct.pack(">BHI", 8, 0, 0) + END

FRAME_START: Final = struct.Struct(">BHI")
"""Kind, channel and length of the payload; one byte ends the frame."""
FRAME_EXTRA: Final = FRAME_START.size + len(END)

_BASIC: Final = 60
PUBLISH: Final = struct.pack(">HH", _BASIC, 40)
RETURN: Final = struct.pack(">HH", _BASIC, 50)
DELIVER: Final = struct.pack(">HH", _BASIC, 60)
ACK: Final = struct.pack(">HH", _BASIC, 80)
NACK: Final = struct.pack(">HH", _BASIC, 120)

PERSISTENT: Final = 2
_COUNTED: Final = ("x-delivery-count", "x-acquired-count")
"""Headers that the broker adds to redelivered messages; they are removed, so that the message stays the same."""

UNDECODABLE: Final = UNREADABLE
"""The header with the bytes of a table, or of all properties, that can't be read."""

_CONFIRM = struct.Struct(">4xQB")
_DELIVERY_TAG = struct.Struct(">QB")
_HEADER = struct.Struct(">4xQH")
_LENGTH = struct.Struct(">I")
_HEADER_START = struct.Struct(">HHQH")

_FLAGS = struct.Struct(">H")
_MORE_FLAGS = 1
_WRITTEN = 1 << 15 | 1 << 13 | 1 << 12 | 1 << 7 | 1 << 5
"""Content type, headers, delivery mode, message id and type."""
_CORRELATED = 1 << 10
_LONG_STRING, _TIMESTAMP_VALUE, _NESTED = ord("S"), ord("T"), (ord("F"), ord("A"))
_MOST_NESTED_BYTES = 16 * 1024
_UNREADABLE = (ValueError, OverflowError, IndexError, RecursionError, OSError, struct.error)

Headers = Mapping[str, Any]
Address = tuple[str, str]
"""An exchange and a routing key."""


def read_deliver(data: bytes, at: int) -> tuple[int, bool, Address]:
    """Read a method frame *deliver* whose payload begins at ``at``.

    Returns the delivery tag, whether the message is redelivered, and its exchange and routing key.
    """
    at += 5 + data[at + 4]
    tag, bits = _DELIVERY_TAG.unpack_from(data, at)
    exchange, at = _short(data, at + _DELIVERY_TAG.size)
    return tag, bool(bits & 1), (exchange, _short(data, at)[0])


def read_return(data: bytes, at: int) -> Address:
    """Read a method frame *return*: the exchange and routing key of a message that found no queue."""
    at += 7 + data[at + 6]
    exchange, at = _short(data, at)
    return exchange, _short(data, at)[0]


def read_confirm(data: bytes, at: int) -> tuple[int, bool]:
    """Read a method frame *ack* or *nack*: the delivery tag, and whether it includes all lower tags."""
    tag, bits = _CONFIRM.unpack_from(data, at)
    return tag, bool(bits & 1)


def read_size(header: bytes) -> int:
    """Read the number of bytes of the body from a header frame's payload."""
    size: int = _HEADER.unpack_from(header)[0]
    return size


def read_message(header: bytes, body: bytes, address: Address) -> Raw:
    """The message with this header frame's payload and this body."""
    exchange, routing_key = address
    try:
        found = _properties(header)
    except (IndexError, struct.error):
        found = {"headers": {UNDECODABLE: header}}
    headers = found.get("headers") or {}
    for name in _COUNTED:
        headers.pop(name, None)
    return Raw(
        body,
        routing_key,
        exchange,
        found.get("content_type"),
        found.get("message_id"),
        found.get("type"),
        found.get("correlation_id"),
        headers,
    )


def _properties(data: bytes) -> dict[str, Any]:
    """The properties in a header frame's payload, by name."""
    flags = more = _HEADER.unpack_from(data)[1]
    at = _HEADER.size
    while more & _MORE_FLAGS:
        (more,) = _FLAGS.unpack_from(data, at)
        at += _FLAGS.size
    found: dict[str, Any] = {}
    for name, read in _layout(flags):
        found[name], at = read(data, at)
    return found


@lru_cache(maxsize=256)
def _layout(flags: int) -> tuple[tuple[str, "Read"], ...]:
    """The properties that these flags announce, with their readers, in the order of the frame."""
    return tuple(
        (name, read) for bit, (name, read) in zip(range(15, 0, -1), _PROPERTIES, strict=False) if flags >> bit & 1
    )


def _short(data: bytes, at: int) -> tuple[str, int]:
    """A short string, and the offset after it."""
    end = at + 1 + data[at]
    return str(data[at + 1 : end], "utf-8", "backslashreplace"), end


def _octet(data: bytes, at: int) -> tuple[int, int]:
    """A byte, and the offset after it."""
    return data[at], at + 1


def _moment(data: bytes, at: int) -> tuple[bytes, int]:
    """The bytes of a timestamp, which is not decoded, and the offset after it."""
    return data[at : at + 8], at + 8


def _table(data: bytes, at: int) -> tuple[Headers, int]:
    """A table, and the offset after it; a table that can't be read has its bytes under UNDECODABLE."""
    start = at + _LENGTH.size
    end = start + _LENGTH.unpack_from(data, at)[0]
    try:
        table, reached = _entries(data, start, end)
    except _UNREADABLE:
        table, reached = {}, None
    return (table if reached == end else {UNDECODABLE: data[start:end]}), end


Read = Callable[[bytes, int], tuple[Any, int]]

_PROPERTIES: Final[tuple[tuple[str, Read], ...]] = (
    ("content_type", _short),
    ("content_encoding", _short),
    ("headers", _table),
    ("delivery_mode", _octet),
    ("priority", _octet),
    ("correlation_id", _short),
    ("reply_to", _short),
    ("expiration", _short),
    ("message_id", _short),
    ("timestamp", _moment),
    ("type", _short),
)
"""The properties up to the last that we use, in the order of the frame; the first has the highest flag."""


def _entries(data: bytes, at: int, end: int) -> tuple[dict[str, Any], int]:
    """The entries of a table, and the offset after them. Nearly all values are text.

    A name that occurs twice, which AMQP forbids, gets the list of its values.
    """
    table: dict[str, Any] = {}
    again: dict[str, list[Any]] = {}
    while at < end:
        kind = at + 1 + data[at]
        name = str(data[at + 1 : kind], "utf-8")
        value: Any
        if data[kind] == _LONG_STRING:
            start = kind + 1 + _LENGTH.size
            at = start + _LENGTH.unpack_from(data, kind + 1)[0]
            value = _long(data[start:at])
        else:
            value, at = _other(data, kind, end)
        if name in table:
            again.setdefault(name, [table[name]]).append(value)
        table[name] = value
    return table | again if again else table, at


def _long(encoded: bytes) -> str | bytes:
    try:
        return str(encoded, "utf-8")
    except UnicodeDecodeError:
        return encoded


def _other(data: bytes, kind: int, end: int) -> tuple[Any, int]:
    """A value that is not text, and the offset after it; its bytes, if it can't be read but its length is known.

    Large nested values are kept as bytes too: the time to read them grows with the square of their size.
    """
    if data[kind] in _NESTED:
        start = kind + 1 + _LENGTH.size
        stop = start + _LENGTH.unpack_from(data, kind + 1)[0]
        if stop - start > _MOST_NESTED_BYTES:
            return {UNDECODABLE: data[start:stop]}, stop
    try:
        size, value = decode.embedded_value(data[kind:end])
    except _UNREADABLE:
        if data[kind] == _TIMESTAMP_VALUE:
            return None, kind + 9
        if data[kind] not in _NESTED:
            raise
        start = kind + 1 + _LENGTH.size
        stop = start + _LENGTH.unpack_from(data, kind + 1)[0]
        return {UNDECODABLE: data[start:stop]}, stop
    return value, kind + size


def publish(channel: int, address: Address, header: bytes, body: bytes, most_bytes: int) -> list[bytes]:
    """The frames that publish a message as mandatory; each has at most ``most_bytes`` of the body."""
    exchange, routing_key = address
    method = PUBLISH + b"\x00\x00" + _short_bytes(exchange) + _short_bytes(routing_key) + b"\x01"
    return [
        *_frame(METHOD, channel, method),
        *_frame(HEADER, channel, header),
        *(
            part
            for start in range(0, len(body), most_bytes)
            for part in _frame(BODY, channel, body[start : start + most_bytes])
        ),
    ]


def write_header(
    size: int, content_type: str, headers: Mapping[str, str], *, correlation_id: str | None, message_id: str, type_: str
) -> bytes:
    """The payload of the header frame of a persistent message with these properties and a body of ``size`` bytes."""
    flags = _WRITTEN if correlation_id is None else _WRITTEN | _CORRELATED
    table = b"".join([part for name, text in headers.items() for part in _text_entry(name, text)])
    return b"".join(
        (
            _HEADER_START.pack(_BASIC, 0, size, flags),
            _short_bytes(content_type),
            _LENGTH.pack(len(table)),
            table,
            bytes((PERSISTENT,)),
            b"" if correlation_id is None else _short_bytes(correlation_id),
            _short_bytes(message_id),
            _short_bytes(type_),
        )
    )


def _frame(kind: int, channel: int, payload: bytes) -> tuple[bytes, bytes, bytes]:
    return FRAME_START.pack(kind, channel, len(payload)), payload, END


def _short_bytes(text: str) -> bytes:
    """A short string. Raises ValueError if it has more than 255 bytes."""
    encoded = text.encode()
    return bytes((len(encoded),)) + encoded


def _text_entry(name: str, text: str) -> tuple[bytes, bytes, bytes]:
    encoded = text.encode()
    return _short_bytes(name), b"S" + _LENGTH.pack(len(encoded)), encoded
