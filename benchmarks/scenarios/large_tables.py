"""Draining into tables that hold years of orders, compared with empty ones."""

from collections import defaultdict

import asyncpg

from benchmarks.draining import drain_filled
from benchmarks.figures import Measured, Series
from benchmarks.messages import Ids, Kind, inputs
from benchmarks.place import Place
from benchmarks.programs import WORKER
from benchmarks.sizes import Sizes
from saga.postgres import Statements, schema

EMPTY, LARGE = "whole worker x1, empty tables", "whole worker x1, large tables"
EMPTY_BY_TIME, LARGE_BY_TIME = f"{EMPTY}, {Ids.BY_TIME.value}", f"{LARGE}, {Ids.BY_TIME.value}"
INBOX_ROWS_EACH = 4

GROWN_PERCENT = 60
"""How full a page of instances is once its rows have reached their final size."""

_SQL = Statements(__package__)
_FILLED = ("instance", "inbox")


async def measure(place: Place, sizes: Sizes) -> Measured:
    """Messages per second in both, alternating; each grows by what is drained into it."""
    rates: defaultdict[str, list[float]] = defaultdict(list)
    async with place.fresh() as empty, place.fresh() as large:
        await fill(large, sizes.instances)
        for _ in range(sizes.rounds):
            for name, here, ids in (
                (EMPTY, empty, Ids.RANDOM),
                (LARGE, large, Ids.RANDOM),
                (EMPTY_BY_TIME, empty, Ids.BY_TIME),
                (LARGE_BY_TIME, large, Ids.BY_TIME),
            ):
                await here.empty_queues()
                outgoing = inputs(Kind.NEW, sizes.drained, ids)
                await here.fill(outgoing)
                rates[name].append((await drain_filled(here, WORKER, 1, len(outgoing))).taken)
        gigabytes = await large.number("SELECT pg_database_size(current_database()) / 1e9")
    against = {LARGE: EMPTY, LARGE_BY_TIME: EMPTY_BY_TIME}
    series = [Series(name, "messages/s", tuple(taken), against.get(name)) for name, taken in rates.items()]
    inbox_rows = sizes.instances * INBOX_ROWS_EACH
    note = f"{sizes.instances:,} instances and {inbox_rows:,} inbox rows, {gigabytes:.1f} GB, under random ids."
    return Measured("Large tables", tuple(series), (note,))


async def fill(place: Place, instances: int) -> None:
    """Insert settled instances, with four inbox rows for each; create the indexes afterwards, which is faster."""
    async with place.plainly() as connection:
        later = [one for table in _FILLED for one in await _take_indexes_off(connection, table)]
        await connection.execute("SET maintenance_work_mem = '512MB'")
        await connection.execute(f"ALTER TABLE saga.instance SET (fillfactor = {GROWN_PERCENT})")
        await connection.execute(_SQL["fill_instances"].text, instances)
        await connection.execute(f"ALTER TABLE saga.instance SET (fillfactor = {schema.INSTANCE_FILLFACTOR})")
        await connection.execute(_SQL["fill_inbox"].text, instances * INBOX_ROWS_EACH)
        for statement in later:
            await connection.execute(statement)
        await connection.execute("VACUUM ANALYZE saga.instance, saga.inbox")
        await connection.execute("CHECKPOINT")


async def _take_indexes_off(connection: "asyncpg.Connection[asyncpg.Record]", table: str) -> list[str]:
    """Drop all indexes of a table, and return the statements that create them again."""
    found = await connection.fetch(
        """
        SELECT i.indexrelid::regclass::text AS index, pg_get_indexdef(i.indexrelid) AS definition,
            c.conname AS constraint, pg_get_constraintdef(c.oid) AS constraint_definition
        FROM pg_index AS i LEFT JOIN pg_constraint AS c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid
        WHERE i.indrelid = CAST($1 AS text)::regclass
        """,
        f"saga.{table}",
    )
    again = []
    for row in found:
        if row["constraint"] is None:
            await connection.execute(f"DROP INDEX {row['index']}")
            again.append(row["definition"])
        else:
            named = f'"{row["constraint"]}"'
            await connection.execute(f"ALTER TABLE saga.{table} DROP CONSTRAINT {named}")
            again.append(f"ALTER TABLE saga.{table} ADD CONSTRAINT {named} {row['constraint_definition']}")
    return again
