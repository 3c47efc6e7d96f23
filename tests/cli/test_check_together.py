"""`saga check PARENT CHILD`: processes that receive each other, checked together."""

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner, Result

from saga.cli import app
from saga.cli.shell import together_report
from saga.convergence.together import check_together
from tests.waiting import LIMIT_SECONDS, eventually

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
CHILD = "examples.parcel.purchase:purchase"
PARENT = "examples.parcel.parcel:parcel"
COUNTING = "tests.examples.test_parcel:counting"
ORDER = "saga.orders:order_process"


def saga(*arguments: str, processes: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"SAGA_PROCESSES": processes})


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("targets", [(PARENT, CHILD), (CHILD, PARENT)], ids=["parent first", "child first"])
def test_parent_and_child_converge_and_it_says_how_far_it_searched(targets: tuple[str, str]) -> None:
    result = saga("check", *targets, "--require", "proved")
    assert result.exit_code == 0, result.output
    said = words(result.stdout)
    assert said.count("converges, proved: for all values and any number of messages") == 2
    assert "parcel with purchase: converges, as far as searched: 584 cases with up to 3 of each" in said


def test_what_only_both_together_show_is_a_finding() -> None:
    """Each of them is proved by itself; together the parent depends on what was announced on the way."""
    result = saga("check", COUNTING, CHILD)
    assert result.exit_code == 1, result.output
    said = words(result.stdout)
    assert said.count("converges, proved") == 2
    assert "parcel with purchase: 1 finding: " in said
    assert "parcel depends on what is announced on the way, where purchase" in said
    assert "it comes to broken or to waiting; let the greatest revision hold" in said


def test_a_search_together_that_could_not_look_at_one_of_each_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together_report, "check_together", partial(check_together, most_nodes=1))
    result = saga("check", PARENT, CHILD)
    assert result.exit_code == 3, result.output
    assert "parcel: one of each was too much to look at all cases together (exit code 3)" in words(result.stderr)


def test_the_same_is_there_as_json() -> None:
    result = saga("check", COUNTING, CHILD, "--json")
    assert result.exit_code == 1, result.output
    found = json.loads(result.stdout)
    assert [one["process"] for one in found["processes"]] == ["parcel", "purchase"]
    assert (found["count"], [one["grade"] for one in found["processes"]]) == (2, ["proved", "proved"])
    (together,) = found["together"]
    assert (together["parent"], together["children"], len(together["findings"])) == ("parcel", ["purchase"], 1)
    assert together["cases"] > 0
    assert together["states"] > 0


def test_the_processes_of_the_settings_are_checked_together_where_one_receives_another() -> None:
    result = saga("check", "--json", processes=f"{ORDER},{COUNTING},{CHILD}")
    assert result.exit_code == 1, result.output
    found = json.loads(result.stdout)
    assert found["count"] == 3
    assert [(one["parent"], one["children"]) for one in found["together"]] == [("parcel", ["purchase"])]


def test_the_processes_of_the_settings_need_not_receive_each_other() -> None:
    result = saga("check", "--json", processes=f"{ORDER},{CHILD}")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["count"], "together" in found) == (2, False)


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        ((ORDER, CHILD), "None of order, purchase receives another: the inputs of one have to name the module of"),
        ((PARENT, "tests.cli.receiving:silent"), "purchase announces nothing: add announces."),
        (("tests.cli.receiving:ping", "tests.cli.receiving:pong"), "receives what follows from its own announcements"),
        ((PARENT, CHILD, "--samples", "tests.cli.searched:ONE_ITEM"), "--from and --samples are for one process"),
        ((PARENT, CHILD, "--from", CHILD), "--from and --samples are for one process"),
    ],
    ids=["strangers", "silent", "circle", "samples", "from"],
)
def test_what_can_not_be_checked_together_is_a_wrong_usage(targets: tuple[str, ...], said: str) -> None:
    result = saga("check", *targets)
    assert result.exit_code == 2, result.output
    assert said in words(result.output)


def test_interrupted_at_the_first_of_several_its_json_has_the_form_for_several() -> None:
    """The first has so many inputs that exploring takes minutes."""
    command = [sys.executable, "-m", "saga", "check", "--most-nodes", "10000000", "--json"]
    env = {**os.environ, "SAGA_PROCESSES": f"tests.cli.many_inputs:many,{ORDER}"}
    running = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    eventually(lambda: sum(psutil.Process(running.pid).cpu_times()[:2]) > 3)
    running.send_signal(signal.SIGINT)
    printed, errors = running.communicate(timeout=LIMIT_SECONDS)
    assert running.returncode == 130, errors
    found = json.loads(printed)
    assert (found["count"], [one["process"] for one in found["processes"]]) == (1, ["many"])
