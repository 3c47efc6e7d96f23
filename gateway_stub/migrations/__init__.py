"""The collaborators' own schemas, forward only: each has its own folder and its own version."""

from pathlib import Path

from saga.postgres.migrations import migrate

SCHEMAS = ("gateway", "fulfilment")


def migrate_collaborators(database_url: str, *, allow_unsafe: bool = False) -> None:
    """Bring both schemas to their newest version. Not for use inside a running event loop."""
    for schema in SCHEMAS:
        migrate(database_url, Path(__file__).parent / schema, schema, allow_unsafe=allow_unsafe)
