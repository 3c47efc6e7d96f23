"""An extended order: it is paid in several payments, a payment may be declined, and a shipment is final.

It consumes the messages of the plain order, and uses its machines for request, deadline and cancellation. It adds:

- **Money is a sum.** Payments count by their ids, the earliest first, until the ordered amount is reached. The excess
  is refunded, as is money in another currency. The refund of a payment only grows with further inputs, so it never has
  to be undone. A refund command contains how much of the payment is to be refunded *in all*.
- **A declined payment is not an end.** Enough money outranks it, whichever came first.
- **The warehouse decides.** Only the warehouse knows whether a cancellation came in time, and it reports OrderShipped
  or FulfilmentStopped. So a cancelled order waits for this report before it refunds money that can't be recovered.
  Shipped outranks any cancellation: only the excess is refunded, and returning goods is another process. Stopped, by us
  or by the warehouse itself, refunds everything.
- **A person looks when facts contradict each other or an answer is missing**: too little money at the deadline, no
  report from the warehouse, an order both shipped and stopped.
"""

from datetime import timedelta
from enum import Enum

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Process,
    Register,
    SubMachine,
    all_but,
    beyond,
    each,
    has,
    one_of,
    only,
    outcomes,
    owing,
    stages,
    total,
    wanted,
)
from saga.orders.messages import (
    Identifier,
    OrderCancelled,
    OrderMessage,
    OrderPlaced,
    PaymentReceived,
    PaymentTimedOut,
)
from saga.orders.process import (
    CANCELLATION,
    DEADLINE,
    ORDER,
    PAYMENTS,
    REQUEST,
    Cancellation,
    DeadlineState,
    PaymentRequest,
    Request,
)


class PaymentDeclined(OrderMessage):
    """From payments: the customer tried to pay, and the bank refused."""

    attempt_id: Identifier


class OrderShipped(OrderMessage):
    """From the warehouse: the goods are on their way, which is final."""


class FulfilmentStopped(OrderMessage):
    """From the warehouse: nothing was shipped, and nothing will be."""


class FulfilmentTimedOut(OrderMessage):
    """From the scheduler: the warehouse did not report either in time."""


class Paid(Enum):
    """How much of the ordered amount came in."""

    NOTHING = "nothing"
    PART = "part"
    ENOUGH = "enough"


class Attempt(Enum):
    """Whether a payment was declined."""

    FINE = "fine"
    DECLINED = "declined"


class Warehouse(Enum):
    """What the warehouse reported."""

    NO_WORD = "no_word"
    SHIPPED = "shipped"
    STOPPED = "stopped"
    BOTH = "both"


class Silence(Enum):
    """Whether the warehouse's time to report is over."""

    SHORT = "short"
    LONG = "long"


class Money(Enum):
    """The state of the payments."""

    AWAITED = "awaited"
    DECLINED = "declined"
    MISSING = "missing"
    INCOMPLETE = "incomplete"
    COMPLETE = "complete"


class Outcome(Enum):
    """The outcome of an order."""

    AWAITING_PAYMENT = "awaiting_payment"
    DECLINED = "declined"
    EXPIRED = "expired"
    UNDERPAID = "underpaid"
    PAID = "paid"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    SHIPPED = "shipped"
    OVERDUE = "overdue"
    DISPUTED = "disputed"


class Refund(Enum):
    """The condition of a payment that is refunded in part or in full; final."""

    REFUNDED = "refunded"


class Fulfilment(Enum):
    """Conditions of the fulfilment."""

    STARTED = "started"
    STOPPED = "stopped"


class Review(Enum):
    """Whether a person is asked to look."""

    OPEN = "open"
    CLOSED = "closed"


ATTEMPT = SubMachine(
    "attempt",
    start=Attempt.FINE,
    moves={
        Attempt.FINE: {PaymentDeclined: Attempt.DECLINED},
        Attempt.DECLINED: {PaymentDeclined: Attempt.DECLINED},
    },
)
WAREHOUSE = SubMachine(
    "warehouse",
    start=Warehouse.NO_WORD,
    moves={
        Warehouse.NO_WORD: {OrderShipped: Warehouse.SHIPPED, FulfilmentStopped: Warehouse.STOPPED},
        Warehouse.SHIPPED: {OrderShipped: Warehouse.SHIPPED, FulfilmentStopped: Warehouse.BOTH},
        Warehouse.STOPPED: {OrderShipped: Warehouse.BOTH, FulfilmentStopped: Warehouse.STOPPED},
        Warehouse.BOTH: {OrderShipped: Warehouse.BOTH, FulfilmentStopped: Warehouse.BOTH},
    },
)
SILENCE = SubMachine(
    "silence",
    start=Silence.SHORT,
    moves={
        Silence.SHORT: {FulfilmentTimedOut: Silence.LONG},
        Silence.LONG: {FulfilmentTimedOut: Silence.LONG},
    },
)


