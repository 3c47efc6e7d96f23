"""The demo's reconciliation counts announcements against instances."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.devstack.demo.reconciliation import reconcile
from saga.engine import Step
from saga.orders import order_process
from tests.engine.conversation import message

LINE = "orders whose last announcement is not their outcome"


@pytest.fixture
async def announced(engine: AsyncEngine) -> AsyncEngine:
    """An order that expired and was paid, one that was cancelled, and one that never changed."""
    step = Step(engine, order_process())
    for kind, order_id in (
        ("PaymentTimedOut", "o-1"),
        ("PaymentReceived", "o-1"),
        ("OrderCancelled", "o-2"),
        ("OrderPlaced", "o-3"),
    ):
        await step.handle([message(kind, order_id)])
    return engine


async def count(engine: AsyncEngine) -> int:
    (found,) = [one for one in await reconcile(engine) if one.what == LINE]
    assert found.fault == "diverged"
    return found.count


async def test_what_was_announced_of_each_order_is_its_outcome(announced: AsyncEngine) -> None:
    assert await count(announced) == 0


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM saga.event_log WHERE type = 'OrderPaid'",
        "DELETE FROM saga.event_log WHERE type = 'OrderExpired'",
        "DELETE FROM saga.event_log WHERE type = 'OrderWithdrawn'",
        "DELETE FROM saga.instance WHERE process_id = 'o-2'",
        "UPDATE saga.instance SET outcome = 'paid' WHERE process_id = 'o-3'",
        "UPDATE saga.event_log SET data = data || '{\"outcome\": \"expired\"}' WHERE type = 'OrderPaid'",
        "UPDATE saga.event_log SET data = data || '{\"revision\": 1}' WHERE type = 'OrderPaid'",
        "UPDATE saga.event_log SET data = data || '{\"revision\": 2}' WHERE type = 'OrderWithdrawn'",
    ],
)
async def test_an_order_of_which_something_else_was_announced_is_counted(announced: AsyncEngine, change: str) -> None:
    async with announced.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        assert (await connection.execute(text(change))).rowcount == 1
    assert await count(announced) == 1
