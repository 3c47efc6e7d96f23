"""Repair of a cursor that claims more than was handled: it is set back to what can be proved.

The problem: a cursor can say that positions were handled at which nothing ever was, because a message invented them and
an earlier version believed it, or because a module whose log is kept elsewhere told of a position that its log never
had. What comes at these positions is then taken for a repeat.

The model: proved is what the inbox or a dead letter knows under its position, and where the log is kept here, that it
has nothing to hear. Everything else is missing from then on: the log feed reads it, or it is delivered again. What was
handled all the same is a repeat then, as long as its inbox row is there. Of what retention has pruned no row is left.
The log is pruned with it, so all up to there counts as handled; or all up to a position for which a person vouches.

Workers may run meanwhile. The cursor is locked, as by whoever folds; a step passes by. Ranges that were not folded go
first, and the inbox is looked at afterwards, when the rows of the steps that covered them can be seen.
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
    """A module's log, as it was at ``asked_at``, and how far everything in it counts as handled: up to ``begin``.

    ``last_position`` is None where the log can't be asked.
    """

    module: str
    is_here: bool
    last_position: int | None
    begin: int
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class CursorPlace:
    """Where a cursor stands: the watermark, and the handled ranges above it, as PostgreSQL writes them."""

    watermark: int
    handled: str


@dataclass(frozen=True, slots=True)
class RepairedCursor:
    """A cursor before and after; ``released`` counts positions that messages had claimed and that are free again."""

    consumer: str
    module: str
    before: CursorPlace
    after: CursorPlace
    released: int

    @property
    def is_changed(self) -> bool:
        """Whether anything was wrong."""
        return self.before != self.after or self.released > 0


async def repair(connection: AsyncConnection, process: Process, log: KnownLog) -> RepairedCursor | None:
    """Set the cursor of a process in a log to what is proved; None if it has no cursor there."""
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
    """Remove the cursors of a process in modules that it does not hear; which modules those were."""
    heard = {"consumer": process.name, "modules": list(process.inputs)}
    return sorted((await connection.execute(DELETE_CURSORS, heard)).scalars())
