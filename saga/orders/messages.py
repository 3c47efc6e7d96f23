"""The inputs of the order process. Money is an integer of minor units with an ISO 4217 currency; times have a zone.

Declared fields are checked strictly; other fields are kept.
"""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from saga.core.identifier import MAX_BYTES, is_short

MAX_AMOUNT = 2**53 - 1
"""The greatest amount that every JSON parser reads exactly."""

MAX_TIMEOUT_SECONDS = 366 * 86_400


def _in_utc(text: str) -> str:
    """The time in UTC with microseconds, so that times sort as text."""
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
    """Check an order id in bytes: it is sent in message headers, which have a limit in bytes."""
    if not is_short(text):
        raise ValueError(f"should have at most {MAX_BYTES} bytes of UTF-8")
    return text


OrderId = Annotated[Identifier, AfterValidator(_short), Field(description="the order; may come as `subject` instead")]


class OrderMessage(BaseModel):
    """The base of all messages about an order."""

    model_config = ConfigDict(frozen=True, extra="allow")

    order_id: OrderId


class OrderPlaced(OrderMessage):
    """From orders: a customer placed an order, and a payment of this amount is due."""

    amount: Annotated[Amount, Field(description="minor units, such as cents; what `RequestPayment` asks for")]
    currency: Currency
    payment_timeout_seconds: Annotated[
        Annotated[float, Field(strict=True, gt=0, le=MAX_TIMEOUT_SECONDS)] | None,
        Field(description="`SAGA_PAYMENT_TIMEOUT_SECONDS` where it is missing or null"),
    ] = None


class OrderCancelled(OrderMessage):
    """From orders: the customer cancelled the order."""

    reason: str | None = None


class PaymentReceived(OrderMessage):
    """From payments: money came in."""

    payment_id: Annotated[
        Identifier, Field(description="every message about this payment has the same id, from every sender")
    ]
    amount: Annotated[Amount, Field(description="minor units, such as cents; not compared with the order's")]
    currency: Annotated[Currency, Field(description="ISO 4217; not compared with the order's")]
    received_at: Annotated[
        Instant | None,
        Field(
            description="ISO 8601 with a zone; of several payments the one with the smallest (`received_at`, "
            "`payment_id`) is kept, those without `received_at` last"
        ),
    ] = None


class PaymentTimedOut(OrderMessage):
    """From the scheduler: the payment deadline of the order has passed."""

    due_at: Annotated[Instant | None, Field(description="ISO 8601 with a zone")] = None
