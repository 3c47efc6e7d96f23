"""Kills the processes that carry a mark once the process that gave it to them has ended.

python sentinel.py PID NAME=VALUE

It runs in a session of its own, where no Ctrl-C of a terminal reaches it, and needs nothing but the standard library.
"""

import os
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

GIVE_UP_SECONDS = 30.0
_LOOK_SECONDS = 0.02


def wait_for_end(pid: int) -> None:
    """Return as soon as this process has ended."""
    with suppress(ProcessLookupError):
        select.select([os.pidfd_open(pid)], [], [])


def kill_all(*variables: str) -> None:
    """Kill every process with all of these variables in its environment, and what it starts meanwhile."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while (pids := marked(*variables)) and time.monotonic() < deadline:
        for pid in pids:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_LOOK_SECONDS)


def marked(*variables: str) -> list[int]:
    """The living processes but this one that were started with all of these variables."""
    wanted = {os.fsencode(one) for one in variables}
    return [
        int(folder.name)
        for folder in Path("/proc").iterdir()
        if folder.name.isdecimal() and int(folder.name) != os.getpid() and wanted <= _environment(folder)
    ]


def _environment(folder: Path) -> set[bytes]:
    """With what it was started; nothing of one that has ended, also while nobody has asked how."""
    with suppress(OSError):
        return set((folder / "environ").read_bytes().split(b"\0"))
    return set()


if __name__ == "__main__":
    wait_for_end(int(sys.argv[1]))
    kill_all(sys.argv[2])
