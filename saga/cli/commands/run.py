"""`saga run`: one service with a worker for each process."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Annotated

import structlog
import typer
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.cli.shell.addresses import amqp_url, amqp_url_if_any, database_url
from saga.cli.shell.failure import CommandFailed
from saga.cli.shell.processes import load_processes
from saga.core import DeclarationError, Process
from saga.endpoint import listening
from saga.engine.declarations import declare
from saga.heartbeat import beating
from saga.operations.figures import export_stuck
from saga.operations.fitness import look_at_database
from saga.operations.schema import say_if_newer
from saga.postgres import owned_engine
from saga.rabbitmq.connection import look_at_broker, reach_broker
from saga.rabbitmq.topology import topology
from saga.service import CannotStart, Look, look_first, say_ready_when, serve
from saga.settings import Feed, Settings
from saga.worker import STEP_SETTINGS, Worker

SERVICE = "worker"
ELSEWHERE_POOL_SIZE = 2

_log = structlog.get_logger()


def run(
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TARGET]...", help="module:name of each process. [SAGA_PROCESSES]"),
    ] = None,
    feed: Annotated[
        Feed | None,
        typer.Option(help="Where messages come from: pushed by the broker, or pulled from the logs. [SAGA_FEED, push]"),
    ] = None,
) -> None:
    """Run a worker for each process, until SIGTERM or Ctrl-C.

    Start any number of services, for all processes or for some: workers of one process share its messages.

    Both feeds may be used side by side: a message that arrives twice takes effect once.
    """

    async def work(settings: Settings, stop: asyncio.Event) -> None:
        try:
            processes = load_processes(settings, targets or ())
            database, fed = database_url(settings), settings.model_copy(update={"feed": feed or settings.feed})
            broker = amqp_url(fed) if fed.feed is Feed.PUSH else amqp_url_if_any(fed)
        except (CommandFailed, DeclarationError) as error:
            raise CannotStart(str(error)) from error
        await _work(processes, fed, stop, database=database, broker=broker)

    serve(SERVICE, work)


async def _work(
    processes: Sequence[Process], settings: Settings, stop: asyncio.Event, *, database: str, broker: str | None
) -> None:
    async with AsyncExitStack() as owned:
        pool_size = settings.pool_size * len(processes)
        engine = owned_engine(owned, database, SERVICE, pool_size, settings=STEP_SETTINGS)
        remote_logs = _connect_remote(owned, settings.log_urls)
        _warn_of_unneeded(settings.log_urls, processes)
        probes = await owned.enter_async_context(listening(settings.metrics_address, stop))
        looks: list[Look] = [partial(look_at_database, engine, allow_unsafe=settings.allow_unsafe_database)]
        if broker is not None and settings.feed is Feed.PUSH:
            looks.append(partial(look_at_broker, broker, topology(settings.prefix, *processes)))
        looks += [partial(declare, engine, process) for process in processes]
        try:
            if not await look_first(stop, *looks):
                return
        except DeclarationError as error:
            raise CannotStart(f"{error}.") from error
        await say_if_newer(engine)
        loops = await owned.enter_async_context(beating(owned_engine(owned, database, SERVICE, 1), SERVICE))
        workers = [_worker(engine, one, settings, broker, remote_logs) for one in processes]
        ready = [asyncio.Event() for _ in workers]
        asked = owned_engine(owned, database, "probe", 1)
        probes.watch(loops, _reachable(asked, settings, broker), ready)
        async with asyncio.TaskGroup() as group:
            if settings.metrics_address is not None:
                figures = owned_engine(owned, database, "figures", 1)
                group.create_task(export_stuck(figures, processes, stop))
            group.create_task(say_ready_when(ready, stop, processes=", ".join(one.name for one in processes)))
            for worker, working in zip(workers, ready, strict=True):
                group.create_task(worker.run(stop, working))


def _reachable(engine: AsyncEngine, settings: Settings, broker: str | None) -> list[Look]:
    """Checks whether the servers are in reach without which the worker can't do its work."""
    looks: list[Look] = [partial(look_at_database, engine, allow_unsafe=settings.allow_unsafe_database)]
    return [*looks, partial(reach_broker, broker)] if broker and settings.feed is Feed.PUSH else looks


def _worker(
    engine: AsyncEngine,
    process: Process,
    settings: Settings,
    broker: str | None,
    remote_logs: Mapping[str, AsyncEngine | None],
) -> Worker:
    return Worker(
        engine,
        process,
        broker=broker,
        feed=settings.feed,
        prefix=settings.prefix,
        remote_logs=remote_logs,
        accepted_exchanges=settings.accepted_exchange_names,
        batch_size=settings.batch_size,
        pull_poll_seconds=settings.pull_poll_seconds,
        relay_batch_size=settings.relay_batch_size,
        relay_poll_seconds=settings.relay_poll_seconds,
        publish_timeout_seconds=settings.publish_timeout_seconds,
    )


def _connect_remote(owned: AsyncExitStack, log_urls: Mapping[str, SecretStr | None]) -> dict[str, AsyncEngine | None]:
    """The database of each module whose log is in another database; None where it can't be asked."""
    return {
        module: None
        if url is None
        else owned_engine(owned, url.get_secret_value(), f"reader-of-{module}", ELSEWHERE_POOL_SIZE)
        for module, url in log_urls.items()
    }


def _warn_of_unneeded(log_urls: Mapping[str, SecretStr | None], processes: Sequence[Process]) -> None:
    """Warn of each log that no process consumes: a misspelt module would leave a log unread without any error."""
    consumed = {module for process in processes for module in process.inputs}
    for module in sorted(log_urls.keys() - consumed):
        _log.warning("log_url_that_nobody_needs", module=module)
