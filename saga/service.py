"""Runs every service: uvloop, JSON logs, a stop on SIGTERM or Ctrl-C, and an exit code that shows how it ended.

Before its work a service checks the servers that it needs. A problem that a person has to solve ends it with a
sentence; it waits while a server is away. Once it works, it waits in both cases: a password may just be changing.
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

from saga.entry import stop_signals
from saga.logging import configure_logging
from saga.postgres import NeedsPerson, Unavailable, server_of
from saga.settings import Settings, SettingsError, load_settings
from saga.tracing import TracesUnavailable, traced

STOP_GRACE_SECONDS = 10.0
"""How long a service that was asked to stop may finish its work. It may be waiting for a server that is away: the check
of a commit in doubt takes up to two minutes. The rest is dropped; it was not acknowledged, and comes again."""

BLOCKED_SECONDS = 60.0
"""How long the event loop may be blocked. By then the database has ended its transaction, and the broker its
connections. Its work would block the next attempt as well, so the process ends."""
LONGEST_PAUSE_SECONDS = 5.0

Look = Callable[[], Awaitable[None]]
"""Checks a server. Raises Unavailable if it can't be used now, NeedsPerson if a person has to act."""

Main = Callable[[Settings, asyncio.Event], Coroutine[None, None, None]]

_log = structlog.get_logger()


class CannotStart(Exception):
    """A person has to change something before the service can work; the message is a sentence that says what."""


def serve(name: str, main: Main) -> None:
    """Run ``main(settings, stop)`` until it returns or a signal sets ``stop``.

    Exits with 1 if it raises, with 2 if the configuration is wrong; the process's supervisor starts it again.
    """
    configure_logging(name)
    try:
        settings = load_settings()
    except SettingsError as error:
        refuse(error)
    configure_logging(name, settings.log_level)
    if os.getpid() == 1:
        # Processes that lose their parent in this container become our children. We start none, so we wait for none.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with traced(f"saga-{name.replace('_', '-')}", settings.traces):
            collect_rarely()
            uvloop.run(_until_stopped(main, settings))
    except TracesUnavailable as error:
        refuse(error)


def refuse(error: Exception) -> NoReturn:
    """End before the work begins, with exit code 2: a person has to solve the problem that the error names."""
    _log.error("cannot_start", reason=str(error))
    raise SystemExit(2) from None


def collect_rarely() -> None:
    """Exclude imported objects from garbage collection, and collect less often: batches make many short-lived objects.

    With Python's defaults the collector takes half the time of a decision.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _until_stopped(main: Main, settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in stop_signals():
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
    """Show that the event loop goes round. If it does not, a thread ends the process, or the kernel does.

    The thread counts its own looks, so a suspended process does not count as blocked. The thread can't run while C code
    holds the interpreter; then SIGPROF ends the process after 1.5 times BLOCKED_SECONDS of processor time.
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
    """Run the work; once ``stop`` is set it has STOP_GRACE_SECONDS to end, then it is cancelled."""
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
    """Return True once every look succeeds, and retry those that raise Unavailable. False if ``stop`` is set before.

    Raises CannotStart if a person has to change something.
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
    """Log that the service works from now on."""
    _log.info("ready", **fields)


async def say_ready_when(working: Sequence[asyncio.Event], stop: asyncio.Event, **fields: str) -> None:
    """Log that the service is ready once all events are set, unless it is stopped before."""
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
