"""A transaction that is kept open by somebody who works is not taken for one whose client froze."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import decide
from saga.engine import Step
from saga.engine import answers as deciding
from saga.feeds.follower import Follower
from saga.modules.reader import read_outgoing as read
from saga.orders import order_process
from saga.postgres import Unavailable, connect_engine, durable_transaction, holding, while_open
from saga.postgres.connection import SERVER_SETTINGS
from tests.engine.conversation import message, value
from tests.waiting import block, pause


@pytest.fixture
async def impatient(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncEngine]:
    """A server that ends a transaction after a second and a half of silence, and a client that speaks more often."""
    monkeypatch.setitem(SERVER_SETTINGS, "idle_in_transaction_session_timeout", "1500ms")
    monkeypatch.setattr(holding, "SAY_SECONDS", 0.1)
    engine = connect_engine(database_url, "impatient")
    yield engine
    await engine.dispose()


async def test_silence_ends_a_transaction(impatient: AsyncEngine) -> None:
    with pytest.raises(Unavailable):
        async with durable_transaction(impatient) as connection:
            await pause(2.5)
            await connection.execute(text("SELECT 1"))


async def done_after(seconds: float) -> str:
    await pause(seconds)
    return "done"


async def test_other_work_does_not(impatient: AsyncEngine) -> None:
    async with durable_transaction(impatient) as connection:
        assert await while_open(connection, done_after(2.5)) == "done"


async def test_what_goes_wrong_meanwhile_is_raised_and_work_is_not_left_behind(impatient: AsyncEngine) -> None:
    async def fails() -> None:
        raise ValueError("no")

    async with impatient.connect() as connection:
        with pytest.raises(ValueError, match="no"):
            await while_open(connection, fails())
        working = asyncio.ensure_future(pause(60))
        waiting = asyncio.ensure_future(while_open(connection, working))
        await pause(0.3)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert working.cancelled()


async def test_a_step_that_decides_for_long_is_done_once(
    impatient: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    def slowly(*given: Any) -> Any:
        nonlocal calls
        calls += 1
        block(0.2)
        return decide(*given)

    monkeypatch.setattr(deciding, "decide", slowly)
    one_order = [message("PaymentReceived", "o-1", payment_id=f"p-{number}") for number in range(5)]
    taken = await Step(impatient, order_process()).handle(
        [*one_order, *(message("OrderPlaced", f"o-{n}") for n in range(5))]
    )
    assert (taken.taken, calls) == (10, 10)


async def test_a_follower_may_hand_on_slowly(impatient: AsyncEngine, engine: AsyncEngine) -> None:
    handed: list[int] = []

    async def slowly(connection: AsyncConnection, entries: Any) -> None:
        await while_open(connection, pause(2.5))
        handed.extend(entry.position for entry in entries)

    async def read_all(connection: Any, module: str, after: int, *, held: Any) -> Any:
        return await read(connection, module, after, held=held)

    await Step(engine, order_process()).handle([message("OrderPlaced", "o-1", payment_timeout_seconds=60.0)])
    followed = await Follower(impatient, "slow", read_all, slowly).follow_once()
    assert followed > 0
    assert handed
    assert await value(engine, "SELECT watermark FROM saga.cursor WHERE consumer = 'slow'") == followed
