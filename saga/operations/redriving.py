"""Redrive and discard: what people do with dead letters.

A redriven message is handled in this process, by the same durable step as a delivered one. A log entry that the relay
could not send is sent again from the log.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Process
from saga.engine import Step, StepResult
from saga.engine.dead_letters import DeadLetterState, close, fail_again
from saga.engine.declarations import require_same_declaration
from saga.engine.intake import admit
from saga.engine.step import DEAD, DUPLICATE, IGNORED, TAKEN
from saga.messages import Envelope, Poison
from saga.messages.cloudevents import decode
from saga.operations.corrections import Correction, EntryNotCorrectable, NotCorrectable, corrected
from saga.operations.dead_letters import (
    DeadLetter,
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
from saga.postgres import again_after_lost_races, durable_transaction, reading
from saga.rabbitmq.admission import Events
from saga.rabbitmq.connection import broker_errors
from saga.rabbitmq.publisher import Publisher
from saga.rabbitmq.topology import topology
from saga.tracing import linking
from saga.worker.relay import CONSUMER as RELAY
from saga.worker.relay import NOT_SENT

AT_ONCE: Final = 200
"""Dead letters that are redriven together."""

_SENTENCES: Final = {
    TAKEN: "taken in",
    IGNORED: "ignored, because it says nothing new",
    DUPLICATE: "a duplicate: the same message was taken in before",
}


class ClosedDeadLetters(OperationFailed):
    """The dead letters with these ``ids`` are not open, and nothing was done."""

    def __init__(self, dead_letters: Sequence[DeadLetter]) -> None:
        states = ", ".join(f"{dead_letter.id} was {dead_letter.state} before" for dead_letter in dead_letters)
        super().__init__(f"only open dead letters can be closed; nothing was done: {states}")
        self.ids = tuple(dead_letter.id for dead_letter in dead_letters)


class ForeignDeadLetters(OperationFailed):
    """Some dead letters are of processes that were not given, and nothing was done; ``consumers`` says whose, by id."""

    def __init__(self, dead_letters: Sequence[DeadLetter]) -> None:
        super().__init__(
            ", ".join(f"{dead_letter.id} is one of {dead_letter.consumer}" for dead_letter in dead_letters)
        )
        self.consumers = {dead_letter.id: dead_letter.consumer for dead_letter in dead_letters}


class NoBroker(OperationFailed):
    """A dead letter of the relay can't be sent again, because no broker was given. What was done before stays done."""


