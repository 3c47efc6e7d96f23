"""Runs both collaborators and the answerer in one process, which ends if one of their loops dies."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial

from saga.endpoint import listening
from saga.heartbeat import beating
from saga.operations.fitness import look_at_database
from saga.postgres import owned_engine
from saga.rabbitmq.connection import look_at_broker, reach_broker
from saga.rabbitmq.topology import command_queues
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
    """Migrate, then handle and answer commands until ``stop``."""
    database_url = required(settings.database_url, "SAGA_DATABASE_URL")
    amqp_url = None if settings.feed is Feed.PULL else required(settings.amqp_url, "SAGA_AMQP_URL")
    async with AsyncExitStack() as owned:
        probes = await owned.enter_async_context(listening(settings.metrics_address, stop))
        engine = owned_engine(owned, database_url, SERVICE, settings.pool_size)
        looks = [partial(look_at_database, engine, allow_unsafe=settings.allow_unsafe_database)]
        looks.append(partial(migrate_collaborators, database_url, allow_unsafe=settings.allow_unsafe_database))
        if amqp_url is not None:
            looks.append(partial(look_at_broker, amqp_url, command_queues(settings.prefix, "gateway", "fulfilment")))
        if not await look_first(stop, *looks):
            return
        loops = await owned.enter_async_context(beating(owned_engine(owned, database_url, SERVICE, 1), SERVICE))
        collaborators = [Gateway(engine, behaviour, stop).collaborator, Fulfilment(engine).collaborator]
        pulls = settings.feed is Feed.PULL
        # The feeds have a pool of their own, so that they never keep a handler waiting.
        logs = owned_engine(owned, database_url, f"{SERVICE}-follower", len(collaborators)) if pulls else None
        answerer = Answerer(engine, behaviour, chosen.batch_size)
        ready = [asyncio.Event() for _ in collaborators]
        asked = owned_engine(owned, database_url, "probe", 1)
        reachable = [partial(look_at_database, asked, allow_unsafe=settings.allow_unsafe_database)]
        probes.watch(loops, [*reachable, *([] if amqp_url is None else [partial(reach_broker, amqp_url)])], ready)
        async with asyncio.TaskGroup() as group:
            group.create_task(answerer.run(stop, chosen.poll_seconds))
            for collaborator, feeding in zip(collaborators, ready, strict=True):
                taking = collaborator.run(
                    stop,
                    engine=engine,
                    broker=amqp_url,
                    logs=logs,
                    ready=feeding,
                    prefix=settings.prefix,
                    batch_size=settings.batch_size,
                    poll_seconds=settings.pull_poll_seconds,
                )
                group.create_task(taking)
            group.create_task(say_ready_when(ready, stop, scenario=chosen.scenario, seed=str(chosen.seed)))
