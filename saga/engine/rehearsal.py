"""Rehearsals: what a message does to its process is tried in a child first, where it can kill nobody else.

The problem: a worker that dies leaves no reason behind. Its messages come back, and nothing tells the one that killed
it from the hundreds that were merely there. To count how often a message came back is no evidence: workers are killed
for other reasons too, and after enough deaths every message in flight would look guilty.

The model: before messages are handled that were out before, the pure part of handling them is done in a forked child,
one message after the other, with the same functions. The child notes in shared memory which message it is at. If it
dies, that message is to blame, provided that a second child dies at the same one. The others are then handled as ever.
A fork costs some milliseconds, knows everything that the worker knows, and can't write: it has no connections.

What can fail: an item that raises says so itself, and the child goes on with the next. One that takes more than
ITEM_SECONDS is ended by an alarm, which neither a loop nor a blocked call in C can put off. Code with a time limit of
its own may cancel that; then the worker, which looks at the child now and then, ends it a little later. One that takes
more memory than it may have gets a MemoryError, or the system ends the child rather than the worker. A child that
somebody else killed is no evidence: the second one dies elsewhere, or not at all. Where no child can be made, nothing
is rehearsed.
"""

import asyncio
import mmap
import os
import resource
import signal
import struct
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn, TypeVar

from saga.postgres import Unavailable

ITEM_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 1.0
MOST_MEMORY_BYTES: Final = 512 * 1024 * 1024
"""What a child may take beyond what the worker has; half of what the container has left, where that is less."""
LEAST_MEMORY_BYTES: Final = 64 * 1024 * 1024

_CGROUP = Path("/sys/fs/cgroup")
_NOWHERE, _RAISED = -1, 70
_HEADER = struct.Struct("<qQ")
"""The item that the child is at, and where the next thing that it says of one stands."""
_SAID = struct.Struct("<qI")
"""An item, and how many bytes of a reason follow."""
_REASON_BYTES = 3_000

T = TypeVar("T")


class Refused(Exception):
    """Raised by what is rehearsed, to say with its own sentence why an item must not be handled."""


@dataclass(frozen=True, slots=True)
class _Death:
    """At which item a child ended, and how."""

    index: int
    how: str


async def rehearse(
    items: Sequence[T], act: Callable[[T], object], known: Mapping[int, str] | None = None
) -> dict[int, str]:
    """Do ``act`` with each item in turn, in a child; which items ended it, and how. Nothing of what it does is kept.

    What is ``known`` to end it is not tried again. Raises Unavailable where children die before they have begun.
    """
    condemned: dict[int, str] = dict(known or {})
    suspected: int | None = None
    while (death := await _attempt(items, act, condemned)) is not None:
        if death.index == suspected == _NOWHERE:
            raise Unavailable(f"a rehearsal could not begin: {death.how}")
        if death.index == suspected:
            condemned[death.index] = death.how
        suspected = death.index
    return condemned


async def _attempt(items: Sequence[T], act: Callable[[T], object], condemned: dict[int, str]) -> _Death | None:
    """One child that goes through all items but the condemned, to which it adds; how it died, if it did."""
    status = mmap.mmap(-1, _HEADER.size + (len(items) + 1) * (_SAID.size + _REASON_BYTES))
    _HEADER.pack_into(status, 0, _NOWHERE, _HEADER.size)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads; no lock of theirs is taken
            pid = os.fork()
    except OSError:
        return None
    if pid == 0:
        _perform(items, act, condemned, status)
    code = await _end_of(pid, status)
    said = _read(status)
    condemned |= {index: how for index, how in said.items() if index != _NOWHERE}
    at, _ = _HEADER.unpack_from(status)
    return None if at == len(items) else _Death(at, said.get(at) or _ended(code))


async def _end_of(pid: int, noted: mmap.mmap) -> int:
    """The exit code of a child, negative for a signal. One that stays at an item is ended; so is any at a cancel."""
    ending = asyncio.ensure_future(asyncio.to_thread(os.waitpid, pid, 0))
    try:
        if is_held_up := await _stays(ending, noted):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _, status = await ending
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        raise
    except ChildProcessError:
        return 0  # somebody has the system forget how children end; what it noted still says whether it got through
    return -signal.SIGALRM if is_held_up else os.waitstatus_to_exitcode(status)


