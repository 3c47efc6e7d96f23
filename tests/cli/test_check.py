"""`saga check` and `saga diagram`: what people see of a process before it runs."""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import psutil
import pytest
from typer.testing import CliRunner, Result

from saga.cli import app
from tests.waiting import LIMIT_SECONDS, eventually

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
GALLERY = "examples.gallery"


def saga(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_the_order_process_is_proved_and_some_orders_of_arrival_are_shown() -> None:
    result = saga("check", "--require", "proved")
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    assert "converges, proved: for all values and any number of messages; explored nothing" in said
    assert "OrderPlaced: one for an instance; a second, different one waits for a person" in said
    assert "... and 112 more, shown with --all" in said


def test_what_is_proved_can_be_explored_too_and_every_order_of_arrival_shown() -> None:
    result = saga("check", "--all", "--explore")
    assert result.exit_code == 0, result.output
    assert "the samples were explored, too" in " ".join(result.stdout.split())
    assert result.stdout.count("same") == 720
    assert "A B C D E F" in result.stdout
    assert "apart (" in result.stdout


def test_what_is_found_comes_with_both_histories_and_a_test_to_paste() -> None:
    result = saga("check", f"{GALLERY}.first_event_wins:diverging")
    assert result.exit_code == 1
    assert "as they arrive" in result.stdout
    assert "1. PaymentTimedOut" in result.stdout
    assert "| 1. OrderCancelled" in result.stdout
    assert "def test_payment_timed_out_order_cancelled_come_to_the_same_in_both_orders" in result.stdout


def test_a_pasted_test_fails_until_the_process_is_mended(tmp_path: Path) -> None:
    report = json.loads(saga("check", f"{GALLERY}.first_event_wins:diverging", "--json").stdout)
    pasted = report["findings"][0]["test"]
    for name, code in (("diverging", 1), ("mended", 0)):
        test = tmp_path / f"test_{name}.py"
        test.write_text(pasted.replace("import diverging\n", f"import {name} as diverging\n"))
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(tmp_path),
            str(test),
        ]
        assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == code, name


def test_everything_is_there_as_json() -> None:
    report = json.loads(saga("check", "--json").stdout)
    assert (report["process"], report["converges"], report["findings"]) == ("order", True, [])
    assert (report["grade"], report["explored"], report["not_proved"], report["pairs"]) == ("proved", 0, [], [])
    assert len(report["contradictions"]) == 2
    assert len(report["orders"]) == 120
    assert (report["unreached"], report["untried"], report["notes"]) == ([], [], [])
    assert report["seconds"] >= 0


def test_what_was_explored_is_there_as_json_too() -> None:
    report = json.loads(saga("check", "--explore", "--json").stdout)
    assert (report["grade"], report["explored"]) == ("proved", 95)
    assert len(report["orders"]) == 720
    assert {order["outcome"] for order in report["orders"]} == {"refunded"}
    assert len(report["pairs"]) == 15


SEARCHED = "tests.cli.searched:searched"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((SEARCHED,), 0),
        ((SEARCHED, "--require", "searched"), 0),
        ((SEARCHED, "--require", "proved"), 3),
        ((SEARCHED, "--most-nodes", "3"), 3),
        ((SEARCHED, "--most-nodes", "3", "--require", "sampled"), 0),
        ((SEARCHED, "--samples", "tests.cli.searched:ONE_ITEM"), 3),
        ((f"{GALLERY}.first_event_wins:diverging", "--require", "sampled"), 1),
        ((f"{GALLERY}.first_event_wins:mended", "--require", "proved"), 0),
        ((SEARCHED, "--require", "certain"), 2),
    ],
)
def test_the_exit_code_says_whether_it_converges_with_the_required_grade(arguments: Sequence[str], code: int) -> None:
    result = saga("check", *arguments)
    assert result.exit_code == code, result.output


