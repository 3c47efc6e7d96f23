"""How every service runs: uvloop, JSON logs, a stop on SIGTERM or Ctrl-C, and an exit code that says how it ended.

Before its work a service looks at the servers that it needs. What a person has to change ends it with a sentence; what
comes by itself, it waits for. Once it works, it waits for both: somebody may be changing a password just now.
"""

import asyncio
import gc
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import NoReturn

import structlog
import uvloop
from pydantic import SecretStr
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from saga.entry import heard_signals
from saga.logging import configure_logging
from saga.postgres import NeedsPerson, Unavailable, server_of
from saga.settings import Settings, SettingsError, load_settings

STOP_GRACE_SECONDS = 10.0
"""How long a service that was asked to stop goes on with what it has begun. It may be waiting for somebody who is away:
a commit in doubt is asked about for two minutes. What is left is dropped; it was not acknowledged, and comes again."""

BLOCKED_SECONDS = 60.0
"""How long the event loop may stand still. By then the database has ended the transaction under it, and the broker the
connections; whoever begins anew would stand still again, unless somebody ends the process."""
LONGEST_PAUSE_SECONDS = 5.0

Look = Callable[[], Awaitable[None]]
"""Looks at a server. Raises Unavailable where it can't be used now, NeedsPerson where a person has to act."""

Main = Callable[[Settings, asyncio.Event], Coroutine[None, None, None]]

_log = structlog.get_logger()


class CannotStart(Exception):
    """Somebody has to change something before the service can work; the message is the sentence that says what."""


def serve(name: str, main: Main) -> None:
    """Run ``main(settings, stop)`` until it returns or a signal sets ``stop``.

    Exits with 1 if it raises, with 2 if the configuration is wrong: whoever supervises the process starts it again.
    """
    configure_logging(name)
    try:
        settings = load_settings()
    except SettingsError as error:
        refuse(error)
    configure_logging(name, settings.log_level)
    collect_rarely()
    if os.getpid() == 1:
        # Whatever loses its parent in this container becomes our child. We start none, so nobody waits for one.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    uvloop.run(_until_stopped(main, settings))


def refuse(error: Exception) -> NoReturn:
    """End before the work began: somebody has to change what the error says."""
    _log.error("cannot_start", reason=str(error))
    raise SystemExit(2) from None


def collect_rarely() -> None:
    """Keep what was imported out of garbage collection, and collect less often: batches are many short-lived objects.

    With Python's defaults the collector takes half of the time of a decision.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _until_stopped(main: Main, settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in heard_signals():
        loop.add_signal_handler(number, stop.set)
    beating = asyncio.create_task(_beat())
    try:
        await _within_grace(main(settings, stop), stop)
    except (SettingsError, CannotStart) as error:
        refuse(error)
    except Exception:  # noqa: BLE001 -- whatever it was ends the service, with its trace
        _log.exception("died")
        raise SystemExit(1) from None
    finally:
        beating.cancel()
        signal.setitimer(signal.ITIMER_PROF, 0)
    _log.info("stopped")


async def _beat() -> None:
    """Show that the event loop goes round. Where it does not, a thread ends the process, or the kernel does.

    The thread counts its own looks, so it takes a process that was suspended for none that is blocked. It can't look
    while C code holds the interpreter; SIGPROF ends that after 1.5 times as many seconds of processor time.
    """
    beats = [0]
    threading.Thread(target=_end_if_blocked, args=(beats, threading.get_ident()), daemon=True).start()
    while True:
        beats[0] += 1
        signal.setitimer(signal.ITIMER_PROF, BLOCKED_SECONDS * 1.5)
        await asyncio.sleep(1)


def _end_if_blocked(beats: Sequence[int], loop_thread: int) -> None:
    seen, looks = 0, 0
    while looks < BLOCKED_SECONDS:
        time.sleep(1)
        looks = looks + 1 if beats[0] == seen else 0
        seen = beats[0]
    trace = "".join(traceback.format_stack(sys._current_frames()[loop_thread]))  # noqa: SLF001 -- the documented way
    _log.error("blocked", seconds=looks, trace=trace)
    os._exit(1)


async def _within_grace(work: Coroutine[None, None, None], stop: asyncio.Event) -> None:
    """Run the work; once ``stop`` is set it has STOP_GRACE_SECONDS to end by itself, then it is cancelled."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    await asyncio.wait([working], timeout=STOP_GRACE_SECONDS)
    if not working.done():
        _log.warning("stop_cuts_short", seconds=STOP_GRACE_SECONDS)
        working.cancel()
    with suppress(asyncio.CancelledError):
        await working


async def look_first(stop: asyncio.Event, *looks: Look) -> bool:
    """Return True once every look finds all in order; each waits for what comes by itself. False if ``stop`` comes.

    Raises CannotStart where somebody has to change something.
    """

    async def pause(seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stop.wait()

    attempts = AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, Unavailable) and not isinstance(error, NeedsPerson)),
        wait=wait_random_exponential(multiplier=0.1, max=LONGEST_PAUSE_SECONDS),
        stop=lambda _: stop.is_set(),
        sleep=pause,
        before_sleep=_say_not_ready,
        reraise=True,
    )
    try:
        for look in looks:
            await attempts(look)
    except NeedsPerson as error:
        raise CannotStart(error.sentence) from error
    except Unavailable:
        return False
    return not stop.is_set()


def _say_not_ready(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    _log.warning("not_ready", attempt=state.attempt_number, server=server_of(error), error=str(error))


def say_ready(**fields: str) -> None:
    """Tell whoever waits for it that the service does its work from now on."""
    _log.info("ready", **fields)


async def say_ready_when(working: Sequence[asyncio.Event], stop: asyncio.Event, **fields: str) -> None:
    """Tell it once every one of these is set, unless the service is stopped before."""
    waiting: list[asyncio.Task[object]] = [asyncio.create_task(one) for one in (stop.wait(), _all(working))]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    if all(one.is_set() for one in working):
        say_ready(**fields)


async def _all(events: Sequence[asyncio.Event]) -> None:
    for event in events:
        await event.wait()


def required(url: SecretStr | None, name: str) -> str:
    """The secret's value. Raises SettingsError, with the remedy, if it is not set."""
    if url is None:
        raise SettingsError(f"{name} is not set: give the address, or start a private stack with `saga up`")
    return url.get_secret_value()
