"""An append that no commit would write is refused where it is made, and never lost in silence."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import IntegrityError, UnboundExecutionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from saga.modules import NoTransaction
from tests.modules.shop import ORDERS, Order, Placed, kept, open_shop, place


@pytest.fixture(autouse=True)
async def shop(engine: AsyncEngine) -> None:
    await open_shop(engine)


@pytest.fixture
async def session(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(engine) as session:
        yield session


async def test_an_append_after_the_commit_is_refused(engine: AsyncEngine, session: AsyncSession) -> None:
    @event.listens_for(session.sync_session, "after_commit")
    def too_late(committed: Session) -> None:
        ORDERS.append(committed, [Placed(order_id="lost")])

    place(session, "o-1")
    with pytest.raises(NoTransaction, match="begin one"):
        await session.commit()
    assert await kept(engine) == (["o-1"], ["o-1"])


async def test_an_append_while_the_events_are_written_is_refused(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        _ = await connection.begin()
        ORDERS.append(connection, [Placed(order_id="o-1")])
        assert connection.sync_connection is not None
        event.listen(connection.sync_connection, "commit", lambda one: ORDERS.append(one, [Placed(order_id="lost")]))
        with pytest.raises(NoTransaction, match="before its commit"):
            await connection.commit()
    assert await kept(engine) == ([], [])


async def test_an_append_outside_of_a_transaction_is_refused(engine: AsyncEngine, session: AsyncSession) -> None:
    placed = [Placed(order_id="lost")]
    with pytest.raises(NoTransaction, match="not open"):
        ORDERS.append(engine.connect(), placed)
    async with engine.connect() as connection:
        with pytest.raises(NoTransaction, match="begin one"):
            ORDERS.append(connection, placed)
        await connection.execute(text("SELECT 1"))
        await connection.invalidate()
        with pytest.raises(NoTransaction, match="begin one"):
            ORDERS.append(connection, placed)
        await connection.rollback()
    async with AsyncSession(engine, autobegin=False) as manual:
        with pytest.raises(NoTransaction, match="begin one"):
            ORDERS.append(manual, placed)
    with pytest.raises(IntegrityError):
        session.add_all([Order(order_id="o-1"), Order(order_id="o-1")])
        await session.flush()
    with pytest.raises(NoTransaction, match="roll back the one that failed"):
        ORDERS.append(session, placed)


async def test_an_append_that_autocommit_would_lose_is_refused(engine: AsyncEngine, database_url: str) -> None:
    """Before any row is written: in a session that has no connection yet, as soon as it gets one."""
    placed, autocommitting = [Placed(order_id="lost")], engine.execution_options(isolation_level="AUTOCOMMIT")
    async with autocommitting.connect() as connection:
        _ = await connection.begin()
        with pytest.raises(NoTransaction, match="AUTOCOMMIT"):
            ORDERS.append(connection, placed)
    async with AsyncSession(autocommitting) as session:
        place(session, "lost")
        with pytest.raises(NoTransaction, match="AUTOCOMMIT"):
            await session.commit()
    async with AsyncSession(engine) as session:
        _ = await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        with pytest.raises(NoTransaction, match="AUTOCOMMIT"):
            ORDERS.append(session, placed)
    always = create_async_engine(engine.url, isolation_level="AUTOCOMMIT")
    async with AsyncSession(always) as session:
        place(session, "lost")
        with pytest.raises(NoTransaction, match="AUTOCOMMIT"):
            await session.commit()
    await always.dispose()
    assert await kept(engine) == ([], [])


async def test_an_append_in_two_phases_is_refused(engine: AsyncEngine) -> None:
    def work(connection: Connection) -> None:
        transaction = connection.begin_twophase()
        try:
            ORDERS.append(connection, [Placed(order_id="lost")])
        finally:
            transaction._deactivate_from_connection()

    async with AsyncSession(engine, twophase=True) as session:
        with pytest.raises(NoTransaction, match="two-phase"):
            ORDERS.append(session, [Placed(order_id="lost")])
    async with engine.connect() as connection:
        with pytest.raises(NoTransaction, match="two-phase"):
            await connection.run_sync(work)


async def test_an_append_to_something_else_says_what_to_append_with(engine: AsyncEngine) -> None:
    with pytest.raises(TypeError, match="AsyncEngine has no transaction"):
        ORDERS.append(engine, [Placed(order_id="lost")])  # type: ignore[arg-type]
    session = AsyncSession()
    with pytest.raises(UnboundExecutionError):
        ORDERS.append(session, [Placed(order_id="lost")])


async def test_a_session_that_outlives_the_transaction_around_it_is_refused(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        _ = await connection.begin()
        async with AsyncSession(connection) as session:
            place(session, "o-1")
            await session.flush()
            await connection.commit()
            ORDERS.append(session, [Placed(order_id="lost")])
            with pytest.raises(NoTransaction, match="begin one"):
                await session.commit()
    assert await kept(engine) == (["o-1"], ["o-1"])
