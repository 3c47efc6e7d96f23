"""The messages for the queue: inputs of orders, as any sender would write them."""

import time
from enum import Enum
from hashlib import blake2b
from uuid import uuid4

import orjson

from saga.modules.outgoing import Outgoing

INPUTS = ("orders.OrderPlaced", "orders.OrderCancelled", "payments.PaymentReceived", "scheduler.PaymentTimedOut")
HOT_ORDERS = 10


class Kind(Enum):
    """The kinds of load."""

    NEW = "new instances"
    FOUR = "4 messages each, interleaved"
    HOT = "10 hot instances"
    DUPLICATES = "all duplicates"


class Ids(Enum):
    """The order of the ids of orders and messages."""

    RANDOM = "random ids"
    BY_TIME = "ids in the order of time"


def inputs(kind: Kind, count: int, ids: Ids = Ids.RANDOM) -> list[Outgoing]:
    """About ``count`` messages of new orders, each with an id of its own."""
    run, key = (uuid4().hex[:8], random_key) if ids is Ids.RANDOM else (f"{time.time_ns():016x}", timely_key)
    match kind:
        case Kind.NEW | Kind.DUPLICATES:
            return [message(key(run, n), INPUTS[0], key(run, n)) for n in range(count)]
        case Kind.FOUR:
            orders = max(1, count // 4)
            return [message(key(run, n % orders), INPUTS[n // orders], key(run, n)) for n in range(orders * 4)]
        case Kind.HOT:
            return [
                message(key(run, n % HOT_ORDERS), INPUTS[n // HOT_ORDERS % len(INPUTS)], key(run, n))
                for n in range(count)
            ]


def random_key(run: str, number: int) -> str:
    """An id of an order or a message that, like a random one, may fall anywhere in an index."""
    return blake2b(f"{run}-{number}".encode(), digest_size=16).hexdigest()


def timely_key(run: str, number: int) -> str:
    """An id that sorts after earlier ones, like ULID and UUIDv7: it falls at one end of an index."""
    return f"{run}{number:016x}"


def message(order_id: str, routing_key: str, message_id: str, *, padding: int = 0) -> Outgoing:
    """One input; ``padding`` adds so many bytes in a field that is not read."""
    data: dict[str, object] = {
        "order_id": order_id,
        "payment_id": f"pay-{order_id}",
        "amount": 4_200,
        "currency": "EUR",
    }
    if padding:
        data["remark"] = "x" * padding
    headers = {
        "ce-specversion": "1.0",
        "ce-id": message_id,
        "ce-source": "/benchmarks",
        "ce-type": routing_key.partition(".")[2],
        "ce-subject": order_id,
    }
    return Outgoing("saga.events", routing_key, message_id, headers["ce-type"], None, headers, orjson.dumps(data))
