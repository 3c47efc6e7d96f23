"""A real OTLP receiver, and the spans that it got."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span
from oteltap import OtelTapHttpProtobufReceiver, OtelTapHttpProtobufReceiverSettings

from saga.devstack import ports
from saga.tracing.context import read_traceparent
from tests.waiting import until


class Collector:
    """What came, in the order in which it came."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.spans: list[Span] = []

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to send its spans here soon."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "OTEL_BSP_SCHEDULE_DELAY": "50",
        }

    def all_named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    async def named(self, name: str) -> Span:
        """The first span of this name, once it is there."""

        async def look() -> list[Span]:
            return self.all_named(name)

        return (await until(look))[0]


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """A receiver on this machine, for as long as the block lasts."""
    collector = Collector(ports.choose())
    async with OtelTapHttpProtobufReceiver(OtelTapHttpProtobufReceiverSettings(http_port=collector.port)) as receiver:

        async def keep() -> None:
            async for span in receiver.stream_traces():
                collector.spans.append(span)

        keeping = asyncio.create_task(keep())
        try:
            yield collector
        finally:
            keeping.cancel()


def place_of(span: Span) -> tuple[int, int]:
    """Its trace and its own id, as links name them."""
    return int.from_bytes(span.trace_id, "big"), int.from_bytes(span.span_id, "big")


def sent_by(traceparent: str | None) -> tuple[int, int] | None:
    """The trace and the id of the span that a message came from; None if no sampled one sent it."""
    context = read_traceparent(traceparent)
    return None if context is None or not context.is_sampled else (context.trace_id, context.span_id)


def parent_of(span: Span) -> int:
    """The id of its parent; 0 if it has none."""
    return int.from_bytes(span.parent_span_id, "big")


def links_of(span: Span) -> set[tuple[int, int]]:
    """The traces and spans that it is linked to."""
    return {(int.from_bytes(one.trace_id, "big"), int.from_bytes(one.span_id, "big")) for one in span.links}


def attributes_of(span: Span) -> dict[str, Any]:
    """Its attributes as plain values."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value") or "string_value") for one in span.attributes}
