"""All workers of one version of a process declare the same.

What was checked is one declaration. A worker that came to another one, because a table was edited while its version
stayed or because its rows were built from a set or the environment, would decide otherwise than its peers, and than the
record says. So the first worker of a version keeps the digests of its declaration, and another one is refused.
"""

from collections.abc import Mapping
from typing import Final

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.core import DeclarationError, Process, digests_of
from saga.core.digest import FORM
from saga.postgres import Statements, durable_transaction, reading

_MOST_NAMED: Final = 5

_SQL = Statements(__package__)
DECLARE = _SQL["declare"]
READ_DECLARATION = _SQL["read_declaration"]


async def declare(engine: AsyncEngine, process: Process) -> None:
    """Keep what this version of the process is. Raises DeclarationError if it was another one before.

    Raises Unavailable if the database can't be asked now.
    """
    digests = digests_of(process)
    kept = _version(process) | {"form": FORM, "digests": orjson.dumps(digests).decode()}
    async with durable_transaction(engine) as connection:
        await connection.execute(DECLARE, kept)
        await _require_same(connection, process, digests)


async def require_same_declaration(engine: AsyncEngine, process: Process) -> None:
    """Raise DeclarationError if workers of this version of the process declared another one."""
    async with reading(engine) as connection:
        await _require_same(connection, process, digests_of(process))


async def _require_same(connection: AsyncConnection, process: Process, digests: Mapping[str, str]) -> None:
    known = (await connection.execute(READ_DECLARATION, _version(process))).one_or_none()
    if known is None or known.form != FORM:
        return
    if differing := [part for part in {**known.digests, **digests} if known.digests.get(part) != digests.get(part)]:
        named, more = ", ".join(differing[:_MOST_NAMED]), len(differing) - _MOST_NAMED
        raise DeclarationError(
            f"process {process.name!r}: version {process.version} was declared otherwise in this database on"
            f" {known.declared_at:%Y-%m-%d at %H:%M:%S} UTC ({named}{f' and {more} more' if more > 0 else ''}): give"
            " what was changed another version; if nothing was changed, the tables are built from something that"
            " differs between two starts, such as the order of a set or the environment"
        )


def _version(process: Process) -> dict[str, str | int]:
    return {"process": process.name, "version": process.version}
