"""The durable step: from delivered messages to a committed transaction that holds all they led to.

The problem: a message must be acknowledged only when everything it led to is safe, and safe means one transaction:
deduplication, state, timers, cursors, outgoing messages. One transaction a message is limited by the disk; so the step
takes whatever is there, up to a batch, and does each stage with one statement for all of it.

The order of the locks is the same in every worker, level by level, and by key within a level: inbox keys, instances,
cursor rows (skipped where somebody holds them), last the module's row. So workers wait for each other but never in a
circle, and the row that everybody needs is held for the shortest time.

What can fail: a message that is not understood or contradicts what is known becomes a dead letter within the same
transaction. A decision that raises parks its instance's messages. Messages that may have killed a worker are rehearsed
in a child first, and the one that kills the child becomes a dead letter. A database that is away, or a lost race,
raises Unavailable or Conflict with nothing done: the caller backs off and takes the same messages again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Envelope, Poison, Process
from saga.engine import cursors, dead_letters, inbox, instances, timers
from saga.engine.answers import Answers, Trial, answer, dead_letter
from saga.engine.cursors import Covered
from saga.engine.dead_letters import DeadLetter, DeadLetterKind, DeadLetterState
from saga.engine.intake import Admitted, admit, is_overheard, poison
from saga.engine.rehearsal import rehearse
from saga.modules import append
from saga.postgres import durable_transaction, is_about_data

Rehearsed = TypeVar("Rehearsed", bound=Admitted | Envelope | Poison)


@dataclass(frozen=True, slots=True)
class Taken:
    """How the messages of a step were answered, counted; ``outgoing`` are commands that wait for the relay."""

    taken: int
    ignored: int
    repeated: int
    dead: int
    outgoing: int

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(
            self.taken + other.taken,
            self.ignored + other.ignored,
            self.repeated + other.repeated,
            self.dead + other.dead,
            self.outgoing + other.outgoing,
        )


class Step:
    """The durable step of one process; any number of workers may run it at once."""

    def __init__(self, engine: AsyncEngine, process: Process) -> None:
        self._engine = engine
        self._process = process
        self._condemned: list[tuple[Envelope | Poison, str]] = []

    async def take(
        self,
        messages: Sequence[Envelope | Poison],
        *,
        redriven: Sequence[int] = (),
        settled: Sequence[Covered] = (),
    ) -> Taken:
        """Handle messages, all or nothing; when this returns, they may be acknowledged.

        ``redriven`` are the dead letters that these messages are, if any: closed unless they fail again. ``settled``
        are ranges of logs in which these messages were all there is to hear. Raises Unavailable or Conflict when
        nothing was done and the same call should be made again.
        """
        return await self._take(messages, redriven, settled, warily=False)

    async def take_warily(
        self,
        messages: Sequence[Envelope | Poison],
        *,
        redriven: Sequence[int] = (),
        settled: Sequence[Covered] = (),
    ) -> Taken:
        """The same for messages of which one may have ended a worker: it becomes a dead letter, and ends nobody now.

        All are rehearsed first. If the database refuses what they lead to, they are taken in halves, until the one that
        it refuses is alone.
        """
        try:
            return await self._take(messages, redriven, settled, warily=True)
        except DBAPIError as error:
            if not is_about_data(error):
                raise
            refusal = f"the database refuses what it leads to: {error.orig}"
        if len(messages) == 1:
            self._condemned.append((messages[0], refusal))
            return await self._take(messages, redriven, settled, warily=True)
        half = len(messages) // 2
        first = await self.take_warily(messages[:half], redriven=redriven)
        return first + await self.take_warily(messages[half:], settled=settled)

    async def _take(
        self,
        messages: Sequence[Envelope | Poison],
        redriven: Sequence[int],
        settled: Sequence[Covered],
        *,
        warily: bool,
    ) -> Taken:
        process, consumer = self._process, self._process.name
        condemned = await self._rehearse(messages, partial(_admit_one, process)) if warily else {}
        admitted, letters, overheard = _admit(process, _without(messages, condemned))
        letters += [_condemn(process, messages[index], how) for index, how in condemned.items()]
        unheard = [*overheard, *(messages[index] for index in condemned)]
        async with durable_transaction(self._engine) as connection:
            if redriven:
                await dead_letters.close(connection, redriven, DeadLetterState.REDRIVEN)
            verified, false_claims = await inbox.verify_positions(connection, admitted)
            sorted_ = await inbox.take_in(connection, consumer, verified, redriven=bool(redriven))
            locked = await instances.lock(connection, process, {m.process_id for m in sorted_.fresh})
            doubtful = [m for m in sorted_.fresh if locked[m.process_id].was_pruned]
            await inbox.require_unknown(connection, consumer, doubtful, redriven=bool(redriven))
            doomed = await self._rehearse(sorted_.fresh, Trial(process, locked)) if warily else {}
            answers = answer(process, locked, _without(sorted_.fresh, doomed))
            for index, how in doomed.items():
                answers.park(DeadLetterKind.FAILED, sorted_.fresh[index], how)
            letters = letters + _conflicts(false_claims + sorted_.conflicting) + answers.dead_letters
            await inbox.forget(connection, consumer, answers.parked)
            await instances.write(connection, process, answers.decided)
            await instances.delete_unborn(connection, process, _untouched(locked, answers))
            await timers.arm(connection, process.name, answers.timers)
            await dead_letters.keep(connection, consumer, letters)
            covered = await _covered(connection, sorted_.fresh, letters, unheard)
            moved = await cursors.advance(connection, consumer, [*covered, *settled])
            entries = [*answers.entries, *(map(cursors.progress, moved) if covered else ())]
            if entries:
                await append(connection, process.module, entries)
        self._condemned.clear()
        outgoing = sum(entry.target is not None for entry in answers.entries)
        return Taken(answers.taken, answers.ignored, len(sorted_.repeated), len(letters), outgoing)

    async def _rehearse(self, items: Sequence[Rehearsed], act: Callable[[Rehearsed], object]) -> dict[int, str]:
        """Which of the messages must not be handled here, and why; that is remembered until a step has succeeded.

        A transaction may not last for as long as it takes to find many that hang.
        """
        told = [item.envelope if isinstance(item, Admitted) else item for item in items]
        known = {index: how for index, one in enumerate(told) for message, how in self._condemned if message is one}
        found = await rehearse(items, act, known)
        self._condemned += [(told[index], how) for index, how in found.items() if index not in known]
        return found


def _admit(
    process: Process, messages: Sequence[Envelope | Poison]
) -> tuple[list[Admitted], list[DeadLetter], list[Envelope]]:
    admitted: list[Admitted] = []
    letters: list[DeadLetter] = []
    overheard: list[Envelope] = []
    for message in messages:
        if isinstance(message, Envelope) and is_overheard(process, message):
            overheard.append(message)
            continue
        checked = message if isinstance(message, Poison) else admit(process, message)
        if isinstance(checked, Poison):
            letters.append(DeadLetter(DeadLetterKind.POISON, checked))
        else:
            admitted.append(checked)
    return admitted, letters, overheard


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


def _conflicts(conflicting: Sequence[tuple[Admitted, str]]) -> list[DeadLetter]:
    return [dead_letter(DeadLetterKind.CONFLICT, message, reason) for message, reason in conflicting]


def _untouched(locked: dict[str, instances.Instance], answers: Answers) -> dict[str, instances.Instance]:
    decided = {one.instance.process_id for one in answers.decided}
    return {process_id: instance for process_id, instance in locked.items() if process_id not in decided}


async def _covered(
    connection: AsyncConnection,
    fresh: Sequence[Admitted],
    letters: Sequence[DeadLetter],
    unheard: Sequence[Envelope | Poison],
) -> list[Covered]:
    """The ranges of the logs that these messages cover.

    One that was parked or refused counts, it is kept as a dead letter; but where the log is kept here, a refused
    message does not: what the log says under its position may be in order. Nor does one that was only overheard there,
    or can't be looked into: nobody has held it against the log.
    """
    refused: list[Envelope | Poison] = [
        *(letter.poison for letter in letters if letter.kind is DeadLetterKind.POISON),
        *unheard,
    ]
    here = await inbox.kept_here(connection, {one.module for one in refused if one.module is not None})
    settled: list[Envelope | Poison] = [message.envelope for message in fresh]
    settled += [one for one in refused if one.module not in here]
    covered: list[Covered] = []
    for message in settled:
        module, position, previous = message.module, message.position, message.previous_position
        if module is not None and position is not None:
            covered.append((module, position - 1 if previous is None else previous, position))
    return covered
