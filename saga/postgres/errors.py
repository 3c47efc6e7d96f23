"""Database errors, classified by their remedy; ``sqlstates`` maps each error to one.

LostRace: run the step again. Unavailable: back off, then run it again. Anything else is a bug and passes unchanged.
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
"""A migration changed the result of a cached plan; the driver has dropped its caches and prepares again."""


class LostRace(Exception):
    """Another transaction was in the way; the same work will succeed when it is done again."""


class Duplicate(LostRace):
    """A key exists already. If it still exists when the work is done again, it was no race."""


class Unavailable(Exception):
    """A server can't be reached or can't work now; back off and do the same work again.

    ``server`` names it, if it is known: database or broker, host and port.
    """

    def __init__(self, reason: str, server: str | None = None) -> None:
        super().__init__(reason)
        self.server = server


class InDoubt(Unavailable):
    """The answer to COMMIT was lost, and it can't be found out now whether the transaction committed."""


class NeedsPerson(Unavailable):
    """The server can't be used until a person changes something; the message says what, after the server's name."""

    @property
    def sentence(self) -> str:
        """What is wrong and what to do, as a sentence for people."""
        return f"The {self.server or 'database'} {self}."


class Refused(Unavailable):
    """PostgreSQL won't store or read a row because of its contents.

    The message is fit for logs; ``detail`` may quote the row. A caller that works on single messages parks this one;
    every other caller treats the error like a database that is away.
    """

    def __init__(self, reason: str, server: str | None = None, *, detail: str = "") -> None:
        super().__init__(reason, server)
        self.detail = detail


def again_after_lost_races() -> AsyncRetrying:
    """Retry after a LostRace, ATTEMPTS times in all, then raise it. For work that has no other caller to retry it."""
    return AsyncRetrying(
        retry=retry_if_exception_type(LostRace),
        wait=wait_random_exponential(multiplier=0.05, max=1),
        stop=stop_after_attempt(ATTEMPTS),
        reraise=True,
    )


def place_of(engine: AsyncEngine) -> str:
    """The database's address for people: without user and password."""
    url = engine.url
    return f"database {url.host or 'localhost'}:{url.port or 5432}/{url.database or ''}"


def server_of(error: BaseException | None) -> str | None:
    """The server that an error is about, if it is known."""
    return error.server if isinstance(error, Unavailable) else None


@contextmanager
def unavailable_after(engine: AsyncEngine | None = None) -> Iterator[None]:
    """Turn the driver's errors into LostRace or Unavailable where they mean that; ``engine`` names the database."""
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
    message = str(error.orig)
    if type(error.orig.__cause__ if error.orig else None).__name__ in _OUTDATED:
        return LostRace(message)
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if not state:
        without_answer = error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
        return Unavailable(message, server) if without_answer else None
    remedy, means = classified(state)
    match remedy:
        case Remedy.WAIT:
            return Unavailable(message, server)
        case Remedy.AGAIN:
            return Duplicate(message) if state == _UNIQUE_VIOLATION else LostRace(message)
        case Remedy.PERSON:
            return NeedsPerson(f"{means} ({_first_line(message)}, SQLSTATE {state})", server)
        case Remedy.PARK:
            return Refused(f"PostgreSQL refused it, SQLSTATE {state}: {means}", server, detail=_first_line(message))
        case Remedy.BUG:
            return Unavailable(message, server) if error.connection_invalidated else None


def _first_line(message: str) -> str:
    return message.partition("\n")[0].rstrip(".")
