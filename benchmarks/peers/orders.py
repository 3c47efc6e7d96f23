"""The work of every peer on one message, apart from storing it: read it, check it, and decide on the one command.

A message is a CloudEvent in binary mode, as in docs/wire.md: attributes in headers, JSON in the body. The body is
parsed and checked with pydantic, in one pass over the bytes, as its documentation advises for speed. It knows no
database and no broker.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Identifier = Annotated[str, Field(strict=True, min_length=1, max_length=200)]
Amount = Annotated[int, Field(strict=True, gt=0)]
Currency = Annotated[str, Field(strict=True, pattern=r"^[A-Z]{3}$")]


class OrderMessage(BaseModel):
    """The data of every message about an order."""

    model_config = ConfigDict(frozen=True, extra="allow")

    order_id: Identifier


class OrderPlaced(OrderMessage):
    """A customer has placed an order, and a payment of this amount is due."""

    amount: Amount
    currency: Currency


class OrderCancelled(OrderMessage):
    """The customer no longer wants it."""


class PaymentReceived(OrderMessage):
    """Money came in."""

    payment_id: Identifier
    amount: Amount
    currency: Currency


class PaymentTimedOut(OrderMessage):
    """The payment deadline has passed."""


KINDS: dict[str, type[OrderMessage]] = {
    kind.__name__: kind for kind in (OrderPlaced, OrderCancelled, PaymentReceived, PaymentTimedOut)
}

FLAGS = {
    "OrderPlaced": "placed",
    "OrderCancelled": "cancelled",
    "PaymentReceived": "paid",
    "PaymentTimedOut": "elapsed",
}
"""Which flag of an order each type of message raises."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message that was read and checked; `sequence` is its position in its source."""

    id: str
    source: str
    sequence: int
    type: str
    body: OrderMessage


@dataclass(frozen=True, slots=True)
class State:
    """The state of an order."""

    placed: bool = False
    paid: bool = False
    cancelled: bool = False
    elapsed: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The new state, and the one command that goes out."""

    state: State
    command_id: str
    command: str


def read(headers: Mapping[str, Any], body: bytes) -> Message:
    """The message, or pydantic's ValidationError."""
    kind = headers["ce-type"]
    return Message(
        id=headers["ce-id"],
        source=headers["ce-source"],
        sequence=int(headers["ce-sequence"]),
        type=kind,
        body=KINDS[kind].model_validate_json(body),
    )


def decide(state: State, message: Message) -> Decision:
    """Raise the message's flag, and decide on the command for all flags."""
    flag = FLAGS[message.type]
    new = State(
        placed=state.placed or flag == "placed",
        paid=state.paid or flag == "paid",
        cancelled=state.cancelled or flag == "cancelled",
        elapsed=state.elapsed or flag == "elapsed",
    )
    return Decision(new, command_id=f"{message.id}/command", command=_command(new))


def _command(state: State) -> str:
    """The command for the gateway or the fulfilment."""
    if state.paid:
        return "RefundPayment" if state.cancelled else "StartFulfilment"
    return "VoidPayment" if state.cancelled or state.elapsed else "RequestPayment"
