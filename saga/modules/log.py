"""The log of a module: every event of the module has one position in it.

The problem: readers remember one integer and must never miss an event. A sequence assigns positions before their
transactions commit, so a reader can pass a position whose transaction is still open, and never come back.

The model: the last action of an appending transaction is to lock its module's row, take the next positions there, and
commit. So within a module position order is commit order, and all positions up to ``module.last_position``, as any
transaction reads it, are committed. That number is the horizon, up to which a reader can safely read.

Each public event also has the position of the public event before it. So a reader knows that there is no public event
between the two: a gap of internal events explains itself, and a lost message shows as a hole.

A transaction that appends to several modules has to append in the order of their names; otherwise two of them may
deadlock.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import Any, Self

import orjson
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from saga.core.statically_frozen import statically_frozen
from saga.postgres import Statements, as_rows

_SQL = Statements(__package__)
CREATE_MODULE = _SQL["create_module"]
LOCK_MODULE = _SQL["lock_module"]
INSERT_EVENTS = _SQL["insert_events"]

UNREADABLE = "unreadable"
"""The key for metadata that is not a JSON object, as text. Readers that do not need metadata can continue."""


class Visibility(Enum):
    """Who may read an event: all modules, or its own module only."""

    PUBLIC = "public"
    INTERNAL = "internal"


@statically_frozen
class NewEvent:
    """An event (or, with a ``target``, a command) to append.

    ``event_id`` is unique and at most 255 bytes; derive it from the cause, so that a repeated cause gives the same id.
    ``data`` and ``metadata`` are plain JSON values. ``stream_version`` is its number in the stream, from 1; None means
    the next one.

    >>> from saga.modules import NewEvent, Visibility
    >>> NewEvent("t-1", "Solved", "e-1", {"ticket_id": "t-1"}).visibility is Visibility.PUBLIC
    True
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
    """A recorded event or command; the fields have the order of the columns in the statements.

    ``previous_public_position``, for public events, is that of the public event before it in its module (0 if there is
    none); it is None in a log that has positions only. ``data_json`` is the stored text, so that code that only sends
    it on need not parse it. ``recorded_at`` is the time of the transaction, in UTC, by the database's clock; ``target``
    is the collaborator of a command, None for an event.
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
        """The parsed data."""
        data: Mapping[str, Any] = orjson.loads(self.data_json)
        return data

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Self:
        """The entry of a row of one of the reading statements."""
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
            _read_metadata(metadata),
            recorded_at,
        )


def _read_metadata(text: str) -> Mapping[str, Any]:
    """The metadata; invalid metadata of one entry must not prevent other entries from being read."""
    try:
        metadata = orjson.loads(text)
    except ValueError:
        metadata = None
    return MappingProxyType(metadata if isinstance(metadata, dict) else {UNREADABLE: text})


async def append(connection: AsyncConnection, module: str, events: Sequence[NewEvent]) -> int:
    """Append events to the module's log, as the last action of the caller's transaction; returns the last position.

    The module is created with its first event. Raises IntegrityError if a stream version exists already.
    """
    return await connection.run_sync(append_last, module, events)


def append_last(connection: Connection, module: str, events: Sequence[NewEvent]) -> int:
    """The same on a synchronous connection, or within one of its events."""
    if any(event.stream_version is None for event in events):
        lock_module(connection, module)
    rows, last_public_number = encode(events)
    parameters = {"module": module, "count": len(events), "last_public_number": last_public_number, "events": rows}
    last_position = connection.execute(INSERT_EVENTS, parameters).scalar_one_or_none()
    if last_position is None:
        connection.execute(CREATE_MODULE, {"module": module})
        last_position = connection.execute(INSERT_EVENTS, parameters).scalar_one()
    return int(last_position)


def encode(events: Sequence[NewEvent]) -> tuple[str, int | None]:
    """The events as rows for the statement, without nulls, and the number of the last public event, from 1.

    Raises TypeError for data that is not JSON.
    """
    last_public_number: int | None = None
    unnumbered: Counter[str] = Counter()
    rows = []
    for number, event in enumerate(events, 1):
        row = {
            "number": number,
            "stream_id": event.stream_id,
            "event_id": event.event_id,
            "type": event.type,
            "visibility": event.visibility.value,
            "data": event.data,
            "metadata": event.metadata,
        }
        if event.stream_version is None:
            unnumbered[event.stream_id] += 1
            row["nth_of_stream"] = unnumbered[event.stream_id]
        else:
            row["stream_version"] = event.stream_version
        if event.target is not None:
            row["target"] = event.target
        if event.visibility is Visibility.PUBLIC:
            row["previous_public_number"] = last_public_number
            last_public_number = number
        rows.append(row)
    return as_rows(rows), last_public_number


def lock_module(connection: Connection, module: str) -> tuple[int, int]:
    """Lock the module's row, or create it; returns its last position and its last public position."""
    row = connection.execute(LOCK_MODULE, {"module": module}).one_or_none()
    if row is None:
        connection.execute(CREATE_MODULE, {"module": module})
        row = connection.execute(LOCK_MODULE, {"module": module}).one()
    return row.last_position, row.last_public_position
