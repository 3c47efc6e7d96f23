"""Collaborators that keep their commands in this database: what each took and rejected, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, column, func, select, table
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.collaborator.collaborator import REFUSED, SUPERSEDED
from saga.operations.read_only import read_only
from saga.postgres import Statements, one_moment

LISTED: Final = 20
"""Rejected messages of each collaborator, unless more are asked for."""

_SQL = Statements(__package__)
LIST_COLLABORATORS = _SQL["list_collaborators"]


@dataclass(frozen=True, slots=True)
class RejectedMessage:
    """A message that a collaborator did not carry out, and why; ``deliveries`` counts how often it came."""

    reason: str
    type: str | None
    message_id: str | None
    deliveries: int
    received_at: datetime
    last_received_at: datetime


@dataclass(frozen=True, slots=True)
class ListedCollaborator:
    """A collaborator and the results of its commands.

    Each distinct command is one of ``taken``, ``superseded`` (ignored: a greater revision was there) and ``refused``
    (by a handler). ``duplicates`` are deliveries of a command beyond its first. ``results`` counts commands by the
    recorded result. ``rejected`` counts messages that are kept: those of refused commands, and whatever is
    no command. ``newest_rejected`` are some of them, the newest first.
    """

    name: str
    taken: int
    superseded: int
    refused: int
    duplicates: int
    results: Mapping[str, int]
    last_received_at: datetime | None
    rejected: int
    newest_rejected: tuple[RejectedMessage, ...]

    def __post_init__(self) -> None:
        read_only(self, "results")


async def list_collaborators(engine: AsyncEngine, *, limit: int = LISTED) -> tuple[ListedCollaborator, ...]:
    """All collaborators whose tables the login may read, by name, each with ``limit`` rejected messages at most.

    Counts every command, so it reads whole tables. Raises Unavailable.
    """
    async with one_moment(engine) as connection:
        names = (await connection.execute(LIST_COLLABORATORS)).scalars().all()
        return tuple([await _read(connection, name, limit) for name in names])


async def _read(connection: AsyncConnection, name: str, limit: int) -> ListedCollaborator:
    counted = (await connection.execute(_count_commands(name))).all()
    results: dict[str, int] = {row.result: row.commands for row in counted}
    ignored = {SUPERSEDED, REFUSED}
    rejected = (await connection.execute(_newest_rejected(name, limit))).mappings()
    return ListedCollaborator(
        name=name,
        taken=sum(commands for result, commands in results.items() if result not in ignored),
        superseded=results.get(SUPERSEDED, 0),
        refused=results.get(REFUSED, 0),
        duplicates=sum(row.deliveries - row.commands for row in counted),
        results=results,
        last_received_at=max((row.last_received_at for row in counted), default=None),
        rejected=(await connection.execute(_count_rejected(name))).scalar_one(),
        newest_rejected=tuple(RejectedMessage(**row) for row in rejected),
    )


def _count_commands(schema: str) -> Select[Any]:
    """By result, in their order."""
    result: ColumnElement[str] = column("result")
    last: ColumnElement[Any] = func.max(column("last_received_at")).label("last_received_at")
    deliveries: ColumnElement[Any] = func.sum(column("deliveries")).label("deliveries")
    counted = select(result, func.count().label("commands"), deliveries, last)
    return counted.select_from(table("command", schema=schema)).group_by(result).order_by(result)


def _count_rejected(schema: str) -> Select[Any]:
    return select(func.count()).select_from(table("rejected", schema=schema))


def _newest_rejected(schema: str, limit: int) -> Select[Any]:
    names = ("reason", "type", "message_id", "deliveries", "received_at", "last_received_at")
    rejected = table("rejected", *map(column, (*names, "fingerprint")), schema=schema)
    newest: Select[Any] = select(*(rejected.c[name] for name in names))
    return newest.order_by(rejected.c.last_received_at.desc(), rejected.c.fingerprint).limit(limit)
