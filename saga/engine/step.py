"""The durable step: handles delivered messages and commits all their effects in one transaction.

The problem: a message may be acknowledged only when all its effects are safe, which means committed together:
deduplication, state, timers, cursors, outgoing messages. The disk limits the number of transactions; so the step
handles a batch of all waiting messages up to a limit, and each stage is one statement for the whole batch.

The order of the locks is the same in every worker, level by level, and by key within a level: inbox keys, instances,
cursor rows (skipped if another transaction holds them), last the module's row. So workers never wait for each other in
a circle, and the row that all of them need is locked for the shortest time.

What can fail: a message that is not understood, that contradicts a known fact, or that exceeds a bound of its instance
becomes a dead letter in the same transaction. If a decision raises, the messages of its instance become dead letters.
Messages that may have killed a worker are rehearsed in a child first, and one that kills the child becomes a dead
letter. If the database is away, or the step loses a race, it raises Unavailable or LostRace: the caller backs off and
handles the same messages again. A batch that is too much for one transaction is split into halves.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from operator import add
from typing import TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Process
from saga.engine import cursors, dead_letters, inbox, instances, timers
from saga.engine.answers import Answers, Trial, answer, dead_letter
from saga.engine.counting import count_from_zero, count_retry, count_step
from saga.engine.cursors import Covered
from saga.engine.dead_letters import DeadLetterKind, DeadLetterState, NewDeadLetter
from saga.engine.halving import halved
from saga.engine.intake import AdmittedMessage, admit, is_for_other_process, named_instance, poison
from saga.engine.rehearsal import rehearse
from saga.engine.spans import StepSpans
from saga.engine.turns import in_turns
from saga.messages import Envelope, Poison
from saga.messages.facts import require_readable
from saga.metrics.instruments import Stopwatch
from saga.metrics.table import STEP_STAGE_SECONDS
from saga.modules import Visibility, append
from saga.postgres import LostRace, Unavailable, durable_transaction, still_here, while_open

Message = Envelope | Poison
Rehearsed = TypeVar("Rehearsed", bound=AdmittedMessage | Envelope | Poison)
TAKEN, IGNORED, DUPLICATE, DEAD = "taken", "ignored", "duplicate", "dead"

RecordAnswers = Callable[[AsyncConnection, Mapping[int, str]], Awaitable[None]]
"""Writes the answers to redriven messages, by the ids of their dead letters, in the transaction of the step."""

_Marked = tuple[Message, int | None]
"""A message, and the id of its dead letter if it is redriven."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StepResult:
    """The numbers of answers of a step; ``outgoing`` counts the commands and announcements for the relay.

    ``full`` are the instances that refused a message because of a bound, each with the reason. ``others`` are the
    messages that were not taken in, by the `id` of their raw form, each with one of IGNORED, DUPLICATE and DEAD.
    """

    taken: int
    ignored: int
    repeated: int
    dead: int
    outgoing: int
    full: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[int, str] = field(default_factory=dict, compare=False, repr=False)

    def answer_to(self, message: Message) -> str:
        """The answer to this message, which has to be one of the step's messages."""
        return self.others.get(id(message.raw), TAKEN)

    def __add__(self, other: "StepResult") -> "StepResult":
        """The answers of both steps together."""
        return StepResult(
            self.taken + other.taken,
            self.ignored + other.ignored,
            self.repeated + other.repeated,
            self.dead + other.dead,
            self.outgoing + other.outgoing,
            {**other.full, **self.full},
            {**other.others, **self.others},
        )


