"""Every schema's revisions, a database at any of them, and what a program of that time does there."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg

import saga.postgres.migrations
import saga_gateway_stub.migrations

SQL = Path(__file__).parent / "sql"
NUMBERS = count(1)

FOLDERS = {
    "saga": Path(saga.postgres.migrations.__file__).parent,
    "gateway": Path(saga_gateway_stub.migrations.__file__).parent / "gateway",
    "fulfilment": Path(saga_gateway_stub.migrations.__file__).parent / "fulfilment",
}

NEW_LOG = ("saga", "0001")
"""Before the first release a migration changed what an append must say: old programs had to stop for it."""

COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = $1 AND table_name IN (
    SELECT table_name FROM information_schema.tables WHERE table_schema = $1 AND table_type = 'BASE TABLE'
) AND table_name <> 'schema_version'
ORDER BY table_name, column_name
"""


def revisions(schema: str) -> list[str]:
    """From the oldest to the newest; the files are named <revision>_<what>.py."""
    names = (file.name for file in (FOLDERS[schema] / "versions").iterdir())
    return sorted(name.partition("_")[0] for name in names if name[:1].isdigit())


def older() -> Iterator[tuple[str, str]]:
    """Every revision from which somebody may come."""
    for schema in FOLDERS:
        yield from ((schema, revision) for revision in revisions(schema))


@dataclass(frozen=True)
class Program:
    """What a program of a revision writes and reads."""

    schema: str
    revision: str

    def script(self, module: str) -> str:
        """One transaction's statements, with a number that no other has."""
        files = (SQL / self.schema / f"{one}.sql" for one in reversed(revisions(self.schema)) if one <= self.revision)
        script = next(file for file in files if file.exists()).read_text()
        return script.replace("{n}", str(next(NUMBERS))).replace("{m}", module)

    async def write(self, url: str, times: int) -> None:
        """What is there before, of a module that then rests."""
        connection = await asyncpg.connect(url)
        try:
            for _ in range(times):
                await connection.execute(self.script("orders"))
        finally:
            await connection.close()

    async def work(self, url: str, stop: asyncio.Event) -> int:
        """Write until the stop, through lost races, and once at least; how often that succeeded."""
        connection, written = await asyncpg.connect(url, server_settings={"lock_timeout": "5s"}), 0
        try:
            while not written or not stop.is_set():
                try:
                    await connection.execute(self.script("payments"))
                    written += 1
                except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
                    continue
                except asyncpg.CheckViolationError:
                    if (self.schema, self.revision) != NEW_LOG:
                        raise
                    return written
        finally:
            await connection.close()
        return written

    async def read(self, url: str, stop: asyncio.Event) -> None:
        """Look at every table until the stop."""
        connection = await asyncpg.connect(url, server_settings={"lock_timeout": "5s"})
        try:
            while not stop.is_set():
                try:
                    for table in await _columns(connection, self.schema):
                        await connection.fetchval(f'SELECT count(*) FROM {self.schema}."{table}"')
                except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
                    continue
        finally:
            await connection.close()


async def _columns(connection: Any, schema: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table, column in await connection.fetch(COLUMNS, schema):
        found.setdefault(table, []).append(column)
    return found


@dataclass(frozen=True)
class Rows:
    """The rows of each table, in the columns that it had when they were first looked at."""

    schema: str
    columns: dict[str, list[str]]
    rows: dict[str, set[str]]

    @classmethod
    async def seen(cls, url: str, schema: str, columns: dict[str, list[str]] | None = None) -> "Rows":
        connection = await asyncpg.connect(url)
        try:
            columns = columns or await _columns(connection, schema)
            rows = {}
            for table, names in columns.items():
                listed = ", ".join(f'"{name}"' for name in names)
                found = await connection.fetch(f'SELECT row({listed})::text AS row FROM {schema}."{table}"')
                rows[table] = {one["row"] for one in found}
            return cls(schema, columns, rows)
        finally:
            await connection.close()

    async def lost(self, url: str) -> dict[str, set[str]]:
        """What is not there as it was, by table."""
        now = await Rows.seen(url, self.schema, self.columns)
        return {table: gone for table, rows in self.rows.items() if (gone := rows - now.rows[table])}
