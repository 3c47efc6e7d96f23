"""Gap detection: decides when a missing position is lost rather than late. Pure: times are arguments.

A missing position below a handled one is a hole after a short timeout, because several workers overtake each other all
the time. A position above all handled ones may wait in a long queue: it is lost only if the cursor has not moved at all
for a longer time.
"""

from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class GapTimeouts:
    """How long to wait before a missing position is fetched from the log, in seconds."""

    hole_seconds: float
    tail_seconds: float


@dataclass(frozen=True, slots=True)
class CursorProgress:
    """A consumer's watermark, and the last position that was handled out of order (0 if none)."""

    watermark: int
    overtaken: int


@dataclass(slots=True)
class GapDetector:
    """The observations of one module, as (time, position); times are seconds of any monotonic clock."""

    grace: GapTimeouts
    _holes: deque[tuple[float, int]] = field(default_factory=deque)
    _tails: deque[tuple[float, int]] = field(default_factory=deque)
    _last: CursorProgress | None = None

    def overdue(self, now: float, progress: CursorProgress, end: int) -> int:
        """The position up to which all missing positions are overdue; ``end`` is the end of the log."""
        if progress != self._last:
            self._tails.clear()
            self._last = progress
        self._holes.append((now, progress.overtaken))
        self._tails.append((now, end))
        return max(_ripe(self._holes, now - self.grace.hole_seconds), _ripe(self._tails, now - self.grace.tail_seconds))


def _ripe(seen: deque[tuple[float, int]], since: float) -> int:
    """The position of the newest observation that is old enough; drops older ones."""
    while len(seen) > 1 and seen[1][0] <= since:
        seen.popleft()
    moment, position = seen[0]
    return position if moment <= since else 0
