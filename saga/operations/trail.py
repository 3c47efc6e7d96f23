"""The trail: what operators did, to what, why, and the answer to each thing, for as long as the database lives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.operations.errors import OperationFailed
from saga.operations.read_only import read_only
from saga.postgres import Statements, one_moment

_SQL = Statements(__package__)
RECORD_ITEMS = _SQL["record_items"]
LIST_OPERATIONS = _SQL["list_operations"]
READ_OPERATION = _SQL["read_operation"]
COUNT_ANSWERS = _SQL["count_answers"]
LIST_ITEMS = _SQL["list_items"]
LIST_ACTS = _SQL["list_acts"]
LIST_LETTER_ACTS = _SQL["list_letter_acts"]

LISTED: Final = 50
_LAST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ListedOperation:
    """An operation in a list.

    ``state`` is "running", "done", "halted" (it stopped by itself) or "stopped" (by somebody). ``size`` is how many
    things it was asked for; ``answers`` counts them by answer, once it ended.
    """

    id: int
    actor: str
    action: str
    reason: str
    at: datetime
    size: int
    state: str
    answers: Mapping[str, int]

    def __post_init__(self) -> None:
        read_only(self, "answers")


@dataclass(frozen=True, slots=True)
class OperationItem:
    """What came of one thing: ``item`` is the number of a dead letter, or the id of an instance."""

    item: str
    process: str | None
    process_id: str | None
    answer: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OperationReport:
    """One operation, with the answers so far.

    ``note`` says why it ended before all was done. ``ids`` are the first 20 of what it was asked for, ``result`` what
    an operation without items came to. ``batch``, ``per_second`` and ``halt_after`` are None for one that was done at
    once.
    """

    id: int
    actor: str
    action: str
    reason: str
    at: datetime
    ended_at: datetime | None
    size: int
    state: str
    note: str | None
    batch: int | None
    per_second: float | None
    halt_after: int | None
    ids: tuple[str, ...]
    result: Mapping[str, Any]
    answers: Mapping[str, int]
    items: tuple[OperationItem, ...]

    def __post_init__(self) -> None:
        read_only(self, "result", "answers")


@dataclass(frozen=True, slots=True)
class Act:
    """What an operator did to an instance or one of its dead letters, which is ``item`` then."""

    id: int
    actor: str
    action: str
    reason: str
    item: str
    answer: str
    at: datetime


class UnknownOperation(OperationFailed):
    """There is no operation with this ``id``."""

    def __init__(self, id: int) -> None:  # noqa: A002 -- it is the id everywhere else
        super().__init__(f"there is no operation {id}")
        self.id = id


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer to be recorded."""

    item: str
    answer: str
    process: str | None = None
    process_id: str | None = None


async def list_operations(
    engine: AsyncEngine, *, before: int = _LAST, limit: int = LISTED
) -> tuple[ListedOperation, ...]:
    """What operators did, newest first, before one of the operations. Raises Unavailable."""
    async with one_moment(engine) as connection:
        rows = await connection.execute(LIST_OPERATIONS, {"before": before, "limit": limit})
        return tuple(
            ListedOperation(**{**row, "answers": orjson.loads(row["answers"] or b"{}")}) for row in rows.mappings()
        )


async def read_operation(
    engine: AsyncEngine,
    id: int,  # noqa: A002 -- it is the id everywhere else
    *,
    after: str = "",
    limit: int = LISTED,
) -> OperationReport:
    """One operation, with ``limit`` of its items after one of them. Raises UnknownOperation, and Unavailable."""
    async with one_moment(engine) as connection:
        this = {"operation_id": id}
        row = (await connection.execute(READ_OPERATION, this)).mappings().one_or_none() if 0 < id <= _LAST else None
        if row is None:
            raise UnknownOperation(id)
        answers = {one.answer: one.items for one in await connection.execute(COUNT_ANSWERS, this)}
        page = await connection.execute(LIST_ITEMS, this | {"after": after, "limit": limit})
        items = tuple(OperationItem(**one) for one in page.mappings())
    return OperationReport(
        **{**row, "ids": tuple(row["ids"]), "result": orjson.loads(row["result"])}, answers=answers, items=items
    )


async def acts_on_letter(engine: AsyncEngine, dead_letter_id: int) -> tuple[Act, ...]:
    """What operators did to this dead letter, newest first, 50 at most. Raises Unavailable."""
    async with one_moment(engine) as connection:
        rows = await connection.execute(LIST_LETTER_ACTS, {"item": str(dead_letter_id), "limit": LISTED})
        return tuple(Act(**row) for row in rows.mappings())


async def acts_on_instance(engine: AsyncEngine, process: str, process_id: str) -> tuple[Act, ...]:
    """What operators did to this instance or its dead letters, oldest first, the last 50. Raises Unavailable.

    Also of one that took in nothing, and is known by dead letters only.
    """
    async with one_moment(engine) as connection:
        return await acts_on(connection, process, process_id, limit=LISTED)


async def acts_on(connection: AsyncConnection, process: str, process_id: str, *, limit: int) -> tuple[Act, ...]:
    """What operators did to this instance or its dead letters, the last ``limit`` of it, oldest first."""
    rows = await connection.execute(LIST_ACTS, {"process": process, "process_id": process_id, "limit": limit})
    return tuple(Act(**row) for row in rows.mappings())[::-1]


async def record_items(connection: AsyncConnection, operation_id: int, items: Sequence[Answered]) -> None:
    """Record answers in the caller's transaction; the first answer to each thing stays."""
    parameters = {
        "operation_id": operation_id,
        "items": [one.item for one in items],
        "processes": [one.process for one in items],
        "process_ids": [one.process_id for one in items],
        "answers": [one.answer for one in items],
    }
    await connection.execute(RECORD_ITEMS, parameters)
