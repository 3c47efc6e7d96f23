"""The collaborators' own schemas, forward only: each has its own folder and its own version."""

from pathlib import Path

import structlog

from saga.postgres.migrations import upgrade

SCHEMAS = ("gateway", "fulfilment")

_log = structlog.get_logger()


async def migrate_collaborators(database_url: str, *, allow_unsafe: bool = False) -> None:
    """Bring both schemas to their newest version. Raises what `saga.postgres.migrations.migrate` raises."""
    for schema in SCHEMAS:
        folder = Path(__file__).parent / schema
        done = await upgrade(database_url, folder, schema, say=_say, allow_unsafe=allow_unsafe)
        if done.is_newer:
            _log.warning("newer_schema", schema=schema, version=done.after, known=done.newest)


def _say(reason: str) -> None:
    _log.warning("migration_waits", reason=reason)
