"""What the order process hears. Money is an integer of minor units with an ISO 4217 currency; times carry a zone.

A message is checked strictly where it names a field, and keeps what it does not name.
"""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from saga.core.identifier import MAX_BYTES, is_short

MAX_AMOUNT = 2**53 - 1
"""The greatest amount that every JSON reader understands exactly."""

MAX_TIMEOUT_SECONDS = 366 * 86_400


def _in_utc(text: str) -> str:
    """The instant in UTC with microseconds, so that instants sort as text does."""
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            raise ValueError("no zone")
        return instant.astimezone(UTC).isoformat(timespec="microseconds")
    except (ValueError, OverflowError):
        raise ValueError("must be an ISO 8601 time with a zone, such as 2026-01-31T12:00:00Z") from None


Identifier = Annotated[str, Field(strict=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Amount = Annotated[int, Field(strict=True, gt=0, le=MAX_AMOUNT, description="minor units, such as cents")]
Currency = Annotated[str, Field(strict=True, pattern=r"^[A-Z]{3}$", description="ISO 4217")]
Instant = Annotated[str, Field(strict=True, max_length=64), AfterValidator(_in_utc)]


def _short(text: str) -> str:
    """An order id goes into the header of messages, where bytes are counted."""
    if not is_short(text):
        raise ValueError(f"should have at most {MAX_BYTES} bytes of UTF-8")
    return text


OrderId = Annotated[Identifier, AfterValidator(_short)]


class OrderMessage(BaseModel):
    """What every message about an order has."""

    model_config = ConfigDict(frozen=True, extra="allow")

    order_id: OrderId


class OrderPlaced(OrderMessage):
    """From orders: somebody ordered, and a payment of this amount is due."""

    amount: Amount
    currency: Currency
    payment_timeout_seconds: Annotated[float, Field(strict=True, gt=0, le=MAX_TIMEOUT_SECONDS)] | None = None


class OrderCancelled(OrderMessage):
    """From orders: the customer no longer wants it."""

    reason: str | None = None


class PaymentReceived(OrderMessage):
    """From payments: money came in. ``payment_id`` names the payment, whoever tells of it and however often."""

    payment_id: Identifier
    amount: Amount
    currency: Currency
    received_at: Instant | None = None


class PaymentTimedOut(OrderMessage):
    """From the scheduler: the payment deadline of the order has passed."""

    due_at: Instant | None = None
