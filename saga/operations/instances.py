"""One instance, explained: its state, every message with the decision it led to, commands, timers, dead letters."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Process, load_state
from saga.modules import Entry
from saga.operations.dead_letters import ListedDeadLetter, count_open_of, modules_about, open_letters_of
from saga.operations.read_only import read_only
from saga.operations.trail import Act, acts_on
from saga.postgres import Statements, one_moment
from saga.tracing.context import recorded_trace
from saga.verification.replay.fold import is_announcement

_SQL = Statements(__package__)
READ_INSTANCE = _SQL["read_instance"]
READ_STREAM_PAGE = _SQL["read_stream_page"]
READ_REVIVAL = _SQL["read_revival"]
READ_ERASURE = _SQL["read_erasure"]
READ_HANDED_ON = _SQL["read_handed_on"]
LIST_UNSENT = _SQL["list_unsent"]
READ_TOMBSTONE = _SQL["read_tombstone"]
READ_REPEATS = _SQL["read_repeats"]
READ_TIMERS = _SQL["read_timers"]

RELAY = "relay"
"""Its name as a consumer of the logs."""

ANSWERS = ("InputTaken", "InputIgnored")
"""The entries of a stream that answer a message; others record that the instance was revived, erased or repaired."""

MOST_ACTS = 50
LISTED = 200
"""Entries of an instance's record, and dead letters, by default."""

LAST_VERSION = 2**63 - 1


@dataclass(frozen=True, slots=True)
class TakenFact:
    """One input that was taken in."""

    type: str
    fields: Mapping[str, Any]

    def __post_init__(self) -> None:
        read_only(self, "fields")


@dataclass(frozen=True, slots=True)
class AnsweredMessage:
    """A message and the decision it led to; ``outcome`` is the instance's after it.

    ``repeats`` counts how often it was delivered again; None once its inbox row was pruned. ``version`` is the number
    of its answer in the instance's stream: it led to the commands from there to the next answer. ``trace_id`` is the
    recorded trace that it belongs to, if there is one.
    """

    type: str
    source: str
    position: int | None
    id: str
    decision: str
    taken: bool
    outcome: str
    at: datetime
    repeats: int | None
    module: str | None
    version: int
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class SentCommand:
    """A command to the collaborator ``target``, in the log at the moment ``at``.

    It is ``published`` when the broker has confirmed it, ``pulled`` when its collaborator has read it from the log.
    ``caused_by`` is the id of the message that led to it, ``version`` its number in the instance's stream.
    """

    type: str
    target: str
    effect: str | None
    revision: int | None
    id: str
    at: datetime
    published: bool
    pulled: bool
    caused_by: str | None
    fields: Mapping[str, Any]
    version: int

    def __post_init__(self) -> None:
        read_only(self, "fields")


@dataclass(frozen=True, slots=True)
class AnnouncedOutcome:
    """An announcement of an outcome, in the log at the moment ``at``.

    Of all of an instance, the one with the greatest ``revision`` holds. It is ``published`` when the broker has
    confirmed it. ``caused_by`` is the id of the message that led to it, ``version`` its number in the instance's
    stream.
    """

    type: str
    outcome: str
    revision: int
    id: str
    at: datetime
    published: bool
    caused_by: str | None
    version: int


