"""The one way to wait: a test looks until it sees what it waits for, or fails with what it saw last.

One limit holds for all. It only says when a test gives up, so it is generous: a busy machine is slow, not wrong. A wait
for more work than fits into it names a longer limit of its own, never a shorter one.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

Seen = TypeVar("Seen")

LIMIT_SECONDS = 60.0
_LOOK_SECONDS = 0.02


@overload
async def until(look: Callable[[], Awaitable[Seen | None]], *, seconds: float = LIMIT_SECONDS) -> Seen: ...
@overload
async def until(
    look: Callable[[], Awaitable[Seen]], holds: Callable[[Seen], object], *, seconds: float = LIMIT_SECONDS
) -> Seen: ...
async def until(
    look: Callable[[], Awaitable[Seen]], holds: Callable[[Seen], object] = bool, *, seconds: float = LIMIT_SECONDS
) -> Seen:
    """What ``look`` returns, as soon as ``holds`` accepts it."""
    deadline = time.monotonic() + seconds
    while not holds(seen := await look()):
        if time.monotonic() > deadline:
            raise AssertionError(_gave_up(seconds, seen))
        await asyncio.sleep(_LOOK_SECONDS)
    return seen


async def until_true(look: Callable[[], object]) -> None:
    """Wait, in a test with a loop, for something that is known without asking anybody."""

    async def ask() -> object:
        return look()

    await until(ask)


@overload
def eventually(look: Callable[[], Seen | None], *, seconds: float = LIMIT_SECONDS) -> Seen: ...
@overload
def eventually(
    look: Callable[[], Seen], holds: Callable[[Seen], object], *, seconds: float = LIMIT_SECONDS
) -> Seen: ...
def eventually(
    look: Callable[[], Seen], holds: Callable[[Seen], object] = bool, *, seconds: float = LIMIT_SECONDS
) -> Seen:
    """The same for a test without a loop."""
    deadline = time.monotonic() + seconds
    while not holds(seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(_gave_up(seconds, seen))
        time.sleep(_LOOK_SECONDS)
    return seen


async def pause(seconds: float) -> None:
    """Let time pass in which something must not happen, or somebody works slowly.

    On a busy machine a test that pauses may miss a fault; it must never fail for the pause being too short.
    """
    await asyncio.sleep(seconds)


def block(seconds: float) -> None:
    """The same for a test without a loop, or one whose loop shall stand still."""
    time.sleep(seconds)


def _gave_up(seconds: float, seen: object) -> str:
    return f"not within {seconds:g} s; seen last: {seen!r:.2000}"
