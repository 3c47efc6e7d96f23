"""The orders service of another team: its rows and its events are one, and its secrets stay its own."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from examples.orders_service.events import ORDERS, FraudScoreComputed, OrderCancelled, OrderPlaced
from examples.orders_service.service import cancel_order, history, place_order, score_again
from examples.orders_service.tables import create_tables
from saga.engine import Step
from saga.modules import StreamConflict, read_public
from saga.modules.outgoing import as_delivered
from saga.orders import order_process
from tests.engine.conversation import dead_letters, outcome, rows, value

ROOT = Path(__file__).parents[2]
Sessions = async_sessionmaker[AsyncSession]


@pytest.fixture
async def sessions(engine: AsyncEngine) -> Sessions:
    await create_tables(engine)
    return async_sessionmaker(engine, expire_on_commit=False)


async def placed(sessions: Sessions, order_id: str = "o-1", amount: int = 4_200) -> int:
    async with sessions.begin() as session:
        return (await place_order(session, order_id, "Ada", amount, "EUR")).version


async def cancelled(sessions: Sessions, order_id: str, seen_version: int) -> None:
    async with sessions.begin() as session:
        await cancel_order(session, order_id, "too dear", seen_version=seen_version)


async def fed(engine: AsyncEngine, step: Step) -> None:
    """The public events of the log, taken in by the order saga as if a broker had delivered them."""
    async with engine.connect() as connection:
        entries, _ = await read_public(connection, "orders", 0)
    await step.handle([as_delivered(entry, "saga") for entry in entries])


async def test_an_order_and_its_events_are_placed_together(engine: AsyncEngine, sessions: Sessions) -> None:
    version = await placed(sessions)
    assert await rows(engine, 'SELECT order_id, state, version FROM shop."order"') == [("o-1", "placed", version)]
    async with sessions() as session:
        assert await history(session, "o-1") == [
            OrderPlaced(order_id="o-1", amount=4_200, currency="EUR"),
            FraudScoreComputed("o-1", score=3),
        ]
        assert (await ORDERS.read_stream(session, "o-1"))[-1].stream_version == version


async def test_what_the_table_refuses_is_not_told(engine: AsyncEngine, sessions: Sessions) -> None:
    with pytest.raises(IntegrityError):
        await placed(sessions, amount=-1)
    assert await value(engine, "SELECT count(*) FROM saga.event_log") == 0


async def test_what_the_log_refuses_leaves_no_row(engine: AsyncEngine, sessions: Sessions) -> None:
    await placed(sessions)
    async with engine.begin() as connection:
        await connection.execute(text('DELETE FROM shop."order"'))
    with pytest.raises(StreamConflict):
        await placed(sessions)
    assert await value(engine, 'SELECT count(*) FROM shop."order"') == 0


async def test_who_cancels_what_has_moved_on_has_a_conflict_and_can_decide_again(
    engine: AsyncEngine, sessions: Sessions
) -> None:
    seen = await placed(sessions)
    async with sessions.begin() as session:
        await score_again(session, "o-1")
    with pytest.raises(StreamConflict) as caught:
        await cancelled(sessions, "o-1", seen)
    assert (caught.value.expected, caught.value.actual) == (seen, seen + 1)
    assert await value(engine, 'SELECT state FROM shop."order"') == "placed"
    await cancelled(sessions, "o-1", caught.value.actual)
    assert await rows(engine, 'SELECT state, version FROM shop."order"') == [("cancelled", seen + 2)]


async def test_of_two_who_cancel_at_once_one_does(engine: AsyncEngine, sessions: Sessions) -> None:
    seen = await placed(sessions)
    results = await asyncio.gather(*(cancelled(sessions, "o-1", seen) for _ in range(2)), return_exceptions=True)
    assert {type(result) for result in results} == {type(None), StreamConflict}
    async with sessions() as session:
        assert (await history(session, "o-1"))[-1:] == [OrderCancelled(order_id="o-1", reason="too dear")]
    assert await value(engine, "SELECT count(*) FROM saga.event_log WHERE type = 'OrderCancelled'") == 1


async def test_others_see_a_gap_where_the_score_is_and_nothing_of_it(engine: AsyncEngine, sessions: Sessions) -> None:
    await placed(sessions, amount=129_900)
    await cancelled(sessions, "o-1", 2)
    ((secret_id, secret_data),) = await rows(
        engine, "SELECT event_id, CAST(data AS text) FROM saga.event_log WHERE visibility = 'internal'"
    )
    assert "large amount" in secret_data
    async with engine.connect() as connection:
        entries, horizon = await read_public(connection, "orders", 0)
    assert [(entry.position, entry.previous_public_position, entry.type) for entry in entries] == [
        (1, 0, "OrderPlaced"),
        (3, 1, "OrderCancelled"),
    ]
    assert horizon == 3
    for secret in (secret_id, "FraudScoreComputed", "score", "large amount", "signals"):
        assert secret not in repr(entries)


async def test_the_order_saga_takes_these_orders_in(engine: AsyncEngine, sessions: Sessions) -> None:
    await placed(sessions, "o-1")
    await placed(sessions, "o-2")
    await cancelled(sessions, "o-2", 2)
    step = Step(engine, order_process())
    await fed(engine, step)
    await fed(engine, step)
    assert (await outcome(engine, "o-1"), await outcome(engine, "o-2")) == ("awaiting_payment", "cancelled")
    assert await dead_letters(engine) == []
    assert await value(engine, "SELECT watermark FROM saga.cursor WHERE module = 'orders'") == 5


@pytest.mark.parametrize("private", [True, False])
def test_it_runs_as_its_readme_says(database_url: str, private: bool) -> None:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("SAGA_")}
    if not private:
        environment["SAGA_DATABASE_URL"] = database_url
    command = [sys.executable, "-m", "examples.orders_service"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    own, _, others = done.stdout.partition("Everybody else sees:")
    assert "is a conflict: stream" in own
    assert own.count("FraudScoreComputed(") == 2
    assert "position 1 after 0: OrderPlaced" in others
    assert "position 4 after 1: OrderCancelled" in others
    assert "Fraud" not in others
