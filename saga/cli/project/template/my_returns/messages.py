"""The messages that the process consumes, and its command. The name of a class is the type on the wire."""

from pydantic import BaseModel, ConfigDict, PositiveInt


class ReturnMessage(BaseModel):
    """What every message about a return has."""

    model_config = ConfigDict(frozen=True)

    return_id: str


class ReturnRequested(ReturnMessage):
    """From the shop: a customer sends an item back. ``amount`` is in minor units, such as cents."""

    amount: PositiveInt
    currency: str
    wait_seconds: float | None = None


class ReturnWithdrawn(ReturnMessage):
    """From the shop: the customer keeps the item after all."""


class ItemReceived(ReturnMessage):
    """From the warehouse: the item is here."""


class RefundIssued(ReturnMessage):
    """From the bank: the money is on its way."""


class ItemOverdue(ReturnMessage):
    """From the scheduler: the customer had time enough to send the item."""


class RefundOverdue(ReturnMessage):
    """From the scheduler: the bank had time enough to answer."""


class IssueRefund(ReturnMessage):
    """To the bank: give the customer the money back."""

    amount: PositiveInt
    currency: str
