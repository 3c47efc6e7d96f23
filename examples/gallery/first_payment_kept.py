"""Two payments for one order, and the first that arrives is kept: the other one is refunded.

The order of arrival decides which payment is refunded. When the order is replayed, or its messages are delivered again
in another order, the books say that the other payment was refunded.

Mended: the process keeps the payment with the earliest time of receipt, and the id decides between equal times.
"""

from enum import Enum

from examples.gallery.messages import PaymentReceived
from saga import (
    CommandTemplate,
    DerivedColumn,
    Effect,
    Process,
    Reducer,
    Register,
    Selection,
    all_but_least,
    has,
    outcomes,
    wanted,
)


class Outcome(Enum):
    """Whether the order was paid."""

    OPEN = "open"
    PAID = "paid"


class Refund(Enum):
    """The condition of a payment to refund."""

    REFUNDED = "refunded"


PAYMENTS = Register("payments", of=PaymentReceived, key="payment_id")
FIRST = Reducer(
    "first payment", of=(PaymentReceived,), start=None, reduce=lambda first, fact: first or fact.fields["payment_id"]
)
REFUND = Effect(
    "refund",
    collaborator="gateway",
    commands={Refund.REFUNDED: CommandTemplate("RefundPayment", PAYMENTS, ("payment_id", "amount"))},
    final=frozenset({Refund.REFUNDED}),
)
IS_PAID = DerivedColumn.of("is paid", has(PAYMENTS))
OUTCOMES = outcomes(IS_PAID, rows=[(False, Outcome.OPEN), (True, Outcome.PAID)])


def _process(name: str, registers: tuple[Register | Reducer, ...], surplus: Selection) -> Process:
    return Process(
        name=name,
        version=1,
        correlate="order_id",
        inputs={"payments": (PaymentReceived,)},
        registers=registers,
        outcomes=OUTCOMES,
        wanted=(wanted(OUTCOMES, rows=[(Outcome.OPEN, {}), (Outcome.PAID, {REFUND: surplus})]),),
        settled=frozenset({Outcome.PAID}),
    )


diverging = _process(
    "first-payment-kept",
    (PAYMENTS, FIRST),
    Selection(
        "all payments but the first", PAYMENTS, lambda payments, first: frozenset(payments) - {first}, beside=(FIRST,)
    ),
)
mended = _process("earliest-payment-kept", (PAYMENTS,), all_but_least(PAYMENTS, by=("received_at",)))
