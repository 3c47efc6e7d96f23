"""Answers: the decisions of a batch, instance by instance, and the entries, commands and timers they lead to. Pure.

They are given by generators that stop after each message, so that whoever asks may let others have a turn in between.
"""

import json
from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from saga.core import Command, Decision, DecisionKind, Process, Register, State, decide, dump_state
from saga.engine import instances, timers
from saga.engine.dead_letters import DeadLetter, DeadLetterKind
from saga.engine.instances import Decided, Instance, TooMuchAtOnce
from saga.engine.intake import AdmittedMessage, poison
from saga.engine.rehearsal import Refused
from saga.engine.timers import Armed
from saga.engine.turns import in_one_go
from saga.messages.identity import derived_id
from saga.modules import NewEvent, Visibility
from saga.modules.log import encode
from saga.modules.payload import require_readable

PLAIN_CHARACTERS, PLAIN_FIELDS = 500, 50
"""Of a word in a command, and of a command, that is too small to be looked at closely."""

MOST_ENTRIES: Final = 20_000
"""Entries that one transaction appends, unless they are of a single message."""

REMEDY: Final = "raise the bound, deploy, then redrive"

Cause = dict[str, Any]
"""What outgoing messages say of their cause: correlationid, causationid, traceparent."""


@dataclass(slots=True)
class Answers:
    """What a batch came to. ``parked`` are messages that were not taken in, each with a dead letter.

    ``full`` are instances that hold as much as they may, and were told more; each with the reason.
    """

    decided: list[Decided] = field(default_factory=list)
    entries: list[NewEvent] = field(default_factory=list)
    timers: list[Armed] = field(default_factory=list)
    parked: list[AdmittedMessage] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    full: dict[str, str] = field(default_factory=dict)
    ignored: list[AdmittedMessage] = field(default_factory=list)
    taken: int = 0

    def park(self, kind: DeadLetterKind, message: AdmittedMessage, reason: str) -> None:
        """Say that a message is not taken in, and why."""
        self.parked.append(message)
        self.dead_letters.append(dead_letter(kind, message, reason))


def answer(
    process: Process, locked: Mapping[str, Instance], messages: Sequence[AdmittedMessage]
) -> Generator[None, None, Answers]:
    """Decide every message in turn. An instance whose decision raises is parked with its messages; the others go on.

    Raises TooMuchAtOnce when several messages lead to more entries than one transaction takes.
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
    """Answers one message after the other as ``answer`` would answer all of them, up to the rows; for a rehearsal."""

    def __init__(self, process: Process, locked: Mapping[str, Instance]) -> None:
        self._process = process
        self._instances = dict(locked)

    def __call__(self, message: AdmittedMessage) -> None:
        """Raise Refused where the decision raises; what is beyond a bound is an answer like others."""
        answers = in_one_go(answer(self._process, self._instances, [message]))
        for letter in answers.dead_letters:
            if letter.kind is DeadLetterKind.FAILED and not answers.full:
                raise Refused(letter.poison.reason)
        instances.encode(self._process, answers.decided)
        timers.encode(answers.timers)
        encode(answers.entries)
        self._instances |= {one.instance.process_id: one.instance for one in answers.decided}


def dead_letter(kind: DeadLetterKind, message: AdmittedMessage, reason: str) -> DeadLetter:
    """The message as a dead letter."""
    return DeadLetter(kind, poison(message.envelope, reason), message.process_id)


def _answer_one(
    process: Process, instance: Instance, messages: Sequence[AdmittedMessage]
) -> Generator[None, None, Answers]:
    """What the messages of one instance come to.

    Each leaves an internal event that says how it was answered, then its commands. The first answer of an instance that
    was pruned stands behind the state from which it goes on.
    """
    answers = Answers()
    state, version, outcome, size = instance.state, instance.stream_version, None, instance.state_bytes
    for message in messages:
        yield
        decision = decide(process, state, message.fact)
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
            answers.timers.append(Armed(message.process_id, timer, about, cause))
        answers.taken += decision.kind is DecisionKind.TAKEN
        if decision.kind is DecisionKind.IGNORED:
            answers.ignored.append(message)
        state, outcome, size = decision.state, decision.outcome, size + growth
    if outcome is not None:
        after = Instance(instance.process_id, version, state, size, instance.revived_as)
        is_changed = state is not instance.state or not instance.stream_version or instance.revived_as is not None
        answers.decided.append(Decided(after, outcome, is_changed))
    return answers


def _growth(process: Process, before: State, decision: Decision, message: AdmittedMessage) -> int:
    """About how many bytes a decision adds to the stored state: what a register keeps of the message."""
    if decision.state.registers is before.registers:
        return 0
    is_kept = any(isinstance(keeper, Register) for keeper in process.registers_by_type[message.fact.kind])
    return len(orjson.dumps(message.fact.fields)) if is_kept else 0


def _refusal(process: Process, decision: Decision, size: int, growth: int) -> tuple[DeadLetterKind, str] | None:
    """Why a message is not taken in, and what kind of dead letter that makes; None if it is, or changes nothing."""
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
            "fields": message.said,
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


def _require_readable(command: NewEvent) -> None:
    """Raise ValueError for a command that its collaborator would not take: registers and figures may say anything.

    Nearly all hold short words and numbers, which needs no closer look.
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
