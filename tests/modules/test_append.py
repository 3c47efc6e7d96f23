"""What is appended shares the fate of the caller's transaction, savepoints included, and is written last."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from itertools import product
from typing import Literal, get_args

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, SAWarning
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from saga.modules import Module, NewEvent, append
from saga.postgres import Unavailable, connect_engine, durable_transaction
from tests.engine.conversation import rows, value
from tests.modules.shop import ORDERS, Order, Placed, Scored, kept, log_of, open_shop, place, session_of

Join = Literal["conditional_savepoint", "rollback_only", "control_fully", "create_savepoint"]
JOINS: tuple[Join, ...] = get_args(Join)

BILLING = Module("billing", stream="order_id", events=(Placed,))


@pytest.fixture(autouse=True)
async def shop(engine: AsyncEngine) -> None:
    await open_shop(engine)


@pytest.fixture
async def session(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(engine) as session:
        yield session


@pytest.fixture
async def alone(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A pool of one connection."""
    engine = connect_engine(database_url, "alone", pool_size=1)
    yield engine
    await engine.dispose()


async def test_an_event_is_committed_with_the_sessions_rows(engine: AsyncEngine, session: AsyncSession) -> None:
    place(session, "o-1")
    assert await kept(engine) == ([], [])
    await session.commit()
    assert await kept(engine) == (["o-1"], ["o-1"])


async def test_events_alone_are_committed_as_well(engine: AsyncEngine, session: AsyncSession) -> None:
    ORDERS.append(session, [Placed(order_id="o-1")])
    await session.commit()
    ORDERS.append(session, [Scored("o-2")])
    await session.commit()
    assert [entry.stream_id for entry in await log_of(engine)] == ["o-1", "o-2"]


