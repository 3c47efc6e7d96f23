"""Outgoing messages: a log entry as a CloudEvent in binary mode."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saga.core.identifier import MAX_BYTES, byte_length, is_short
from saga.core.routing import routing_key
from saga.messages import Envelope, Poison, Raw
from saga.messages.cloudevents import SPEC_VERSION, decode
from saga.modules.log import Entry

_CAUSE_ATTRIBUTES = ("correlationid", "causationid", "traceparent")


class Unsendable(ValueError):
    """A log entry can never be sent; the message says why."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish; ``id`` is derived from its cause."""

    exchange: str
    routing_key: str
    id: str
    type: str
    correlation_id: str | None
    headers: Mapping[str, str]
    body: bytes
    content_type: str = "application/json"


def encode(entry: Entry, prefix: str) -> Outgoing:
    """A log entry as a message: a public event, or a command for its target.

    Raises Unsendable for an entry that does not fit into a message.
    """
    headers = _headers(entry)
    try:
        "".join(headers.values()).encode()
        body = entry.data_json.encode()
    except (AttributeError, TypeError, UnicodeEncodeError) as error:
        raise Unsendable(f"something of the entry is no text: {error}") from None
    exchange, key = _address(entry, prefix)
    correlation_id = headers.get("ce-correlationid")
    for name, text in (
        ("routing key", key),
        ("id", entry.event_id),
        ("type", entry.type),
        ("correlation id", correlation_id or ""),
    ):
        if not is_short(text):
            raise Unsendable(f"the {name} has {byte_length(text)} bytes; AMQP has room for {MAX_BYTES}")
    return Outgoing(exchange, key, entry.event_id, entry.type, correlation_id, headers, body)


def unsent(entry: Entry, prefix: str, reason: str) -> Poison:
    """A log entry that can't be sent, as poison for a dead letter: with all that can be encoded, and its position."""
    exchange, key = _address(entry, prefix)
    raw = Raw(
        body=(entry.data_json or "").encode("utf-8", "surrogatepass"),
        routing_key=key,
        exchange=exchange,
        content_type="application/json",
        headers={**_headers(entry), "ce-sequence": str(entry.position)},
    )
    return Poison(
        raw=raw,
        reason=reason,
        type=entry.type,
        id=entry.event_id,
        source=f"/modules/{entry.module}",
        subject=entry.stream_id,
        module=entry.module,
        position=entry.position,
    )


def as_delivered(entry: Entry, prefix: str) -> Envelope | Poison:
    """A log entry as a broker would deliver it, so that pulled messages are checked like pushed ones."""
    try:
        sent = encode(entry, prefix)
    except Unsendable as error:
        return unsent(entry, prefix, str(error))
    return decode(
        Raw(
            body=sent.body,
            routing_key=sent.routing_key,
            exchange=sent.exchange,
            content_type=sent.content_type,
            message_id=sent.id,
            type=sent.type,
            correlation_id=sent.correlation_id,
            headers=sent.headers,
        )
    )


def _address(entry: Entry, prefix: str) -> tuple[str, str]:
    """The exchange and the routing key of an entry."""
    if entry.target is not None:
        return f"{prefix}.commands", f"{entry.target}.{entry.type}"
    return f"{prefix}.events", routing_key(entry.module, entry.type)


def _headers(entry: Entry) -> dict[str, Any]:
    """The attributes of an entry; they are text, unless other code wrote the entry."""
    headers = {
        "ce-specversion": SPEC_VERSION,
        "ce-id": entry.event_id,
        "ce-source": f"/modules/{entry.module}",
        "ce-type": entry.type,
        "ce-subject": entry.stream_id,
        "ce-time": entry.recorded_at.isoformat().replace("+00:00", "Z"),
    }
    if entry.target is None:
        headers["ce-sequence"] = str(entry.position)
    if entry.previous_public_position is not None:
        headers["ce-previoussequence"] = str(entry.previous_public_position)
    for name in _CAUSE_ATTRIBUTES:
        if value := entry.metadata.get(name):
            headers[f"ce-{name}"] = str(value) if isinstance(value, int) else value
    return headers
