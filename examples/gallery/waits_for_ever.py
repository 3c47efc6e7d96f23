"""Waiting for ever: an order waits for its payment, and nothing ever ends the wait.

The order of arrival is not the cause: the order stays open if nothing arrives at all.

Mended: an order that waits arms a deadline.
"""

from datetime import timedelta
from enum import Enum

from examples.gallery.messages import OrderPlaced, PaymentReceived, PaymentTimedOut
from saga import ANY, ARMED, Deadline, Process, SubMachine, outcomes, wanted


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


ORDER = SubMachine("order", start=Order.UNKNOWN, moves={state: {OrderPlaced: Order.PLACED} for state in Order})
PAYMENT = SubMachine("payment", start=Payment.OPEN, moves={state: {PaymentReceived: Payment.PAID} for state in Payment})
TIME = SubMachine("time", start=Time.RUNNING, moves={state: {PaymentTimedOut: Time.ELAPSED} for state in Time})

diverging = Process(
    name="waits-for-ever",
    version=1,
    correlate="order_id",
    inputs={"orders": (OrderPlaced,), "payments": (PaymentReceived,)},
    machines=(ORDER, PAYMENT),
    outcomes=outcomes(PAYMENT, ORDER, rows=[(Payment.OPEN, ANY, Outcome.WAITING), (Payment.PAID, ANY, Outcome.PAID)]),
    settled=frozenset({Outcome.PAID}),
)

WITH_A_DEADLINE = outcomes(
    PAYMENT,
    TIME,
    rows=[
        (Payment.OPEN, Time.RUNNING, Outcome.WAITING),
        (Payment.OPEN, Time.ELAPSED, Outcome.EXPIRED),
        (Payment.PAID, ANY, Outcome.PAID),
    ],
)
DEADLINE = Deadline("payment_deadline", emits=PaymentTimedOut, after=timedelta(minutes=15))

mended = Process(
    name="waits-with-a-deadline",
    version=1,
    correlate="order_id",
    inputs={"orders": (OrderPlaced,), "payments": (PaymentReceived,), "scheduler": (PaymentTimedOut,)},
    machines=(ORDER, PAYMENT, TIME),
    outcomes=WITH_A_DEADLINE,
    wanted=(
        wanted(
            WITH_A_DEADLINE,
            rows=[(Outcome.WAITING, {DEADLINE: ARMED}), (Outcome.PAID, {}), (Outcome.EXPIRED, {})],
        ),
    ),
    settled=frozenset({Outcome.PAID, Outcome.EXPIRED}),
)
