"""Migrating: the schema that everything else here needs. The work itself is ``saga.postgres.migrations``."""

from collections.abc import Callable

from saga.postgres.migrations import WAIT_SECONDS, Migrated, upgrade


async def migrate(
    database: str,
    *,
    wait_seconds: float = WAIT_SECONDS,
    allow_unsafe: bool = False,
    say: Callable[[str], None] | None = None,
) -> Migrated:
    """Create or upgrade the tables of the database at this URL, with a login that may; any number at once are fine.

    While others lock the tables it is tried again for ``wait_seconds``; ``say`` hears who is in the way. With
    ``allow_unsafe`` it takes a database that may lose what it committed. Raises Unavailable where the database can't be
    reached, NeedsPerson where it is not fit, Conflict if others were in the way too long; nothing is changed then.
    """
    return await upgrade(database, wait_seconds=wait_seconds, say=say, allow_unsafe=allow_unsafe)
