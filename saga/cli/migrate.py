"""`saga migrate`: bring the database to the newest schema."""

from saga.postgres.migrations import migrate as migrate_database
from saga.service import required
from saga.settings import load_settings


def migrate() -> None:
    """Create or upgrade the tables in SAGA_DATABASE_URL. Safe to run at any time, from several places at once."""
    migrate_database(required(load_settings().database_url, "SAGA_DATABASE_URL"))