@dataclass(frozen=True, slots=True)
class Redriven:
    """The result for one dead letter; ``sentence`` says it for people.

    ``answer`` is "taken", "ignored" or "duplicate"; "sent" for one of the relay; "dead" if it is still one. Then it is
    kept as ``dead_letter_id``: its own id, or a new one for a corrected message.
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
    """The result of a redrive; ``left_alone`` counts the dead letters of processes that were not given, by process."""

    answers: tuple[Redriven, ...]
    left_alone: Mapping[str, int]

    def __post_init__(self) -> None:
        read_only(self, "left_alone")


async def redrive(
    engine: AsyncEngine,
    processes: Sequence[Process],
    ids: Sequence[int] | None = None,
    *,
    broker: str | None = None,
    prefix: str = "saga",
    remote_modules: Collection[str] = (),
    publish_timeout_seconds: float = 10.0,
    correction: Correction | None = None,
    progress: Callable[[Redriven], None] | None = None,
) -> RedriveReport:
    """Redrive these dead letters, or all that are open, oldest first.

    Dead letters of ``processes`` are handled again, as if they were delivered again. What the relay could not send is
    sent again to ``broker``, an AMQP URL; without such dead letters no broker is needed. ``prefix`` is that of the
    exchanges; ``remote_modules`` names the modules whose logs are in other databases. A ``correction`` is for a single
    dead letter. ``progress`` is called with each result at once.

    Raises UnknownDeadLetters, ClosedDeadLetters or ForeignDeadLetters, and NotCorrectable (or of that
    EntryNotCorrectable, NotStrictData), with nothing done; DeclarationError, with nothing done, if workers of the same
    version declared a process otherwise; NoBroker or Unavailable, when some may be done.
    """
    work = _Redrive(
        engine,
        {process.name: process for process in processes},
        prefix,
        remote_modules,
        broker,
        publish_timeout_seconds,
    )
    for process in processes:
        await require_same_declaration(engine, process)
    if ids is not None:
        await work.require_redrivable(ids, correction)
    else:
        async with reading(engine) as connection:
            ids = await list_open_ids(connection)
    answers: list[Redriven] = []
    left_alone: Counter[str] = Counter()
    for start in range(0, len(ids), AT_ONCE):
        async with reading(engine) as connection:
            dead_letters = list((await read_letters(connection, ids[start : start + AT_ONCE])).values())
        left_alone.update(one.consumer for one in dead_letters if not work.is_owned(one))
        with linking():
            async for answer in work.some(dead_letters, correction):
                answers.append(answer)
                if progress is not None:
                    progress(answer)
    return RedriveReport(tuple(answers), dict(left_alone))


@dataclass(frozen=True, slots=True)
class _Redrive:
    """One redrive: its engine, processes and settings."""

    engine: AsyncEngine
    processes: Mapping[str, Process]
    prefix: str
    remote_modules: Collection[str]
    broker: str | None
    publish_timeout_seconds: float

    async def require_redrivable(self, ids: Sequence[int], correction: Correction | None) -> None:
        named = await _require_open(self.engine, ids)
        if foreign := [dead_letter for dead_letter in named if not self.is_owned(dead_letter)]:
            raise ForeignDeadLetters(foreign)
        if correction and (unsent := [dead_letter for dead_letter in named if dead_letter.consumer == RELAY]):
            raise EntryNotCorrectable(
                f"{unsent[0].id} is an entry of a log, and a log is not changed: don't correct it"
            )

    def is_owned(self, dead_letter: DeadLetter) -> bool:
        return dead_letter.consumer == RELAY or dead_letter.consumer in self.processes

    async def some(self, dead_letters: Sequence[DeadLetter], correction: Correction | None) -> AsyncIterator[Redriven]:
        """Redrive some dead letters: each process handles its own in one batch, then the relay's are sent."""
        for process in self.processes.values():
            own = [dead_letter for dead_letter in dead_letters if dead_letter.consumer == process.name]
            if correction:
                own = [self._corrected(process, dead_letter, correction) for dead_letter in own]
            for answer in await self._handle(process, own) if own else ():
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

    async def _handle(self, process: Process, dead_letters: Sequence[DeadLetter]) -> list[Redriven]:
        """Let their process handle the messages in one batch, and give each result."""
        step = Step(self.engine, process, remote_modules=self.remote_modules)
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
        async with durable_transaction(self.engine) as connection:
            if failure is None:
                await close(connection, [dead_letter.id], DeadLetterState.REDRIVEN)
            else:
                await fail_again(connection, dead_letter.id, f"{NOT_SENT}: {failure}")
        if failure is None:
            return _redriven(dead_letter, "sent", f"sent, {place}")
        sentence = f"still dead, {place}: {failure}"
        return _redriven(dead_letter, "dead", sentence, dead_letter.id)


async def discard(engine: AsyncEngine, ids: Sequence[int], *, dry_run: bool = False) -> tuple[int, ...]:
    """Discard these dead letters: they are kept, and no longer open. Gives the ids of those that were open until now.

    With ``dry_run`` nothing is changed. Raises UnknownDeadLetters or ClosedDeadLetters with nothing done, and
    Unavailable.
    """
    dead_letters = await _require_open(engine, ids)
    if dry_run:
        return tuple(sorted(dead_letter.id for dead_letter in dead_letters))
    async with durable_transaction(engine) as connection:
        return tuple(sorted(await close(connection, ids, DeadLetterState.DISCARDED)))


async def _require_open(engine: AsyncEngine, ids: Sequence[int]) -> tuple[DeadLetter, ...]:
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
