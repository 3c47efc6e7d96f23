"""Both collaborators and the answerer, side by side in one process; the death of one of their loops ends it, loudly."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from gateway_stub.answerer import Answerer
from gateway_stub.behaviour import Behaviour
from gateway_stub.fulfilment import Fulfilment
from gateway_stub.gateway import Gateway
from gateway_stub.migrations import migrate_collaborators
from gateway_stub.settings import GatewaySettings
from saga.orders import order_process
from saga.postgres import connect_engine
from saga.service import required, say_ready
from saga.settings import Feed, Settings
from saga.transport.command_feed import CommandFeed
from saga.transport.connection import supervise
from saga.transport.consumer import Consumer, Handler
from saga.transport.topology import topology


async def collaborate(chosen: GatewaySettings, behaviour: Behaviour, settings: Settings, stop: asyncio.Event) -> None:
    """Migrate, then take commands and answer them until ``stop``."""
    database_url = required(settings.database_url, "SAGA_DATABASE_URL")
    amqp_url = None if settings.feed is Feed.PULL else required(settings.amqp_url, "SAGA_AMQP_URL")
    await _migrate(database_url, stop)
    async with AsyncExitStack() as owned:
        engine = _owned(owned, database_url, "gateway-stub", settings.pool_size)
        gateway, fulfilment = Gateway(engine, behaviour, stop), Fulfilment(engine)
        handlers = {"gateway": gateway.take, "fulfilment": fulfilment.take}
        if amqp_url is None:
            following = _owned(owned, database_url, "gateway-stub-follower", len(handlers))
            feeds = _pulled(following, handlers, settings)
        else:
            feeds = _pushed(amqp_url, handlers, settings)
        answerer = Answerer(engine, behaviour, chosen.batch_size)
        ready = [asyncio.Event() for _ in feeds]
        async with asyncio.TaskGroup() as loops:
            loops.create_task(answerer.run(stop, chosen.poll_seconds))
            for feed, feeding in zip(feeds, ready, strict=True):
                loops.create_task(feed.run(stop, feeding))
            loops.create_task(_say_when(ready, stop, chosen))


def _pushed(amqp_url: str, handlers: Mapping[str, Handler], settings: Settings) -> list[Consumer | CommandFeed]:
    """Commands as the broker delivers them."""
    wanted = topology(settings.prefix, order_process())
    return [
        Consumer(amqp_url, wanted.used(name), name, handle, settings.batch_size) for name, handle in handlers.items()
    ]


def _pulled(
    following: AsyncEngine, handlers: Mapping[str, Handler], settings: Settings
) -> list[Consumer | CommandFeed]:
    """Commands as the logs hold them; the feeds have a pool of their own, so that they never keep a handler waiting."""
    return [
        CommandFeed(
            following,
            name,
            handle,
            settings.batch_size,
            prefix=settings.prefix,
            poll_seconds=settings.pull_poll_seconds,
        )
        for name, handle in handlers.items()
    ]


def _owned(owned: AsyncExitStack, database_url: str, service: str, pool_size: int) -> AsyncEngine:
    engine = connect_engine(database_url, service, pool_size)
    owned.push_async_callback(engine.dispose)
    return engine


async def _migrate(database_url: str, stop: asyncio.Event) -> None:
    """Bring our schemas to their newest version, as soon as the database can be reached."""

    async def session() -> None:
        await asyncio.to_thread(migrate_collaborators, database_url)

    await supervise("migrations", session, stop)


async def _say_when(feeding: Iterable[asyncio.Event], stop: asyncio.Event, chosen: GatewaySettings) -> None:
    waiting: list[asyncio.Task[Any]] = [asyncio.create_task(event) for event in (stop.wait(), _all(feeding))]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    if not stop.is_set():
        say_ready(scenario=chosen.scenario, seed=str(chosen.seed))


async def _all(events: Iterable[asyncio.Event]) -> None:
    for event in events:
        await event.wait()
