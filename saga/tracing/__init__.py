"""Traces: what happened to sampled messages, as spans of OpenTelemetry, from service to service.

The problem: a message passes a relay, a queue, a step, a collaborator and a timer. Each of them handles hundreds at
once, and a span costs more than the handling of a message.

The model: a message carries the context of the span that sent it (`traceparent`). If that span is sampled, each part of
saga that handles the message begins a span of its own and passes its context on: in the command, in the log entry, in
the row of the timer. A trace begins at a process, for a share of the messages that come without a context. What is not
sampled is passed on unchanged. Where the next work may be much later, or is done again, the new span begins a trace of
its own that is linked to the old one: a deadline that fires, an event that is read from a log, a redrive.

The spans of a batch end after its commit. If it is not committed, they are forgotten, and the next attempt begins new
ones. Spans are exported by a thread of their own; if the collector is slow or away they are dropped and counted, and
the work goes on.

``sdk`` is the only module that imports OpenTelemetry, and it is imported only when traces are switched on.
"""

from saga.tracing.message_spans import MessageSpans, are_linked, linking
from saga.tracing.spans import LOSSES, Kind, OpenSpans
from saga.tracing.switch import TracesUnavailable, active, traced

__all__ = [
    "LOSSES",
    "Kind",
    "MessageSpans",
    "OpenSpans",
    "TracesUnavailable",
    "active",
    "are_linked",
    "linking",
    "traced",
]
