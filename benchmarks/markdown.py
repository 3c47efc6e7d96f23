"""The figures of a run as tables for a document."""

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.figures import Measured, Series, median, ratios, shown
from benchmarks.targets import TargetResult, in_words

_REACHED = {True: "yes", False: "no", None: "not measured"}


def tables(measured: Mapping[str, Measured], target_results: Sequence[TargetResult], facts: str) -> str:
    """The facts, the targets and all figures, as Markdown."""
    parts = [facts + ".", "\n".join(_targets(target_results))]
    parts += ["\n".join([f"### {name}", "", *_figures(one), *_notes(one)]) for name, one in measured.items()]
    return "\n\n".join(parts) + "\n"


def _targets(target_results: Sequence[TargetResult]) -> Iterator[str]:
    yield "| figure | held against | target | measured | reached |"
    yield "|---|---|---|---|---|"
    for one in target_results:
        limit, seen = in_words(one)
        against = one.against or one.target.meant
        yield f"| {one.target.figure} | {against} | {limit} | {seen} | {_REACHED[one.reached]} |"


def _figures(measured: Measured) -> Iterator[str]:
    yield "| measured | median | unit | lowest to highest | ratio |"
    yield "|---|---|---|---|---|"
    known = {one.name: one for one in measured.series}
    for one in measured.series:
        spread = f"{shown(min(one.rounds))} to {shown(max(one.rounds))}"
        yield f"| {one.name} | {shown(median(one.rounds))} | {one.unit} | {spread} | {_ratio(one, known)} |"


def _ratio(series: Series, known: Mapping[str, Series]) -> str:
    against = known.get(series.against or "")
    return f"{median(ratios(series.rounds, against.rounds)):.2f}" if against else ""


def _notes(measured: Measured) -> Iterator[str]:
    for note in measured.notes:
        yield ""
        yield note
