"""The SDK of OpenTelemetry: begins spans and exports them; the only code that imports it.

It has a provider of its own and leaves the global one alone: the program around it may have one too. Every span that is
begun here is recorded, because who begins it has decided that already, before the SDK costs anything.
"""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from structlog.contextvars import get_contextvars

from saga.metrics.table import SPANS_LOST
from saga.tracing.context import TraceContext
from saga.tracing.spans import EXPORT_FAILED, QUEUE_FULL, STOPPED, Attributes, Kind

FLUSH_SECONDS: Final = 5.0
"""How long the end of a program may wait for the collector."""
QUEUE_SIZE: Final = 2_048
"""Spans that may wait for their export, unless OTEL_BSP_MAX_QUEUE_SIZE says otherwise."""
REPORT_SECONDS: Final = 60.0
"""The shortest time between two log lines about lost spans."""

_KINDS: Final = {Kind.PRODUCER: SpanKind.PRODUCER, Kind.CONSUMER: SpanKind.CONSUMER, Kind.INTERNAL: SpanKind.INTERNAL}

_log = structlog.get_logger()


class OpenSpan:
    """A span that has begun; it is exported once it ends."""

    __slots__ = ("_span", "context")

    def __init__(self, span: Span) -> None:
        self._span = span
        own = span.get_span_context()
        self.context = TraceContext(own.trace_id, own.span_id, int(own.trace_flags))

    def add(self, attributes: Attributes) -> None:
        """Add attributes; those with None are left out."""
        self._span.set_attributes({name: value for name, value in attributes.items() if value is not None})

    def mark(self, event: str, at_ns: int) -> None:
        """Add an event."""
        self._span.add_event(event, timestamp=at_ns)

    def link(self, context: TraceContext) -> None:
        """Add a link to another span."""
        self._span.add_link(_as_given(context))

    def fail(self, error_type: str) -> None:
        """Mark the span as failed."""
        self._span.set_attribute("error.type", error_type)
        self._span.set_status(Status(StatusCode.ERROR))

    def end(self) -> None:
        """End the span now."""
        self._span.end()


class Tracing:
    """Begins spans; ``share`` of the messages without a trace begin one."""

    def __init__(self, service: str, share: float) -> None:
        self.share = share
        self._spans = _CountedSpans(OTLPSpanExporter())
        self._provider = TracerProvider(resource=_resource(service), sampler=ALWAYS_ON, shutdown_on_exit=False)
        self._provider.add_span_processor(self._spans)
        self._tracer = self._provider.get_tracer("saga", _version())

    def begins_trace(self) -> bool:
        """Whether a message without a trace begins one."""
        return random.random() < self.share  # noqa: S311 -- which ones are sampled is no secret

    def begin(
        self,
        name: str,
        kind: Kind,
        attributes: Attributes,
        *,
        parent: TraceContext | None = None,
        links: Sequence[TraceContext] = (),
        began_ns: int | None = None,
    ) -> OpenSpan:
        """Begin a span within its parent's trace, or a trace if it has no parent."""
        context = Context() if parent is None else set_span_in_context(NonRecordingSpan(_as_given(parent)), Context())
        span = self._tracer.start_span(
            name,
            context,
            _KINDS[kind],
            {key: value for key, value in attributes.items() if value is not None},
            [Link(_as_given(link)) for link in links],
            began_ns,
        )
        return OpenSpan(span)

    def end(self) -> None:
        """Export what has ended, within FLUSH_SECONDS; the rest is lost."""
        # The processor alone would wait for half a minute; a thread that hangs at the collector ends with the program.
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(FLUSH_SECONDS)
        self._spans.report_left()


class _CountedSpans(BatchSpanProcessor):
    """Exports spans in batches, by a thread; drops what finds the queue full, and counts it.

    The SDK drops such spans without counting them. ``_ended`` is written by the thread that ends spans, and ``_handed``
    by the one that exports, so neither needs a lock.
    """

    def __init__(self, exporter: OTLPSpanExporter) -> None:
        self._most = _queue_size()
        self._ended = self._handed = self._exporting = 0
        self._lost: Counter[str] = Counter()
        self._reported = -REPORT_SECONDS
        # The exporter's thread has no context of its own, and a line names the service.
        self._bound = _log.bind(**get_contextvars())
        super().__init__(_CountedExporter(exporter, self), max_queue_size=self._most)

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a span, or drop it."""
        if self._ended - self._handed >= self._most:
            self._lose(1, QUEUE_FULL)
            return
        self._ended += 1
        super().on_end(span)

    def hand_over(self, count: int) -> None:
        """So many spans leave the queue, and are exported now."""
        self._exporting = count
        self._handed += count

    def exported(self, *, failed: bool) -> None:
        """They were exported, or are lost."""
        count, self._exporting = self._exporting, 0
        if failed:
            self._lose(count, EXPORT_FAILED)

    def report_left(self) -> None:
        """Report what is lost because the program ends, and what was lost since the last report."""
        self._reported = -REPORT_SECONDS
        self._lose(self._ended - self._handed + self._exporting, STOPPED)

    def _lose(self, count: int, cause: str) -> None:
        """Count lost spans, and log them, once in REPORT_SECONDS at most."""
        SPANS_LOST.add(count, cause)
        self._lost[cause] += count
        if time.monotonic() - self._reported >= REPORT_SECONDS:
            self._reported = time.monotonic()
            lost, self._lost = self._lost, Counter()
            log = self._bound
            for reason, number in lost.items():
                if number:
                    log.warning("spans_lost", count=number, reason=reason)


class _CountedExporter(SpanExporter):
    """Exports, and reports to the processor what became of it."""

    def __init__(self, exporter: OTLPSpanExporter, spans: _CountedSpans) -> None:
        self._exporter = exporter
        self._spans = spans

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export a batch; it waits for the collector, on the processor's thread."""
        self._spans.hand_over(len(spans))
        result = SpanExportResult.FAILURE
        try:
            result = self._exporter.export(spans)
        finally:
            self._spans.exported(failed=result is not SpanExportResult.SUCCESS)
        return result

    def shutdown(self) -> None:
        """Stop an attempt that is under way."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing waits here."""
        return self._exporter.force_flush(timeout_millis)


def _queue_size() -> int:
    """How many spans may wait, by the variable that the SDK has for it."""
    given = os.environ.get("OTEL_BSP_MAX_QUEUE_SIZE", "")
    return int(given) if given.isascii() and given.isdigit() else QUEUE_SIZE


def _as_given(context: TraceContext) -> SpanContext:
    return SpanContext(context.trace_id, context.span_id, is_remote=True, trace_flags=TraceFlags(context.flags))


def _resource(service: str) -> Resource:
    """What the spans are of; the variables of OpenTelemetry go first."""
    attributes = os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    is_named = bool(os.environ.get("OTEL_SERVICE_NAME")) or f"{SERVICE_NAME}=" in attributes
    own = {SERVICE_VERSION: _version()}
    return Resource.create(own if is_named else own | {SERVICE_NAME: service})


def _version() -> str:
    try:
        return version("saga")
    except PackageNotFoundError:
        return "unknown"
