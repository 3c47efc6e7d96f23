"""The redriver: handles dead letters again, with their processes' durable step, and records each answer.

A redriven message is handled in this process, by the same durable step as a delivered one, which records the answer in
its transaction. A log entry that the relay could not send is sent again from the log.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Process
from saga.engine import Step, StepResult
from saga.engine.dead_letters import DeadLetterState, close, fail_again
from saga.engine.intake import admit
from saga.engine.step import DEAD, DUPLICATE, IGNORED, TAKEN
from saga.messages import Envelope, Poison
from saga.messages.cloudevents import decode
from saga.operations.corrections import Correction, EntryNotCorrectable, NotCorrectable, corrected
from saga.operations.dead_letters import (
    ClosedDeadLetters,
    DeadLetter,
    ForeignDeadLetters,
    find_successor,
    list_open_ids,
    raw_of,
    read_dead_letters,
    read_letters,
    read_open_reasons,
)
from saga.operations.errors import OperationFailed
from saga.operations.read_only import read_only
from saga.operations.resending import resend
from saga.operations.runs import Run
from saga.operations.trail import Answered, record_items
from saga.postgres import again_after_lost_races, durable_transaction, reading
from saga.postgres.operation import Operation, record_operation
from saga.rabbitmq.admission import Events
from saga.rabbitmq.connection import broker_errors
from saga.rabbitmq.publisher import Publisher
from saga.rabbitmq.topology import topology
from saga.tracing import linking
from saga.worker.relay import CONSUMER as RELAY
from saga.worker.relay import NOT_SENT

REDRIVE: Final = "redrive"
EDIT: Final = "edit"
DISCARD: Final = "discard"
SENT: Final = "sent"
CLOSED: Final = "closed"
"""The answer for a dead letter that another user closed meanwhile."""

_SENTENCES: Final = {
    TAKEN: "taken in",
    IGNORED: "ignored, because it says nothing new",
    DUPLICATE: "a duplicate: the same message was taken in before",
    CLOSED: "closed meanwhile by another user",
}


class NoBroker(OperationFailed):
    """A dead letter of the relay can't be sent again, because no broker was given. What was done before stays done."""


@dataclass(frozen=True, slots=True)
class Redriven:
    """The result for one dead letter; ``sentence`` says it for people.

    ``answer`` is "taken", "ignored" or "duplicate"; "sent" for one of the relay; "closed" if another user closed it
    meanwhile; "dead" if it is still one. Then it is kept as ``dead_letter_id``: its own id, or a new one for a
    corrected message.
    """

    id: int
    process: str
    process_id: str | None
    type: str | None
    answer: str
    sentence: str
    dead_letter_id: int | None = None


@dataclass(frozen=True, slots=True)
class RedriveReport:
    """The result of a redrive; ``left_alone`` counts the dead letters of processes that were not given, by process.

    ``operation_id`` is that of its record; None if there was nothing to redrive.
    """

    answers: tuple[Redriven, ...]
    left_alone: Mapping[str, int]
    operation_id: int | None

    def __post_init__(self) -> None:
        read_only(self, "left_alone")


