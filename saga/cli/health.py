"""`saga health`: whether a service could work here and the others do, as a container's health check asks."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Annotated

import typer

from saga.cli.addresses import amqp_url, amqp_url_unless_pulled
from saga.cli.broker import broker
from saga.cli.database import reading
from saga.cli.failure import CommandFailed
from saga.cli.processes import load_processes
from saga.cli.queues import read_depths
from saga.cli.services import missing_services, silent_loops
from saga.cli.terminal import AsJson, print_json
from saga.reading import Heartbeat, Standing, newest_version, read_overdue, read_services, read_version
from saga.settings import Settings, load_settings
from saga.transport.topology import topology

PATIENCE_SECONDS = 5.0


@dataclass(slots=True)
class _Seen:
    """What was found: of the services, how overdue a deadline is, and how much waits for a worker."""

    heartbeats: tuple[Heartbeat, ...] = ()
    overdue_seconds: float | None = None
    queued: int = 0


def health(
    as_json: AsJson = False,
    timeout: Annotated[float, typer.Option(min=0.1, max=60, help="Seconds to wait for both.")] = PATIENCE_SECONDS,
) -> None:
    """Say whether the database, with its tables, and the broker can be used, and whether the services work.

    The exit code is 1 if not: also where a loop of a service was not heard of for 15 s, or work waits for a service of
    which none runs. Where services pull from the logs and no broker is given, there is no broker to look at.
    """
    complaints, notes = asyncio.run(_complaints(load_settings(), timeout))
    if as_json:
        answers = {"broker": "none"} | {name: said or "ok" for name, said in complaints.items()}
        print_json({"healthy": not any(complaints.values()), **answers, "notes": notes})
    if any(complaints.values()):
        raise CommandFailed("\n".join(said for said in complaints.values() if said))
    if not as_json:
        both = "The database and the broker can be used"
        typer.echo(both if "broker" in complaints else "The database can be used, and there is no broker", nl=False)
        typer.echo("; the services work.")
        for note in notes:
            typer.echo(note)


async def _complaints(settings: Settings, seconds: float) -> tuple[dict[str, str | None], list[str]]:
    """What is wrong with each that there is, None if nothing is; and what is worth knowing besides."""
    seen = _Seen()
    looks = {"database": _look_at_database(settings, seen)}
    if _wants_broker(settings):
        looks["broker"] = _look_at_broker(settings, seen)
    found = await asyncio.gather(*(_complaint(name, look, seconds) for name, look in looks.items()))
    complaints = dict(zip(looks, found, strict=True))
    if complaints["database"] is None:
        missing = missing_services(seen.heartbeats, seen.overdue_seconds, seen.queued)
        complaints["services"] = "\n".join([*silent_loops(seen.heartbeats), *missing]) or None
    return complaints, silent_loops(seen.heartbeats, Standing.REPLACED)


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


async def _look_at_database(settings: Settings, seen: _Seen) -> None:
    async with reading(settings) as connection:
        version, newest = await read_version(connection), newest_version()
        if version is None or version < newest:
            raise CommandFailed(f"The database has schema {version}, this version needs {newest}: run `saga migrate`.")
        seen.heartbeats = await read_services(connection)
        seen.overdue_seconds = await read_overdue(connection)


async def _look_at_broker(settings: Settings, seen: _Seen) -> None:
    url = amqp_url(settings)
    processes = load_processes(settings)
    wanted = topology(settings.prefix, *processes)
    with broker(url):
        depths = await read_depths(url, [*(wanted.queue(process.name) for process in processes), wanted.undelivered])
    seen.queued = sum(depth.messages or 0 for depth in depths)
