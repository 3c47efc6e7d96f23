"""Reads dead letters: lists of them, or one as a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Process
from saga.engine.dead_letters import as_kept, dump_properties, load_raw
from saga.messages import Raw
from saga.operations.errors import OperationFailed
from saga.operations.read_only import read_only
from saga.postgres import Statements, one_moment

_SQL = Statements(__package__)
LIST_DEAD_LETTERS = _SQL["list_dead_letters"]
LIST_OPEN_DEAD_LETTERS = _SQL["list_open_dead_letters"]
LIST_OPEN_IDS = _SQL["list_open_ids"]
COUNT_OPEN_DEAD_LETTERS = _SQL["count_open_dead_letters"]
COUNT_OPEN_BY_KIND = _SQL["count_open_dead_letters_by_kind"]
COUNT_OPEN_DEAD_LETTERS_OF = _SQL["count_open_dead_letters_of"]
READ_DEAD_LETTERS = _SQL["read_dead_letters"]
FIND_SUCCESSOR = _SQL["find_successor"]
READ_OPEN_REASONS = _SQL["read_open_reasons"]
READ_OWNERS = _SQL["read_owners"]

LISTED = 50
"""Dead letters, unless more are asked for."""


@dataclass(frozen=True, slots=True)
class ListedDeadLetter:
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
class DeadLetter:
    """A whole dead letter: what is known of the message, and its raw form. Texts come from whoever sent it.

    ``state`` is "open", "redriven" or "discarded". ``properties`` are those of the AMQP message, headers included.
    """

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

    def __post_init__(self) -> None:
        read_only(self, "properties")


class UnknownDeadLetters(OperationFailed):
    """There are no dead letters with these ``ids``."""

    def __init__(self, ids: Sequence[int]) -> None:
        super().__init__(f"there is no dead letter {', '.join(map(str, ids))}")
        self.ids = tuple(ids)


class ClosedDeadLetters(OperationFailed):
    """The dead letters with these ``ids`` are not open, and nothing was done."""

    def __init__(self, dead_letters: Sequence[DeadLetter]) -> None:
        states = ", ".join(f"{dead_letter.id} was {dead_letter.state} before" for dead_letter in dead_letters)
        super().__init__(f"only open dead letters can be closed; nothing was done: {states}")
        self.ids = tuple(dead_letter.id for dead_letter in dead_letters)


class ForeignDeadLetters(OperationFailed):
    """Some dead letters are of processes that were not given, and nothing was done; ``consumers`` says whose, by id."""

    def __init__(self, consumers: Mapping[int, str]) -> None:
        super().__init__(", ".join(f"{one} is one of {consumer}" for one, consumer in consumers.items()))
        self.consumers = dict(consumers)


async def list_dead_letters(
    engine: AsyncEngine,
    *,
    state: str | None = "open",
    process_id: str | None = None,
    type: str | None = None,  # noqa: A002 -- it is the type everywhere else
    text: str | None = None,
    since: datetime | None = None,
    limit: int = LISTED,
) -> tuple[ListedDeadLetter, ...]:
    """Dead letters, newest first, ``limit`` at most.

    In this state ("open", "redriven", "discarded", or None for any), of this instance, of messages of this type, with
    this ``text`` in an id, a source, a reason, a property or the body, that came or failed again at the moment
    ``since`` or later. Raises Unavailable.
    """
    parameters = {"state": state, "process_id": None if process_id is None else as_kept(process_id)}
    parameters |= {"type": type, "text": text}
    async with one_moment(engine) as connection:
        rows = await connection.execute(LIST_DEAD_LETTERS, {**parameters, "since": since, "limit": limit})
        return tuple(ListedDeadLetter(**row) for row in rows.mappings())


async def read_dead_letters(engine: AsyncEngine, ids: Sequence[int]) -> tuple[DeadLetter, ...]:
    """These dead letters as a whole, in the order of ``ids``. Raises UnknownDeadLetters, and Unavailable."""
    async with one_moment(engine) as connection:
        dead_letters = await read_letters(connection, [one for one in ids if 0 < one < 2**63])
    if missing := [one for one in ids if one not in dead_letters]:
        raise UnknownDeadLetters(missing)
    return tuple(dead_letters[one] for one in dict.fromkeys(ids))


def raw_of(dead_letter: DeadLetter) -> Raw:
    """The message as it came in."""
    return load_raw(dead_letter.body, dead_letter.properties)


def modules_about(process: Process) -> list[str]:
    """The modules whose entries are about instances of the process."""
    return [process.module, *process.inputs]


async def open_letters_of(
    connection: AsyncConnection,
    process_id: str,
    consumer: str | None = None,
    *,
    modules: Sequence[str] = (),
    limit: int,
) -> tuple[ListedDeadLetter, ...]:
    """The first open dead letters that name this instance, of one consumer or of all, oldest first.

    Those of one consumer include the relay's about these ``modules``.
    """
    parameters = {"process_id": as_kept(process_id), "consumer": consumer, "modules": list(modules), "limit": limit}
    rows = await connection.execute(LIST_OPEN_DEAD_LETTERS, parameters)
    return tuple(ListedDeadLetter(**row) for row in rows.mappings())


async def count_open_of(
    connection: AsyncConnection, process_id: str, consumer: str | None = None, *, modules: Sequence[str] = ()
) -> int:
    """How many open dead letters ``open_letters_of`` would list without a limit."""
    parameters = {"process_id": as_kept(process_id), "consumer": consumer, "modules": list(modules)}
    count: int = (await connection.execute(COUNT_OPEN_DEAD_LETTERS_OF, parameters)).scalar_one()
    return count


async def list_open_ids(connection: AsyncConnection) -> dict[int, str]:
    """The ids of all open dead letters, oldest first, each with its consumer."""
    return {row.dead_letter_id: row.consumer for row in await connection.execute(LIST_OPEN_IDS)}


async def count_open(connection: AsyncConnection) -> int:
    """How many dead letters wait for a person."""
    count: int = (await connection.execute(COUNT_OPEN_DEAD_LETTERS)).scalar_one()
    return count


async def count_open_by_kind(connection: AsyncConnection) -> dict[tuple[str, str], int]:
    """How many dead letters wait for a person, by consumer and kind; the greatest 100 numbers."""
    rows = await connection.execute(COUNT_OPEN_BY_KIND)
    return {(row.consumer, row.kind): row.open for row in rows}


async def read_letters(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, DeadLetter]:
    """These dead letters as a whole, by id; those that do not exist are missing."""
    rows = await connection.execute(READ_DEAD_LETTERS, {"dead_letter_ids": list(ids)})
    kept = (DeadLetter(**row | {"properties": orjson.loads(row["properties"])}) for row in map(dict, rows.mappings()))
    return {dead_letter.id: dead_letter for dead_letter in kept}


async def read_owners(engine: AsyncEngine, ids: Sequence[int]) -> dict[int, str]:
    """Whose these dead letters are, without their bodies. Raises UnknownDeadLetters, and Unavailable."""
    async with one_moment(engine) as connection:
        parameters = {"dead_letter_ids": [one for one in ids if 0 < one < 2**63]}
        owners = {row.dead_letter_id: row.consumer for row in await connection.execute(READ_OWNERS, parameters)}
    if missing := [one for one in ids if one not in owners]:
        raise UnknownDeadLetters(missing)
    return owners


async def read_open_reasons(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, str]:
    """Why dead letters are open, by id; closed ones are missing."""
    rows = await connection.execute(READ_OPEN_REASONS, {"dead_letter_ids": list(ids)})
    return {row.dead_letter_id: row.reason for row in rows}


async def find_successor(connection: AsyncConnection, dead_letter: DeadLetter) -> ListedDeadLetter | None:
    """The newest open dead letter of the same consumer with this message: this one, or one that it led to."""
    properties = orjson.dumps(dump_properties(raw_of(dead_letter))).decode()
    parameters = {"dead_letter_id": dead_letter.id, "body": dead_letter.body, "properties": properties}
    row = (await connection.execute(FIND_SUCCESSOR, parameters)).mappings().one_or_none()
    return ListedDeadLetter(**row) if row else None