STOPS = Register("stops", of=FulfilmentStopped, key="order_id")

ORDERED = only(ORDER, "amount")
"""The ordered amount; absent before the order."""
IN_ITS_CURRENCY = each("currency").equals(only(ORDER, "currency"))
RECEIVED = total(PAYMENTS, "amount", where=IN_ITS_CURRENCY)

# Whether the payments are enough; never before the ordered amount is known.
PAID = DerivedColumn.of("paid", stages(Paid.NOTHING, (has(PAYMENTS), Paid.PART), (RECEIVED >= ORDERED, Paid.ENOUGH)))
OUTSTANDING = ComputedField.of("amount", ORDERED.minus(RECEIVED).at_least(0))
"""The amount that is still to pay."""

# How much of a payment is to be refunded in all: the whole if nothing ships, else the excess. It only grows: an earlier
# payment that comes later counts before this one.
EXCESS = beyond(
    PAYMENTS,
    "amount",
    target=ORDERED,
    by=("received_at", "payment_id"),
    where=IN_ITS_CURRENCY,
    all_if=has(STOPS),
)
OWED = ComputedField.of("amount", EXCESS, is_cumulative=True)
WHAT_IS_OWED = owing(EXCESS, name="what is owed")

PAYMENT_REQUEST = Effect(
    "payment_request",
    collaborator="gateway",
    commands={
        PaymentRequest.REQUESTED: CommandTemplate("RequestPayment", ORDER, ("currency",), computed=(OUTSTANDING,)),
        PaymentRequest.VOIDED: CommandTemplate("VoidPayment"),
    },
    initially=PaymentRequest.VOIDED,
)
REFUND = Effect(
    "refund",
    collaborator="gateway",
    commands={
        Refund.REFUNDED: CommandTemplate("RefundPayment", PAYMENTS, ("payment_id", "currency"), computed=(OWED,))
    },
    final=frozenset({Refund.REFUNDED}),
)
FULFILMENT = Effect(
    "fulfilment",
    collaborator="warehouse",
    commands={
        Fulfilment.STARTED: CommandTemplate("StartFulfilment"),
        Fulfilment.STOPPED: CommandTemplate("StopFulfilment"),
    },
    final=frozenset({Fulfilment.STARTED}),
    decided_by=OrderShipped,
)
REVIEW = Effect(
    "review",
    collaborator="support",
    commands={Review.OPEN: CommandTemplate("OpenReview"), Review.CLOSED: CommandTemplate("CloseReview")},
    initially=Review.CLOSED,
)

MONEY = outcomes(
    PAID,
    DEADLINE,
    ATTEMPT,
    name="money",
    rows=[
        (Paid.ENOUGH, ANY, ANY, Money.COMPLETE),
        (Paid.PART, DeadlineState.RUNNING, ANY, Money.AWAITED),
        (Paid.PART, DeadlineState.ELAPSED, ANY, Money.INCOMPLETE),
        (Paid.NOTHING, DeadlineState.RUNNING, Attempt.FINE, Money.AWAITED),
        (Paid.NOTHING, DeadlineState.RUNNING, Attempt.DECLINED, Money.DECLINED),
        (Paid.NOTHING, DeadlineState.ELAPSED, ANY, Money.MISSING),
    ],
)
OUTCOMES = outcomes(
    WAREHOUSE,
    CANCELLATION,
    SILENCE,
    MONEY,
    rows=[
        (Warehouse.SHIPPED, ANY, ANY, ANY, Outcome.SHIPPED),
        (Warehouse.STOPPED, ANY, ANY, ANY, Outcome.CANCELLED),
        (Warehouse.BOTH, ANY, ANY, ANY, Outcome.DISPUTED),
        (Warehouse.NO_WORD, Cancellation.CANCELLED, Silence.SHORT, ANY, Outcome.CANCELLING),
        (Warehouse.NO_WORD, Cancellation.CANCELLED, Silence.LONG, ANY, Outcome.OVERDUE),
        (Warehouse.NO_WORD, Cancellation.OPEN, Silence.SHORT, Money.COMPLETE, Outcome.PAID),
        (Warehouse.NO_WORD, Cancellation.OPEN, Silence.LONG, Money.COMPLETE, Outcome.OVERDUE),
        (Warehouse.NO_WORD, Cancellation.OPEN, ANY, Money.AWAITED, Outcome.AWAITING_PAYMENT),
        (Warehouse.NO_WORD, Cancellation.OPEN, ANY, Money.DECLINED, Outcome.DECLINED),
        (Warehouse.NO_WORD, Cancellation.OPEN, ANY, Money.MISSING, Outcome.EXPIRED),
        (Warehouse.NO_WORD, Cancellation.OPEN, ANY, Money.INCOMPLETE, Outcome.UNDERPAID),
    ],
)

