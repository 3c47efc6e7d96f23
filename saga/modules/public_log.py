"""The public log of one module, in our own database or in another team's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.modules.reader import Horizon, Reading, read_horizon, read_public
from saga.modules.safe_horizon import SafeHorizon
from saga.postgres import Unavailable, reading


class Unreachable(Exception):
    """A log can't be read now; the message says why, without an address."""


class PublicLog:
    """The public part of a module's log. ``is_here`` says that it is in our own database.

    Every method raises Unreachable if another team's database is away, and Unavailable if our own is.
    """

    def __init__(self, module: str, engine: AsyncEngine, *, is_here: bool) -> None:
        self.module = module
        self._engine = engine
        self._is_here = is_here
        self._safe_horizon = SafeHorizon(module)

    async def horizon(self) -> Horizon | None:
        """The log's horizon; None if the database has no log of this name."""
        async with self._asked() as connection:
            return await read_horizon(connection, self.module)

    async def read(self, after: int, *, upto: int, handled: str, limit: int) -> Reading:
        """Read a page, as ``read_public``. Raises Pruned too."""
        async with self._asked() as connection:
            return await read_public(connection, self.module, after, limit=limit, upto=upto, handled=handled)

    async def safe_horizon(self) -> int:
        """The position up to which no event can appear any more, as far as is known now; it grows with later calls."""
        async with self._asked() as connection:
            return await self._safe_horizon.look(connection)

    @asynccontextmanager
    async def _asked(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with reading(self._engine) as connection:
                yield connection
        except Unavailable as error:
            if self._is_here:
                raise
            raise Unreachable(f"the log of {self.module} can't be reached: {error}") from error
