"""The messages that the processes of the gallery consume."""

from pydantic import BaseModel


class OrderMessage(BaseModel):
    """The data of every message about an order."""

    order_id: str


class OrderPlaced(OrderMessage):
    """A customer has placed an order."""


class OrderCancelled(OrderMessage):
    """The customer no longer wants it."""


class OrderShipped(OrderMessage):
    """The parcel has left the warehouse."""


class PaymentReceived(OrderMessage):
    """A payment was received."""

    payment_id: str
    amount: int
    received_at: str


class PaymentTimedOut(OrderMessage):
    """The payment deadline has passed."""


class AmountSet(OrderMessage):
    """The shop has set the amount of the order; a later revision replaces an earlier one."""

    revision: int
    amount: int


class ParcelDelivered(OrderMessage):
    """A parcel of the order has arrived."""

    parcel_id: str
