"""Running services show every metric of the table, and what they show moves with the messages."""

import asyncio
import json
from collections import defaultdict
from pathlib import Path
from uuid import uuid4

from prometheus_client.parser import text_string_to_metric_families

from saga.devstack.services import our_services
from saga.engine import Step
from saga.metrics.table import TABLE
from saga.modules import NewEvent, append
from saga.orders import order_process
from saga.postgres import durable_transaction
from tests.endpoint.asking import asked
from tests.engine.conversation import message
from tests.rabbitmq.place import Place
from tests.rabbitmq.wire import channel_at
from tests.system.crew import Crew, crew_at
from tests.waiting import until

NAMES = ("worker-1", "scheduler-1", "gateway-stub")
ENVIRONMENT = {"SAGA_METRICS_LISTEN": ":0"}

Scrape = dict[str, float]
"""The sum of each metric's series; of a histogram, that of its counts."""


def port_of(crew: Crew, name: str) -> int:
    """Where a service listens: its log says so."""
    lines = [json.loads(line) for line in crew.log_of(name).splitlines() if '"listening"' in line]
    return int(lines[-1]["port"])


async def scrape(crew: Crew, *names: str) -> Scrape:
    """What these services show together; only of metrics that have series."""
    sums: defaultdict[str, float] = defaultdict(float)
    for name in names:
        status, text = await asked(port_of(crew, name), "/metrics")
        assert status == 200
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if not sample.name.endswith(("_bucket", "_sum")):
                    sums[sample.name.removesuffix("_count")] += sample.value
    return dict(sums)


async def place_orders(place: Place, *timeouts_seconds: float) -> None:
    """Events of the orders module, in its log."""
    events = [
        NewEvent(
            order_id := f"order-{uuid4()}",
            "OrderPlaced",
            str(uuid4()),
            {"order_id": order_id, "amount": 4_200, "currency": "EUR", "payment_timeout_seconds": seconds},
        )
        for seconds in timeouts_seconds
    ]
    async with durable_transaction(place.engine) as connection:
        await append(connection, "orders", events)


async def one_is_stuck(place: Place) -> None:
    """One instance has a dead letter, because a message came again with other contents."""
    said = [message("OrderPlaced", "stuck-1", message_id="once", amount=amount) for amount in (1, 2)]
    assert (await Step(place.engine, order_process()).handle(said)).dead == 1


async def test_every_metric_of_the_table_is_shown_and_moves(place: Place, tmp_path: Path) -> None:
    await one_is_stuck(place)
    async with crew_at(place, tmp_path, our_services(1, 1), environment=ENVIRONMENT) as crew:
        before = await scrape(crew, *NAMES)
        await place_orders(place, 0.3, 3_600, 3_600)

        async def moved() -> Scrape:
            now = await scrape(crew, *NAMES)
            return {name: value - before.get(name, 0.0) for name, value in now.items()}

        grown = (
            "messaging_client_consumed_messages_total",
            "messaging_client_sent_messages_total",
            "messaging_process_duration_seconds",
            "messaging_client_operation_duration_seconds",
            "saga_step_messages_total",
            "saga_step_batch_messages",
            "saga_step_stage_seconds",
            "saga_message_latency_seconds",
            "saga_timer_lateness_seconds",
            "saga_log_last_position",
            "saga_timers_armed",
        )
        await until(moved, lambda seen: all(seen.get(name, 0) > 0 for name in grown))
        # A consumer that loses its queue starts over.
        async with channel_at(place) as channel:
            await channel.queue_delete(place.order_queue)
        wanted = {metric.name for metric in TABLE}
        await until(lambda: scrape(crew, *NAMES), lambda seen: wanted <= seen.keys())
        assert {name for name in await scrape(crew, *NAMES) if name.startswith(("saga_", "messaging_"))} == wanted


async def test_figures_of_the_database_are_what_it_holds(place: Place, tmp_path: Path) -> None:
    await one_is_stuck(place)
    async with crew_at(place, tmp_path, our_services(0, 1, simulated=False), environment=ENVIRONMENT) as crew:
        await place_orders(place, 3_600, 3_600)
        expected = {"saga_outbox_pending_messages": 3.0, "saga_dead_letters_open": 1.0, "saga_instances": 1.0}
        await until(lambda: scrape(crew, "scheduler-1"), lambda seen: expected.items() <= seen.items())


async def test_probes_tell_a_service_that_waits_from_one_that_works(place: Place, tmp_path: Path) -> None:
    async with crew_at(place, tmp_path, our_services(1, 1), environment=ENVIRONMENT) as crew:
        ports = [port_of(crew, name) for name in NAMES]
        for path in ("/healthz", "/readyz"):
            assert await asyncio.gather(*(asked(port, path) for port in ports)) == [(200, "OK\n")] * 3