@dataclass(frozen=True, slots=True)
class InstanceTimer:
    """A deadline; ``caused_by`` is the id of the message that led to it."""

    name: str
    emits: str
    armed_at: datetime
    due_at: datetime
    fired_at: datetime | None
    overdue: bool
    caused_by: str | None


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is recorded of one instance: the last of its ``entries``, up to those of a page before.

    ``earlier`` is the ``before`` that gives the page before this one; None if there is none. ``open_dead_letters`` are
    the first ones only, ``acts`` the last ones, of what operators did to it or its dead letters.

    A pruned instance that has not come back has its last state and nothing more. One that came back lacks its record
    before ``revived_at``. An erased one lacks the data of its messages until ``erased_at``.
    """

    process_id: str
    outcome: str
    settled: bool
    states: Mapping[str, str]
    facts: tuple[TakenFact, ...]
    messages: tuple[AnsweredMessage, ...]
    commands: tuple[SentCommand, ...]
    announcements: tuple[AnnouncedOutcome, ...]
    timers: tuple[InstanceTimer, ...]
    dead_letters: tuple[ListedDeadLetter, ...]
    created_at: datetime
    updated_at: datetime
    pruned_at: datetime | None = None
    revived_at: datetime | None = None
    erased_at: datetime | None = None
    entries: int = 0
    earlier: int | None = None
    open_dead_letters: int = 0
    acts: tuple[Act, ...] = ()

    def __post_init__(self) -> None:
        read_only(self, "states")


async def inspect(
    engine: AsyncEngine, process: Process, process_id: str, *, limit: int = LISTED, before: int | None = None
) -> Inspection | None:
    """All that is known of the instance with this id, in one snapshot; None if it has taken in no message.

    Reads the last ``limit`` entries of its record or, with ``before``, the last ones before that entry number. Use
    ``list_dead_letters`` for an instance that only dead letters name. Raises Unavailable.
    """
    async with one_moment(engine) as connection:
        return await _inspected(connection, process, process_id, limit=limit, before=before)


async def _inspected(
    connection: AsyncConnection, process: Process, process_id: str, *, limit: int, before: int | None
) -> Inspection | None:
    this = {"process": process.name, "process_id": process_id}
    row = (await connection.execute(READ_INSTANCE, this)).one_or_none()
    if row is None:
        return await _pruned(connection, process, process_id, limit)
    state = load_state(process, orjson.loads(row.state))
    entries, earlier = await _page(connection, process, process_id, limit=limit, before=before)
    answers = [entry for entry in entries if entry.type in ANSWERS]
    handed_on = await _handed_on(connection, process)
    unsent = set((await connection.execute(LIST_UNSENT, {**this, "module": process.module})).scalars())
    repeats = await _repeats(connection, process.name, answers)
    return Inspection(
        process_id=process_id,
        outcome=row.outcome,
        settled=row.settled,
        states={name: machine.value for name, machine in state.machines.items()},
        facts=_facts(answers),
        messages=tuple(_message(entry, repeats.get(number)) for number, entry in enumerate(answers, 1)),
        commands=tuple(_command(process, entry, handed_on, unsent) for entry in entries if entry.target is not None),
        announcements=tuple(_said(entry, handed_on, unsent) for entry in entries if is_announcement(entry)),
        timers=tuple(InstanceTimer(**timer) for timer in (await connection.execute(READ_TIMERS, this)).mappings()),
        dead_letters=await open_letters_of(
            connection, process_id, process.name, modules=modules_about(process), limit=limit
        ),
        created_at=row.created_at,
        updated_at=row.updated_at,
        revived_at=await _revived_at(connection, process, process_id) if row.revived else None,
        erased_at=await _erased_at(connection, this),
        entries=row.stream_version,
        earlier=earlier,
        open_dead_letters=await count_open_of(connection, process_id, process.name, modules=modules_about(process)),
        acts=await acts_on(connection, process.name, process_id, limit=MOST_ACTS),
    )


async def _page(
    connection: AsyncConnection, process: Process, process_id: str, *, limit: int, before: int | None
) -> tuple[list[Entry], int | None]:
    """The last entries before a version, oldest first; and the version before which there are more, or None."""
    before = LAST_VERSION if before is None else before
    parameters = {"module": process.module, "stream_id": process_id, "before": before, "limit": limit + 1}
    found = [Entry.from_row(row) for row in await connection.execute(READ_STREAM_PAGE, parameters)]
    entries = found[:limit][::-1]
    return entries, entries[0].stream_version if len(found) > limit else None


async def _revived_at(connection: AsyncConnection, process: Process, process_id: str) -> datetime | None:
    parameters = {"module": process.module, "stream_id": process_id}
    return (await connection.execute(READ_REVIVAL, parameters)).scalar_one_or_none()


async def _erased_at(connection: AsyncConnection, this: Mapping[str, str]) -> datetime | None:
    erased_at: datetime | None = (await connection.execute(READ_ERASURE, this)).scalar_one()
    return erased_at


async def _handed_on(connection: AsyncConnection, process: Process) -> Mapping[str, int]:
    """How far the process's commands were handed on, by the relay and by collaborators that pull them."""
    parameters = {"consumers": [RELAY, *process.collaborators], "module": process.module}
    return {row.consumer: row.watermark for row in await connection.execute(READ_HANDED_ON, parameters)}


