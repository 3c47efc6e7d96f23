"""What the processes of the gallery hear."""

from pydantic import BaseModel


class OrderMessage(BaseModel):
    """What every message about an order has."""

    order_id: str


class OrderPlaced(OrderMessage):
    """Somebody ordered."""


class OrderCancelled(OrderMessage):
    """The customer no longer wants it."""


class OrderShipped(OrderMessage):
    """The parcel has left the house."""


class PaymentReceived(OrderMessage):
    """Money came in."""

    payment_id: str
    amount: int
    received_at: str


class PaymentTimedOut(OrderMessage):
    """The payment deadline has passed."""


class AmountSet(OrderMessage):
    """What the order costs, as the shop says; a later revision replaces an earlier one."""

    revision: int
    amount: int


class ParcelDelivered(OrderMessage):
    """A parcel of the order has arrived."""

    parcel_id: str
