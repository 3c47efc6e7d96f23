"""The first step of each of our processes, before it imports anything that takes time. Standard library only.

Imports take a second, and signals may come meanwhile. Process 1 of a container has no default actions: it ignores a
SIGTERM without a handler. A signal that comes even earlier, while the interpreter starts, waits if the parent has
blocked it, as the Dockerfile does.
"""

import os
import signal

from saga.streams import open_standard_streams

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""The signals that ask to stop: from a supervisor, from Ctrl-C, from a closed terminal."""


def enter(*, is_service: bool) -> None:
    """Prepare the process. From now on a stop signal ends a service at once, until it installs its own handlers."""
    open_standard_streams()
    if is_service or os.getpid() == 1:
        for number in stop_signals():
            signal.signal(number, lambda number, _: os._exit(0 if is_service else 128 + number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def stop_signals() -> list[signal.Signals]:
    """The signals that stop this process: under nohup SIGHUP does not."""
    is_kept = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [number for number in STOP_SIGNALS if number is not signal.SIGHUP or not is_kept]
