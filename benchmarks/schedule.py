"""An open-loop schedule: when each message should be published, independently of the system's speed.

A generator that waits for an answer before it sends the next message leaves out exactly the waits that matter
(coordinated omission). So a message's latency counts from its time in the schedule, not from when it was sent, and a
message that never came counts as infinitely late.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Schedule:
    """Messages at a constant rate from a start on the clock, in seconds."""

    start: float
    rate: float
    count: int

    def moment(self, number: int) -> float:
        """When message ``number`` (from 0 on) should be published."""
        return self.start + number / self.rate

    def due(self, now: float) -> int:
        """How many messages should have been published by now."""
        if now < self.start:
            return 0
        return min(self.count, math.floor((now - self.start) * self.rate) + 1)

    def latencies(self, arrivals: Mapping[int, float]) -> list[float]:
        """Seconds from each message's time in the schedule to its arrival; infinite if it never arrived."""
        return [arrivals.get(number, math.inf) - self.moment(number) for number in range(self.count)]