@dataclass(slots=True)
class Redriver:
    """One redrive: its engine, processes and settings, and the results so far."""

    engine: AsyncEngine
    processes: Mapping[str, Process]
    prefix: str
    remote_modules: Collection[str]
    broker: str | None
    publish_timeout_seconds: float
    progress: Callable[[Redriven], None] | None
    operation_id: int | None = None
    answers: list[Redriven] = field(default_factory=list)

    async def _require_redrivable(self, ids: Sequence[int], correction: Correction | None) -> None:
        """Raise UnknownDeadLetters, ClosedDeadLetters, ForeignDeadLetters or EntryNotCorrectable for what can't be."""
        named = await require_open(self.engine, ids)
        if foreign := {one.id: one.consumer for one in named if not self.is_owned(one.consumer)}:
            raise ForeignDeadLetters(foreign)
        if correction and (unsent := [dead_letter for dead_letter in named if dead_letter.consumer == RELAY]):
            raise EntryNotCorrectable(
                f"{unsent[0].id} is an entry of a log, and a log is not changed: don't correct it"
            )

    async def choose(
        self, ids: Sequence[int] | None, correction: Correction | None
    ) -> tuple[list[int], dict[str, int]]:
        """The dead letters to redrive, and how many are left alone, by process."""
        if ids is not None:
            await self._require_redrivable(ids, correction)
            return list(dict.fromkeys(ids)), {}
        async with reading(self.engine) as connection:
            found = await list_open_ids(connection)
        left_alone = Counter(consumer for consumer in found.values() if not self.is_owned(consumer))
        return [one for one, consumer in found.items() if self.is_owned(consumer)], dict(left_alone)

    def is_owned(self, consumer: str) -> bool:
        """Whether dead letters of this consumer are redriven here."""
        return consumer == RELAY or consumer in self.processes

    async def carry_out(self, run: Run) -> str | None:
        """Redrive what is left of a run."""
        self.operation_id = run.operation_id
        with linking():
            return await run.carry_out(self._act)

    async def edit(self, ids: Sequence[int], correction: Correction, operation: Operation) -> None:
        """Redrive dead letters with a correction; the operation is recorded with the answer."""
        async with reading(self.engine) as connection:
            dead_letters = list((await read_letters(connection, ids)).values())
        with linking():
            async for answer in self.some(dead_letters, correction, operation):
                self._say(answer)

    async def _act(self, items: Sequence[str]) -> list[bool]:
        """Redrive some dead letters, and say of each whether it is still one."""
        ids = [int(item) for item in items]
        async with reading(self.engine) as connection:
            letters = await read_letters(connection, ids)
        answers: dict[int, str] = {}
        still_open = {one for one, letter in letters.items() if letter.state == DeadLetterState.OPEN.value}
        open_ones = [letters[one] for one in ids if one in still_open]
        if gone := [one for one in ids if one not in still_open]:
            async with durable_transaction(self.engine) as connection:
                await self._record(connection, [self._item(one, letters.get(one), CLOSED) for one in gone])
            for one in gone:
                if one in letters:
                    self._say(_answered(letters[one], CLOSED))
        async for answer in self.some(open_ones, None, None):
            answers[answer.id] = answer.answer
            self._say(answer)
        return [answers.get(one) == DEAD for one in ids]

    def _say(self, answer: Redriven) -> None:
        self.answers.append(answer)
        if self.progress is not None:
            self.progress(answer)

    async def _record(
        self, connection: AsyncConnection, items: Sequence[Answered], operation: Operation | None = None
    ) -> None:
        if operation is not None:
            counts = {"answers": dict(Counter(one.answer for one in items))}
            self.operation_id = await record_operation(
                connection, replace(operation, result={**operation.result, **counts})
            )
        assert self.operation_id is not None, "an operation is recorded before its items"
        await record_items(connection, self.operation_id, items)

    def _item(self, dead_letter_id: int, dead_letter: DeadLetter | None, answer: str) -> Answered:
        if dead_letter is None:
            return Answered(str(dead_letter_id), answer)
        owner: str | None = dead_letter.consumer
        if owner == RELAY:
            owner = next((one.name for one in self.processes.values() if one.module == dead_letter.module), None)
        return Answered(str(dead_letter_id), answer, owner, dead_letter.process_id)

    async def some(
        self, dead_letters: Sequence[DeadLetter], correction: Correction | None, operation: Operation | None
    ) -> AsyncIterator[Redriven]:
        """Redrive some dead letters: each process handles its own in one batch, then the relay's are sent."""
        for process in self.processes.values():
            own = [dead_letter for dead_letter in dead_letters if dead_letter.consumer == process.name]
            if correction:
                own = [self._corrected(process, dead_letter, correction) for dead_letter in own]
            for answer in await self._handle(process, own, operation) if own else ():
                yield answer
        if unsent := [dead_letter for dead_letter in dead_letters if dead_letter.consumer == RELAY]:
            if self.broker is None:
                raise NoBroker(f"{unsent[0].id} is sent again to the broker, and there is none")
            declared = topology(self.prefix, *self.processes.values())
            async with Publisher(self.broker, declared, self.publish_timeout_seconds) as publisher:
                for dead_letter in unsent:
                    with broker_errors(self.broker):
                        answer = await self._resend(publisher, dead_letter)
                    yield answer

    def _corrected(self, process: Process, dead_letter: DeadLetter, correction: Correction) -> DeadLetter:
        """The corrected dead letter. Raises NotCorrectable where the message would still not be understood."""
        changed = corrected(dead_letter, correction)
        envelope = self._put_back(process, changed)
        checked = envelope if isinstance(envelope, Poison) else admit(process, envelope)
        if isinstance(checked, Poison):
            raise NotCorrectable(
                f"corrected like this, {dead_letter.id} would still be dead, so nothing was done: {checked.reason}"
            )
        return changed

    def _put_back(self, process: Process, dead_letter: DeadLetter) -> Envelope | Poison:
        """The message as an operator puts it back: its exchange and routing key are not checked again."""
        return Events(process, self.prefix).put_back(decode(raw_of(dead_letter)))

    async def _handle(
        self, process: Process, dead_letters: Sequence[DeadLetter], operation: Operation | None
    ) -> list[Redriven]:
        """Let their process handle the messages in one batch, and give each result."""
        by_id = {dead_letter.id: dead_letter for dead_letter in dead_letters}

        async def record(connection: AsyncConnection, answers: Mapping[int, str]) -> None:
            items = [self._item(one, by_id[one], answer) for one, answer in answers.items()]
            await self._record(connection, items, operation)

        step = Step(self.engine, process, remote_modules=self.remote_modules, record=record)
        messages = [self._put_back(process, dead_letter) for dead_letter in dead_letters]
        ids = [dead_letter.id for dead_letter in dead_letters]
        taken: StepResult = await again_after_lost_races()(step.handle_rehearsed, messages, redriven=ids)
        answers = [taken.answer_to(message) for message in messages]
        async with reading(self.engine) as connection:
            dead = [dead_letter.id for dead_letter, answer in zip(dead_letters, answers, strict=True) if answer == DEAD]
            reasons = await read_open_reasons(connection, dead) if dead else {}
            return [
                await _still_dead(connection, dead_letter, reasons)
                if answer == DEAD
                else _answered(dead_letter, answer)
                for dead_letter, answer in zip(dead_letters, answers, strict=True)
            ]

    async def _resend(self, publisher: Publisher, dead_letter: DeadLetter) -> Redriven:
        """Send the log entry that a dead letter of the relay is about, and give the result."""
        place = f"position {dead_letter.position} of {dead_letter.module}"
        module, position = dead_letter.module or "", dead_letter.position or 0
        failure = await resend(self.engine, publisher, self.prefix, module=module, position=position)
        answer = DEAD if failure is not None else SENT
        async with durable_transaction(self.engine) as connection:
            if failure is None:
                await close(connection, [dead_letter.id], DeadLetterState.REDRIVEN)
            else:
                await fail_again(connection, dead_letter.id, f"{NOT_SENT}: {failure}")
            await self._record(connection, [self._item(dead_letter.id, dead_letter, answer)])
        if failure is None:
            return _redriven(dead_letter, SENT, f"sent, {place}")
        sentence = f"still dead, {place}: {failure}"
        return _redriven(dead_letter, DEAD, sentence, dead_letter.id)


