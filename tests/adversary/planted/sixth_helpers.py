"""Messages and folds that the sixth round shares."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field

from saga import Deadline, Fact, Process, Reducer, Register
from tests.adversary.kit import shown

Name = Annotated[str, Field(max_length=60)]
Money = Annotated[int, Field(ge=0, le=10**9)]
Small = Annotated[int, Field(ge=0, le=1_000)]
Signed = Annotated[int, Field(ge=-(10**9), le=10**9)]


class Ordered(BaseModel):
    id: str
    total: Money
    wait_seconds: Annotated[int, Field(ge=1, le=86_400)] | None = None


class Cancelled(BaseModel):
    id: str


class Confirmed(BaseModel):
    id: str


class Departed(BaseModel):
    id: str


class Approved(BaseModel):
    id: str


class Rejected(BaseModel):
    id: str


class Expired(BaseModel):
    id: str
    due_at: str = ""


class Reminded(BaseModel):
    id: str


class Charge(BaseModel):
    id: str
    charge_id: Name
    cents: Money


class Adjustment(BaseModel):
    id: str
    adjustment_id: Name
    cents: Signed


class Return(BaseModel):
    id: str
    return_id: Name
    charge_id: Name
    cents: Money


class Reading(BaseModel):
    id: str
    reading_id: Name
    day: Small
    units: Money


class Bid(BaseModel):
    id: str
    bid_id: Name
    bidder: Name
    cents: Money
    at: AwareDatetime


class Vote(BaseModel):
    id: str
    voter: Name
    choice: Literal["yes", "no", "abstain"]


class Review(BaseModel):
    id: str
    review_id: Name
    stars: Annotated[int, Field(ge=1, le=5)]


class Line(BaseModel):
    id: str
    line_id: Name
    article: Name
    pieces: Small


class Label(BaseModel):
    id: str
    label_id: Name
    text: Name


CHARGES = Register("charges", Charge, "charge_id")
RETURNS = Register("returns", Return, "return_id")
ADJUSTMENTS = Register("adjustments", Adjustment, "adjustment_id")
READINGS = Register("readings", Reading, "reading_id")
BIDS = Register("bids", Bid, "bid_id")
VOTES = Register("votes", Vote, "voter")
REVIEWS = Register("reviews", Review, "review_id")
LINES = Register("lines", Line, "line_id")
LABELS = Register("labels", Label, "label_id")
ORDERS = Register("orders", Ordered, "id")
EXPIRY = Deadline("expiry", Expired, timedelta(hours=2))
REMINDER = Deadline("reminder", Reminded, timedelta(hours=1))

KEYS = (
    *("return_id", "charge_id", "adjustment_id", "reading_id", "bid_id", "voter", "review_id", "line_id", "label_id"),
    *("tier_id", "rate_id", "stay_id", "link_id", "passenger", "post_id", "part_id", "use_id", "session"),
)
"""The fields that tell one message of a type from the next."""

Fold = Callable[[Any, Fact], Any]


def once(fold: Fold) -> Fold:
    """A reducer that folds each id of each type once."""

    def reduce(known: Any, fact: Fact) -> Any:
        key = next(fact.fields[name] for name in KEYS if name in fact.fields)
        name = f"{fact.kind.__name__} {key}"
        if name in known["folded"]:
            return known
        return {"folded": sorted([*known["folded"], name]), "value": fold(known["value"], fact)}

    return reduce


def value_of(known: Any) -> Any:
    """What was folded, without the ids."""
    return known["value"]


def reducer_of(fold: Fold, start: Any, *kinds: type) -> Reducer:
    """Folds each id once."""
    return Reducer("folded", kinds, {"folded": [], "value": start}, once(fold))


def told(fold: Fold, start: Any, *kinds: type) -> Process:
    """A command with the folded value."""
    return shown(reducer_of(fold, start, *kinds), compute=value_of)


def charge(number: int, cents: int) -> Charge:
    """A charge."""
    return Charge(id="i", charge_id=f"c{number}", cents=cents)


def adjustment(number: int, cents: int) -> Adjustment:
    """An adjustment."""
    return Adjustment(id="i", adjustment_id=f"a{number}", cents=cents)


def returned(number: int, charge_id: str, cents: int) -> Return:
    """A return."""
    return Return(id="i", return_id=f"r{number}", charge_id=charge_id, cents=cents)


def reading(number: int, day: int, units: int) -> Reading:
    """A reading of a meter."""
    return Reading(id="i", reading_id=f"m{number}", day=day, units=units)


def bid(number: int, cents: int, at: str = "2030-01-01T00:00:00Z") -> Bid:
    """A bid."""
    return Bid.model_validate({"id": "i", "bid_id": f"b{number}", "bidder": f"x{number}", "cents": cents, "at": at})


def vote(voter: str, choice: Literal["yes", "no", "abstain"]) -> Vote:
    """A vote."""
    return Vote(id="i", voter=voter, choice=choice)


def review(number: int, stars: int) -> Review:
    """A review."""
    return Review(id="i", review_id=f"v{number}", stars=stars)


def line(number: int, article: str, pieces: int) -> Line:
    """A line of an order."""
    return Line(id="i", line_id=f"l{number}", article=article, pieces=pieces)


def label(number: int, text: str) -> Label:
    """A label."""
    return Label(id="i", label_id=f"t{number}", text=text)
