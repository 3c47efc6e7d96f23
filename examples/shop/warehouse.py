"""The shop's warehouse: ships paid orders unless a stop comes first, and answers through its module's log.

Run it beside `saga run examples.shop.order:order`: `python -m examples.shop.warehouse`.
"""

import asyncio
import os
import signal
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from examples.shop.order import FulfilmentStopped, OrderShipped
from saga.collaborator import Collaborator, Command, monitored, traced
from saga.modules import Module, connect_engine


@dataclass(frozen=True)
class StartFulfilment:
    """Pack and send it."""

    order_id: str


@dataclass(frozen=True)
class StopFulfilment:
    """Do not send it."""

    order_id: str


WAREHOUSE = Module("warehouse", stream="order_id", events=(OrderShipped, FulfilmentStopped))
SHIPPED = text("SELECT count(*) FROM warehouse.command WHERE order_id = :order_id AND result = 'shipped'")


async def ship(command: Command[StartFulfilment], connection: AsyncConnection) -> str:
    """Ship; a later stop finds the result."""
    WAREHOUSE.append(connection, [OrderShipped(order_id=command.data.order_id)], **command.cause)
    return "shipped"


async def keep(command: Command[StopFulfilment], connection: AsyncConnection) -> str:
    """Stop, unless the order was shipped; that was reported to the process then."""
    if (await connection.execute(SHIPPED, {"order_id": command.data.order_id})).scalar_one():
        return "too_late"
    WAREHOUSE.append(connection, [FulfilmentStopped(order_id=command.data.order_id)], **command.cause)
    return "stopped"


warehouse = Collaborator("warehouse", instance="order_id", handlers={StartFulfilment: ship, StopFulfilment: keep})


async def main() -> None:
    """Handle commands until SIGTERM or Ctrl-C: from the broker at SAGA_AMQP_URL; without that, from the logs."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    engine, ready = connect_engine(os.environ["SAGA_DATABASE_URL"], "warehouse"), asyncio.Event()
    broker, prefix = os.environ.get("SAGA_AMQP_URL"), os.environ.get("SAGA_PREFIX", "saga")
    listen = os.environ.get("SAGA_METRICS_LISTEN")
    try:
        async with monitored(listen, stop, engine=engine, broker=broker, ready=[ready]):
            await warehouse.run(stop, engine=engine, broker=broker, prefix=prefix, ready=ready)
    finally:
        await engine.dispose()


if __name__ == "__main__":
    with traced("warehouse", os.environ.get("SAGA_TRACES")):
        asyncio.run(main())
