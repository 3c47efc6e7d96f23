"""The durable step: from delivered messages to a committed transaction that holds all they led to.

The problem: a message must be acknowledged only when everything it led to is safe, and safe means one transaction:
deduplication, state, timers, cursors, outgoing messages. One transaction a message is limited by the disk; so the step
takes whatever is there, up to a batch, and does each stage with one statement for all of it.

The order of the locks is the same in every worker, level by level, and by key within a level: inbox keys, instances,
cursor rows (skipped where somebody holds them), last the module's row. So workers wait for each other but never in a
circle, and the row that everybody needs is held for the shortest time.

What can fail: a message that is not understood or contradicts what is known becomes a dead letter within the same
transaction. A decision that raises parks its instance's messages. A database that is away, or a lost race, raises
Unavailable or Conflict with nothing done: the caller backs off and takes the same messages again.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import Envelope, Poison, Process
from saga.engine import cursors, dead_letters, inbox, instances, timers
from saga.engine.answers import Answers, answer, dead_letter
from saga.engine.cursors import Covered
from saga.engine.dead_letters import DeadLetter, DeadLetterKind, DeadLetterState
from saga.engine.intake import Admitted, admit, is_overheard
from saga.modules import append
from saga.postgres import durable_transaction, still_here

LONGEST_SILENCE_SECONDS: Final = 0.5
"""For how long a step decides without a word to the server, and without letting the rest of its process work."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How the messages of a step were answered, counted; ``outgoing`` are commands that wait for the relay."""

    taken: int
    ignored: int
    repeated: int
    dead: int
    outgoing: int


class Step:
    """The durable step of one process; any number of workers may run it at once."""

    def __init__(self, engine: AsyncEngine, process: Process) -> None:
        self._engine = engine
        self._process = process

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
        process, consumer = self._process, self._process.name
        admitted, letters, overheard = _admit(process, messages)
        async with durable_transaction(self._engine) as connection:
            if redriven:
                await dead_letters.close(connection, redriven, DeadLetterState.REDRIVEN)
            verified, false_claims = await inbox.verify_positions(connection, admitted)
            sorted_ = await inbox.take_in(connection, consumer, verified, redriven=bool(redriven))
            locked = await instances.lock(connection, process, {m.process_id for m in sorted_.fresh})
            doubtful = [m for m in sorted_.fresh if locked[m.process_id].was_pruned]
            await inbox.require_unknown(connection, consumer, doubtful, redriven=bool(redriven))
            answers = await _answered(connection, process, locked, sorted_.fresh)
            letters = letters + _conflicts(false_claims + sorted_.conflicting) + answers.dead_letters
            await inbox.forget(connection, consumer, answers.parked)
            await instances.write(connection, process, answers.decided)
            await instances.delete_unborn(connection, process, _untouched(locked, answers))
            await timers.arm(connection, process.name, answers.timers)
            await dead_letters.keep(connection, consumer, letters)
            covered = await _covered(connection, sorted_.fresh, letters, overheard)
            moved = await cursors.advance(connection, consumer, [*covered, *settled])
            entries = [*answers.entries, *(map(cursors.progress, moved) if covered else ())]
            if entries:
                await append(connection, process.module, entries)
        outgoing = sum(entry.target is not None for entry in answers.entries)
        return Taken(answers.taken, answers.ignored, len(sorted_.repeated), len(letters), outgoing)


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


async def _answered(
    connection: AsyncConnection,
    process: Process,
    locked: Mapping[str, instances.Instance],
    messages: Sequence[Admitted],
) -> Answers:
    """Decide every message. The server takes whoever is silent inside a transaction for frozen."""
    answers, spoke = Answers(), time.monotonic()
    for _ in answer(process, locked, messages, answers):
        if time.monotonic() - spoke > LONGEST_SILENCE_SECONDS:
            await still_here(connection)
            spoke = time.monotonic()
    return answers


def _conflicts(conflicting: Sequence[tuple[Admitted, str]]) -> list[DeadLetter]:
    return [dead_letter(DeadLetterKind.CONFLICT, message, reason) for message, reason in conflicting]


def _untouched(locked: dict[str, instances.Instance], answers: Answers) -> dict[str, instances.Instance]:
    decided = {one.instance.process_id for one in answers.decided}
    return {process_id: instance for process_id, instance in locked.items() if process_id not in decided}


async def _covered(
    connection: AsyncConnection,
    fresh: Sequence[Admitted],
    letters: Sequence[DeadLetter],
    overheard: Sequence[Envelope],
) -> list[Covered]:
    """The ranges of the logs that these messages cover.

    One that was parked or refused counts, it is kept as a dead letter; but where the log is kept here, a refused
    message does not: what the log says under its position may be in order. Nor does one that was only overheard there:
    nobody has held it against the log.
    """
    refused: list[Envelope | Poison] = [
        *(letter.poison for letter in letters if letter.kind is DeadLetterKind.POISON),
        *overheard,
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
