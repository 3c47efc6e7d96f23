"""`saga health`: whether a service could work here, as a container's health check asks."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated

import typer

from saga.cli.addresses import amqp_url
from saga.cli.broker import broker
from saga.cli.database import reading
from saga.cli.failure import CommandFailed
from saga.cli.terminal import AsJson, print_json
from saga.reading.schema import newest_version, read_version
from saga.settings import Settings, load_settings
from saga.transport.connection import connect

PATIENCE_SECONDS = 5.0


def health(
    as_json: AsJson = False,
    timeout: Annotated[float, typer.Option(min=0.1, max=60, help="Seconds to wait for both.")] = PATIENCE_SECONDS,
) -> None:
    """Say whether the database, with its tables, and the broker can be used; exit code 1 if not."""
    complaints = asyncio.run(_complaints(load_settings(), timeout))
    if as_json:
        print_json(
            {"healthy": not any(complaints.values()), **{name: said or "ok" for name, said in complaints.items()}}
        )
    if any(complaints.values()):
        raise CommandFailed("\n".join(said for said in complaints.values() if said))
    if not as_json:
        typer.echo("The database and the broker can be used.")


async def _complaints(settings: Settings, seconds: float) -> dict[str, str | None]:
    """What is wrong with each, None if nothing is."""
    names, looks = ("database", "broker"), (_look_at_database(settings), _look_at_broker(settings))
    found = await asyncio.gather(*(_complaint(name, look, seconds) for name, look in zip(names, looks, strict=True)))
    return dict(zip(names, found, strict=True))


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
    if version is None or version < newest:
        raise CommandFailed(f"The database has schema {version}, this version needs {newest}: run `saga migrate`.")


async def _look_at_broker(settings: Settings) -> None:
    url = amqp_url(settings)
    with broker(url):
        connection = await connect(url, "health")
        await connection.close()
