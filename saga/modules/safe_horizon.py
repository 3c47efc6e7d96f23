"""The safe horizon of a log that gives only positions: how far nothing can appear any more.

The problem: in a log whose positions come from an identity column, position order is not commit order. A position that
is not there may have been rolled back, or belong to a transaction that is still open; who passes it loses the event.

The model: whoever takes a position that is missing below one that can be seen took it before, in a transaction that is
open or has ended. So look at the last position first, and at the open transactions after that. Once the last of these
has ended, everything that will ever stand at or below that position can be seen: what is missing then was rolled back.

A transaction that is prepared loses the name it had, and has not ended. So where one of those that are waited for is
gone, whatever has been prepared since the wait began is waited for in its place.

It holds as long as a position is taken in the transaction that writes it: not with sequences that hand out positions in
advance (CACHE above 1). A transaction that stays open holds the safe horizon up, and nothing else does.
"""

from dataclasses import dataclass, replace
from typing import Self

from sqlalchemy.ext.asyncio import AsyncConnection

from saga.modules.reader import read_horizon
from saga.postgres import Statements

READ_OPEN_TRANSACTIONS = Statements(__package__)["read_open_transactions"]


@dataclass(frozen=True, slots=True)
class _Open:
    """The transactions that are open at one moment, by their names, which the prepared ones change."""

    running: frozenset[str]
    prepared: frozenset[str]

    @classmethod
    async def read(cls, connection: AsyncConnection) -> Self:
        rows = (await connection.execute(READ_OPEN_TRANSACTIONS)).all()
        running, prepared = (
            frozenset(row.transaction for row in rows if row.is_prepared is is_prepared)
            for is_prepared in (False, True)
        )
        return cls(running, prepared)

    def __bool__(self) -> bool:
        return bool(self.running or self.prepared)


@dataclass(frozen=True, slots=True)
class _Wait:
    """The position to be passed, and who might still write before it; ``prepared`` were so when the wait began."""

    last_position: int
    writing: _Open
    prepared: frozenset[str]

    def going_on(self, now: _Open) -> Self:
        """The same with those who are left."""
        running = self.writing.running & now.running
        renamed = now.prepared - self.prepared if running != self.writing.running else frozenset()
        return replace(self, writing=_Open(running, (self.writing.prepared & now.prepared) | renamed))


class SafeHorizon:
    """The safe horizon of one module's log, found by looking again and again."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._position = 0
        self._wait: _Wait | None = None

    async def look(self, connection: AsyncConnection) -> int:
        """The position up to which nothing can appear any more. Looks with two statements: at read committed only."""
        known = await read_horizon(connection, self._module)
        last_position = known.last_position if known else 0
        now = await _Open.read(connection)
        if self._wait is not None:
            self._pass(self._wait.going_on(now))
        if self._wait is None and last_position > self._position:
            self._pass(_Wait(last_position, now, now.prepared))
        return self._position

    def _pass(self, wait: _Wait) -> None:
        """Pass the position if nobody is left to wait for."""
        if wait.writing:
            self._wait = wait
        else:
            self._position, self._wait = wait.last_position, None
