"""Audits the consumed events: whether every event that a cursor covers has an answer.

The problem: an instance does not show an event that never reached it. The modules' logs do, if they are in this
database.

The model: a process has handled everything up to its cursor, and in the handled ranges beyond. So each public event
there that it consumes has exactly one answer in the record of its instance, or a dead letter, open or closed. (Two
answers are a difference of their instance.) Events and answers are compared page by page, each page as of one moment.

An erased event has lost the data that lead to its answer; it names the instances that it was erased for.

Some things can't be checked and are left out: answers that were pruned with their instance, pruned events, and events
that were erased only for other processes, since they are not delivered any more.
"""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Deadline, Process
from saga.messages.facts import read_fact, said_of
from saga.postgres import Statements, one_moment

EVENTS_AT_ONCE: Final = 1_000

_SQL = Statements(__package__)
READ_CURSORS = _SQL["read_cursors"]
READ_EVENTS = _SQL["read_events"]
READ_ANSWERED = _SQL["read_answered"]
READ_LETTERS = _SQL["read_letters"]
READ_CAME_BACK = _SQL["read_came_back"]


@dataclass(frozen=True, slots=True)
class UnansweredEvent:
    """A public event that the cursor covers and that has no answer. ``process_id`` is None for invalid data."""

    process: str
    module: str
    position: int
    event_id: str
    type: str
    process_id: str | None

    @property
    def sentence(self) -> str:
        """What is wrong, in words."""
        about = f"about {self.process_id}" if self.process_id is not None else "which names no instance"
        return f"position {self.position} of {self.module}, {self.type} {about}, was passed and has no answer"


@dataclass(frozen=True, slots=True)
class AuditedEvents:
    """A page: the number of its events for the process, and those without an answer."""

    heard: int
    unanswered: tuple[UnansweredEvent, ...]


async def audit_events(
    engine: AsyncEngine, process: Process, page_size: int = EVENTS_AT_ONCE
) -> AsyncGenerator[AuditedEvents, None]:
    """Audit the events that the process has consumed from the logs here, a page at a time. Raises Unavailable."""
    parameters = {"consumer": process.name, "modules": list(process.inputs)}
    async with one_moment(engine) as connection:
        cursors = (await connection.execute(READ_CURSORS, parameters)).all()
    for cursor in cursors:
        after, upto = cursor.pruned_position, cursor.last_position
        page = {"module": cursor.module, "upto": upto, "limit": page_size}
        page |= {"watermark": cursor.watermark, "handled": cursor.handled}
        while after < upto:
            async with one_moment(engine) as connection:
                rows = (await connection.execute(READ_EVENTS, page | {"after": after})).all()
                heard = list(_heard(process, cursor.module, rows))
                unanswered = await _unanswered(connection, process, cursor.module, heard)
            yield AuditedEvents(len(heard), unanswered)
            after = rows[-1].position if len(rows) == page_size else upto


def _heard(process: Process, module: str, rows: Sequence[Row[Any]]) -> Iterator[UnansweredEvent]:
    """The events that the process consumes, without deadlines of other processes that have the same name as its own."""
    kinds = {kind.__name__: kind for kind in process.inputs[module]}
    own = {effect.emits.__name__ for effect in process.effects if isinstance(effect, Deadline)}
    for row in rows:
        data = orjson.loads(row.data)
        if row.type not in kinds or (row.type in own and data.get("armed_by") not in (None, process.name)):
            continue
        if row.erased is None:
            about = _about(process, kinds[row.type], row.stream_id, data)
            yield UnansweredEvent(process.name, module, row.position, row.event_id, row.type, about)
        elif (erased := orjson.loads(row.erased).get(process.name)) is not None:
            yield UnansweredEvent(process.name, module, row.position, row.event_id, row.type, erased)


def _about(process: Process, kind: type, stream_id: str, data: Mapping[str, Any]) -> str | None:
    """The instance that an event is about; None if its data are not valid."""
    is_named = said_of(kind, process.correlate, data) is not None
    try:
        fact = read_fact(kind, data if is_named else {**data, process.correlate: stream_id})
    except Exception:  # noqa: BLE001 -- a function of a message class may raise anything
        return None
    return str(fact.fields[process.correlate])


async def _unanswered(
    connection: AsyncConnection, process: Process, module: str, heard: Sequence[UnansweredEvent]
) -> tuple[UnansweredEvent, ...]:
    """The events that have no answer and no dead letter, and whose instance was not pruned."""
    if not heard:
        return ()
    about = {"own": process.module, "process_ids": sorted({one.process_id for one in heard if one.process_id})}
    known = {"module": module, "positions": [one.position for one in heard]}
    answered = {(row.stream_id, row.position) for row in await connection.execute(READ_ANSWERED, about | known)}
    left = [one for one in heard if (one.process_id, one.position) not in answered]
    if not left:
        return ()
    events = {"positions": [one.position for one in left], "event_ids": [one.event_id for one in left]}
    asked = {"consumer": process.name, "module": module, **events}
    letters = set((await connection.execute(READ_LETTERS, asked)).scalars())
    about["process_ids"] = sorted({one.process_id for one in left if one.process_id})
    pruned = set((await connection.execute(READ_CAME_BACK, {"process": process.name, **about})).scalars())
    return tuple(one for one in left if one.position not in letters and one.process_id not in pruned)
