"""The durable step: from delivered messages to a committed transaction that holds all they led to.

The problem: a message must be acknowledged only when everything it led to is safe, and safe means one transaction:
deduplication, state, timers, cursors, outgoing messages. One transaction a message is limited by the disk; so the step
takes whatever is there, up to a batch, and does each stage with one statement for all of it.

The order of the locks is the same in every worker, level by level, and by key within a level: inbox keys, instances,
cursor rows (skipped where somebody holds them), last the module's row. So workers wait for each other but never in a
circle, and the row that everybody needs is held for the shortest time.

What can fail: a message that is not understood or contradicts what is known becomes a dead letter within the same
transaction. So does a message that would be more than its instance may hold. A decision that raises parks its
instance's messages. Messages that may have killed a worker are rehearsed in a child first, and the one that kills the
child becomes a dead letter. A database that is away, or a lost race, raises Unavailable or Conflict: the caller backs
off and takes the same messages again. What would be too much for one transaction is done in halves.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from operator import add
from typing import TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Process
from saga.engine import cursors, dead_letters, inbox, instances, timers
from saga.engine.answers import Answers, Trial, answer, dead_letter
from saga.engine.cursors import Covered
from saga.engine.dead_letters import DeadLetter, DeadLetterKind, DeadLetterState
from saga.engine.halving import halved
from saga.engine.intake import AdmittedMessage, admit, is_for_other_process, named_instance, poison
from saga.engine.rehearsal import rehearse
from saga.engine.turns import in_turns
from saga.messages import Envelope, Poison
from saga.messages.facts import require_readable
from saga.modules import append
from saga.postgres import durable_transaction, still_here, while_open

Message = Envelope | Poison
Rehearsed = TypeVar("Rehearsed", bound=AdmittedMessage | Envelope | Poison)
TAKEN, IGNORED, DUPLICATE, DEAD = "taken", "ignored", "duplicate", "dead"

_Marked = tuple[Message, int | None]
"""A message, and the dead letter that it was."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StepResult:
    """How the messages of a step were answered, counted; ``outgoing`` are commands that wait for the relay.

    ``full`` are the instances that were told more than they may hold, each with the reason. ``others`` are the messages
    that were not taken in, by the identity of what was delivered, each with one of IGNORED, DUPLICATE and DEAD.
    """

    taken: int
    ignored: int
    repeated: int
    dead: int
    outgoing: int
    full: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[int, str] = field(default_factory=dict, compare=False, repr=False)

    def answer_to(self, message: Message) -> str:
        """How this message was answered, which is one that the step was given."""
        return self.others.get(id(message.raw), TAKEN)

    def __add__(self, other: "StepResult") -> "StepResult":
        """How the messages of both were answered."""
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

    ``elsewhere`` are the modules whose logs are kept in another database: what their messages say of their positions is
    believed. Every other log is kept here, from its first event on, and a position that it does not hold is refused.
    Raises DeclarationError for a process whose messages can't be read.
    """

    def __init__(self, engine: AsyncEngine, process: Process, *, elsewhere: Collection[str] = frozenset()) -> None:
        require_readable(process)
        self._engine = engine
        self._process = process
        self._elsewhere = frozenset(elsewhere)
        self._condemned: list[tuple[Envelope | Poison, str]] = []

    async def handle(
        self, messages: Sequence[Message], *, redriven: Sequence[int] = (), settled: Sequence[Covered] = ()
    ) -> StepResult:
        """Handle messages; when this returns, they may be acknowledged.

        All is one transaction; where that would be too much, or PostgreSQL refuses it, there are several, each of some
        of the messages. Then some may have been handled when this raises, and are repeats when the call is made again.
        ``redriven`` are the dead letters that these messages are, if any, one for each: closed unless they fail again.
        ``settled`` are ranges of logs in which these messages were all there is to hear. Raises Unavailable or Conflict
        when the same call should be made again.
        """
        return await self._in_parts(messages, redriven, settled, warily=False)

    async def handle_rehearsed(
        self, messages: Sequence[Message], *, redriven: Sequence[int] = (), settled: Sequence[Covered] = ()
    ) -> StepResult:
        """The same for messages of which one may have ended a worker: it becomes a dead letter, and ends nobody now."""
        return await self._in_parts(messages, redriven, settled, warily=True)

    async def _in_parts(
        self, messages: Sequence[Message], redriven: Sequence[int], settled: Sequence[Covered], *, warily: bool
    ) -> StepResult:
        letters: Sequence[int | None] = redriven or [None] * len(messages)
        marked: list[_Marked] = list(zip(messages, letters, strict=True))

        def settled_with(machine: Sequence[_Marked]) -> Sequence[Covered]:
            return settled if not marked or machine[-1] is marked[-1] else ()

        async def handle(machine: Sequence[_Marked]) -> StepResult:
            return await self._handle(
                [one for one, _ in machine], _letters(machine), settled_with(machine), warily=warily
            )

        async def park(one: _Marked, reason: str) -> StepResult:
            return await self._park(one[0], reason, _letters([one]), settled_with([one]))

        return reduce(add, await halved(handle, park, marked))

    async def _handle(
        self, messages: Sequence[Message], redriven: Sequence[int], settled: Sequence[Covered], *, warily: bool
    ) -> StepResult:
        """The step itself: one transaction, all or nothing. Raises TooMuchAtOnce if several messages are too much."""
        process, consumer = self._process, self._process.name
        condemned = await self._rehearse(messages, partial(_admit_one, process)) if warily else {}
        admitted, letters, passed_by = _admit(process, _without(messages, condemned))
        letters += [_condemn(process, messages[index], how) for index, how in condemned.items()]
        async with durable_transaction(self._engine) as connection:
            if redriven:
                await dead_letters.close(connection, redriven, DeadLetterState.REDRIVEN)
            verified, false_claims = await inbox.verify_positions(connection, admitted, self._elsewhere)
            deduplicated = await inbox.deduplicate(connection, consumer, verified, redriven=bool(redriven))
            locked = await instances.lock(connection, process, {m.process_id for m in deduplicated.fresh})
            doubtful = [m for m in deduplicated.fresh if locked[m.process_id].was_pruned]
            await inbox.require_unknown(connection, consumer, doubtful, redriven=bool(redriven))
            answers = await self._answer(connection, locked, deduplicated.fresh, warily=warily)
            letters = letters + _conflicts(false_claims + deduplicated.conflicting) + answers.dead_letters
            await inbox.forget(connection, consumer, answers.parked)
            await instances.write(connection, process, answers.decided)
            await instances.delete_empty(connection, process, _untouched(locked, answers))
            await timers.arm(connection, process.name, answers.timers)
            await dead_letters.keep(connection, consumer, letters)
            covered = self._covered(deduplicated.fresh, [*passed_by, *(messages[index] for index in condemned)])
            moved = await cursors.advance(connection, consumer, [*covered, *settled])
            entries = [*answers.entries, *(map(cursors.progress, moved) if covered else ())]
            if entries:
                await append(connection, process.module, entries)
        self._forget(messages)
        outgoing = sum(entry.target is not None for entry in answers.entries)
        others = {id(one.envelope.raw): IGNORED for one in answers.ignored}
        others |= {id(one.envelope.raw): DUPLICATE for one in deduplicated.repeated}
        others |= {id(letter.poison.raw): DEAD for letter in letters}
        counts = answers.taken, len(answers.ignored), len(deduplicated.repeated), len(letters)
        return StepResult(*counts, outgoing, answers.full, others)

    async def _park(
        self, message: Message, reason: str, redriven: Sequence[int], settled: Sequence[Covered]
    ) -> StepResult:
        """Keep a message that PostgreSQL won't take in. It covers its position, unless it has no right to it."""
        consumer = self._process.name
        admitted, letters, passed_by = _admit(self._process, [message])
        async with durable_transaction(self._engine) as connection:
            if redriven:
                await dead_letters.close(connection, redriven, DeadLetterState.REDRIVEN)
            verified, false_claims = await inbox.verify_positions(connection, admitted, self._elsewhere)
            letters = letters + _conflicts(false_claims)
            letters += [dead_letter(DeadLetterKind.FAILED, one, reason) for one in verified]
            await dead_letters.keep(connection, consumer, letters)
            await cursors.advance(connection, consumer, [*self._covered(verified, passed_by), *settled])
        _log.error("parked", error=reason.partition(" (")[0])
        return StepResult(0, 0, 0, len(letters), 0, others={id(letter.poison.raw): DEAD for letter in letters})

    async def _answer(
        self,
        connection: AsyncConnection,
        locked: Mapping[str, instances.Instance],
        fresh: Sequence[AdmittedMessage],
        *,
        warily: bool,
    ) -> Answers:
        """Decide what is new, while the transaction stays open however long that takes."""
        process = self._process
        doomed = await while_open(connection, self._rehearse(fresh, Trial(process, locked))) if warily else {}
        decisions = answer(process, locked, _without(fresh, doomed))
        answers = await in_turns(decisions, partial(still_here, connection))
        for index, how in doomed.items():
            answers.park(DeadLetterKind.FAILED, fresh[index], how)
        return answers

    def _covered(self, fresh: Sequence[AdmittedMessage], passed_by: Sequence[Envelope | Poison]) -> list[Covered]:
        """The ranges of the logs that these messages cover.

        One that was parked or refused counts, it is kept as a dead letter; but where the log is kept here, a refused
        message does not: what the log says under its position may be in order. Nor does one that was only overheard
        there: nobody has held it against the log. What was not even well-formed covers nothing: its position is
        hearsay. Only a module that the process hears has a cursor.
        """
        settled: list[Envelope | Poison] = [message.envelope for message in fresh]
        settled += [one for one in passed_by if one.module in self._elsewhere]
        covered: list[Covered] = []
        for message in settled:
            module, position, previous = message.module, message.position, message.previous_position
            if module is not None and module in self._process.inputs and position is not None:
                covered.append((module, position - 1 if previous is None else previous, position))
        return covered

    async def _rehearse(self, items: Sequence[Rehearsed], act: Callable[[Rehearsed], object]) -> dict[int, str]:
        """Which of the messages must not be handled here, and why; that is remembered until a step has kept them.

        It may take long to find many that hang, and the step may have to be run again.
        """
        told = [item.envelope if isinstance(item, AdmittedMessage) else item for item in items]
        known = {index: how for index, one in enumerate(told) for message, how in self._condemned if message is one}
        found = await rehearse(items, act, known)
        self._condemned += [(told[index], how) for index, how in found.items() if index not in known]
        return found

    def _forget(self, messages: Sequence[Message]) -> None:
        """These messages were kept, whatever was found of them."""
        if self._condemned:
            kept = set(map(id, messages))
            self._condemned = [(message, how) for message, how in self._condemned if id(message) not in kept]


