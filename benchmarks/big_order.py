"""One big order, and other orders behind it: `python -m benchmarks.big_order [messages]`.

First the processor time that a message costs a worker when its order holds as much as it may: alone in its batch, and
in a full batch. Then a flood of payments of one order with another order right behind it, through the broker.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import asyncpg
import orjson
import psutil
import uvloop
from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.place import Place
from benchmarks.programs import WORKER, ready
from saga.devstack.stack import LocalStack
from saga.engine import Step
from saga.logging import configure_logging
from saga.messages import Envelope, Raw
from saga.modules.outgoing import Outgoing
from saga.orders import order_process
from saga.orders.process import PAYMENTS
from saga.postgres.migrations import migrate
from saga.service import collect_rarely

FLOOD = 60_000
BATCH = 500
ROUNDS = 20
COUNT_DEAD_LETTERS = "SELECT count(*) FROM saga.dead_letter WHERE kind = 'failed'"


def data(order_id: str, number: int) -> dict[str, object]:
    """The data of one of many payments."""
    payment = f"payment-{number * 7_919 % 1_000_003:07}"
    fields = {"order_id": order_id, "payment_id": payment, "amount": 4_200, "currency": "EUR"}
    return {**fields, "received_at": f"2026-01-01T00:{number // 60 % 60:02}:{number % 60:02}Z"}


def envelope(order_id: str, number: int) -> Envelope:
    """A payment as the step gets it."""
    raw = Raw(orjson.dumps([order_id, number]))
    return Envelope("PaymentReceived", uuid4().hex, "/benchmarks", data(order_id, number), raw)


def outgoing(order_id: str, number: int) -> Outgoing:
    """A payment as a sender publishes it."""
    id_ = uuid4().hex
    headers = {"ce-specversion": "1.0", "ce-id": id_, "ce-source": "/benchmarks", "ce-type": "PaymentReceived"}
    body = orjson.dumps(data(order_id, number))
    return Outgoing("saga.events", "payments.PaymentReceived", id_, "PaymentReceived", None, headers, body)


async def cost(engine: AsyncEngine, size: int, console: Console) -> None:
    """Print the processor time of this process for each message, for an order at its limit and for a small one."""
    step = Step(engine, order_process())
    rounds = ROUNDS if size == 1 else 3
    for known in (0, PAYMENTS.most - size):
        spent = 0.0
        for number in range(rounds):
            order = f"cost-{size}-{known}-{number}"
            for start in range(0, known, BATCH):
                await step.handle([envelope(order, one) for one in range(start, min(start + BATCH, known))])
            batch = [envelope(order, known + one) for one in range(size)]
            began = time.process_time()
            result = await step.handle(batch)
            spent += time.process_time() - began
            assert result.taken == size
        mean = spent / rounds / size * 1e3
        console.print(f"{size:>4} in a batch, {known:>4} known before: {mean:.2f} ms a message")


async def flood(place: Place, count: int, console: Console) -> None:
    """Print how long an order behind the flood waits, in two ways, and how long a worker takes to stop in the flood."""
    messages = [outgoing("big", number) for number in range(count)]
    async with place.fresh() as here, here.plainly() as connection:
        await here.fill([*messages, outgoing("behind", 1)])
        async with ready(here, WORKER):
            seconds = await answered(connection, "behind")
            console.print(
                f"{count} of one order in the queue, another behind: answered {seconds:.1f} s after the start"
            )
            began = time.monotonic() - seconds
            while await connection.fetchval(COUNT_DEAD_LETTERS) < count - PAYMENTS.most:
                await asyncio.sleep(0.05)
            console.print(f"all others were, at {count / (time.monotonic() - began):.0f} messages a second")
    async with place.fresh() as here, here.plainly() as connection, ready(here, WORKER) as worker:
        await here.fill(messages)
        await here.fill([outgoing("behind", 1)])
        seconds = await answered(connection, "behind")
        console.print(
            f"{count} of one order published to a worker, another behind: answered {seconds:.1f} s after it was"
        )
        peak = psutil.Process(worker.pid).memory_info().rss / 1e6
        console.print(f"the worker has {peak:.0f} MB then")
        began = time.monotonic()
        await worker.stop()
        console.print(f"SIGTERM in the middle of it: gone after {time.monotonic() - began:.1f} s")


async def answered(connection: asyncpg.Connection, order_id: str) -> float:
    """The seconds until an order has an instance."""
    began = time.monotonic()
    while not await connection.fetchval("SELECT count(*) FROM saga.instance WHERE process_id = $1", order_id):
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def measure(place: Place, count: int, console: Console) -> None:
    """Measure both at this place."""
    async with place.fresh() as here, here.connected() as engine:
        await cost(engine, 1, console)
        await cost(engine, BATCH, console)
    await flood(place, count, console)


def main(count: int) -> None:
    """Measure on a private stack."""
    console = Console(soft_wrap=True)
    configure_logging("benchmark", "error")
    collect_rarely()
    with tempfile.TemporaryDirectory(prefix="saga-bench-") as logs, LocalStack.temporary(console.print) as stack:
        migrate(stack.addresses.database_url)
        uvloop.run(measure(Place(stack.addresses, Path(logs)), count, console))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else FLOOD)