async def _pruned(connection: AsyncConnection, process: Process, process_id: str, limit: int) -> Inspection | None:
    this = {"process": process.name, "process_id": process_id}
    row = (await connection.execute(READ_TOMBSTONE, this)).one_or_none()
    if row is None:
        return None
    state = load_state(process, orjson.loads(row.state))
    return Inspection(
        process_id=process_id,
        outcome=row.outcome,
        settled=True,
        states={name: machine.value for name, machine in state.machines.items()},
        facts=(),
        messages=(),
        commands=(),
        announcements=(),
        timers=(),
        dead_letters=await open_letters_of(connection, process_id, limit=limit),
        created_at=row.created_at,
        updated_at=row.settled_at,
        pruned_at=row.pruned_at,
        erased_at=await _erased_at(connection, this),
        entries=row.stream_version,
        open_dead_letters=await count_open_of(connection, process_id),
        acts=await acts_on(connection, process.name, process_id, limit=MOST_ACTS),
    )


async def _repeats(connection: AsyncConnection, consumer: str, answers: Sequence[Entry]) -> dict[int, int]:
    keys = {
        "modules": [entry.metadata.get("module") for entry in answers],
        "positions": [entry.metadata.get("position") for entry in answers],
        "sources": [entry.metadata.get("source") for entry in answers],
        "message_ids": [entry.metadata.get("id") for entry in answers],
    }
    rows = await connection.execute(READ_REPEATS, {"consumer": consumer, **keys})
    return {row.number: row.repeats for row in rows}


def _facts(answers: Sequence[Entry]) -> tuple[TakenFact, ...]:
    """The distinct inputs that were taken in, in an order that does not depend on when they came."""
    taken = [(entry.data["type"], entry.data["fields"]) for entry in answers if entry.type == "InputTaken"]
    distinct = {orjson.dumps(fact, option=orjson.OPT_SORT_KEYS): fact for fact in taken}
    return tuple(TakenFact(*distinct[key]) for key in sorted(distinct))


def _message(entry: Entry, repeats: int | None) -> AnsweredMessage:
    return AnsweredMessage(
        type=entry.data["type"],
        source=entry.metadata["source"],
        position=entry.metadata.get("position"),
        id=entry.metadata["id"],
        decision=entry.data["decision"],
        taken=entry.type == "InputTaken",
        outcome=entry.data["outcome"],
        at=entry.recorded_at,
        repeats=repeats,
        module=entry.metadata.get("module"),
        version=entry.stream_version,
        trace_id=recorded_trace(entry.metadata.get("traceparent")),
    )


def _command(process: Process, entry: Entry, handed_on: Mapping[str, int], unsent: Collection[int]) -> SentCommand:
    own = {process.correlate, "effect", "revision"}
    return SentCommand(
        type=entry.type,
        target=entry.target or "",
        effect=entry.data.get("effect"),
        revision=entry.data.get("revision"),
        id=entry.event_id,
        at=entry.recorded_at,
        published=entry.position <= handed_on.get(RELAY, 0) and entry.position not in unsent,
        pulled=entry.position <= handed_on.get(entry.target or "", 0),
        caused_by=entry.metadata.get("causationid"),
        fields={name: value for name, value in entry.data.items() if name not in own},
        version=entry.stream_version,
    )


def _said(entry: Entry, handed_on: Mapping[str, int], unsent: Collection[int]) -> AnnouncedOutcome:
    return AnnouncedOutcome(
        type=entry.type,
        outcome=str(entry.data.get("outcome")),
        revision=int(entry.data.get("revision") or 0),
        id=entry.event_id,
        at=entry.recorded_at,
        published=entry.position <= handed_on.get(RELAY, 0) and entry.position not in unsent,
        caused_by=entry.metadata.get("causationid"),
        version=entry.stream_version,
    )
