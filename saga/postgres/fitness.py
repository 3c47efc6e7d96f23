"""Checks whether this service can trust a database with messages, and whether the database can be written now.

A database is unfit until a person changes it if the server is too old, if the encoding is not UTF8 (a message with an
emoji would be refused, or stored as something else), or if the server may lose commits that it has confirmed.
"""

from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from saga.postgres.errors import NeedsPerson, Unavailable, place_of

MINIMUM_VERSION: Final = 14
"""Of PostgreSQL: 14 introduced multiranges, in which cursors store the positions that they have handled."""

_LOOK = text(
    """
    SELECT
        CAST(current_setting('server_version_num') AS int) / 10000 AS version,
        current_setting('server_encoding') AS encoding,
        current_setting('fsync') = 'on' AS fsync,
        current_setting('full_page_writes') = 'on' AS full_page_writes,
        pg_is_in_recovery() AS is_standby,
        current_setting('default_transaction_read_only') = 'on' AS is_read_only
    """
)


async def require_fit(connection: AsyncConnection, *, allow_unsafe: bool) -> None:
    """Check that the database is fit and can be written.

    Raises NeedsPerson if it is not fit; ``allow_unsafe`` accepts one that may lose confirmed commits. Raises
    Unavailable while it is read-only or a standby, and discards the connection, which would stay read-only.
    """
    place = place_of(connection.engine)
    found = (await connection.execute(_LOOK)).one()
    if problem := _problem(found, allow_unsafe=allow_unsafe):
        raise NeedsPerson(problem, place)
    if found.is_standby or found.is_read_only:
        await connection.invalidate()
        role = "a standby" if found.is_standby else "read-only"
        raise Unavailable(f"it is {role}: nothing can be written there now", place)


def _problem(found: Row[Any], *, allow_unsafe: bool) -> str | None:
    if found.version < MINIMUM_VERSION:
        return f"is PostgreSQL {found.version}, and {MINIMUM_VERSION} or newer is needed: upgrade it"
    if found.encoding != "UTF8":
        return f"has the encoding {found.encoding}, which can't hold every message: create it with ENCODING 'UTF8'"
    for setting in ("fsync", "full_page_writes"):
        if not getattr(found, setting) and not allow_unsafe:
            return (
                f"has {setting} off, so a crash may lose or damage what it has confirmed: turn it on, or set "
                "SAGA_ALLOW_UNSAFE_DATABASE=true where that does not matter"
            )
    return None
