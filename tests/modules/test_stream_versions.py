"""An append may expect its stream at a version: who decided from an older one finds out, and nothing is committed."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from saga.modules import NewEvent, StreamConflict, append
from saga.postgres import LostRace, durable_transaction
from tests.engine.conversation import rows
from tests.modules.shop import ORDERS, Order, Placed, Scored, kept, log_of, open_shop, session_of


@pytest.fixture(autouse=True)
async def shop(engine: AsyncEngine) -> None:
    await open_shop(engine)


async def placed(engine: AsyncEngine, order_id: str, expected_version: int | None) -> None:
    async with session_of(engine) as session:
        ORDERS.append(session, [Placed(order_id=order_id)], expected_version=expected_version)


async def test_events_take_the_versions_after_the_expected_one(engine: AsyncEngine) -> None:
    await placed(engine, "o-1", 0)
    async with session_of(engine) as session:
        ORDERS.append(session, [Placed(order_id="o-1"), Scored("o-1")], expected_version=1)
    assert [(entry.stream_version, entry.type) for entry in await log_of(engine)] == [
        (1, "Placed"),
        (2, "Placed"),
        (3, "Scored"),
    ]


@pytest.mark.parametrize(("expected", "there"), [(0, 1), (2, 1), (1, 0)])
async def test_another_version_is_a_conflict_that_names_both(engine: AsyncEngine, expected: int, there: int) -> None:
    if there:
        await placed(engine, "o-1", None)
    with pytest.raises(StreamConflict, match="read it again") as caught:
        await placed(engine, "o-1", expected)
    conflict = caught.value
    assert (conflict.module, conflict.stream_id, conflict.expected, conflict.actual) == (
        "orders",
        "o-1",
        expected,
        there,
    )
    assert len(await log_of(engine)) == there


async def test_after_a_conflict_nothing_is_committed_and_the_session_goes_on(engine: AsyncEngine) -> None:
    async with AsyncSession(engine) as session:
        session.add(Order(order_id="lost"))
        ORDERS.append(session, [Placed(order_id="lost")])
        ORDERS.append(session, [Placed(order_id="o-1")], expected_version=7)
        with pytest.raises(StreamConflict):
            await session.commit()
        await session.rollback()
        session.add(Order(order_id="o-1"))
        ORDERS.append(session, [Placed(order_id="o-1")], expected_version=0)
        await session.commit()
    assert await kept(engine) == (["o-1"], ["o-1"])


@pytest.mark.parametrize("end", ["rollback", "close"])
async def test_after_a_conflict_the_connection_has_nothing_to_commit(engine: AsyncEngine, end: str) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("INSERT INTO shop_order VALUES ('lost')"))
        ORDERS.append(connection, [Placed(order_id="lost")], expected_version=7)
        with pytest.raises(StreamConflict):
            await connection.commit()
        await getattr(connection, end)()
        if end == "rollback":
            await connection.execute(text("INSERT INTO shop_order VALUES ('o-1')"))
            await connection.commit()
    async with durable_transaction(engine) as connection:
        await connection.execute(text("INSERT INTO shop_order VALUES ('o-2')"))
    assert await kept(engine) == ((["o-1"] if end == "rollback" else []) + ["o-2"], [])


async def test_a_durable_transaction_says_the_conflict_too(engine: AsyncEngine) -> None:
    with pytest.raises(StreamConflict):
        async with durable_transaction(engine) as connection:
            await connection.execute(text("INSERT INTO shop_order VALUES ('lost')"))
            ORDERS.append(connection, [Placed(order_id="lost")], expected_version=7)
    assert await kept(engine) == ([], [])


async def test_of_many_that_expect_the_same_version_one_is_first_and_the_others_have_a_conflict(
    engine: AsyncEngine,
) -> None:
    for round_ in range(5):
        attempts = [placed(engine, "o-1", round_) for _ in range(8)]
        results = await asyncio.gather(*attempts, return_exceptions=True)
        assert results.count(None) == 1
        assert [type(one) for one in results if one is not None] == [StreamConflict] * 7
    assert [entry.stream_version for entry in await log_of(engine)] == [1, 2, 3, 4, 5]


async def test_two_in_one_transaction_count_on(engine: AsyncEngine) -> None:
    async with session_of(engine) as session:
        ORDERS.append(session, [Placed(order_id="o-1")], expected_version=0)
        ORDERS.append(session, [Placed(order_id="o-2"), Placed(order_id="o-1")])
        ORDERS.append(session, [Placed(order_id="o-1")], expected_version=2)
    with pytest.raises(StreamConflict):
        async with session_of(engine) as session:
            ORDERS.append(session, [Placed(order_id="o-1")], expected_version=3)
            ORDERS.append(session, [Placed(order_id="o-1")], expected_version=3)
    assert [(entry.stream_id, entry.stream_version) for entry in await log_of(engine)] == [
        *(("o-1", 1), ("o-2", 1), ("o-1", 2), ("o-1", 3))
    ]


async def test_events_that_were_pruned_still_count(engine: AsyncEngine) -> None:
    await placed(engine, "o-1", 0)
    await placed(engine, "o-1", 1)
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL saga.pruning = 'on'"))
        await connection.execute(text("UPDATE saga.module SET pruned_position = 2"))
        await connection.execute(text("INSERT INTO saga.stream_tombstone VALUES ('orders', 'o-1', 2)"))
        await connection.execute(text("DELETE FROM saga.event_log"))
    with pytest.raises(StreamConflict, match="is at version 2, expected was 0"):
        await placed(engine, "o-1", 0)
    await placed(engine, "o-1", 2)
    await placed(engine, "o-1", None)
    assert await rows(engine, "SELECT position, stream_version FROM saga.event_log ORDER BY position") == [
        (3, 3),
        (4, 4),
    ]


async def test_the_same_stream_in_another_module_is_another_stream(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await append(connection, "billing", [NewEvent("o-1", "Placed", "e", {})])
    await placed(engine, "o-1", 0)
    assert len(await log_of(engine)) == 1


async def test_an_expected_version_is_of_one_stream(engine: AsyncEngine) -> None:
    async with AsyncSession(engine) as session:
        with pytest.raises(ValueError, match=r"\['o-1', 'o-2'\]: append them apart"):
            ORDERS.append(session, [Placed(order_id="o-1"), Placed(order_id="o-2")], expected_version=0)
        with pytest.raises(ValueError, match="is of one stream"):
            ORDERS.append(session, [], expected_version=0)
        with pytest.raises(ValueError, match="versions count from 1"):
            ORDERS.append(session, [Placed(order_id="o-1")], expected_version=-1)
        await session.commit()
    assert await log_of(engine) == []


async def test_above_read_committed_a_lost_race_is_a_serialization_failure(engine: AsyncEngine) -> None:
    await placed(engine, "o-1", 0)
    repeatable = engine.execution_options(isolation_level="REPEATABLE READ")
    with pytest.raises(LostRace):
        async with durable_transaction(repeatable) as connection:
            await placed(engine, "o-1", 1)
            ORDERS.append(connection, [Placed(order_id="o-1")], expected_version=1)
    assert [entry.stream_version for entry in await log_of(engine)] == [1, 2]
