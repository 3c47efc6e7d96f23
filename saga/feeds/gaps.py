"""Patience: what is missing may only be on its way. Pure: the moments are arguments.

What was overtaken by a later position is a hole after a short grace, for several workers overtake each other all the
time. What lies behind everything that was handled may wait in a long queue: it is missing only when nothing at all has
moved for a longer time.
"""

from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class GapTimeouts:
    """How long to wait before a position is fetched from the log, in seconds."""

    hole_seconds: float
    tail_seconds: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a consumer got: its watermark, and the last position that was handled out of turn (0 if none was)."""

    watermark: int
    overtaken: int


@dataclass(slots=True)
class GapDetector:
    """What was seen of one module when, as (moment, position); moments in seconds, from any clock that only goes on."""

    grace: GapTimeouts
    _holes: deque[tuple[float, int]] = field(default_factory=deque)
    _tails: deque[tuple[float, int]] = field(default_factory=deque)
    _last: Progress | None = None

    def overdue(self, now: float, progress: Progress, end: int) -> int:
        """The position up to which everything that is missing now is overdue, where ``end`` is the end of the log."""
        if progress != self._last:
            self._tails.clear()
            self._last = progress
        self._holes.append((now, progress.overtaken))
        self._tails.append((now, end))
        return max(_ripe(self._holes, now - self.grace.hole_seconds), _ripe(self._tails, now - self.grace.tail_seconds))


def _ripe(seen: deque[tuple[float, int]], since: float) -> int:
    """The position of the newest sight that is old enough; older ones are forgotten."""
    while len(seen) > 1 and seen[1][0] <= since:
        seen.popleft()
    moment, position = seen[0]
    return position if moment <= since else 0
