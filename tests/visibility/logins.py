"""Logins of a test: each in the groups it is given, with a password that nobody keeps."""

import secrets
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.postgres import connect_engine

ROLES = Path(__file__).parents[2] / "deploy/postgres/roles.sql"


async def run_script(database_url: str, *before: str) -> None:
    """Run the roles script as whoever the address names, after these statements."""
    connection = await asyncpg.connect(database_url)
    try:
        for statement in (*before, ROLES.read_text()):
            await connection.execute(statement)
    finally:
        await connection.close()


class Logins:
    """Makes logins for one database; all are gone after ``remove``."""

    def __init__(self, owner_url: str) -> None:
        self._owner_url = owner_url
        self._made: list[str] = []
        self._engines: list[AsyncEngine] = []

    async def url(self, *groups: str) -> str:
        """The database's address for a new login in these groups."""
        name, password = f"login_{secrets.token_hex(6)}", secrets.token_hex(12)
        quoted = ", ".join(f'"{group}"' for group in groups)
        await self._as_owner(
            f"CREATE ROLE {name} LOGIN PASSWORD '{password}'" + (f" IN ROLE {quoted}" if groups else "")
        )
        self._made.append(name)
        return make_url(self._owner_url).set(username=name, password=password).render_as_string(hide_password=False)

    async def engine(self, *groups: str) -> AsyncEngine:
        """A pool of a new login in these groups."""
        engine = connect_engine(await self.url(*groups), "test", pool_size=5)
        self._engines.append(engine)
        return engine

    async def may_create_schemas(self, url: str) -> None:
        """Let this login keep tables of its own, in schemas of its own."""
        of = make_url(url)
        await self._as_owner(f"GRANT CREATE ON DATABASE {of.database} TO {of.username}")

    async def remove(self) -> None:
        engines, self._engines = self._engines, []
        made, self._made = self._made, []
        for engine in engines:
            await engine.dispose()
        for name in made:
            await self._as_owner(f"DROP OWNED BY {name} CASCADE")
            await self._as_owner(f"DROP ROLE {name}")

    async def _as_owner(self, statement: str) -> None:
        connection = await asyncpg.connect(self._owner_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