async def test_an_event_is_committed_with_a_connections_rows(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        ORDERS.append(connection, [Placed(order_id="o-1")])
        await connection.execute(text("INSERT INTO shop_order VALUES ('o-1')"))
    assert await kept(engine) == (["o-1"], ["o-1"])


async def test_an_event_is_committed_with_a_durable_transaction(engine: AsyncEngine) -> None:
    async with durable_transaction(engine) as connection:
        ORDERS.append(connection, [Placed(order_id="o-1")])
    assert await kept(engine) == ([], ["o-1"])


async def test_code_that_is_not_asynchronous_appends_with_its_own_session_or_connection(engine: AsyncEngine) -> None:
    def work(session: Session) -> None:
        session.add(Order(order_id="o-1"))
        ORDERS.append(session, [Placed(order_id="o-1")])
        session.commit()
        ORDERS.append(session.connection(), [Placed(order_id="o-2")])
        session.commit()

    async with AsyncSession(engine) as session:
        await session.run_sync(work)
    assert await kept(engine) == (["o-1"], ["o-1", "o-2"])


@pytest.mark.parametrize("flushed", [False, True])
async def test_a_session_that_is_rolled_back_keeps_no_event(
    engine: AsyncEngine, session: AsyncSession, flushed: bool
) -> None:
    place(session, "lost")
    if flushed:
        await session.flush()
    await session.rollback()
    place(session, "o-1")
    await session.commit()
    assert await kept(engine) == (["o-1"], ["o-1"])


async def test_a_session_that_is_closed_without_a_commit_keeps_no_event(engine: AsyncEngine) -> None:
    async with AsyncSession(engine) as session:
        place(session, "lost")
        await session.close()
        place(session, "o-1")
        await session.commit()
    assert await kept(engine) == (["o-1"], ["o-1"])


async def test_a_connection_that_is_rolled_back_keeps_no_event_for_its_next_transaction(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        for name, end in (("lost", connection.rollback), ("o-1", connection.commit), ("o-2", connection.commit)):
            _ = await connection.begin()
            ORDERS.append(connection, [Placed(order_id=name)])
            await end()
        _ = await connection.begin()
        await connection.commit()
    assert await kept(engine) == ([], ["o-1", "o-2"])


async def test_a_connection_that_is_closed_keeps_no_event_for_whoever_gets_it_next(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        _ = await connection.begin()
        ORDERS.append(connection, [Placed(order_id="lost")])
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO shop_order VALUES ('o-1')"))
    assert await kept(engine) == (["o-1"], [])


async def test_what_a_savepoint_of_a_session_undoes_has_no_event(engine: AsyncEngine, session: AsyncSession) -> None:
    place(session, "o-1")
    for used in (False, True):
        async with session.begin_nested() as savepoint:
            place(session, f"lost-{used}")
            if used:
                await session.flush()
            await savepoint.rollback()
    async with session.begin_nested():
        place(session, "o-2")
    place(session, "o-3")
    await session.commit()
    assert await kept(engine) == (["o-1", "o-2", "o-3"], ["o-1", "o-2", "o-3"])


async def test_a_savepoint_that_was_kept_goes_with_the_one_around_it(
    engine: AsyncEngine, session: AsyncSession
) -> None:
    async with session.begin_nested() as outer:
        place(session, "lost-1")
        async with session.begin_nested():
            place(session, "lost-2")
        place(session, "lost-3")
        await outer.rollback()
    place(session, "o-1")
    await session.commit()
    assert await kept(engine) == (["o-1"], ["o-1"])


async def test_a_savepoint_that_is_still_open_is_committed_with_the_session(engine: AsyncEngine) -> None:
    async with session_of(engine) as session:
        _ = await session.begin_nested()
        place(session, "o-1")
        _ = await session.begin_nested()
        place(session, "o-2")
    assert await kept(engine) == (["o-1", "o-2"], ["o-1", "o-2"])


async def test_a_row_that_a_savepoint_could_not_insert_has_no_event(engine: AsyncEngine, session: AsyncSession) -> None:
    place(session, "o-1")
    with pytest.raises(IntegrityError):
        async with session.begin_nested():
            await session.execute(text("INSERT INTO shop_order VALUES ('o-1')"))
            ORDERS.append(session, [Placed(order_id="o-1", amount=2)])
    await session.commit()
    assert await kept(engine) == (["o-1"], ["o-1"])


async def test_what_a_savepoint_of_a_connection_undoes_has_no_event(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        ORDERS.append(connection, [Placed(order_id="o-1")])
        async with connection.begin_nested() as outer:
            ORDERS.append(connection, [Placed(order_id="lost-1")])
            async with connection.begin_nested():
                ORDERS.append(connection, [Placed(order_id="lost-2")])
            await outer.rollback()
        async with connection.begin_nested():
            ORDERS.append(connection, [Placed(order_id="o-2")])
        ORDERS.append(connection, [Placed(order_id="o-3")])
    assert await kept(engine) == ([], ["o-1", "o-2", "o-3"])


async def test_a_savepoint_from_before_the_first_append_undoes_it(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        async with connection.begin_nested() as savepoint:
            ORDERS.append(connection, [Placed(order_id="lost")])
            await savepoint.rollback()
        await connection.execute(text("INSERT INTO shop_order VALUES ('o-1')"))
    assert await kept(engine) == (["o-1"], [])


async def test_an_outer_savepoint_undoes_also_what_stands_in_an_inner_one_that_is_open(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        ORDERS.append(connection, [Placed(order_id="o-1")])
        outer = await connection.begin_nested()
        ORDERS.append(connection, [Placed(order_id="lost-1")])
        _ = await connection.begin_nested()
        ORDERS.append(connection, [Placed(order_id="lost-2")])
        with pytest.warns(SAWarning, match="already deassociated"):
            await outer.rollback()
    assert await kept(engine) == ([], ["o-1"])


@pytest.mark.parametrize("moment", ["before_flush", "after_flush"])
async def test_events_that_a_flush_within_the_commit_appends_are_written(
    engine: AsyncEngine, session: AsyncSession, moment: str
) -> None:
    def announce(flushing: Session, *_: object) -> None:
        ORDERS.append(flushing, [Placed(order_id=order.order_id) for order in flushing.new])

    event.listen(session.sync_session, moment, announce)

    session.add(Order(order_id="o-1"))
    await session.commit()
    session.add(Order(order_id="o-2"))
    ORDERS.append(session, [Scored("o-2")])
    await session.commit()
    assert await kept(engine) == (["o-1", "o-2"], ["o-1", "o-2", "o-2"])
    assert [entry.type for entry in await log_of(engine)] == ["Placed", "Scored", "Placed"]


async def test_the_modules_row_is_locked_by_nothing_but_the_commit(engine: AsyncEngine, session: AsyncSession) -> None:
    async with engine.begin() as connection:
        await append(connection, "orders", [NewEvent("o-0", "Placed", "e", {})])
    place(session, "o-1")
    await session.flush()
    async with engine.begin() as connection:
        lock = text("SELECT name FROM saga.module WHERE name = 'orders' FOR UPDATE NOWAIT")
        assert (await connection.execute(lock)).scalar_one() == "orders"
    await session.commit()
    assert await kept(engine) == (["o-1"], ["o-0", "o-1"])


async def test_appends_of_a_session_and_of_its_connection_are_written_in_their_order(
    engine: AsyncEngine, session: AsyncSession
) -> None:
    connection = await session.connection()
    for number in (0, 2):
        ORDERS.append(session, [Placed(order_id=f"o-{number}")])
        ORDERS.append(connection, [Placed(order_id=f"o-{number + 1}")])
    await session.commit()
    assert await kept(engine) == ([], ["o-0", "o-1", "o-2", "o-3"])


async def test_transactions_over_several_modules_do_not_wait_in_a_circle(engine: AsyncEngine) -> None:
    async def both(modules: tuple[Module, ...], name: str) -> None:
        async with session_of(engine) as session:
            for module in modules:
                module.append(session, [Placed(order_id=name)])

    for _ in range(20):
        await asyncio.gather(both((ORDERS, BILLING), "forth"), both((BILLING, ORDERS), "back"))
    assert await rows(engine, "SELECT name, last_position FROM saga.module ORDER BY name") == [
        ("billing", 40),
        ("orders", 40),
    ]


@pytest.mark.parametrize("mode", JOINS)
async def test_a_session_within_a_transaction_of_a_connection_is_committed_by_that(
    engine: AsyncEngine, mode: Join
) -> None:
    async with engine.connect() as connection:
        _ = await connection.begin()
        async with AsyncSession(connection, join_transaction_mode=mode) as session:
            place(session, "o-1")
            await session.commit()
        if mode != "control_fully":
            assert await kept(engine) == ([], [])
        await connection.commit()
    assert await kept(engine) == (["o-1"], ["o-1"])


@pytest.mark.parametrize("mode", [mode for mode in JOINS if mode != "control_fully"])
async def test_a_session_within_a_transaction_of_a_connection_is_undone_by_that(engine: AsyncEngine, mode: str) -> None:
    async with engine.connect() as connection:
        _ = await connection.begin()
        async with AsyncSession(connection, join_transaction_mode=mode) as session:
            place(session, "lost")
            await session.commit()
        await connection.rollback()
        _ = await connection.begin()
        await connection.commit()
    assert await kept(engine) == ([], [])


async def test_whatever_becomes_of_a_session_within_a_transaction_rows_and_events_stay_together(
    engine: AsyncEngine,
) -> None:
    for mode, end, flushed in product(JOINS, ("commit", "rollback", "close"), (False, True)):
        async with engine.connect() as connection:
            _ = await connection.begin()
            session = AsyncSession(connection, join_transaction_mode=mode)
            place(session, f"{mode} {end} {flushed}")
            if flushed:
                await session.flush()
            await getattr(session, end)()
            await session.close()
            await connection.commit()
    orders, events = await kept(engine)
    assert orders == sorted(events)
    assert {order_id.split()[1] for order_id in orders} == {"commit", "close"}


async def test_a_session_that_goes_on_within_a_transaction_of_a_connection_is_not_committed_by_that(
    engine: AsyncEngine,
) -> None:
    async with engine.connect() as connection:
        _ = await connection.begin()
        async with AsyncSession(connection, join_transaction_mode="create_savepoint") as session:
            place(session, "o-1")
            await session.commit()
            place(session, "lost")
            await connection.commit()
            await session.rollback()
    assert await kept(engine) == (["o-1"], ["o-1"])


async def test_a_failed_write_leaves_nothing_that_the_next_user_of_the_connection_would_commit(
    engine: AsyncEngine, alone: AsyncEngine
) -> None:
    async with engine.begin() as other:
        await append(other, "orders", [NewEvent("o-0", "Placed", "e", {})])
        async with AsyncSession(alone) as session:
            await session.execute(text("SET LOCAL lock_timeout = '10ms'"))
            place(session, "lost")
            backend = await session.scalar(text("SELECT pg_backend_pid()"))
            with pytest.raises(DBAPIError, match="lock timeout"):
                await session.commit()
        async with session_of(alone) as session:
            assert await session.scalar(text("SELECT pg_backend_pid()")) == backend
            session.add(Order(order_id="o-1"))
    assert await kept(engine) == (["o-1"], ["o-0"])


async def test_a_backend_that_dies_before_the_events_are_written_leaves_nothing(
    engine: AsyncEngine, alone: AsyncEngine
) -> None:
    with pytest.raises(Unavailable):
        async with durable_transaction(alone) as connection:
            await connection.execute(text("INSERT INTO shop_order VALUES ('lost')"))
            ORDERS.append(connection, [Placed(order_id="lost")])
            backend = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            assert await value(engine, "SELECT pg_terminate_backend(:pid, 5000)", pid=backend)
    async with session_of(alone) as session:
        place(session, "o-1")
    assert await kept(engine) == (["o-1"], ["o-1"])


async def test_memory_is_given_back(engine: AsyncEngine) -> None:
    async with AsyncSession(engine) as session:
        place(session, "lost")
        await session.flush()
        connection = await session.connection()
        assert connection.sync_connection is not None
        ORDERS.append(connection, [Placed(order_id="lost")])
        remembered = weakref.ref(session.sync_session), weakref.ref(connection.sync_connection)
    del session, connection
    gc.collect()
    assert (remembered[0](), remembered[1]()) == (None, None)
