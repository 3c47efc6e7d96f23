import math
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from benchmarks.figures import Measured, Series, percentile, ratios, slope, table_of

FIGURES = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=50)


def test_a_percentile_is_one_of_the_figures() -> None:
    figures = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert [percentile(figures, share) for share in (0, 0.2, 0.21, 0.5, 0.99, 1)] == [1.0, 1.0, 2.0, 3.0, 5.0, 5.0]


@given(FIGURES, st.floats(0, 1))
def test_at_least_the_share_does_not_exceed_its_percentile(figures: list[float], share: float) -> None:
    found = percentile(figures, share)
    assert found in figures
    assert sum(figure <= found for figure in figures) >= share * len(figures) - 1e-9


def test_what_never_came_is_in_the_tail() -> None:
    figures = [1.0] * 98 + [math.inf] * 2
    assert percentile(figures, 0.98) == 1.0
    assert percentile(figures, 0.99) == math.inf


@pytest.mark.parametrize(("figures", "share"), [([], 0.5), ([1.0], 1.1), ([1.0], -0.1)])
def test_no_percentile_of_nothing_or_beyond_all(figures: list[float], share: float) -> None:
    with pytest.raises(ValueError, match="No percentile"):
        percentile(figures, share)


def test_ratios_compare_round_with_round() -> None:
    assert ratios([2.0, 30.0], [1.0, 10.0]) == [2.0, 3.0]
    assert ratios([1.0], [0.0]) == [math.inf]


def test_rounds_that_do_not_match_have_no_ratios() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


@given(st.integers(-100, 100), st.integers(-100, 100), st.integers(2, 20))
def test_a_line_has_its_own_slope(rise: int, start: int, count: int) -> None:
    assert slope((x, start + rise * x) for x in range(count)) == pytest.approx(rise)


def test_a_point_has_no_slope() -> None:
    assert slope([(1.0, 5.0), (1.0, 7.0)]) == 0
    assert slope([]) == 0


def test_a_table_says_median_spread_and_ratio() -> None:
    slow, fast = (
        Series("slow", "messages/s", (100.0, 200.0, 300.0)),
        Series("fast", "messages/s", (200.0, 500.0, 600.0), "slow"),
    )
    console = Console(width=120, record=True, file=StringIO())
    console.print(table_of(Measured("Rates", (slow, fast))))
    shown = console.export_text()
    assert "200 to 600" in shown
    assert "2.00 (2.00 to 2.50)" in shown
