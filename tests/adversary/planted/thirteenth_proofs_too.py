"""Only expressions again: keys that are moments, values that a class turns round, and what is absent for a while."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, model_serializer

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Process,
    Register,
    all_but_first,
    all_of,
    both,
    count,
    each,
    entries_where,
    every,
    greatest,
    has,
    has_partner,
    lacks_partner,
    latest,
    least,
    negated,
    only,
    outcomes,
    total,
    wanted,
)
from tests.adversary.kit import Do, Out, case, has_any, one_outcome, proc, seen, wanted_in
from tests.adversary.planted.thirteenth_messages import (
    BALLOTS,
    BEDS,
    BOOKS,
    NOTES,
    SWAPS,
    WATCHES,
    Clocked,
    Event,
    Fogged,
    Moored,
    N,
    Watch,
    Y,
    anchor,
    balloted,
    pitched,
    seated,
    shelved,
    sown,
    two_ways,
)

Pence = Annotated[int, Field(ge=0, le=1000)]
RINGS = Register("rings", Clocked, "due_at")
BELL = Deadline("bell", Clocked, timedelta(hours=8), override=(WATCHES, "seconds"))
CLOCK = seen(Moored)
WOUND = wanted(CLOCK, rows=[(Y, {BELL: ARMED}), (N, {})])
AT_ONE = "2030-01-01T01:00:00+00:00"


@case(Moored(), Watch(seconds=3600.0), shelved(1, AT_ONE))
def a_book_called_like_a_moment() -> Process:
    """A mark has a partner if a ring has it as its key, which is when the ring was due."""
    column = DerivedColumn.of("partner", has_partner(BOOKS, "mark", RINGS))
    table = outcomes(column, rows=[(True, Out.DONE), (False, Out.OTHER)])
    return proc(table, CLOCK, RINGS, WATCHES, BOOKS, wants=[WOUND])


@case(Moored(), Watch(seconds=3600.0), seated(1, "Ann", AT_ONE))
def a_singer_called_like_a_moment() -> Process:
    """A berth follows whether somebody sits beside a name that no ring has as its key."""
    column = DerivedColumn.of("lacks", lacks_partner(SWAPS, "other", RINGS))
    return proc(one_outcome(column), CLOCK, RINGS, WATCHES, SWAPS, wants=[WOUND, two_ways(column, anchor())])


@case(
    Moored(),
    Watch(seconds=3600.0),
    Clocked(due_at="2030-01-01T05:00:00+00:00", armed_by="rings-but-the-first"),
)
def rings_but_the_first() -> Process:
    """Rings are put in order by who wound them, and between equals by their moment."""
    log = Effect("log", "bridge", {Do.YES: CommandTemplate("WriteLog", RINGS, ("armed_by",))})
    table = wanted(CLOCK, rows=[(ANY, {log: all_but_first(RINGS, 1, by=("armed_by",))})])
    return proc(one_outcome(CLOCK), CLOCK, RINGS, WATCHES, wants=[WOUND, table])


@case(Moored(), Watch(seconds=3600.0), Clocked(due_at="2030-01-01T05:00:00+00:00", armed_by="me"))
def who_wound_the_latest_bell() -> Process:
    """The name of who wound the latest bell decides, and which is the latest is a matter of moments."""
    last = latest(RINGS, by=("due_at",), field="armed_by")
    column = DerivedColumn.of("me", last.equals("me"))
    table = outcomes(column, rows=[(True, Out.DONE), (False, Out.OTHER)])
    return proc(table, CLOCK, RINGS, WATCHES, wants=[WOUND])


@dataclass
class Posted:
    """A posting of the purser; a credit has its sign turned round."""

    id: str
    posting_id: str
    pence: Pence = 0
    side: Literal["debit", "credit"] = "debit"

    def __post_init__(self) -> None:
        if self.side == "credit":
            self.pence = -self.pence


POSTINGS = Register("postings", Posted, "posting_id")


@case(Posted("i", "p1", 5), Posted("i", "p2", 3, "credit"))
def a_posting_whose_sign_is_turned_round() -> Process:
    """Pence are never below zero, until the class itself turns the sign of a credit."""
    has_one = has_any(POSTINGS)
    field = ComputedField.of("pence", total(POSTINGS, "pence"), is_cumulative=True)
    bill = Effect("bill", "purser", {Do.YES: CommandTemplate("Bill", computed=(field,))}, frozenset({Do.YES}))
    return proc(one_outcome(has_one), has_one, POSTINGS, wants=[wanted_in(has_one, bill, YES=Do.YES)])


class Drained(Event):
    """Litres out of the bilge; what was pumped back is written below zero."""

    drain_id: str
    litres: Pence
    is_back: bool = False

    def model_post_init(self, _: Any, /) -> None:
        """What was pumped back counts against the rest."""
        if self.is_back:
            self.litres = -self.litres


DRAINS = Register("drains", Drained, "drain_id")


@case(Drained(drain_id="d1", litres=5), Drained(drain_id="d2", litres=3, is_back=True))
def a_bilge_that_is_pumped_back() -> Process:
    """Four litres free the berth for good, and what is pumped back takes them away."""
    column = DerivedColumn.of("empty", total(DRAINS, "litres") >= 4)
    return proc(one_outcome(column), DRAINS, wants=[two_ways(column, anchor(is_final=True))])


class Hoisted(Event):
    """A flag of so many feet; written in a frame of the signal book."""

    flag_id: str
    feet: Pence
    depth: Pence = 0

    @model_serializer
    def in_the_book(self) -> dict[str, Any]:
        """The book subtracts what is under water."""
        return {"id": self.id, "flag_id": self.flag_id, "feet": self.feet - self.depth, "depth": self.depth}


FLAGS = Register("flags", Hoisted, "flag_id")


@case(Hoisted(flag_id="f1", feet=9), Hoisted(flag_id="f2", feet=2, depth=6))
def a_flag_that_is_partly_under_water() -> Process:
    """The class as a whole is written otherwise than it is read."""
    column = DerivedColumn.of("high", total(FLAGS, "feet") >= 8)
    return proc(one_outcome(column), FLAGS, wants=[two_ways(column, anchor(is_final=True))])


class Capped(Event):
    """How many rows a bed may have, or any number."""

    rows: int | None = None


CAPS = Register("caps", Capped, "id")


@case(Capped(rows=5), sown(1, "oats", 4), sown(2, "rye", 6))
def beds_of_which_none_is_above_the_cap() -> Process:
    """No bed is known to be above the cap while the cap is absent, and so the berth is reserved for good."""
    fits = both(has(BEDS), negated(count(BEDS, where=each("rows") > only(CAPS, "rows")) >= 1))
    column = DerivedColumn.of("fits", fits)
    return proc(one_outcome(column), BEDS, CAPS, wants=[two_ways(column, anchor(is_final=True))])


@case(Capped(rows=5), sown(1, "oats", 4))
def beds_that_are_all_below_the_cap() -> Process:
    """Not all beds match a cap that is absent, and then all do; the berth is freed for good in between."""
    column = DerivedColumn.of("all", all_of(BEDS, each("rows") < only(CAPS, "rows")))
    free = Effect("sign", "harbour", {Do.YES: CommandTemplate("Sign")}, frozenset({Do.YES}))
    rest = anchor("rest")
    rows = [(True, Y, {rest: Do.YES}), (False, Y, {rest: Do.NO}), (ANY, N, {rest: Do.NO})]
    has_one = has_any(BEDS)
    sign = wanted(column, has_one, rows=[(False, Y, {free: Do.YES}), (True, Y, {}), (ANY, N, {})])
    return proc(one_outcome(column), has_one, BEDS, CAPS, wants=[sign, wanted(column, has_one, rows=rows)])


@case(pitched(1, 60), pitched(2, 40), shelved(1, "A", 1), Fogged())
def a_berth_that_a_book_decides() -> Process:
    """The first book decides, which no machine knows of, and a low note takes the berth away afterwards."""
    column = DerivedColumn.of("high", least(NOTES, "pitch") >= 48)
    berth = anchor(is_final=True, decided_by=type(shelved(1, "A")))
    fogged = seen(Fogged)
    return proc(one_outcome(fogged), fogged, NOTES, BOOKS, wants=[two_ways(column, berth)])


@case(balloted("Ann", "cook", 3), balloted("Bo", "maid", 9), Watch(strokes=5))
def a_doubt_that_is_larger_than_a_watch() -> Process:
    """The greatest doubt less the strokes is reported for good, and is absent before the watch is known."""
    excess = greatest(BALLOTS, "doubt").minus(only(WATCHES, "strokes"))
    field = ComputedField.of("excess", excess, is_cumulative=True)
    note = Effect("note", "court", {Do.YES: CommandTemplate("Note", computed=(field,))}, frozenset({Do.YES}))
    has_one = has_any(BALLOTS)
    return proc(one_outcome(has_one), has_one, BALLOTS, WATCHES, wants=[wanted_in(has_one, note, YES=Do.YES)])


@case(sown(1, "oats", 4), sown(2, "rye", 6), Moored())
def beds_of_two_conditions() -> Process:
    """Before the mooring large beds are fenced, and after it small ones are opened; the large ones stay."""
    fence = Effect("fence", "farm", {Do.YES: CommandTemplate("Fence"), Do.NO: CommandTemplate("Open")})
    rows = [
        (N, {fence: entries_where(BEDS, each("rows") > 5, condition=Do.YES)}),
        (Y, {fence: entries_where(BEDS, each("rows") <= 5, condition=Do.NO)}),
    ]
    return proc(one_outcome(CLOCK), CLOCK, BEDS, wants=[wanted(CLOCK, rows=rows)])


@case(seated(1, "Ann", "Bo"), seated(2, "Bo", "Cy"), Moored())
def places_that_are_given_while_few() -> Process:
    """Every swap gets its place while there are less than two, and the wish stays when there are more."""
    column = DerivedColumn.of("few", negated(count(SWAPS) >= 2))
    place = Effect("place", "stage", {Do.YES: CommandTemplate("Place", SWAPS, ("one", "other"))})
    rows = [(True, {place: every(SWAPS)}), (False, {})]
    return proc(one_outcome(CLOCK), CLOCK, SWAPS, wants=[wanted(column, rows=rows)])
