"""Supervision: a loop that starts over from the top, after a pause, whenever what it needs was away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from saga.heartbeat import a_loop, rests, starts_over
from saga.postgres import LostRace, Unavailable

LONGEST_PAUSE_SECONDS: Final = 5.0

_log = structlog.get_logger()


def passes(error: BaseException) -> bool:
    """Whether the same work, done again later, will succeed, where no broker is needed for it."""
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

    A session that returns is done. Any other error is a bug and is raised: it ends the service, loudly. A session that
    does not say that it goes round (saga/heartbeat/) is taken for one that hangs. ``server`` is the one that the
    session talks to beside the database, for the log.
    """

    def wait_longer_or_stop(seconds: float) -> Awaitable[None]:
        return pause(stop, seconds)

    def say(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        away = error.server if isinstance(error, Unavailable) else server
        said = str(error) or repr(error)
        starts_over(said)
        _log.warning("starting_over", loop=name, attempt=state.attempt_number, server=away, error=said)

    with a_loop(name):
        while not stop.is_set():
            attempts = AsyncRetrying(
                retry=retry_if_exception(is_transient),
                wait=wait_random_exponential(multiplier=0.1, max=LONGEST_PAUSE_SECONDS),
                stop=lambda _: stop.is_set(),
                sleep=wait_longer_or_stop,
                before_sleep=say,
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
    """Wait, but not longer than until ``wake`` is set."""
    with rests():
        try:
            async with asyncio.timeout(seconds):
                await wake.wait()
        except TimeoutError:
            return
