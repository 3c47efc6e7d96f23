"""`saga health`: whether servers and services work, as a container's health check asks."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Annotated

import typer

from saga import operations
from saga.cli.shell.addresses import amqp_url_unless_pulled, database_url
from saga.cli.shell.broker import broker
from saga.cli.shell.database import database_errors
from saga.cli.shell.failure import CommandFailed
from saga.cli.shell.processes import load_processes
from saga.cli.shell.services import problems, replaced_loops
from saga.cli.shell.terminal import AsJson, print_json
from saga.documents.text import sentence
from saga.operations import Health, OperationFailed
from saga.operations.schema import is_newer, newest_version
from saga.postgres import connect_engine
from saga.settings import Settings, load_settings


def health(
    as_json: AsJson = False,
    timeout: Annotated[
        float, typer.Option(min=0.1, max=60, help="Seconds to wait for the database and the broker.")
    ] = 5.0,
) -> None:
    """Check that the database, its tables and the broker can be used, and that the services work.

    Exit code 1 if a check fails, if a loop of a service keeps restarting or hangs (no heartbeat for 15 s), or if work
    waits for a service that does not run. With SAGA_FEED=pull and no SAGA_AMQP_URL, no broker is checked.
    """
    settings = load_settings()
    found, wrong = asyncio.run(_look(settings, timeout))
    notes = replaced_loops(found.services)
    if is_newer(found.schema_version):
        known = f"newer than this program knows ({newest_version()}): it works with it"
        typer.echo(f"The schema is at {found.schema_version}, {known}.", err=True)
    if as_json:
        answers = {"broker": "none"} | {name: problem or "ok" for name, problem in wrong.items()}
        print_json({"healthy": not any(wrong.values()), **answers, "notes": notes})
    if any(wrong.values()):
        raise CommandFailed("\n".join(problem for problem in wrong.values() if problem))
    if not as_json:
        both = "The database and the broker can be used"
        typer.echo(both if found.has_broker else "The database can be used, and there is no broker", nl=False)
        typer.echo("; the services work.")
        for note in notes:
            typer.echo(note)


async def _look(settings: Settings, seconds: float) -> tuple[Health, dict[str, str | None]]:
    """The result, and for each part that exists what is wrong with it; None if nothing is."""
    url = database_url(settings)
    at_broker, unnamed = _broker_url(settings)
    engine = connect_engine(url, "cli", pool_size=2)
    try:
        found = await operations.health(
            engine,
            load_processes(settings),
            broker=at_broker,
            prefix=settings.prefix,
            timeout_seconds=seconds,
            allow_unsafe_database=settings.allow_unsafe_database,
        )
    finally:
        await engine.dispose()
    wrong = {"database": _sentence(found.database, partial(database_errors, url))}
    if at_broker is not None:
        wrong["broker"] = _sentence(found.broker, partial(broker, at_broker))
    elif unnamed is not None:
        wrong["broker"] = unnamed
    if found.database is None:
        wrong["services"] = "\n".join(problems(found)) or None
    return found, wrong


def _broker_url(settings: Settings) -> tuple[str | None, str | None]:
    """The broker's address, if there is one; and what is wrong if there should be one and none is configured."""
    try:
        return amqp_url_unless_pulled(settings), None
    except CommandFailed as error:
        return None, str(error)


def _sentence(error: Exception | None, errors: Callable[[], AbstractContextManager[None]]) -> str | None:
    """What is wrong with a server, in the words of the other commands."""
    if error is None:
        return None
    try:
        with errors():
            raise error
    except CommandFailed as failed:
        return str(failed)
    except OperationFailed as refused:
        return sentence(refused)
