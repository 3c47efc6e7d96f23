"""`saga migrate`: bring the database to the newest schema."""

from saga.cli.addresses import database_url
from saga.cli.failure import CommandFailed
from saga.postgres import Unavailable
from saga.postgres.migrations import migrate as migrate_database
from saga.settings import load_settings


def migrate() -> None:
    """Create or upgrade the tables. Safe to run at any time, from several places at once."""
    try:
        migrate_database(database_url(load_settings()))
    except Unavailable as error:
        raise CommandFailed(f"The database can't be reached: {error}") from error
