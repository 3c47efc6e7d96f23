"""Audits the sent commands: whether a process's log and its collaborators have the same ones.

The problem: a database that loses commits may lose from the log a command that was carried out, or from a collaborator
a command that counts as delivered. An instance shows neither.

The model: a collaborator that keeps its commands in this database has them in the table ``command`` of a schema of its
own name: ``command_id``, ``type``, ``body``, ``received_at``. A command's id is derived from its contents, which shows
which commands are this process's. Each of them must be in the process's log, since it is sent from there. The other way
round, the collaborator must have each command of the log that precedes one that it has had for some time: a command
that is missing among these is not on its way any more. Commands that the collaborator rejected (a table ``rejected``
with ``message_id``) or that the broker gave up count as found.

Commands that were pruned with their instance can't be checked and are left out. Both sides are read page by page, each
page as of one moment.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, CompoundSelect, Row, Select, any_, bindparam, column, func, select, table
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.types import Text

from saga.core import Effect, Process
from saga.messages.identity import derived_id
from saga.postgres import Statements, one_moment
from saga.verification.audit.events import READ_CAME_BACK

COMMANDS_AT_ONCE: Final = 1_000
ON_ITS_WAY: Final = timedelta(seconds=30)
"""How long a command may be overtaken by others: several batches are handled side by side, and some twice."""

_SQL = Statements(__package__)
READ_COLLABORATORS = _SQL["read_collaborators"]
FIND_COMMANDS = _SQL["find_commands"]
READ_SENT = _SQL["read_sent"]
READ_GIVEN_UP = _SQL["read_given_up"]


@dataclass(frozen=True, slots=True)
class StrayCommand:
    """A command that only one side has: the log of the process, or the collaborator.

    ``is_recorded`` says which: it is in the log, and the collaborator lacks it; or the other way round.
    """

    process: str
    collaborator: str
    command_id: str
    type: str
    process_id: str
    is_recorded: bool

    @property
    def sentence(self) -> str:
        """What is wrong, in words."""
        what = f"{self.type} {self.command_id} about {self.process_id}"
        if self.is_recorded:
            return f"{what} was sent to {self.collaborator}, which has later ones and lacks it"
        return f"{self.collaborator} has {what}, and the log lacks it"


@dataclass(frozen=True, slots=True)
class AuditedCommands:
    """A page: the number of compared commands, and those that only one side has."""

    compared: int
    astray: tuple[StrayCommand, ...]


@dataclass(frozen=True, slots=True)
class _Collaborator:
    """A collaborator that keeps its commands in this database; the statements are built for its own tables."""

    name: str
    keeps_rejected: bool

    def next_commands(self, process: Process, after: str, limit: int) -> Select[Any]:
        """Commands after an id, with the values that their ids derive from; ``is_old``: older than ON_ITS_WAY."""
        command = table("command", schema=self.name)
        command_id, body = column("command_id", Text), column("body", JSONB)
        is_old: ColumnElement[bool] = column("received_at") < func.clock_timestamp() - ON_ITS_WAY
        said = [body[name].astext.label(name) for name in ("effect", "revision")]
        about = body[process.correlate].astext.label("process_id")
        wanted = select(command_id, column("type"), about, *said, is_old.label("is_old")).select_from(command)
        return wanted.where(command_id > after).order_by(command_id).limit(limit)

    def known(self, ids: Sequence[str]) -> Select[Any] | CompoundSelect[Any]:
        """Which of these commands it has or has rejected."""
        wanted = any_(bindparam("ids", list(ids), ARRAY(Text)))
        taken: Select[Any] = select(column("command_id")).select_from(table("command", schema=self.name))
        taken = taken.where(column("command_id") == wanted)
        if not self.keeps_rejected:
            return taken
        rejected: Select[Any] = select(column("message_id")).select_from(table("rejected", schema=self.name))
        return taken.union_all(rejected.where(column("message_id") == wanted))


async def audit_commands(
    engine: AsyncEngine, process: Process, page_size: int = COMMANDS_AT_ONCE
) -> AsyncGenerator[AuditedCommands, None]:
    """Audit the commands of collaborators that keep them in this database, a page at a time. Raises Unavailable."""
    names = sorted({effect.collaborator for effect in process.effects if isinstance(effect, Effect)})
    async with one_moment(engine) as connection:
        rows = (await connection.execute(READ_COLLABORATORS, {"collaborators": names})).all()
    for row in rows:
        collaborator = _Collaborator(row.collaborator, row.keeps_rejected)
        after: str | None = ""
        overtaken_upto = 0
        while after is not None:
            async with one_moment(engine) as connection:
                page = (await connection.execute(collaborator.next_commands(process, after, page_size))).all()
                own = [one for one in page if _is_of(process, one)]
                positions = await _positions(connection, process, collaborator, own)
                missing = [one for one in own if one.command_id not in positions]
                unrecorded = await _unrecorded(connection, process, missing)
            yield AuditedCommands(len(own), tuple(_has(process, collaborator, one) for one in unrecorded))
            old = (positions[one.command_id] for one in own if one.is_old and one.command_id in positions)
            overtaken_upto = max(overtaken_upto, *old, 0)
            after = page[-1].command_id if len(page) == page_size else None
        async with aclosing(_overtaken(engine, process, collaborator, overtaken_upto, page_size)) as pages:
            async for lacking in pages:
                yield AuditedCommands(len(lacking), lacking)


def _is_of(process: Process, row: Row[Any]) -> bool:
    """Whether it is a command of this process: only this process derives its id."""
    if None in (row.process_id, row.effect, row.revision):
        return False
    return bool(row.command_id == derived_id("command", process.name, row.process_id, row.effect, row.revision))


async def _positions(
    connection: AsyncConnection, process: Process, collaborator: _Collaborator, commands: Sequence[Row[Any]]
) -> dict[str, int]:
    """The positions in the log of the collaborator's commands, without those that are not there."""
    if not commands:
        return {}
    parameters = {"own": process.module, "collaborator": collaborator.name} | {
        "process_ids": sorted({one.process_id for one in commands}),
        "command_ids": [one.command_id for one in commands],
    }
    return {row.event_id: row.position for row in await connection.execute(FIND_COMMANDS, parameters)}


