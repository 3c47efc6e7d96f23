"""The spans of messages that are published: one for each that carries the context of a sampled span."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from saga.modules.outgoing import Outgoing
from saga.tracing import Kind, OpenSpans, are_linked

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


def _sent(spans: OpenSpans, message: Outgoing) -> Outgoing:
    before = message.headers.get(_HEADER)
    if before is None:
        return message
    destination = f"{message.exchange}:{message.routing_key}"
    attributes = {
        "messaging.system": "rabbitmq",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": destination,
        "messaging.message.id": message.id,
    }
    after = spans.continued(f"send {destination}", Kind.PRODUCER, before, attributes, linked=are_linked())
    if after is None or after == before:
        return message
    return replace(message, headers={**message.headers, _HEADER: after})
