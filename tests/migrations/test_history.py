"""From every revision to the newest, with data and while programs of the old revision work: nothing is lost."""

import asyncio

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from saga.postgres import connect_engine
from saga.postgres.migrations import VERSION_TABLE, upgrade
from saga.postgres.schema import SCHEMA, metadata
from tests.migrations.history import FOLDERS, NEW_LOG, Program, Rows, older, revisions

WRITERS = 2
ROWS = 50
SECONDS = 100


@pytest.mark.parametrize(("schema", "revision"), list(older()))
async def test_data_outlives_every_migration_and_old_programs_go_on(schema: str, revision: str, empty_url: str) -> None:
    program, folder = Program(schema, revision), FOLDERS[schema]
    await upgrade(empty_url, folder, schema, target=revision)
    await program.write(empty_url, ROWS)
    before, stop = await Rows.seen(empty_url, schema), asyncio.Event()
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
        writers = [group.create_task(program.work(empty_url, stop)) for _ in range(WRITERS)]
        group.create_task(program.read(empty_url, stop))
        done = await upgrade(empty_url, folder, schema)
        stop.set()
    assert (done.before, done.after) == (revision, revisions(schema)[-1])
    assert await before.lost(empty_url) == {}
    if (schema, revision) == NEW_LOG:
        with pytest.raises(asyncpg.CheckViolationError):
            await program.write(empty_url, 1)
    else:
        assert sum(writer.result() for writer in writers) > 0
        await program.write(empty_url, 1)
    await Program(schema, done.after).write(empty_url, 1)
    if schema == SCHEMA:
        assert await _differences(empty_url) == []


async def _differences(url: str) -> list[object]:
    """Between the schema that is there and the declared one."""

    def compared(connection: Connection) -> list[object]:
        options = {
            "version_table": VERSION_TABLE,
            "version_table_schema": SCHEMA,
            "include_schemas": True,
            "include_name": lambda name, kind, _: kind != "schema" or name == SCHEMA,
            "compare_type": True,
            "compare_server_default": True,
        }
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    engine = connect_engine(url, "test", 1)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(compared)
    finally:
        await engine.dispose()
