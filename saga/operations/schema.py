"""The version of the database's schema, and the version that this program needs."""

import re
from importlib.resources import files

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.postgres import LostRace, Statements, Unavailable, reading

READ_VERSION = Statements(__package__)["read_version"]

_log = structlog.get_logger()


async def read_version(connection: AsyncConnection) -> str | None:
    """The version of the schema; None if the database records none, or several."""
    versions = list((await connection.execute(READ_VERSION)).scalars())
    return versions[0] if len(versions) == 1 else None


def newest_version() -> str:
    """The version that `saga migrate` leads to: migration files are named <version>_<what>.py."""
    names = (file.name for file in (files("saga.postgres.migrations") / "versions").iterdir())
    return max(name.partition("_")[0] for name in names if name[:1].isdigit())


def is_newer(version: str | None) -> bool:
    """Whether a newer program has migrated the database. This program goes on: all that it needs is still there."""
    return version is not None and re.fullmatch(r"\d{4}", version) is not None and version > newest_version()


async def say_if_newer(engine: AsyncEngine) -> None:
    """Log a warning if the schema is newer than this program. A database that can't be asked is reported by others."""
    try:
        async with reading(engine) as connection:
            version = await read_version(connection)
    except (Unavailable, LostRace, SQLAlchemyError):
        return
    if is_newer(version):
        _log.warning("newer_schema", schema="saga", version=version, known=newest_version())
