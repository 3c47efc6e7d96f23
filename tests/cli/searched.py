"""A process that converges and has a function of its own, so that it is searched and not proved."""

from pydantic import BaseModel

from saga.core import DerivedColumn, Entries, Process, Register, outcomes
from tests.convergence.shop import Outcome


class Counted(BaseModel):
    order_id: str
    item_id: str
    pieces: int


class Closed(BaseModel):
    order_id: str


ITEMS = Register("items", of=Counted, key="item_id")
CLOSINGS = Register("closings", of=Closed, key="order_id")


def is_enough(items: Entries, closings: Entries) -> bool:
    return bool(closings) and sum(item["pieces"] for item in items.values()) >= 3


searched = Process(
    name="searched",
    version=1,
    correlate="order_id",
    inputs={"shop": (Counted, Closed)},
    registers=(ITEMS, CLOSINGS),
    outcomes=outcomes(
        DerivedColumn("enough", (ITEMS, CLOSINGS), is_enough),
        rule=lambda enough: Outcome.PAID if enough else Outcome.OPEN,
    ),
    settled=frozenset(Outcome) & {Outcome.OPEN, Outcome.PAID},
)
ONE_ITEM = (Counted(order_id="o-1", item_id="i-1", pieces=3),)
