"""`saga migrate`: bring the database to the newest schema."""

import asyncio
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from saga import operations
from saga.addresses import DatabaseAddress
from saga.cli.shell.addresses import database_url
from saga.cli.shell.failure import CommandFailed, WrongUsage
from saga.cli.shell.terminal import AsJson, print_json
from saga.documents.as_data import as_data
from saga.documents.text import shown
from saga.postgres import LostRace, NeedsPerson, Unavailable
from saga.settings import load_settings


def migrate(
    wait: Annotated[
        float, typer.Option(min=0, max=86_400, help="Seconds to keep trying while others lock the tables.")
    ] = 300,
    as_json: AsJson = False,
) -> None:
    """Create or upgrade the tables, and print the versions. Safe to run at any time, also several times at once."""
    settings = load_settings()
    url = database_url(settings)
    place = f"The database at {DatabaseAddress.parse(url)}"
    try:
        done = asyncio.run(
            operations.migrate(
                url,
                wait_seconds=wait,
                progress=lambda line: typer.echo(shown(line), err=True),
                allow_unsafe=settings.allow_unsafe_database,
            )
        )
    except NeedsPerson as error:
        raise WrongUsage(error.sentence) from error
    except Unavailable as error:
        remedy = ": start it, or correct SAGA_DATABASE_URL" if isinstance(error.__cause__, OSError) else ""
        raise CommandFailed(f"{place} can't be used now ({shown(error)}){remedy}.") from error
    except LostRace as error:
        raise CommandFailed(shown(error)) from error
    except DBAPIError as error:
        reason = str(error.orig or error).splitlines()[0].rstrip(".")
        raise CommandFailed(f"{place} refused: {shown(reason)}. Nothing was changed.") from error
    except KeyboardInterrupt:
        raise CommandFailed("Stopped: the schema is unchanged, unless the stop came at the very end.") from None
    if as_json:
        print_json({**as_data(done), "changed": done.before != done.after})
    else:
        typer.echo(str(done))
