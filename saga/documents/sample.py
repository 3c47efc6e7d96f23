"""Sample messages about an order, or any other instance."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from saga.convergence import derive_samples
from saga.core import Process
from saga.orders.messages import OrderCancelled, OrderPlaced, PaymentReceived, PaymentTimedOut

_USUAL: Final[Mapping[type, Callable[[str], dict[str, Any]]]] = {
    OrderPlaced: lambda _: {"amount": 4200, "currency": "EUR"},
    OrderCancelled: lambda _: {"reason": "the customer changed their mind"},
    PaymentReceived: lambda order_id: {
        "payment_id": f"payment-{order_id}"[:200],
        "amount": 4200,
        "currency": "EUR",
    },
    PaymentTimedOut: lambda _: {},
}
"""Natural values for the messages that people try first."""


def sample_data(process: Process, type_: str, process_id: str) -> dict[str, Any]:
    """Sample data for a message of this type; for a type that the process does not consume, only the instance.

    The data is the same each time: sent again, also under another id, it is the same fact and no contradiction. Raises
    DeclarationError where the message class does not say which values a field may have.
    """
    kind = process.message_types.get(type_)
    if kind is None:
        return {process.correlate: process_id}
    if kind in _USUAL:
        return {process.correlate: process_id, **_USUAL[kind](process_id)}
    fields = next(fact.fields for fact in derive_samples(process, variants=1) if fact.kind is kind)
    return {**fields, process.correlate: process_id}
