"""How every service runs: uvloop, JSON logs, a stop on SIGTERM or Ctrl-C, and an exit code that says how it ended."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress

import structlog
import uvloop
from pydantic import SecretStr

from saga.logging import configure_logging
from saga.settings import Settings, SettingsError, load_settings

STOP_GRACE_SECONDS = 10.0
"""How long a service that was asked to stop goes on with what it has begun. It may be waiting for somebody who is away:
a commit in doubt is asked about for two minutes. What is left is dropped; it was not acknowledged, and comes again."""

Main = Callable[[Settings, asyncio.Event], Coroutine[None, None, None]]

_log = structlog.get_logger()


def serve(name: str, main: Main) -> None:
    """Run ``main(settings, stop)`` until it returns or a signal sets ``stop``.

    Exits with 1 if it raises, with 2 if the configuration is wrong: whoever supervises the process starts it again.
    """
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
    configure_logging(name, settings.log_level)
    collect_rarely()
    uvloop.run(_until_stopped(main, settings))


def collect_rarely() -> None:
    """Keep what was imported out of garbage collection, and collect less often: batches are many short-lived objects.

    With Python's defaults the collector takes half of the time of a decision.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _until_stopped(main: Main, settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    try:
        await _within_grace(main(settings, stop), stop)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
    except Exception:  # noqa: BLE001 -- whatever it was ends the service, with its trace
        _log.exception("died")
        raise SystemExit(1) from None
    _log.info("stopped")


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
