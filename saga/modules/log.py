"""The log of a module: one position for everything that happened in it.

The problem: readers remember one integer and must never miss an event. Positions from a sequence are taken before their
transactions commit, so a reader can pass a position whose transaction is still open, and never come back.

The model: an append locks its module's row as the last thing its transaction does, takes the next positions there, and
commits. So within a module position order is commit order, and all positions up to ``module.last_position``, as any
transaction reads it, are committed. That number is the horizon: how far a reader has safely read.

A transaction that appends to several modules appends in the order of their names, or two of them may deadlock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Self

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from saga.postgres import Statements

_SQL = Statements(__package__)
LOCK_MODULE = _SQL["lock_module"]
INSERT_EVENTS = _SQL["insert_events"]
READ_HORIZON = _SQL["read_horizon"]
READ_OUTGOING = _SQL["read_outgoing"]
READ_STREAM = _SQL["read_stream"]


class Visibility(Enum):
    """Who may see an event: everybody, or its own module alone."""

    PUBLIC = "public"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event (or, with a ``target``, a command) to append.

    ``stream_version`` is its number in the stream, from 1; None takes the next one.
    """

    stream_id: str
    type: str
    event_id: str
    data: Mapping[str, Any]
    visibility: Visibility = Visibility.PUBLIC
    target: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    stream_version: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A recorded event or command; the fields stand in the order of the columns that the statements give.

    ``previous_public_position`` is the public event before it in its module (0 if there is none), for public events.
    ``data_json`` is the data as it is stored: who only sends it on need not read it.
    """

    module: str
    position: int
    previous_public_position: int | None
    stream_id: str
    stream_version: int
    event_id: str
    type: str
    target: str | None
    data_json: str
    metadata: Mapping[str, Any]
    recorded_at: datetime

    @property
    def data(self) -> Mapping[str, Any]:
        """The data, read."""
        data: Mapping[str, Any] = orjson.loads(self.data_json)
        return data

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Self:
        """The entry of a row that one of the reading statements gives."""
        module, position, previous, stream_id, version, event_id, type_, target, data_json, metadata, recorded_at = row
        return cls(
            module,
            position,
            previous,
            stream_id,
            version,
            event_id,
            type_,
            target,
            data_json,
            orjson.loads(metadata),
            recorded_at,
        )


async def append(connection: AsyncConnection, module: str, events: Sequence[NewEvent]) -> int:
    """Append events to the module's log as the last thing of the caller's transaction; the last position taken.

    The module is created with its first event. Raises IntegrityError if a stream version is taken already.
    """
    public = [number for number, event in enumerate(events, 1) if event.visibility is Visibility.PUBLIC]
    taken = {"module": module, "count": len(events), "last_public": public[-1] if public else None}
    last: int = (await connection.execute(LOCK_MODULE, taken)).scalar_one()
    await connection.execute(
        INSERT_EVENTS,
        {
            "module": module,
            "base": last - len(events),
            "stream_ids": [event.stream_id for event in events],
            "stream_versions": [event.stream_version for event in events],
            "event_ids": [event.event_id for event in events],
            "types": [event.type for event in events],
            "visibilities": [event.visibility.value for event in events],
            "targets": [event.target for event in events],
            "data": [orjson.dumps(event.data).decode() for event in events],
            "metadata": [orjson.dumps(event.metadata).decode() for event in events],
        },
    )
    return last


async def read_outgoing(connection: AsyncConnection, module: str, after: int, limit: int) -> tuple[list[Entry], int]:
    """What leaves the module after a position: its public events and its commands, and the horizon of this reading.

    With fewer entries than ``limit`` everything up to the horizon was read; else up to the last entry's position.
    """
    horizon: int = (await connection.execute(READ_HORIZON, {"module": module})).scalar_one_or_none() or 0
    if horizon <= after:
        return [], after
    bounds = {"module": module, "after": after, "horizon": horizon, "limit": limit}
    entries = [Entry.from_row(row) for row in await connection.execute(READ_OUTGOING, bounds)]
    return entries, entries[-1].position if len(entries) == limit else horizon


async def read_stream(connection: AsyncConnection, module: str, stream_id: str) -> list[Entry]:
    """Everything in one stream, internal events and commands included: for the module itself."""
    rows = await connection.execute(READ_STREAM, {"module": module, "stream_id": stream_id})
    return [Entry.from_row(row) for row in rows]
