"""What can go wrong with the database, by what to do about it.

Conflict: run the step again. Unavailable: back off, then run it again. Anything else is a bug and is left as it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

ATTEMPTS = 5

_CONFLICTS = frozenset({"40001", "40P01", "55P03", "23505"})
"""serialization_failure, deadlock_detected, lock_not_available, unique_violation."""

_UNAVAILABLE_CLASSES = ("08", "53", "57", "58")
"""Connection exception, insufficient resources, operator intervention, system error."""


class Conflict(Exception):
    """Another transaction was in the way; the same work, done again, will succeed."""


class Unavailable(Exception):
    """The database can't be reached or can't work now; back off and do the same work again."""


def again_after_conflicts() -> AsyncRetrying:
    """Does the same work again after a Conflict, a few times; then it is raised. Of use where nobody calls again."""
    return AsyncRetrying(
        retry=retry_if_exception_type(Conflict),
        wait=wait_random_exponential(multiplier=0.05, max=1),
        stop=stop_after_attempt(ATTEMPTS),
        reraise=True,
    )


_ABOUT_DATA_CLASSES = ("22", "54")
"""Data exception, program limit exceeded."""


def is_about_data(error: DBAPIError) -> bool:
    """Whether the database refused what it was given, and would refuse it again."""
    return str(getattr(error.orig, "sqlstate", None) or "").startswith(_ABOUT_DATA_CLASSES)


@contextmanager
def unavailable_after() -> Iterator[None]:
    """Turn the driver's errors into Conflict or Unavailable where they mean that."""
    try:
        yield
    except (TimeoutError, OSError, PoolTimeoutError) as error:
        raise Unavailable(str(error) or type(error).__name__) from error
    except DBAPIError as error:
        state = str(getattr(error.orig, "sqlstate", None) or "")
        if state in _CONFLICTS:
            raise Conflict(str(error.orig)) from error
        if error.connection_invalidated or state.startswith(_UNAVAILABLE_CLASSES) or _without_answer(error, state):
            raise Unavailable(str(error.orig)) from error
        raise


def _without_answer(error: DBAPIError, state: str) -> bool:
    return not state and isinstance(error, OperationalError | InterfaceError)
