"""A parcel: it leaves when its three purchases are paid, and is held back when one of them turns.

It receives what the purchases announce. An announcement may be late, come twice, or be overtaken by a later one. So for
each place in the parcel the announcement with the greatest revision holds, whatever came last.
"""

from enum import Enum
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from examples.parcel.purchase import Place
from saga import (
    CommandTemplate,
    DerivedColumn,
    Effect,
    Process,
    Register,
    all_but,
    each,
    latest,
    outcomes,
    stages,
    wanted,
)


class PurchaseTurned(BaseModel, frozen=True, extra="allow"):
    """From the process purchase: the outcome of a purchase has changed."""

    parcel_id: str
    announcement_id: str
    place: Place
    outcome: Literal["open", "paid", "cancelled", "refunded"]
    revision: Annotated[int, Field(ge=1, le=2**53)]


class Content(Enum):
    """What is known of one place in the parcel."""

    AWAITED = "awaited"
    PAID = "paid"
    GONE = "gone"


class Parcel(Enum):
    """The outcome of a parcel."""

    WAITING = "waiting"
    COMPLETE = "complete"
    BROKEN = "broken"


class Dispatch(Enum):
    """Conditions of the parcel at the dock."""

    HELD = "held"
    RELEASED = "released"


RECEIVED = Register("received", of=PurchaseTurned, key="announcement_id")


def content_of(place: int) -> DerivedColumn:
    """What the announcement with the greatest revision says of a place."""
    holds = latest(RECEIVED, by=("revision",), field="outcome", where=each("place").equals(place))
    return DerivedColumn.of(
        f"place {place}",
        stages(
            Content.AWAITED,
            (holds.is_one_of("paid", "cancelled", "refunded"), Content.PAID),
            (holds.is_one_of("cancelled", "refunded"), Content.GONE),
        ),
    )


def parcel_of(*contents: Enum) -> Parcel:
    """Complete when all are paid, broken when one is gone."""
    if Content.GONE in contents:
        return Parcel.BROKEN
    return Parcel.WAITING if Content.AWAITED in contents else Parcel.COMPLETE


DISPATCH = Effect(
    "dispatch",
    collaborator="dock",
    commands={Dispatch.HELD: CommandTemplate("HoldParcel"), Dispatch.RELEASED: CommandTemplate("ReleaseParcel")},
    initially=Dispatch.HELD,
)
PARCEL = outcomes(content_of(1), content_of(2), content_of(3), rule=parcel_of)

parcel = Process(
    name="parcel",
    version=1,
    correlate="parcel_id",
    inputs={"purchase-process": (PurchaseTurned,)},
    registers=(RECEIVED,),
    outcomes=PARCEL,
    wanted=(
        wanted(
            PARCEL,
            rows=[
                (Parcel.COMPLETE, {DISPATCH: Dispatch.RELEASED}),
                (all_but(Parcel.COMPLETE), {DISPATCH: Dispatch.HELD}),
            ],
        ),
    ),
    settled=frozenset(Parcel),
)
