"""Previews: what would be answered if a message came now. The decision is pure, so nothing has to be written for it.

A preview reads the stored state of an instance and decides on it as the durable step would. It is right for the moment
at which it looks: another message may come first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Command, Decision, DecisionKind, Process, State, Timer, UnusableInput, decide, load_state
from saga.engine.intake import MODULES, AdmittedMessage, admit
from saga.messages import Envelope, Poison, Raw
from saga.messages.cloudevents import decode
from saga.messages.facts import read_fact
from saga.modules import Entry
from saga.operations.corrections import Correction, EntryNotCorrectable, corrected
from saga.operations.dead_letters import DeadLetter, ForeignDeadLetters, UnknownDeadLetters, raw_of, read_letters
from saga.operations.instances import (
    ANSWERS,
    LAST_VERSION,
    READ_INSTANCE,
    READ_REPEATS,
    READ_STREAM_PAGE,
    READ_TOMBSTONE,
)
from saga.operations.read_only import read_only
from saga.postgres import one_moment
from saga.rabbitmq.admission import Events
from saga.verification.replay.fold import RESTARTS
from saga.worker.relay import CONSUMER as RELAY

LONGEST_WAY: Final = 500
"""Entries of a record that are followed for the way to the present state."""


@dataclass(frozen=True, slots=True)
class PreviewedAnswer:
    """What a message of this type with this ``data`` would lead to, and why, as a sentence.

    ``answer`` is "taken", "ignored" or "duplicate"; "dead" if it would be a dead letter; "sent" for an entry that a
    redrive would send again. ``outcome`` is the instance's afterwards.
    """

    type: str
    data: Mapping[str, Any]
    answer: str
    sentence: str
    outcome: str | None
    commands: tuple[Command, ...] = ()
    timers: tuple[Timer, ...] = ()

    def __post_init__(self) -> None:
        read_only(self, "data")


@dataclass(frozen=True, slots=True)
class InstancePreview:
    """The stored state of an instance, the states on the way to it, and an answer for each message that was asked for.

    ``exists`` is false if nothing was taken in of it. ``way`` begins with the start and has the state after each input
    that changed it; it is empty where the record does not begin with the first input, or is longer than 500 entries.
    """

    exists: bool
    state: State
    outcome: str
    way: tuple[State, ...]
    answers: tuple[PreviewedAnswer, ...]


async def preview(
    engine: AsyncEngine, process: Process, process_id: str, messages: Sequence[tuple[str, Mapping[str, Any]]]
) -> InstancePreview:
    """What each of these messages, a type with its data, would lead to if it alone came now. Raises Unavailable."""
    async with one_moment(engine) as connection:
        stored = await _stored(connection, process, process_id)
        state = State.start(process) if stored is None else load_state(process, stored)
        way = () if stored is None else await _way(connection, process, process_id)
    outcome = process.outcomes.value(state.machines, state.registers).value
    answers = tuple(_previewed(process, state, type_, data) for type_, data in messages)
    return InstancePreview(stored is not None, state, outcome, way, answers)


async def preview_dead_letters(
    engine: AsyncEngine, processes: Sequence[Process], ids: Sequence[int], *, prefix: str = "saga"
) -> dict[int, PreviewedAnswer]:
    """What a redrive of each of these open dead letters alone would be answered now, by id.

    Dead letters that are unknown, closed, or of a process that was not given, are left out. ``prefix`` is that of the
    exchanges. Raises Unavailable.
    """
    by_name = {process.name: process for process in processes}
    previews: dict[int, PreviewedAnswer] = {}
    async with one_moment(engine) as connection:
        for letter in (await read_letters(connection, ids)).values():
            if letter.state != "open":
                continue
            if letter.consumer == RELAY:
                previews[letter.id] = _sent_again(letter)
            elif (process := by_name.get(letter.consumer)) is not None:
                previews[letter.id] = await _redriven(connection, process, letter, prefix)
    return previews


async def preview_correction(
    engine: AsyncEngine,
    processes: Sequence[Process],
    dead_letter_id: int,
    correction: Correction,
    *,
    prefix: str = "saga",
) -> PreviewedAnswer:
    """What a redrive of this open dead letter with this correction would be answered now.

    Raises UnknownDeadLetters; ForeignDeadLetters for one of a process that was not given; NotCorrectable (or of that
    EntryNotCorrectable, NotStrictData); Unavailable.
    """
    async with one_moment(engine) as connection:
        letter = (await read_letters(connection, [dead_letter_id])).get(dead_letter_id)
        if letter is None:
            raise UnknownDeadLetters([dead_letter_id])
        if letter.consumer == RELAY:
            raise EntryNotCorrectable(f"{letter.id} is an entry of a log, and a log is not changed: don't correct it")
        process = next((one for one in processes if one.name == letter.consumer), None)
        if process is None:
            raise ForeignDeadLetters({letter.id: letter.consumer})
        return await _redriven(connection, process, corrected(letter, correction), prefix)


async def _redriven(connection: AsyncConnection, process: Process, letter: DeadLetter, prefix: str) -> PreviewedAnswer:
    message = Events(process, prefix).put_back(decode(raw_of(letter)))
    admitted = message if isinstance(message, Poison) else admit(process, message)
    if isinstance(admitted, Poison):
        return _dead(letter.type or "", {}, admitted.reason)
    if await _is_known(connection, process, admitted):
        if letter.kind == "conflict":
            return _dead(admitted.envelope.type, admitted.data, letter.reason)
        sentence = "a duplicate: the same message was taken in before"
        return PreviewedAnswer(admitted.envelope.type, admitted.data, "duplicate", sentence, None)
    stored = await _stored(connection, process, admitted.process_id)
    return _decided(process, load_state(process, stored or {}), admitted)


async def _is_known(connection: AsyncConnection, process: Process, admitted: AdmittedMessage) -> bool:
    """Whether the inbox has a message with this key."""
    key = admitted.key
    parameters = {
        "modules": [key.module],
        "positions": [key.position],
        "sources": [key.source],
        "message_ids": [key.message_id],
    }
    return (await connection.execute(READ_REPEATS, {"consumer": process.name, **parameters})).first() is not None


async def _stored(connection: AsyncConnection, process: Process, process_id: str) -> Mapping[str, Any] | None:
    """The stored state of an instance, also of a pruned one; None if there is none."""
    this = {"process": process.name, "process_id": process_id}
    for statement in (READ_INSTANCE, READ_TOMBSTONE):
        if (row := (await connection.execute(statement, this)).one_or_none()) is not None:
            stored: Mapping[str, Any] = orjson.loads(row.state)
            return stored
    return None


async def _way(connection: AsyncConnection, process: Process, process_id: str) -> tuple[State, ...]:
    stream = {"module": process.module, "stream_id": process_id, "before": LAST_VERSION, "limit": LONGEST_WAY + 1}
    entries = [Entry.from_row(row) for row in await connection.execute(READ_STREAM_PAGE, stream)][::-1]
    begins = bool(entries) and (entries[0].stream_version == 1 or entries[0].type in RESTARTS)
    if not begins or len(entries) > LONGEST_WAY:
        return ()
    way = [State.start(process)]
    try:
        for entry in entries:
            if (state := _after(process, way[-1], entry)) is not way[-1]:
                way.append(state)
    except (KeyError, ValueError, ValidationError, UnusableInput):
        return ()  # an older version of the process took it in: `saga replay` says what differs
    return tuple(way)


def _after(process: Process, state: State, entry: Entry) -> State:
    """The state after an entry of a record."""
    if entry.type in RESTARTS:
        return load_state(process, entry.data["state"])
    if entry.type not in ANSWERS:
        return state
    fact = read_fact(process.message_types[entry.data["type"]], entry.data["fields"])
    return decide(process, state, fact, is_bounded=False).state


def _previewed(process: Process, state: State, type_: str, data: Mapping[str, Any]) -> PreviewedAnswer:
    module = next((name for name, kinds in process.inputs.items() if any(one.__name__ == type_ for one in kinds)), "")
    source = f"{MODULES}{module}" if module else "/preview"
    admitted = admit(process, Envelope(type=type_, id="preview", source=source, data=data, raw=Raw(b"")))
    if isinstance(admitted, Poison):
        return _dead(type_, data, admitted.reason)
    return _decided(process, state, admitted)


def _decided(process: Process, state: State, admitted: AdmittedMessage) -> PreviewedAnswer:
    type_, data = admitted.envelope.type, admitted.data
    try:
        decision = decide(process, state, admitted.fact)
    except UnusableInput as error:
        return _dead(type_, data, str(error))
    except Exception as error:  # noqa: BLE001 -- a function of a declaration may raise anything, and that is the answer
        return _dead(type_, data, f"the decision raised {type(error).__name__}: {error}")
    return _answered(type_, data, decision)


def _answered(type_: str, data: Mapping[str, Any], decision: Decision) -> PreviewedAnswer:
    if decision.kind in {DecisionKind.CONFLICT, DecisionKind.BEYOND}:
        return _dead(type_, data, decision.reason, decision.outcome.value)
    outcome, sentence = decision.outcome.value, decision.reason
    return PreviewedAnswer(type_, data, decision.kind.value, sentence, outcome, decision.commands, decision.timers)


def _dead(type_: str, data: Mapping[str, Any], reason: str, outcome: str | None = None) -> PreviewedAnswer:
    return PreviewedAnswer(type_, data, "dead", reason, outcome)


def _sent_again(letter: DeadLetter) -> PreviewedAnswer:
    place = f"position {letter.position} of {letter.module}"
    return PreviewedAnswer(letter.type or "", {}, "sent", f"it would be sent again, {place}", None)
