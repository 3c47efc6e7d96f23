"""Both collaborators and the answerer, side by side in one process; the death of one of their loops ends it, loudly."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.feeds.command_feed import CommandFeed
from saga.heartbeat import beating
from saga.messages import Handler
from saga.operations.fitness import look_at_database
from saga.orders import order_process
from saga.postgres import owned_engine
from saga.rabbitmq.admission import Commands
from saga.rabbitmq.connection import look_at_broker
from saga.rabbitmq.consumer import Consumer
from saga.rabbitmq.topology import Topology, topology
from saga.service import look_first, required, say_ready_when
from saga.settings import Feed, Settings
from saga_gateway_stub.answerer import Answerer
from saga_gateway_stub.behaviour import Behaviour
from saga_gateway_stub.fulfilment import Fulfilment
from saga_gateway_stub.gateway import Gateway
from saga_gateway_stub.migrations import migrate_collaborators
from saga_gateway_stub.settings import GatewaySettings

SERVICE = "gateway-stub"


async def collaborate(chosen: GatewaySettings, behaviour: Behaviour, settings: Settings, stop: asyncio.Event) -> None:
    """Migrate, then take commands and answer them until ``stop``."""
    database_url = required(settings.database_url, "SAGA_DATABASE_URL")
    amqp_url = None if settings.feed is Feed.PULL else required(settings.amqp_url, "SAGA_AMQP_URL")
    async with AsyncExitStack() as owned:
        engine = owned_engine(owned, database_url, SERVICE, settings.pool_size)
        looks = [partial(look_at_database, engine, allow_unsafe=settings.allow_unsafe_database)]
        looks.append(partial(migrate_collaborators, database_url, allow_unsafe=settings.allow_unsafe_database))
        if amqp_url is not None:
            looks.append(partial(look_at_broker, amqp_url, _used(settings)))
        if not await look_first(stop, *looks):
            return
        await owned.enter_async_context(beating(owned_engine(owned, database_url, SERVICE, 1), SERVICE))
        gateway, fulfilment = Gateway(engine, behaviour, stop), Fulfilment(engine)
        handlers = {"gateway": gateway.take, "fulfilment": fulfilment.take}
        if amqp_url is None:
            following = owned_engine(owned, database_url, f"{SERVICE}-follower", len(handlers))
            feeds = _pulled(following, handlers, settings)
        else:
            feeds = _pushed(amqp_url, handlers, settings)
        answerer = Answerer(engine, behaviour, chosen.batch_size)
        ready = [asyncio.Event() for _ in feeds]
        async with asyncio.TaskGroup() as loops:
            loops.create_task(answerer.run(stop, chosen.poll_seconds))
            for feed, feeding in zip(feeds, ready, strict=True):
                loops.create_task(feed.run(stop, feeding))
            loops.create_task(say_ready_when(ready, stop, scenario=chosen.scenario, seed=str(chosen.seed)))


def _pushed(amqp_url: str, handlers: Mapping[str, Handler], settings: Settings) -> list[Consumer | CommandFeed]:
    """Commands as the broker delivers them."""
    return [
        Consumer(
            amqp_url, _used(settings, name), name, handle, settings.batch_size, judge=Commands(name, settings.prefix)
        )
        for name, handle in handlers.items()
    ]


def _used(settings: Settings, *queues: str) -> Topology:
    """What is used of what the worker declares."""
    return topology(settings.prefix, order_process()).used(*queues)


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
