"""Answers: the decisions of a batch, instance by instance, with their entries, commands and timers. Pure.

The generators here yield after each message, so that the caller can let other tasks run in between.
"""

import json
from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

import orjson

from saga.core import (
    Announcement,
    Command,
    Decision,
    DecisionKind,
    Process,
    Register,
    State,
    UnusableInput,
    announce,
    decide,
    dump_state,
)
from saga.core.announcement import said_data
from saga.engine import instances, timers
from saga.engine.dead_letters import DeadLetterKind, NewDeadLetter
from saga.engine.instances import Decided, Instance, TooMuchAtOnce
from saga.engine.intake import AdmittedMessage, poison
from saga.engine.rehearsal import RehearsalFailed
from saga.engine.timers import ArmedTimer
from saga.engine.turns import in_one_go
from saga.messages.identity import derived_id
from saga.modules import NewEvent, Visibility
from saga.modules.log import encode
from saga.modules.payload import require_readable

PLAIN_CHARACTERS, PLAIN_FIELDS = 500, 50
"""Up to this length of a string, and this number of fields, a command needs no full check."""

MOST_ENTRIES: Final = 20_000
"""The most entries that one transaction appends, unless a single message leads to more."""

REMEDY: Final = "raise the bound, deploy, then redrive"

Cause = dict[str, Any]
"""The metadata about the cause of outgoing messages: correlationid, causationid, traceparent."""


@dataclass(slots=True)
class Answers:
    """The answers to a batch. ``parked`` are messages that were not taken in, each with a dead letter.

    ``full`` are the instances that refused a message because they reached a bound, each with the reason.
    """

    decided: list[Decided] = field(default_factory=list)
    entries: list[NewEvent] = field(default_factory=list)
    timers: list[ArmedTimer] = field(default_factory=list)
    parked: list[AdmittedMessage] = field(default_factory=list)
    dead_letters: list[NewDeadLetter] = field(default_factory=list)
    full: dict[str, str] = field(default_factory=dict)
    ignored: list[AdmittedMessage] = field(default_factory=list)
    taken: int = 0

    def park(self, kind: DeadLetterKind, message: AdmittedMessage, reason: str) -> None:
        """Add a message that is not taken in, with a dead letter for this reason."""
        self.parked.append(message)
        self.dead_letters.append(dead_letter(kind, message, reason))


def answer(
    process: Process, locked: Mapping[str, Instance], messages: Sequence[AdmittedMessage]
) -> Generator[None, None, Answers]:
    """Decide all messages. If a decision raises, all messages of its instance are parked; the other instances continue.

    Raises TooMuchAtOnce if several messages lead to more entries than one transaction may append.
    """
    by_instance: defaultdict[str, list[AdmittedMessage]] = defaultdict(list)
    for message in messages:
        by_instance[message.process_id].append(message)
    answers = Answers()
    for process_id, group in by_instance.items():
        try:
            answered = yield from _answer_one(process, locked[process_id], group)
        except Exception as error:  # noqa: BLE001 -- a bug in a process parks its instance alone
            for message in group:
                answers.park(DeadLetterKind.FAILED, message, f"the decision raised {type(error).__name__}: {error}")
            continue
        answers.decided += answered.decided
        answers.entries += answered.entries
        answers.timers += answered.timers
        answers.parked += answered.parked
        answers.dead_letters += answered.dead_letters
        answers.full |= answered.full
        answers.taken += answered.taken
        answers.ignored += answered.ignored
        if len(answers.entries) > MOST_ENTRIES and len(messages) > 1:
            raise TooMuchAtOnce
    return answers


class Trial:
    """For a rehearsal: does for one message after the other what ``answer`` does for all, and encodes the rows."""

    def __init__(self, process: Process, locked: Mapping[str, Instance]) -> None:
        self._process = process
        self._instances = dict(locked)

    def __call__(self, message: AdmittedMessage) -> None:
        """Decide one message. Raises Refused if the decision raises; exceeding a bound is a normal answer."""
        answers = in_one_go(answer(self._process, self._instances, [message]))
        for parked in answers.dead_letters:
            if parked.kind is DeadLetterKind.FAILED and not answers.full:
                raise RehearsalFailed(parked.poison.reason)
        instances.encode(self._process, answers.decided)
        timers.encode(answers.timers)
        encode(answers.entries)
        self._instances |= {one.instance.process_id: one.instance for one in answers.decided}


def dead_letter(kind: DeadLetterKind, message: AdmittedMessage, reason: str) -> NewDeadLetter:
    """A dead letter with this message."""
    return NewDeadLetter(kind, poison(message.envelope, reason), message.process_id)


def _answer_one(
    process: Process, instance: Instance, messages: Sequence[AdmittedMessage]
) -> Generator[None, None, Answers]:
    """The answers to the messages of one instance.

    Each answer is an internal event, followed by its commands. For a pruned instance, an InstanceRevived entry with the
    restored state precedes its first answer. Last comes what is announced after all of them.
    """
    answers = Answers()
    state, version, size = instance.state, instance.stream_version, instance.state_bytes
    outcome: Enum | None = None
    cause: Cause | None = None
    for message in messages:
        yield
        try:
            decision = decide(process, state, message.fact)
        except UnusableInput as error:
            answers.park(DeadLetterKind.FAILED, message, str(error))
            continue
        growth = _growth(process, state, decision, message)
        if (refused := _refusal(process, decision, size, growth)) is not None:
            kind, reason = refused
            answers.park(kind, message, reason)
            if kind is DeadLetterKind.FAILED:
                answers.full.setdefault(message.process_id, reason)
            continue
        cause = _cause(message)
        if outcome is None and instance.revived_as is not None:
            version += 1
            answers.entries.append(_revival(process, instance, instance.revived_as, cause))
        version += 1
        answers.entries.append(_record(process, message, decision, version, cause))
        for command in decision.commands:
            version += 1
            entry = _command(process, message.process_id, command, version, cause)
            _require_readable(entry)
            answers.entries.append(entry)
        for timer in decision.timers:
            about = {process.correlate: message.process_id}
            answers.timers.append(ArmedTimer(message.process_id, timer, about, cause))
        answers.taken += decision.kind is DecisionKind.TAKEN
        if decision.kind is DecisionKind.IGNORED:
            answers.ignored.append(message)
        state, outcome, size = decision.state, decision.outcome, size + growth
    if cause is not None and outcome is not None:
        after = Instance(instance.process_id, version, state, size, instance.revived_as)
        _conclude(process, instance, answers, Decided(after, outcome), cause)
    return answers


