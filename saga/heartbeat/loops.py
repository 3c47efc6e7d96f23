"""Loops, and the marks that they make in memory when they go round.

Which loop it is that goes round is known from the context: a task that a loop starts makes its loop's marks. So a batch
deep inside of a loop can say that it goes on, and nothing in between has to know.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final


class Loop:
    """A loop of this process. ``reason`` says why it starts over again and again; None while it works."""

    __slots__ = ("_marked", "_resting", "name", "reason")

    def __init__(self, name: str) -> None:
        self.name = name
        self.reason: str | None = None
        self._marked = time.monotonic()
        self._resting = 0

    def goes_round(self) -> None:
        """Say that all is well."""
        self.reason = None
        self.goes_on()

    def goes_on(self) -> None:
        """Say that it lives, and that nothing has changed."""
        self._marked = time.monotonic()

    def starts_over(self, reason: str) -> None:
        """Say that it lives and has to begin again."""
        self.reason = reason
        self.goes_on()

    @contextmanager
    def rests(self) -> Iterator[None]:
        """Say for how long it waits by its own choice."""
        self._resting += 1
        try:
            yield
        finally:
            self._resting -= 1
            self.goes_on()

    def is_going(self, within_seconds: float) -> bool:
        """Whether it went round that recently, or rests."""
        return self._resting > 0 or time.monotonic() - self._marked < within_seconds

    @contextmanager
    def marked_here(self) -> Iterator[None]:
        """Let what is done in here, and in tasks that begin here, make the marks of this loop."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


class Loops:
    """The loops of one service, by name; ``changed`` is set when another one begins."""

    def __init__(self) -> None:
        self.by_name: dict[str, Loop] = {}
        self.changed = asyncio.Event()

    def begin(self, name: str) -> Loop:
        """Another one."""
        loop = self.by_name[name] = Loop(name)
        self.changed.set()
        return loop

    def end(self, loop: Loop) -> None:
        """One that is over, and will not be missed."""
        if self.by_name.get(loop.name) is loop:
            del self.by_name[loop.name]


_current: Final[ContextVar[Loop | None]] = ContextVar("current loop", default=None)
loops_here: Final[ContextVar[Loops | None]] = ContextVar("loops of this service", default=None)


@contextmanager
def a_loop(name: str) -> Iterator[Loop]:
    """A loop of this service for as long as the block lasts; one that ends by an error stays known, and silent."""
    here = loops_here.get()
    loop = Loop(name) if here is None else here.begin(name)
    with loop.marked_here():
        yield loop
    if here is not None:
        here.end(loop)


def goes_round() -> None:
    """Say that the loop in which this is called is well."""
    if (loop := _current.get()) is not None:
        loop.goes_round()


def starts_over(reason: str) -> None:
    """Say that the loop in which this is called lives, and has to begin again."""
    if (loop := _current.get()) is not None:
        loop.starts_over(reason)


@contextmanager
def rests() -> Iterator[None]:
    """Say for how long the loop in which this is called waits by its own choice."""
    loop = _current.get()
    if loop is None:
        yield
        return
    with loop.rests():
        yield
