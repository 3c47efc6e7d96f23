"""Which version the database's schema has, and which one this program brings along."""

from importlib.resources import files

from sqlalchemy.ext.asyncio import AsyncConnection

from saga.postgres import Statements

READ_VERSION = Statements(__package__)["read_version"]


async def read_version(connection: AsyncConnection) -> str | None:
    """The version of the schema; None in the moment before its first migration has written one."""
    version: str | None = (await connection.execute(READ_VERSION)).scalar_one_or_none()
    return version


def newest_version() -> str:
    """The version that `saga migrate` leads to: migration files are named <version>_<what>.py."""
    names = (file.name for file in (files("saga.postgres.migrations") / "versions").iterdir())
    return max(name.partition("_")[0] for name in names if name[:1].isdigit())
