"""The load generator, in a process of its own; prints its results as JSON: `python -m benchmarks.loading --help`.

It publishes by an open-loop schedule and consumes the collaborators' queues. With ``--direct`` it publishes the
commands themselves, without the saga, to measure one hop through the broker alone.
"""

import argparse
import asyncio
import math
import sys
import time
from dataclasses import dataclass, field
from uuid import uuid4

import aiormq
import orjson
import uvloop
from aiormq.abc import DeliveredMessage

from benchmarks.figures import percentile
from benchmarks.messages import INPUTS, message, random_key
from benchmarks.place import PREFIX
from benchmarks.schedule import Schedule
from saga.modules.outgoing import Outgoing
from saga.orders import order_process
from saga.rabbitmq.publisher import Publisher
from saga.rabbitmq.topology import Topology, topology
from saga.service import collect_rarely, required
from saga.settings import load_settings

TICK_SECONDS = 0.001
LEAD_SECONDS = 0.3
AT_ONCE = 500
WARM_UP_SECONDS = 1.0
"""The load's first second is not measured: statements are prepared then, and connections opened."""
SHARES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}


@dataclass(slots=True)
class Load:
    """What to publish, the orders whose commands are awaited, and when each command arrived."""

    direct: bool
    inputs_each: int
    run: str = field(default_factory=lambda: uuid4().hex[:8])
    awaited: dict[str, int] = field(default_factory=dict)
    arrivals: dict[int, float] = field(default_factory=dict)

    def outgoing(self, number: int) -> Outgoing:
        """Message ``number``; of an order with several inputs, only the command for the first one is awaited."""
        order_id, part = random_key(self.run, number // self.inputs_each), number % self.inputs_each
        if part == 0:
            self.awaited[order_id] = number
        made = message(order_id, INPUTS[part], random_key(self.run, number))
        if not self.direct:
            return made
        return Outgoing(
            f"{PREFIX}.commands", "gateway.RequestPayment", made.id, "RequestPayment", None, made.headers, made.body
        )

    def arrived(self, delivered: DeliveredMessage) -> None:
        """Record when the first command of an order came."""
        now = time.perf_counter()
        headers = delivered.header.properties.headers or {}
        number = self.awaited.pop(str(headers.get("ce-subject")), None)
        if number is not None:
            self.arrivals[number] = now


async def listen(amqp_url: str, wanted: Topology, load: Load) -> aiormq.abc.AbstractConnection:
    """Consume everything from the collaborators' queues."""
    connection = await aiormq.connect(amqp_url)
    channel = await connection.channel()
    await channel.basic_qos(prefetch_count=1_000)
    seen = 0

    async def handle(delivered: DeliveredMessage) -> None:
        nonlocal seen
        load.arrived(delivered)
        seen += 1
        if delivered.delivery_tag is not None and (seen % 50 == 0 or not load.awaited):
            await channel.basic_ack(delivered.delivery_tag, multiple=True)

    for name in order_process().collaborators:
        await channel.basic_consume(wanted.queue(name), handle)
    return connection


async def publish(publisher: Publisher, load: Load, schedule: Schedule) -> None:
    """Publish each message when it is due, without waiting for confirms; return when all are confirmed."""
    sent, now = 0, 0.0
    async with asyncio.TaskGroup() as sending:
        while sent < schedule.count:
            due = min(schedule.due(now := time.perf_counter()), sent + AT_ONCE)
            if due > sent:
                sending.create_task(_publish(publisher, [load.outgoing(n) for n in range(sent, due)]))
                sent = due
            await asyncio.sleep(max(TICK_SECONDS, schedule.moment(sent) - now))


async def _publish(publisher: Publisher, outgoing: list[Outgoing]) -> None:
    await publisher.publish(outgoing)


async def run(arguments: argparse.Namespace) -> dict[str, float]:
    """Run the schedule and return latencies in milliseconds and the backlog in messages."""
    amqp_url = required(load_settings().amqp_url, "SAGA_AMQP_URL")
    wanted = topology(PREFIX, order_process())
    load = Load(arguments.direct, arguments.inputs_each)
    async with Publisher(amqp_url, wanted, timeout_seconds=60) as publisher:
        await publisher.publish([message("warm-up", INPUTS[0], random_key(load.run, -1))])
        connection = await listen(amqp_url, wanted, load)
        schedule = Schedule(time.perf_counter() + LEAD_SECONDS, arguments.rate, int(arguments.rate * arguments.seconds))
        await publish(publisher, load, schedule)
        backlog = len(load.awaited)
        deadline = time.perf_counter() + arguments.grace_seconds
        while load.awaited and time.perf_counter() < deadline:
            await asyncio.sleep(0.05)
        await connection.close()
    return _summary(load, schedule, backlog)


async def confirm(arguments: argparse.Namespace) -> dict[str, float]:
    """Measure milliseconds from a publish to its confirm, one at a time."""
    amqp_url = required(load_settings().amqp_url, "SAGA_AMQP_URL")
    load, taken = Load(direct=True, inputs_each=1), []
    async with Publisher(amqp_url, topology(PREFIX, order_process()), timeout_seconds=60) as publisher:
        for number in range(arguments.confirms + 1):
            outgoing, start = load.outgoing(number), time.perf_counter()
            await publisher.publish([outgoing])
            taken.append(time.perf_counter() - start)
    return {name: percentile(taken[1:], share) * 1_000 for name, share in SHARES.items()}


def _summary(load: Load, schedule: Schedule, backlog: int) -> dict[str, float]:
    warm = math.ceil(schedule.rate * WARM_UP_SECONDS / load.inputs_each)
    every = schedule.latencies(load.arrivals)[:: load.inputs_each][warm:]
    figures = {name: percentile(every, share) * 1_000 for name, share in SHARES.items()}
    finite = {name: figure if math.isfinite(figure) else -1.0 for name, figure in figures.items()}
    return finite | {"backlog": backlog, "missing": len(load.awaited), "published": schedule.count}


def main() -> None:
    """Generate load as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loading", description=__doc__)
    parser.add_argument("--rate", type=float, default=100.0, help="messages a second")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--grace-seconds", type=float, default=15.0, help="how long to wait for missing commands")
    parser.add_argument("--inputs-each", type=int, default=1, choices=range(1, len(INPUTS) + 1), help="for each order")
    parser.add_argument("--direct", action="store_true", help="publish the commands themselves")
    parser.add_argument("--confirms", type=int, default=0, help="only so many publishes, one at a time")
    arguments = parser.parse_args()
    collect_rarely()
    sys.stdout.buffer.write(orjson.dumps(uvloop.run(confirm(arguments) if arguments.confirms else run(arguments))))


if __name__ == "__main__":
    main()
