"""What the arguments of statements are made of."""

from datetime import timedelta
from hashlib import md5
from typing import Any

Arguments = dict[str, Any]
Cases = dict[str, Arguments]

BATCH = 200
"""Messages in one durable step."""
PAGE = 500
"""Events in one reading of a log."""
LEASE = timedelta(seconds=5)


def one(**given: Any) -> Cases:
    """A statement that is called in one way."""
    return {"": given}


def youngest(count: int) -> list[str]:
    """The youngest instances."""
    return [f"o-{n}" for n in last(count)]


def last(end: int) -> list[int]:
    """The numbers of a batch, up to the end."""
    return list(range(end - BATCH + 1, end + 1))


def digests() -> list[bytes]:
    """One for each message of a batch."""
    return [md5(str(n).encode(), usedforsecurity=False).digest() for n in range(1, BATCH + 1)]
