"""Forward-only migrations: each runs once, under an advisory lock, in one transaction with its version row."""

import asyncio
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from saga.postgres.connection import connect_engine
from saga.postgres.errors import unavailable_after
from saga.postgres.schema import SCHEMA

VERSION_TABLE = "schema_version"


def migrate(database_url: str, folder: Path = Path(__file__).parent, schema: str = SCHEMA) -> None:
    """Bring a schema to its newest version; any number of callers at once are fine.

    ``folder`` holds the migration scripts in ``versions/``. Raises Unavailable if the database can't be reached. Not
    for use inside a running event loop.
    """
    asyncio.run(_migrate(database_url, folder, schema))


async def _migrate(database_url: str, folder: Path, schema: str) -> None:
    engine = connect_engine(database_url, "migrate", 1, command_timeout=None)
    try:
        with unavailable_after():
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
