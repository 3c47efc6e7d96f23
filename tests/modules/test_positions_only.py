"""A log that gives only positions, in which a lower one may come later, is followed by what remembers one integer."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.modules import Reading, follow, read_public
from saga.postgres import reading
from tests.engine.conversation import rows
from tests.modules.warehouse import open_warehouse, prepared, ship
from tests.waiting import pause

CLOSING = "closing"


@pytest.fixture
async def warehouse(engine: AsyncEngine) -> AsyncEngine:
    """A database with such a log."""
    await open_warehouse(engine)
    return engine


def followed(engine: AsyncEngine, after: int = 0, limit: int = 500) -> AsyncIterator[Reading]:
    return follow(engine, "orders", after, limit=limit, poll_seconds=0.01)


async def closed_by(pages: AsyncIterator[Reading]) -> list[tuple[int, str]]:
    """What came, up to the closing event."""
    seen: list[tuple[int, str]] = []
    async with aclosing(pages) as going:  # type: ignore[type-var]
        async for page in going:
            seen += [(entry.position, entry.stream_id) for entry in page.entries]
            if seen and seen[-1][1] == CLOSING:
                break
    return seen


async def close(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await ship(connection, CLOSING)


async def test_one_reading_that_could_not_know_how_far_it_is_complete_is_refused(warehouse: AsyncEngine) -> None:
    async with reading(warehouse) as connection:
        with pytest.raises(ValueError, match="read it with `follow`"):
            await read_public(connection, "orders", 0)


async def test_a_follower_waits_for_a_transaction_that_took_a_lower_position(warehouse: AsyncEngine) -> None:
    async with warehouse.connect() as slow:
        await ship(slow, "slow")
        async with warehouse.begin() as quick:
            await ship(quick, "quick")
        pages = followed(warehouse)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                pytest.fail(f"position 1 was passed: {await anext(pages)}")
        await slow.commit()
    await close(warehouse)
    assert await closed_by(followed(warehouse)) == [(1, "slow"), (2, "quick"), (3, CLOSING)]


async def test_a_follower_passes_what_was_rolled_back(warehouse: AsyncEngine) -> None:
    async with warehouse.connect() as slow:
        await ship(slow, "undone")
        await slow.rollback()
    await close(warehouse)
    assert await closed_by(followed(warehouse)) == [(2, CLOSING)]


async def test_on_a_standby_nothing_that_is_missing_is_passed(warehouse: AsyncEngine) -> None:
    """It can't know what is open on its primary. Here a database says of itself that it is one."""
    await close(warehouse)
    async with warehouse.connect() as connection:
        _ = await connection.execution_options(isolation_level="AUTOCOMMIT")
        name = (await connection.execute(text("SELECT current_database()"))).scalar_one()
        await connection.execute(text("CREATE SCHEMA standby"))
        await connection.execute(
            text("CREATE FUNCTION standby.pg_is_in_recovery() RETURNS boolean LANGUAGE sql RETURN true")
        )
        await connection.execute(text(f"ALTER DATABASE {name} SET search_path = standby, pg_catalog, public"))
    await warehouse.dispose()
    with suppress(TimeoutError):
        async with asyncio.timeout(0.3):
            pytest.fail(f"a standby passed a position: {await anext(followed(warehouse))}")


async def test_a_follower_of_positions_misses_and_doubles_nothing(warehouse: AsyncEngine, seed: int) -> None:
    """Whatever writers do: commit late, roll back, or prepare and end that later."""
    chance = random.Random(seed)

    async def write(writer: int) -> None:
        for number in range(60):
            name = f"{writer}-{number}"
            if chance.random() < 0.2:
                async with prepared(warehouse) as (connection, finish):
                    await ship(connection, name)
                await pause(chance.random() * 0.02)
                await finish(chance.choice(["COMMIT PREPARED", "ROLLBACK PREPARED"]))
                continue
            async with warehouse.connect() as connection:
                await ship(connection, name)
                await pause(chance.random() * 0.02)
                await (connection.rollback() if chance.random() < 0.3 else connection.commit())

    async with asyncio.TaskGroup() as group:
        readers = [group.create_task(closed_by(followed(warehouse, limit=limit))) for limit in (1, 7, 500)]
        writers = [group.create_task(write(writer)) for writer in range(5)]
        await asyncio.gather(*writers)
        await close(warehouse)
    kept = await rows(warehouse, "SELECT position, order_id FROM warehouse.shipment ORDER BY position")
    assert [reader.result() for reader in readers] == [kept] * 3
