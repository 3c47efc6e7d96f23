"""A real OTLP receiver sees one order from its publisher through step, relay, gateway, answer and timeout."""

from itertools import pairwise
from pathlib import Path

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from saga.devstack.services import our_services
from saga.modules import NewEvent, append
from saga.postgres import durable_transaction
from tests.engine.conversation import execute, rows
from tests.harness.collector import Collector, attributes_of, collecting, links_of, parent_of, place_of
from tests.rabbitmq.place import Place
from tests.system.crew import crew_at
from tests.waiting import until

PUBLISHED = (0xABCDEF, 0x123)
"""The trace and the span in which the publisher records the order."""
TRACEPARENT = f"00-{PUBLISHED[0]:032x}-{PUBLISHED[1]:016x}-01"


PROMPT = """
summary = "Answers soon"

[delay]
kind = "uniform"
least_seconds = 0.0
most_seconds = 0.1
"""


def prompt(folder: Path) -> Path:
    """A scenario of the gateway in which nobody waits."""
    file = folder / "prompt.toml"
    file.write_text(PROMPT)
    return file


async def place_orders(place: Place) -> None:
    """One order in a trace, and one without."""
    ids = {"traced-1": {"traceparent": TRACEPARENT}, "silent-1": {}}
    data = {"amount": 4_200, "currency": "EUR"}
    async with durable_transaction(place.engine) as connection:
        orders = [
            NewEvent(order_id, "OrderPlaced", f"event-{order_id}", {"order_id": order_id, **data}, metadata=metadata)
            for order_id, metadata in ids.items()
        ]
        await append(connection, "orders", orders)


async def both_have_answered(place: Place, kind: str) -> bool:
    answered = await rows(
        place.engine,
        "SELECT stream_id FROM saga.event_log WHERE type LIKE 'Input%' AND data ->> 'type' = :kind",
        kind=kind,
    )
    return sorted(answered) == [("silent-1",), ("traced-1",)]


async def chain_of(collector: Collector, *names: str) -> list[Span]:
    """The spans of these names, each the child of the one before; the first is returned too."""
    spans = [await collector.named(name) for name in names]
    for span in spans:
        assert len(collector.all_named(span.name)) == 1, span.name
    for earlier, later in pairwise(spans):
        assert place_of(later)[0] == place_of(earlier)[0], later.name
        assert parent_of(later) == place_of(earlier)[1], later.name
        assert later.start_time_unix_nano <= later.end_time_unix_nano
    return spans


async def test_one_order_is_followed_from_its_publisher_to_its_answer_and_its_timeout(
    place: Place, tmp_path: Path
) -> None:
    async with collecting() as collector:
        environment = {"SAGA_TRACES": "0", **collector.environment}
        async with crew_at(place, tmp_path, our_services(1, 1, str(prompt(tmp_path))), environment=environment):
            await place_orders(place)
            await until(lambda: both_have_answered(place, "PaymentReceived"))
            # Paid before their deadlines, however slow the machine is: an order that expires is not asked to pay.
            await execute(place.engine, "UPDATE saga.timer SET due_at = now() - interval '1 s'")
            await until(lambda: both_have_answered(place, "PaymentTimedOut"))
        # What the services have sent at their end is here a moment later.
        events, commands = f"{place.prefix}.events", f"{place.prefix}.commands"
        order = await chain_of(
            collector,
            f"send {events}:orders.OrderPlaced",
            "process OrderPlaced",
            f"send {commands}:gateway.RequestPayment",
            "process RequestPayment",
            f"send {events}:payments.PaymentReceived",
            "process PaymentReceived",
        )
        timeout = await chain_of(
            collector, "fire payment_deadline", f"send {events}:scheduler.PaymentTimedOut", "process PaymentTimedOut"
        )
    assert (place_of(order[0])[0], parent_of(order[0])) == PUBLISHED
    fired, placed = timeout[0], order[1]
    assert links_of(fired) == {place_of(placed)}
    assert parent_of(fired) == 0
    assert place_of(fired)[0] != PUBLISHED[0]
    said = attributes_of(placed)
    assert (said["saga.process"], said["saga.decision"], said["saga.outcome"]) == ("order", "taken", "awaiting_payment")
    assert attributes_of(order[3])["saga.decision"] == "requested"
    assert attributes_of(order[5])["saga.outcome"] == "paid"
    batches = {place_of(span): span for span in collector.all_named("process order")}
    batch = batches[next(iter(links_of(placed)))]
    assert place_of(placed) in links_of(batch)
    assert [event.name for event in batch.events] == ["verify", "dedup", "lock", "decide", "write", "commit"]
    assert "traced-1" not in {value for span in collector.spans for value in attributes_of(span).values()}
