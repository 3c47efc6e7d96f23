"""Figures of one run: several rounds of each measurement, and how they compare with their baseline, round by round."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table

WIDTH = 120
"""In characters: a table of this width wraps no cell."""

Rounds = Sequence[float]
"""One figure for each round, in the order of the rounds."""


@dataclass(frozen=True, slots=True)
class Series:
    """One measurement: a figure for each round, and the name of the measurement that it is compared with, if any."""

    name: str
    unit: str
    rounds: tuple[float, ...]
    against: str | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What a scenario measured, with notes that explain it."""

    title: str
    series: tuple[Series, ...]
    notes: tuple[str, ...] = ()

    def find(self, name: str) -> Series | None:
        """The series of this name; None if it was not measured."""
        return next((one for one in self.series if one.name == name), None)


def median(figures: Rounds) -> float:
    """The median of the figures."""
    return statistics.median(figures)


def percentile(figures: Rounds, share: float) -> float:
    """The least figure that at least this share (0 to 1) of the figures does not exceed: no interpolation.

    Raises ValueError if there are no figures, or the share is outside 0 to 1.
    """
    if not figures or not 0 <= share <= 1:
        raise ValueError(f"No percentile {share} of {len(figures)} figures")
    return sorted(figures)[max(0, math.ceil(share * len(figures)) - 1)]


def ratios(figures: Rounds, against: Rounds) -> list[float]:
    """The ratio of each round: other load on the machine affects both sides. Infinite for a division by 0."""
    return [figure / other if other else math.inf for figure, other in zip(figures, against, strict=True)]


def slope(points: Iterable[tuple[float, float]]) -> float:
    """How much y grows for each x, by least squares; 0 for fewer than two different x."""
    known = list(points)
    if len({x for x, _ in known}) < 2:
        return 0.0
    return statistics.linear_regression(*zip(*known, strict=True)).slope


def table_of(measured: Measured) -> Table:
    """A table of a scenario: medians, spread, and the ratio to the measurement that each is compared with, if any."""
    rounds = {one.name: one.rounds for one in measured.series}
    table = Table(title=measured.title)
    for heading in ("measured", "median", "unit", "from, to", "ratio (from, to)"):
        table.add_column(heading, justify="left" if heading in ("measured", "unit") else "right")
    for one in measured.series:
        against = rounds.get(one.against or "")
        table.add_row(one.name, shown(median(one.rounds)), one.unit, _spread(one.rounds), _ratio(one.rounds, against))
    return table


def comparison(
    title: str,
    unit: str,
    rounds: Mapping[str, Rounds],
    baseline: Mapping[str, str],
) -> Table:
    """A table with medians, spread, and the ratio to the measurement that each is compared with, if any."""
    table = Table(title=title)
    for heading in ("measured", f"{unit} (median)", "from, to", "ratio (from, to)"):
        table.add_column(heading, justify="left" if heading == "measured" else "right")
    for name, figures in rounds.items():
        against = rounds[baseline[name]] if name in baseline else None
        table.add_row(name, shown(median(figures)), _spread(figures), _ratio(figures, against))
    return table


def _ratio(figures: Rounds, against: Rounds | None) -> str:
    if against is None:
        return ""
    known = ratios(figures, against)
    return f"{median(known):.2f} ({min(known):.2f} to {max(known):.2f})"


def _spread(figures: Rounds) -> str:
    return f"{shown(min(figures))} to {shown(max(figures))}"


def shown(figure: float) -> str:
    """The figure as text, without decimals from 100 on."""
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:,.2f}"
