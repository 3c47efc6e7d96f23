"""Processes whose contracts are looked at, and what validates a document."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator

from examples.gallery import last_write_wins
from examples.parcel.parcel import parcel
from examples.parcel.purchase import purchase
from examples.shop.order import order
from examples.trip.process import trip
from saga.core import Announces, Process
from saga.orders import order_process
from saga.orders.process import ORDER, Outcome

SPECIFICATIONS = Path(__file__).parent / "asyncapi"
ANNOUNCES = Announces(
    {
        Outcome.AWAITING_PAYMENT: "OrderOpen",
        Outcome.PAID: "OrderPaid",
        Outcome.EXPIRED: "OrderClosed",
        Outcome.CANCELLED: "OrderClosed",
        Outcome.REFUNDED: "OrderRefunded",
    },
    final=frozenset({Outcome.REFUNDED}),
    register=ORDER,
    fields=("currency",),
)
PROCESSES: dict[str, Process] = {
    "order": order_process(),
    "announcing": replace(order_process(), announces=ANNOUNCES),
    "shop": order,
    "trip": trip,
    "parcel": parcel,
    "purchase": purchase,
    "last_write_wins": last_write_wins.mended,
}


@cache
def specification(version: str) -> Draft7Validator:
    """The official schema of AsyncAPI; it has all of its parts inside."""
    return Draft7Validator(json.loads((SPECIFICATIONS / f"{version}.json").read_text()))


def refusals(schema: Any, value: Any) -> list[str]:
    """Why a JSON Schema refuses a value."""
    Draft202012Validator.check_schema(schema)
    return [one.message for one in Draft202012Validator(schema).iter_errors(value)]
