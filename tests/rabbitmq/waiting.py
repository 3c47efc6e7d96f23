"""Waiting for evidence. A test looks until it sees what it waits for, or fails with what it saw last."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Seen = TypeVar("Seen")

PATIENCE_SECONDS = 15.0
_LOOK_SECONDS = 0.02


async def until(
    look: Callable[[], Awaitable[Seen]], holds: Callable[[Seen], object] = bool, *, seconds: float = PATIENCE_SECONDS
) -> Seen:
    """What ``look`` gives, as soon as ``holds`` says yes to it."""
    deadline = time.monotonic() + seconds
    while not holds(seen := await look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s; seen last: {seen!r:.2000}")
        await asyncio.sleep(_LOOK_SECONDS)
    return seen