def test_what_is_not_proved_is_said_with_the_function_and_its_line() -> None:
    result = saga("check", SEARCHED)
    said = " ".join(result.stdout.split())
    assert "converges, as far as searched: every order of every subset was explored" in said
    place = "is_enough (tests.cli.searched:23)"
    assert f"- derived column enough is computed by a function of yours, {place}: write it as an expression" in said
    report = json.loads(saga("check", SEARCHED, "--json").stdout)
    assert report["grade"] == "searched"
    assert place in report["not_proved"][0]


def test_samples_of_ones_own_are_taken() -> None:
    report = json.loads(
        saga("check", "examples.shop.order:order", "--samples", "examples.shop.order:SAMPLES", "--json").stdout
    )
    assert report["converges"]
    assert sum(sample["type"] == "PaymentReceived" for sample in report["samples"]) == 3


def test_where_not_everything_could_be_explored_it_says_that_it_sampled() -> None:
    result = saga("check", SEARCHED, "--most-nodes", "3")
    assert result.exit_code == 3
    assert "pairs of orders were sampled from seed 1, which proves nothing" in " ".join(result.stdout.split())
    assert "converges" not in result.stdout


def test_of_the_orders_that_are_not_shown_it_says_how_many_differ() -> None:
    """Of 120 orders 96 end otherwise than the first line, 5 of them among the 8 that are shown."""
    said = saga("check", "tests.cli.diverging:last_write_wins", "--samples", "tests.cli.diverging:FIVE_PAYMENTS").stdout
    assert "... and 112 more, of which 91 differ, shown with --all" in said


def test_what_depends_on_the_interpreter_is_found_in_others() -> None:
    result = saga("check", "tests.convergence.test_interpreters:hashed", "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert not report["converges"]
    (found,) = report["findings"]
    assert found["kind"] == "depends on more than the facts"
    assert 'assert_same_everywhere("tests.convergence.test_interpreters:hashed")' in found["test"]
    assert "1 finding" in saga("check", "tests.convergence.test_interpreters:hashed").stdout


def test_outcomes_that_no_history_came_to_are_named() -> None:
    result = saga("check", SEARCHED, "--samples", "tests.cli.searched:ONE_ITEM")
    assert result.exit_code == 3
    said = " ".join(result.stdout.split())
    assert "nothing found: every order of every subset was explored" in said
    assert "No sample was tried of Closed." in said
    assert "converges" not in said
    assert "No history came to: outcome paid, enough yes." in said
    assert "Give samples that do, with --samples." in said


def test_an_upgrade_is_checked_from_the_old_version() -> None:
    assert saga("check", "--from", "saga.orders:order_process").exit_code == 0


def test_an_upgrade_from_another_process_is_refused() -> None:
    result = saga("check", "--from", "examples.trip.process:trip")
    assert result.exit_code == 2
    assert "is the process trip, saga.orders:order_process is order: no version of one another" in result.output


def test_a_diagram_shows_outcomes_that_it_takes_several_inputs_of_one_type_to_reach() -> None:
    drawn = saga("diagram", f"{GALLERY}.deliveries_counted:mended", "--view", "outcomes").stdout
    assert 'state "under_way"' in drawn
    assert 'state "complete"' in drawn


def test_an_upgrade_is_checked_with_what_only_the_old_version_heard() -> None:
    old, new = "tests.cli.diverging:with_cancellation", "tests.cli.diverging:without_cancellation"
    report = json.loads(saga("check", "--from", old, new, "--json").stdout)
    sentences = str([finding["sentence"] for finding in report["findings"]])
    assert "Cancelled -> [version 2]" in sentences
    assert "Cancelled is no longer consumed" in sentences
    said = saga("check", "--from", old, new, "--no-longer-sent", "Cancelled", "--json").stdout
    assert "is no longer consumed" not in said


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("nowhere", "write module:name"),
        ("nowhere:process", "there is no module nowhere"),
        ("saga.orders:nothing", "has no nothing"),
        ("tests.cli.unfinished:process", "unfinished.py, line 3: NameError: name 'Process' is not defined"),
        ("saga.orders:OrderPlaced", "not a process"),
        ("tests.convergence.shop:fact", "can't be called without arguments: missing a required argument: 'kind'"),
    ],
)
def test_a_target_that_is_no_process_is_explained(target: str, complaint: str) -> None:
    result = saga("check", target)
    assert result.exit_code == 2
    assert complaint in result.output


