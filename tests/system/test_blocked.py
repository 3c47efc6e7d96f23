"""A service whose event loop stands still ends, so that somebody starts it again; a suspended one goes on."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.waiting import LIMIT_SECONDS, eventually

SERVICE = """
import asyncio, re, time
from saga import service

service.BLOCKED_SECONDS = 2
async def main(settings, stop):
    service.say_ready()
    await asyncio.sleep({seconds})
    {blocks}

service.serve("test", main)
"""


@contextmanager
def a_service(log: Path, blocks: str, seconds: float = 0.1) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as said:
        script = SERVICE.format(blocks=blocks, seconds=seconds)
        process = subprocess.Popen([sys.executable, "-c", script], stdout=said, stderr=said)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@pytest.mark.parametrize("blocks", ["while True: pass", "time.sleep(1_000)"])
def test_a_blocked_service_says_where_it_stands_still_and_ends(tmp_path: Path, blocks: str) -> None:
    with a_service(tmp_path / "log", blocks) as service:
        assert service.wait(LIMIT_SECONDS) == 1
    assert '"event": "blocked"' in (tmp_path / "log").read_text()


def test_a_service_is_ended_that_blocks_the_interpreter(tmp_path: Path) -> None:
    with a_service(tmp_path / "log", "re.match('(a+)+$', 'a' * 40 + 'b')") as service:
        assert service.wait(LIMIT_SECONDS) == -signal.SIGPROF


def test_a_service_that_was_suspended_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with a_service(log, "pass", seconds=3) as service:
        eventually(lambda: '"ready"' in log.read_text() or service.poll() is not None)
        assert service.poll() is None
        os.kill(service.pid, signal.SIGSTOP)
        with pytest.raises(subprocess.TimeoutExpired):
            service.wait(5)
        os.kill(service.pid, signal.SIGCONT)
        assert service.wait(LIMIT_SECONDS) == 0
