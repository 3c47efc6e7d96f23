"""Whether a service can work with the database: it answers, is fit, can be written, and has the tables."""

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.operations.schema import is_newer, newest_version, read_version
from saga.postgres import NeedsPerson, reading
from saga.postgres.errors import place_of
from saga.postgres.fitness import require_fit


async def look_at_database(engine: AsyncEngine, *, allow_unsafe: bool) -> None:
    """Check the database. Raises Unavailable if it can't be used now, NeedsPerson if a person has to act."""
    async with reading(engine) as connection:
        await require_fit(connection, allow_unsafe=allow_unsafe)
        await require_migrated(connection)


async def require_migrated(connection: AsyncConnection) -> None:
    """Raise NeedsPerson if the tables are not there, or older than this program."""
    version, newest = await read_version(connection), newest_version()
    if version != newest and not is_newer(version):
        problem = f"has schema {version}, this version needs {newest}: run `saga migrate`"
        raise NeedsPerson(problem, place_of(connection.engine))
