"""`saga up` as somebody uses it: one line when all is ready, and nothing left after a signal."""

import json
import signal
import subprocess
import sys
from pathlib import Path

from saga.local import children

NAMES = {"postgres", "beam.smp", "epmd"}


def test_it_says_where_everything_is_and_takes_it_all_down_again(shared_home: Path) -> None:
    command = [sys.executable, "-m", "saga", "up", "--json", "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert said.keys() >= {"amqp_url", "management_url", "database_url", "pids"}
        assert said["pids"].keys() == {"gateway-stub", "scheduler-1", "worker-1"}
        assert all(map(children.is_alive, said["pids"].values()))
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == ""
    assert process.returncode == 0
    assert not any(map(children.is_alive, said["pids"].values()))
    assert not children.living_in(shared_home, NAMES)
