"""The declaration of the order process: four sub-machines, the table of outcomes, and what each outcome wants.

Every row below is data. The engine, the diagrams, the documentation and the checks read the same tables.

The tables express two rules. A payment counts whenever it arrives: after the timeout it still pays the order, and a
payment for a cancelled order is refunded. And once an order is decided, no more money may be collected: every outcome
except *awaiting payment* wants the payment request voided. A void withdraws the request; a payment that was captured
before stays captured, and PaymentReceived reports it.
"""

from datetime import timedelta
from enum import Enum

from saga.core import (
    ANY,
    ARMED,
    Announces,
    CommandTemplate,
    Deadline,
    Effect,
    Process,
    Register,
    SubMachine,
    Wants,
    all_but_least,
    every,
    outcomes,
    wanted,
)
from saga.orders.messages import OrderCancelled, OrderPlaced, PaymentReceived, PaymentTimedOut


class Request(Enum):
    """Whether OrderPlaced has arrived."""

    UNPLACED = "unplaced"
    PLACED = "placed"


class Payment(Enum):
    """Whether any payment has arrived."""

    UNPAID = "unpaid"
    PAID = "paid"


class DeadlineState(Enum):
    """Whether the payment deadline has passed."""

    RUNNING = "running"
    ELAPSED = "elapsed"


class Cancellation(Enum):
    """Whether the customer has cancelled."""

    OPEN = "open"
    CANCELLED = "cancelled"


class Outcome(Enum):
    """The outcome of an order."""

    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class PaymentRequest(Enum):
    """Conditions of the payment request at the gateway."""

    REQUESTED = "requested"
    VOIDED = "voided"


class Refund(Enum):
    """The condition of one refunded payment; a refund is never undone."""

    REFUNDED = "refunded"


class Fulfilment(Enum):
    """Conditions of the fulfilment."""

    STARTED = "started"
    STOPPED = "stopped"


REQUEST = SubMachine(
    "request",
    start=Request.UNPLACED,
    moves={
        Request.UNPLACED: {OrderPlaced: Request.PLACED},
        Request.PLACED: {OrderPlaced: Request.PLACED},
    },
)
PAYMENT = SubMachine(
    "payment",
    start=Payment.UNPAID,
    moves={
        Payment.UNPAID: {PaymentReceived: Payment.PAID},
        Payment.PAID: {PaymentReceived: Payment.PAID},
    },
)
DEADLINE = SubMachine(
    "deadline",
    start=DeadlineState.RUNNING,
    moves={
        DeadlineState.RUNNING: {PaymentTimedOut: DeadlineState.ELAPSED},
        DeadlineState.ELAPSED: {PaymentTimedOut: DeadlineState.ELAPSED},
    },
)
CANCELLATION = SubMachine(
    "cancellation",
    start=Cancellation.OPEN,
    moves={
        Cancellation.OPEN: {OrderCancelled: Cancellation.CANCELLED},
        Cancellation.CANCELLED: {OrderCancelled: Cancellation.CANCELLED},
    },
)

ORDER = Register("order", of=OrderPlaced, key="order_id")
PAYMENTS = Register("payments", of=PaymentReceived, key="payment_id")

# One payment is kept, the least by (received_at, payment_id); further ones for the same order are refunded.
SURPLUS = all_but_least(PAYMENTS, by=("received_at", "payment_id"))
EVERY_PAYMENT = every(PAYMENTS)

PAYMENT_REQUEST = Effect(
    "payment_request",
    collaborator="gateway",
    commands={
        PaymentRequest.REQUESTED: CommandTemplate("RequestPayment", ORDER, ("amount", "currency")),
        PaymentRequest.VOIDED: CommandTemplate("VoidPayment"),
    },
)
REFUND = Effect(
    "refund",
    collaborator="gateway",
    commands={Refund.REFUNDED: CommandTemplate("RefundPayment", PAYMENTS, ("payment_id", "amount", "currency"))},
    final=frozenset({Refund.REFUNDED}),
)
FULFILMENT = Effect(
    "fulfilment",
    collaborator="fulfilment",
    commands={
        Fulfilment.STARTED: CommandTemplate("StartFulfilment"),
        Fulfilment.STOPPED: CommandTemplate("StopFulfilment"),
    },
)

OUTCOMES = outcomes(
    PAYMENT,
    DEADLINE,
    CANCELLATION,
    rows=[
        (Payment.UNPAID, DeadlineState.RUNNING, Cancellation.OPEN, Outcome.AWAITING_PAYMENT),
        (Payment.UNPAID, DeadlineState.ELAPSED, Cancellation.OPEN, Outcome.EXPIRED),
        (Payment.UNPAID, ANY, Cancellation.CANCELLED, Outcome.CANCELLED),
        (Payment.PAID, ANY, Cancellation.OPEN, Outcome.PAID),
        (Payment.PAID, ANY, Cancellation.CANCELLED, Outcome.REFUNDED),
    ],
)

# Only from refunded no message leads away: expired may still turn into paid, and paid into refunded.
ANNOUNCES = Announces(
    {
        Outcome.AWAITING_PAYMENT: "OrderAwaitingPayment",
        Outcome.PAID: "OrderPaid",
        Outcome.EXPIRED: "OrderExpired",
        Outcome.CANCELLED: "OrderWithdrawn",
        Outcome.REFUNDED: "OrderRefunded",
    },
    final=frozenset({Outcome.REFUNDED}),
)


def order_process(payment_timeout: timedelta = timedelta(minutes=15)) -> Process:
    """The order process; an order waits this long for its payment, unless its OrderPlaced has another time."""
    payment_deadline = Deadline(
        "payment_deadline", emits=PaymentTimedOut, after=payment_timeout, override=(ORDER, "payment_timeout_seconds")
    )
    requested: Wants = {PAYMENT_REQUEST: PaymentRequest.REQUESTED, payment_deadline: ARMED}
    voided: Wants = {PAYMENT_REQUEST: PaymentRequest.VOIDED}
    wants = wanted(
        OUTCOMES,
        REQUEST,
        rows=[
            (Outcome.AWAITING_PAYMENT, Request.UNPLACED, {}),
            (Outcome.AWAITING_PAYMENT, Request.PLACED, requested),
            (Outcome.EXPIRED, ANY, voided),
            (Outcome.CANCELLED, ANY, voided),
            (Outcome.PAID, ANY, {**voided, FULFILMENT: Fulfilment.STARTED, REFUND: SURPLUS}),
            (Outcome.REFUNDED, ANY, {**voided, FULFILMENT: Fulfilment.STOPPED, REFUND: EVERY_PAYMENT}),
        ],
    )
    return Process(
        name="order",
        version=1,
        correlate="order_id",
        inputs={
            "orders": (OrderPlaced, OrderCancelled),
            "payments": (PaymentReceived,),
            "scheduler": (PaymentTimedOut,),
        },
        machines=(REQUEST, PAYMENT, DEADLINE, CANCELLATION),
        registers=(ORDER, PAYMENTS),
        outcomes=OUTCOMES,
        wanted=(wants,),
        settled=frozenset(set(Outcome) - {Outcome.AWAITING_PAYMENT}),
        announces=ANNOUNCES,
    )
