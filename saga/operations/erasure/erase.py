"""The erasure of one instance: one transaction over everything in this database that holds data it received.

The problem: a settled order may have to lose the personal data of its customer, and must still answer late messages as
if nothing had happened. The log is append-only, cursors rely on its positions, and deduplication relies on keys.

The model: an entry keeps its place and loses contents. What the process may still read stays (``kept``). The record of
the instance before the erasure can no longer be replayed, so an internal InstanceErased, the last entry of the stream,
holds the state from which it goes on; replay and audit begin there. Events in the logs of other modules that lost
contents are marked, and no reader gets them any more: so an erasure waits until everybody who has a cursor here has
read them.

An instance that never existed may still have dead letters; they lose their contents.

Locks are taken in the order of a step: the instance, dead letters, timers, at last the module's row. If a scheduler is
firing one of the timers, the erasure waits for it before it reads the events: the scheduler's event is one of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Process
from saga.core.routing import is_of_process
from saga.messages.identity import derived_id
from saga.modules import NewEvent, Visibility, append
from saga.operations.erasure.contents import (
    erased_command,
    erased_entry,
    erased_event,
    erased_metadata,
    erased_state,
    written,
)
from saga.operations.erasure.kept import Kept, kept
from saga.operations.errors import OperationFailed, UnknownInstances
from saga.operations.read_only import read_only
from saga.operations.trail import Answered, record_items
from saga.postgres import LostRace, Statements, again_after_lost_races, as_rows, durable_transaction
from saga.postgres.operation import Operation, record_operation
from saga.verification.replay.fold import ERASED

ENTRIES_AT_ONCE: Final = 1_000

_SQL = Statements(__package__)
ALLOW_ERASING = _SQL["allow_erasing"]
LOCK_INSTANCE = _SQL["lock_instance"]
LOCK_TOMBSTONE = _SQL["lock_tombstone"]
LIST_OPEN_LETTERS = _SQL["list_open_letters"]
READ_STREAM = _SQL["read_stream"]
READ_EVENTS = _SQL["read_events"]
REWRITE_ENTRIES = _SQL["rewrite_entries"]
WRITE_INSTANCE = _SQL["write_instance"]
WRITE_TOMBSTONE = _SQL["write_tombstone"]
ERASE_LETTERS = _SQL["erase_letters"]
ERASE_TIMERS = _SQL["erase_timers"]
FIND_COLLABORATORS = _SQL["find_collaborators"]
READ_COMMANDS = _SQL["collaborator/read_commands"]
REWRITE_COMMANDS = _SQL["collaborator/rewrite_commands"]
ERASE_REJECTED = _SQL["collaborator/erase_rejected"]


class NotErasable(OperationFailed):
    """The instance can't be erased now; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class _Target:
    """The instance to erase, and all processes that run here: a shared event keeps what any of them reads."""

    process: Process
    process_id: str
    processes: Sequence[Process]


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure changed, counted, and what it kept.

    ``entries`` are those of the process's own log, ``events`` those of other modules by module, ``collaborators`` rows
    by schema.
    """

    entries: int
    events: Mapping[str, int]
    dead_letters: int
    collaborators: Mapping[str, int]
    kept: Kept

    def __post_init__(self) -> None:
        read_only(self, "events", "collaborators")


class _Undone(Exception):
    """Rolls back the transaction of a dry run."""

    def __init__(self, erasure: Erasure) -> None:
        self.erasure = erasure
        super().__init__()


async def erase(
    engine: AsyncEngine,
    process: Process,
    process_id: str,
    *,
    actor: str,
    reason: str,
    others: Sequence[Process] = (),
    dry_run: bool = False,
) -> Erasure:
    """Erase the personal data of a settled instance for good: all message data that its process no longer reads.

    ``others`` are the other processes that run on this database: fields of a shared event that they read stay.
    ``actor`` and ``reason`` are recorded: name nobody in the reason. With ``dry_run`` everything is rolled back. It
    does not reach backups, the broker, or other databases.

    Raises NotErasable while the instance is not settled, has open dead letters, or one of its events has not been read
    by everybody; UnknownInstances if there is neither an instance nor a dead letter; LostRace if others were in the way
    too often; Unavailable. Nothing is changed then.
    """
    every = tuple({one.name: one for one in (*others, process)}.values())
    target = _Target(process, process_id, every)
    try:
        return await again_after_lost_races()(_erase, engine, target, actor, reason, dry_run=dry_run)
    except _Undone as undone:
        return undone.erasure


async def _erase(engine: AsyncEngine, target: _Target, actor: str, reason: str, *, dry_run: bool) -> Erasure:
    process, process_id = target.process, target.process_id
    keeps = kept(process)
    async with durable_transaction(engine) as connection:
        await connection.execute(ALLOW_ERASING)
        row, is_pruned = await _lock(connection, target)
        await _require_answered(connection, target, row)
        dead_letters = (await connection.execute(ERASE_LETTERS, _this(target))).rowcount
        if row is None and not dead_letters:
            raise UnknownInstances([process_id])
        await connection.execute(ERASE_TIMERS, _this(target))
        events = await _erase_events(connection, target)
        entries, last = await _erase_stream(connection, target, keeps)
        collaborators = await _erase_at_collaborators(connection, target, keeps)
        done = Erasure(entries, events, dead_letters, collaborators, keeps)
        if dry_run:
            raise _Undone(done)
        counts = {"events": dict(done.events), "collaborators": dict(done.collaborators)}
        result = {"process": process.name, "entries": done.entries, "dead_letters": done.dead_letters, **counts}
        recorded = await record_operation(connection, Operation(actor, "erase", reason, (process_id,), result))
        await record_items(connection, recorded, [Answered(process_id, "erased", process.name, process_id)])
        if row is None:
            return done
        state = erased_state(process, keeps, row.state)
        if is_pruned:
            await connection.execute(WRITE_TOMBSTONE, _this(target) | {"state": orjson.dumps(state).decode()})
        elif last != ERASED:
            await _go_on_from(connection, target, row, state)
    return done


async def _lock(connection: AsyncConnection, target: _Target) -> tuple[Row[Any] | None, bool]:
    """The instance's row, and whether it is a tombstone; None where only dead letters may know of it."""
    if (row := (await connection.execute(LOCK_INSTANCE, _this(target))).one_or_none()) is not None:
        return row, False
    row = (await connection.execute(LOCK_TOMBSTONE, _this(target))).one_or_none()
    return row, row is not None


