"""How fast a filled queue is drained, beside a client that only consumes and acknowledges, in one run.

Everything is private and real: Postgres with fsync, RabbitMQ with quorum queues, both started for this run. Rounds
alternate, so that what the machine does meanwhile hits both. The figure to quote is the ratio.

    .venv/bin/python benchmarks/drain.py [--messages 20000] [--rounds 3]
"""

import argparse
import asyncio
import json
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

import aio_pika
import orjson
import uvloop
from aio_pika.abc import AbstractIncomingMessage
from rich.console import Console
from rich.table import Table

from saga.core import Envelope, Poison
from saga.engine import Step
from saga.local.stack import Addresses, LocalStack
from saga.logging import configure_logging
from saga.orders import order_process
from saga.postgres import connect_engine
from saga.postgres.migrations import migrate
from saga.service import collect_rarely
from saga.settings import load_settings
from saga.transport.codec import Outgoing
from saga.transport.consumer import Consumer
from saga.transport.publisher import Publisher
from saga.transport.topology import Topology, topology
from saga.transport.worker import Worker

PUBLISH_BATCH = 500
INPUTS = ("orders.OrderPlaced", "orders.OrderCancelled", "payments.PaymentReceived", "scheduler.PaymentTimedOut")


def messages(count: int, per_order: int) -> list[Outgoing]:
    """Messages of orders that nobody has seen before: ``per_order`` inputs for each, interleaved over all orders."""
    run, orders = uuid4().hex[:8], max(1, count // per_order)
    return [_message(f"{run}-{n % orders}", INPUTS[n // orders], f"{run}-{n}") for n in range(orders * per_order)]


def _message(order_id: str, routing_key: str, message_id: str) -> Outgoing:
    data = {"order_id": order_id, "payment_id": f"pay-{order_id}", "amount": 4_200, "currency": "EUR"}
    headers = {
        "ce-specversion": "1.0",
        "ce-id": message_id,
        "ce-source": "/benchmarks/drain",
        "ce-type": routing_key.partition(".")[2],
        "ce-subject": order_id,
    }
    return Outgoing("saga.events", routing_key, message_id, headers["ce-type"], None, headers, orjson.dumps(data))


async def fill(addresses: Addresses, wanted: Topology, outgoing: list[Outgoing]) -> None:
    """Put the messages into the queue, confirmed."""
    async with Publisher(addresses.amqp_url, wanted, timeout_seconds=30) as publisher:
        for start in range(0, len(outgoing), PUBLISH_BATCH):
            await publisher.publish(outgoing[start : start + PUBLISH_BATCH])


async def consume_and_step(addresses: Addresses, wanted: Topology, count: int, *, stepping: bool) -> float:
    """Seconds to consume, decode and acknowledge in batches, with or without the durable step in between."""
    engine = connect_engine(addresses.database_url, "benchmark")
    step, left, done = Step(engine, order_process()), count, asyncio.Event()

    async def handle(batch: Sequence[Envelope | Poison]) -> None:
        nonlocal left
        if stepping:
            await step.take(batch)
        left -= len(batch)
        if left <= 0:
            done.set()

    try:
        return await _timed(Consumer(addresses.amqp_url, wanted, "order", handle, 200).run, done.wait)
    finally:
        await engine.dispose()


async def consume_with_aio_pika(addresses: Addresses, wanted: Topology, count: int) -> float:
    """The same through aio-pika's own callback, undecoded: what one would write by hand."""
    seen, done = 0, asyncio.Event()
    async with await aio_pika.connect(addresses.amqp_url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=600)
        queue = await channel.get_queue(wanted.queue("order"), ensure=False)

        async def forget(message: AbstractIncomingMessage) -> None:
            nonlocal seen
            seen += 1
            if seen % 200 == 0 or seen == count:
                await message.ack(multiple=True)
            if seen == count:
                done.set()

        start = time.perf_counter()
        await queue.consume(forget)
        await done.wait()
        return time.perf_counter() - start


class Counting(Worker):
    """A worker that says when it has taken in as many messages as it should."""

    def expect(self, count: int) -> asyncio.Event:
        """The event that is set after ``count`` messages."""
        self._left, self._done = count, asyncio.Event()
        return self._done

    async def _handle(self, messages: Sequence[Envelope | Poison]) -> None:
        await super()._handle(messages)
        self._left -= len(messages)
        if self._left <= 0:
            self._done.set()


async def work(addresses: Addresses, count: int) -> float:
    """Seconds until one whole worker has taken in all of them; it relays the commands to their queues meanwhile."""
    engine = connect_engine(addresses.database_url, "benchmark")
    worker = Counting(engine, addresses.amqp_url, order_process(), load_settings())
    try:
        return await _timed(worker.run, worker.expect(count).wait)
    finally:
        await engine.dispose()


async def _timed(
    run: Callable[[asyncio.Event, asyncio.Event], Awaitable[None]], finished: Callable[[], Awaitable[object]]
) -> float:
    stop, ready = asyncio.Event(), asyncio.Event()
    running = asyncio.ensure_future(run(stop, ready))
    await ready.wait()
    start = time.perf_counter()
    await finished()
    seconds = time.perf_counter() - start
    stop.set()
    await running
    return seconds


SCENARIOS = {
    "aio-pika: consume, acknowledge": 1,
    "ours: consume, decode, acknowledge": 1,
    "and the durable step, new instances": 1,
    "whole worker, new instances": 1,
    "whole worker, 4 messages each": 4,
}
BASELINE = next(iter(SCENARIOS))


async def measure(addresses: Addresses, count: int, rounds: int) -> dict[str, list[float]]:
    """Messages per second of each scenario, one figure a round."""
    wanted = topology(load_settings().prefix, order_process())
    rates: dict[str, list[float]] = {scenario: [] for scenario in SCENARIOS}
    for _ in range(rounds):
        for scenario, per_order in SCENARIOS.items():
            outgoing = messages(count, per_order)
            await fill(addresses, wanted, outgoing)
            rates[scenario].append(len(outgoing) / await _seconds(scenario, addresses, wanted, len(outgoing)))
    return rates


async def _seconds(scenario: str, addresses: Addresses, wanted: Topology, count: int) -> float:
    if scenario.startswith("aio-pika"):
        return await consume_with_aio_pika(addresses, wanted, count)
    if scenario.startswith("whole"):
        return await work(addresses, count)
    return await consume_and_step(addresses, wanted, count, stepping="step" in scenario)


def show(rates: dict[str, list[float]]) -> None:
    """Medians, spread, and the ratio to a client that only consumes."""
    limit = statistics.median(rates[BASELINE])
    table = Table(title=f"One worker, filled queue, {os.cpu_count()} cores")
    for heading in ("scenario", "messages/s (median)", "lowest to highest", "ratio"):
        table.add_column(heading, justify="left" if heading == "scenario" else "right")
    for scenario, figures in rates.items():
        median = statistics.median(figures)
        table.add_row(
            scenario, f"{median:,.0f}", f"{min(figures):,.0f} to {max(figures):,.0f}", f"{median / limit:.2f}"
        )
    Console().print(table)
    print(json.dumps({"messages_per_second": rates}))


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    configure_logging("benchmark", "error")
    collect_rarely()
    with LocalStack.temporary(Console(stderr=True).print) as stack:
        migrate(stack.addresses.database_url)
        show(uvloop.run(measure(stack.addresses, arguments.messages, arguments.rounds)))


if __name__ == "__main__":
    main()
