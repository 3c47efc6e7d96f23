"""The targets, as data: ratios between two measurements of one run, or figures with their unit.

Nothing fails on a missed target, because the machine may be another one. Targets are printed beside the measurements.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from rich.table import Table

from benchmarks.figures import Measured, Series, median, ratios, shown
from benchmarks.messages import Kind
from benchmarks.processor import BACKENDS
from benchmarks.scenarios import cost, large_tables, memory, peers, timers
from benchmarks.scenarios.drain import AIO_PIKA, case_name
from benchmarks.scenarios.latency import through_saga


class Bound(Enum):
    """On which side of the limit a measurement has to be."""

    AT_LEAST = "at least"
    UNDER = "under"


@dataclass(frozen=True, slots=True)
class Target:
    """A figure of a scenario, or its ratio to the fastest series whose name ``against`` matches (a regex)."""

    scenario: str
    figure: str
    bound: Bound
    limit: float
    against: str | None = None
    meant: str = ""
    """What ``against`` stands for, in words, if no series matches whose name could be shown."""


@dataclass(frozen=True, slots=True)
class TargetResult:
    """The measurement for a target: ``unit`` is "times" for a ratio. ``measured`` is None if a series is missing."""

    target: Target
    measured: float | None
    unit: str
    against: str | None

    @property
    def reached(self) -> bool | None:
        """Whether the target was reached; None if it was not measured."""
        if self.measured is None:
            return None
        if self.target.bound is Bound.AT_LEAST:
            return self.measured >= self.target.limit
        return self.measured < self.target.limit


def _times(scenario: str, figure: str, limit: float, against: str, meant: str = "") -> Target:
    return Target(scenario, figure, Bound.AT_LEAST, limit, against, meant)


def _exactly(name: str) -> str:
    return f"^{re.escape(name)}$"


_FRAMEWORKS = "eventsourcing|faststream|dbos|protean"
_PROGRAMS = ("step", "whole worker")

TARGETS: Sequence[Target] = (
    *(_times("drain", case_name(one, 1, Kind.NEW), 1.0, _exactly(AIO_PIKA)) for one in _PROGRAMS),
    *(_times("drain", case_name(one, 2, Kind.NEW), 1.3, _exactly(AIO_PIKA)) for one in _PROGRAMS),
    *(
        _times("drain", case_name(one, 1, kind), limit, _exactly(case_name(one, 1, Kind.NEW)))
        for kind, limit in ((Kind.HOT, 0.7), (Kind.DUPLICATES, 1.2))
        for one in _PROGRAMS
    ),
    _times(
        "peers", peers.OURS, 10, f"(?i)^(?!{re.escape(peers.OURS)}|.*({_FRAMEWORKS}))", "the fastest written by hand"
    ),
    _times("peers", peers.OURS, 15, "(?i)eventsourcing", "eventsourcing"),
    _times("peers", peers.OURS, 20, "(?i)faststream", "FastStream"),
    _times("peers", peers.OURS, 80, "(?i)dbos", "DBOS"),
    Target("cost", cost.part_name(cost.STEP, cost.WORKER_PART), Bound.UNDER, 28),
    Target("cost", cost.part_name(cost.STEP, BACKENDS), Bound.UNDER, 26),
    Target("latency", through_saga(100, "p50"), Bound.UNDER, 8),
    Target("latency", through_saga(1_000, "p50"), Bound.UNDER, 12),
    Target("latency", through_saga(1_000, "p99"), Bound.UNDER, 50),
    _times("large-tables", large_tables.LARGE, 0.85, _exactly(large_tables.EMPTY)),
    Target("timers", timers.SWEPT, Bound.AT_LEAST, 40_000),
    Target("timers", timers.IN_DATABASE, Bound.UNDER, 2),
    Target("memory", memory.WAITING, Bound.UNDER, 150),
    Target("memory", memory.BIG, Bound.UNDER, 150),
)


def judge(target: Target, measured: Mapping[str, Measured]) -> TargetResult:
    """Compare a target with the measurement: the median of the rounds, or of the ratios of the rounds."""
    found = measured.get(target.scenario)
    figure = found.find(target.figure) if found else None
    if found is None or figure is None:
        return TargetResult(target, None, "", None)
    if target.against is None:
        return TargetResult(target, median(figure.rounds), figure.unit, None)
    other = _fastest(found, target.against)
    if other is None:
        return TargetResult(target, None, "times", None)
    return TargetResult(target, median(ratios(figure.rounds, other.rounds)), "times", other.name)


def judge_all(measured: Mapping[str, Measured]) -> list[TargetResult]:
    """The results of the targets whose scenarios were run."""
    return [judge(target, measured) for target in TARGETS if target.scenario in measured]


def table_of_results(target_results: Sequence[TargetResult]) -> Table:
    """Target, measured, reached or not."""
    table = Table(title="Targets")
    for heading in ("figure", "held against", "target", "measured", "reached"):
        table.add_column(heading, justify="left" if heading in ("figure", "held against") else "right")
    for one in target_results:
        limit, seen = in_words(one)
        table.add_row(one.target.figure, one.against or one.target.meant, limit, seen, _ANSWERS[one.reached])
    return table


def in_words(result: TargetResult) -> tuple[str, str]:
    """The target and the measurement, in words."""
    limit = f"{result.target.bound.value} {_with_unit(result.target.limit, result.unit)}"
    return limit, "-" if result.measured is None else _with_unit(result.measured, result.unit)


_ANSWERS = {True: "yes", False: "[bold]no[/bold]", None: "not measured"}


def _with_unit(figure: float, unit: str) -> str:
    return f"{shown(figure)} {unit}".strip()


def _fastest(found: Measured, pattern: str) -> Series | None:
    others = [one for one in found.series if re.search(pattern, one.name)]
    return max(others, key=lambda one: median(one.rounds), default=None)
