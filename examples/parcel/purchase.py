"""A purchase: paid, cancelled, or both, and then refunded. It announces its outcome to whoever waits for it."""

from enum import Enum
from typing import Literal

from pydantic import BaseModel

from saga import Announces, Process, Register, SubMachine, outcomes

Place = Literal[1, 2, 3]


class PurchaseMessage(BaseModel, frozen=True, extra="allow"):
    """The data of every message about a purchase."""

    purchase_id: str


class PurchasePlaced(PurchaseMessage):
    """From shop: one of the three purchases of a parcel."""

    parcel_id: str
    place: Place


class PurchasePaid(PurchaseMessage):
    """From payments: the money is here."""


class PurchaseCancelled(PurchaseMessage):
    """From shop: the customer does not want it any more."""


class Money(Enum):
    """Whether the money came."""

    AWAITED = "awaited"
    HERE = "here"


class Wish(Enum):
    """Whether the customer still wants it."""

    WANTED = "wanted"
    CANCELLED = "cancelled"


class Purchase(Enum):
    """The outcome of a purchase."""

    OPEN = "open"
    PAID = "paid"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


MONEY = SubMachine("money", Money.AWAITED, {one: {PurchasePaid: Money.HERE} for one in Money})
WISH = SubMachine("wish", Wish.WANTED, {one: {PurchaseCancelled: Wish.CANCELLED} for one in Wish})
PLACED = Register("placed", of=PurchasePlaced, key="purchase_id")

purchase = Process(
    name="purchase",
    version=1,
    correlate="purchase_id",
    inputs={"shop": (PurchasePlaced, PurchaseCancelled), "payments": (PurchasePaid,)},
    machines=(MONEY, WISH),
    registers=(PLACED,),
    outcomes=outcomes(
        MONEY,
        WISH,
        rows=[
            (Money.AWAITED, Wish.WANTED, Purchase.OPEN),
            (Money.HERE, Wish.WANTED, Purchase.PAID),
            (Money.AWAITED, Wish.CANCELLED, Purchase.CANCELLED),
            (Money.HERE, Wish.CANCELLED, Purchase.REFUNDED),
        ],
    ),
    settled=frozenset(Purchase),
    # One type for all outcomes: the parcel keeps all it receives of a purchase in one register. The fields say which
    # parcel it is for; nothing is announced before PurchasePlaced has come.
    announces=Announces(
        dict.fromkeys(Purchase, "PurchaseTurned"),
        final=frozenset({Purchase.REFUNDED}),
        register=PLACED,
        fields=("parcel_id", "place"),
    ),
)
