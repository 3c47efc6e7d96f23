"""The safe horizon of a log that has positions only: the position up to which no event can appear any more.

The problem: if positions come from an identity column, position order is not commit order. A missing position may have
been rolled back, or belong to a transaction that is still open; a reader that passes it then loses the event.

The model: a position that is missing below a visible one was assigned before that one, in a transaction that is open or
has ended. So read the last position first, and then the open transactions. Once all of these have ended, every event up
to that position is visible: the positions that are missing then were rolled back.

A transaction that is prepared loses its former name, but has not ended. So if one of the awaited transactions is gone,
we also wait for all transactions that were prepared since the wait began.

This works only if a position is assigned in the transaction that writes it: not with sequences that assign positions in
advance (CACHE above 1). A transaction that stays open stops the safe horizon; nothing else does.
"""

from dataclasses import dataclass, replace
from typing import Self

from sqlalchemy.ext.asyncio import AsyncConnection

from saga.modules.reader import read_horizon
from saga.postgres import Statements

READ_OPEN_TRANSACTIONS = Statements(__package__)["read_open_transactions"]


@dataclass(frozen=True, slots=True)
class _Open:
    """The transactions that are open at one moment, by name; preparing a transaction changes its name."""

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
    """A position, the transactions that may still write up to it, and those that were ``prepared`` at the start."""

    last_position: int
    writing: _Open
    prepared: frozenset[str]

    def going_on(self, now: _Open) -> Self:
        """The same wait, for the transactions that are still open."""
        running = self.writing.running & now.running
        renamed = now.prepared - self.prepared if running != self.writing.running else frozenset()
        return replace(self, writing=_Open(running, (self.writing.prepared & now.prepared) | renamed))


class SafeHorizon:
    """The safe horizon of one module's log; repeated calls of ``look`` move it."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._position = 0
        self._wait: _Wait | None = None

    async def look(self, connection: AsyncConnection) -> int:
        """The position up to which no event can appear any more. It needs READ COMMITTED: it uses two statements."""
        known = await read_horizon(connection, self._module)
        last_position = known.last_position if known else 0
        now = await _Open.read(connection)
        if self._wait is not None:
            self._pass(self._wait.going_on(now))
        if self._wait is None and last_position > self._position:
            self._pass(_Wait(last_position, now, now.prepared))
        return self._position

    def _pass(self, wait: _Wait) -> None:
        """Move to the position if no transaction is left to wait for."""
        if wait.writing:
            self._wait = wait
        else:
            self._position, self._wait = wait.last_position, None
