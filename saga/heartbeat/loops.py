"""Loops, and the marks that they set in memory when they go round.

A context variable names the current loop, and tasks that a loop starts inherit it. So code deep inside a loop can set
the loop's mark, without an argument that passes the loop down.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

SILENT_SECONDS: Final = 15.0
"""A loop that has not gone round for so long has stopped, or its process is gone."""


class Loop:
    """A loop of this process. ``reason`` says why it starts over again and again; None while it works."""

    __slots__ = ("_marked", "_resting", "name", "reason")

    def __init__(self, name: str) -> None:
        self.name = name
        self.reason: str | None = None
        self._marked = time.monotonic()
        self._resting = 0

    def goes_round(self) -> None:
        """Mark that it went round without an error."""
        self.reason = None
        self.goes_on()

    def goes_on(self) -> None:
        """Mark that it lives; ``reason`` stays as it is."""
        self._marked = time.monotonic()

    def starts_over(self, reason: str) -> None:
        """Mark that it lives and has to start over."""
        self.reason = reason
        self.goes_on()

    @contextmanager
    def rests(self) -> Iterator[None]:
        """Count as going round for as long as the block lasts: the loop waits on purpose."""
        self._resting += 1
        try:
            yield
        finally:
            self._resting -= 1
            self.goes_on()

    def is_going(self, within_seconds: float) -> bool:
        """Whether it went round within this time, or rests."""
        return self._resting > 0 or time.monotonic() - self._marked < within_seconds

    @contextmanager
    def marked_here(self) -> Iterator[None]:
        """Let code in the block, and tasks that begin in it, set the marks of this loop."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


class Loops:
    """The loops of one service, by name; ``changed`` is set when a loop begins."""

    def __init__(self) -> None:
        self.by_name: dict[str, Loop] = {}
        self.changed = asyncio.Event()

    def begin(self, name: str) -> Loop:
        """Add a loop."""
        loop = self.by_name[name] = Loop(name)
        self.changed.set()
        return loop

    def end(self, loop: Loop) -> None:
        """Remove a loop that has ended as it should."""
        if self.by_name.get(loop.name) is loop:
            del self.by_name[loop.name]


_current: Final[ContextVar[Loop | None]] = ContextVar("current loop", default=None)
loops_here: Final[ContextVar[Loops | None]] = ContextVar("loops of this service", default=None)


@contextmanager
def kept_loops() -> Iterator[Loops]:
    """The loops that begin in this block, in memory only."""
    loops = Loops()
    token = loops_here.set(loops)
    try:
        yield loops
    finally:
        loops_here.reset(token)


@contextmanager
def a_loop(name: str) -> Iterator[Loop]:
    """A loop of this service for as long as the block lasts; after an error it stays in the list, without new marks."""
    here = loops_here.get()
    loop = Loop(name) if here is None else here.begin(name)
    with loop.marked_here():
        yield loop
    if here is not None:
        here.end(loop)


def goes_round() -> None:
    """Mark that the calling loop went round without an error."""
    if (loop := _current.get()) is not None:
        loop.goes_round()


def starts_over(reason: str) -> None:
    """Mark that the calling loop lives and has to start over."""
    if (loop := _current.get()) is not None:
        loop.starts_over(reason)


@contextmanager
def rests() -> Iterator[None]:
    """Let the calling loop count as going round for as long as the block lasts: it waits on purpose."""
    loop = _current.get()
    if loop is None:
        yield
        return
    with loop.rests():
        yield
