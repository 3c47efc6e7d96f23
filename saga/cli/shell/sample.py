"""Test messages: what a module would say of an order, or of anything else, in each form that the wire knows."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from saga.convergence import derive_samples
from saga.core import Process
from saga.modules.outgoing import Outgoing
from saga.orders.messages import OrderCancelled, OrderPlaced, PaymentReceived, PaymentTimedOut


class Form(Enum):
    """How a message is written: as a CloudEvent in one of its two modes, or without."""

    BINARY = "binary"
    STRUCTURED = "structured"
    PLAIN = "plain"


_USUAL: Final[Mapping[type, Callable[[str], dict[str, Any]]]] = {
    OrderPlaced: lambda _: {"amount": 4200, "currency": "EUR"},
    OrderCancelled: lambda _: {"reason": "the customer changed their mind"},
    PaymentReceived: lambda order_id: {
        "payment_id": f"payment-{order_id}"[:200],
        "amount": 4200,
        "currency": "EUR",
    },
    PaymentTimedOut: lambda _: {},
}
"""Of the messages that people try first: words that they would choose themselves."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A test message; ``raw_body``, if any, is sent in place of the data.

    ``order_id`` is the id of the instance that it is about, of whatever process; ``correlate`` is the field for it.
    """

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
    correlate: str = "order_id"


def sample_data(process: Process, type_: str, process_id: str) -> dict[str, Any]:
    """What a message of this type usually says to a process; of a type that it does not hear, only the instance.

    It says the same each time: sent again, also under another id, it is the same fact and no contradiction. Raises
    DeclarationError where the message class does not tell what could stand in a field.
    """
    kind = process.kinds.get(type_)
    if kind is None:
        return {process.correlate: process_id}
    if kind in _USUAL:
        return {process.correlate: process_id, **_USUAL[kind](process_id)}
    said = next(fact.fields for fact in derive_samples(process, variants=1) if fact.kind is kind)
    return {**said, process.correlate: process_id}


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
