"""Supervision: starts a loop over from the top, after a pause, when a server was away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from saga.heartbeat import a_loop, rests, starts_over
from saga.metrics.table import LOOP_RESTARTS
from saga.postgres import LostRace, Unavailable

LONGEST_PAUSE_SECONDS: Final = 5.0

_log = structlog.get_logger()


def passes(error: BaseException) -> bool:
    """Whether work without a broker may succeed after this error when it is done again later."""
    return isinstance(error, Unavailable | LostRace | OSError | TimeoutError)


async def supervise(
    name: str,
    session: Callable[[], Awaitable[None]],
    stop: asyncio.Event,
    *,
    is_transient: Callable[[BaseException], bool] = passes,
    server: str | None = None,
) -> None:
    """Run the session until ``stop``; start it over, after a pause with jitter, whenever it fails transiently.

    A session that returns is done. Any other error is a bug; it is raised and ends the service. A session that does not
    mark that it goes round (saga/heartbeat/) counts as one that hangs. ``server`` names the server that the session
    uses besides the database, for the log.
    """

    def wait_longer_or_stop(seconds: float) -> Awaitable[None]:
        return pause(stop, seconds)

    def report(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        away = error.server if isinstance(error, Unavailable) else server
        reason = str(error) or repr(error)
        starts_over(reason)
        LOOP_RESTARTS.add(1, name, type(error).__name__)
        _log.warning("starting_over", loop=name, attempt=state.attempt_number, server=away, error=reason)

    with a_loop(name):
        while not stop.is_set():
            attempts = AsyncRetrying(
                retry=retry_if_exception(is_transient),
                wait=wait_random_exponential(multiplier=0.1, max=LONGEST_PAUSE_SECONDS),
                stop=lambda _: stop.is_set(),
                sleep=wait_longer_or_stop,
                before_sleep=report,
                reraise=True,
            )
            try:
                await attempts(session)
                return
            except Exception as error:
                if not is_transient(error):
                    raise
                _log.info("stopped_while_failing", loop=name, error=str(error) or repr(error))


async def pause(wake: asyncio.Event, seconds: float) -> None:
    """Wait for some seconds, or until ``wake`` is set."""
    with rests():
        try:
            async with asyncio.timeout(seconds):
                await wake.wait()
        except TimeoutError:
            return
