"""The first thing that a process of ours does, before it imports anything that takes time. Standard library only.

Imports take a second, and signals may come in it. For process 1 of a container there are no default actions: a SIGTERM
without a handler is ignored. What comes even before this, while the interpreter starts, waits if whoever starts us has
blocked these signals, as the Dockerfile does.
"""

import os
import signal

from saga.streams import open_standard_streams

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""What asks to stop: whoever supervises us, Ctrl-C, a terminal that was closed."""


def enter(*, is_service: bool) -> None:
    """Prepare the process. A service that is asked to stop from now on, before it has begun, has stopped."""
    open_standard_streams()
    if is_service or os.getpid() == 1:
        for number in heard_signals():
            signal.signal(number, lambda number, _: os._exit(0 if is_service else 128 + number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def heard_signals() -> list[signal.Signals]:
    """Those that stop us: under nohup a closed terminal does not."""
    is_kept = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [number for number in STOP_SIGNALS if number is not signal.SIGHUP or not is_kept]
