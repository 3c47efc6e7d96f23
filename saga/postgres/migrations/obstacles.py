"""Who is in the way of a migration, as far as its login may know: looked up while it waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

LOOK_SECONDS = 0.4
SHOWN = 3

# Of others' sessions a login without rights sees the name only. A prepared transaction has no process: pid 0.
_BLOCKING = text("""
SELECT blocking AS pid, activity.application_name, to_char(activity.xact_start AT TIME ZONE 'UTC',
    'YYYY-MM-DD HH24:MI:SS "UTC"') AS since
FROM (SELECT DISTINCT unnest(pg_blocking_pids(:pid)) AS blocking) AS blockers
LEFT JOIN pg_stat_activity AS activity ON activity.pid = blocking
ORDER BY activity.xact_start NULLS LAST, blocking
""")


class Obstacles:
    """The sessions that were last seen in the way."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._seen: list[str] = []

    def __str__(self) -> str:
        if not self._seen:
            return "in the way is somebody who can't be named"
        more = f", and {len(self._seen) - SHOWN} more" if len(self._seen) > SHOWN else ""
        return f"in the way: {', '.join(self._seen[:SHOWN])}{more}"

    @asynccontextmanager
    async def watched(self, waiting: AsyncConnection) -> AsyncIterator[None]:
        """Look now and then who keeps this connection waiting, over another one."""
        pid = (await waiting.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        watch = asyncio.create_task(self._watch(pid))
        try:
            yield
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    async def _watch(self, pid: int) -> None:
        """Names are a help, not more: a look that fails ends the looking, not the migration."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            async with self._engine.connect() as connection:
                if found := [_named(row) for row in await connection.execute(_BLOCKING, {"pid": pid})]:
                    self._seen = found


def _named(row: Any) -> str:
    if row.pid == 0:
        return "a prepared transaction"
    told = [repr(row.application_name)] if row.application_name else []
    if row.since:
        told.append(f"in a transaction since {row.since}")
    return f"process {row.pid} ({', '.join(told)})" if told else f"process {row.pid}"
