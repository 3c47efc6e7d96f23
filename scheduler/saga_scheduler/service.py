"""The scheduler as a service."""

import argparse
import asyncio
from contextlib import AsyncExitStack
from functools import partial

from saga.endpoint import listening
from saga.heartbeat import beating
from saga.operations.figures import export_backlog, export_counts
from saga.operations.fitness import look_at_database
from saga.operations.schema import say_if_newer
from saga.postgres import owned_engine
from saga.retention import Pruner
from saga.service import look_first, required, say_ready, serve
from saga.settings import Settings
from saga_scheduler.housekeeping import Housekeeping
from saga_scheduler.metronome import Metronome
from saga_scheduler.sweeper import Sweeper

SERVICE = "scheduler"
POOL_SIZE = 2


def schedule() -> None:
    """Fire due timers until a stop signal."""
    argparse.ArgumentParser(
        prog="saga-scheduler",
        description="Fire due timers until SIGTERM or Ctrl-C. Environment variables configure it: docs/operations.md.",
    ).parse_args()
    serve(SERVICE, _schedule)


async def _schedule(settings: Settings, stop: asyncio.Event) -> None:
    database_url = required(settings.database_url, "SAGA_DATABASE_URL")
    async with AsyncExitStack() as owned:
        probes = await owned.enter_async_context(listening(settings.metrics_address, stop))
        engine = owned_engine(owned, database_url, SERVICE, POOL_SIZE)
        if not await look_first(stop, partial(look_at_database, engine, allow_unsafe=settings.allow_unsafe_database)):
            return
        await say_if_newer(engine)
        loops = await owned.enter_async_context(beating(owned_engine(owned, database_url, SERVICE, 1), SERVICE))
        asked = owned_engine(owned, database_url, "probe", 1)
        probes.watch(loops, [partial(look_at_database, asked, allow_unsafe=settings.allow_unsafe_database)])
        sweeper = Sweeper(engine, settings.scheduler_batch_size)
        housekeeping = None
        if settings.retention is not None:
            pruner = Pruner(owned_engine(owned, database_url, "pruner", POOL_SIZE))
            housekeeping = Housekeeping(pruner, settings.retention, settings.prune_interval_seconds)
        say_ready(retention="everything is kept" if housekeeping is None else f"{settings.retention_days} days")
        metronome = Metronome(sweeper, settings.scheduler_poll_seconds, housekeeping)
        async with asyncio.TaskGroup() as group:
            group.create_task(metronome.run(stop))
            if settings.metrics_address is not None:
                figures = owned_engine(owned, database_url, "figures", 2)
                group.create_task(export_backlog(figures, stop))
                group.create_task(export_counts(figures, stop))