class Step:
    """The durable step of one process; any number of workers may run it at once.

    ``remote_modules`` names the modules whose logs are in another database: positions in their messages are believed.
    Every other log is in this database, from its first event on, and a position that it does not have is refused.
    ``record`` is called for redriven messages. Raises DeclarationError for a process whose messages can't be read.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        process: Process,
        *,
        remote_modules: Collection[str] = frozenset(),
        record: RecordAnswers | None = None,
    ) -> None:
        require_readable(process)
        count_from_zero(process.name)
        self._engine = engine
        self._process = process
        self._remote_modules = frozenset(remote_modules)
        self._record = record
        self._condemned: list[tuple[Envelope | Poison, str]] = []

    async def handle(
        self, messages: Sequence[Message], *, redriven: Sequence[int] = (), settled: Sequence[Covered] = ()
    ) -> StepResult:
        """Handle messages; when this returns, they may be acknowledged.

        It uses one transaction. If that would be too much, or PostgreSQL refuses it, it uses several, each for some of
        the messages. Then some messages may be handled when this raises, and are duplicates at the next call.
        ``redriven`` are the ids of the messages' dead letters, if any, one for each; they are closed unless they fail
        again. ``settled`` are ranges of logs that have no other messages for this process. Raises Unavailable or
        LostRace if the caller should make the same call again.
        """
        return await self._in_parts(messages, redriven, settled, rehearsed=False)

    async def handle_rehearsed(
        self, messages: Sequence[Message], *, redriven: Sequence[int] = (), settled: Sequence[Covered] = ()
    ) -> StepResult:
        """As ``handle``, for messages that may have killed a worker: one that does becomes a dead letter."""
        return await self._in_parts(messages, redriven, settled, rehearsed=True)

    async def _in_parts(
        self, messages: Sequence[Message], redriven: Sequence[int], settled: Sequence[Covered], *, rehearsed: bool
    ) -> StepResult:
        ids: Sequence[int | None] = redriven or [None] * len(messages)
        marked: list[_Marked] = list(zip(messages, ids, strict=True))

        def settled_with(part: Sequence[_Marked]) -> Sequence[Covered]:
            return settled if not marked or part[-1] is marked[-1] else ()

        async def handle(part: Sequence[_Marked]) -> StepResult:
            return await self._handle(
                [one for one, _ in part], _dead_letter_ids(part), settled_with(part), rehearsed=rehearsed
            )

        async def park(one: _Marked, reason: str) -> StepResult:
            return await self._park(one[0], reason, _dead_letter_ids([one]), settled_with([one]))

        try:
            return reduce(add, await halved(handle, park, marked))
        except (LostRace, Unavailable) as error:
            count_retry(self._process.name, error)
            raise

    async def _handle(
        self, messages: Sequence[Message], redriven: Sequence[int], settled: Sequence[Covered], *, rehearsed: bool
    ) -> StepResult:
        """The step itself, in one transaction. Raises TooMuchAtOnce if several messages are too much for it."""
        process, consumer, spans = self._process, self._process.name, StepSpans(self._process)
        messages = spans.enter(messages)
        condemned = await self._rehearse(messages, partial(_admit_one, process)) if rehearsed else {}
        admitted, dead, passed_by = _admit(process, _without(messages, condemned))
        dead += [_condemn(process, messages[index], how) for index, how in condemned.items()]
        stages = Stopwatch(STEP_STAGE_SECONDS, consumer)
        async with durable_transaction(self._engine) as connection:
            if redriven:
                await dead_letters.close(connection, redriven, DeadLetterState.REDRIVEN)
            verified, false_claims = await inbox.verify_positions(connection, admitted, self._remote_modules)
            stages.mark("verify")
            deduplicated = await inbox.deduplicate(connection, consumer, verified, redriven=bool(redriven))
            stages.mark("dedup")
            locked = await instances.lock(connection, process, {m.process_id for m in deduplicated.fresh})
            doubtful = [m for m in deduplicated.fresh if locked[m.process_id].was_pruned]
            await inbox.require_unknown(connection, consumer, doubtful, redriven=bool(redriven))
            stages.mark("lock")
            answers = await self._answer(connection, locked, deduplicated.fresh, rehearsed=rehearsed)
            stages.mark("decide")
            dead = dead + _conflicts(false_claims + deduplicated.conflicting) + answers.dead_letters
            await inbox.forget(connection, consumer, answers.parked)
            await instances.write(connection, process, answers.decided)
            await instances.delete_empty(connection, process, _untouched(locked, answers))
            await timers.arm(connection, process.name, answers.timers)
            await dead_letters.keep(connection, consumer, dead)
            covered = self._covered(deduplicated.fresh, [*passed_by, *(messages[index] for index in condemned)])
            others = {id(one.envelope.raw): IGNORED for one in answers.ignored}
            others |= {id(one.envelope.raw): DUPLICATE for one in deduplicated.repeated}
            others |= {id(one.poison.raw): DEAD for one in dead}
            if redriven:
                await self._record_answers(connection, redriven, messages, others)
            moved = await cursors.advance(connection, consumer, [*covered, *settled])
            entries = [*answers.entries, *(map(cursors.progress, moved) if covered else ())]
            if entries:
                await append(connection, process.module, entries)
            stages.mark("write")
        stages.mark("commit")
        self._forget(messages)
        outgoing = sum(entry.visibility is Visibility.PUBLIC or entry.target is not None for entry in answers.entries)
        counts = answers.taken, len(answers.ignored), len(deduplicated.repeated), len(dead)
        count_step(consumer, len(messages), dict(zip((TAKEN, IGNORED, DUPLICATE, DEAD), counts, strict=True)))
        spans.end(others, answers.entries, dead, stages)
        return StepResult(*counts, outgoing, answers.full, others)

    async def _park(
        self, message: Message, reason: str, redriven: Sequence[int], settled: Sequence[Covered]
    ) -> StepResult:
        """Park a message that PostgreSQL refuses. It covers its position, unless the position is a false claim."""
        consumer, spans = self._process.name, StepSpans(self._process)
        admitted, dead, passed_by = _admit(self._process, spans.enter([message]))
        async with durable_transaction(self._engine) as connection:
            if redriven:
                await dead_letters.close(connection, redriven, DeadLetterState.REDRIVEN)
            verified, false_claims = await inbox.verify_positions(connection, admitted, self._remote_modules)
            dead = dead + _conflicts(false_claims)
            dead += [dead_letter(DeadLetterKind.FAILED, one, reason) for one in verified]
            await dead_letters.keep(connection, consumer, dead)
            others = {id(one.poison.raw): DEAD for one in dead}
            if redriven:
                await self._record_answers(connection, redriven, [message], others)
            await cursors.advance(connection, consumer, [*self._covered(verified, passed_by), *settled])
        count_step(consumer, 1, {DEAD: len(dead)})
        spans.end({}, (), dead)
        _log.error("parked", error=reason.partition(" (")[0])
        return StepResult(0, 0, 0, len(dead), 0, others=others)

    async def _record_answers(
        self,
        connection: AsyncConnection,
        redriven: Sequence[int],
        messages: Sequence[Message],
        others: Mapping[int, str],
    ) -> None:
        if self._record is not None:
            answers = [others.get(id(message.raw), TAKEN) for message in messages]
            await self._record(connection, dict(zip(redriven, answers, strict=True)))

    async def _answer(
        self,
        connection: AsyncConnection,
        locked: Mapping[str, instances.Instance],
        fresh: Sequence[AdmittedMessage],
        *,
        rehearsed: bool,
    ) -> Answers:
        """Decide the new messages, and keep the transaction open meanwhile."""
        process = self._process
        doomed = await while_open(connection, self._rehearse(fresh, Trial(process, locked))) if rehearsed else {}
        decisions = answer(process, locked, _without(fresh, doomed))
        answers = await in_turns(decisions, partial(still_here, connection))
        for index, how in doomed.items():
            answers.park(DeadLetterKind.FAILED, fresh[index], how)
        return answers

    def _covered(self, fresh: Sequence[AdmittedMessage], passed_by: Sequence[Envelope | Poison]) -> list[Covered]:
        """The ranges of the logs that these messages cover.

        A parked message covers its range: it is stored as a dead letter. A message that was not admitted, or is for
        another process, covers its range only if the log is in another database: its position was not verified, and in
        a log of this database the event at that position may be correct. A message that is not well-formed covers
        nothing, because its position can't be trusted. Only modules that the process consumes have a cursor.
        """
        settled: list[Envelope | Poison] = [message.envelope for message in fresh]
        settled += [one for one in passed_by if one.module in self._remote_modules]
        covered: list[Covered] = []
        for message in settled:
            module, position, previous = message.module, message.position, message.previous_position
            if module is not None and module in self._process.inputs and position is not None:
                covered.append((module, position - 1 if previous is None else previous, position))
        return covered

    async def _rehearse(self, items: Sequence[Rehearsed], act: Callable[[Rehearsed], object]) -> dict[int, str]:
        """The messages that must not be handled, with the reasons, which are remembered until a step has committed.

        The step may have to run again, and finding many messages that hang takes long.
        """
        given = [item.envelope if isinstance(item, AdmittedMessage) else item for item in items]
        known = {
            index: how for index, one in enumerate(given) for message, how in self._condemned if message.raw is one.raw
        }
        found = await rehearse(items, act, known)
        self._condemned += [(given[index], how) for index, how in found.items() if index not in known]
        return found

    def _forget(self, messages: Sequence[Message]) -> None:
        """Forget the rehearsals of these messages, whose step has committed."""
        if self._condemned:
            kept = {id(message.raw) for message in messages}
            self._condemned = [(message, how) for message, how in self._condemned if id(message.raw) not in kept]


def _dead_letter_ids(part: Sequence[_Marked]) -> list[int]:
    return [dead_letter_id for _, dead_letter_id in part if dead_letter_id is not None]


def _admit(
    process: Process, messages: Sequence[Envelope | Poison]
) -> tuple[list[AdmittedMessage], list[NewDeadLetter], list[Envelope | Poison]]:
    """The admitted messages, dead letters for the others, and the well-formed messages that are not admitted."""
    admitted: list[AdmittedMessage] = []
    dead: list[NewDeadLetter] = []
    passed_by: list[Envelope | Poison] = []
    for message in messages:
        if isinstance(message, Envelope) and is_for_other_process(process, message):
            passed_by.append(message)
            continue
        checked = message if isinstance(message, Poison) else admit(process, message)
        if isinstance(checked, AdmittedMessage):
            admitted.append(checked)
            continue
        dead.append(NewDeadLetter(DeadLetterKind.POISON, checked, named_instance(process, checked)))
        if checked.well_formed:
            passed_by.append(checked)
    return admitted, dead, passed_by


def _admit_one(process: Process, message: Envelope | Poison) -> None:
    _admit(process, [message])


def _without(items: Sequence[Rehearsed], condemned: Mapping[int, str]) -> Sequence[Rehearsed]:
    return [item for index, item in enumerate(items) if index not in condemned] if condemned else items


def _condemn(process: Process, message: Envelope | Poison, how: str) -> NewDeadLetter:
    """The message as a dead letter, without checking it: the check may be what kills."""
    if isinstance(message, Poison):
        return NewDeadLetter(DeadLetterKind.FAILED, replace(message, reason=how))
    named = message.data.get(process.correlate)
    return NewDeadLetter(DeadLetterKind.FAILED, poison(message, how), named if isinstance(named, str) else None)


def _conflicts(conflicting: Sequence[tuple[AdmittedMessage, str]]) -> list[NewDeadLetter]:
    return [dead_letter(DeadLetterKind.CONFLICT, message, reason) for message, reason in conflicting]


def _untouched(locked: dict[str, instances.Instance], answers: Answers) -> dict[str, instances.Instance]:
    decided = {one.instance.process_id for one in answers.decided}
    return {process_id: instance for process_id, instance in locked.items() if process_id not in decided}
