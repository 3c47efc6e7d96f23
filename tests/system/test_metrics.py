"""Running services show every metric of the table, to a real Prometheus, and what they show moves with the messages."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
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
from tests.engine.conversation import execute, message
from tests.harness.prometheus import Prometheus, prometheus_at
from tests.rabbitmq.place import Place
from tests.rabbitmq.wire import channel_at
from tests.system.crew import Crew, crew_at
from tests.waiting import until

NAMES = ("worker-1", "scheduler-1", "gateway-stub")
DEPLOYED = Path(__file__).parents[2] / "deploy/prometheus"
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


async def test_a_prometheus_scrapes_every_service_and_every_panel_of_the_dashboard_shows_something(
    place: Place, tmp_path: Path
) -> None:
    """What happens meanwhile has an effect on every metric; what flows is more than nothing."""
    await one_is_stuck(place)
    async with crew_at(place, tmp_path, our_services(1, 1), environment=ENVIRONMENT) as crew:
        ports = [port_of(crew, name) for name in NAMES]
        for path in ("/healthz", "/readyz"):
            assert await asyncio.gather(*(asked(port, path) for port in ports)) == [(200, "OK\n")] * 3
        # A consumer that loses its queue starts over.
        async with channel_at(place) as channel:
            await channel.queue_delete(place.order_queue)
        async with prometheus_at(tmp_path / "prometheus", ports, DEPLOYED / "alerts.yml") as prometheus:
            await until(partial(empty_panels, place, prometheus), lambda empty: empty == [])
            assert await prometheus.values('up{job="saga"}') == [1.0] * len(NAMES)
            groups = (await prometheus.ask("rules"))["groups"]
            rules = [rule for group in groups for rule in group["rules"]]
            assert {rule["health"] for rule in rules} == {"ok"}
            assert len(rules) == (DEPLOYED / "alerts.yml").read_text().count("alert:")
        names = {name for name in await scrape(crew, *NAMES) if name.startswith(("saga_", "messaging_"))}
        assert names == {metric.name for metric in TABLE}


async def empty_panels(place: Place, prometheus: Prometheus) -> list[str]:
    """The titles of the panels that show nothing, while orders come in; of a rate, 0 is nothing."""
    await place_orders(place, 0.3, 3_600)
    empty = []
    for title, expr in panels_of_the_dashboard():
        values = await prometheus.values(expr.replace("$__rate_interval", "1m"))
        flows = title.endswith("per second") and "retries" not in expr
        if not (any(values) if flows else values):
            empty.append(title)
    return empty


def panels_of_the_dashboard() -> Iterator[tuple[str, str]]:
    """The title and the expression of each."""
    for panel in json.loads((DEPLOYED / "dashboard.json").read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


async def test_figures_of_the_database_are_what_it_holds(place: Place, tmp_path: Path) -> None:
    await one_is_stuck(place)
    async with crew_at(place, tmp_path, our_services(0, 1, simulated=False), environment=ENVIRONMENT) as crew:
        await place_orders(place, 3_600, 3_600)
        await execute(place.engine, "INSERT INTO saga.cursor (consumer, module) SELECT 'relay', name FROM saga.module")
        expected = {"saga_outbox_pending_messages": 3.0, "saga_dead_letters_open": 1.0, "saga_instances": 1.0}
        await until(lambda: scrape(crew, "scheduler-1"), lambda seen: expected.items() <= seen.items())
