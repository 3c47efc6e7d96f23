"""Frames are read and written as the client's own library does it, byte for byte, whatever a foreign client puts in."""

import datetime as dt
import decimal
import struct
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp import frame as library
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from saga.messages import Raw
from saga.rabbitmq import frames

CHANNEL = 7
NAMES = st.text(max_size=40)
TEXTS = st.text(max_size=60)
MOMENTS = st.integers(0, 2**32 - 1).map(lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC))
VALUES = st.recursive(
    TEXTS
    | st.booleans()
    | st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(-1e6, 1e6, width=32)
    | MOMENTS
    | st.decimals(min_value=0, max_value=10_000, places=2, allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
PROPERTIES = st.fixed_dictionaries(
    {},
    optional={
        "content_type": TEXTS,
        "content_encoding": TEXTS,
        "headers": st.dictionaries(NAMES, VALUES, max_size=6),
        "delivery_mode": st.integers(1, 2),
        "priority": st.integers(0, 255),
        "correlation_id": TEXTS,
        "reply_to": TEXTS,
        "expiration": TEXTS,
        "message_id": TEXTS,
        "timestamp": MOMENTS,
        "message_type": TEXTS,
        "user_id": TEXTS,
        "app_id": TEXTS,
    },
)


def header_payload(size: int, **properties: Any) -> bytes:
    return ContentHeader(body_size=size, properties=Basic.Properties(**properties)).marshal()


def as_the_library_reads(header: bytes, body: bytes) -> Raw:
    read = ContentHeader()
    read.unmarshal(header)
    said = read.properties
    return Raw(
        body,
        "key",
        "exchange",
        said.content_type or None,
        said.message_id or None,
        said.message_type or None,
        said.correlation_id or None,
        said.headers or {},
    )


def with_empty_as_none(raw: Raw) -> Raw:
    """The library leaves an empty text out."""
    return Raw(
        raw.body,
        raw.routing_key,
        raw.exchange,
        raw.content_type or None,
        raw.message_id or None,
        raw.type or None,
        raw.correlation_id or None,
        raw.headers,
    )


@given(PROPERTIES, st.binary(max_size=40))
def test_a_message_is_read_as_the_library_reads_it(properties: dict[str, Any], body: bytes) -> None:
    header = header_payload(len(body), **properties)
    assert frames.read_size(header) == len(body)
    read = frames.read_message(header, body, ("exchange", "key"))
    assert with_empty_as_none(read) == as_the_library_reads(header, body)


EXCHANGES = st.from_regex(r"[a-z0-9._-]{1,60}", fullmatch=True)


@given(EXCHANGES, st.text(max_size=40), st.integers(1, 2**63 - 1), st.booleans())
def test_a_delivery_says_its_tag_and_where_it_was_published_to(
    exchange: str, key: str, tag: int, redelivered: bool
) -> None:
    said = Basic.Deliver("ctag1.0f", tag, redelivered, exchange, key)
    payload = frames.DELIVER + said.marshal()
    assert frames.read_deliver(b"before" + payload, 6) == (tag, redelivered, (exchange, key))


@given(st.integers(1, 2**63 - 1), st.booleans())
def test_a_confirm_says_its_tag_and_whether_it_is_for_all_before(tag: int, multiple: bool) -> None:
    assert frames.read_confirm(frames.ACK + Basic.Ack(tag, multiple).marshal(), 0) == (tag, multiple)
    assert frames.read_confirm(frames.NACK + Basic.Nack(tag, multiple, requeue=True).marshal(), 0) == (tag, multiple)


def test_a_return_says_where_the_message_was_published_to() -> None:
    payload = frames.RETURN + Basic.Return(312, "NO_ROUTE", "saga.events", "orders.OrderPlaced").marshal()
    assert frames.read_return(payload, 0) == ("saga.events", "orders.OrderPlaced")


@given(
    headers=st.dictionaries(st.text(max_size=20), st.text(max_size=200), max_size=5),
    correlation_id=st.none() | st.text(min_size=1, max_size=40),
    body=st.binary(max_size=600),
)
def test_what_is_published_is_what_the_library_would_send(
    headers: dict[str, str], correlation_id: str | None, body: bytes
) -> None:
    header = frames.write_header(
        len(body), "application/json", headers, correlation_id=correlation_id, message_id="m-1", type_="OrderPlaced"
    )
    written = b"".join(frames.publish(CHANNEL, ("saga.events", "orders.OrderPlaced"), header, body, 256))
    read = []
    while written:
        size, channel, one = library.unmarshal(written)
        assert channel == CHANNEL
        read.append(one)
        written = written[size:]
    method, properties, *parts = read
    assert isinstance(method, Basic.Publish)
    assert (method.exchange, method.routing_key, method.mandatory) == ("saga.events", "orders.OrderPlaced", True)
    assert isinstance(properties, ContentHeader)
    assert properties.body_size == len(body)
    said = properties.properties
    assert (said.content_type, said.message_id, said.message_type) == ("application/json", "m-1", "OrderPlaced")
    assert (said.correlation_id, said.delivery_mode, said.headers) == (correlation_id, frames.PERSISTENT, headers)
    pieces = [part.value for part in parts if isinstance(part, ContentBody)]
    assert len(pieces) == len(parts)
    assert all(len(piece) <= 256 for piece in pieces)
    assert b"".join(pieces) == body


def header_of_table(table: bytes) -> bytes:
    """The payload of a header frame whose only property is this table, as it is."""
    return struct.pack(">HHQH", 60, 0, 2, 1 << 13) + struct.pack(">I", len(table)) + table


UNREADABLE = {
    "a value of no known kind": b"\x01a?",
    "a name that is not UTF-8": b"\x01\xffS\x00\x00\x00\x01b",
    "a name beyond the end": b"\x09a",
    "a text beyond the end": b"\x01aS\x00\x00\x00\x09b",
    "a number beyond the end": b"\x01aL\x00",
}


@pytest.mark.parametrize("table", UNREADABLE.values(), ids=UNREADABLE)
def test_a_table_that_cannot_be_read_is_kept_as_bytes(table: bytes) -> None:
    read = frames.read_message(header_of_table(table), b"{}", ("exchange", "key"))
    assert read.headers == {frames.UNDECODABLE: table}


def test_a_name_that_comes_twice_has_all_that_it_stands_for() -> None:
    table = b"\x01aS\x00\x00\x00\x01b" + b"\x01at\x01" * 5_000 + b"\x01cS\x00\x00\x00\x01d"
    read = frames.read_message(header_of_table(table), b"{}", ("exchange", "key"))
    assert read.headers == {"a": ["b", *[True] * 5_000], "c": "d"}


def test_a_moment_outside_of_the_calendar_costs_only_itself() -> None:
    table = b"\x01aS\x00\x00\x00\x01b" + b"\x01tT" + b"\xff" * 8 + b"\x01cS\x00\x00\x00\x01d"
    read = frames.read_message(header_of_table(table), b"{}", ("exchange", "key"))
    assert read.headers == {"a": "b", "t": None, "c": "d"}


def test_a_nested_table_that_cannot_be_read_costs_only_itself() -> None:
    table = b"\x01tF\x00\x00\x00\x03\x01a?" + b"\x01cS\x00\x00\x00\x01d"
    read = frames.read_message(header_of_table(table), b"{}", ("exchange", "key"))
    assert read.headers == {"t": {frames.UNDECODABLE: b"\x01a?"}, "c": "d"}


@pytest.mark.parametrize("kind", [b"A", b"F"], ids=["a list", "a table"])
def test_what_is_nested_and_large_is_kept_as_bytes_and_costs_no_time(kind: bytes) -> None:
    """The library copies the rest of a list for each of its values."""
    nested = b"\x01aV" * 40_000 if kind == b"F" else b"V" * 120_000
    table = b"\x01a" + kind + struct.pack(">I", len(nested)) + nested + b"\x01bS\x00\x00\x00\x01x"
    began = time.process_time()
    read = frames.read_message(header_of_table(table), b"{}", ("exchange", "key"))
    assert time.process_time() - began < 0.5
    assert read.headers == {"a": {frames.UNDECODABLE: nested}, "b": "x"}


def test_text_that_is_not_utf_8_is_read_as_far_as_it_goes() -> None:
    header = struct.pack(">HHQH", 60, 0, 2, 1 << 7) + b"\x03m-\xff"
    assert frames.read_message(header, b"{}", ("exchange", "key")).message_id == r"m-\xff"


@given(st.binary(max_size=80))
def test_reading_properties_never_raises_whatever_the_bytes(noise: bytes) -> None:
    header = struct.pack(">HHQ", 60, 0, 2) + b"\xf8\x00" + noise
    assert frames.read_message(header, b"{}", ("exchange", "key")).body == b"{}"


def test_the_library_knows_no_kind_of_number_that_is_read_otherwise() -> None:
    table = {"decimal": decimal.Decimal("1.25"), "long": 2**40, "true": True, "none": None}
    header = header_payload(0, headers=table)
    assert frames.read_message(header, b"", ("exchange", "key")).headers == table
