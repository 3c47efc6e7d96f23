"""Rehearsals: handle suspect messages in a child process first, where they can't kill the worker.

The problem: a worker that dies leaves no reason. The broker delivers its messages again, and nothing distinguishes the
one that killed it from hundreds of others. Counting redeliveries is no evidence: workers are killed for other reasons
too, and after enough deaths every message in flight would look guilty.

The model: before the worker handles messages that were delivered before, a forked child does the pure part of that, one
message after the other, with the same functions. The child records its current message in shared memory. If two
children die at the same message, that message is the cause, and the worker handles only the others. A fork costs some
milliseconds, has all the worker's memory, and can't write to the database: it has no connections.

What can fail: if an item raises, the child records the error and continues with the next. If an item takes more than
ITEM_SECONDS, an alarm ends the child, which neither a loop nor a blocked call in C can delay. Code that sets its own
alarm may cancel it; then the worker, which polls the child, kills it a little later. An item that needs too much memory
gets a MemoryError, or the system kills the child rather than the worker. If a child is killed from outside, that is no
evidence: the second child dies at another item, or not at all. If no child can be forked, nothing is rehearsed.
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
"""What a child may allocate beyond the worker's memory; half of the container's free memory if that is less."""
LEAST_MEMORY_BYTES: Final = 64 * 1024 * 1024

_CGROUP = Path("/sys/fs/cgroup")
_NOWHERE, _RAISED = -1, 70
_HEADER = struct.Struct("<qQ")
"""The child's current item, and the offset for the next reason."""
_REASON = struct.Struct("<qI")
"""An item, and the number of bytes of its reason, which follows."""
_REASON_BYTES = 3_000

T = TypeVar("T")


class RehearsalFailed(Exception):
    """Raised by the rehearsed function, with a sentence about why an item must not be handled."""


@dataclass(frozen=True, slots=True)
class _Death:
    """The item at which a child died, and how."""

    index: int
    how: str


async def rehearse(
    items: Sequence[T], act: Callable[[T], object], known: Mapping[int, str] | None = None
) -> dict[int, str]:
    """Call ``act`` with each item, in a child; returns the items that failed, with the reason. All else is discarded.

    Items that are ``known`` to fail are not tried again. Raises Unavailable if children die before the first item.
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
    """Run one child over the items that are not condemned, and add those that raise; returns how it died, if it did."""
    status = mmap.mmap(-1, _HEADER.size + (len(items) + 1) * (_REASON.size + _REASON_BYTES))
    _HEADER.pack_into(status, 0, _NOWHERE, _HEADER.size)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forks with threads; it takes none of their locks
            pid = os.fork()
    except OSError:
        return None
    if pid == 0:
        _perform(items, act, condemned, status)
    code = await _end_of(pid, status)
    reasons = _read(status)
    condemned |= {index: how for index, how in reasons.items() if index != _NOWHERE}
    at, _ = _HEADER.unpack_from(status)
    return None if at == len(items) else _Death(at, reasons.get(at) or _ended(code))


async def _end_of(pid: int, noted: mmap.mmap) -> int:
    """The exit code of a child, negative for a signal. Kills a child that stays at one item, or when cancelled."""
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
        return 0  # SIGCHLD is ignored, so the system forgets exit codes; shared memory still has the child's progress
    return -signal.SIGALRM if is_held_up else os.waitstatus_to_exitcode(status)


async def _stays(ending: asyncio.Future[tuple[int, int]], noted: mmap.mmap) -> bool:
    """Whether a child stays at one item for longer than its alarm allows; False once it has ended."""
    seen, since = None, time.monotonic()
    while not (await asyncio.wait([ending], timeout=LOOK_SECONDS))[0]:
        index, _ = _HEADER.unpack_from(noted)
        if index != seen:
            seen, since = index, time.monotonic()
        elif time.monotonic() - since > ITEM_SECONDS + LOOK_SECONDS:
            return True
    return False


def _read(status: mmap.mmap) -> dict[int, str]:
    """The reasons that the child recorded, by item."""
    reasons: dict[int, str] = {}
    at, (_, end) = _HEADER.size, _HEADER.unpack_from(status)
    while at < end:
        index, length = _REASON.unpack_from(status, at)
        at += _REASON.size + length
        reasons[index] = status[at - length : at].decode("utf-8", "replace")
    return reasons


def _ended(code: int) -> str:
    """A sentence about how a child ended."""
    if code == -signal.SIGALRM:
        return f"it holds up its worker: it was not decided within {ITEM_SECONDS:g} s"
    if code < 0:
        name = signal.Signals(-code).name if -code in signal.valid_signals() else "unknown"
        return f"it kills its worker: a process that tries to handle it ends with signal {-code} ({name})"
    return f"it kills its worker: a process that tries to handle it ends with exit code {code}"


def _perform(items: Sequence[T], act: Callable[[T], object], skipped: Mapping[int, str], status: mmap.mmap) -> NoReturn:
    """Run the child; it must not return or raise, because the code after the fork is the worker's."""
    try:
        _isolate()
        for index, item in enumerate(items):
            if index not in skipped:
                _note(status, index)
                signal.setitimer(signal.ITIMER_REAL, ITEM_SECONDS)
                try:
                    act(item)
                except MemoryError:
                    raise
                except Exception as error:  # noqa: BLE001 -- the recorded reason has all details
                    _record(status, _raised(error))
        _note(status, len(items))
    except BaseException as error:  # noqa: BLE001 -- whatever it is would have ended the worker
        _record(status, _raised(error))
    finally:
        os._exit(_RAISED)


def _raised(error: BaseException) -> str:
    return str(error) if isinstance(error, RehearsalFailed) else f"handling it raised {type(error).__name__}: {error}"


def _isolate() -> None:
    """Give up everything shared with the worker that could harm it, or could be mistaken for a message's fault."""
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
    """Make the child, not the worker, run out of memory."""
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
    """Record the current item."""
    _, end = _HEADER.unpack_from(status)
    _HEADER.pack_into(status, 0, index, end)


def _record(status: mmap.mmap, reason: str) -> None:
    """Record why the current item must not be handled."""
    encoded = reason.encode("utf-8", "backslashreplace")[:_REASON_BYTES]
    index, at = _HEADER.unpack_from(status)
    end = at + _REASON.size + len(encoded)
    status[at:end] = _REASON.pack(index, len(encoded)) + encoded
    _HEADER.pack_into(status, 0, index, end)
