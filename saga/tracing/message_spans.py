"""Spans of a batch of messages: one for each sampled message, and one for the batch if any message has one.

A message's span begins before the message is handled, because what the message leads to carries the span's context. It
ends after the commit, with the answer. Dead letters get a span even if they are not sampled, so that whoever looks for
a trace that breaks off finds the reason.

A span says what was decided and where, never what a message says: no field, no reason that quotes one, and no id of an
instance.
"""

import time
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from saga.messages import Envelope, Poison, Raw
from saga.messages.cloudevents import is_structured, named_attributes
from saga.messages.lenient_json import scalars
from saga.tracing.context import TraceContext, read_traceparent, seems_sampled
from saga.tracing.spans import Attributes, Kind
from saga.tracing.switch import active

if TYPE_CHECKING:
    from saga.tracing.sdk import OpenSpan, Tracing

Message = Envelope | Poison
MOST_LINKS: Final = 128
"""Messages that a batch is linked to at most."""

_links = ContextVar("links", default=False)


@contextmanager
def linking() -> Iterator[None]:
    """In this block, messages begin traces of their own, linked to those that they came with."""
    before = _links.set(True)
    try:
        yield
    finally:
        _links.reset(before)


def are_linked() -> bool:
    """Whether messages begin traces of their own here."""
    return _links.get()


class MessageSpans:
    """The spans of one attempt to handle a batch; does nothing while traces are off.

    ``owner`` is the name of what handles the messages, ``role`` the attribute that has it. ``types`` are the types of
    message that it knows: no other gives its name to a span.
    """

    def __init__(self, role: str, owner: str, types: Container[str], *, begins_traces: bool = True) -> None:
        self._begins_traces = begins_traces
        self._tracing = active()
        self._role = role
        self._owner = owner
        self._types = types
        self._began_ns = 0 if self._tracing is None else time.time_ns()
        self._count = 0
        self._open: dict[int, OpenSpan] = {}

    @property
    def are_on(self) -> bool:
        """Whether spans are recorded: where it costs something to find what they say, ask first."""
        return self._tracing is not None

    def enter(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Begin the spans of sampled messages, which carry the contexts of their spans from now on."""
        tracing = self._tracing
        if tracing is None:
            return messages
        self._count = len(messages)
        entered: list[Message] | None = None
        for index, message in enumerate(messages):
            if isinstance(message, Poison):
                continue
            traceparent = message.traceparent
            if self._begins_trace(tracing) if traceparent is None else seems_sampled(traceparent):
                entered = list(messages) if entered is None else entered
                entered[index] = self._entered(tracing, message)
        return messages if entered is None else entered

    def by_traceparent(self) -> dict[str, int]:
        """The messages that have a span, by its traceparent, each with the `id` of its raw form."""
        return {str(span.context): raw_id for raw_id, span in self._open.items()}

    def end(
        self,
        answered: Mapping[int, Attributes],
        dead: Sequence[tuple[Poison, str]],
        stages: Sequence[tuple[str, float]] = (),
    ) -> None:
        """End the spans of a batch that is committed.

        ``answered`` has what became of a message, by the `id` of its raw form; a message that is in neither is
        forgotten. ``dead`` are the dead letters, each with its kind. ``stages`` have ended at these times of
        ``time.perf_counter``.
        """
        if self._tracing is None:
            return
        ended: list[OpenSpan] = []
        for raw_id, attributes in answered.items():
            if (span := self._open.pop(raw_id, None)) is not None:
                span.add(attributes)
                ended.append(span)
        for poison, kind in dead:
            span = self._open.pop(id(poison.raw), None) or self._of_dead(self._tracing, poison)
            span.add({"saga.decision": "dead"})
            span.fail(kind)
            ended.append(span)
        self._open = {}
        if ended:
            self._end_with_batch(self._tracing, ended, stages)

    def _begins_trace(self, tracing: "Tracing") -> bool:
        return self._begins_traces and tracing.begins_trace()

    def _entered(self, tracing: "Tracing", message: Envelope) -> Envelope:
        context = read_traceparent(message.traceparent)
        if context is None and message.traceparent is not None:
            return message
        span = self._begin(tracing, message, context)
        self._open[id(message.raw)] = span
        return replace(message, traceparent=str(span.context))

    def _of_dead(self, tracing: "Tracing", poison: Poison) -> "OpenSpan":
        return self._begin(tracing, poison, context_in(poison.raw))

    def _begin(self, tracing: "Tracing", message: Message, context: TraceContext | None) -> "OpenSpan":
        linked = are_linked()
        links = [context] if linked and context is not None else []
        is_known = message.type is not None and message.type in self._types
        attributes: dict[str, str | int | None] = {
            "messaging.system": "rabbitmq" if message.raw.exchange and not linked else "postgresql",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            self._role: self._owner,
        }
        if isinstance(message, Envelope):
            attributes |= {
                "messaging.message.id": message.id,
                "saga.module": message.module,
                "saga.position": message.position,
            }
        name = f"process {message.type if is_known else 'message'}"
        parent = None if linked else context
        return tracing.begin(name, Kind.CONSUMER, attributes, parent=parent, links=links, began_ns=self._began_ns)

    def _end_with_batch(
        self, tracing: "Tracing", ended: Sequence["OpenSpan"], stages: Sequence[tuple[str, float]]
    ) -> None:
        """End the spans of messages and that of their batch; each is linked to the other."""
        attributes: Attributes = {
            "messaging.batch.message_count": self._count or len(ended),
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            self._role: self._owner,
        }
        links = [span.context for span in ended[:MOST_LINKS]]
        batch = tracing.begin(f"process {self._owner}", Kind.CONSUMER, attributes, links=links, began_ns=self._began_ns)
        now_ns, now = time.time_ns(), time.perf_counter()
        for stage, at in stages:
            batch.mark(stage, now_ns - int((now - at) * 1e9))
        for span in ended:
            span.link(batch.context)
            span.end()
        batch.end()


def context_in(raw: Raw) -> TraceContext | None:
    """The context in a message that may be of any form; None if there is none."""
    if is_structured(raw):
        return read_traceparent(scalars(raw.body, [("traceparent",)]).get(("traceparent",)))
    found = named_attributes(raw)[0].get("traceparent")
    return read_traceparent(found) if isinstance(found, str) else None
