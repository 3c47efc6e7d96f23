"""Messages and short forms for the honest processes of the fifth round."""

from collections.abc import Iterable
from dataclasses import dataclass, field, make_dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from saga import CommandTemplate, Effect, Register, Wanted, wanted
from tests.adversary.kit import Commands, Do, Out, Seen

Little = Annotated[int, Field(ge=0, le=10_000)]
Either = Annotated[int, Field(ge=-10_000, le=10_000)]
Y, N = Seen.YES, Seen.NO
Kinds = tuple[type, ...]
SWITCH: Commands = {Do.YES: CommandTemplate("TurnOn"), Do.NO: CommandTemplate("TurnOff")}


@dataclass(frozen=True)
class Booked:
    id: str
    entry_id: str
    account: str
    cents: Either


@dataclass(frozen=True)
class Dose:
    id: str
    dose_id: str
    milligrams: Little
    hour: Annotated[int, Field(ge=0, le=23)]


@dataclass(frozen=True)
class Sighted:
    id: str
    sighting_id: str
    species: str
    number: Little


@dataclass(frozen=True)
class Graded:
    id: str
    exam_id: str
    grade: Literal["A", "B", "C", "F"]
    year: Annotated[int, Field(ge=1900, le=2100)]


@dataclass(frozen=True)
class Cited:
    id: str
    paper_id: str
    authors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Ranged:
    id: str
    span_id: str
    start: Little
    end: Little


@dataclass(frozen=True)
class Offered:
    id: str
    offer_id: str
    cents: Little
    by: str | None = None


@dataclass(frozen=True)
class Withdrawn:
    id: str
    offer_id: str


@dataclass(frozen=True)
class Capped:
    id: str
    cap: Little


@dataclass(frozen=True)
class Linked:
    id: str
    link_id: str
    source: str
    target: str


@dataclass(frozen=True)
class Temper:
    id: str
    probe_id: str
    degrees: float


LEDGER = Register("ledger", Booked, "entry_id")
DOSES = Register("doses", Dose, "dose_id")
SIGHTINGS = Register("sightings", Sighted, "sighting_id")
GRADES = Register("grades", Graded, "exam_id")
PAPERS = Register("papers", Cited, "paper_id")
SPANS = Register("spans", Ranged, "span_id")
OFFERS = Register("offers", Offered, "offer_id")
WITHDRAWALS = Register("withdrawals", Withdrawn, "offer_id")
CAP = Register("cap", Capped, "id")
LINKS = Register("links", Linked, "link_id")
PROBES = Register("probes", Temper, "probe_id")


def kinds(names: str) -> Kinds:
    """Message classes that say nothing but that something happened."""
    return tuple(make_dataclass(name, [("id", str)], frozen=True) for name in names.split())


def some(listed: Iterable[type]) -> list[Any]:
    """One message of each class."""
    return [kind("i") for kind in listed]


def switch(name: str, collaborator: str = "desk") -> Effect:
    """Something that can be turned on and off, and is off at first."""
    return Effect(name, collaborator, SWITCH, initially=Do.NO)


def for_good(name: str, collaborator: str = "desk") -> Effect:
    """Something that is done once and can't be undone."""
    return Effect(name, collaborator, {Do.YES: CommandTemplate("DoIt")}, final=frozenset({Do.YES}))


def on_in(column: Any, effect: Effect, *values: Any) -> Wanted:
    """On in these values, and off in all others."""
    return wanted(
        column,
        rows=[(one, {effect: Do.YES if any(one is value for value in values) else Do.NO}) for one in column.states],
    )


def once_in(column: Any, effect: Effect, *values: Any) -> Wanted:
    """Wanted in these values, and not named in all others."""
    return wanted(
        column, rows=[(one, {effect: Do.YES} if any(one is value for value in values) else {}) for one in column.states]
    )


def whole(*cells: Any) -> Out:
    """Done when all have come."""
    return Out.DONE if all(cell is Y for cell in cells) else Out.OPEN
