"""Examines instances: reads all that is stored and recorded of them on one connection, and compares both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import orjson
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from saga.core import Process
from saga.modules import Entry
from saga.postgres import Statements
from saga.verification.difference import Difference
from saga.verification.replay.comparison import Stored, differences
from saga.verification.replay.fold import ERASED, Fold, Rebuilt

_SQL = Statements(__package__)
READ_ROWS = _SQL["read_rows"]
READ_TIMER_NAMES = _SQL["read_timer_names"]
READ_TOMBSTONES = _SQL["read_tombstones"]
READ_STREAMS = _SQL["read_streams"]


class Coverage(Enum):
    """What could be compared.

    Both sides; only the record since its erasure; nothing or not all, because of pruning; or nothing, because the
    instance is unknown.
    """

    COMPARED = "compared"
    ERASED = "erased"
    PRUNED = "pruned"
    PARTLY_PRUNED = "partly_pruned"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Examined:
    """One instance, examined. ``process_version`` is that of its row; None if it has none."""

    process_id: str
    coverage: Coverage
    process_version: int | None = None
    rebuilt: Rebuilt | None = None
    differences: tuple[Difference, ...] = ()

    @property
    def repairable(self) -> bool:
        """Whether a repair would correct anything."""
        return any(difference.repairable for difference in self.differences)


@dataclass(frozen=True, slots=True)
class _Tombstones:
    """The pruned instances, and the streams of which entries are pruned."""

    instances: frozenset[str]
    streams: frozenset[str]


async def examine(connection: AsyncConnection, process: Process, process_ids: Sequence[str]) -> list[Examined]:
    """Examine these instances, as of one moment if the connection is in a repeatable-read transaction."""
    parameters = {"process": process.name, "process_ids": list(process_ids)}
    rows = await connection.execute(READ_ROWS, parameters)
    stored = {row.process_id: _stored(row) for row in rows}
    timers = {row.process_id: frozenset(row.names) for row in await connection.execute(READ_TIMER_NAMES, parameters)}
    pruned = await _tombstones(connection, process, process_ids)
    rebuilt = await _rebuild(connection, process, process_ids)
    return [
        _examined(process, one, stored.get(one), rebuilt.get(one), timers.get(one, frozenset()), pruned=pruned)
        for one in process_ids
    ]


def _stored(row: Row[Any]) -> Stored:
    return Stored(row.process_version, row.stream_version, row.outcome, row.settled, orjson.loads(row.state))


def _examined(
    process: Process,
    process_id: str,
    stored: Stored | None,
    rebuilt: Rebuilt | None,
    timers: frozenset[str],
    *,
    pruned: _Tombstones,
) -> Examined:
    version = stored.process_version if stored else None
    if stored is None and process_id in pruned.instances:
        return Examined(process_id, Coverage.PRUNED)
    if stored is None and rebuilt is None:
        return Examined(process_id, Coverage.UNKNOWN)
    if process_id in pruned.streams and (rebuilt is None or rebuilt.headless):
        return Examined(process_id, Coverage.PARTLY_PRUNED, version)
    found = differences(process, stored, rebuilt, timers)
    coverage = Coverage.ERASED if rebuilt is not None and rebuilt.is_erased else Coverage.COMPARED
    return Examined(process_id, coverage, version, rebuilt, found)


async def _tombstones(connection: AsyncConnection, process: Process, process_ids: Sequence[str]) -> _Tombstones:
    parameters = {"process": process.name, "module": process.module, "process_ids": list(process_ids)}
    rows = (await connection.execute(READ_TOMBSTONES, parameters)).all()
    of = {kind: frozenset(row.process_id for row in rows if row.kind == kind) for kind in ("instance", "stream")}
    return _Tombstones(of["instance"], of["stream"])


async def _rebuild(connection: AsyncConnection, process: Process, process_ids: Sequence[str]) -> Mapping[str, Rebuilt]:
    """Fold the streams while they are read, so that only few entries are in memory at a time."""
    folds: dict[str, Fold] = {}
    parameters = {"module": process.module, "process_ids": list(process_ids)}
    async for row in await connection.stream(READ_STREAMS, parameters):
        entry = Entry.from_row(row)
        if (fold := folds.get(entry.stream_id)) is None or entry.type == ERASED:
            fold = folds[entry.stream_id] = Fold(process)
        fold.apply(entry)
    return {process_id: fold.rebuilt() for process_id, fold in folds.items()}
