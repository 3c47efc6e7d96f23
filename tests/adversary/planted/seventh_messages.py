"""Messages of shops, wards, auctions and chats, and short forms of processes that fold them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from saga import Fact, Process, Reducer
from tests.adversary.kit import shown

Cents = Annotated[int, Field(ge=0, le=10**9)]
Change = Annotated[int, Field(ge=-(10**9), le=10**9)]
Minute = Annotated[int, Field(ge=0, le=10**7)]
Small = Annotated[int, Field(ge=1, le=1_000)]
Word = Annotated[str, Field(max_length=40)]
Fold = Callable[[Any, Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Moved:
    id: str
    move_id: str
    delta: Change
    sku: Word = "tea"


@dataclass(frozen=True)
class Counted:
    id: str
    count_id: str
    level: Cents


@dataclass(frozen=True)
class Rated:
    id: str
    rating_id: str
    stars: Annotated[int, Field(ge=1, le=5)]


@dataclass(frozen=True)
class Voted:
    id: str
    vote_id: str
    voter: Word
    choice: Word
    minute: Minute = 0


@dataclass(frozen=True)
class Bid:
    id: str
    bid_id: str
    bidder: Word
    cents: Cents


@dataclass(frozen=True)
class Dosed:
    id: str
    dose_id: str
    minute: Minute
    milligrams: Small


@dataclass(frozen=True)
class MeterRead:
    id: str
    reading_id: str
    minute: Minute
    units: Cents


@dataclass(frozen=True)
class Chatted:
    id: str
    event_id: str
    message: Word
    kind: Literal["post", "edit", "delete"]
    text: Word
    version: Minute = 0


@dataclass(frozen=True)
class RateSet:
    id: str
    currency: Word
    permille: Small


@dataclass(frozen=True)
class Sold:
    id: str
    sale_id: str
    cents: Cents
    currency: Word = "eur"


@dataclass(frozen=True)
class Approved:
    id: str
    approval_id: str
    person: Word
    role: Literal["clerk", "manager"] = "clerk"


@dataclass(frozen=True)
class Packed:
    id: str
    item_id: str
    grams: Small


@dataclass(frozen=True)
class Visited:
    id: str
    visit_id: str
    day: Annotated[int, Field(ge=0, le=100_000)]


@dataclass(frozen=True)
class Switched:
    id: str
    event_id: str
    kind: Literal["pause", "resume"]
    minute: Minute


@dataclass(frozen=True)
class Patched:
    id: str
    patch_id: str
    version: Minute
    phone: Word | None = None
    email: Word | None = None


@dataclass(frozen=True)
class Claimed:
    id: str
    claim_id: str
    seat: Word
    passenger: Word
    minute: Minute = 0


@dataclass(frozen=True)
class Billed:
    id: str
    invoice_id: str
    cents: Cents


@dataclass(frozen=True)
class Banked:
    id: str
    line_id: str
    cents: Cents
    reference: Word | None = None


@dataclass(frozen=True)
class Corrected:
    id: str
    correction_id: str
    of_id: Word
    cents: Change


@dataclass(frozen=True)
class Documented:
    id: str
    document_id: str
    kind: Word
    is_valid: bool


@dataclass(frozen=True)
class Place:
    street: Word
    city: Word = ""


@dataclass(frozen=True)
class Moving:
    id: str
    notice_id: str
    to: Place
    since: Word = ""


@dataclass(frozen=True)
class Listed:
    id: str
    list_id: str
    lines: list[Word] = field(default_factory=list)


@dataclass(frozen=True)
class Measured:
    id: str
    measure_id: str
    value: int | float
    at: Word = ""


def by_id(key: str, fold: Fold) -> Callable[[Any, Fact], Any]:
    """A fold that passes over the messages whose ids it knows."""

    def reduce(known: Any, fact: Fact) -> Any:
        if fact.fields[key] in known["seen"]:
            return known
        return {"seen": sorted([*known["seen"], fact.fields[key]]), "value": fold(known["value"], fact.fields)}

    return reduce


def folded_once(kind: type, key: str, start: Any, fold: Fold) -> Process:
    """Says what was folded of messages of which each counts once."""
    store = Reducer("kept", (kind,), {"seen": [], "value": start}, by_id(key, fold))
    return shown(store, compute=lambda kept: kept["value"])


def folded(start: Any, fold: Callable[[Any, Fact], Any], *kinds: type) -> Process:
    """Says what was folded."""
    return shown(Reducer("kept", kinds, start, fold))
