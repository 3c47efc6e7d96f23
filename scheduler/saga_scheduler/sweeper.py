"""The sweeper: claims due timers and appends their events to the scheduler's log, in one transaction.

Any number of sweepers work side by side: a claim skips the rows that another one has locked. If a sweeper dies, its
transaction is rolled back and the timers are still due. The database's clock decides what is due, so replicas with
clocks of their own agree. After an outage many timers are due at once: the sweeper fires them in batches, oldest first.
If the first batch was full, two go side by side: one is claimed while another one commits.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.heartbeat import goes_round
from saga.messages.identity import derived_id
from saga.metrics.table import TIMER_LATENESS_SECONDS
from saga.modules import NewEvent, append
from saga.postgres import Statements, durable_transaction, reading
from saga_scheduler.firing import FiringSpans

MODULE = "scheduler"
SIDE_BY_SIDE = 2
"""Batches at a time, each on a connection of its own, when many timers are due."""

_SQL = Statements(__package__)
CLAIM_DUE = _SQL["claim_due"]
NEXT_DUE = _SQL["next_due"]


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one sweep did: timers fired, and seconds until the next one is due (None if none is armed)."""

    fired: int
    next_due_seconds: float | None


class Sweeper:
    """Fires due timers in batches."""

    def __init__(self, engine: AsyncEngine, batch_size: int) -> None:
        self._engine = engine
        self._batch_size = batch_size

    async def sweep(self) -> Sweep:
        """Fire everything that is due now. Raises LostRace or Unavailable; complete batches stay done."""
        fired = await self._fire_batch()
        if fired == self._batch_size:
            fired += await self._fire_side_by_side()
        async with reading(self._engine) as connection:
            return Sweep(fired, (await connection.execute(NEXT_DUE)).scalar_one_or_none())

    async def _fire_side_by_side(self) -> int:
        """Fire the rest; raise an error only when no batch is running any more."""
        lanes = await asyncio.gather(*(self._fire_on() for _ in range(SIDE_BY_SIDE)), return_exceptions=True)
        if failed := [lane for lane in lanes if isinstance(lane, BaseException)]:
            raise failed[0]
        return sum(lane for lane in lanes if isinstance(lane, int))

    async def _fire_on(self) -> int:
        """Fire batch after batch until one is not full."""
        fired = 0
        while claimed := await self._fire_batch():
            fired += claimed
            if claimed < self._batch_size:
                break
        return fired

    async def _fire_batch(self) -> int:
        spans = FiringSpans()
        async with durable_transaction(self._engine) as connection:
            due = (await connection.execute(CLAIM_DUE, {"limit": self._batch_size})).all()
            if due:
                await append(connection, MODULE, spans.enter(due, [_emitted(timer) for timer in due]))
        spans.end()
        if TIMER_LATENESS_SECONDS.is_on:
            _measure(due)
        goes_round()
        return len(due)


def _measure(fired: Sequence[Row[Any]]) -> None:
    """How late each timer fired, by process and name."""
    late_seconds: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for timer in fired:
        late_seconds[timer.process, timer.name].append(timer.late_seconds)
    for (process, name), seconds in late_seconds.items():
        TIMER_LATENESS_SECONDS.observe_each(seconds, process, name)


def _emitted(timer: Row[Any]) -> NewEvent:
    due_at: datetime = timer.due_at
    return NewEvent(
        stream_id=timer.process_id,
        type=timer.emits,
        event_id=derived_id("timer", timer.process, timer.process_id, timer.name),
        data={"due_at": due_at.isoformat(), "armed_by": timer.process} | orjson.loads(timer.data),
        metadata=orjson.loads(timer.metadata),
    )
