"""Work beside a transaction that is kept open meanwhile.

The server ends a transaction whose client says nothing for idle_in_transaction_session_timeout: a process that froze
inside of one keeps the others waiting no longer than that. Whoever lives and works, but not with statements of this
connection, says so now and then.
"""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

SAY_SECONDS: Final = 2.0
_NOTHING: Final = text("SELECT")
_Result = TypeVar("_Result")


async def still_here(connection: AsyncConnection) -> None:
    """Say that this transaction is still wanted."""
    await connection.execute(_NOTHING)


async def while_open(connection: AsyncConnection, work: Awaitable[_Result]) -> _Result:
    """Do work that uses nothing of this connection, whose transaction stays open for as long as that takes."""
    working = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait([working], timeout=SAY_SECONDS))[0]:
            await still_here(connection)
    except BaseException:
        working.cancel()
        await asyncio.wait([working])
        raise
    return working.result()
