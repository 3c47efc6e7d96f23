"""Before anybody has looked at a table the planner guesses: what a batch runs reads its own rows all the same."""

from collections.abc import AsyncIterator, Mapping

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from saga.devstack.stack import Addresses
from saga.postgres import connect_engine
from tests.conftest import fresh_database
from tests.plans.arguments import arguments
from tests.plans.claims import Written
from tests.plans.explained import Node, explain
from tests.plans.filling import BIG_TABLES, fill
from tests.plans.test_growth import GROWING
from tests.plans.values import BATCH

pytestmark = pytest.mark.timeout(400)

FILLED = 50_000
HOT = (
    "engine/insert_inbox",
    "engine/count_repeated_positions",
    "engine/count_repeated_messages",
    "engine/insert_missing_instances",
    "engine/lock_instances",
    "engine/update_instances",
    "engine/arm_timers",
    "modules/insert_events",
    "saga_scheduler/claim_due",
)


@pytest.fixture(scope="module")
async def unknown(addresses: Addresses, template: str) -> AsyncIterator[AsyncConnection]:
    """A connection to a database that was filled just now."""
    async with fresh_database(addresses, template) as url:
        engine = connect_engine(url, "test")
        async with engine.begin() as connection:
            for table in BIG_TABLES:
                await connection.execute(text(f"ALTER TABLE saga.{table} SET (autovacuum_enabled = false)"))
        await fill(url, FILLED)
        async with engine.connect() as connection:
            yield connection
        await engine.dispose()


@pytest.mark.parametrize("name", HOT)
async def test_a_statement_of_a_batch_reads_no_more_than_the_rows_of_the_batch(
    unknown: AsyncConnection, statements: Mapping[str, Written], name: str
) -> None:
    for case, given in arguments(FILLED)[name].items():
        plan = await explain(unknown, statements[name].executable, given)
        await unknown.rollback()
        read = {node["Relation Name"]: _read(node) for node in plan.nodes if node.get("Relation Name") in GROWING}
        assert {table: rows for table, rows in read.items() if rows > 2 * BATCH} == {}, case


async def test_a_sweep_looks_at_no_timer_that_is_not_due(
    unknown: AsyncConnection, statements: Mapping[str, Written]
) -> None:
    """Armed are thousands; the clock has to be part of what the index is asked."""
    plan = await explain(unknown, statements["saga_scheduler/claim_due"].executable, {"limit": BATCH})
    await unknown.rollback()
    assert "due_at" in plan.conditions("timer_due_idx")


def _read(node: Node) -> float:
    """The rows that a step of a plan looked at, also those that it then left out."""
    looked_at: float = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return looked_at * float(node["Actual Loops"])
