"""Whether a database is one that this service can trust with messages, and whether it can be written now.

What makes it unfit stays so until a person changes it: an old server, another encoding than UTF8 (a message with an
emoji would be refused, or stored as something else), and a server that may lose what it has confirmed.
"""

from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from saga.postgres.errors import NeedsPerson, Unavailable, place_of

MINIMUM_VERSION: Final = 14
"""Of PostgreSQL: it brought multiranges, in which cursors remember what they have handled."""

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
    """Look whether it is fit, and can be written.

    Raises NeedsPerson where it is not fit; ``allow_unsafe`` takes one that may lose what it has confirmed. Raises
    Unavailable while it is read-only or a standby: the connection is thrown away then, for it would stay what it is.
    """
    place = place_of(connection.engine)
    found = (await connection.execute(_LOOK)).one()
    if complaint := _complaint(found, allow_unsafe=allow_unsafe):
        raise NeedsPerson(complaint, place)
    if found.is_standby or found.is_read_only:
        await connection.invalidate()
        what = "a standby" if found.is_standby else "read-only"
        raise Unavailable(f"it is {what}: nothing can be written there now", place)


def _complaint(found: Row[Any], *, allow_unsafe: bool) -> str | None:
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