def _letters(machine: Sequence[_Marked]) -> list[int]:
    return [letter for _, letter in machine if letter is not None]


def _admit(
    process: Process, messages: Sequence[Envelope | Poison]
) -> tuple[list[AdmittedMessage], list[DeadLetter], list[Envelope | Poison]]:
    """What the process understands, what it does not, and the well-formed messages that it does not take in."""
    admitted: list[AdmittedMessage] = []
    letters: list[DeadLetter] = []
    passed_by: list[Envelope | Poison] = []
    for message in messages:
        if isinstance(message, Envelope) and is_for_other_process(process, message):
            passed_by.append(message)
            continue
        checked = message if isinstance(message, Poison) else admit(process, message)
        if isinstance(checked, AdmittedMessage):
            admitted.append(checked)
            continue
        letters.append(DeadLetter(DeadLetterKind.POISON, checked, named_instance(process, checked)))
        if checked.well_formed:
            passed_by.append(checked)
    return admitted, letters, passed_by


def _admit_one(process: Process, message: Envelope | Poison) -> None:
    _admit(process, [message])


def _without(items: Sequence[Rehearsed], condemned: Mapping[int, str]) -> Sequence[Rehearsed]:
    return [item for index, item in enumerate(items) if index not in condemned] if condemned else items


def _condemn(process: Process, message: Envelope | Poison, how: str) -> DeadLetter:
    """The message as a dead letter that nobody looked into: checking it is what kills."""
    if isinstance(message, Poison):
        return DeadLetter(DeadLetterKind.FAILED, replace(message, reason=how))
    named = message.data.get(process.correlate)
    return DeadLetter(DeadLetterKind.FAILED, poison(message, how), named if isinstance(named, str) else None)


def _conflicts(conflicting: Sequence[tuple[AdmittedMessage, str]]) -> list[DeadLetter]:
    return [dead_letter(DeadLetterKind.CONFLICT, message, reason) for message, reason in conflicting]


def _untouched(locked: dict[str, instances.Instance], answers: Answers) -> dict[str, instances.Instance]:
    decided = {one.instance.process_id for one in answers.decided}
    return {process_id: instance for process_id, instance in locked.items() if process_id not in decided}
