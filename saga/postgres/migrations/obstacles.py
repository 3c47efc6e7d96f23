"""Looks up which sessions block a waiting migration, as far as its login may see them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

LOOK_SECONDS = 0.4
SHOWN = 3

# A login without rights sees only the names of others' sessions. A prepared transaction has no process: its pid is 0.
_BLOCKING = text("""
SELECT blocking AS pid, activity.application_name, to_char(activity.xact_start AT TIME ZONE 'UTC',
    'YYYY-MM-DD HH24:MI:SS "UTC"') AS since
FROM (SELECT DISTINCT unnest(pg_blocking_pids(:pid)) AS blocking) AS blockers
LEFT JOIN pg_stat_activity AS activity ON activity.pid = blocking
ORDER BY activity.xact_start NULLS LAST, blocking
""")


class Obstacles:
    """The sessions that last blocked the migration."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._seen: list[str] = []

    def __str__(self) -> str:
        if not self._seen:
            return "in the way is a session that this login can't see"
        more = f", and {len(self._seen) - SHOWN} more" if len(self._seen) > SHOWN else ""
        return f"in the way: {', '.join(self._seen[:SHOWN])}{more}"

    @asynccontextmanager
    async def watched(self, waiting: AsyncConnection) -> AsyncIterator[None]:
        """Look every LOOK_SECONDS, over another connection, which sessions block this one."""
        pid = (await waiting.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        watch = asyncio.create_task(self._watch(pid))
        try:
            yield
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    async def _watch(self, pid: int) -> None:
        """Names only help people: a look that fails ends the looking, not the migration."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            async with self._engine.connect() as connection:
                if found := [_named(row) for row in await connection.execute(_BLOCKING, {"pid": pid})]:
                    self._seen = found


def _named(row: Any) -> str:
    if row.pid == 0:
        return "a prepared transaction"
    details = [repr(row.application_name)] if row.application_name else []
    if row.since:
        details.append(f"in a transaction since {row.since}")
    return f"process {row.pid} ({', '.join(details)})" if details else f"process {row.pid}"
