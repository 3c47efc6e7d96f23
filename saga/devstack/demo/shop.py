"""A shop: places orders through the orders module's log, with deadlines so short that timeouts race payments.

Nothing here uses RabbitMQ: the orders leave through their module's log, as in a real service, by a relay or by
consumers that follow the log.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.devstack.demo.ways import append_surely
from saga.messages.identity import derived_id
from saga.modules import NewEvent
from saga.postgres import Statements

_SQL = Statements(__package__)
READ_PROGRESS = _SQL["read_progress"]
COUNT_OUTCOMES = _SQL["count_outcomes"]

WAVE = 20
WAVE_SECONDS = 0.25
CANCELLED_SHARE = 0.15
SHORTEST_DEADLINE_SECONDS, LONGEST_DEADLINE_SECONDS = 0.4, 4.0


@dataclass(frozen=True, slots=True)
class ShopProgress:
    """How far the system is, and counts of what still has to happen."""

    orders: int
    settled: int
    deadlines: int
    answers: int
    unrelayed: int
    unread: int
    commands: int

    @property
    def moving(self) -> dict[str, int]:
        """What still has to happen; empty when the system is at rest."""
        left = {
            "deadlines": self.deadlines,
            "answers": self.answers,
            "entries to relay": self.unrelayed,
            "events to read": self.unread,
            "commands to take": self.commands,
        }
        return {what: count for what, count in left.items() if count}


class Shop:
    """Places orders in waves; the same seed places the same orders."""

    def __init__(self, engine: AsyncEngine, seed: int) -> None:
        self._engine = engine
        self._seed = seed
        self._chance = random.Random(seed)

    async def place(self, count: int, placed: Callable[[int], None]) -> None:
        """Place orders, and cancel some earlier ones in each wave. ``placed`` is called with their number so far."""
        waiting: list[str] = []
        for start in range(0, count, WAVE):
            new = [f"shop-{self._seed}-{number:04}" for number in range(start, min(start + WAVE, count))]
            waiting += new
            dropped = [one for one in waiting if self._chance.random() < CANCELLED_SHARE / 4]
            waiting = [one for one in waiting[-4 * WAVE :] if one not in dropped]
            events = [*map(self._placed, new), *map(self._cancelled, dropped)]
            await append_surely(self._engine, {"orders": events})
            placed(start + len(new))
            await asyncio.sleep(WAVE_SECONDS)

    def _placed(self, order_id: str) -> NewEvent:
        deadline = self._chance.uniform(SHORTEST_DEADLINE_SECONDS, LONGEST_DEADLINE_SECONDS)
        data = {
            "order_id": order_id,
            "amount": self._chance.randrange(500, 50_000),
            "currency": "EUR",
            "payment_timeout_seconds": round(deadline, 3),
        }
        return NewEvent(order_id, "OrderPlaced", derived_id("demo", order_id, "placed"), data)

    def _cancelled(self, order_id: str) -> NewEvent:
        return NewEvent(order_id, "OrderCancelled", derived_id("demo", order_id, "cancelled"), {"order_id": order_id})


async def read_progress(engine: AsyncEngine) -> ShopProgress:
    """How far the system is now."""
    async with engine.connect() as connection:
        row = (await connection.execute(READ_PROGRESS)).one()
        return ShopProgress(**{name: int(count) for name, count in row._asdict().items()})
