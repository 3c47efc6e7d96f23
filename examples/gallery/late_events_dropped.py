"""A guard that drops late events: payments are recorded while the order is open, and not after it expired.

The guard looks tidy. But the order of arrival decides whether a payment is late: if the timeout comes first, the
payment is not recorded, and so it is never refunded.

Mended: the process keeps every payment under its id, whenever it comes. The table decides what it means.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from examples.gallery.messages import PaymentReceived, PaymentTimedOut
from saga import ANY, DerivedColumn, Fact, Process, Reducer, Register, SubMachine, has, outcomes


class Deadline(Enum):
    """Whether the payment deadline has passed."""

    RUNNING = "running"
    ELAPSED = "elapsed"


class Outcome(Enum):
    """The outcome of the order."""

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


def _process(name: str, register: Reducer | Register, is_paid: DerivedColumn) -> Process:
    return Process(
        name=name,
        version=1,
        correlate="order_id",
        inputs=INPUTS,
        machines=(DEADLINE,),
        registers=(register,),
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
mended = _process("late-events-kept", PAYMENTS, DerivedColumn.of("is paid", has(PAYMENTS)))
