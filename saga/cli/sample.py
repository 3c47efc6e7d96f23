"""Test messages: what a module would say of an order, in each form that the wire knows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from saga.transport.codec import Outgoing

SHORT_STRING_BYTES = 255
"""What AMQP allows for an id and a routing key."""


class Form(Enum):
    """How a message is written: as a CloudEvent in one of its two modes, or without."""

    BINARY = "binary"
    STRUCTURED = "structured"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Sample:
    """A test message; ``raw_body``, if any, is sent in place of the data."""

    type: str
    order_id: str
    module: str
    id: str
    source: str
    time: str
    routing_key: str
    form: Form
    data: Mapping[str, Any]
    raw_body: bytes | None = None
    sequence: int | None = None
    previous_sequence: int | None = None
    correlation_id: str | None = None


def sample_data(type_: str, order_id: str) -> dict[str, Any]:
    """What a message of this type usually says; of an unknown type only the order.

    It says the same each time: sent again, also under another id, it is the same fact and no contradiction.
    """
    usual: dict[str, dict[str, Any]] = {
        "OrderPlaced": {"amount": 4200, "currency": "EUR"},
        "OrderCancelled": {"reason": "the customer changed their mind"},
        "PaymentReceived": {
            "payment_id": f"payment-{order_id}"[:200],
            "amount": 4200,
            "currency": "EUR",
        },
        "PaymentTimedOut": {},
    }
    return {"order_id": order_id, **usual.get(type_, {})}


def outgoing(sample: Sample, prefix: str) -> Outgoing:
    """The sample as it goes over the wire."""
    body, headers, content_type = _written(sample)
    return Outgoing(
        exchange=f"{prefix}.events",
        routing_key=sample.routing_key,
        id=sample.id,
        type=sample.type,
        correlation_id=sample.correlation_id,
        headers=headers,
        body=sample.raw_body if sample.raw_body is not None else body,
        content_type=content_type,
    )


def _written(sample: Sample) -> tuple[bytes, dict[str, str], str]:
    match sample.form:
        case Form.BINARY:
            headers = {f"ce-{name}": value for name, value in _attributes(sample).items()}
            return _json(sample.data), headers, "application/json"
        case Form.STRUCTURED:
            return _json({**_attributes(sample), "data": sample.data}), {}, "application/cloudevents+json"
        case Form.PLAIN:
            return _json(sample.data), {}, "application/json"


def _attributes(sample: Sample) -> dict[str, str]:
    optional = {
        "sequence": sample.sequence,
        "previoussequence": sample.previous_sequence,
        "correlationid": sample.correlation_id,
    }
    return {
        "specversion": "1.0",
        "id": sample.id,
        "source": sample.source,
        "type": sample.type,
        "subject": sample.order_id,
        "time": sample.time,
        **{name: str(value) for name, value in optional.items() if value is not None},
    }


def _json(value: Mapping[str, Any]) -> bytes:
    """In ASCII, as it was given: what strict JSON refuses, the service has to refuse, not this command."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")
