"""Metrics keep nothing while they are off, and what they keep is what happened."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from saga.metrics import table
from saga.metrics.instruments import MOST_SERIES, Counter, Exposition, Gauge, Histogram, Stopwatch, switched_on

COUNTED = Counter("things_total", "Things.", ("kind",))
MEASURED = Histogram("thing_seconds", "Time of things.", ("kind", "stage"), bounds=(1, 10))
LEVEL = Gauge("level", "A level.", ("kind",))
SUM = Gauge("level_of_all", "A level of all.")
NAME = re.compile(r"[a-z][a-z0-9_]*")
FORBIDDEN = {"process_id", "instance", "id", "type", "message_type", "subject", "source", "reason"}


@pytest.fixture
def exposition() -> Iterator[Exposition]:
    with switched_on([COUNTED, MEASURED, LEVEL, SUM]) as shown:
        yield shown


def lines(exposition: Exposition) -> list[str]:
    return exposition().decode().splitlines()


def test_counters_add_up_and_histograms_count_by_size(exposition: Exposition) -> None:
    COUNTED.add(2, "red")
    COUNTED.add(3, "red")
    MEASURED.observe_each([0.5, 5], "red", "cut")
    shown = lines(exposition)
    assert 'things_total{kind="red"} 5.0' in shown
    assert 'thing_seconds_bucket{kind="red",le="1.0",stage="cut"} 1.0' in shown
    assert 'thing_seconds_count{kind="red",stage="cut"} 2.0' in shown
    assert not [line for line in shown if "_created" in line]


def test_a_stopwatch_measures_each_stage_once(exposition: Exposition) -> None:
    watch = Stopwatch(MEASURED, "red")
    watch.mark("cut")
    watch.mark("glue")
    counts = [line for line in lines(exposition) if line.startswith("thing_seconds_count")]
    assert counts == [f'thing_seconds_count{{kind="red",stage="{stage}"}} 1.0' for stage in ("cut", "glue")]


def test_a_gauge_forgets_what_it_showed_before(exposition: Exposition) -> None:
    LEVEL.replace({("red",): 1, ("blue",): 2})
    LEVEL.replace({("blue",): 3})
    assert [line for line in lines(exposition) if line.startswith("level{")] == ['level{kind="blue"} 3.0']


def test_a_gauge_has_a_bound(exposition: Exposition) -> None:
    LEVEL.replace({(str(number),): number for number in range(MOST_SERIES + 5)})
    assert len([line for line in lines(exposition) if line.startswith("level{")]) == MOST_SERIES


def test_a_gauge_sums_what_its_sources_say_at_the_scrape(exposition: Exposition) -> None:
    with SUM.reads(lambda: 1.5), SUM.reads(lambda: 2):
        assert "level_of_all 3.5" in lines(exposition)
    assert not [line for line in lines(exposition) if line.startswith("level_of_all ")]


def test_what_came_while_they_were_off_is_not_kept() -> None:
    COUNTED.add(1, "red")
    LEVEL.replace({("red",): 1})
    MEASURED.observe(1, "red", "cut")
    with switched_on([COUNTED, MEASURED, LEVEL]) as exposition:
        assert 'kind="red"' not in exposition().decode()


def test_the_client_library_is_not_imported_while_metrics_are_off() -> None:
    code = "import sys, saga.cli, saga_scheduler.service; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_table_holds_every_metric_that_is_declared_once() -> None:
    declared = [one for one in vars(table).values() if isinstance(one, Counter | Histogram | Gauge)]
    assert sorted(one.name for one in declared) == sorted(one.name for one in table.TABLE)
    assert len({one.name for one in table.TABLE}) == len(table.TABLE)


@pytest.mark.parametrize("metric", table.TABLE, ids=lambda metric: metric.name)
def test_names_follow_the_conventions_and_no_label_is_a_strangers_word(metric: Counter | Histogram | Gauge) -> None:
    assert all(NAME.fullmatch(name) for name in (metric.name, *metric.labels))
    assert metric.name.endswith("_total") == isinstance(metric, Counter)
    assert not {label.removeprefix("messaging_") for label in metric.labels} & FORBIDDEN
    assert metric.meaning.endswith(".")
