"""The spans of messages that are published: one for each that carries the context of a sampled span."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from saga.messages import Poison
from saga.modules.outgoing import Outgoing
from saga.tracing import Kind, OpenSpans, active, are_linked
from saga.tracing.message_spans import context_in
from saga.tracing.spans import Attributes

_HEADER = "ce-traceparent"


@contextmanager
def sending(messages: Sequence[Outgoing]) -> Iterator[Sequence[Outgoing]]:
    """The messages, as they are to be sent within the block: with the contexts of their spans, which end with it."""
    spans = OpenSpans()
    if not spans.are_on:
        yield messages
        return
    try:
        yield [_sent(spans, message) for message in messages]
    except BaseException as error:
        spans.end(type(error).__name__)
        raise
    spans.end()


def mark_unsent(kept: Poison) -> None:
    """Make a span of a message that can't be sent and is a dead letter now, whether it is sampled or not."""
    tracing = active()
    if tracing is not None:
        name, attributes = _about(kept.raw.exchange, kept.raw.routing_key, None)
        span = tracing.begin(name, Kind.PRODUCER, attributes, parent=context_in(kept.raw))
        span.fail("failed")
        span.end()


def _sent(spans: OpenSpans, message: Outgoing) -> Outgoing:
    given = message.headers.get(_HEADER)
    if given is None:
        return message
    name, attributes = _about(message.exchange, message.routing_key, message.id)
    sent_in = spans.continued(name, Kind.PRODUCER, given, attributes, linked=are_linked())
    return message if sent_in is None else replace(message, headers={**message.headers, _HEADER: sent_in})


def _about(exchange: str, routing_key: str, message_id: str | None) -> tuple[str, Attributes]:
    """The name and the attributes of a span."""
    # What can't be sent may be no text that a collector reads.
    destination = f"{exchange}:{routing_key}".encode("utf-8", "backslashreplace").decode()
    return f"send {destination}", {
        "messaging.system": "rabbitmq",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": destination,
        "messaging.message.id": message_id,
    }
