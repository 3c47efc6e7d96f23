"""The commands for the simulated collaborators. Pure; pydantic checks the data here."""

from pydantic import BaseModel, ConfigDict

from saga.orders.messages import Amount, Currency, Identifier, OrderId


class OrderCommand(BaseModel):
    """The data of every command."""

    model_config = ConfigDict(frozen=True)

    order_id: OrderId


class RequestPayment(OrderCommand):
    """To the gateway: collect this amount."""

    amount: Amount
    currency: Currency


class VoidPayment(OrderCommand):
    """To the gateway: collect nothing from now on."""


class RefundPayment(OrderCommand):
    """To the gateway: give this one payment back."""

    payment_id: Identifier
    amount: Amount
    currency: Currency


class StartFulfilment(OrderCommand):
    """To fulfilment: pack and send it."""


class StopFulfilment(OrderCommand):
    """To fulfilment: do not send it, or get it back."""
