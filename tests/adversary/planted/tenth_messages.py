"""What the tenth round talks about: leagues, kitchens, airports, courts, exams, car parks, bins, museums and ships."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from saga import Register

Minute = Annotated[int, Field(ge=0, le=10**6)]
Points = Annotated[int, Field(ge=0, le=100)]
Day = Annotated[int, Field(ge=0, le=40_000)]


class Event(BaseModel):
    """Each is about one season, hearing, voyage or exhibition."""

    id: str = "i"


class Begun(Event):
    """It has begun."""


class Finished(Event):
    """It is over."""


class Abandoned(Event):
    """It was broken off."""


class Postponed(Event):
    """It takes place later."""


class Admitted(Event):
    """The applicant may take part."""


class Barred(Event):
    """The applicant may not take part."""


class Boarded(Event):
    """The doors are closed."""


class Docked(Event):
    """The ship lies at the pier."""


class Sailed(Event):
    """The ship has left."""


class Inspected(Event):
    """An inspector was there."""


class Complained(Event):
    """Somebody is not content."""


class Licensed(Event):
    """The office gave a licence."""


class Sold(Event):
    """It was sold."""


class Cleaned(Event):
    """It is clean."""


class Expired(Event):
    """From the scheduler: the time is over."""


class Reminded(Event):
    """From the scheduler: it is time for a reminder."""


class Rung(Event):
    """From the scheduler: the bell rang, and when it should have."""

    due_at: str = ""


class Rules(Event):
    """What holds for this season or hall, said once."""

    seats: Annotated[int, Field(ge=0, le=10_000)] = 0
    wait_seconds: Annotated[float, Field(ge=1, le=10**6)] | None = None


class Played(Event):
    """A match ended."""

    match_id: str
    team: str
    points: Annotated[int, Field(ge=0, le=3)]
    goals: Annotated[int, Field(ge=0, le=30)] = 0
    day: Day = 1


class Served(Event):
    """A dish went out of the kitchen."""

    dish_id: str
    dish: str
    grams: Annotated[int, Field(ge=0, le=5_000)]
    portions: Annotated[int, Field(ge=0, le=50)] = 1


class Slotted(Event):
    """A flight is at a gate from one minute to another one."""

    slot_id: str
    gate: str
    start: Minute
    end: Minute


class Filed(Event):
    """A paper came to the court."""

    paper_id: str
    party: str
    day: Day
    kind: Literal["claim", "answer", "appeal"] = "claim"


class Ruled(Event):
    """What the court says about a paper."""

    ruling_id: str
    paper_id: str
    says: Literal["granted", "denied"]
    day: Day = 1


class Answered(Event):
    """An answer in an exam was marked."""

    answer_id: str
    question: Annotated[int, Field(ge=1, le=40)]
    points: Points
    marker: str = "m"


class Parked(Event):
    """A car went through the barrier."""

    passage_id: str
    plate: str
    minute: Minute
    way: Literal["in", "out"] = "in"


class Binned(Event):
    """A bin was emptied."""

    bin_id: str
    street: str
    kilos: Annotated[int, Field(ge=0, le=2_000)]
    kind: Literal["paper", "glass", "rest"] = "rest"


class Drew(Event):
    """A ticket of a lottery."""

    ticket_id: str
    numbers: list[Annotated[int, Field(ge=1, le=49)]]


class Applied(Event):
    """Somebody wants the post."""

    application_id: str
    email: str
    score: Points
    day: Day = 1


class Retracted(Event):
    """Somebody does not want the post any more."""

    retraction_id: str
    application_id: str


class Lent(Event):
    """A museum lends an exhibit, from one day until another one."""

    loan_id: str
    exhibit: str
    first: Day
    last: Day
    value: Annotated[int, Field(ge=0, le=10**6)] = 0


class Pumped(Event):
    """Water went through a pipe."""

    pump_id: str
    pipe: str
    litres: float


class Remarked(Event):
    """A line of text of somebody."""

    remark_id: str
    text: str
    stars: Annotated[int, Field(ge=1, le=5)] | None = None


RULES = Register("rules", Rules, "id")
MATCHES = Register("matches", Played, "match_id")
DISHES = Register("dishes", Served, "dish_id")
SLOTS = Register("slots", Slotted, "slot_id")
PAPERS = Register("papers", Filed, "paper_id")
RULINGS = Register("rulings", Ruled, "ruling_id")
ANSWERS = Register("answers", Answered, "answer_id")
PASSAGES = Register("passages", Parked, "passage_id")
BINS = Register("bins", Binned, "bin_id")
TICKETS = Register("tickets", Drew, "ticket_id")
APPLICANTS = Register("applicants", Applied, "application_id")
RETRACTIONS = Register("retractions", Retracted, "retraction_id")
LOANS = Register("loans", Lent, "loan_id")
PUMPS = Register("pumps", Pumped, "pump_id")
REMARKS = Register("remarks", Remarked, "remark_id")


def played(number: int, team: str, points: int, goals: int = 0, day: int = 1) -> Played:
    """A match."""
    return Played(match_id=f"m{number}", team=team, points=points, goals=goals, day=day)


def served(number: int, dish: str, grams: int, portions: int = 1) -> Served:
    """A dish."""
    return Served(dish_id=f"d{number}", dish=dish, grams=grams, portions=portions)


def slotted(number: int, start: int, end: int, gate: str = "A1") -> Slotted:
    """A flight at a gate."""
    return Slotted(slot_id=f"s{number}", gate=gate, start=start, end=end)


def filed(number: int, day: int = 1, party: str = "Ada", kind: Literal["claim", "answer", "appeal"] = "claim") -> Filed:
    """A paper."""
    return Filed(paper_id=f"p{number}", party=party, day=day, kind=kind)


def ruled(number: int, paper: int, says: Literal["granted", "denied"], day: int = 1) -> Ruled:
    """A ruling about a paper."""
    return Ruled(ruling_id=f"r{number}", paper_id=f"p{paper}", says=says, day=day)


def answered(number: int, question: int, points: int, marker: str = "m") -> Answered:
    """A marked answer."""
    return Answered(answer_id=f"a{number}", question=question, points=points, marker=marker)


def parked(number: int, plate: str, minute: int, way: Literal["in", "out"] = "in") -> Parked:
    """A car at the barrier."""
    return Parked(passage_id=f"c{number}", plate=plate, minute=minute, way=way)


def binned(number: int, street: str, kilos: int, kind: Literal["paper", "glass", "rest"] = "rest") -> Binned:
    """An emptied bin."""
    return Binned(bin_id=f"b{number}", street=street, kilos=kilos, kind=kind)


def drew(number: int, *numbers: int) -> Drew:
    """A ticket."""
    return Drew(ticket_id=f"t{number}", numbers=list(numbers))


def applied(number: int, score: int, email: str | None = None, day: int = 1) -> Applied:
    """An application."""
    return Applied(application_id=f"a{number}", email=email or f"x{number}@example.org", score=score, day=day)


def retracted(number: int, application: int) -> Retracted:
    """A retraction."""
    return Retracted(retraction_id=f"w{number}", application_id=f"a{application}")


def lent(number: int, first: int, last: int, exhibit: str = "vase", value: int = 0) -> Lent:
    """A loan."""
    return Lent(loan_id=f"l{number}", exhibit=exhibit, first=first, last=last, value=value)


def pumped(number: int, litres: float, pipe: str = "north") -> Pumped:
    """Some water."""
    return Pumped(pump_id=f"w{number}", pipe=pipe, litres=litres)


def remarked(number: int, text: str, stars: int | None = None) -> Remarked:
    """A remark."""
    return Remarked(remark_id=f"k{number}", text=text, stars=stars)
