from io import StringIO

import orjson
import pytest
from rich.console import Console

from benchmarks.figures import Measured, Series
from benchmarks.markdown import tables
from benchmarks.results import as_json
from benchmarks.scenarios.peers import OURS
from benchmarks.scenarios.table import SCENARIOS
from benchmarks.targets import TARGETS, Bound, Target, judge, judge_all, table_of_results

PEERS = Measured(
    "Peers",
    (
        Series("ours", "messages/s", (1_000.0, 3_000.0)),
        Series("peer A", "messages/s", (100.0, 100.0), "ours"),
        Series("peer B", "messages/s", (50.0, 200.0), "ours"),
    ),
)


def test_every_target_is_of_a_scenario_that_exists() -> None:
    assert {target.scenario for target in TARGETS} <= {scenario.name for scenario in SCENARIOS}
    assert len(set(TARGETS)) == len(TARGETS)


def test_a_ratio_is_to_the_fastest_of_those_that_are_meant() -> None:
    result = judge(Target("peers", "ours", Bound.AT_LEAST, 10, "^peer"), {"peers": PEERS})
    assert result.against == "peer B"
    assert (result.measured, result.unit, result.reached) == (17.5, "times", True)


@pytest.mark.parametrize(
    ("bound", "limit", "reached"),
    [(Bound.UNDER, 8, True), (Bound.UNDER, 7, False), (Bound.AT_LEAST, 7, True), (Bound.AT_LEAST, 7.1, False)],
)
def test_a_bound_has_a_side(bound: Bound, limit: float, reached: bool) -> None:
    measured = {"latency": Measured("Latency", (Series("p50", "ms", (6.0, 7.0, 9.0)),))}
    result = judge(Target("latency", "p50", bound, limit), measured)
    assert (result.measured, result.unit, result.reached) == (7.0, "ms", reached)


@pytest.mark.parametrize(
    "target",
    [
        Target("elsewhere", "ours", Bound.UNDER, 1),
        Target("peers", "theirs", Bound.UNDER, 1),
        Target("peers", "ours", Bound.UNDER, 1, "nobody"),
    ],
)
def test_what_was_not_measured_is_neither_reached_nor_missed(target: Target) -> None:
    assert judge(target, {"peers": PEERS}).reached is None


def test_verdicts_are_shown_and_kept() -> None:
    target_results = judge_all({"peers": PEERS})
    console = Console(width=160, record=True, file=StringIO())
    console.print(table_of_results(target_results))
    assert console.export_text().count("not measured") == len(target_results) > 0
    kept = orjson.loads(as_json({"cores": 2}, {"peers": PEERS}, target_results))
    assert kept["facts"] == {"cores": 2}
    assert [one["median"] for one in kept["scenarios"]["peers"]["series"]] == [2_000.0, 100.0, 125.0]
    assert {one["bound"] for one in kept["targets"]} == {"at least"}


@pytest.mark.parametrize(
    ("peer", "limits"),
    [
        ("aio-pika and SQLAlchemy Core, 8 at once", {10.0}),
        ("eventsourcing", {15.0}),
        ("FastStream and SQLAlchemy", {20.0}),
        ("DBOS Transact", {80.0}),
        ("Protean", set()),
    ],
)
def test_each_peer_is_held_against_the_target_that_is_meant(peer: str, limits: set[float]) -> None:
    measured = {
        "peers": Measured("Peers", (Series(OURS, "messages/s", (9.0,)), Series(peer, "messages/s", (1.0,), OURS)))
    }
    assert {one.target.limit for one in judge_all(measured) if one.measured is not None} == limits


def test_a_document_gets_every_figure_with_its_ratio() -> None:
    text = tables({"peers": PEERS}, judge_all({"peers": PEERS}), "2 cores")
    assert "2 cores." in text
    assert "| peer B | 125 | messages/s | 50.00 to 200 | 0.06 |" in text
    assert text.count("not measured") == len(judge_all({"peers": PEERS}))
