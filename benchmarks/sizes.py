"""The sizes of a short run and of a full one, and what the scenario `cost` is held against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.programs import Checkout


@dataclass(frozen=True, slots=True)
class Sizes:
    """Counts, and seconds where the name ends so.

    The scenario `cost` runs this checkout with ``settings`` and with programs ``beside`` it, and also what it is held
    ``against``, without them.
    """

    rounds: int
    drained: int
    every_case: bool
    commit_seconds: int
    latency_seconds: float
    latency_rates: tuple[int, ...]
    instances: int
    armed: int
    due: int
    endurance_seconds: float
    endurance_rate: int
    followed: int
    waiting: int
    big_bodies: int
    peer_messages: int
    against: Checkout | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    beside: Sequence[str] = ()


SHORT = Sizes(
    rounds=2,
    drained=5_000,
    every_case=False,
    commit_seconds=1,
    latency_seconds=3.0,
    latency_rates=(100, 1_000, 5_000),
    instances=200_000,
    armed=100_000,
    due=10_000,
    endurance_seconds=30.0,
    endurance_rate=300,
    followed=20_000,
    waiting=10_000,
    big_bodies=200,
    peer_messages=1_000,
)

FULL = Sizes(
    rounds=5,
    drained=40_000,
    every_case=True,
    commit_seconds=5,
    latency_seconds=30.0,
    latency_rates=(100, 1_000, 5_000),
    instances=10_000_000,
    armed=1_000_000,
    due=50_000,
    endurance_seconds=3_600.0,
    endurance_rate=500,
    followed=40_000,
    waiting=40_000,
    big_bodies=1_000,
    peer_messages=4_000,
)
"""Four inbox rows for each instance in the tables."""