AT_THE_WAREHOUSE = wanted(
    WAREHOUSE,
    CANCELLATION,
    PAID,
    rows=[
        (one_of(Warehouse.SHIPPED, Warehouse.BOTH), ANY, ANY, {FULFILMENT: Fulfilment.STARTED}),
        (Warehouse.STOPPED, ANY, ANY, {FULFILMENT: Fulfilment.STOPPED}),
        (Warehouse.NO_WORD, Cancellation.CANCELLED, ANY, {FULFILMENT: Fulfilment.STOPPED}),
        (Warehouse.NO_WORD, Cancellation.OPEN, Paid.ENOUGH, {FULFILMENT: Fulfilment.STARTED}),
        (Warehouse.NO_WORD, Cancellation.OPEN, all_but(Paid.ENOUGH), {}),
    ],
)
REFUNDS = wanted(rows=[({REFUND: WHAT_IS_OWED},)])
COLLECTING = one_of(Outcome.AWAITING_PAYMENT, Outcome.DECLINED, Outcome.UNDERPAID)
NOT_COLLECTING = all_but(*COLLECTING.named)
COLLECTION = wanted(
    OUTCOMES,
    REQUEST,
    rows=[
        (COLLECTING, Request.PLACED, {PAYMENT_REQUEST: PaymentRequest.REQUESTED}),
        (COLLECTING, Request.UNPLACED, {}),
        (NOT_COLLECTING, ANY, {PAYMENT_REQUEST: PaymentRequest.VOIDED}),
    ],
)


def order_process(
    payment_timeout: timedelta = timedelta(days=3), shipping_timeout: timedelta = timedelta(days=14)
) -> Process:
    """The extended order, with the time that it waits for its money, and then for the warehouse's report."""
    payment_deadline = Deadline("payment_deadline", emits=PaymentTimedOut, after=payment_timeout)
    shipping_deadline = Deadline("shipping_deadline", emits=FulfilmentTimedOut, after=shipping_timeout)
    waiting = wanted(
        OUTCOMES,
        rows=[
            (one_of(Outcome.AWAITING_PAYMENT, Outcome.DECLINED), {payment_deadline: ARMED}),
            (one_of(Outcome.PAID, Outcome.CANCELLING), {shipping_deadline: ARMED, REVIEW: Review.CLOSED}),
            (one_of(Outcome.UNDERPAID, Outcome.OVERDUE, Outcome.DISPUTED), {REVIEW: Review.OPEN}),
            (one_of(Outcome.EXPIRED, Outcome.CANCELLED, Outcome.SHIPPED), {REVIEW: Review.CLOSED}),
        ],
    )
    return Process(
        name="shop-order",
        version=1,
        correlate="order_id",
        inputs={
            "orders": (OrderPlaced, OrderCancelled),
            "payments": (PaymentReceived, PaymentDeclined),
            "warehouse": (OrderShipped, FulfilmentStopped),
            "scheduler": (PaymentTimedOut, FulfilmentTimedOut),
        },
        machines=(REQUEST, DEADLINE, CANCELLATION, ATTEMPT, WAREHOUSE, SILENCE),
        registers=(ORDER, PAYMENTS, STOPS),
        outcomes=OUTCOMES,
        wanted=(AT_THE_WAREHOUSE, REFUNDS, COLLECTION, waiting),
        settled=frozenset(Outcome) - {Outcome.AWAITING_PAYMENT, Outcome.DECLINED, Outcome.PAID, Outcome.CANCELLING},
    )


order = order_process()

SAMPLES = (
    OrderPlaced(order_id="sample-1", amount=100, currency="EUR"),
    PaymentReceived(
        order_id="sample-1", payment_id="p-1", amount=70, currency="EUR", received_at="2026-01-01T10:00:00Z"
    ),
    PaymentReceived(
        order_id="sample-1", payment_id="p-2", amount=50, currency="EUR", received_at="2026-01-01T09:00:00Z"
    ),
    PaymentReceived(order_id="sample-1", payment_id="p-3", amount=30, currency="EUR"),
    PaymentDeclined(order_id="sample-1", attempt_id="a-1"),
    OrderCancelled(order_id="sample-1"),
    PaymentTimedOut(order_id="sample-1"),
    OrderShipped(order_id="sample-1"),
    FulfilmentStopped(order_id="sample-1"),
    FulfilmentTimedOut(order_id="sample-1"),
)
"""Messages to try in every order: payments that make more than the ordered amount, the earliest of them late."""
