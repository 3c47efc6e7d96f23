"""Messages of lighthouses, looms, signal boxes and surveyors, which the twelfth files share."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from saga import Register

Known = dict[str, Any]
One = Mapping[str, Any]
Many = Annotated[int, Field(ge=0, le=10**9)]
Place = Annotated[int, Field(ge=-1000, le=1000)]
Byte = Annotated[int, Field(ge=0, le=255)]
Price = Annotated[Decimal, Field(ge=0, le=10**6, max_digits=10, decimal_places=3)]
Face = Literal["quarter", "half", "flip"]


@dataclass(frozen=True)
class Turned:
    id: str
    turn_id: str
    face: Face


@dataclass(frozen=True)
class Typed:
    id: str
    edit_id: str
    place: Annotated[int, Field(ge=0, le=40)]
    text: str


@dataclass(frozen=True)
class Swapped:
    id: str
    swap_id: str
    one: Literal["ann", "bob", "cem", "dan"]
    other: Literal["ann", "bob", "cem", "dan"]


@dataclass(frozen=True)
class Geared:
    id: str
    gear_id: str
    teeth: Annotated[int, Field(ge=1, le=10**4)]


@dataclass(frozen=True)
class Sequenced:
    id: str
    packet_id: str
    number: Byte
    payload: str = ""


@dataclass(frozen=True)
class Ranked:
    id: str
    ballot_id: str
    choices: tuple[Literal["elm", "oak", "fir", "ash"], ...]


@dataclass(frozen=True)
class Edited:
    id: str
    edit_id: str
    clock: dict[str, Byte]
    text: str


@dataclass(frozen=True)
class Knitted:
    id: str
    row_id: str
    stitches: tuple[Byte, ...]


@dataclass(frozen=True)
class Plotted:
    id: str
    point_id: str
    x: Place
    y: Place


@dataclass(frozen=True)
class Laid:
    id: str
    cable_id: str
    start: str
    end: str
    cost: Many = 1


@dataclass(frozen=True)
class Coded:
    id: str
    code_id: str
    code: str


@dataclass(frozen=True)
class Hexed:
    id: str
    hex_id: str
    digits: Annotated[str, Field(pattern=r"^[0-9a-f]+$", max_length=8)]


@dataclass(frozen=True)
class Shared:
    id: str
    share_id: str
    part: Annotated[str, Field(pattern=r"^[0-9]/[0-9]$")]


@dataclass(frozen=True)
class Shelved:
    id: str
    book_id: str
    title: str
    shelf: Many | None = None
    kind: Literal["map", "log", "chart"] = "map"


@dataclass(frozen=True)
class Filled:
    id: str
    cell_id: str
    row: Annotated[int, Field(ge=0, le=8)]
    column: Annotated[int, Field(ge=0, le=8)]
    digit: Annotated[int, Field(ge=1, le=9)]


@dataclass(frozen=True)
class Metered:
    id: str
    meter_id: str
    month: Annotated[int, Field(ge=0, le=12)]
    used: Many


@dataclass(frozen=True)
class Leg:
    port: str
    miles: Many


@dataclass(frozen=True)
class Sailed:
    id: str
    trip_id: str
    legs: tuple[Leg, ...]
    skipper: str | None = None


class Quoted(BaseModel):
    id: str
    quote_id: str
    price: Price
    pieces: Many = 1


class Rostered(BaseModel):
    id: str
    duty_id: str
    who: str
    start: datetime
    lasts: timedelta = timedelta(hours=1)


class Dated(BaseModel):
    id: str
    day_id: str
    on: date
    label: str = ""


@dataclass(frozen=True)
class Ruled:
    id: str
    limit: Many | None = None
    wait_seconds: Annotated[float, Field(ge=0, le=10**6)] | None = None


@dataclass(frozen=True)
class Lit:
    id: str = "i"


@dataclass(frozen=True)
class Dimmed:
    id: str = "i"


@dataclass(frozen=True)
class Fogged:
    id: str = "i"


@dataclass(frozen=True)
class Sounded:
    id: str = "i"


@dataclass(frozen=True)
class Oiled:
    id: str = "i"


@dataclass(frozen=True)
class Painted:
    id: str = "i"


@dataclass(frozen=True)
class Manned:
    id: str = "i"


@dataclass(frozen=True)
class Wrecked:
    id: str = "i"


@dataclass(frozen=True)
class Towed:
    id: str = "i"


@dataclass(frozen=True)
class Moored:
    id: str = "i"


@dataclass(frozen=True)
class Surveyed:
    id: str = "i"


@dataclass(frozen=True)
class Salvaged:
    id: str = "i"


@dataclass(frozen=True)
class Elapsed:
    id: str
    due_at: str = ""


@dataclass(frozen=True)
class ElapsedAgain:
    id: str


TURNS = Register("turns", Turned, "turn_id")
EDITS = Register("edits", Typed, "edit_id")
SWAPS = Register("swaps", Swapped, "swap_id")
GEARS = Register("gears", Geared, "gear_id")
PACKETS = Register("packets", Sequenced, "packet_id")
BALLOTS = Register("ballots", Ranked, "ballot_id")
VERSIONS = Register("versions", Edited, "edit_id")
ROWS = Register("rows", Knitted, "row_id")
POINTS = Register("points", Plotted, "point_id")
CABLES = Register("cables", Laid, "cable_id")
CODES = Register("codes", Coded, "code_id")
HEXES = Register("hexes", Hexed, "hex_id")
SHARES = Register("shares", Shared, "share_id")
BOOKS = Register("books", Shelved, "book_id")
CELLS = Register("cells", Filled, "cell_id")
METERS = Register("meters", Metered, "meter_id")
TRIPS = Register("trips", Sailed, "trip_id")
QUOTES = Register("quotes", Quoted, "quote_id")
DUTIES = Register("duties", Rostered, "duty_id")
DAYS = Register("days", Dated, "day_id")
RULES = Register("rules", Ruled, "id")


def turned(number: int, face: Face) -> Turned:
    """A tile is turned."""
    return Turned("i", f"t{number}", face)


def typed(number: int, place: int, text: str) -> Typed:
    """A text is put in at a place."""
    return Typed("i", f"e{number}", place, text)


def swapped(number: int, one: Any, other: Any) -> Swapped:
    """Two people change their seats."""
    return Swapped("i", f"s{number}", one, other)


def geared(number: int, teeth: int) -> Geared:
    """A wheel."""
    return Geared("i", f"g{number}", teeth)


def sequenced(number: int, at: int, payload: str = "") -> Sequenced:
    """A packet with a number of one byte."""
    return Sequenced("i", f"p{number}", at, payload)


def ranked(number: int, *choices: Any) -> Ranked:
    """A ballot."""
    return Ranked("i", f"b{number}", choices)


def edited(number: int, text: str, **clock: int) -> Edited:
    """A text with the clocks of its writers."""
    return Edited("i", f"v{number}", clock, text)


def knitted(number: int, *stitches: int) -> Knitted:
    """A row of stitches."""
    return Knitted("i", f"r{number}", stitches)


def plotted(number: int, x: int, y: int) -> Plotted:
    """A point of a survey."""
    return Plotted("i", f"q{number}", x, y)


def laid(number: int, start: str, end: str, cost: int = 1) -> Laid:
    """A cable between two houses."""
    return Laid("i", f"c{number}", start, end, cost)


def coded(number: int, code: str) -> Coded:
    """A code."""
    return Coded("i", f"k{number}", code)


def shelved(number: int, title: str, shelf: int | None = None, kind: Any = "map") -> Shelved:
    """A book."""
    return Shelved("i", f"o{number}", title, shelf, kind)


def filled(number: int, row: int, column: int, digit: int) -> Filled:
    """A digit in a grid."""
    return Filled("i", f"f{number}", row, column, digit)


def metered(number: int, month: int, used: int) -> Metered:
    """What was used in a month."""
    return Metered("i", f"m{number}", month, used)


def sailed(number: int, *legs: tuple[str, int], skipper: str | None = None) -> Sailed:
    """A trip over some legs."""
    return Sailed("i", f"l{number}", tuple(Leg(port, miles) for port, miles in legs), skipper)


def quoted(number: int, price: str, pieces: int = 1) -> Quoted:
    """A price."""
    return Quoted(id="i", quote_id=f"u{number}", price=Decimal(price), pieces=pieces)


def rostered(number: int, who: str, start: str, minutes: int = 60) -> Rostered:
    """A duty."""
    lasts = timedelta(minutes=minutes)
    return Rostered(id="i", duty_id=f"d{number}", who=who, start=datetime.fromisoformat(start), lasts=lasts)


def dated(number: int, on: str, label: str = "") -> Dated:
    """A day with a label."""
    return Dated(id="i", day_id=f"y{number}", on=date.fromisoformat(on), label=label)
