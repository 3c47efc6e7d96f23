"""Messages of wards, fleets, ledgers, leagues and libraries, and short forms of processes that use them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Literal

from pydantic import Field

from saga import CommandTemplate, Effect, Outcomes, Reducer, Register, SubMachine, outcomes
from tests.adversary.kit import Do, Out, Seen
from tests.adversary.planted.seventh_messages import Cents, Change, Minute, Small, Word

Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Degrees = Annotated[float, Field(ge=-50, le=60, allow_inf_nan=False)]
Percent = Annotated[int, Field(ge=0, le=100)]
Size = Literal["S", "M", "L", "XL"]


class Grade(Enum):
    LOW = "low"
    MIDDLE = "middle"
    HIGH = "high"


@dataclass(frozen=True)
class Posted:
    id: str
    posting_id: str
    cents: Change
    account: Word = "main"
    minute: Minute = 0


@dataclass(frozen=True)
class Worked:
    id: str
    shift_id: str
    start: Minute
    minutes: Small
    worker: Word = "ann"


@dataclass(frozen=True)
class Pinged:
    id: str
    ping_id: str
    minute: Minute
    lat: Latitude
    lon: Longitude


@dataclass(frozen=True)
class Booked:
    id: str
    booking_id: str
    start: Minute
    end: Minute
    room: Word = "blue"
    bed: Word = ""


@dataclass(frozen=True)
class Lent:
    id: str
    loan_id: str
    book: Word
    day: date
    days: Small = 14


@dataclass(frozen=True)
class Scanned:
    id: str
    scan_id: str
    place: Word
    at: datetime


@dataclass(frozen=True)
class Ordered:
    id: str
    line_id: str
    sku: Word
    quantity: Small
    cents: Cents = 100
    size: Size = "M"


@dataclass(frozen=True)
class Balloted:
    id: str
    ballot_id: str
    voter: Word
    option: Word
    weight: Small = 1


@dataclass(frozen=True)
class Said:
    id: str
    post_id: str
    author: Word
    text: Word
    version: Minute = 0


@dataclass(frozen=True)
class Hired:
    id: str
    badge_id: str
    boss: Word | None = None
    salary: Cents = 0


@dataclass(frozen=True)
class Coupon:
    id: str
    coupon_id: str
    percent: Percent


@dataclass(frozen=True)
class Fought:
    id: str
    match_id: str
    winner: Word
    loser: Word
    minute: Minute = 0


@dataclass(frozen=True)
class Enrolled:
    id: str
    member_id: str
    born: date


@dataclass(frozen=True)
class Planned:
    id: str
    plan_id: str
    year: Annotated[int, Field(ge=2000, le=2100)]
    week: Annotated[int, Field(ge=1, le=53)]


@dataclass(frozen=True)
class Quoted:
    id: str
    quote_id: str
    amount: Annotated[str, Field(pattern=r"^[0-9]+([.,][0-9]{1,2})?$", max_length=12)]
    currency: Literal["eur", "usd", "chf"] = "eur"


@dataclass(frozen=True)
class Linked:
    id: str
    link_id: str
    one: Word
    other: Word


@dataclass(frozen=True)
class Chilled:
    id: str
    sensor_id: str
    degrees: Degrees
    minute: Minute = 0


@dataclass(frozen=True)
class Listed:
    id: str
    list_id: str
    codes: list[Word] = field(default_factory=list)
    counts: list[Small] = field(default_factory=list)


@dataclass(frozen=True)
class Part:
    sku: Word
    serial: Word | None = None


@dataclass(frozen=True)
class Fitted:
    id: str
    job_id: str
    part: Part
    spare: Part | None = None
    hours: Minute = 0


@dataclass(frozen=True)
class Capped:
    """The one limit of an instance."""

    id: str
    cap: Cents
    seconds: Annotated[float, Field(ge=1, le=10**6, allow_inf_nan=False)] | None = None


@dataclass(frozen=True)
class Plain:
    """A message that says nothing but that it came."""

    id: str = "i"


class Placed(Plain): ...


class Settled(Plain): ...


class Withdrawn(Plain): ...


class Held(Plain): ...


class Released(Plain): ...


class Escalated(Plain): ...


class Confirmed(Plain): ...


class Refused(Plain): ...


class Shipped(Plain): ...


class Lost(Plain): ...


class Returned(Plain): ...


class Inspected(Plain): ...


class Insured(Plain): ...


class Disputed(Plain): ...


class Audited(Plain): ...


class Archived(Plain): ...


@dataclass(frozen=True)
class TimedOut:
    id: str
    due_at: str = ""


@dataclass(frozen=True)
class Reminded:
    id: str


POSTINGS = Register("postings", Posted, "posting_id")
SHIFTS = Register("shifts", Worked, "shift_id")
PINGS = Register("pings", Pinged, "ping_id")
BOOKINGS = Register("bookings", Booked, "booking_id")
LOANS = Register("loans", Lent, "loan_id")
SCANS = Register("scans", Scanned, "scan_id")
LINES = Register("lines", Ordered, "line_id")
BALLOTS = Register("ballots", Balloted, "ballot_id")
POSTS = Register("posts", Said, "post_id")
STAFF = Register("staff", Hired, "badge_id")
COUPONS = Register("coupons", Coupon, "coupon_id")
MATCHES = Register("matches", Fought, "match_id")
MEMBERS = Register("members", Enrolled, "member_id")
PLANS = Register("plans", Planned, "plan_id")
QUOTES = Register("quotes", Quoted, "quote_id")
LINKS = Register("links", Linked, "link_id")
SENSORS = Register("sensors", Chilled, "sensor_id")
LISTS = Register("lists", Listed, "list_id")
JOBS = Register("jobs", Fitted, "job_id")
CAP = Register("cap", Capped, "id")


def latched(name: str, **kinds: type) -> SubMachine[Any]:
    """A machine that remembers the first of two rivals alone: the word is what was first."""
    words = Enum(name.title(), {"NONE": "none"} | {word: word.lower() for word in kinds})  # type: ignore[misc]
    moves = {
        state: {kind: words[word] if state is words["NONE"] else state for word, kind in kinds.items()}
        for state in words
    }
    return SubMachine(name, words["NONE"], moves)


def ranked(name: str, *steps: tuple[str, type]) -> SubMachine[Any]:
    """A machine whose greatest step so far counts, so that it moves alike in every order."""
    words = Enum(name.title(), {"NONE": "none"} | {word: word.lower() for word, _ in steps})  # type: ignore[misc]
    order = list(words)
    moves = {state: {kind: max(state, words[word], key=order.index) for word, kind in steps} for state in order}
    return SubMachine(name, order[0], moves)


def same(column: Any) -> Outcomes:
    """A table that says the same in each cell of several columns."""
    return outcomes(column, rule=lambda *_: Out.DONE)


def effect(name: str, *, final: bool = False, can_void: bool = False, at: str = "desk", **how: Any) -> Effect:
    """An effect with the command `Do` and, if it can be voided, `Void`, which is what holds before any command."""
    commands: dict[Enum, CommandTemplate] = {Do.YES: CommandTemplate(f"Do{name.title()}")}
    if can_void:
        commands[Do.NO] = CommandTemplate(f"Void{name.title()}")
    return Effect(
        name,
        at,
        commands,
        final=frozenset({Do.YES}) if final else frozenset(),
        initially=Do.NO if can_void else None,
        **how,
    )


def bag(name: str, kind: type, reduce: Callable[[Any, Any], Any], start: Any = None) -> Reducer:
    """A reducer of one message class."""
    return Reducer(name, (kind,), [] if start is None else start, reduce)


def if_seen(machine: SubMachine[Seen], yes: Enum = Out.DONE, no: Enum = Out.OTHER) -> Outcomes:
    """A table of what came."""
    return outcomes(machine, rows=[(Seen.YES, yes), (Seen.NO, no)])
