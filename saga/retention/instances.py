"""Settled instances, pruned with all that is theirs: entries, inbox rows, timers. A tombstone keeps state and version.

The problem: an instance that is settled may still hear something, years later, and has to answer that as if nothing
had been pruned: a repeat is a repeat, a second payment is refunded. And only its row says when it changed last, which
every step rewrites: an index on that would make each of these updates dearer.

The model: the log of the process is walked from its front, and the first entry that is left of each instance leads to
it. So a run reads what it prunes, and what it has to leave of that age; never what is young. An inbox row exists if and
only if an entry says how its message was answered, so the entries lead to the inbox rows as well, and they go together.

One transaction prunes a page, and takes its locks as a step does: inbox rows in the order of their keys, instances in
that of their ids, the module's row last. It waits for steps at the inbox rows, before it holds an instance; of the
instances it takes those that nobody holds, and passes over what a step has moved since it looked. A step that comes
meanwhile finds the row gone, raises Conflict, and is run again: then it finds the tombstone.

What a settled instance still has of timers goes, fired or not. A late one would change neither outcome nor effects.
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
        """Those of some instances."""
        return _Messages(
            [row for row in self.positions if row.process_id in process_ids],
            [row for row in self.messages if row.process_id in process_ids],
        )


async def prune(connection: AsyncConnection, after: int, log: Log, before: datetime, *, limit: int) -> Page:
    """Prune the instances that begin among the next entries, and what the process noted there of its own progress."""
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
    """What went, and the last position that went with it."""
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
    """The ids of those that may go, each with the version at which it was found."""
    begun = {entry.stream_id for entry in stretch.entries if entry.begins} - {PROGRESS_STREAM}
    if not begun:
        return {}
    parameters = {"process": log.process, "module": log.module, "reach": log.reach, "before": before}
    rows = await connection.execute(FIND_SETTLED, parameters | {"process_ids": sorted(begun)})
    return {row.process_id: row.stream_version for row in rows}


async def _forget(connection: AsyncConnection, log: Log, locked: _Messages) -> int:
    """Remove inbox rows. A position is known by its cursor; of the others tombstones are left."""
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
