"""The events of the orders module: two public ones, one internal."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from saga.modules import Module, internal


class OrderPlaced(BaseModel):
    """A customer has placed an order; ``amount`` is in minor units, such as cents."""

    model_config = ConfigDict(frozen=True)

    order_id: str
    amount: int
    currency: str


class OrderCancelled(BaseModel):
    """The customer no longer wants it."""

    model_config = ConfigDict(frozen=True)

    order_id: str
    reason: str


@internal
@dataclass(frozen=True, slots=True)
class FraudScoreComputed:
    """How suspicious an order is, from 0 to 100, and why; other modules never see it."""

    order_id: str
    score: int
    signals: tuple[str, ...] = ()


ORDERS = Module("orders", stream="order_id", events=(OrderPlaced, OrderCancelled, FraudScoreComputed))
