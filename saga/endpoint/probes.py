"""Probes: whether the loops of this service go round, and whether the servers that it needs are in reach.

A service that is not healthy should be started anew. One that is not ready waits for something else: starting it anew
does not help.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from saga.heartbeat import SILENT_SECONDS, Loops
from saga.postgres import LostRace, Unavailable
from saga.service import Look

LOOK_SECONDS: Final = 5.0
"""How long all servers together have to answer."""
FRESH_SECONDS: Final = 2.0
"""How long an answer of the servers holds: more questions do not cost them more."""


class Probes:
    """What is wrong with this service. Before ``watch`` it has no loops, and is not ready."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._loops: Loops | None = None
        self._looks: Sequence[Look] = ()
        self._working: Sequence[asyncio.Event] = ()
        self._looking = asyncio.Lock()
        self._looked_at = -FRESH_SECONDS
        self._unreachable: list[str] = []

    def watch(self, loops: Loops, looks: Sequence[Look], working: Sequence[asyncio.Event] = ()) -> None:
        """Watch these loops and servers from now on; the service is ready once all of ``working`` are set."""
        self._loops, self._looks, self._working = loops, looks, working

    def standing_loops(self) -> list[str]:
        """A sentence for each loop that has not gone round for SILENT_SECONDS."""
        loops = [] if self._loops is None else list(self._loops.by_name.values())
        return [
            f"{loop.name} has not gone round for {SILENT_SECONDS:g} s"
            for loop in loops
            if not loop.is_going(SILENT_SECONDS)
        ]

    async def obstacles(self) -> list[str]:
        """A sentence for each reason why this service can't work now."""
        if self._stop.is_set():
            return ["it stops"]
        if self._loops is None or not all(one.is_set() for one in self._working):
            return ["it has not begun: its log says what it waits for"]
        async with self._looking:
            if time.monotonic() - self._looked_at >= FRESH_SECONDS:
                self._unreachable = await self._look()
                self._looked_at = time.monotonic()
        return [*self.standing_loops(), *self._unreachable]

    async def _look(self) -> list[str]:
        problems: list[str] = []
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                for look in self._looks:
                    try:
                        await look()
                    except (Unavailable, LostRace) as error:
                        problems.append(f"{getattr(error, 'server', None) or 'database'}: {error}")
        except TimeoutError:
            problems.append(f"not all servers answered within {LOOK_SECONDS:g} s")
        return problems
