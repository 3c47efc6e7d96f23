"""Keeps a transaction open during work that does not use its connection.

The server ends a transaction whose client sends nothing for idle_in_transaction_session_timeout, so that a frozen
process does not keep others waiting longer. A client that works without this connection sends an empty statement every
SAY_SECONDS.
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
    """Send an empty statement, which restarts the server's timeout for this transaction."""
    await connection.execute(_NOTHING)


async def while_open(connection: AsyncConnection, work: Awaitable[_Result]) -> _Result:
    """Do work that does not use this connection, and keep the connection's transaction open meanwhile."""
    working = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait([working], timeout=SAY_SECONDS))[0]:
            await still_here(connection)
    except BaseException:
        working.cancel()
        await asyncio.wait([working])
        raise
    return working.result()
