"""A project of one's own: its processes are those that commands work on, and its programs find the private servers."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from examples.trip.process import trip
from saga.cli import app
from saga.cli.commands.up import _are_simulated, _to_try
from saga.devstack import children
from saga.devstack.services import our_services
from saga.orders import order_process
from saga.settings import load_settings

TRIP, ORDER = "examples.trip.process:trip", "saga.orders:order_process"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the project, where the commands are called."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SAGA_PROCESSES", raising=False)
    monkeypatch.delenv("SAGA_HOME", raising=False)
    return tmp_path


def run(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(app, [*words], env={"COLUMNS": "200", **environment})


def declare(text: str) -> None:
    Path("pyproject.toml").write_text(text)


def test_a_check_in_a_project_looks_at_the_process_of_the_project() -> None:
    declare(f'[tool.saga]\nprocesses = ["{TRIP}"]\n')
    assert run("check").stdout.startswith(f"Checking {TRIP}, from pyproject.toml.\ntrip, version 1")
    assert "trip" in run("diagram", "--view", "outcomes").stdout


def test_several_processes_of_a_project_are_checked_one_after_the_other() -> None:
    declare(f'[tool.saga]\nprocesses = ["{TRIP}", "{ORDER}"]\n')
    assert load_settings().processes == f"{TRIP},{ORDER}"
    assert [one["process"] for one in json.loads(run("check", "--json").stdout)["processes"]] == ["trip", "order"]


def test_the_environment_outranks_the_project() -> None:
    declare(f'[tool.saga]\nprocesses = ["{TRIP}"]\n')
    said = run("check", SAGA_PROCESSES=ORDER).stdout
    assert said.startswith(f"Checking {ORDER}, from SAGA_PROCESSES.\norder, version 1")


def test_where_nothing_names_a_process_the_check_says_that_it_looks_at_the_one_built_in() -> None:
    said = run("check").stdout
    built_in = "which is built in: SAGA_PROCESSES and pyproject.toml name no process"
    assert said.startswith(f"Checking {ORDER}, {built_in}.\norder, version 1")
    assert run("check", ORDER).stdout.startswith("order, version 1"), "whoever names it knows it"
    assert json.loads(run("check", "--json").stdout)["process"] == "order"


@pytest.mark.parametrize(
    "text", ["", "[project]\nname = 'shop'\n", "# [tool.saga] some day\n", "[tool.sagacity]\nx = 1\n"]
)
def test_a_project_that_says_nothing_about_saga_changes_nothing(text: str) -> None:
    declare(text)
    assert load_settings().processes == ORDER


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[tool.saga]\n", "takes one key, processes"),
        ("[tool.saga]\nprocesses = []\n", "takes one key, processes"),
        ("[tool.saga]\nprocesses = 'a:b'\n", "takes one key, processes"),
        ("[tool.saga]\nprocesses = ['a:b', ' ']\n", "takes one key, processes"),
        ("[tool.saga]\nprocesses = ['a:b']\nprefix = 'x'\n", "takes one key, processes"),
        ("[tool.saga\n", "is no TOML"),
    ],
)
def test_a_project_that_is_declared_wrongly_is_refused_in_a_sentence(text: str, reason: str) -> None:
    declare(text)
    result = run("check")
    assert (result.exit_code, result.stdout) == (2, "")
    (said,) = result.stderr.splitlines()
    assert "pyproject.toml" in said
    assert reason in said


def announce(folder: Path, **addresses: str | None) -> None:
    """What `saga up` leaves for others; this process is the one that lives."""
    (folder / ".saga/stack").mkdir(parents=True)
    known = {"database_url": None, "amqp_url": None, "management_url": None, **addresses}
    alive = {"pid": os.getpid(), "identity": children.identity(os.getpid())}
    (folder / ".saga/stack/running.json").write_text(json.dumps({**alive, **known}))


def evaluated(said: str, **environment: str) -> dict[str, str]:
    """The variables of saga in a shell that evaluates these lines."""
    done = subprocess.run(
        ["bash", "-c", 'eval "$LINES_TO_EVALUATE"; env'],
        env={"PATH": os.environ["PATH"], "LINES_TO_EVALUATE": said, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    return {name: value for name, _, value in pairs if name.startswith("SAGA_")}


def test_programs_find_the_servers_of_saga_up(folder: Path) -> None:
    urls = {
        "database_url": "postgresql://saga:p w'd$(x)@127.0.0.1:1/saga",
        "amqp_url": "amqp://saga:x@127.0.0.1:2/%2F",
        "management_url": "http://saga:x@127.0.0.1:3",
    }
    announce(folder, **urls)
    expected = {f"SAGA_{name.upper()}": url for name, url in urls.items()}
    assert evaluated(run("env").stdout) == expected
    assert json.loads(run("env", "--json").stdout) == expected


def test_without_a_broker_the_address_of_another_one_is_taken_back(folder: Path) -> None:
    announce(folder, database_url="postgresql://a:b@127.0.0.1:1/saga")
    before = {"SAGA_AMQP_URL": "amqp://a:b@127.0.0.1:9/"}
    after = evaluated(run("env", **before).stdout, **before)
    assert after == {"SAGA_DATABASE_URL": "postgresql://a:b@127.0.0.1:1/saga", "SAGA_FEED": "pull"}


def test_where_no_stack_runs_there_is_nothing_to_find() -> None:
    result = run("env")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "No private stack runs in .saga: start one with `saga up`.\n"


def test_saga_up_starts_what_the_processes_need_and_suggests_their_messages() -> None:
    order = order_process()
    assert (_are_simulated([order]), _are_simulated([trip]), _are_simulated([trip, order])) == (True, False, True)
    assert [one.name for one in our_services(1, 1, simulated=False)] == ["scheduler-1", "worker-1"]
    assert [*_to_try([order])] == [
        "saga publish OrderPlaced order-1 --sample",
        "saga publish PaymentReceived order-1 --sample",
        "saga inspect order-1",
    ]
    assert next(_to_try([trip])) == "saga publish TripRequested trip-1 --sample"
