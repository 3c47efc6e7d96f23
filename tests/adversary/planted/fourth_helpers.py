"""Messages of small businesses, and short forms, for the functions that are planted in the fourth round."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from saga import Fact, Process, Reducer, Register
from tests.adversary.kit import shown

Fold = Callable[[Any, Fact], Any]


@dataclass(frozen=True)
class Earned:
    id: str
    earn_id: str
    points: int


@dataclass(frozen=True)
class Redeemed:
    id: str
    redeem_id: str
    points: int


@dataclass(frozen=True)
class Bid:
    id: str
    bid_id: str
    cents: int
    bidder: str = "ann"


@dataclass(frozen=True)
class Visited:
    id: str
    visit_id: str
    minute: int


@dataclass(frozen=True)
class CouponUsed:
    id: str
    coupon_id: str
    kind: str
    value: int


@dataclass(frozen=True)
class Named:
    id: str
    name_id: str
    name: str
    at: str = "2030-01-01T00:00:00Z"


@dataclass(frozen=True)
class Patched:
    id: str
    patch_id: str
    version: int
    text: str


@dataclass(frozen=True)
class Arrived:
    id: str
    guest_id: str
    table: int = 1


@dataclass(frozen=True)
class Left:
    id: str
    guest_id: str


@dataclass(frozen=True)
class Commented:
    id: str
    comment_id: str
    parent: str | None
    text: str = ""


@dataclass(frozen=True)
class Voted:
    id: str
    vote_id: str
    choice: str


@dataclass(frozen=True)
class Measured:
    id: str
    reading_id: str
    value: int
    unit: str = "g"


NAMES = Register("names", Named, "name_id")
VOTES = Register("votes", Voted, "vote_id")
READINGS = Register("readings", Measured, "reading_id")
BIDS = Register("bids", Bid, "bid_id")
GUESTS = Register("guests", Arrived, "guest_id")


def reported(start: Any, fold: Fold, *kinds: type) -> Process:
    """A command that says what the function folds of these messages."""
    return shown(Reducer("folded", kinds, start, fold))


def once_each(start: Any, key: str, step: Fold, *kinds: type) -> Process:
    """The same, where a message whose key is known changes nothing; the step sees the value alone."""

    def fold(known: Any, fact: Fact) -> Any:
        mark = f"{fact.kind.__name__}/{fact.fields.get(key) or [*fact.fields.values()][1]}"
        if mark in known["seen"]:
            return known
        return {"seen": sorted([*known["seen"], mark]), "value": step(known["value"], fact)}

    reducer = Reducer("folded", kinds, {"seen": [], "value": start}, fold)
    return shown(reducer, compute=lambda known: known["value"])
