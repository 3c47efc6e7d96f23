"""What the orders module tells: two events to everybody, one to itself."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from saga.modules import Module, internal


class OrderPlaced(BaseModel):
    """Somebody ordered; ``amount`` is in minor units, such as cents."""

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
    """How suspicious an order is, from 0 to 100, and why: nobody else's business."""

    order_id: str
    score: int
    signals: tuple[str, ...] = ()


ORDERS = Module("orders", stream="order_id", events=(OrderPlaced, OrderCancelled, FraudScoreComputed))
