"""Audits all instances of a process, in the same pages as a replay, while the system works."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Process
from saga.modules import Entry
from saga.verification.audit.comparison import compare
from saga.verification.audit.record import Record
from saga.verification.difference import Difference
from saga.verification.replay import PAGE_SIZE, Coverage, Stored, all_pages, these_pages
from saga.verification.replay.examination import READ_ROWS, READ_STREAMS, READ_TIMER_NAMES, READ_TOMBSTONES
from saga.verification.replay.fold import RESTARTS


@dataclass(frozen=True, slots=True)
class Audited:
    """One instance, audited. ``process_version`` is that of its row; None if it has none.

    ``left_standing`` are the last commands of effects for which the model wants nothing now: reported, not compared.
    """

    process_id: str
    coverage: Coverage
    process_version: int | None = None
    differences: tuple[Difference, ...] = ()
    left_standing: tuple[str, ...] = ()


def audit(engine: AsyncEngine, process: Process, page_size: int = PAGE_SIZE) -> AsyncGenerator[list[Audited], None]:
    """Audit every instance, a page at a time. Raises Unavailable."""
    return all_pages(engine, process, _audit, page_size)


def audit_these(
    engine: AsyncEngine, process: Process, process_ids: Sequence[str], page_size: int = PAGE_SIZE
) -> AsyncGenerator[list[Audited], None]:
    """Audit these instances, a page at a time. Raises Unavailable."""
    return these_pages(engine, process, process_ids, _audit, page_size)


async def count_differing(engine: AsyncEngine, process: Process) -> int:
    """How many instances differ from the model for their facts. Raises Unavailable."""
    return sum([sum(bool(one.differences) for one in page) async for page in audit(engine, process)])


async def _audit(connection: AsyncConnection, process: Process, process_ids: Sequence[str]) -> list[Audited]:
    parameters = {"process": process.name, "module": process.module, "process_ids": list(process_ids)}
    tombstones = (await connection.execute(READ_TOMBSTONES, parameters)).all()
    tombstoned = {(row.kind, row.process_id) for row in tombstones}
    del parameters["module"]
    stored = {
        row.process_id: Stored(
            row.process_version, row.stream_version, row.outcome, row.settled, orjson.loads(row.state)
        )
        for row in await connection.execute(READ_ROWS, parameters)
    }
    timers = {row.process_id: frozenset(row.names) for row in await connection.execute(READ_TIMER_NAMES, parameters)}
    records = await _read_records(connection, process, process_ids)
    return [
        _audited(process, one, stored.get(one), records.get(one), timers.get(one, frozenset()), tombstoned=tombstoned)
        for one in process_ids
    ]


async def _read_records(
    connection: AsyncConnection, process: Process, process_ids: Sequence[str]
) -> Mapping[str, Record]:
    """Build the records while the entries are read: memory holds a fact once, however often it came."""
    records: dict[str, Record] = {}
    parameters = {"module": process.module, "process_ids": list(process_ids)}
    async for row in await connection.stream(READ_STREAMS, parameters):
        entry = Entry.from_row(row)
        if entry.stream_id in records and entry.type not in RESTARTS:
            records[entry.stream_id].add(entry)
        else:
            records[entry.stream_id] = Record.begun(process, entry)
    return records


def _audited(
    process: Process,
    process_id: str,
    stored: Stored | None,
    record: Record | None,
    timers: frozenset[str],
    *,
    tombstoned: Iterable[tuple[str, str]],
) -> Audited:
    version = stored.process_version if stored else None
    if stored is None and ("instance", process_id) in tombstoned:
        return Audited(process_id, Coverage.PRUNED)
    if stored is None and record is None:
        return Audited(process_id, Coverage.UNKNOWN)
    begins = record is not None and (record.is_revived or 1 in record.versions)
    if not begins and ("stream", process_id) in tombstoned:
        return Audited(process_id, Coverage.PARTLY_PRUNED, version)
    compared = compare(process, stored, record, timers)
    coverage = Coverage.ERASED if record is not None and record.is_erased else Coverage.COMPARED
    return Audited(process_id, coverage, version, compared.differences, compared.left_standing)
