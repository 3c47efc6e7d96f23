"""An effect that can't be undone, wanted before it is certain: the parcel leaves as soon as the order is paid.

A cancellation may still come, and then the parcel is called back, which sounds like an undo but is none: it has left.
Both orders of arrival end with the same outcome, but not with the same effect in the world.

Mended: the warehouse reports by OrderShipped that it is too late. Until then stopping is possible; afterwards the
process does not ask for the impossible: shipped outranks cancelled.
"""

from enum import Enum

from examples.gallery.messages import OrderCancelled, OrderShipped, PaymentReceived
from saga import ANY, CommandTemplate, Effect, Process, SubMachine, outcomes, wanted


class Payment(Enum):
    """Whether it was paid."""

    OPEN = "open"
    PAID = "paid"


class Cancellation(Enum):
    """Whether the customer still wants it."""

    NONE = "none"
    CANCELLED = "cancelled"


class Parcel(Enum):
    """Whether it has left the warehouse."""

    IN_HOUSE = "in_house"
    GONE = "gone"


class Outcome(Enum):
    """The outcome of the order."""

    OPEN = "open"
    PAID = "paid"
    CANCELLED = "cancelled"
    SHIPPED = "shipped"


class Shipment(Enum):
    """Conditions of the shipment at the warehouse."""

    SENT = "sent"
    CALLED_BACK = "called_back"


COMMANDS: dict[Enum, CommandTemplate] = {
    Shipment.SENT: CommandTemplate("SendParcel"),
    Shipment.CALLED_BACK: CommandTemplate("CallParcelBack"),
}
PAYMENT = SubMachine("payment", start=Payment.OPEN, moves={state: {PaymentReceived: Payment.PAID} for state in Payment})
CANCELLATION = SubMachine(
    "cancellation",
    start=Cancellation.NONE,
    moves={state: {OrderCancelled: Cancellation.CANCELLED} for state in Cancellation},
)
PARCEL = SubMachine("parcel", start=Parcel.IN_HOUSE, moves={state: {OrderShipped: Parcel.GONE} for state in Parcel})

TOO_EARLY = Effect("shipment", collaborator="warehouse", commands=COMMANDS, final=frozenset({Shipment.SENT}))
DECIDED_BY_THE_WAREHOUSE = Effect(
    "shipment", collaborator="warehouse", commands=COMMANDS, final=frozenset({Shipment.SENT}), decided_by=OrderShipped
)

BEFORE = outcomes(
    PAYMENT,
    CANCELLATION,
    rows=[
        (Payment.OPEN, Cancellation.NONE, Outcome.OPEN),
        (Payment.PAID, Cancellation.NONE, Outcome.PAID),
        (ANY, Cancellation.CANCELLED, Outcome.CANCELLED),
    ],
)
OUTRANKED = outcomes(
    PAYMENT,
    CANCELLATION,
    PARCEL,
    rows=[
        (Payment.OPEN, Cancellation.NONE, Parcel.IN_HOUSE, Outcome.OPEN),
        (Payment.PAID, Cancellation.NONE, Parcel.IN_HOUSE, Outcome.PAID),
        (ANY, Cancellation.CANCELLED, Parcel.IN_HOUSE, Outcome.CANCELLED),
        (ANY, ANY, Parcel.GONE, Outcome.SHIPPED),
    ],
)

diverging = Process(
    name="shipped-too-early",
    version=1,
    correlate="order_id",
    inputs={"orders": (OrderCancelled,), "payments": (PaymentReceived,)},
    machines=(PAYMENT, CANCELLATION),
    outcomes=BEFORE,
    wanted=(
        wanted(
            BEFORE,
            rows=[
                (Outcome.OPEN, {}),
                (Outcome.PAID, {TOO_EARLY: Shipment.SENT}),
                (Outcome.CANCELLED, {TOO_EARLY: Shipment.CALLED_BACK}),
            ],
        ),
    ),
    settled=frozenset({Outcome.PAID, Outcome.CANCELLED}),
)
mended = Process(
    name="shipped-outranks",
    version=1,
    correlate="order_id",
    inputs={"orders": (OrderCancelled,), "payments": (PaymentReceived,), "warehouse": (OrderShipped,)},
    machines=(PAYMENT, CANCELLATION, PARCEL),
    outcomes=OUTRANKED,
    wanted=(
        wanted(
            OUTRANKED,
            rows=[
                (Outcome.OPEN, {}),
                (Outcome.PAID, {DECIDED_BY_THE_WAREHOUSE: Shipment.SENT}),
                (Outcome.CANCELLED, {DECIDED_BY_THE_WAREHOUSE: Shipment.CALLED_BACK}),
                (Outcome.SHIPPED, {DECIDED_BY_THE_WAREHOUSE: Shipment.SENT}),
            ],
        ),
    ),
    settled=frozenset(Outcome) - {Outcome.OPEN},
)
