"""Turns: runs long work in slices, so that it does not block heartbeats, other batches and a stop."""

import time
from collections.abc import Awaitable, Callable, Generator
from typing import Final, TypeVar

TURN_SECONDS: Final = 0.02

T = TypeVar("T")


def in_one_go(work: Generator[None, None, T]) -> T:
    """Run the work without pauses; returns its result."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: T = done.value
            return result


async def in_turns(work: Generator[None, None, T], turn: Callable[[], Awaitable[None]]) -> T:
    """Run the work; returns its result. At each yield, awaits ``turn`` if TURN_SECONDS have passed since the last."""
    began = time.perf_counter()
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: T = done.value
            return result
        if time.perf_counter() - began >= TURN_SECONDS:
            await turn()
            began = time.perf_counter()