async def _require_answered(connection: AsyncConnection, target: _Target, row: Row[Any] | None) -> None:
    who = f"{target.process.name} {target.process_id}"
    if row is not None and not row.settled:
        raise NotErasable(f"{who} is {row.outcome}, and not settled: erase it once it is")
    dead_letters = (await connection.execute(LIST_OPEN_LETTERS, _this(target))).scalars().all()
    if dead_letters:
        few = ", ".join(map(str, dead_letters[:5])) + (", ..." if len(dead_letters) > 5 else "")
        raise NotErasable(f"{who} has open dead letters ({few}): redrive or discard them first")


async def _erase_stream(connection: AsyncConnection, target: _Target, keeps: Kept) -> tuple[int, str | None]:
    """How many entries changed, and the type of the last one."""
    changed, after, last = 0, 0, None
    parameters = {"module": target.process.module, "process_id": target.process_id, "limit": ENTRIES_AT_ONCE}
    while rows := (await connection.execute(READ_STREAM, parameters | {"after": after})).all():
        new = [entry for row in rows if (entry := _entry(target, keeps, row)) is not None]
        await _rewrite(connection, target.process.module, new)
        changed, after, last = changed + len(new), rows[-1].stream_version, rows[-1].type
    return changed, last


def _entry(target: _Target, keeps: Kept, row: Row[Any]) -> dict[str, Any] | None:
    """An entry of the instance's stream after the erasure; None if it does not change."""
    was, metadata = orjson.loads(row.data), orjson.loads(row.metadata)
    if row.target is None:
        data = erased_entry(target.process, keeps, row.type, was)
    else:
        data = erased_command(target.process, keeps, row.type, was) if row.is_handed_on else was
    rest = erased_metadata(metadata, target.process_id)
    if (data, rest) == (was, metadata):
        return None
    return {"position": row.position, "data": data, "metadata": rest}


