"""Spans of messages that are sent on: they begin one by one and end together."""

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING

from saga.tracing.context import read_traceparent, seems_sampled
from saga.tracing.switch import active

if TYPE_CHECKING:
    from saga.tracing.sdk import OpenSpan

Attributes = Mapping[str, str | int | float | None]
"""Attributes of a span; those with None are left out."""

QUEUE_FULL, EXPORT_FAILED, STOPPED = LOSSES = ("queue_full", "export_failed", "stopped")
"""Why spans are lost."""


class Kind(Enum):
    """The kinds of spans, as OpenTelemetry names them."""

    PRODUCER = "producer"
    CONSUMER = "consumer"
    INTERNAL = "internal"


class OpenSpans:
    """Spans that end together; does nothing while traces are off."""

    def __init__(self) -> None:
        self._tracing = active()
        self._open: list[OpenSpan] = []

    @property
    def are_on(self) -> bool:
        """Whether spans are recorded: where it costs something to name them, ask first."""
        return self._tracing is not None

    def continued(
        self, name: str, kind: Kind, traceparent: object, attributes: Attributes, *, linked: bool = False
    ) -> str | None:
        """The traceparent to pass on: that of a new span if the given one is sampled; None if nothing changes.

        The span belongs to the same trace, or, if ``linked``, to a new one with a link.
        """
        if self._tracing is None or not isinstance(traceparent, str) or not seems_sampled(traceparent):
            return None
        context = read_traceparent(traceparent)
        if context is None:
            return None
        parent, links = (None, [context]) if linked else (context, [])
        span = self._tracing.begin(name, kind, attributes, parent=parent, links=links)
        self._open.append(span)
        return str(span.context)

    def end(self, error_type: str | None = None) -> None:
        """End all spans, as failed if there is an error."""
        for span in self._open:
            if error_type is not None:
                span.fail(error_type)
            span.end()
        self._open = []
