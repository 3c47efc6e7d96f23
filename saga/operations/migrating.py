"""Migrating: the schema that everything else here needs. The work itself is ``saga.postgres.migrations``."""

from collections.abc import Callable

from saga.postgres.migrations import WAIT_SECONDS, Migrated, upgrade


async def migrate(
    database: str,
    *,
    wait_seconds: float = WAIT_SECONDS,
    allow_unsafe: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Migrated:
    """Create or upgrade the tables of the database at this URL. Any number of callers may do it at once.

    The login needs the rights for it. While others lock the tables it tries again for ``wait_seconds``, and calls
    ``progress`` with a sentence about who is in the way. With ``allow_unsafe`` it accepts a database that may lose what
    it has committed. Raises Unavailable if the database can't be reached, NeedsPerson if it is not fit, LostRace if
    others were in the way too long; nothing is changed then.
    """
    return await upgrade(database, wait_seconds=wait_seconds, say=progress, allow_unsafe=allow_unsafe)
