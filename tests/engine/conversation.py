"""What the tests of the step say and ask: messages in, rows out."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step
from saga.messages import Envelope, Raw
from saga.postgres import LostRace

_numbers = count(1)


def message(
    kind: str,
    order_id: str,
    *,
    message_id: str | None = None,
    module: str | None = None,
    position: int | None = None,
    previous: int | None = None,
    **data: Any,
) -> Envelope:
    """A message about an order, with whatever its kind needs and the test does not say."""
    known: dict[str, dict[str, Any]] = {
        "OrderPlaced": {"amount": 4_200, "currency": "EUR"},
        "PaymentReceived": {"payment_id": f"pay-{order_id}", "amount": 4_200, "currency": "EUR"},
    }
    said = {"order_id": order_id, **known.get(kind, {}), **data}
    message_id = message_id or f"m-{next(_numbers)}"
    return Envelope(
        type=kind,
        id=message_id,
        source=f"/modules/{module}" if module else "/tests",
        data=said,
        raw=Raw(orjson.dumps([message_id, kind, said, position, previous])),
        module=module,
        position=position,
        previous_position=previous,
    )


async def rows(engine: AsyncEngine, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(statement), parameters)]


async def value(engine: AsyncEngine, statement: str, **parameters: Any) -> Any:
    """The only value of a query."""
    ((only,),) = await rows(engine, statement, **parameters)
    return only


async def execute(engine: AsyncEngine, statement: str, **parameters: Any) -> None:
    """Change something behind the engine's back."""
    async with engine.begin() as connection:
        await connection.execute(text(statement), parameters)


async def commands(engine: AsyncEngine, order_id: str) -> list[str]:
    """The commands of an order, in the order in which they were decided."""
    found = await rows(
        engine,
        "SELECT type FROM saga.event_log WHERE stream_id = :id AND target IS NOT NULL ORDER BY position",
        id=order_id,
    )
    return [kind for (kind,) in found]


async def outcome(engine: AsyncEngine, order_id: str) -> str | None:
    """The outcome of an order; None if there is no such instance."""
    found = await rows(engine, "SELECT outcome FROM saga.instance WHERE process_id = :id", id=order_id)
    return found[0][0] if found else None


async def looking_beside(
    step: Step, batches: Sequence[Sequence[Envelope]], look: Callable[[], Awaitable[None]]
) -> None:
    """Look again and again, for as long as three lanes of batches are taken in."""
    lanes = [batches[lane::3] for lane in range(3)]
    running = len(lanes)

    async def work(mine: Sequence[Sequence[Envelope]]) -> None:
        nonlocal running
        for batch in mine:
            while True:
                try:
                    await step.handle(batch)
                    break
                except LostRace:
                    continue
        running -= 1

    async def look_on() -> None:
        while running:
            await look()

    await asyncio.gather(*(work(lane) for lane in lanes), look_on())


async def dead_letters(engine: AsyncEngine) -> list[tuple[str, str]]:
    """Kind and reason of the open dead letters."""
    return await rows(engine, "SELECT kind, reason FROM saga.dead_letter WHERE state = 'open' ORDER BY dead_letter_id")
