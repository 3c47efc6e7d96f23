"""Dead letters, for people: lists of them, and all of one."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from saga.core import Process
from saga.engine.dead_letters import as_kept, dump_properties, load_raw
from saga.messages import Raw
from saga.postgres import Statements

_SQL = Statements(__package__)
LIST_DEAD_LETTERS = _SQL["list_dead_letters"]
LIST_OPEN_DEAD_LETTERS = _SQL["list_open_dead_letters"]
LIST_OPEN_IDS = _SQL["list_open_ids"]
COUNT_OPEN_DEAD_LETTERS = _SQL["count_open_dead_letters"]
COUNT_OPEN_DEAD_LETTERS_OF = _SQL["count_open_dead_letters_of"]
READ_DEAD_LETTERS = _SQL["read_dead_letters"]
FIND_SUCCESSOR = _SQL["find_successor"]
READ_OPEN_REASONS = _SQL["read_open_reasons"]

MOST_LISTED = 200
"""Of one instance, unless more are asked for."""


@dataclass(frozen=True, slots=True)
class OpenLetter:
    """A dead letter in a list. Texts come from whoever sent the message."""

    id: int
    consumer: str
    kind: str
    type: str | None
    process_id: str | None
    reason: str
    attempts: int
    state: str
    first_seen_at: datetime
    last_seen_at: datetime
    age_seconds: float


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """All of a dead letter: what is known of the message, and its raw form."""

    id: int
    consumer: str
    kind: str
    type: str | None
    process_id: str | None
    reason: str
    attempts: int
    state: str
    source: str | None
    message_id: str | None
    module: str | None
    position: int | None
    body: bytes
    properties: Mapping[str, Any]
    first_seen_at: datetime
    last_seen_at: datetime
    closed_at: datetime | None

    @property
    def raw(self) -> Raw:
        """The message as it came in."""
        return load_raw(self.body, self.properties)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which dead letters are looked for; None takes any.

    ``text`` may stand anywhere in them. They came last at the moment ``since`` or later.
    """

    state: str | None = None
    process_id: str | None = None
    type: str | None = None
    text: str | None = None
    since: datetime | None = None


async def list_dead_letters(connection: AsyncConnection, wanted: Wanted, *, limit: int) -> tuple[OpenLetter, ...]:
    """The dead letters that are looked for, newest first."""
    process_id = None if wanted.process_id is None else as_kept(wanted.process_id)
    rows = await connection.execute(LIST_DEAD_LETTERS, {**asdict(wanted), "process_id": process_id, "limit": limit})
    return tuple(OpenLetter(**row) for row in rows.mappings())


def modules_about(process: Process) -> list[str]:
    """The modules whose entries are about instances of the process."""
    return [process.module, *process.inputs]


async def open_letters_of(
    connection: AsyncConnection,
    process_id: str,
    consumer: str | None = None,
    *,
    modules: Sequence[str] = (),
    limit: int = MOST_LISTED,
) -> tuple[OpenLetter, ...]:
    """The first open dead letters that name this instance, of one consumer or of all, oldest first.

    With those of one consumer come the relay's about these ``modules``.
    """
    parameters = {"process_id": as_kept(process_id), "consumer": consumer, "modules": list(modules), "limit": limit}
    rows = await connection.execute(LIST_OPEN_DEAD_LETTERS, parameters)
    return tuple(OpenLetter(**row) for row in rows.mappings())


async def count_open_of(
    connection: AsyncConnection, process_id: str, consumer: str | None = None, *, modules: Sequence[str] = ()
) -> int:
    """How many open dead letters ``open_letters_of`` would list without a limit."""
    parameters = {"process_id": as_kept(process_id), "consumer": consumer, "modules": list(modules)}
    count: int = (await connection.execute(COUNT_OPEN_DEAD_LETTERS_OF, parameters)).scalar_one()
    return count


async def list_open_ids(connection: AsyncConnection) -> list[int]:
    """The ids of all open dead letters, oldest first."""
    return list((await connection.execute(LIST_OPEN_IDS)).scalars())


async def count_open(connection: AsyncConnection) -> int:
    """How many dead letters wait for a person."""
    count: int = (await connection.execute(COUNT_OPEN_DEAD_LETTERS)).scalar_one()
    return count


async def read_dead_letters(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, KeptMessage]:
    """All of these dead letters, by id; those that do not exist are missing."""
    rows = await connection.execute(READ_DEAD_LETTERS, {"dead_letter_ids": list(ids)})
    kept = (KeptMessage(**row | {"properties": orjson.loads(row["properties"])}) for row in map(dict, rows.mappings()))
    return {letter.id: letter for letter in kept}


async def read_open_reasons(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, str]:
    """Why dead letters are open, by id; those that are not are missing."""
    rows = await connection.execute(READ_OPEN_REASONS, {"dead_letter_ids": list(ids)})
    return {row.dead_letter_id: row.reason for row in rows}


async def find_successor(connection: AsyncConnection, letter: KeptMessage) -> OpenLetter | None:
    """The open dead letter of the same consumer with this message, which came of this one or is itself."""
    properties = orjson.dumps(dump_properties(letter.raw)).decode()
    parameters = {"dead_letter_id": letter.id, "body": letter.body, "properties": properties}
    row = (await connection.execute(FIND_SUCCESSOR, parameters)).mappings().one_or_none()
    return OpenLetter(**row) if row else None
