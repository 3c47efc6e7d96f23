"""A guard that drops late events: payments are noted as long as the order is open, and not after it expired.

The guard looks like tidiness. But whether a payment is late is a matter of which message came through first: with the
timeout ahead of it the money is in nobody's books, and nobody refunds it.

Mended: every payment is kept, under its id, whenever it comes. What it means is for the table to say.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from examples.gallery.messages import PaymentReceived, PaymentTimedOut
from saga import ANY, DerivedColumn, Fact, Process, Reducer, Register, SubMachine, outcomes


class Deadline(Enum):
    """Whether the payment deadline has passed."""

    RUNNING = "running"
    ELAPSED = "elapsed"


class Outcome(Enum):
    """What the order has come to."""

    OPEN = "open"
    PAID = "paid"
    EXPIRED = "expired"


INPUTS = {"payments": (PaymentReceived,), "scheduler": (PaymentTimedOut,)}
DEADLINE = SubMachine(
    "deadline",
    start=Deadline.RUNNING,
    moves={state: {PaymentTimedOut: Deadline.ELAPSED} for state in Deadline},
)


def _note(noted: Mapping[str, Any], fact: Fact) -> Mapping[str, Any]:
    if fact.kind is PaymentTimedOut:
        return {**noted, "is_open": False}
    if not noted["is_open"]:  # the guard
        return noted
    return {**noted, "payments": sorted({*noted["payments"], fact.fields["payment_id"]})}


BOOKS = Reducer("books", of=(PaymentReceived, PaymentTimedOut), start={"is_open": True, "payments": []}, reduce=_note)
PAYMENTS = Register("payments", of=PaymentReceived, key="payment_id")


def _process(name: str, keeper: Reducer | Register, is_paid: DerivedColumn) -> Process:
    return Process(
        name=name,
        version=1,
        correlate="order_id",
        inputs=INPUTS,
        machines=(DEADLINE,),
        registers=(keeper,),
        outcomes=outcomes(
            is_paid,
            DEADLINE,
            rows=[
                (False, Deadline.RUNNING, Outcome.OPEN),
                (False, Deadline.ELAPSED, Outcome.EXPIRED),
                (True, ANY, Outcome.PAID),
            ],
        ),
        settled=frozenset({Outcome.PAID, Outcome.EXPIRED}),
    )


diverging = _process(
    "late-events-dropped", BOOKS, DerivedColumn("is paid", (BOOKS,), lambda books: bool(books["payments"]))
)
mended = _process("late-events-kept", PAYMENTS, DerivedColumn("is paid", (PAYMENTS,), bool))