async def _erase_events(connection: AsyncConnection, target: _Target) -> dict[str, int]:
    """How many events changed, by module."""
    process = target.process
    consumed = [
        (one.name, module, kind.__name__)
        for one in target.processes
        for module, kinds in one.inputs.items()
        for kind in kinds
    ]
    consumers, consumed_from, consumed_types = zip(*consumed, strict=True)
    parameters = {"own": process.module, "modules": list(process.inputs), "correlate": process.correlate} | {
        "consumers": list(consumers),
        "consumed_from": list(consumed_from),
        "consumed_types": list(consumed_types),
    }
    changed: dict[str, int] = {}
    rows = (await connection.execute(READ_EVENTS, _this(target) | parameters)).all()
    for module, events in groupby(rows, key=lambda row: row.module):
        if is_of_process(module):
            # What another process announced is its own instance's, and is erased with that one.
            continue
        new = [event for row in events if (event := _event(target, row)) is not None]
        await _rewrite(connection, module, new)
        changed |= {module: len(new)} if new else {}
    return changed


def _event(target: _Target, row: Row[Any]) -> dict[str, Any] | None:
    was, metadata = orjson.loads(row.data), orjson.loads(row.metadata)
    instance = (target.process.name, target.process_id)
    data, rest = erased_event([kept(one) for one in target.processes], instance, row.type, was, metadata)
    if (data, rest) == (was, metadata):
        return None
    if row.unread_by is not None:
        raise NotErasable(
            f"{row.unread_by} has not read position {row.position} of {row.module} yet, which is about "
            f"{target.process.name} {target.process_id}: erase it once it has (`saga cursors`)"
        )
    return {"position": row.position, "data": data, "metadata": rest}


async def _rewrite(connection: AsyncConnection, module: str, entries: list[dict[str, Any]]) -> None:
    if not entries:
        return
    result = await connection.execute(REWRITE_ENTRIES, {"module": module, "entries": as_rows(entries)})
    if result.rowcount != len(entries):
        raise LostRace(f"rewrote {result.rowcount} of {len(entries)} entries: some were pruned just now")


async def _erase_at_collaborators(connection: AsyncConnection, target: _Target, keeps: Kept) -> dict[str, int]:
    """How many rows changed, by schema."""
    changed: dict[str, int] = {}
    this = {"process_id": target.process_id}
    instance = target.process.correlate
    for schema in (await connection.execute(FIND_COLLABORATORS, {"instance": instance})).scalars().all():
        commands = [
            {
                "command_id": row.command_id,
                "body": erased_command(target.process, keeps, row.type, orjson.loads(row.body)),
            }
            for row in await connection.execute(_of(schema, READ_COMMANDS, instance), this)
        ]
        rewritten = await connection.execute(_of(schema, REWRITE_COMMANDS, instance), {"commands": as_rows(commands)})
        rejected = await connection.execute(
            _of(schema, ERASE_REJECTED, instance), {"written": written(target.process_id)}
        )
        if count := rewritten.rowcount + rejected.rowcount:
            changed[schema] = count
    return changed


def _of(schema: str, statement: Any, instance: str) -> Any:
    """The statement for the tables of a collaborator's schema, where this column names the instance."""
    return text(statement.text.format(schema=_quoted(schema), instance=_quoted(instance)))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def _go_on_from(connection: AsyncConnection, target: _Target, row: Row[Any], state: dict[str, Any]) -> None:
    """Write the state, and record that the instance goes on from it. The last statement locks the module's row."""
    process, version = target.process, row.stream_version + 1
    changed = {"state": orjson.dumps(state).decode(), "stream_version": version}
    await connection.execute(WRITE_INSTANCE, _this(target) | changed)
    erased = NewEvent(
        stream_id=target.process_id,
        stream_version=version,
        type=ERASED,
        event_id=derived_id("erasure", process.name, target.process_id, version),
        visibility=Visibility.INTERNAL,
        data={"state": state, "outcome": row.outcome},
    )
    await append(connection, process.module, [erased])


def _this(target: _Target) -> dict[str, Any]:
    return {"process": target.process.name, "process_id": target.process_id}
