"""Turns: long work that lets the event loop go on, so that heartbeats, other batches and a stop are not held up."""

import time
from collections.abc import Awaitable, Callable, Generator
from typing import Final, TypeVar

TURN_SECONDS: Final = 0.02

T = TypeVar("T")


def in_one_go(work: Generator[None, None, T]) -> T:
    """What the work comes to, where nobody waits for a turn."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: T = done.value
            return result


async def in_turns(work: Generator[None, None, T], turn: Callable[[], Awaitable[None]]) -> T:
    """What the work comes to. Wherever it stops, ``turn`` is awaited if it has gone on for TURN_SECONDS."""
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
