"""First event wins: one machine for everything, and the first input decides.

An order is paid, timed out or cancelled, whichever comes first, and that is that: each is an end. It reads well, and it
takes the order of arrival for the order of events. When the payment's message overtakes the cancellation, the customer
gets a parcel; when it is the other way round, the shop keeps the money of a cancelled order.

Mended: three small machines, each of which remembers what it consumed, and a table that says what comes of all three.
"""

from enum import Enum

from examples.gallery.messages import OrderCancelled, PaymentReceived, PaymentTimedOut
from saga import ANY, Process, SubMachine, outcomes


class Order(Enum):
    """Where the order is."""

    WAITING = "waiting"
    PAID = "paid"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"


class Heard(Enum):
    """Whether something was heard."""

    NOT_YET = "not_yet"
    HEARD = "heard"


class Outcome(Enum):
    """What the order has come to."""

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


def _memory(name: str, kind: type) -> SubMachine[Heard]:
    return SubMachine(
        name, start=Heard.NOT_YET, moves={Heard.NOT_YET: {kind: Heard.HEARD}, Heard.HEARD: {kind: Heard.HEARD}}
    )


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
            (Heard.NOT_YET, Heard.NOT_YET, Heard.NOT_YET, Outcome.OPEN),
            (Heard.NOT_YET, Heard.HEARD, Heard.NOT_YET, Outcome.EXPIRED),
            (Heard.NOT_YET, ANY, Heard.HEARD, Outcome.CANCELLED),
            (Heard.HEARD, ANY, Heard.NOT_YET, Outcome.PAID),
            (Heard.HEARD, ANY, Heard.HEARD, Outcome.REFUNDED),
        ],
    ),
    settled=frozenset(Outcome) - {Outcome.OPEN},
)
