"""Processor time is counted for the right processes."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks import processor
from benchmarks.programs import Checkout
from benchmarks.stages import measure


def test_the_time_of_a_process_is_what_it_used_itself() -> None:
    before, own = processor.used_seconds(os.getpid()), time.process_time()
    while time.process_time() < own + 0.05:
        pass
    assert processor.used_seconds(os.getpid()) - before == pytest.approx(time.process_time() - own, abs=0.02)


def test_a_process_that_has_ended_used_nothing() -> None:
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    assert processor.used_seconds(ended.pid) == 0


def test_a_process_that_came_meanwhile_counts_from_its_start_and_one_that_ended_not() -> None:
    before = {"worker": {1: 5.0}, "backends": {2: 1.0, 3: 9.0}}
    after = {"worker": {1: 7.0}, "backends": {2: 1.5, 4: 0.25}}
    assert processor.between(before, after) == {"worker": 2.0, "backends": 0.75}


def test_the_broker_is_found_by_its_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert processor.listening_pid(port) == os.getpid()
    with pytest.raises(LookupError, match=str(port)):
        processor.listening_pid(port)


def test_every_stage_of_the_worker_takes_time_and_takes_all_orders_in() -> None:
    figures = measure(20)
    assert list(figures) == ["frames", "decode", "admit", "answer"]
    assert all(figure > 0 for figure in figures.values())


def test_programs_of_another_checkout_are_its_own(tmp_path: Path) -> None:
    (tmp_path / "saga.py").write_text("print('from there')")
    found = subprocess.run(
        [Checkout(tmp_path).python, "-m", "saga"],
        cwd=tmp_path,
        env=os.environ | Checkout(tmp_path).environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "from there\n"