async def require_open(engine: AsyncEngine, ids: Sequence[int]) -> tuple[DeadLetter, ...]:
    """These dead letters. Raises UnknownDeadLetters, and ClosedDeadLetters if any is not open."""
    dead_letters = await read_dead_letters(engine, ids)
    if closed := [dead_letter for dead_letter in dead_letters if dead_letter.state != DeadLetterState.OPEN.value]:
        raise ClosedDeadLetters(closed)
    return dead_letters


def _answered(dead_letter: DeadLetter, answer: str) -> Redriven:
    seen = f"; see `saga inspect {dead_letter.process_id}`" if dead_letter.process_id else ""
    return _redriven(dead_letter, answer, _SENTENCES[answer] + seen)


async def _still_dead(connection: AsyncConnection, dead_letter: DeadLetter, reasons: Mapping[int, str]) -> Redriven:
    """The dead letter is still open; if its message was corrected, that is a dead letter of its own."""
    kept: int | None = dead_letter.id
    reason = reasons.get(dead_letter.id)
    if reason is None:
        successor = await find_successor(connection, dead_letter)
        kept, reason = (successor.id, successor.reason) if successor else (None, "see `saga dead-letters list`")
    where = f" (kept as {kept} from now on)" if kept not in (None, dead_letter.id) else ""
    sentence = f"still dead{where}: {reason}"
    return _redriven(dead_letter, "dead", sentence, kept)


def _redriven(dead_letter: DeadLetter, answer: str, sentence: str, kept_as: int | None = None) -> Redriven:
    named = (dead_letter.id, dead_letter.consumer, dead_letter.process_id, dead_letter.type)
    return Redriven(*named, answer, sentence, kept_as)
