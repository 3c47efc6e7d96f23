"""`saga up` as somebody uses it: one line when all is ready, and nothing left after a signal."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from typer.testing import CliRunner
from yarl import URL

from saga.cli import app
from saga.devstack import children
from saga.devstack.stack import Addresses
from tests.conftest import fresh_database
from tests.waiting import eventually

POSTGRES = {"postgres"}
RABBITMQ = {"beam.smp", "epmd"}


def test_it_says_where_everything_is_and_takes_it_all_down_again(shared_home: Path) -> None:
    command = [sys.executable, "-m", "saga", "up", "--json", "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            said = json.loads(process.stdout.readline())
            assert said.keys() >= {"amqp_url", "management_url", "database_url", "pids"}
            assert said["pids"].keys() == {"gateway-stub", "scheduler-1", "worker-1", "console"}
            assert all(map(children.is_alive, said["pids"].values()))
        finally:
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == ""
    assert process.returncode == 0
    assert not any(map(children.is_alive, said["pids"].values()))
    assert not children.living_in(shared_home, POSTGRES | RABBITMQ)


def test_without_a_broker_it_runs_on_postgres_alone_and_the_other_commands_find_it(shared_home: Path) -> None:
    (shared_home / "rabbitmq-server").unlink(missing_ok=True)
    command = [sys.executable, "-m", "saga", "up", "--no-broker", "--json", "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            said = json.loads(process.stdout.readline())
            assert (said["amqp_url"], said["management_url"]) == (None, None)
            assert said["pids"].keys() == {"gateway-stub", "scheduler-1", "worker-1", "console"}
            assert children.living_in(shared_home, POSTGRES)
            assert not children.living_in(shared_home, RABBITMQ)
            _an_order_is_paid_by_the_gateway()
        finally:
            process.send_signal(signal.SIGINT)
        assert "RabbitMQ" not in process.stderr.read()
    assert process.returncode == 0
    assert not children.living_in(shared_home, POSTGRES)
    assert list(shared_home.iterdir()) == [shared_home / "stack"], "nothing was installed"


def _an_order_is_paid_by_the_gateway() -> None:
    assert "Appended OrderPlaced" in _saga("publish", "OrderPlaced", "o-1", "--sample")
    eventually(lambda: json.loads(_saga("inspect", "o-1", "--json"))["outcome"] == "paid")
    assert "pulled from the log" in _saga("inspect", "o-1")
    assert "there is no broker" in _saga("lag")
    assert "there is no broker" in _saga("health")


def _saga(*words: str) -> str:
    """What a command in another shell says; with an error until there is something to say, as of an unknown order."""
    result = CliRunner().invoke(app, list(words))
    return result.stdout if result.exit_code == 0 else '{"outcome": null}'


async def test_of_servers_that_were_given_it_shows_no_login(
    addresses: Addresses, template: str, prefix: str, tmp_path: Path
) -> None:
    async with fresh_database(addresses, template) as database_url:
        given = {"SAGA_DATABASE_URL": database_url, "SAGA_AMQP_URL": str(addresses.amqp_url), "SAGA_PREFIX": prefix}
        said = await asyncio.to_thread(_shown_at_the_start, given | {"SAGA_HOME": str(tmp_path)})
    secrets = {str(URL(url).password) for url in (given["SAGA_DATABASE_URL"], given["SAGA_AMQP_URL"])}
    assert json.loads(said)["amqp_url"].startswith(f"{URL(given['SAGA_AMQP_URL']).host}:")
    assert not [secret for secret in secrets if secret in said]


def _shown_at_the_start(environment: Mapping[str, str]) -> str:
    command = [sys.executable, "-m", "saga", "up", "--json", "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | environment) as process:
        assert process.stdout is not None
        try:
            return process.stdout.readline()
        finally:
            process.send_signal(signal.SIGTERM)
