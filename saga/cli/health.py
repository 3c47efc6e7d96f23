"""`saga health`: whether a service could work here, as a container's health check asks."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated

import typer

from saga.cli.addresses import amqp_url, amqp_url_unless_pulled
from saga.cli.broker import broker
from saga.cli.database import reading
from saga.cli.failure import CommandFailed
from saga.cli.terminal import AsJson, print_json
from saga.reading.schema import is_newer, newest_version, read_version
from saga.settings import Settings, load_settings
from saga.transport.connection import connect

PATIENCE_SECONDS = 5.0


def health(
    as_json: AsJson = False,
    timeout: Annotated[float, typer.Option(min=0.1, max=60, help="Seconds to wait for both.")] = PATIENCE_SECONDS,
) -> None:
    """Say whether the database, with its tables, and the broker can be used; exit code 1 if not.

    Where services pull from the logs and no broker is given, the database alone decides.
    """
    complaints = asyncio.run(_complaints(load_settings(), timeout))
    if as_json:
        answers = {"broker": "none"} | {name: said or "ok" for name, said in complaints.items()}
        print_json({"healthy": not any(complaints.values()), **answers})
    if any(complaints.values()):
        raise CommandFailed("\n".join(said for said in complaints.values() if said))
    if not as_json:
        both = "The database and the broker can be used."
        typer.echo(both if "broker" in complaints else "The database can be used, and there is no broker.")


async def _complaints(settings: Settings, seconds: float) -> dict[str, str | None]:
    """What is wrong with each that there is, None if nothing is."""
    looks = {"database": _look_at_database(settings)}
    if _wants_broker(settings):
        looks["broker"] = _look_at_broker(settings)
    found = await asyncio.gather(*(_complaint(name, look, seconds) for name, look in looks.items()))
    return dict(zip(looks, found, strict=True))


def _wants_broker(settings: Settings) -> bool:
    """Also where its address is missing: then that is the complaint."""
    try:
        return amqp_url_unless_pulled(settings) is not None
    except CommandFailed:
        return True


async def _complaint(name: str, look: Coroutine[None, None, None], seconds: float) -> str | None:
    try:
        async with asyncio.timeout(seconds):
            await look
    except CommandFailed as error:
        return str(error)
    except TimeoutError:
        return f"The {name} did not answer within {seconds:g} s."
    return None


async def _look_at_database(settings: Settings) -> None:
    async with reading(settings) as connection:
        version, newest = await read_version(connection), newest_version()
    if is_newer(version):
        typer.echo(f"The schema is at {version}, newer than this program knows ({newest}): it works with it.", err=True)
    elif version != newest:
        raise CommandFailed(f"The database has schema {version}, this version needs {newest}: run `saga migrate`.")


async def _look_at_broker(settings: Settings) -> None:
    url = amqp_url(settings)
    with broker(url):
        connection = await connect(url, "health")
        await connection.close()
