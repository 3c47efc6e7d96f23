"""A lookout for what is stuck: finding that out reads all that is open, so pages do not wait for it for long.

One look at a time, however many ask. Who asks waits a little; after that they get what was seen last, with the time of
it. A look that takes long is not repeated at once: it may keep one connection busy for a sixth of the time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from saga.operations import ListedInstance, LostRace, Unavailable

WAIT_SECONDS: Final = 0.12
FIRST_WAIT: Final = 10
"""Times as long, while nothing was seen yet."""
REST: Final = 5.0
"""Times as long as the look took."""
SHOWN_FRESH_SECONDS: Final = 2.0

Look = Callable[[], Awaitable[tuple[ListedInstance, ...]]]


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen, when; ``is_fresh`` says that it is not worth a word that it is not of this moment."""

    instances: tuple[ListedInstance, ...]
    at: datetime

    @property
    def is_fresh(self) -> bool:
        """Whether it is of this moment, for people."""
        return (datetime.now(UTC) - self.at).total_seconds() < SHOWN_FRESH_SECONDS


@dataclass(slots=True)
class Lookout:
    """Looks when it is asked; ``look`` does it. Who asks waits for ``wait_seconds`` seconds, at first for longer."""

    look: Look
    wait_seconds: float = WAIT_SECONDS
    _seen: Sight | None = None
    _looking: "asyncio.Task[None] | None" = None
    _rests_until: float = field(default=0.0)

    async def ask(self) -> Sight | None:
        """What is stuck, as far as it is known; None if the first look takes long, or the database does not answer."""
        loop = asyncio.get_running_loop()
        if self._looking is None and loop.time() >= self._rests_until:
            # In a context of its own: the page that asks holds a moment, which ends before this does.
            self._looking = loop.create_task(self._look(), context=Context())
        if self._looking is not None:
            wait_seconds = self.wait_seconds if self._seen else FIRST_WAIT * self.wait_seconds
            await asyncio.wait([self._looking], timeout=wait_seconds)
        return self._seen

    async def stop(self) -> None:
        """End a look that is under way."""
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        began, at = loop.time(), datetime.now(UTC)
        try:
            self._seen = Sight(await self.look(), at)
        except (Unavailable, LostRace):
            self._seen = None
        finally:
            took = loop.time() - began
            self._rests_until = loop.time() + (took * REST if took > self.wait_seconds else 0.0)
            self._looking = None
