"""The hole filler: what did not come from the queue is fetched from the log, and taken in by the same step.

A queue can lose a message (somebody purges it, a broker fails over); a log can't. Each pass looks for public events
that the consumer has not handled. One that was overtaken by a later one is a hole, and fetched when it is still there
after a short grace, since several workers overtake each other all the time; one at the end of the log may wait in a
long queue, so it gets a longer grace. Fetching what comes after all is harmless: it is a repeat.

A gap in which the log has no public event explains itself, and the cursor moves over it. So does a public event of a
type that the process does not hear.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import Envelope, Poison, Process, Raw
from saga.engine import Step, cursors
from saga.modules import Entry
from saga.postgres import Statements, durable_transaction, reading
from saga.transport.codec import decode, encode
from saga.transport.connection import pause, supervise

LOOK_SECONDS = 1.0
HOLE_GRACE_SECONDS = 3.0
TAIL_GRACE_SECONDS = 30.0
MOST_AT_ONCE = 500

_SQL = Statements(__package__)
FIND_MISSING = _SQL["find_missing"]
FIND_EXPLAINED = _SQL["find_explained"]

_log = structlog.get_logger()

Place = tuple[str, int]


class HoleFiller:
    """Fills the holes of one process's cursors, in the logs that are kept in this database."""

    def __init__(self, engine: AsyncEngine, step: Step, process: Process, prefix: str) -> None:
        self._engine = engine
        self._step = step
        self._process = process
        self._prefix = prefix
        self._missing_since: dict[Place, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Look and fill until ``stop``."""

        async def session() -> None:
            while not stop.is_set():
                await self.fill_once()
                await pause(stop, LOOK_SECONDS)

        await supervise("hole filler", session, stop)

    async def fill_once(
        self, hole_grace_seconds: float = HOLE_GRACE_SECONDS, tail_grace_seconds: float = TAIL_GRACE_SECONDS
    ) -> int:
        """Fold the cursors, and take in what has been missing for longer than its grace; how many events that were."""
        async with durable_transaction(self._engine) as connection:
            await cursors.fold(connection, self._process.name)
        overdue = self._overdue(await self._missing(), hole_grace_seconds, tail_grace_seconds)
        if overdue:
            _log.warning("filling_holes", events=len(overdue), first=f"{overdue[0].module}:{overdue[0].position}")
            await self._take(overdue)
        await self._pass_explained()
        return len(overdue)

    async def _missing(self) -> Sequence[Row[Any]]:
        wanted = {"consumer": self._process.name, "modules": list(self._process.inputs), "limit": MOST_AT_ONCE}
        async with reading(self._engine) as connection:
            return (await connection.execute(FIND_MISSING, wanted)).all()

    def _overdue(self, missing: Sequence[Row[Any]], hole_grace: float, tail_grace: float) -> list[Entry]:
        now = time.monotonic()
        since = {
            (row.module, row.position): self._missing_since.get((row.module, row.position), now) for row in missing
        }
        self._missing_since = since
        return [
            Entry.from_row(row[:-1])
            for row in missing
            if now - since[row.module, row.position] >= (hole_grace if row.overtaken else tail_grace)
        ]

    async def _take(self, entries: Sequence[Entry]) -> None:
        """Take in what the process hears; whatever came of it, the positions are settled then."""
        heard = [entry for entry in entries if entry.type in self._process.kinds]
        if heard:
            await self._step.take([_message(entry, self._prefix) for entry in heard])
        settled = [(entry.module, entry.previous_public_position or 0, entry.position) for entry in entries]
        async with durable_transaction(self._engine) as connection:
            await cursors.advance(connection, self._process.name, settled)

    async def _pass_explained(self) -> None:
        async with durable_transaction(self._engine) as connection:
            rows = await connection.execute(FIND_EXPLAINED, {"consumer": self._process.name})
            explained = [(row.module, row.watermark, row.position) for row in rows]
            await cursors.advance(connection, self._process.name, explained)


def _message(entry: Entry, prefix: str) -> Envelope | Poison:
    """The event as the broker would have delivered it."""
    sent = encode(entry, prefix)
    return decode(
        Raw(
            body=sent.body,
            routing_key=sent.routing_key,
            exchange=sent.exchange,
            content_type=sent.content_type,
            message_id=sent.id,
            type=sent.type,
            correlation_id=sent.correlation_id,
            headers=sent.headers,
        )
    )
