"""The endpoint of a program that is not run by saga: one with a collaborator, or with a worker beside other tasks."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.endpoint.pages import listening
from saga.heartbeat import kept_loops
from saga.postgres import reading
from saga.postgres.connection import connections_in_use
from saga.postgres.fitness import require_fit
from saga.rabbitmq.connection import reach_broker
from saga.service import Look
from saga.settings import host_and_port


@asynccontextmanager
async def monitored(
    listen: str | None,
    stop: asyncio.Event,
    *,
    engine: AsyncEngine,
    broker: str | None = None,
    ready: Sequence[asyncio.Event] = (),
) -> AsyncIterator[None]:
    """Answer /metrics, /healthz and /readyz over HTTP for as long as the block lasts, as every service of saga does.

        ready = asyncio.Event()
        async with monitored("127.0.0.1:9464", stop, engine=engine, broker=amqp_url, ready=[ready]):
            await mailer.run(stop, engine=engine, broker=amqp_url, ready=ready)

    ``listen`` is `host:port`, usually the value of SAGA_METRICS_LISTEN; without a host it is this machine only. If it
    is empty or None, nothing listens and nothing is counted. One block is for a whole program: all collaborators and
    workers that run in it.

    /healthz answers 200 if the loops that began in the block go round. /readyz answers 200 if also all events of
    ``ready`` are set, ``stop`` is not, and ``engine`` and ``broker`` are in reach. It takes a connection of the engine
    for that, every 2 s at most.

    Raises ValueError if ``listen`` is no address, and CannotStart if it can't be listened on.
    """
    address = host_and_port(listen or "")
    if address is None:
        yield
        return
    looks: list[Look] = [partial(_look_at_database, engine)]
    if broker is not None:
        looks.append(partial(reach_broker, broker))
    async with listening(address, stop) as probes:
        with kept_loops() as loops, connections_in_use(engine):
            probes.watch(loops, looks, ready)
            yield


async def _look_at_database(engine: AsyncEngine) -> None:
    async with reading(engine) as connection:
        await require_fit(connection, allow_unsafe=True)