def test_a_process_for_which_no_samples_can_be_made_is_asked_for_some() -> None:
    result = saga("check", "tests.cli.diverging:needs_samples")
    assert result.exit_code == 2
    assert result.output.strip() == "no sample value was found for order_id: give samples of your own"


def test_interrupted_it_shows_what_was_found_so_far() -> None:
    """A process with so many inputs that exploring takes minutes."""
    command = [sys.executable, "-m", "saga", "check", "tests.cli.many_inputs:many", "--most-nodes", "10000000"]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    eventually(lambda: sum(psutil.Process(running.pid).cpu_times()[:2]) > 3)
    running.send_signal(signal.SIGINT)
    printed, errors = running.communicate(timeout=LIMIT_SECONDS)
    assert running.returncode == 130, errors
    assert "interrupted; sets of up to" in printed


def test_a_diagram_is_mermaid_text_of_the_outcomes() -> None:
    drawn = saga("diagram", "--view", "outcomes").stdout
    assert drawn.startswith('---\ntitle: "order: outcomes"\n---\n')
    assert "stateDiagram-v2" in drawn
    assert "PaymentReceived" in drawn


def test_a_diagram_is_a_picture_with_every_joint_state() -> None:
    picture = ET.fromstring(saga("diagram", "--format", "svg").stdout)  # noqa: S314 -- our own
    boxes = [box for box in picture.iter() if box.tag.endswith("rect") and "box" in box.get("class", "")]
    assert len(boxes) == 16
    assert sum("settled" in box.get("class", "") for box in boxes) == 14


def test_each_sub_machine_is_a_picture_of_its_own(tmp_path: Path) -> None:
    saga("diagram", "--view", "machines", "--format", "svg", "--out", str(tmp_path))
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["cancellation", "deadline", "payment", "request"]


def test_the_only_sub_machine_is_a_picture_in_the_folder_too(tmp_path: Path) -> None:
    target = f"{GALLERY}.first_event_wins:diverging"
    assert saga("diagram", target, "--view", "machines", "--format", "svg", "--out", str(tmp_path)).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["order.svg"]


def test_a_place_where_no_picture_can_be_written_is_explained(tmp_path: Path) -> None:
    result = saga("diagram", "--out", str(tmp_path))
    assert result.exit_code == 2
    assert f"--out {tmp_path}: Is a directory" in result.output.replace("\n", "")


TRIP, ORDER = "examples.trip.process:trip", "saga.orders:order_process"


def test_without_a_target_every_configured_process_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGA_PROCESSES", f"{GALLERY}.first_event_wins:diverging")
    assert saga("check").exit_code == 1
    monkeypatch.setenv("SAGA_PROCESSES", f"{GALLERY}.first_event_wins:diverging, {TRIP}")
    result = saga("check", "--json")
    assert result.exit_code == 1, "one of them diverges"
    report = json.loads(result.stdout)
    assert [(one["process"], one["converges"]) for one in report["processes"]] == [
        ("first-event-wins", False),
        ("trip", True),
    ]
    assert json.loads(saga("check", ORDER, "--json").stdout)["converges"], "a target takes the place of the setting"
    refused = saga("check", "--from", TRIP)
    assert (refused.exit_code, "for one process" in refused.stderr) == (2, True)


def test_without_a_target_the_configured_process_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGA_PROCESSES", TRIP)
    assert 'title: "trip: outcomes"' in saga("diagram", "--view", "outcomes").stdout
    monkeypatch.setenv("SAGA_PROCESSES", f"{TRIP},{ORDER}")
    refused = saga("diagram")
    assert (refused.exit_code, TRIP in refused.stderr) == (2, True)
