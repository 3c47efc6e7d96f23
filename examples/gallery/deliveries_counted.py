"""Counting messages instead of things: the order is complete when two parcels were reported.

A broker delivers at least once. The same parcel reported twice counts as two, and an order with a missing parcel is
closed.

Mended: the process counts parcels by their ids.
"""

from enum import Enum

from examples.gallery.messages import ParcelDelivered
from saga import DerivedColumn, Process, Reducer, Register, count, outcomes

PARCELS_OF_AN_ORDER = 2


class Outcome(Enum):
    """The progress of the delivery."""

    UNDER_WAY = "under_way"
    COMPLETE = "complete"


COUNT = Reducer("count", of=(ParcelDelivered,), start=0, reduce=lambda known, _fact: known + 1)
PARCELS = Register("parcels", of=ParcelDelivered, key="parcel_id")


def _process(name: str, register: Reducer | Register, is_complete: DerivedColumn) -> Process:
    return Process(
        name=name,
        version=1,
        correlate="order_id",
        inputs={"carrier": (ParcelDelivered,)},
        registers=(register,),
        outcomes=outcomes(is_complete, rows=[(False, Outcome.UNDER_WAY), (True, Outcome.COMPLETE)]),
        settled=frozenset(Outcome),  # another process asks for missing parcels
    )


diverging = _process(
    "deliveries-counted", COUNT, DerivedColumn("is complete", (COUNT,), lambda known: known >= PARCELS_OF_AN_ORDER)
)
mended = _process(
    "parcels-counted",
    PARCELS,
    DerivedColumn.of("is complete", count(PARCELS) >= PARCELS_OF_AN_ORDER),
)
