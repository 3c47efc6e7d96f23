"""Tables grow under open connections, while the planner's statistics are still those of the first day."""

from collections.abc import Mapping

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.plans.arguments import arguments
from tests.plans.claims import Written
from tests.plans.conftest import Young
from tests.plans.filling import empty, fill

pytestmark = pytest.mark.timeout(400)

GROWN = 100_000
TIMES = 8
"""After five executions PostgreSQL may use one plan for all arguments, unless a setting forbids it."""

GROWING = ("event_log", "inbox", "instance", "timer")
"""By then thousands of pages; what has only hundreds may be read as a whole by right."""

HOT = ("engine", "feeds", "modules", "saga_scheduler")


async def test_a_connection_of_the_first_day_scans_no_table_that_has_grown_since(
    young: Young, statements: Mapping[str, Written]
) -> None:
    hot = {name: statements[name] for name in arguments(GROWN) if name.startswith(HOT)}
    async with young.engine.connect() as connection:
        for _ in range(TIMES):
            for statement in hot.values():
                await _scans(connection, statement)
        await empty(young.url)
        await fill(young.url, GROWN)
        scans = {name: await _scans(connection, statement) for name, statement in hot.items()}
    assert {name: tables for name, tables in scans.items() if tables} == {}


async def test_no_plan_is_kept_for_later(young: Young, statements: Mapping[str, Written]) -> None:
    async with young.engine.connect() as connection:
        for _ in range(TIMES):
            await _scans(connection, statements["engine/lock_instances"])
        prepared = await connection.execute(
            text(
                "SELECT generic_plans, custom_plans FROM pg_prepared_statements"
                " WHERE statement LIKE '-- Locks and loads instances%'"
            )
        )
        assert [tuple(row) for row in prepared] == [(0, TIMES * len(arguments(GROWN)["engine/lock_instances"]))]


async def _scans(connection: AsyncConnection, statement: Written) -> set[str]:
    """The big tables that a statement reads from end to end, carried out as a service does and taken back."""
    scanned: set[str] = set()
    for given in arguments(GROWN)[statement.name].values():
        before = await _counted(connection)
        await connection.execute(statement.executable, given)
        after = await _counted(connection)
        scanned |= {table for table in after if after[table] > before.get(table, 0)}
        await connection.rollback()
    return scanned


async def _counted(connection: AsyncConnection) -> dict[str, int]:
    counts = await connection.execute(
        text("SELECT relname, seq_scan FROM pg_stat_xact_user_tables WHERE relname = ANY (:tables)"),
        {"tables": list(GROWING)},
    )
    return {row.relname: row.seq_scan for row in counts}
