"""Repairs a cursor that claims more than was handled: sets it back to what can be proved.

The problem: a cursor can claim positions that were never handled, because a message invented them and an earlier
version believed it, or because a module whose log is in another database claimed a position that its log never had. An
event that comes at such a position is then taken for a duplicate.

The model: a position is proved if the inbox or a dead letter has it, or if the log is in this database and has no event
for the consumer there. All other positions count as missing from then on: the log feed reads them, or they are
delivered again. A message that had been handled after all is then a duplicate, as long as its inbox row exists.
Retention leaves no rows, but it prunes the log too, so all positions up to there count as handled; or all positions up
to one that a person gives.

Workers may run meanwhile. The repair locks the cursor like a fold, and steps skip it. It first deletes ranges that were
not folded and then reads the inbox, when the rows of the steps that covered them are visible.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from saga.core import Process
from saga.postgres import Statements

_SQL = Statements(__package__)
HOLD_CURSOR = _SQL["hold_cursor"]
DROP_CURSOR_ADVANCES = _SQL["drop_cursor_advances"]
RELEASE_FALSE_POSITIONS = _SQL["release_false_positions"]
PROVE_HANDLED_HERE = _SQL["prove_handled_here"]
PROVE_HANDLED_ELSEWHERE = _SQL["prove_handled_elsewhere"]
SET_CURSOR = _SQL["set_cursor"]
DELETE_CURSORS = _SQL["delete_cursors"]


@dataclass(frozen=True, slots=True)
class KnownLog:
    """A module's log, as it was at ``asked_at``. All its positions up to ``begin`` count as handled.

    ``last_position`` is None if the log can't be read.
    """

    module: str
    is_here: bool
    last_position: int | None
    begin: int
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class CursorPlace:
    """The position of a cursor: the watermark, and the handled ranges above it in PostgreSQL's notation."""

    watermark: int
    handled: str


@dataclass(frozen=True, slots=True)
class RepairedCursor:
    """A cursor before and after; ``released`` counts falsely claimed positions that are free again."""

    consumer: str
    module: str
    before: CursorPlace
    after: CursorPlace
    released: int

    @property
    def is_changed(self) -> bool:
        """Whether the repair changed anything."""
        return self.before != self.after or self.released > 0


async def repair(connection: AsyncConnection, process: Process, log: KnownLog) -> RepairedCursor | None:
    """Set the cursor of a process in a log to the proved positions; None if it has no cursor there."""
    this = {"consumer": process.name, "module": log.module}
    held = (await connection.execute(HOLD_CURSOR, this)).one_or_none()
    if held is None:
        return None
    await connection.execute(DROP_CURSOR_ADVANCES, this)
    known = {**asdict(log), **this}
    released = (await connection.execute(RELEASE_FALSE_POSITIONS, known)).scalar_one()
    if log.is_here:
        types = [kind.__name__ for kind in process.inputs[log.module]]
        proved = await connection.execute(PROVE_HANDLED_HERE, {**known, "types": types})
    else:
        proved = await connection.execute(PROVE_HANDLED_ELSEWHERE, known)
    after = (await connection.execute(SET_CURSOR, {**this, "handled": proved.scalar_one()})).one()
    return RepairedCursor(process.name, log.module, CursorPlace(*held), CursorPlace(*after), released)


async def forget_unheard(connection: AsyncConnection, process: Process) -> Sequence[str]:
    """Remove the cursors of a process in modules that it does not consume, and return these modules."""
    heard = {"consumer": process.name, "modules": list(process.inputs)}
    return sorted((await connection.execute(DELETE_CURSORS, heard)).scalars())
