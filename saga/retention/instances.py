"""Prunes settled instances with their entries, inbox rows and timers. A tombstone keeps state and version.

The problem: a settled instance may still receive a message, years later, and has to answer as if nothing had been
pruned: a duplicate is a duplicate, a second payment is refunded. And only its row says when it last changed; every step
updates that, and an index on it would make each of these updates more expensive.

The model: a run walks the log of the process from its front, and the first remaining entry of each instance leads to
the instance. So a run reads what it prunes and what it has to leave of the same age, never what is young. An inbox row
exists if and only if an entry says how its message was answered, so the entries lead to the inbox rows as well, and
both are deleted together.

One transaction prunes a page, and takes its locks as a step does: inbox rows in the order of their keys, instances in
the order of their ids, the module's row last. It waits for steps at the inbox rows, before it holds an instance. It
locks only instances that no other transaction holds, and skips those that a step has changed since it looked. A step
that comes meanwhile finds the row gone, raises LostRace, and is run again: then it finds the tombstone.

An instance is pruned only after all its timers have fired. A timer that is deleted before could not come any more, and
an instance that a late message brings back might rely on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from saga.engine.cursors import PROGRESS_STREAM
from saga.engine.inbox import FORGET_MESSAGES, FORGET_POSITIONS, tombstone_key
from saga.postgres import Statements
from saga.retention.logs import Log, Stretch, raise_pruned_position, read_old
from saga.retention.prefix import delete_entries
from saga.retention.removed import Page, PrunedRows

_SQL = Statements(__package__)
FIND_SETTLED = _SQL["find_settled"]
LOCK_POSITIONS = _SQL["lock_positions"]
LOCK_MESSAGES = _SQL["lock_messages"]
CLAIM_SETTLED = _SQL["claim_settled"]
BURY_INSTANCES = _SQL["bury_instances"]
INSERT_MESSAGE_TOMBSTONES = _SQL["insert_message_tombstones"]
DELETE_TIMERS = _SQL["delete_timers"]
DELETE_STREAMS = _SQL["delete_streams"]
COUNT_BELONGINGS = _SQL["count_belongings"]


@dataclass(frozen=True, slots=True)
class _Messages:
    """Inbox rows that this transaction has locked, each with the instance that it led to."""

    positions: Sequence[Row[Any]]
    messages: Sequence[Row[Any]]

    def of(self, process_ids: set[str]) -> "_Messages":
        """Only the rows of these instances."""
        return _Messages(
            [row for row in self.positions if row.process_id in process_ids],
            [row for row in self.messages if row.process_id in process_ids],
        )


async def prune(connection: AsyncConnection, after: int, log: Log, before: datetime, *, limit: int) -> Page:
    """Prune the instances that begin among the next entries, and the process's own progress entries among them."""
    stretch = await read_old(connection, log, before, after, limit)
    removed, last_position = await _prune_instances(connection, log, before, stretch)
    progress = _progress(stretch)
    if progress:
        removed += PrunedRows(entries=await delete_entries(connection, log, progress))
    if pruned := max([last_position, *progress]):
        await raise_pruned_position(connection, log, pruned)
    return Page(removed, stretch.next)


async def count(connection: AsyncConnection, after: int, log: Log, before: datetime, *, limit: int) -> Page:
    """What ``prune`` would remove."""
    stretch = await read_old(connection, log, before, after, limit)
    removed = PrunedRows(entries=len(_progress(stretch)))
    if settled := await _find_settled(connection, log, before, stretch):
        these = {"process": log.process, "module": log.module, "process_ids": list(settled)}
        row = (await connection.execute(COUNT_BELONGINGS, these)).one()
        removed += PrunedRows(len(settled), row.entries, row.messages, row.timers)
    return Page(removed, stretch.next)


async def _prune_instances(
    connection: AsyncConnection, log: Log, before: datetime, stretch: Stretch
) -> tuple[PrunedRows, int]:
    """What was removed, and the last position among the removed entries."""
    settled = await _find_settled(connection, log, before, stretch)
    if not settled:
        return PrunedRows(), 0
    these = {"process": log.process, "module": log.module, "process_ids": list(settled)}
    locked = _Messages(
        (await connection.execute(LOCK_POSITIONS, these)).all(), (await connection.execute(LOCK_MESSAGES, these)).all()
    )
    unmoved = these | {"stream_versions": list(settled.values())}
    claimed = (await connection.execute(CLAIM_SETTLED, unmoved)).scalars().all()
    if not claimed:
        return PrunedRows(), 0
    these["process_ids"] = list(claimed)
    await connection.execute(BURY_INSTANCES, these)
    messages = await _forget(connection, log, locked.of(set(claimed)))
    timers = (await connection.execute(DELETE_TIMERS, these)).rowcount
    entries, last_position = (await connection.execute(DELETE_STREAMS, these)).one()
    return PrunedRows(len(claimed), entries, messages, timers), last_position


async def _find_settled(connection: AsyncConnection, log: Log, before: datetime, stretch: Stretch) -> dict[str, int]:
    """The ids of instances that may be pruned, each with the version at which it was found."""
    begun = {entry.stream_id for entry in stretch.entries if entry.begins} - {PROGRESS_STREAM}
    if not begun:
        return {}
    parameters = {"process": log.process, "module": log.module, "reach": log.reach, "before": before}
    rows = await connection.execute(FIND_SETTLED, parameters | {"process_ids": sorted(begun)})
    return {row.process_id: row.stream_version for row in rows}


async def _forget(connection: AsyncConnection, log: Log, locked: _Messages) -> int:
    """Remove inbox rows. Cursors cover messages with a position; the others leave tombstones."""
    if positions := locked.positions:
        keys = {"modules": [row.module for row in positions], "positions": [row.position for row in positions]}
        await connection.execute(FORGET_POSITIONS, {"consumer": log.process, **keys})
    if messages := locked.messages:
        sources, ids = [row.source for row in messages], [row.message_id for row in messages]
        keys = {"sources": sources, "message_ids": ids}
        await connection.execute(FORGET_MESSAGES, {"consumer": log.process, **keys})
        tombstoned = {
            "keys": list(map(tombstone_key, sources, ids)),
            "digests": [row.digest for row in messages],
        }
        await connection.execute(INSERT_MESSAGE_TOMBSTONES, {"consumer": log.process, **tombstoned})
    return len(positions) + len(messages)


def _progress(stretch: Stretch) -> list[int]:
    return [entry.position for entry in stretch.entries if entry.stream_id == PROGRESS_STREAM]