async def _unrecorded(connection: AsyncConnection, process: Process, missing: Sequence[Row[Any]]) -> list[Row[Any]]:
    """The missing commands that were not pruned."""
    if not missing:
        return []
    about = {"own": process.module, "process": process.name, "process_ids": sorted({one.process_id for one in missing})}
    pruned = set((await connection.execute(READ_CAME_BACK, about)).scalars())
    return [one for one in missing if one.process_id not in pruned]


def _has(process: Process, collaborator: _Collaborator, row: Row[Any]) -> StrayCommand:
    return StrayCommand(process.name, collaborator.name, row.command_id, row.type, row.process_id, is_recorded=False)


async def _overtaken(
    engine: AsyncEngine, process: Process, collaborator: _Collaborator, upto: int, page_size: int
) -> AsyncGenerator[tuple[StrayCommand, ...], None]:
    """Commands in the log up to a position that the collaborator lacks, a page at a time."""
    after = 0
    parameters = {"own": process.module, "collaborator": collaborator.name, "upto": upto, "limit": page_size}
    while after < upto:
        async with one_moment(engine) as connection:
            sent = (await connection.execute(READ_SENT, parameters | {"after": after})).all()
            known = set((await connection.execute(collaborator.known([one.event_id for one in sent]))).scalars())
            if lacking := [one for one in sent if one.event_id not in known]:
                ids = [one.event_id for one in lacking]
                known |= set((await connection.execute(READ_GIVEN_UP, {"command_ids": ids})).scalars())
        yield tuple(
            StrayCommand(process.name, collaborator.name, one.event_id, one.type, one.stream_id, is_recorded=True)
            for one in lacking
            if one.event_id not in known
        )
        after = sent[-1].position if len(sent) == page_size else upto
