"""Answers: the decisions of a batch, instance by instance, and the entries, commands and timers they lead to. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from saga.core import Command, Decision, Process, State, Verdict, decide
from saga.core.identity import derived_id
from saga.engine.dead_letters import DeadLetter, DeadLetterKind
from saga.engine.instances import Decided, Instance
from saga.engine.intake import Admitted, poison
from saga.engine.timers import Armed
from saga.modules import NewEvent, Visibility

Cause = dict[str, Any]
"""What outgoing messages say of their cause: correlationid, causationid, traceparent."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a batch came to. ``parked`` are messages that were not taken in, each with a dead letter."""

    decided: list[Decided] = field(default_factory=list)
    entries: list[NewEvent] = field(default_factory=list)
    timers: list[Armed] = field(default_factory=list)
    parked: list[Admitted] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    taken: int = 0
    ignored: int = 0


def answer(process: Process, instances: Mapping[str, Instance], messages: Iterable[Admitted]) -> Answers:
    """Decide every message in turn. An instance whose decision raises is parked with its messages; the others go on."""
    by_instance: defaultdict[str, list[Admitted]] = defaultdict(list)
    for message in messages:
        by_instance[message.process_id].append(message)
    decided, entries, timers, parked, letters = [], [], [], [], []
    verdicts: list[Verdict] = []
    for process_id, group in by_instance.items():
        instance = instances[process_id]
        try:
            decisions = _fold(process, instance.state, group)
            answered = [(m, d) for m, d in decisions if d.verdict is not Verdict.CONFLICT]
            conflicting = [(m, d.reason) for m, d in decisions if d.verdict is Verdict.CONFLICT]
            written = list(_entries(process, instance, answered))
            armed = [one for message, decision in answered for one in _timers(process, message, decision)]
        except Exception as error:  # noqa: BLE001 -- a bug in a process parks its instance alone
            failure = f"the decision raised {type(error).__name__}: {error}"
            parked += group
            letters += [dead_letter(DeadLetterKind.FAILED, message, failure) for message in group]
            continue
        parked += [message for message, _ in conflicting]
        letters += [dead_letter(DeadLetterKind.CONFLICT, message, reason) for message, reason in conflicting]
        if answered:
            last = answered[-1][1]
            after = Instance(process_id, instance.stream_version + len(written), last.state)
            decided.append(Decided(after, last.outcome))
        entries += written
        timers += armed
        verdicts += [decision.verdict for _, decision in answered]
    return Answers(
        decided, entries, timers, parked, letters, verdicts.count(Verdict.TAKEN), verdicts.count(Verdict.IGNORED)
    )


def dead_letter(kind: DeadLetterKind, message: Admitted, reason: str) -> DeadLetter:
    """The message as a dead letter."""
    return DeadLetter(kind, poison(message.envelope, reason), message.process_id)


def _fold(process: Process, state: State, messages: Iterable[Admitted]) -> list[tuple[Admitted, Decision]]:
    decisions = []
    for message in messages:
        decision = decide(process, state, message.fact)
        state = decision.state
        decisions.append((message, decision))
    return decisions


def _entries(process: Process, instance: Instance, answered: Iterable[tuple[Admitted, Decision]]) -> Iterator[NewEvent]:
    """For each message the internal event that says how it was answered, then its commands."""
    version = instance.stream_version
    for message, decision in answered:
        cause = _cause(message)
        version += 1
        yield _record(process, message, decision, version, cause)
        for command in decision.commands:
            version += 1
            yield _command(process, message.process_id, command, version, cause)


def _record(process: Process, message: Admitted, decision: Decision, version: int, cause: Cause) -> NewEvent:
    envelope = message.envelope
    origin: Cause = {"id": envelope.id, "source": envelope.source, "time": envelope.time}
    if envelope.position is not None:
        origin |= {"module": envelope.module, "position": envelope.position}
    return NewEvent(
        stream_id=message.process_id,
        stream_version=version,
        event_id=derived_id("answer", process.name, *message.key.identity),
        type="InputTaken" if decision.verdict is Verdict.TAKEN else "InputIgnored",
        visibility=Visibility.INTERNAL,
        data={
            "type": envelope.type,
            "fields": {**envelope.data, process.correlate: message.process_id},
            "decision": decision.reason,
            "outcome": decision.outcome.value,
        },
        metadata=cause | origin,
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


def _timers(process: Process, message: Admitted, decision: Decision) -> Iterator[Armed]:
    for timer in decision.timers:
        yield Armed(message.process_id, timer, {process.correlate: message.process_id}, _cause(message))


def _cause(message: Admitted) -> Cause:
    envelope = message.envelope
    cause: Cause = {"correlationid": envelope.correlation_id or message.process_id, "causationid": envelope.id}
    return cause | ({"traceparent": envelope.traceparent} if envelope.traceparent else {})
