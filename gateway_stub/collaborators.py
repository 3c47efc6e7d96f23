"""Both collaborators and the answerer, side by side in one process; the death of one of their loops ends it, loudly."""

import asyncio
from collections.abc import Iterable
from typing import Any

from gateway_stub.answerer import Answerer
from gateway_stub.behaviour import Behaviour
from gateway_stub.fulfilment import Fulfilment
from gateway_stub.gateway import Gateway
from gateway_stub.migrations import migrate_collaborators
from gateway_stub.settings import GatewaySettings
from saga.orders import order_process
from saga.postgres import connect_engine
from saga.service import required, say_ready
from saga.settings import Settings
from saga.transport.connection import supervise
from saga.transport.consumer import Consumer
from saga.transport.topology import topology


async def collaborate(chosen: GatewaySettings, behaviour: Behaviour, settings: Settings, stop: asyncio.Event) -> None:
    """Migrate, then take commands and answer them until ``stop``."""
    database_url = required(settings.database_url, "SAGA_DATABASE_URL")
    amqp_url = required(settings.amqp_url, "SAGA_AMQP_URL")
    wanted = topology(settings.prefix, order_process())
    await _migrate(database_url, stop)
    engine = connect_engine(database_url, "gateway-stub", settings.pool_size)
    gateway, fulfilment = Gateway(engine, behaviour, stop), Fulfilment(engine)
    answerer = Answerer(engine, behaviour, chosen.batch_size)
    consumers = (
        Consumer(amqp_url, wanted, "gateway", gateway.take, settings.batch_size),
        Consumer(amqp_url, wanted, "fulfilment", fulfilment.take, settings.batch_size),
    )
    consuming = [asyncio.Event() for _ in consumers]
    try:
        async with asyncio.TaskGroup() as loops:
            loops.create_task(answerer.run(stop, chosen.poll_seconds))
            for consumer, ready in zip(consumers, consuming, strict=True):
                loops.create_task(consumer.run(stop, ready))
            loops.create_task(_say_when(consuming, stop, chosen))
    finally:
        await engine.dispose()


async def _migrate(database_url: str, stop: asyncio.Event) -> None:
    """Bring our schemas to their newest version, as soon as the database can be reached."""

    async def session() -> None:
        await asyncio.to_thread(migrate_collaborators, database_url)

    await supervise("migrations", session, stop)


async def _say_when(consuming: Iterable[asyncio.Event], stop: asyncio.Event, chosen: GatewaySettings) -> None:
    waiting: list[asyncio.Task[Any]] = [asyncio.create_task(event) for event in (stop.wait(), _all(consuming))]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    if not stop.is_set():
        say_ready(scenario=chosen.scenario, seed=str(chosen.seed))


async def _all(events: Iterable[asyncio.Event]) -> None:
    for event in events:
        await event.wait()
