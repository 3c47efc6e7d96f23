"""The public log of one module, wherever it is kept: in our own database, or in another team's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.modules.reader import Horizon, Reading, read_horizon, read_public
from saga.modules.safe_horizon import SafeHorizon
from saga.postgres import Unavailable, reading


class Unreachable(Exception):
    """A log can't be asked now; the message says why, without an address."""


class PublicLog:
    """What others may read of a module. ``is_here`` where it is kept in the database that we can't do without anyway.

    Every method raises Unreachable when another team's database is away, and Unavailable when our own is.
    """

    def __init__(self, module: str, engine: AsyncEngine, *, is_here: bool) -> None:
        self.module = module
        self._engine = engine
        self._is_here = is_here
        self._safe_horizon = SafeHorizon(module)

    async def horizon(self) -> Horizon | None:
        """How far it goes; None where no log of this name is kept."""
        async with self._asked() as connection:
            return await read_horizon(connection, self.module)

    async def read(self, after: int, *, upto: int, handled: str, limit: int) -> Reading:
        """A page of it, as ``read_public`` gives it. Raises Pruned too."""
        async with self._asked() as connection:
            return await read_public(connection, self.module, after, limit=limit, upto=upto, handled=handled)

    async def safe_horizon(self) -> int:
        """How far nothing can appear any more, as far as that is known by now: ask again."""
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
