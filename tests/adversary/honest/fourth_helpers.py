"""Messages with limits, and short forms, for the honest processes of the fourth round."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from saga import Fact, Process, Reducer, Register
from tests.adversary.kit import shown

Small = Annotated[int, Field(ge=0, le=1_000_000)]
Fold = Callable[[Any, Fact], Any]


@dataclass(frozen=True)
class Earned:
    id: str
    earn_id: str
    points: Small


@dataclass(frozen=True)
class Redeemed:
    id: str
    redeem_id: str
    points: Small


@dataclass(frozen=True)
class Bid:
    id: str
    bid_id: str
    cents: Small
    bidder: str


@dataclass(frozen=True)
class Lent:
    id: str
    loan_id: str
    since: Small
    until: Small


@dataclass(frozen=True)
class CouponUsed:
    id: str
    coupon_id: str
    kind: str
    value: Small


@dataclass(frozen=True)
class Named:
    id: str
    name_id: str
    name: str
    at: str


@dataclass(frozen=True)
class Patched:
    id: str
    patch_id: str
    version: Small
    text: str


@dataclass(frozen=True)
class Arrived:
    id: str
    guest_id: str


@dataclass(frozen=True)
class Left:
    id: str
    guest_id: str


@dataclass(frozen=True)
class Voted:
    id: str
    vote_id: str
    choice: str


@dataclass(frozen=True)
class Measured:
    id: str
    reading_id: str
    value: Small
    unit: str


@dataclass(frozen=True)
class Linked:
    id: str
    link_id: str
    one: str
    other: str


@dataclass(frozen=True)
class Limited:
    id: str
    limit: Small | None


EARNED = Register("earned", Earned, "earn_id")
REDEEMED = Register("redeemed", Redeemed, "redeem_id")
BIDS = Register("bids", Bid, "bid_id")
LOANS = Register("loans", Lent, "loan_id")
COUPONS = Register("coupons", CouponUsed, "coupon_id")
NAMES = Register("names", Named, "name_id")
PATCHES = Register("patches", Patched, "patch_id")
GUESTS = Register("guests", Arrived, "guest_id")
GONE = Register("gone", Left, "guest_id")
VOTES = Register("votes", Voted, "vote_id")
READINGS = Register("readings", Measured, "reading_id")
LINKS = Register("links", Linked, "link_id")
LIMIT = Register("limit", Limited, "id")


def reported(start: Any, fold: Fold, *kinds: type) -> Process:
    """A command that says what the function folds of these messages."""
    return shown(Reducer("folded", kinds, start, fold))
