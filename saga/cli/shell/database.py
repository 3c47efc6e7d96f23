"""An engine for a command, and errors of the database as sentences that commands print."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.addresses import DatabaseAddress
from saga.cli.shell.addresses import database_url
from saga.cli.shell.failure import CommandFailed, WrongUsage
from saga.postgres import LostRace, NeedsPerson, Refused, Unavailable, connect_engine, unavailable_after
from saga.settings import Settings

Done = TypeVar("Done")


def operate(settings: Settings, work: Callable[[AsyncEngine], Awaitable[Done]]) -> Done:
    """Do one thing with the database. Raises CommandFailed as ``database`` does."""

    async def done() -> Done:
        async with database(settings) as engine:
            return await work(engine)

    return asyncio.run(done())


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """An engine for one command. Raises CommandFailed if the database can't be reached or used.

    Raises WrongUsage instead where a person has to change something first.
    """
    url = database_url(settings)
    engine = connect_engine(url, "cli", pool_size=2)
    try:
        with database_errors(url), unavailable_after():
            yield engine
    finally:
        await engine.dispose()


@contextmanager
def database_errors(url: str) -> Iterator[None]:
    """Turn what can be wrong with the database at this URL into CommandFailed, or WrongUsage."""
    place = f"The database at {DatabaseAddress.parse(url)}"
    try:
        yield
    except NeedsPerson as error:
        raise WrongUsage(f"{place} {error}.") from error
    except Refused as error:
        raise CommandFailed(f"{place} can't be read or written: {error} ({error.detail}).") from error
    except Unavailable as error:
        if isinstance(error.__cause__, OSError):
            what = f"can't be reached ({_first_line(error)}): start it, or correct SAGA_DATABASE_URL"
        else:
            what = f"can't be used now ({_first_line(error)}): try again"
        raise CommandFailed(f"{place} {what}.") from error
    except LostRace as error:
        raise CommandFailed(f"{place} was busy with the same rows ({_first_line(error)}): try again.") from error
    except DBAPIError as error:
        raise CommandFailed(f"{place} refused: {_first_line(error.orig or error)}.") from error
    except SQLAlchemyError as error:
        raise CommandFailed(f"{place} can't be used: {_first_line(error)}.") from error


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
