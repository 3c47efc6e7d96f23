"""`saga health`: whether a service could work here and the others do, as a container's health check asks."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

import typer
from aio_pika import Message
from aio_pika.exceptions import ChannelClosed

from saga.cli.shell.addresses import amqp_url, amqp_url_unless_pulled
from saga.cli.shell.broker import broker
from saga.cli.shell.database import database
from saga.cli.shell.failure import CommandFailed
from saga.cli.shell.processes import load_processes
from saga.cli.shell.queues import read_depths
from saga.cli.shell.services import failing_loops, missing_services, silent_loops
from saga.cli.shell.terminal import AsJson, print_json
from saga.operations import Heartbeat, Standing, read_overdue, read_services
from saga.operations.fitness import look_at_database
from saga.operations.schema import is_newer, newest_version, read_version
from saga.rabbitmq.connection import connect, require_version
from saga.rabbitmq.frame_router import RoutedConnection
from saga.rabbitmq.topology import Topology, topology
from saga.settings import Settings, load_settings

PATIENCE_SECONDS = 5.0
CLOSE_SECONDS = 0.5
NOBODY = "health"
"""A routing key that no queue hears: commands have two words."""


@dataclass(slots=True)
class _Seen:
    """What was found: of the services, how overdue a deadline is, and how much waits for a worker."""

    heartbeats: tuple[Heartbeat, ...] = ()
    overdue_seconds: float | None = None
    queued: int = 0


def health(
    as_json: AsJson = False,
    timeout: Annotated[
        float, typer.Option(min=0.1, max=60, help="Seconds to wait for the database and the broker.")
    ] = PATIENCE_SECONDS,
) -> None:
    """Check that the database, its tables and the broker can be used, and that the services work.

    Exit code 1 if not; also if a loop of a service starts over or had no heartbeat for 15 s, or work waits for a
    service that does not run. With SAGA_FEED=pull and no SAGA_AMQP_URL, no broker is checked.
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
        troubled = [*silent_loops(seen.heartbeats), *failing_loops(seen.heartbeats)]
        complaints["services"] = "\n".join([*troubled, *missing]) or None
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
    async with database(settings) as engine:
        await look_at_database(engine, allow_unsafe=settings.allow_unsafe_database)
        async with engine.connect() as connection:
            version = await read_version(connection)
            seen.heartbeats = await read_services(connection)
            seen.overdue_seconds = await read_overdue(connection)
    if is_newer(version):
        known = newest_version()
        typer.echo(f"The schema is at {version}, newer than this program knows ({known}): it works with it.", err=True)


async def _look_at_broker(settings: Settings, seen: _Seen) -> None:
    url = amqp_url(settings)
    processes = load_processes(settings)
    wanted = topology(settings.prefix, *processes)
    with broker(url):
        connection = await connect(url, "health")
        try:
            require_version(connection, url)
            await _require_publishes(connection, Topology(settings.prefix, ()))
        finally:
            # A connection that is blocked can't even be closed in order.
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await connection.close()
        depths = await read_depths(url, [*(wanted.queue(process.name) for process in processes), wanted.undelivered])
    seen.queued = sum(depth.messages or 0 for depth in depths)


async def _require_publishes(connection: RoutedConnection, known: Topology) -> None:
    """Raise CommandFailed while an alarm keeps the broker from taking messages.

    The message is for nobody: no queue hears this key. Any answer will do, also that the exchange is not there yet or
    that this user may not publish; a broker with an alarm reads no message and gives none.
    """
    channel = await connection.channel()
    exchange = await channel.get_exchange(known.commands, ensure=False)
    publish = asyncio.ensure_future(exchange.publish(Message(b""), NOBODY, mandatory=False))
    blocked = asyncio.ensure_future(connection.notices.blocked.wait())
    try:
        await asyncio.wait([publish, blocked], return_when=asyncio.FIRST_COMPLETED)
        if blocked.done():
            why = connection.notices.blocked_because
            raise CommandFailed(f"The {connection.notices.server} takes no messages now ({why}): see to its alarm.")
        with suppress(ChannelClosed):
            await publish
    finally:
        for task in (publish, blocked):
            task.cancel()
