"""Finding: what an id that somebody has in hand is about: an instance, a message, a dead letter.

Each look is bounded: ids are looked for exactly and as the beginning of ids, and messages by their id among the last
entries of each log, because no index has it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Process
from saga.engine.dead_letters import as_kept
from saga.operations.dead_letters import DeadLetter, ListedDeadLetter, open_letters_of, read_letters
from saga.postgres import Statements, one_moment

_SQL = Statements(__package__)
FIND_INSTANCES = _SQL["find_instances"]
FIND_ITEMS = _SQL["find_items"]
FIND_ENTRIES = _SQL["find_entries"]
FIND_ENTRY = _SQL["find_entry"]

LISTED: Final = 20
LOOKED_IDS: Final = 200
LOOKED_ENTRIES: Final = 2_000
"""Of each log, for the id of a message."""

_PLACE: Final = re.compile(r"([a-z][a-z0-9_-]{0,62})/([0-9]{1,18})", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that a text names.

    ``kind`` is "instance", "message" (an entry of a log) or "dead letter". ``exact`` says that the text is its id, and
    not only the beginning of it. ``id`` is the instance's, the entry's as MODULE/POSITION, or the dead letter's. What
    is about an instance names its ``process`` and ``process_id``. ``says`` is its outcome, type or reason.
    """

    kind: str
    id: str
    exact: bool
    process: str | None
    process_id: str | None
    says: str
    at: datetime


async def find(
    engine: AsyncEngine, processes: Sequence[Process], text: str, *, limit: int = LISTED
) -> tuple[Found, ...]:
    """What a text names: exact matches first, ``limit`` of each kind at most.

    It may be the id of an instance or its beginning, MODULE/POSITION, the number of a dead letter, or the id of a
    message among the last 2,000 entries of each log. Raises Unavailable.
    """
    text = text.strip()
    if not text or "\0" in text:
        return ()
    async with one_moment(engine) as connection:
        found = [
            *[one for process in processes for one in await _instances(connection, process, text, limit)],
            *await _dead_letters(connection, text, limit),
            *await _entries(connection, processes, text, limit),
        ]
    return tuple(sorted(found, key=lambda one: not one.exact))


async def _instances(connection: AsyncConnection, process: Process, text: str, limit: int) -> list[Found]:
    parameters = {"process": process.name, "text": text, "looked": LOOKED_IDS, "limit": limit}
    return [
        Found(
            "instance",
            row.process_id,
            row.process_id == text,
            process.name,
            row.process_id,
            f"{row.outcome}, pruned" if row.pruned else str(row.outcome),
            row.updated_at,
        )
        for row in await connection.execute(FIND_INSTANCES, parameters)
    ]


async def _dead_letters(connection: AsyncConnection, text: str, limit: int) -> list[Found]:
    """The dead letter with this number, and those about an instance with this id: open, or acted on."""
    numbered = await read_letters(connection, [int(text)]) if _NUMBER.fullmatch(text) else {}
    naming = await open_letters_of(connection, text, limit=limit)
    acted_on = (await connection.execute(FIND_ITEMS, {"process_id": as_kept(text), "limit": limit})).scalars().all()
    closed = await read_letters(connection, acted_on) if acted_on else {}
    known: dict[int, DeadLetter | ListedDeadLetter] = {**numbered, **{one.id: one for one in naming}, **closed}
    letters = list(known.values())
    return [
        Found(
            "dead letter", str(one.id), one.id in numbered, one.consumer, one.process_id, one.reason, one.last_seen_at
        )
        for one in letters
    ]


async def _entries(connection: AsyncConnection, processes: Sequence[Process], text: str, limit: int) -> list[Found]:
    if place := _PLACE.fullmatch(text):
        rows = await connection.execute(FIND_ENTRY, {"module": place[1], "position": int(place[2])})
    else:
        rows = await connection.execute(FIND_ENTRIES, {"text": text, "looked": LOOKED_ENTRIES, "limit": limit})
    owners = dict(_owners(processes))
    return [_entry(row, owners) for row in rows.mappings()]


def _entry(row: RowMapping, owners: Mapping[str, str]) -> Found:
    process = owners.get(row["module"])
    process_id = row["stream_id"] if process else None
    place = f"{row['module']}/{row['position']}"
    return Found("message", place, True, process, process_id, row["type"], row["recorded_at"])


def _owners(processes: Sequence[Process]) -> Iterator[tuple[str, str]]:
    """The process whose instances the streams of a module are: its own, and those that it alone consumes."""
    for process in processes:
        yield process.module, process.name
    for module in {module for process in processes for module in process.inputs}:
        consumers = [process.name for process in processes if module in process.inputs]
        if len(consumers) == 1:
            yield module, consumers[0]
