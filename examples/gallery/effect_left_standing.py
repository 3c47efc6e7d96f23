"""An effect that one outcome forgets: money is requested while the order waits, and no row withdraws the request.

If the order comes first, the payment is requested, and stays requested after the money came. If the money comes first,
it is never requested. The outcome is the same in both orders; the request at the gateway is not.

Mended: the outcome says which condition it wants for the request: voided.
"""

from datetime import timedelta
from enum import Enum

from examples.gallery.messages import OrderPlaced, PaymentReceived, PaymentTimedOut
from saga import ANY, ARMED, CommandTemplate, Deadline, Effect, Process, SubMachine, Wants, outcomes, wanted


class Order(Enum):
    """Whether the order is known."""

    UNKNOWN = "unknown"
    PLACED = "placed"


class Payment(Enum):
    """Whether it was paid."""

    OPEN = "open"
    PAID = "paid"


class Time(Enum):
    """Whether the payment deadline has passed."""

    RUNNING = "running"
    ELAPSED = "elapsed"


class Outcome(Enum):
    """The outcome of the order."""

    WAITING = "waiting"
    PAID = "paid"
    EXPIRED = "expired"


class Request(Enum):
    """Conditions of the payment request."""

    REQUESTED = "requested"
    VOIDED = "voided"


ORDER = SubMachine("order", start=Order.UNKNOWN, moves={state: {OrderPlaced: Order.PLACED} for state in Order})
PAYMENT = SubMachine("payment", start=Payment.OPEN, moves={state: {PaymentReceived: Payment.PAID} for state in Payment})
TIME = SubMachine("time", start=Time.RUNNING, moves={state: {PaymentTimedOut: Time.ELAPSED} for state in Time})
OUTCOMES = outcomes(
    PAYMENT,
    TIME,
    rows=[
        (Payment.OPEN, Time.RUNNING, Outcome.WAITING),
        (Payment.OPEN, Time.ELAPSED, Outcome.EXPIRED),
        (Payment.PAID, ANY, Outcome.PAID),
    ],
)
REQUEST = Effect(
    "request",
    collaborator="gateway",
    commands={Request.REQUESTED: CommandTemplate("RequestPayment"), Request.VOIDED: CommandTemplate("VoidPayment")},
)
DEADLINE = Deadline("payment_deadline", emits=PaymentTimedOut, after=timedelta(minutes=15))


def _process(name: str, of_a_paid_order: Wants) -> Process:
    return Process(
        name=name,
        version=1,
        correlate="order_id",
        inputs={"orders": (OrderPlaced,), "payments": (PaymentReceived,), "scheduler": (PaymentTimedOut,)},
        machines=(ORDER, PAYMENT, TIME),
        outcomes=OUTCOMES,
        wanted=(
            wanted(
                OUTCOMES,
                ORDER,
                rows=[
                    (Outcome.WAITING, Order.UNKNOWN, {DEADLINE: ARMED}),
                    (Outcome.WAITING, Order.PLACED, {REQUEST: Request.REQUESTED, DEADLINE: ARMED}),
                    (Outcome.EXPIRED, ANY, {REQUEST: Request.VOIDED}),
                    (Outcome.PAID, ANY, of_a_paid_order),
                ],
            ),
        ),
        settled=frozenset({Outcome.PAID, Outcome.EXPIRED}),
    )


diverging = _process("effect-left-standing", {})
mended = _process("effect-voided", {REQUEST: Request.VOIDED})
