"""Decides what the gateway does about a request, from the scenario, the seed and the command's id alone.

Each question about a command ("is it declined?", "is the first answer lost?") has a random number of its own, derived
from seed, command id and the purpose of the question. So the answers do not depend on the order in which commands come,
on restarts, or on which of several gateways works on them: same seed, same run.
"""

import math
from dataclasses import dataclass
from hashlib import blake2b
from itertools import takewhile
from typing import assert_never

from saga_gateway_stub.scenario import ExponentialDelay, FixedDelay, Scenario, UniformDelay

MOST_LOSSES = 5
"""At most so many answers are lost before one comes through."""

MOST_DUPLICATES = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer about a captured payment, ``after_seconds`` after the capture.

    ``number`` counts the answers from 1. Answers with the same ``event`` are duplicates of one event.
    """

    number: int
    event: int
    after_seconds: float


@dataclass(frozen=True, slots=True)
class Conduct:
    """What the gateway does about one payment request; ``losses`` answers are lost before one comes through."""

    delay_seconds: float
    declined: bool
    losses: int
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A scenario with its seed."""

    scenario: Scenario
    seed: int

    def conduct(self, command_id: str) -> Conduct:
        """What the gateway does about this payment request."""
        scenario = self.scenario
        losses = self._streak(command_id, "loss", scenario.lost_answers, MOST_LOSSES)
        first = losses * scenario.lost_answer_repeat_seconds
        if self._chance(command_id, "reordered") < scenario.reordered:
            first += self._chance(command_id, "reorder seconds") * scenario.reorder_seconds
        duplicates = self._streak(command_id, "duplicate", scenario.duplicates, MOST_DUPLICATES)
        further = (self._duplicate(command_id, number, first) for number in range(2, duplicates + 2))
        return Conduct(
            delay_seconds=self._delay_seconds(command_id),
            declined=self._chance(command_id, "declined") < scenario.declined,
            losses=losses,
            answers=(Answer(1, 1, first), *further),
        )

    def outage_left_seconds(self, open_seconds: float) -> float:
        """How long the current outage still lasts, ``open_seconds`` after the gateway opened; 0 while it works."""
        period = self.scenario.outage_period_seconds
        if not self.has_outages:
            return 0.0
        begin = self._chance("", "outage") * period
        return max(self.scenario.outage_seconds - (open_seconds - begin) % period, 0.0)

    @property
    def has_outages(self) -> bool:
        """Whether the scenario has outages."""
        return self.scenario.outage_seconds > 0

    def _duplicate(self, command_id: str, number: int, first_seconds: float) -> Answer:
        later = self._chance(command_id, f"duplicate {number} seconds") * self.scenario.duplicate_within_seconds
        is_same_event = self._chance(command_id, f"duplicate {number} event") < 0.5
        return Answer(number, 1 if is_same_event else number, first_seconds + later)

    def _delay_seconds(self, command_id: str) -> float:
        chance = self._chance(command_id, "delay")
        match self.scenario.delay:
            case FixedDelay(seconds=seconds):
                return seconds
            case UniformDelay(least_seconds=least, most_seconds=most):
                return least + chance * (most - least)
            case ExponentialDelay(mean_seconds=mean):
                return -mean * math.log1p(-chance)
            case delay:
                assert_never(delay)

    def _streak(self, command_id: str, purpose: str, share: float, most: int) -> int:
        """How often in a row it happens, if it happens each time with probability ``share``."""
        return sum(
            1 for _ in takewhile(lambda n: self._chance(command_id, f"{purpose} {n}") < share, range(1, most + 1))
        )

    def _chance(self, command_id: str, purpose: str) -> float:
        """A number in [0, 1), evenly distributed over command ids."""
        cause = "\x1f".join((str(self.seed), command_id, purpose)).encode()
        return (int.from_bytes(blake2b(cause, digest_size=8).digest()) >> 11) / 2**53
