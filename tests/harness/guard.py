"""Nothing that a test started is left running, however the test or the whole run ended.

A test that is interrupted, that fails or runs into its time limit may not get to the lines that end its processes. So
each process started by tests carries a mark in its environment, which its own children inherit, and two look for it:

- after a test that failed, this process kills what it started in its body and left running;
- after the run, however it ended, a small process beside it does (`sentinel.py`): it waits for the end of this one.

SIGTERM interrupts the tests as Ctrl-C does, so that fixtures stop their servers.

Not used: PR_SET_PDEATHSIG for each child. It means the thread that started the child, not the process, and says nothing
to the children's own children.
"""

import os
import signal
import sys
from collections.abc import Generator
from types import FrameType
from uuid import uuid4

import pytest

from tests.harness import sentinel

MARK = "TESTS_STARTED_BY"
_FAILED = pytest.StashKey[bool]()


def pytest_configure() -> None:
    """From here on, whatever is started carries the mark."""
    os.environ[MARK] = f"{os.getpid()}-{uuid4().hex}"
    command = [sys.executable, "-I", "-S", sentinel.__file__, str(os.getpid()), f"{MARK}={os.environ[MARK]}"]
    silent = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in range(3)]
    os.posix_spawn(sys.executable, command, {}, file_actions=silent, setsid=True)
    signal.signal(signal.SIGTERM, _interrupt)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember that a test failed."""
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """After a failure and its fixtures, kill what the body of the test started; fixtures end their own."""
    try:
        return (yield)
    finally:
        if item.stash.get(_FAILED, False):
            sentinel.kill_all(f"{MARK}={os.environ[MARK]}", f"PYTEST_CURRENT_TEST={item.nodeid} (call)")


def _interrupt(_: int, __: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)
