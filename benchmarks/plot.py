"""The plot: a panel for each scenario and unit; a bar for each median, a whisker from the lowest to the highest round.

Written by hand, without a library. A bar's width is its median on its panel's own scale. If the figures of a panel are
far apart, the scale is logarithmic, and labelled so. Text is outside the bars, so that it can always be read.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from xml.sax.saxutils import escape

from benchmarks.figures import Measured, Series, median, ratios, shown

WIDTH, MARGIN = 1_080, 28
LABELS, BARS = 420, 390
ROW, BAR, HEAD = 24, 13, 52
FAR_APART = 200.0
FINE_PRINT_CHARACTERS = 150

STYLE = """
text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #24292f; }
.title { font-size: 20px; font-weight: 600; } .panel { font-size: 15px; font-weight: 600; }
.quiet { fill: #6e7781; font-size: 12px; } .label { text-anchor: end; }
.ours { fill: #2f6fb3; } .other { fill: #b8bec5; } .whisker { stroke: #24292f; stroke-width: 1.3; }
.line { stroke: #d0d7de; stroke-width: 1; }
"""
OTHERS = (
    "aio-pika",
    "aiormq",
    "unnest",
    "pgbench",
    "broker alone",
    "alone,",
    "bare",
    "reading only",
    "Python",
    "empty tables",
    "none armed",
    "idles",
)


@dataclass(frozen=True, slots=True)
class Panel:
    """Measurements of one unit, on one scale."""

    title: str
    unit: str
    series: Sequence[Series]
    is_ours: Sequence[bool]
    baselines: Mapping[str, Series]

    @property
    def height(self) -> int:
        """In pixels, with the space below."""
        return HEAD + ROW * len(self.series) + 14

    @property
    def is_logarithmic(self) -> bool:
        """Whether the least bar would be invisible beside the greatest."""
        least, greatest = self._ends()
        return least > 0 and greatest / least > FAR_APART

    def place(self, figure: float) -> float:
        """Pixels from the left end of the bars."""
        least, greatest = self._ends()
        if greatest <= 0 or figure <= 0:
            return 0.0
        if self.is_logarithmic:
            low = least / 2
            return max(1.0, BARS * math.log(max(figure, low) / low) / math.log(greatest / low))
        return BARS * figure / greatest

    def _ends(self) -> tuple[float, float]:
        positive = [figure for one in self.series for figure in one.rounds if figure > 0]
        return min(positive, default=0.0), max(positive, default=0.0)


def plot(measured: Mapping[str, Measured], facts: str) -> str:
    """All panels below each other, as the text of an SVG file, without panels that have a single bar."""
    panels = [panel for name, one in measured.items() for panel in _panels(name, one) if len(panel.series) > 1]
    height = 94 + sum(panel.height for panel in panels) + MARGIN
    body, top = [], 100
    for panel in panels:
        body += list(_drawn(panel, top))
        top += panel.height
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}">',
            f"<style>{STYLE}</style>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            f'<text class="title" x="{MARGIN}" y="38">saga beside its peers and the limits of the machine</text>',
            *_fine_print(facts),
            *body,
            "</svg>",
            "",
        ]
    )


def _panels(name: str, measured: Measured) -> Iterator[Panel]:
    everything = {one.name: one for one in measured.series}
    for unit in dict.fromkeys(one.unit for one in measured.series):
        series = [one for one in measured.series if one.unit == unit]
        ours = [_is_ours(name, one) for one in series]
        yield Panel(measured.title, unit, series, ours, everything)


def _is_ours(scenario: str, series: Series) -> bool:
    if scenario == "peers":
        return series.against is None
    return not any(word in series.name for word in OTHERS)


def _fine_print(facts: str) -> Iterator[str]:
    explained = "Bar: median. Whisker: lowest to highest round. Times: median of the rounds' ratios. Blue is saga."
    yield f'<text class="quiet" x="{MARGIN}" y="58">{escape(explained)}</text>'
    for number, line in enumerate(wrap(facts, FINE_PRINT_CHARACTERS)[:2]):
        yield f'<text class="quiet" x="{MARGIN}" y="{75 + 17 * number}">{escape(line)}</text>'


def _drawn(panel: Panel, top: int) -> Iterator[str]:
    scale = ", logarithmic" if panel.is_logarithmic else ""
    yield f'<line class="line" x1="{MARGIN}" y1="{top + 8}" x2="{WIDTH - MARGIN}" y2="{top + 8}"/>'
    yield (
        f'<text class="panel" x="{MARGIN}" y="{top + 32}">{escape(panel.title)}'
        f'<tspan class="quiet" dx="10">{escape(panel.unit + scale)}</tspan></text>'
    )
    for number, (series, is_ours) in enumerate(zip(panel.series, panel.is_ours, strict=True)):
        yield from _row(panel, series, top + HEAD + number * ROW, is_ours=is_ours)


def _row(panel: Panel, series: Series, top: int, *, is_ours: bool) -> Iterator[str]:
    left, middle = MARGIN + LABELS, top + BAR / 2
    figure, color = median(series.rounds), "ours" if is_ours else "other"
    low, high = left + panel.place(min(series.rounds)), left + panel.place(max(series.rounds))
    yield f'<text class="label" x="{left - 10}" y="{top + 11}">{escape(series.name)}</text>'
    yield f'<rect class="{color}" x="{left}" y="{top}" width="{panel.place(figure):.1f}" height="{BAR}" rx="2"/>'
    if len(series.rounds) > 1:
        path = f"M{low:.1f} {middle}H{high:.1f}M{low:.1f} {top + 3}v7M{high:.1f} {top + 3}v7"
        yield f'<path class="whisker" fill="none" d="{path}"/>'
    against = panel.baselines.get(series.against or "")
    times = f"   {median(ratios(series.rounds, against.rounds)):.2f} times" if against else ""
    yield (
        f'<text x="{max(high, left + panel.place(figure)) + 8:.1f}" y="{top + 11}">{shown(figure)}'
        f'<tspan class="quiet" dx="6">{times.strip()}</tspan></text>'
    )
