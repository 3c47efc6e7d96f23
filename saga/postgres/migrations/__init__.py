"""Forward-only migrations: each runs once, under an advisory lock, in one transaction with its version row."""

import asyncio
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from saga.postgres.connection import async_url
from saga.postgres.errors import unavailable_after
from saga.postgres.fitness import require_fit
from saga.postgres.schema import SCHEMA

VERSION_TABLE = "schema_version"


def migrate(
    database_url: str, folder: Path = Path(__file__).parent, schema: str = SCHEMA, *, allow_unsafe: bool = False
) -> None:
    """Bring a schema to its newest version; any number of callers at once are fine.

    ``folder`` holds the migration scripts in ``versions/``. Raises Unavailable if the database can't be reached or
    written, NeedsPerson if it is not fit (see ``fitness``). Not for use inside a running event loop.
    """
    asyncio.run(_migrate(database_url, folder, schema, allow_unsafe=allow_unsafe))


async def _migrate(database_url: str, folder: Path, schema: str, *, allow_unsafe: bool) -> None:
    engine = create_async_engine(async_url(database_url))
    try:
        with unavailable_after(engine):
            async with engine.connect() as connection:
                await require_fit(connection, allow_unsafe=allow_unsafe)
            async with engine.begin() as connection:
                await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:schema))"), {"schema": schema})
                await connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
                await connection.run_sync(_upgrade, folder, schema)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, folder: Path, schema: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(folder))
    scripts = ScriptDirectory.from_config(config)

    def steps(revision: Any, _context: Any) -> Any:
        return scripts._upgrade_revs("head", revision)  # noqa: SLF001 -- the way that Alembic documents

    with EnvironmentContext(config, scripts, fn=steps) as environment:
        environment.configure(connection=connection, version_table=VERSION_TABLE, version_table_schema=schema)
        environment.run_migrations()
