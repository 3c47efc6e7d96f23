"""Messages of vets, blood banks, cellars, film sets, ski lifts and notaries, which the eleventh files share."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from saga import Register

Known = dict[str, Any]
Many = Annotated[int, Field(ge=0, le=10**9)]
Degrees = Annotated[int, Field(ge=-60, le=60)]
Money = Annotated[Decimal, Field(ge=0, le=10**6, max_digits=12, decimal_places=4)]


class Urgency(Enum):
    CALM = "calm"
    SOON = "soon"
    NOW = "now"


@dataclass(frozen=True)
class Donated:
    id: str
    bag_id: str
    group: Literal["A", "B", "AB", "O"]
    ml: Many


@dataclass(frozen=True)
class Wished:
    id: str
    wish_id: str
    group: Literal["A", "B", "AB", "O"]
    ml: Many


@dataclass(frozen=True)
class Examined:
    id: str
    exam_id: str
    animal: str
    grams: Many
    urgency: Urgency = Urgency.CALM


@dataclass(frozen=True)
class Corked:
    id: str
    bottle_id: str
    name: str
    year: Many
    price: Money = Decimal(0)


@dataclass(frozen=True)
class Filmed:
    id: str
    shot_id: str
    scene: Many
    good: bool
    seconds: Many = 0


@dataclass(frozen=True)
class Ridden:
    id: str
    ride_id: str
    lift: str
    minute: Many


@dataclass(frozen=True)
class Willed:
    id: str
    clause_id: str
    heir: str
    share: Many
    article: str = "1"


@dataclass(frozen=True)
class Related:
    id: str
    link_id: str
    parent: str
    child: str


@dataclass(frozen=True)
class Frosted:
    id: str
    night_id: str
    degrees: Degrees


@dataclass(frozen=True)
class Tagged:
    id: str
    tag_id: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Dubbed:
    id: str
    cue_id: str
    start: Many
    end: Many
    text: str = ""


@dataclass(frozen=True)
class Scored:
    id: str
    score_id: str
    points: dict[str, int]


@dataclass(frozen=True)
class Line:
    article: str
    pieces: Many


@dataclass(frozen=True)
class Packed:
    id: str
    crate_id: str
    lines: list[Line] = field(default_factory=list)


class Spotted(BaseModel):
    id: str
    spot_id: str
    at: datetime
    species: str = "wren"


class Due(BaseModel):
    id: str
    due_id: str
    on: date
    amount: Many = 0


@dataclass(frozen=True)
class Manual:
    id: str
    limit: Many | None = None
    wait_seconds: Annotated[float, Field(ge=0, le=10**6)] | None = None


@dataclass(frozen=True)
class Opened:
    id: str = "i"


@dataclass(frozen=True)
class Closed:
    id: str = "i"


@dataclass(frozen=True)
class Sealed:
    id: str = "i"


@dataclass(frozen=True)
class Broken:
    id: str = "i"


@dataclass(frozen=True)
class Mended:
    id: str = "i"


@dataclass(frozen=True)
class Called:
    id: str = "i"


@dataclass(frozen=True)
class Thawed:
    id: str = "i"


@dataclass(frozen=True)
class Fed:
    id: str = "i"


@dataclass(frozen=True)
class Washed:
    id: str = "i"


@dataclass(frozen=True)
class Weaned:
    id: str = "i"


@dataclass(frozen=True)
class Rang:
    id: str
    due_at: str = ""


@dataclass(frozen=True)
class RangAgain:
    id: str


BAGS = Register("bags", Donated, "bag_id")
WISHES = Register("wishes", Wished, "wish_id")
EXAMS = Register("exams", Examined, "exam_id")
BOTTLES = Register("bottles", Corked, "bottle_id")
SHOTS = Register("shots", Filmed, "shot_id")
RIDES = Register("rides", Ridden, "ride_id")
CLAUSES = Register("clauses", Willed, "clause_id")
LINKS = Register("links", Related, "link_id")
NIGHTS = Register("nights", Frosted, "night_id")
TAGGED = Register("tagged", Tagged, "tag_id")
CUES = Register("cues", Dubbed, "cue_id")
SCORES = Register("scores", Scored, "score_id")
CRATES = Register("crates", Packed, "crate_id")
SPOTS = Register("spots", Spotted, "spot_id")
DUES = Register("dues", Due, "due_id")
MANUALS = Register("manuals", Manual, "id")


def spotted(number: int, at: str, species: str = "wren") -> Spotted:
    """A bird, with the time as it is written."""
    return Spotted(id="i", spot_id=f"s{number}", at=datetime.fromisoformat(at), species=species)


def due(number: int, on: str, amount: int = 0) -> Due:
    """An amount that is due on a day."""
    return Due(id="i", due_id=f"d{number}", on=date.fromisoformat(on), amount=amount)


def corked(number: int, name: str, year: int, price: str = "0") -> Corked:
    """A bottle."""
    return Corked("i", f"b{number}", name, year, Decimal(price))


def ridden(number: int, lift: str, minute: int) -> Ridden:
    """A ride on a lift."""
    return Ridden("i", f"r{number}", lift, minute)


def willed(number: int, heir: str, share: int, article: str = "1") -> Willed:
    """A clause of a will."""
    return Willed("i", f"c{number}", heir, share, article)


def filmed(number: int, scene: int, good: bool = True, seconds: int = 0) -> Filmed:
    """One shot of a scene."""
    return Filmed("i", f"f{number}", scene, good, seconds)


def examined(number: int, animal: str, grams: int, urgency: Urgency = Urgency.CALM) -> Examined:
    """An animal on the scale."""
    return Examined("i", f"e{number}", animal, grams, urgency)


def donated(number: int, group: Any, ml: int) -> Donated:
    """A bag of blood."""
    return Donated("i", f"g{number}", group, ml)


def wished(number: int, group: Any, ml: int) -> Wished:
    """A ward that wishes blood."""
    return Wished("i", f"w{number}", group, ml)


def related(number: int, parent: str, child: str) -> Related:
    """A parent and a child."""
    return Related("i", f"l{number}", parent, child)


def frosted(number: int, degrees: int) -> Frosted:
    """The lowest temperature of a night."""
    return Frosted("i", f"n{number}", degrees)


def tagged(number: int, *words: str) -> Tagged:
    """Words on a tag."""
    return Tagged("i", f"t{number}", words)


def dubbed(number: int, start: int, end: int, text: str = "") -> Dubbed:
    """A line that is spoken from one second to another."""
    return Dubbed("i", f"u{number}", start, end, text)


def scored(number: int, **points: int) -> Scored:
    """Points for each team."""
    return Scored("i", f"o{number}", points)


def packed(number: int, **pieces: int) -> Packed:
    """A crate with pieces of articles."""
    return Packed("i", f"k{number}", [Line(article, many) for article, many in pieces.items()])
