"""Last write wins: the amount to pay is that of the message that came last.

The shop corrects an order twice; the second correction overtakes the first; the customer is asked for the older amount.

Mended: the process keeps every revision, and takes the amount of the greatest.
"""

from enum import Enum

from examples.gallery.messages import AmountSet
from saga import (
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Process,
    Reducer,
    Register,
    has,
    latest,
    outcomes,
    wanted,
)


class Outcome(Enum):
    """Whether the price of the order is known."""

    UNKNOWN = "unknown"
    KNOWN = "known"


class Request(Enum):
    """The condition of the payment request."""

    REQUESTED = "requested"


LAST = Reducer("last amount", of=(AmountSet,), start=None, reduce=lambda _last, fact: fact.fields["amount"])
AMOUNTS = Register("amounts", of=AmountSet, key="revision")


def _process(name: str, register: Reducer | Register, is_known: DerivedColumn, amount: ComputedField) -> Process:
    request = Effect(
        "request",
        collaborator="gateway",
        commands={Request.REQUESTED: CommandTemplate("RequestPayment", computed=(amount,))},
    )
    table = outcomes(is_known, rows=[(False, Outcome.UNKNOWN), (True, Outcome.KNOWN)])
    return Process(
        name=name,
        version=1,
        correlate="order_id",
        inputs={"orders": (AmountSet,)},
        registers=(register,),
        outcomes=table,
        wanted=(wanted(table, rows=[(Outcome.UNKNOWN, {}), (Outcome.KNOWN, {request: Request.REQUESTED})]),),
        settled=frozenset({Outcome.KNOWN}),
    )


diverging = _process(
    "last-write-wins",
    LAST,
    DerivedColumn("amount is known", (LAST,), lambda last: last is not None),
    ComputedField("amount", (LAST,), lambda last: last),
)
mended = _process(
    "greatest-revision-wins",
    AMOUNTS,
    DerivedColumn.of("amount is known", has(AMOUNTS)),
    ComputedField.of("amount", latest(AMOUNTS, by=("revision",), field="amount")),
)