async def _stays(ending: asyncio.Future[tuple[int, int]], noted: mmap.mmap) -> bool:
    """Whether a child is at one item for longer than its alarm allows; False once it has ended."""
    seen, since = None, time.monotonic()
    while not (await asyncio.wait([ending], timeout=LOOK_SECONDS))[0]:
        index, _ = _HEADER.unpack_from(noted)
        if index != seen:
            seen, since = index, time.monotonic()
        elif time.monotonic() - since > ITEM_SECONDS + LOOK_SECONDS:
            return True
    return False


def _read(status: mmap.mmap) -> dict[int, str]:
    """What the child said of its items."""
    said: dict[int, str] = {}
    at, (_, end) = _HEADER.size, _HEADER.unpack_from(status)
    while at < end:
        index, length = _SAID.unpack_from(status, at)
        at += _SAID.size + length
        said[index] = status[at - length : at].decode("utf-8", "replace")
    return said


def _ended(code: int) -> str:
    """How a process ended, as a reason for people."""
    if code == -signal.SIGALRM:
        return f"it holds up its worker: it was not decided within {ITEM_SECONDS:g} s"
    if code < 0:
        name = signal.Signals(-code).name if -code in signal.valid_signals() else "unknown"
        return f"it kills its worker: a process that tries to handle it ends with signal {-code} ({name})"
    return f"it kills its worker: a process that tries to handle it ends with exit code {code}"


def _perform(items: Sequence[T], act: Callable[[T], object], skipped: Mapping[int, str], status: mmap.mmap) -> NoReturn:
    """The child: nothing in here may return or raise, for the rest of this process is the worker's."""
    try:
        _stand_apart()
        for index, item in enumerate(items):
            if index not in skipped:
                _note(status, index)
                signal.setitimer(signal.ITIMER_REAL, ITEM_SECONDS)
                try:
                    act(item)
                except MemoryError:
                    raise
                except Exception as error:  # noqa: BLE001 -- it says all that there is to know, and harmed nobody
                    _say(status, _raised(error))
        _note(status, len(items))
    except BaseException as error:  # noqa: BLE001 -- whatever it was would have ended the worker
        _say(status, _raised(error))
    finally:
        os._exit(_RAISED)


def _raised(error: BaseException) -> str:
    return str(error) if isinstance(error, Refused) else f"handling it raised {type(error).__name__}: {error}"


def _stand_apart() -> None:
    """Share nothing with the worker that could harm it, or that could be taken for the fault of a message."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for number in (signal.SIGALRM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        _limit_memory()


def _limit_memory() -> None:
    """Let the child, not the worker, be the one that runs out of it."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    with suppress(OSError, ValueError, IndexError):
        taken = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = taken + _spare_bytes()
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard if hard != resource.RLIM_INFINITY else most))
    bytearray(LEAST_MEMORY_BYTES // 2)


def _spare_bytes() -> int:
    try:
        most, taken = (int((_CGROUP / name).read_text()) for name in ("memory.max", "memory.current"))
    except (OSError, ValueError):
        return MOST_MEMORY_BYTES
    return min(MOST_MEMORY_BYTES, max(LEAST_MEMORY_BYTES, (most - taken) // 2))


def _note(status: mmap.mmap, index: int) -> None:
    """The item that comes now."""
    _, end = _HEADER.unpack_from(status)
    _HEADER.pack_into(status, 0, index, end)


def _say(status: mmap.mmap, reason: str) -> None:
    """Say of the item that it is at why it must not be handled."""
    said = reason.encode("utf-8", "backslashreplace")[:_REASON_BYTES]
    index, at = _HEADER.unpack_from(status)
    end = at + _SAID.size + len(said)
    status[at:end] = _SAID.pack(index, len(said)) + said
    _HEADER.pack_into(status, 0, index, end)
