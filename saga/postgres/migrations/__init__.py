"""Forward-only migrations: each runs once, under an advisory lock, in one transaction with its version row.

The problem: a migration needs exclusive locks, and later requests for a lock queue behind one that waits. So a
migration that waits for another client's forgotten transaction would stop all services, silently and for ever.
Therefore it waits for a lock for LOCK_SECONDS at most, rolls back, lets the others pass, and tries again after a
growing pause, until its time is up. It reports the sessions that are in the way.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_delay, wait_random_exponential

from saga.postgres.connection import connect_engine
from saga.postgres.errors import LostRace, unavailable_after
from saga.postgres.fitness import require_fit
from saga.postgres.migrations.obstacles import Obstacles
from saga.postgres.schema import SCHEMA
from saga.settings import SettingsError

VERSION_TABLE: Final = "schema_version"

WAIT_SECONDS: Final = 300.0
"""How long to try by default."""
LOCK_SECONDS: Final = 2
LONGEST_PAUSE_SECONDS: Final = 15.0

_LOCK_NOT_AVAILABLE: Final = ("55P03", "40P01")
"""lock_not_available, deadlock_detected."""

# No limit of a role, a database or a connection may interrupt a long migration. Not every version of PostgreSQL has all
# of these settings.
_LIMITS = text("""
SELECT set_config(name, CASE name WHEN 'lock_timeout' THEN :lock ELSE '0' END, true) FROM pg_settings
WHERE name IN ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
""")

_LOCK = text("SELECT pg_advisory_xact_lock(hashtext(:schema)), set_config('synchronous_commit', 'on', true)")
"""After a successful return a caller must find the schema, also after a crash: hence synchronous_commit."""

_HAS_VERSION = text("""
SELECT EXISTS (
    SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.relname = :table
)
""")
"""Not to_regclass: a session caches that a name was not found, also while it waits for the lock."""

_HAS_TABLES = text("SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace(:schema))")

Say = Callable[[str], None]


class SchemaUnusable(SettingsError):
    """A migration can't start from this schema; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """The result for one schema: its version before (None if there was none) and after."""

    schema: str
    before: str | None
    after: str
    newest: str
    """The newest version that this program knows."""

    @property
    def is_newer(self) -> bool:
        """Whether a newer program has migrated the schema, so that this one left it alone."""
        return self.after > self.newest

    def __str__(self) -> str:
        if self.is_newer:
            return (
                f"The schema {self.schema} is at {self.after}, newer than this program knows ({self.newest}):"
                " nothing to do."
            )
        if self.before == self.after:
            return f"The schema {self.schema} is at {self.after} already, the newest version: nothing to do."
        return f"The schema {self.schema} was brought from {self.before or 'nothing'} to {self.after}."


def migrate(
    database_url: str,
    folder: Path = Path(__file__).parent,
    schema: str = SCHEMA,
    *,
    wait_seconds: float = WAIT_SECONDS,
    say: Say | None = None,
    allow_unsafe: bool = False,
) -> Migrated:
    """Bring a schema to its newest version; any number of callers may do so at once.

    ``folder`` holds the migration scripts in ``versions/``; ``say`` is called with the reason for each wait. Raises
    Unavailable if the database can't be reached or written, NeedsPerson if it is not fit (see ``fitness``), LostRace if
    others were in the way for ``wait_seconds``, SchemaUnusable for a schema that no migration left. Not for use in a
    running event loop.
    """
    return asyncio.run(
        upgrade(database_url, folder, schema, wait_seconds=wait_seconds, say=say, allow_unsafe=allow_unsafe)
    )


async def upgrade(
    database_url: str,
    folder: Path = Path(__file__).parent,
    schema: str = SCHEMA,
    *,
    wait_seconds: float = WAIT_SECONDS,
    say: Say | None = None,
    allow_unsafe: bool = False,
    target: str = "head",
) -> Migrated:
    """The same inside an event loop; tests may stop at an older ``target``."""
    engine = connect_engine(database_url, "migrate", 2, command_timeout=None)
    obstacles = Obstacles(engine)

    def report(state: RetryCallState) -> None:
        if say is not None:
            waited = state.seconds_since_start or 0.0
            say(f"The schema {schema} is in use, {waited:.0f} s so far: {obstacles}. Trying again.")

    attempts = AsyncRetrying(
        retry=retry_if_exception(_was_in_the_way),
        wait=wait_random_exponential(multiplier=0.5, max=LONGEST_PAUSE_SECONDS),
        stop=stop_after_delay(wait_seconds),
        before_sleep=report,
        reraise=True,
    )
    try:
        with unavailable_after(engine):
            async with engine.connect() as connection:
                await require_fit(connection, allow_unsafe=allow_unsafe)
        return await attempts(_attempt, engine, _scripts(folder), schema, target, obstacles)
    except LostRace as error:
        if not _was_in_the_way(error):
            raise
        raise LostRace(
            f"The schema {schema} was not migrated, others were in the way for {wait_seconds:g} s: {obstacles}. Nothing"
            " was changed. End what is in the way, then try again."
        ) from error
    finally:
        await engine.dispose()


