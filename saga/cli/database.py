"""The database as commands meet it: one reading transaction, and sentences for what can be wrong with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.addresses import DatabaseAddress
from saga.cli.addresses import database_url
from saga.cli.failure import CommandFailed
from saga.postgres import Conflict, Unavailable, connect_engine, unavailable_after
from saga.settings import Settings

_NO_SCHEMA = ("3F000", "42P01", "42703")
"""invalid_schema_name, undefined_table, undefined_column."""


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """An engine for one command. Raises CommandFailed if the database can't be reached or used."""
    url = database_url(settings)
    engine = connect_engine(url, "cli", pool_size=2)
    place = f"The database at {DatabaseAddress.parse(url)}"
    try:
        with unavailable_after():
            yield engine
    except Unavailable as error:
        raise CommandFailed(
            f"{place} can't be reached ({_first_line(error)}): start it, or correct SAGA_DATABASE_URL."
        ) from error
    except Conflict as error:
        raise CommandFailed(f"{place} was busy with the same rows ({_first_line(error)}): try again.") from error
    except DBAPIError as error:
        if str(getattr(error.orig, "sqlstate", "")) in _NO_SCHEMA:
            raise CommandFailed(f"{place} does not have the tables of this version: run `saga migrate`.") from error
        raise CommandFailed(f"{place} refused: {_first_line(error.orig or error)}.") from error
    except SQLAlchemyError as error:
        raise CommandFailed(f"{place} can't be used: {_first_line(error)}.") from error
    finally:
        await engine.dispose()


@asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[AsyncConnection]:
    """A read-only transaction that sees one moment. Raises CommandFailed as ``database`` does."""
    async with database(settings) as engine, engine.connect() as connection:
        yield await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
