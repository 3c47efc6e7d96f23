"""The plan of a scenario: which messages about which orders are sent when. The same seed gives the same plan.

Each order has a random set of facts; each fact comes in one to several copies, shuffled over a few seconds, so that
every order of arrival occurs, duplicates and messages before their OrderPlaced among them. Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from saga.core.routing import routing_key
from saga.operations import Form, NewMessage

BEGIN = datetime(2026, 1, 31, 12, tzinfo=UTC)
DEADLINE_AFTER_SPREAD_SECONDS = 1.0
SECOND_PAYMENT_SHARE = 0.3
FORMS = (Form.BINARY, Form.BINARY, Form.STRUCTURED)


@dataclass(frozen=True, slots=True)
class Shape:
    """Messages per second, the most copies of each, and the seconds over which the messages of an order are spread."""

    orders: int
    rate: float
    max_copies: int
    spread_seconds: float


@dataclass(frozen=True, slots=True)
class Arrival:
    """One copy of a message, and when it is due, in seconds after the start."""

    at: float
    sample: NewMessage


def order_ids(run: str, orders: int) -> list[str]:
    """The orders of a run; runs with other names have other orders."""
    return [f"{run}-{number:05d}" for number in range(1, orders + 1)]


def arrivals(run: str, seed: int, shape: Shape) -> list[Arrival]:
    """Every copy of every message of a run, in the order in which they are due."""
    random, planned, begin = Random(seed), [], 0.0
    for order_id in order_ids(run, shape.orders):
        copies = [
            sample for sample in _messages(order_id, random, shape) for _ in range(random.randint(1, shape.max_copies))
        ]
        planned += [Arrival(begin + random.uniform(0, shape.spread_seconds), sample) for sample in copies]
        begin += len(copies) / shape.rate
    return sorted(planned, key=lambda arrival: arrival.at)


def _messages(order_id: str, random: Random, shape: Shape) -> Iterator[NewMessage]:
    """One message for each fact of the order; at least one."""
    facts = [
        fact
        for fact in ("OrderPlaced", "PaymentReceived", "OrderCancelled", "PaymentTimedOut")
        if random.random() < 0.5
    ]
    for number, fact in enumerate(facts or ["OrderPlaced"], 1):
        yield _message(order_id, fact, number, random, shape)
        if fact == "PaymentReceived" and random.random() < SECOND_PAYMENT_SHARE:
            yield _message(order_id, fact, 9, random, shape)


def _message(order_id: str, fact: str, number: int, random: Random, shape: Shape) -> NewMessage:
    module = {"PaymentReceived": "payments", "PaymentTimedOut": "scheduler"}.get(fact, "orders")
    time = (BEGIN + timedelta(seconds=random.randint(0, 3_600))).isoformat().replace("+00:00", "Z")
    fields: dict[str, dict[str, Any]] = {
        "OrderPlaced": {
            "amount": 4200,
            "currency": "EUR",
            "payment_timeout_seconds": shape.spread_seconds + DEADLINE_AFTER_SPREAD_SECONDS,
        },
        "PaymentReceived": {
            "payment_id": f"{order_id}-payment-{number}",
            "amount": 4200,
            "currency": "EUR",
            "received_at": time,
        },
        "PaymentTimedOut": {"due_at": time},
    }
    return NewMessage(
        type=fact,
        process_id=order_id,
        module=module,
        id=f"{order_id}-{number}",
        source=f"/modules/{module}",
        time=time,
        routing_key=routing_key(module, fact),
        form=random.choice(FORMS),
        data={"order_id": order_id, **fields.get(fact, {})},
    )
