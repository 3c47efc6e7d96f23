"""Child processes that end with their parent, and the removal of those that did not.

A server that outlives the process that started it holds ports, files and locks that prevent the next start. Two things
help. Linux sends a child the signal it asked for (PR_SET_PDEATHSIG, through util-linux' `setpriv`) when its parent
ends, also by SIGKILL. The kernel means the parent *thread*, so one thread that lives as long as the interpreter starts
all children. And the next start finds and removes every process that survived, by the folder that it works in or by the
marker in its environment.

This module reads /proc and does not need psutil, because commands of a deployment without the extras use it too.
"""

import os
import pwd
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from saga.devstack.errors import StartCancelled

MARKER = "SAGA_LOCAL_FOLDER"
"""Environment variable that names the folder of a server; the programs that the server starts inherit it."""

_POLL_SECONDS = 0.02
_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


@dataclass(frozen=True, slots=True)
class Account:
    """The user for a server that refuses to run as root."""

    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """`nobody` if we are root; None if we are unprivileged already."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def run_as(
    account: Account | None, argv: Sequence[str | Path], *, cwd: Path | str = "/", text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a short command as that user, with ``text`` as its input."""
    return subprocess.run(
        argv,
        cwd=cwd,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )


def spawn(
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    log: Path,
    env: Mapping[str, str] | None = None,
    account: Account | None = None,
    death_signal: str = "KILL",
) -> subprocess.Popen[bytes]:
    """Start a child that gets `death_signal` when we end; its output is appended to `log`."""
    setpriv = shutil.which("setpriv")
    tied = [setpriv, "--pdeathsig", death_signal, "--", *argv] if setpriv else list(argv)

    def start() -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                tied,
                cwd=cwd,
                env=env,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    return _spawner.submit(start).result()


def end(child: subprocess.Popen[bytes] | None) -> None:
    """Kill a child of ours, whatever program it runs at that moment, and collect its exit code."""
    if child is not None:
        child.kill()
        child.wait()


def is_alive(pid: int) -> bool:
    """Whether this process exists and has not ended; a zombie has ended."""
    try:
        return _stat(pid)[0] != "Z"
    except OSError:
        return False


def identity(pid: int) -> str | None:
    """The process's start time on the kernel's clock, which differs for a later process with this id. None if gone."""
    try:
        state, start = _stat(pid)
    except OSError:
        return None
    return None if state == "Z" else start


def living_in(folder: Path, names: Collection[str]) -> list[int]:
    """The processes with one of these program names that belong to the folder."""
    return [pid for pid in _process_ids() if belongs(pid, folder, names)]


def belongs(pid: int, folder: Path, names: Collection[str]) -> bool:
    """Whether this process lives, runs one of these programs and belongs to the folder."""
    return _name(pid) in names and _works_in(pid, os.path.realpath(folder))


def send(pids: Collection[int], number: signal.Signals) -> None:
    """Signal them all; ignore those that are gone already."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def remove(folder: Path, names: Collection[str]) -> None:
    """Kill the processes that a crashed server left in this folder, until none is left."""
    deadline = time.monotonic() + 10
    while (pids := living_in(folder, names)) and time.monotonic() < deadline:
        send(pids, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)


def wait_until(done: Callable[[], bool], seconds: float, cancelled: threading.Event | None = None) -> bool:
    """Poll until ``done`` (True) or the time is up (False). Raises StartCancelled once ``cancelled`` is set."""
    event = cancelled or threading.Event()
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        if event.wait(_POLL_SECONDS):
            raise StartCancelled("Stopped while starting.")
    return True


def end_of(log: Path, lines: int = 15) -> str:
    """The last lines of a log, for an error message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"


def _process_ids() -> Iterator[int]:
    with suppress(FileNotFoundError):
        yield from (int(name) for name in os.listdir("/proc") if name.isdecimal())  # noqa: PTH208


def _stat(pid: int) -> tuple[str, str]:
    """State and start time; the program's name before them is in brackets and may contain any character."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return fields[0], fields[19]


def _name(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def _works_in(pid: int, folder: str) -> bool:
    with suppress(OSError):
        cwd = os.readlink(f"/proc/{pid}/cwd")  # noqa: PTH115
        if not is_alive(pid):
            return False
        if cwd == folder or cwd.startswith(f"{folder}/"):
            return True
        return f"{MARKER}={folder}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return False
