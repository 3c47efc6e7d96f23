"""What the ninth round talks about: procurement, loans, tickets, energy, claims, hotels, pledges, plans and sensors."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field

from saga import CommandTemplate, DerivedColumn, Effect, Process, Register, wanted
from tests.adversary.kit import Commands, Do, one_outcome, proc

Cents = Annotated[int, Field(ge=0, le=10**9)]
Day = Annotated[int, Field(ge=0, le=40_000)]
Known = dict[str, Any]


class Message(BaseModel):
    """Each is about one contract, trip, claim or plan."""

    id: str = "i"


class Opened(Message):
    """The file was opened."""


class Closed(Message):
    """The books are closed."""


class Cancelled(Message):
    """The customer does not want it any more."""


class Confirmed(Message):
    """The supplier can do it."""


class Shipped(Message):
    """The goods are on their way."""


class Approved(Message):
    """The department agrees."""


class Rejected(Message):
    """The department does not agree."""


class Paused(Message):
    """The plan rests."""


class Resumed(Message):
    """The plan goes on."""


class Checked(Message):
    """An auditor looked at it."""


class Signed(Message):
    """The customer signed."""


class Insured(Message):
    """It is insured."""


class Elapsed(Message):
    """From the scheduler: the time is over."""


class Overdue(Message):
    """From the scheduler: the second time is over."""


class Lapsed(Message):
    """From the scheduler: the time is over, and when it was due."""

    due_at: str = ""


class Terms(Message):
    """What was agreed."""

    limit: Cents = 0
    wait_seconds: Annotated[float, Field(ge=1, le=10**7)] | None = None


class Offered(Message):
    """A supplier's offer."""

    offer_id: str
    supplier: str
    cents: Cents
    day: Day = 1


class Voted(Message):
    """One member's vote in a round."""

    vote_id: str
    voter: str
    says: Literal["yes", "no", "abstain"]
    round: Annotated[int, Field(ge=1, le=9)] = 1


class Repaid(Message):
    """Money came back."""

    repayment_id: str
    cents: Cents
    day: Day = 1


class Drawn(Message):
    """Money went out."""

    draw_id: str
    cents: Cents
    day: Day = 1


class Metered(Message):
    """What a sensor saw."""

    reading_id: str
    sensor: str
    value: Annotated[int, Field(ge=0, le=10**6)]
    minute: Annotated[int, Field(ge=0, le=10**7)]


class Claimed(Message):
    """A treatment that was paid for."""

    claim_id: str
    code: str
    cents: Cents
    day: Day = 1


class Decided(Message):
    """Which share of a claim is covered."""

    decision_id: str
    claim_id: str
    share: Annotated[int, Field(ge=0, le=100)]


class Pledged(Message):
    """A backer gives something."""

    pledge_id: str
    backer: str
    cents: Cents
    minute: Annotated[int, Field(ge=0, le=10**7)] = 0


class Withdrawn(Message):
    """A backer takes a pledge back."""

    withdrawal_id: str
    pledge_id: str


class Stayed(Message):
    """A guest slept in a room."""

    stay_id: str
    night: Day
    guests: Annotated[int, Field(ge=0, le=8)] = 1
    cents: Cents = 0


class Moved(Message):
    """Parts of an address."""

    address_id: str
    day: Day
    street: str | None = None
    city: str | None = None


class Linked(Message):
    """Two places, boxes or accounts belong together."""

    link_id: str
    one: str
    other: str


class Dated(Message):
    """Something happens at a time."""

    event_id: str
    at: AwareDatetime


OFFERS = Register("offers", Offered, "offer_id")
VOTES = Register("votes", Voted, "vote_id")
REPAYMENTS = Register("repayments", Repaid, "repayment_id")
DRAWS = Register("draws", Drawn, "draw_id")
READINGS = Register("readings", Metered, "reading_id")
CLAIMS = Register("claims", Claimed, "claim_id")
DECISIONS = Register("decisions", Decided, "decision_id")
PLEDGES = Register("pledges", Pledged, "pledge_id")
WITHDRAWALS = Register("withdrawals", Withdrawn, "withdrawal_id")
STAYS = Register("stays", Stayed, "stay_id")
MOVES = Register("moves", Moved, "address_id")
LINKS = Register("links", Linked, "link_id")
EVENTS = Register("events", Dated, "event_id")
TERMS = Register("terms", Terms, "id")


def offer(number: int, cents: int, supplier: str | None = None, day: int = 1) -> Offered:
    """An offer, of a supplier of its own unless it is named."""
    return Offered(offer_id=f"o{number}", supplier=supplier or f"s{number}", cents=cents, day=day)


def vote(number: int, says: Literal["yes", "no", "abstain"], voter: str | None = None, turn: int = 1) -> Voted:
    """A vote, of a voter of its own unless it is named."""
    return Voted(vote_id=f"v{number}", voter=voter or f"m{number}", says=says, round=turn)


def repaid(number: int, cents: int, day: int = 1) -> Repaid:
    """A repayment."""
    return Repaid(repayment_id=f"r{number}", cents=cents, day=day)


def drawn(number: int, cents: int, day: int = 1) -> Drawn:
    """A draw."""
    return Drawn(draw_id=f"d{number}", cents=cents, day=day)


def metered(number: int, value: int, minute: int, sensor: str = "north") -> Metered:
    """A reading."""
    return Metered(reading_id=f"m{number}", sensor=sensor, value=value, minute=minute)


def claim(number: int, cents: int, code: str = "A1", day: int = 1) -> Claimed:
    """A claim."""
    return Claimed(claim_id=f"c{number}", code=code, cents=cents, day=day)


def decided(number: int, claim_id: str, share: int) -> Decided:
    """A decision about a claim."""
    return Decided(decision_id=f"e{number}", claim_id=claim_id, share=share)


def pledge(number: int, cents: int, minute: int = 0, backer: str | None = None) -> Pledged:
    """A pledge, of a backer of its own unless it is named."""
    return Pledged(pledge_id=f"p{number}", backer=backer or f"b{number}", cents=cents, minute=minute)


def stay(number: int, night: int, guests: int = 1, cents: int = 0) -> Stayed:
    """A night in a room."""
    return Stayed(stay_id=f"n{number}", night=night, guests=guests, cents=cents)


def linked(number: int, one: str, other: str) -> Linked:
    """A link."""
    return Linked(link_id=f"l{number}", one=one, other=other)


def booking(name: str = "booking", *, is_final: bool = False, decided_by: type | None = None) -> Effect:
    """Something that is booked and given back, and was never booked at first."""
    commands: Commands = {Do.YES: CommandTemplate("Book"), Do.NO: CommandTemplate("GiveBack")}
    final = frozenset({Do.YES}) if is_final else frozenset()
    return Effect(name, "booker", commands, final=final, decided_by=decided_by, initially=Do.NO)


def booked_if(column: DerivedColumn, *parts: Any, is_final: bool = True) -> Process:
    """Booked where the column holds, and given back where it does not."""
    effect = booking(is_final=is_final)
    table = wanted(column, rows=[(True, {effect: Do.YES}), (False, {effect: Do.NO})])
    return proc(one_outcome(column), *parts, wants=[table])
