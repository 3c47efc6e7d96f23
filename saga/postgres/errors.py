"""What can go wrong with the database, by what to do about it: see ``sqlstates`` for which error leads to what.

Conflict: run the step again. Unavailable: back off, then run it again. Anything else is a bug and is left as it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from saga.postgres.sqlstates import Remedy, classified

ATTEMPTS = 5

_UNIQUE_VIOLATION = "23505"
_OUTDATED = ("InvalidCachedStatementError", "OutdatedSchemaCacheError")
"""A migration changed what a cached plan gives; the driver has thrown its caches away and prepares anew."""


class LostRace(Exception):
    """Another transaction was in the way; the same work, done again, will succeed."""


class Duplicate(LostRace):
    """A key is there already. If it still is when the work is done again, it was no race."""


class Unavailable(Exception):
    """A server can't be reached or can't work now; back off and do the same work again.

    ``server`` says which one, as far as that is known: database or broker, host and port.
    """

    def __init__(self, reason: str, server: str | None = None) -> None:
        super().__init__(reason)
        self.server = server


class NeedsPerson(Unavailable):
    """It can't work until somebody changes something; the message says what, after the name of the server."""

    @property
    def sentence(self) -> str:
        """What is wrong and what to do, as people are told."""
        return f"The {self.server or 'database'} {self}."


class Refused(Unavailable):
    """PostgreSQL won't store or read a row because of what the row is.

    The message is fit for logs; ``detail`` may quote the row. Who works on single messages parks this one; for
    everybody else it is as if the database were away.
    """

    def __init__(self, reason: str, server: str | None = None, *, detail: str = "") -> None:
        super().__init__(reason, server)
        self.detail = detail


def again_after_lost_races() -> AsyncRetrying:
    """Does the same work again after a Conflict, a few times; then it is raised. Of use where nobody calls again."""
    return AsyncRetrying(
        retry=retry_if_exception_type(LostRace),
        wait=wait_random_exponential(multiplier=0.05, max=1),
        stop=stop_after_attempt(ATTEMPTS),
        reraise=True,
    )


def place_of(engine: AsyncEngine) -> str:
    """The database as people may see it: without a user and a password."""
    url = engine.url
    return f"database {url.host or 'localhost'}:{url.port or 5432}/{url.database or ''}"


def server_of(error: BaseException | None) -> str | None:
    """Which server an error is about, as far as that is known."""
    return error.server if isinstance(error, Unavailable) else None


@contextmanager
def unavailable_after(engine: AsyncEngine | None = None) -> Iterator[None]:
    """Turn the driver's errors into Conflict or Unavailable where they mean that; ``engine`` says whose they are."""
    server = None if engine is None else place_of(engine)
    try:
        yield
    except (TimeoutError, OSError, PoolTimeoutError) as error:
        raise Unavailable(str(error) or type(error).__name__, server) from error
    except DBAPIError as error:
        if (meant := _meant(error, server)) is not None:
            raise meant from error
        raise


def _meant(error: DBAPIError, server: str | None) -> LostRace | Unavailable | None:
    """What an error of the driver means; None if it is a bug."""
    said = str(error.orig)
    if type(error.orig.__cause__ if error.orig else None).__name__ in _OUTDATED:
        return LostRace(said)
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if not state:
        without_answer = error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
        return Unavailable(said, server) if without_answer else None
    remedy, means = classified(state)
    match remedy:
        case Remedy.WAIT:
            return Unavailable(said, server)
        case Remedy.AGAIN:
            return Duplicate(said) if state == _UNIQUE_VIOLATION else LostRace(said)
        case Remedy.PERSON:
            return NeedsPerson(f"{means} ({_first_line(said)}, SQLSTATE {state})", server)
        case Remedy.PARK:
            return Refused(f"PostgreSQL refused it, SQLSTATE {state}: {means}", server, detail=_first_line(said))
        case Remedy.BUG:
            return Unavailable(said, server) if error.connection_invalidated else None


def _first_line(said: str) -> str:
    return said.partition("\n")[0].rstrip(".")
