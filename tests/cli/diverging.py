"""A process that is paid if the payment that comes last is the fifth, and one of which nobody can guess an instance."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel

from saga.core import DerivedColumn, Reducer, outcomes
from tests.convergence.shop import Heard, Outcome, Paid, fact, memory, process

LAST = Reducer("last", of=(Paid,), start="", reduce=lambda _last, paid: paid.fields["payment_id"])
last_write_wins = process(
    rule=None,
    table=outcomes(
        DerivedColumn("is the fifth", (LAST,), lambda last: last == "e"),
        rule=lambda fifth: Outcome.PAID if fifth else Outcome.OPEN,
    ),
    registers=(LAST,),
)
FIVE_PAYMENTS = tuple(fact(Paid, payment_id=name, amount=1) for name in "abcde")


def with_check_digit(number: str) -> str:
    if not number.isdigit() or sum(map(int, number)) != 77:
        raise ValueError("the check digit is wrong")
    return number


class Reference(BaseModel):
    order_id: Annotated[str, AfterValidator(with_check_digit)]


NOTED = Reducer("noted", of=(Reference,), start=0, reduce=lambda known, _fact: known)
needs_samples = process(
    rule=None,
    table=outcomes(DerivedColumn("is noted", (NOTED,), lambda noted: noted > 0), rule=lambda _: Outcome.OPEN),
    registers=(NOTED,),
)

with_cancellation = process(
    memory("placed"),
    memory("cancelled"),
    rule=lambda _placed, cancelled: Outcome.CANCELLED if cancelled is Heard.YES else Outcome.OPEN,
    settled=frozenset({Outcome.CANCELLED}),
)
without_cancellation = process(memory("placed"), rule=lambda _: Outcome.OPEN, settled=frozenset(), version=2)
