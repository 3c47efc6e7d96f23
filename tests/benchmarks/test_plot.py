from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.figures import Measured, Series
from benchmarks.plot import BARS, WIDTH, plot

SVG = "{http://www.w3.org/2000/svg}"
ROUNDS = st.lists(st.floats(-1, 1e6).map(lambda one: round(one, 6)), min_size=1, max_size=5).map(tuple)
MEASURED = st.lists(
    st.tuples(st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=1), ROUNDS),
    min_size=2,
    max_size=5,
    unique_by=lambda one: one[0],
).map(lambda many: Measured("A <title> & more", tuple(Series(name, "ms", rounds) for name, rounds in many)))


def _drawn(measured: Measured) -> ET.Element:
    return ET.fromstring(plot({"scenario": measured}, 'facts & "figures"'))  # noqa: S314 -- our own


@given(MEASURED)
def test_a_plot_is_well_formed_whatever_is_drawn(measured: Measured) -> None:
    drawn = _drawn(measured)
    bars = [one for one in drawn.iter(f"{SVG}rect") if one.get("class")]
    assert len(bars) == len(measured.series)
    assert all(0 <= float(bar.attrib["width"]) <= BARS for bar in bars)


def test_a_bar_is_as_wide_as_its_median() -> None:
    drawn = _drawn(Measured("Rates", (Series("a", "x", (50.0, 100.0, 400.0)), Series("b", "x", (200.0, 200.0, 200.0)))))
    first, second = (float(one.attrib["width"]) for one in drawn.iter(f"{SVG}rect") if one.get("class"))
    assert second == pytest.approx(2 * first)


def test_figures_far_apart_are_on_a_scale_that_says_so() -> None:
    measured = Measured("Rates", (Series("a", "x", (1.0,)), Series("b", "x", (10_000.0,))))
    assert "logarithmic" in "".join(_drawn(measured).itertext())


def test_nothing_is_drawn_outside() -> None:
    drawn = _drawn(Measured("Rates", (Series("a", "x", (1.0, 2.0, 900.0)), Series("b", "x", (3.0, 4.0, 5.0), "a"))))
    assert all(float(text.attrib["x"]) < WIDTH - 150 for text in drawn.iter(f"{SVG}text"))
    assert "3.00 times" in "".join(drawn.itertext()) or "2.00 times" in "".join(drawn.itertext())


def test_a_figure_with_nothing_beside_it_is_not_drawn() -> None:
    drawn = _drawn(Measured("Alone", (Series("a", "x", (1.0,)), Series("b", "y", (1.0,)))))
    assert "Alone" not in "".join(drawn.itertext())
