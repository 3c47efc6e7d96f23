"""What the thirteenth round talks about: choirs, tides, shelf marks, domain names, seeds, star charts and looms."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from saga import CommandTemplate, DerivedColumn, Effect, Process, Register, SubMachine, Wanted, wanted
from tests.adversary.kit import Commands, Do, Seen, one_outcome, proc

Y, N = Seen.YES, Seen.NO
Known = dict[str, Any]
Small = Annotated[int, Field(ge=0, le=1000)]
Large = Annotated[int, Field(ge=0, le=2**40)]


class Event(BaseModel):
    """Each is about one rehearsal, dig, crossing or weaving."""

    id: str = "i"


class Moored(Event):
    """The boat lies at its buoy."""


class Cast(Event):
    """The ropes are off."""


class Fogged(Event):
    """Fog has come up."""


class Lifted(Event):
    """The fog has gone."""


class Piloted(Event):
    """A pilot is on board."""


class Insured(Event):
    """The insurer agrees."""


class Wrecked(Event):
    """It is lost."""


class Salvaged(Event):
    """It was found again."""


class Painted(Event):
    """It has its colour."""


class Blessed(Event):
    """The priest was here."""


class Victualled(Event):
    """There is food on board."""


class Crewed(Event):
    """The crew is complete."""


class Tolled(Event):
    """From the scheduler: the bell of the watch."""


class TolledAgain(Event):
    """From the scheduler: the bell of the next watch."""


class Clocked(Event):
    """From the scheduler: a bell that says when it was due."""

    due_at: str = ""
    armed_by: str = ""


class Watch(Event):
    """How long a watch is."""

    seconds: float | None = None
    strokes: int = 0


class Pitched(Event):
    """A singer takes a note."""

    note_id: str
    pitch: Annotated[int, Field(ge=0, le=127)]
    voice: str = "alto"


class Seated(Event):
    """Two singers change places."""

    swap_id: str
    one: str
    other: str


class Gauged(Event):
    """The water stands at so many millimetres."""

    gauge_id: str
    level: Annotated[int, Field(ge=-20_000, le=20_000)]
    minute: Small = 0


class Flowed(Event):
    """So many litres, with fractions."""

    flow_id: str
    litres: Annotated[float, Field(ge=0, le=10**18)]


class Shelved(Event):
    """A book has this shelf mark."""

    book_id: str
    mark: str
    shelf: Small = 0


class Cloned(Event):
    """A replica wrote a value; its clock has a number for each replica."""

    write_id: str
    value: str
    clock: dict[str, Annotated[int, Field(ge=1, le=10**6)]]


class Patched(Event):
    """Some settings, where nothing deletes one."""

    patch_id: str
    revision: Small
    settings: dict[str, int | None]


class Sown(Event):
    """A bed was sown."""

    bed_id: str
    seed: str
    rows: Small
    row_length: Small = 1


class Geared(Event):
    """A wheel with so many teeth."""

    wheel_id: str
    teeth: Annotated[int, Field(ge=1, le=10**6)]


class Charted(Event):
    """A star at a place of the chart."""

    star_id: str
    x: Annotated[int, Field(ge=-1000, le=1000)]
    y: Annotated[int, Field(ge=-1000, le=1000)]
    magnitude: str = "1.0"


class Woven(Event):
    """A thread of the loom: its bits say where it lies above."""

    thread_id: str
    bits: Annotated[int, Field(ge=0, le=255)]


class Observed(Event):
    """A bird was seen, by the clock on the wall of a place, or of UTC."""

    sight_id: str
    wall: str
    zone: Literal["Europe/Berlin", "UTC"] = "UTC"
    is_winter: bool = False


class Renamed(Event):
    """A species is called otherwise from now on."""

    rename_id: str
    former: str
    later: str


class Phrased(Event):
    """A line of a translation."""

    line_id: str
    text: str
    place: Small = 0


class Masked(Event):
    """Permissions are added or removed, bit by bit."""

    mask_id: str
    mask: Annotated[int, Field(ge=0, le=255)]
    way: Literal["add", "remove"] = "add"


class Poured(Event):
    """A cup of a recipe, as a fraction."""

    cup_id: str
    over: Annotated[int, Field(ge=0, le=1000)]
    under: Annotated[int, Field(ge=1, le=1000)]


class Balloted(Event):
    """A juror says who did it."""

    juror: str
    suspect: str
    doubt: int | None = None


class Hosted(Event):
    """A host or a block of hosts."""

    host_id: str
    block: str


class Dealt(Event):
    """A stone with two halves."""

    stone_id: str
    left: Annotated[int, Field(ge=0, le=6)]
    right: Annotated[int, Field(ge=0, le=6)]


class Fused(Event):
    """A current in amperes, written as a decimal."""

    fuse_id: str
    amps: Annotated[str, Field(pattern=r"^[0-9]{1,30}(\.[0-9]{1,30})?$")]


NOTES = Register("notes", Pitched, "note_id")
SWAPS = Register("swaps", Seated, "swap_id")
GAUGES = Register("gauges", Gauged, "gauge_id")
FLOWS = Register("flows", Flowed, "flow_id")
BOOKS = Register("books", Shelved, "book_id")
WRITES = Register("writes", Cloned, "write_id")
PATCHES = Register("patches", Patched, "patch_id")
BEDS = Register("beds", Sown, "bed_id")
WHEELS = Register("wheels", Geared, "wheel_id")
STARS = Register("stars", Charted, "star_id")
THREADS = Register("threads", Woven, "thread_id")
SIGHTS = Register("sights", Observed, "sight_id")
RENAMES = Register("renames", Renamed, "rename_id")
LINES = Register("lines", Phrased, "line_id")
MASKS = Register("masks", Masked, "mask_id")
CUPS = Register("cups", Poured, "cup_id")
BALLOTS = Register("ballots", Balloted, "juror")
HOSTS = Register("hosts", Hosted, "host_id")
STONES = Register("stones", Dealt, "stone_id")
FUSES = Register("fuses", Fused, "fuse_id")
WATCHES = Register("watches", Watch, "id")


def pitched(number: int, pitch: int, voice: str = "alto") -> Pitched:
    return Pitched(note_id=f"n{number}", pitch=pitch, voice=voice)


def seated(number: int, one: str, other: str) -> Seated:
    return Seated(swap_id=f"s{number}", one=one, other=other)


def gauged(number: int, level: int, minute: int = 0) -> Gauged:
    return Gauged(gauge_id=f"g{number}", level=level, minute=minute)


def flowed(number: int, litres: float) -> Flowed:
    return Flowed(flow_id=f"f{number}", litres=litres)


def shelved(number: int, mark: str, shelf: int = 0) -> Shelved:
    return Shelved(book_id=f"b{number}", mark=mark, shelf=shelf)


def cloned(number: int, value: str, **clock: int) -> Cloned:
    return Cloned(write_id=f"w{number}", value=value, clock=clock)


def patched(number: int, revision: int, **settings: int | None) -> Patched:
    return Patched(patch_id=f"p{number}", revision=revision, settings=settings)


def sown(number: int, seed: str, rows: int, row_length: int = 1) -> Sown:
    return Sown(bed_id=f"b{number}", seed=seed, rows=rows, row_length=row_length)


def geared(number: int, teeth: int) -> Geared:
    return Geared(wheel_id=f"w{number}", teeth=teeth)


def charted(number: int, x: int, y: int, magnitude: str = "1.0") -> Charted:
    return Charted(star_id=f"s{number}", x=x, y=y, magnitude=magnitude)


def woven(number: int, bits: int) -> Woven:
    return Woven(thread_id=f"t{number}", bits=bits)


def observed(
    number: int, wall: str, zone: Literal["Europe/Berlin", "UTC"] = "UTC", *, winter: bool = False
) -> Observed:
    return Observed(sight_id=f"s{number}", wall=wall, zone=zone, is_winter=winter)


def renamed(number: int, former: str, later: str) -> Renamed:
    return Renamed(rename_id=f"r{number}", former=former, later=later)


def phrased(number: int, text: str, place: int = 0) -> Phrased:
    return Phrased(line_id=f"l{number}", text=text, place=place)


def masked(number: int, mask: int, way: Literal["add", "remove"] = "add") -> Masked:
    return Masked(mask_id=f"m{number}", mask=mask, way=way)


def poured(number: int, over: int, under: int) -> Poured:
    return Poured(cup_id=f"c{number}", over=over, under=under)


def balloted(juror: str, suspect: str, doubt: int | None = None) -> Balloted:
    return Balloted(juror=juror, suspect=suspect, doubt=doubt)


def hosted(number: int, block: str) -> Hosted:
    return Hosted(host_id=f"h{number}", block=block)


def dealt(number: int, left: int, right: int) -> Dealt:
    return Dealt(stone_id=f"s{number}", left=left, right=right)


def fused(number: int, amps: str) -> Fused:
    return Fused(fuse_id=f"f{number}", amps=amps)


def anchor(name: str = "berth", *, is_final: bool = False, decided_by: type | None = None) -> Effect:
    """A berth that is reserved and freed, and that nobody had at first."""
    commands: Commands = {Do.YES: CommandTemplate("Reserve"), Do.NO: CommandTemplate("Free")}
    final = frozenset({Do.YES}) if is_final else frozenset()
    return Effect(name, "harbour", commands, final=final, decided_by=decided_by, initially=Do.NO)


def two_ways(column: DerivedColumn | SubMachine[Any], effect: Effect, yes: Any = True) -> Wanted:
    """Reserved in one value of the column, and freed in all others."""
    rows = [(value, {effect: Do.YES if value is yes else Do.NO}) for value in column.states]
    return wanted(column, rows=rows)


def reserved_if(*stores: Any, judge: Callable[..., bool], is_final: bool = True) -> Process:
    """A berth that is reserved where the function says so, and freed where it does not."""
    column = DerivedColumn("berth", stores, judge)
    return proc(one_outcome(column), *stores, wants=[two_ways(column, anchor(is_final=is_final))])
