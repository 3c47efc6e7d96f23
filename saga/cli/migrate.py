"""`saga migrate`: bring the database to the newest schema."""

from saga.cli.addresses import database_url
from saga.cli.failure import CommandFailed, WrongUsage
from saga.postgres import NeedsPerson, Unavailable
from saga.postgres.migrations import migrate as migrate_database
from saga.settings import load_settings


def migrate() -> None:
    """Create or upgrade the tables. Safe to run at any time, from several places at once."""
    settings = load_settings()
    try:
        migrate_database(database_url(settings), allow_unsafe=settings.allow_unsafe_database)
    except NeedsPerson as error:
        raise WrongUsage(error.sentence) from error
    except Unavailable as error:
        raise CommandFailed(f"The {error.server} can't be used now: {error}") from error
