"""A cursor never passes what was not handled, and explains every gap."""

import asyncio
import random

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step, cursors
from saga.orders import order_process
from saga.postgres import durable_transaction
from tests.engine.conversation import message, rows
from tests.waiting import LIMIT_SECONDS


async def advance(engine: AsyncEngine, *covered: tuple[int, int]) -> None:
    async with durable_transaction(engine) as connection:
        await cursors.advance(connection, "order", [("payments", after, position) for after, position in covered])


async def cursor(engine: AsyncEngine) -> tuple[int, str]:
    ((watermark, handled),) = await rows(engine, "SELECT watermark, CAST(handled AS text) FROM saga.cursor")
    return watermark, handled


async def test_positions_in_order_move_the_watermark(engine: AsyncEngine) -> None:
    await advance(engine, (0, 1))
    await advance(engine, (1, 2), (2, 3))
    assert await cursor(engine) == (3, "{}")


async def test_a_range_covers_the_gaps_of_internal_events(engine: AsyncEngine) -> None:
    await advance(engine, (0, 3))
    await advance(engine, (3, 6))
    assert await cursor(engine) == (6, "{}")


async def test_a_missing_position_shows_as_a_hole_until_it_comes(engine: AsyncEngine) -> None:
    await advance(engine, (0, 1))
    await advance(engine, (3, 4), (5, 8))
    assert await cursor(engine) == (1, "{[4,5),[6,9)}")
    await advance(engine, (1, 3))
    assert await cursor(engine) == (4, "{[6,9)}")
    await advance(engine, (4, 5))
    assert await cursor(engine) == (8, "{}")


@pytest.mark.parametrize("turn", range(3))
async def test_any_order_of_concurrent_steps_ends_at_the_horizon(engine: AsyncEngine, turn: int, seed: int) -> None:
    chance = random.Random(seed)
    ranges = [(position - 1, position) for position in range(1, 201)]
    chance.shuffle(ranges)

    lanes = [ranges[lane::4] for lane in range(4)]

    async def work_all(mine: list[tuple[int, int]]) -> None:
        for start in range(0, len(mine), 5):
            await advance(engine, *mine[start : start + 5])

    await asyncio.gather(*map(work_all, lanes))
    async with durable_transaction(engine) as connection:
        await cursors.fold(connection, "order")
    assert await cursor(engine) == (200, "{}")
    assert await rows(engine, "SELECT * FROM saga.cursor_advance") == []


async def test_nobody_waits_for_a_cursor_that_somebody_holds(engine: AsyncEngine) -> None:
    await advance(engine, (0, 1))
    async with durable_transaction(engine) as holding:
        await cursors.advance(holding, "order", [("payments", 1, 2)])
        async with asyncio.timeout(LIMIT_SECONDS):
            await advance(engine, (2, 3))
        assert await cursor(engine) == (1, "{}")
    async with durable_transaction(engine) as connection:
        await cursors.fold(connection, "order")
    assert await cursor(engine) == (3, "{}")


async def test_a_first_public_event_covers_the_internal_ones_before_it(engine: AsyncEngine) -> None:
    step = Step(engine, order_process(), remote_modules={"orders"})
    await step.handle([message("OrderPlaced", "o-1", module="orders", position=3, previous=0)])
    assert await cursor(engine) == (3, "{}")
    await step.handle([message("OrderCancelled", "o-1", module="orders", position=5)])
    assert await cursor(engine) == (3, "{[5,6)}"), "without a previous position the gap is not explained"