def _was_in_the_way(error: BaseException) -> bool:
    cause = error.__cause__
    return isinstance(cause, DBAPIError) and getattr(cause.orig, "sqlstate", None) in _LOCK_NOT_AVAILABLE


async def _attempt(
    engine: AsyncEngine, scripts: ScriptDirectory, schema: str, target: str, obstacles: Obstacles
) -> Migrated:
    """Everything in one transaction, or nothing."""
    newest = _newest(scripts, target)
    with unavailable_after(engine):
        async with engine.begin() as connection:
            await connection.execute(_LIMITS, {"lock": f"{LOCK_SECONDS}s"})
            before = await _read_version(connection, schema)
            if _is_behind(scripts, schema, before, newest):
                async with obstacles.watched(connection):
                    await connection.execute(_LOCK, {"schema": schema})
                    # The previous holder of the lock may have migrated the schema.
                    before = await _read_version(connection, schema)
                    if _is_behind(scripts, schema, before, newest):
                        if before is None:
                            await _create_schema(connection, schema)
                        await connection.run_sync(_upgrade, scripts, schema, target)
    return Migrated(schema, before, max(before or newest, newest), newest)


def _scripts(folder: Path) -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return ScriptDirectory.from_config(config)


def _newest(scripts: ScriptDirectory, target: str) -> str:
    script = scripts.get_revision(target)
    assert script is not None, "there is no migration"
    return script.revision


async def _read_version(connection: AsyncConnection, schema: str) -> str | None:
    """The version that the last migration left; None before the first migration. Raises SchemaUnusable otherwise."""
    table = f'"{schema}".{VERSION_TABLE}'
    if not (await connection.execute(_HAS_VERSION, {"schema": schema, "table": VERSION_TABLE})).scalar_one():
        return None
    versions = list((await connection.execute(text(f"SELECT version_num FROM {table}"))).scalars())  # noqa: S608
    if len(versions) == 1:
        return str(versions[0])
    raise SchemaUnusable(
        f"The table {schema}.{VERSION_TABLE} has {len(versions) or 'no'} rows in place of one, so the version of the"
        " schema is unknown: write it into the table, or restore a backup."
    )


def _is_behind(scripts: ScriptDirectory, schema: str, version: str | None, newest: str) -> bool:
    """Whether there is anything to do. Raises SchemaUnusable for a version that no version of this program left."""
    known = {script.revision for script in scripts.walk_revisions()}
    if version is None or version in known:
        return version is None or version < newest
    if re.fullmatch(r"\d{4}", version) and version > newest:
        return False
    raise SchemaUnusable(
        f"The table {schema}.{VERSION_TABLE} names a version that never was: write the version of the schema into it,"
        " or restore a backup."
    )


async def _create_schema(connection: AsyncConnection, schema: str) -> None:
    """Create the schema if it is missing: its owner may lack the right to create others. Raises SchemaUnusable."""
    name = {"schema": f'"{schema}"'}
    if not (await connection.execute(text("SELECT to_regnamespace(:schema) IS NOT NULL"), name)).scalar_one():
        await connection.execute(text(f'CREATE SCHEMA "{schema}"'))
    elif (await connection.execute(_HAS_TABLES, name)).scalar_one():
        raise SchemaUnusable(
            f"The schema {schema} has tables and no {VERSION_TABLE}, so its version is unknown: restore a backup, or,"
            " if the tables belong to another application, use another database."
        )


def _upgrade(connection: Connection, scripts: ScriptDirectory, schema: str, target: str) -> None:
    def steps(revision: Any, _context: Any) -> Any:
        return scripts._upgrade_revs(target, revision)  # noqa: SLF001 -- the way that Alembic documents

    with EnvironmentContext(Config(), scripts, fn=steps) as environment:
        environment.configure(connection=connection, version_table=VERSION_TABLE, version_table_schema=schema)
        environment.run_migrations()
