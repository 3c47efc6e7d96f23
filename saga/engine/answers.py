"""Answers: the decisions of a batch, instance by instance, and the entries, commands and timers they lead to. Pure."""

from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from saga.core import Command, Decision, Process, Verdict, decide, dump_state
from saga.core.identity import derived_id
from saga.engine.dead_letters import DeadLetter, DeadLetterKind
from saga.engine.instances import Decided, Instance
from saga.engine.intake import Admitted, poison
from saga.engine.timers import Armed
from saga.modules import NewEvent, Visibility

Cause = dict[str, Any]
"""What outgoing messages say of their cause: correlationid, causationid, traceparent."""


@dataclass(slots=True)
class Answers:
    """What a batch came to. ``parked`` are messages that were not taken in, each with a dead letter."""

    decided: list[Decided] = field(default_factory=list)
    entries: list[NewEvent] = field(default_factory=list)
    timers: list[Armed] = field(default_factory=list)
    parked: list[Admitted] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    taken: int = 0
    ignored: int = 0

    def park(self, kind: DeadLetterKind, message: Admitted, reason: str) -> None:
        """Say that a message is not taken in, and why."""
        self.parked.append(message)
        self.dead_letters.append(dead_letter(kind, message, reason))


def answer(
    process: Process, instances: Mapping[str, Instance], messages: Iterable[Admitted], answers: Answers
) -> Iterator[None]:
    """Decide every message in turn, adding to ``answers``; after each the caller may do something else for a moment.

    An instance whose decision raises is parked with its messages; the others go on.
    """
    by_instance: defaultdict[str, list[Admitted]] = defaultdict(list)
    for message in messages:
        by_instance[message.process_id].append(message)
    for process_id, group in by_instance.items():
        try:
            answered = yield from _answer_one(process, instances[process_id], group)
        except Exception as error:  # noqa: BLE001 -- a bug in a process parks its instance alone
            for message in group:
                answers.park(DeadLetterKind.FAILED, message, f"the decision raised {type(error).__name__}: {error}")
            continue
        answers.decided += answered.decided
        answers.entries += answered.entries
        answers.timers += answered.timers
        answers.parked += answered.parked
        answers.dead_letters += answered.dead_letters
        answers.taken += answered.taken
        answers.ignored += answered.ignored


def dead_letter(kind: DeadLetterKind, message: Admitted, reason: str) -> DeadLetter:
    """The message as a dead letter."""
    return DeadLetter(kind, poison(message.envelope, reason), message.process_id)


def _answer_one(process: Process, instance: Instance, messages: Sequence[Admitted]) -> Generator[None, None, Answers]:
    """What the messages of one instance come to.

    Each leaves an internal event that says how it was answered, then its commands. The first answer of an instance that
    was pruned stands behind the state from which it goes on.
    """
    answers = Answers()
    state, version, outcome = instance.state, instance.stream_version, None
    for message in messages:
        decision = decide(process, state, message.fact)
        if decision.verdict is Verdict.CONFLICT:
            answers.park(DeadLetterKind.CONFLICT, message, decision.reason)
            continue
        cause = _cause(message)
        if outcome is None and instance.revived_as is not None:
            version += 1
            answers.entries.append(_revival(process, instance, instance.revived_as, cause))
        version += 1
        answers.entries.append(_record(process, message, decision, version, cause))
        for command in decision.commands:
            version += 1
            answers.entries.append(_command(process, message.process_id, command, version, cause))
        for timer in decision.timers:
            about = {process.correlate: message.process_id}
            answers.timers.append(Armed(message.process_id, timer, about, cause))
        answers.taken += decision.verdict is Verdict.TAKEN
        answers.ignored += decision.verdict is Verdict.IGNORED
        state, outcome = decision.state, decision.outcome
        yield
    if outcome is not None:
        after = Instance(instance.process_id, version, state, instance.revived_as)
        answers.decided.append(Decided(after, outcome))
    return answers


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


def _cause(message: Admitted) -> Cause:
    envelope = message.envelope
    cause: Cause = {"correlationid": envelope.correlation_id or message.process_id, "causationid": envelope.id}
    return cause | ({"traceparent": envelope.traceparent} if envelope.traceparent else {})
