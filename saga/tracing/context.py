"""Trace contexts as messages carry them: the attribute `traceparent` of W3C Trace Context. Pure."""

import re
from typing import Final

from saga.core.statically_frozen import statically_frozen

SAMPLED: Final = 1
"""The flag of a trace that is recorded."""
_LENGTH: Final = 55
"""Characters of a traceparent, as far as its version is known."""
_SAMPLED_DIGITS: Final = frozenset("13579bdf")
_FIELDS = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)


@statically_frozen
class TraceContext:
    """A span, and the trace that it belongs to."""

    trace_id: int
    span_id: int
    flags: int

    @property
    def is_sampled(self) -> bool:
        """Whether the span is recorded."""
        return bool(self.flags & SAMPLED)

    def __str__(self) -> str:
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{self.flags:02x}"


def seems_sampled(traceparent: str) -> bool:
    """Whether a traceparent, if it is valid, is of a sampled span: a quick look at what every message may have."""
    return len(traceparent) >= _LENGTH and traceparent[_LENGTH - 1] in _SAMPLED_DIGITS


def read_traceparent(traceparent: str | None) -> TraceContext | None:
    """The context of a traceparent; None if there is none or it is not valid."""
    found = _FIELDS.fullmatch(traceparent) if traceparent is not None else None
    if found is None or found["version"] == "ff" or (found["version"] == "00" and found["more"]):
        return None
    trace_id, span_id = int(found["trace"], 16), int(found["span"], 16)
    return TraceContext(trace_id, span_id, int(found["flags"], 16)) if trace_id and span_id else None


def recorded_trace(traceparent: object) -> str | None:
    """The id of the trace as tools write it; None if the traceparent is not that of a sampled span."""
    context = read_traceparent(traceparent) if isinstance(traceparent, str) else None
    return f"{context.trace_id:032x}" if context is not None and context.is_sampled else None
