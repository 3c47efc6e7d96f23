"""Live: one task asks once a second what changed, and names it to everybody who watches; pages ask again themselves.

However many watch, the database is asked once. Nobody is asked for while nobody watches. A client that does not keep up
loses names, not order: the next name makes its page ask for everything anyway.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from saga.operations import LostRace, Unavailable

LOOK_SECONDS: Final = 1.0
RECENT_SECONDS: Final = 5.0
KEEPALIVE_SECONDS: Final = 15.0
STREAM_SECONDS: Final = 600.0
"""Then a browser asks again by itself, so a session that has ended gets no more of it."""
MOST_WAITING: Final = 16
MOST_CLIENTS: Final = 200

Look = Callable[[], Awaitable[Mapping[str, str]]]
"""What there is, by name, in a form that changes when it does."""


@dataclass(slots=True)
class Live:
    """Who watches."""

    _clients: set[asyncio.Queue[str]] = field(default_factory=set)
    _said_at: dict[str, float] = field(default_factory=dict)
    _watched: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_full(self) -> bool:
        """Whether so many watch that nobody else can."""
        return len(self._clients) >= MOST_CLIENTS

    async def run(self, look: Look) -> None:
        """Ask again and again, until cancelled; only while somebody watches."""
        seen: Mapping[str, str] = {}
        while True:
            await self._watched.wait()
            try:
                now = await look()
            except (Unavailable, LostRace):
                now = {**seen, "database": "away"}
            for name in sorted(now.keys() | seen.keys()):
                if now.get(name) != seen.get(name):
                    self.say(name)
            seen = now
            await asyncio.sleep(LOOK_SECONDS)

    def say(self, name: str) -> None:
        """Give a name to all who watch, and to who begins to watch soon: a page is older than its connection."""
        self._said_at[name] = time.monotonic()
        for client in self._clients:
            with suppress(asyncio.QueueFull):
                client.put_nowait(name)

    async def events(self) -> AsyncIterator[bytes]:
        """What one client gets, as server-sent events; next to nothing, if too many came at the same moment."""
        if self.is_full:
            yield b": too many watch already\n\n"
            return
        client: asyncio.Queue[str] = asyncio.Queue(MOST_WAITING)
        for name in [one for one, at in self._said_at.items() if time.monotonic() - at < RECENT_SECONDS]:
            client.put_nowait(name)
        self._clients.add(client)
        self._watched.set()
        try:
            yield b": watching\n\n"
            until = time.monotonic() + STREAM_SECONDS
            while not self.stopping.is_set() and time.monotonic() < until:
                yield await self._next(client)
        finally:
            self._clients.discard(client)
            if not self._clients:
                self._watched.clear()

    async def _next(self, client: asyncio.Queue[str]) -> bytes:
        waiting = asyncio.create_task(client.get())
        ending = asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait([waiting, ending], timeout=KEEPALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            return f"event: {waiting.result()}\ndata: changed\n\n".encode() if waiting.done() else b": still here\n\n"
        finally:
            waiting.cancel()
            ending.cancel()
