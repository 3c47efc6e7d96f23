"""The spans of deadlines that fire: each begins a trace, linked to the one in which the deadline was armed.

A deadline may fire days after it was armed, and a trace that lasts so long helps nobody.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row

from saga.modules import NewEvent
from saga.tracing import Kind, OpenSpans


class FiringSpans:
    """The spans of one batch of deadlines."""

    def __init__(self) -> None:
        self._spans = OpenSpans()

    def enter(self, timers: Sequence[Row[Any]], events: Sequence[NewEvent]) -> Sequence[NewEvent]:
        """The events of these timers; those that were armed in a sampled trace carry the contexts of their spans."""
        if not self._spans.are_on:
            return events
        return [self._fired(timer, event) for timer, event in zip(timers, events, strict=True)]

    def end(self) -> None:
        """End the spans, once the events are in the log."""
        self._spans.end()

    def _fired(self, timer: Row[Any], event: NewEvent) -> NewEvent:
        armed_in = event.metadata.get("traceparent")
        attributes = {"saga.process": timer.process, "saga.timer.late_seconds": timer.late_seconds}
        fired_in = self._spans.continued(f"fire {timer.name}", Kind.INTERNAL, armed_in, attributes, linked=True)
        return event if fired_in is None else replace(event, metadata={**event.metadata, "traceparent": fired_in})
