"""First event wins: one machine for everything, and the first input decides.

An order is paid, timed out or cancelled, whichever comes first, and each of them is an end. It reads well, but it
mistakes the order of arrival for the order of events. When the payment's message overtakes the cancellation, the
customer gets a parcel; when it is the other way round, the shop keeps the money of a cancelled order.

Mended: three small machines, each of which records what it consumed, and a table that gives the outcome for all three.
"""

from enum import Enum

from examples.gallery.messages import OrderCancelled, PaymentReceived, PaymentTimedOut
from saga import ANY, Process, SubMachine, outcomes


class Order(Enum):
    """The state of the order."""

    WAITING = "waiting"
    PAID = "paid"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"


class Consumed(Enum):
    """Whether an input was consumed."""

    NOT_YET = "not_yet"
    CONSUMED = "consumed"


class Outcome(Enum):
    """The outcome of the order."""

    OPEN = "open"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


INPUTS: dict[str, tuple[type, ...]] = {
    "payments": (PaymentReceived,),
    "scheduler": (PaymentTimedOut,),
    "orders": (OrderCancelled,),
}
FIRST: dict[type, Order] = {
    PaymentReceived: Order.PAID,
    PaymentTimedOut: Order.TIMED_OUT,
    OrderCancelled: Order.CANCELLED,
}

ORDER = SubMachine(
    "order",
    start=Order.WAITING,
    moves={Order.WAITING: FIRST} | {end: dict.fromkeys(FIRST, end) for end in FIRST.values()},
)

diverging = Process(
    name="first-event-wins",
    version=1,
    correlate="order_id",
    inputs=INPUTS,
    machines=(ORDER,),
    outcomes=outcomes(
        ORDER,
        rows=[
            (Order.WAITING, Outcome.OPEN),
            (Order.PAID, Outcome.PAID),
            (Order.TIMED_OUT, Outcome.EXPIRED),
            (Order.CANCELLED, Outcome.CANCELLED),
        ],
    ),
    settled=frozenset(Outcome) - {Outcome.OPEN, Outcome.REFUNDED},
)


def _memory(name: str, kind: type) -> SubMachine[Consumed]:
    return SubMachine(name, start=Consumed.NOT_YET, moves={state: {kind: Consumed.CONSUMED} for state in Consumed})


PAYMENT, DEADLINE, CANCELLATION = (
    _memory("payment", PaymentReceived),
    _memory("deadline", PaymentTimedOut),
    _memory("cancellation", OrderCancelled),
)

mended = Process(
    name="every-event-counts",
    version=1,
    correlate="order_id",
    inputs=INPUTS,
    machines=(PAYMENT, DEADLINE, CANCELLATION),
    outcomes=outcomes(
        PAYMENT,
        DEADLINE,
        CANCELLATION,
        rows=[
            (Consumed.NOT_YET, Consumed.NOT_YET, Consumed.NOT_YET, Outcome.OPEN),
            (Consumed.NOT_YET, Consumed.CONSUMED, Consumed.NOT_YET, Outcome.EXPIRED),
            (Consumed.NOT_YET, ANY, Consumed.CONSUMED, Outcome.CANCELLED),
            (Consumed.CONSUMED, ANY, Consumed.NOT_YET, Outcome.PAID),
            (Consumed.CONSUMED, ANY, Consumed.CONSUMED, Outcome.REFUNDED),
        ],
    ),
    settled=frozenset(Outcome) - {Outcome.OPEN},
)
