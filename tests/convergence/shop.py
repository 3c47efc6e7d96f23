"""Small parts that the tests of the checker put together."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from pydantic import BaseModel

from saga.core import Column, Fact, Process, Reducer, Register, SubMachine, Wanted, outcomes


class Placed(BaseModel):
    order_id: str


class Cancelled(BaseModel):
    order_id: str


class Shipped(BaseModel):
    order_id: str


class Elapsed(BaseModel):
    order_id: str


class Paid(BaseModel):
    order_id: str
    payment_id: str
    amount: int


class Heard(Enum):
    NO = "no"
    YES = "yes"


class Outcome(Enum):
    OPEN = "open"
    PAID = "paid"
    CANCELLED = "cancelled"
    SHIPPED = "shipped"
    EXPIRED = "expired"


KINDS: Mapping[str, type[BaseModel]] = {
    "placed": Placed,
    "cancelled": Cancelled,
    "shipped": Shipped,
    "elapsed": Elapsed,
    "paid": Paid,
}


def memory(name: str, kind: type | None = None) -> SubMachine[Heard]:
    """A sub-machine that remembers whether an input came."""
    return SubMachine(name, start=Heard.NO, moves={state: {kind or KINDS[name]: Heard.YES} for state in Heard})


def fact(kind: type, **fields: Any) -> Fact:
    return Fact(kind, {"order_id": "o", **fields})


def process(
    *columns: Column,
    rule: Any,
    wants: tuple[Wanted, ...] = (),
    registers: tuple[Register | Reducer, ...] = (),
    settled: frozenset[Enum] | None = None,
    version: int = 1,
    machines: tuple[SubMachine[Any], ...] | None = None,
    table: Any = None,
) -> Process:
    """A process of these columns; the sub-machines among them are its parts unless others are given."""
    machines = machines if machines is not None else tuple(one for one in columns if isinstance(one, SubMachine))
    table = table or outcomes(*columns, rule=rule)
    heard: dict[type, None] = {}
    for one in (*machines, *registers):
        heard |= dict.fromkeys(sorted(one.inputs, key=lambda kind: kind.__name__))
    return Process(
        name="shop",
        version=version,
        correlate="order_id",
        inputs={"m": tuple(heard)},
        machines=machines,
        registers=registers,
        outcomes=table,
        wanted=wants,
        settled=frozenset(table.states) if settled is None else settled,
    )