def _conclude(process: Process, before: Instance, answers: Answers, decided: Decided, cause: Cause) -> None:
    """Announce the outcome after the last answer, if it is another one than readers believe, and add the instance."""
    after = decided.instance
    if process.announces is not None:
        state, said = announce(process, after.state, decided.outcome)
        if said is not None:
            version = after.stream_version + 1
            answers.entries.append(_announcement(process, after.process_id, said, version, cause))
            after = Instance(after.process_id, version, state, after.state_bytes, after.revived_as)
    is_changed = after.state is not before.state or not before.stream_version or before.revived_as is not None
    answers.decided.append(Decided(after, decided.outcome, is_changed))


def _growth(process: Process, before: State, decision: Decision, message: AdmittedMessage) -> int:
    """About how many bytes a decision adds to the stored state: the size of the fields, if a register stores them."""
    if decision.state.registers is before.registers:
        return 0
    is_kept = any(isinstance(register, Register) for register in process.registers_by_type[message.fact.kind])
    return len(orjson.dumps(message.fact.fields)) if is_kept else 0


def _refusal(process: Process, decision: Decision, size: int, growth: int) -> tuple[DeadLetterKind, str] | None:
    """The kind of dead letter and the reason, if the message is refused; None if it is taken in or ignored."""
    if decision.kind is DecisionKind.CONFLICT:
        return DeadLetterKind.CONFLICT, decision.reason
    if decision.kind is DecisionKind.BEYOND:
        return DeadLetterKind.FAILED, f"{decision.reason}: {REMEDY}"
    if growth and size + growth > process.most_bytes:
        reason = f"its state would have some {size + growth} bytes, and the bound of process {process.name} is"
        return DeadLetterKind.FAILED, f"{reason} most_bytes={process.most_bytes}: {REMEDY}"
    return None


def _record(process: Process, message: AdmittedMessage, decision: Decision, version: int, cause: Cause) -> NewEvent:
    envelope = message.envelope
    origin: Cause = {"id": envelope.id, "source": envelope.source, "time": envelope.time}
    if envelope.position is not None:
        origin |= {"module": envelope.module, "position": envelope.position}
    return NewEvent(
        stream_id=message.process_id,
        stream_version=version,
        event_id=derived_id("answer", process.name, *message.key.identity),
        type="InputTaken" if decision.kind is DecisionKind.TAKEN else "InputIgnored",
        visibility=Visibility.INTERNAL,
        data={
            "type": envelope.type,
            "fields": message.data,
            "decision": decision.reason,
            "outcome": decision.outcome.value,
        },
        metadata=cause | origin,
    )


def _revival(process: Process, instance: Instance, outcome: str, cause: Cause) -> NewEvent:
    version = instance.stream_version + 1
    return NewEvent(
        stream_id=instance.process_id,
        stream_version=version,
        event_id=derived_id("revival", process.name, instance.process_id, version),
        type="InstanceRevived",
        visibility=Visibility.INTERNAL,
        data={"state": dump_state(instance.state), "outcome": outcome},
        metadata=cause,
    )


def _command(process: Process, process_id: str, command: Command, version: int, cause: Cause) -> NewEvent:
    return NewEvent(
        stream_id=process_id,
        stream_version=version,
        event_id=derived_id("command", process.name, process_id, command.effect, command.revision),
        type=command.type,
        visibility=Visibility.INTERNAL,
        target=command.collaborator,
        data={
            process.correlate: process_id,
            "effect": command.effect,
            "revision": command.revision,
            **command.fields,
        },
        metadata=cause,
    )


def _announcement(process: Process, process_id: str, said: Announcement, version: int, cause: Cause) -> NewEvent:
    announcement_id = derived_id("announcement", process.name, process_id, said.revision)
    entry = NewEvent(
        stream_id=process_id,
        stream_version=version,
        event_id=announcement_id,
        type=said.type,
        data=said_data(process, process_id, announcement_id, said),
        metadata=cause,
    )
    if said.fields:
        _require_readable(entry)
    return entry


def _require_readable(command: NewEvent) -> None:
    """Raise ValueError for an entry that its readers would refuse: registers and computed fields hold any JSON.

    Nearly all hold only short strings and numbers, which need no full check.
    """
    if len(command.data) > PLAIN_FIELDS or not all(map(_is_plain, command.data.values())):
        try:
            require_readable(json.dumps(command.data, ensure_ascii=False))
        except ValueError as error:
            raise ValueError(f"{command.type} can't be sent: {error}") from None


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind is str:
        return len(value) <= PLAIN_CHARACTERS and value.isprintable()
    return value is None or kind is bool or (kind is int and abs(value) < 2**63)


def _cause(message: AdmittedMessage) -> Cause:
    envelope = message.envelope
    cause: Cause = {"correlationid": envelope.correlation_id or message.process_id, "causationid": envelope.id}
    return cause | ({"traceparent": envelope.traceparent} if envelope.traceparent else {})
