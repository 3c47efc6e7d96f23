"""Whoever interrupts the tests, or ends them, leaves nothing running that they started."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from saga.devstack.children import is_alive
from tests.waiting import LIMIT_SECONDS, eventually

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
CHECK = ["-m", "saga", "check", "tests.cli.many_inputs:many", "--most-nodes", "10000000"]
STARTS = f"""
import subprocess, sys, time
from pathlib import Path

import pytest

def start(name):
    running = subprocess.Popen([sys.executable, *{CHECK}], cwd={str(ROOT)!r})
    Path(__file__).with_name(name).write_text(str(running.pid))
"""
HANGS = (
    STARTS
    + """
@pytest.mark.parametrize("number", [1, 2])
def test_hangs(number):
    start(f"pid-{number}")
    time.sleep(600)
"""
)
FAILS = (
    STARTS
    + """
def test_fails():
    start("pid-1")
    assert False

def test_hangs_afterwards():
    Path(__file__).with_name("failed").touch()
    time.sleep(600)
"""
)


@contextmanager
def another_pytest(folder: Path, source: str, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another pytest, with this file of tests."""
    (folder / "test_it.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-p", "tests.harness.guard", "-p", "no:cacheprovider"]
    environment = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
    with (folder / "said").open("wb") as said:
        running = subprocess.Popen(
            [*command, *options, "--rootdir", str(folder), "-c", os.devnull, str(folder / "test_it.py")],
            cwd=ROOT,
            env=environment,
            stdout=said,
            stderr=said,
        )
        try:
            yield running
        finally:
            running.kill()
            running.wait()


def started(folder: Path, *names: str) -> list[int]:
    """The processes that those tests have started, once they have."""
    return [int(eventually(lambda: text_of(folder / name))) for name in names]  # noqa: B023 - used at once


def text_of(path: Path) -> str:
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
@pytest.mark.parametrize(
    ("options", "names"),
    [([], ["pid-1"]), pytest.param(["-n2"], ["pid-1", "pid-2"], marks=pytest.mark.long)],
    ids=["one", "xdist"],
)
def test_what_tests_started_ends_with_them(
    tmp_path: Path, number: signal.Signals, options: Sequence[str], names: Sequence[str]
) -> None:
    with another_pytest(tmp_path, HANGS, *options) as tests:
        pids = started(tmp_path, *names)
        assert all(map(is_alive, pids))
        tests.send_signal(number)
        tests.wait(LIMIT_SECONDS)
        eventually(lambda: not any(map(is_alive, pids)))


def test_what_a_test_started_ends_when_it_fails(tmp_path: Path) -> None:
    with another_pytest(tmp_path, FAILS):
        (pid,) = started(tmp_path, "pid-1")
        eventually((tmp_path / "failed").exists)
        assert not is_alive(pid)
