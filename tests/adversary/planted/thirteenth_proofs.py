"""Only expressions, over classes whose values are not what their limits say: defaults, serializers, enums, bells."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, PlainSerializer, field_serializer

from saga import (
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Figure,
    Process,
    Register,
    count,
    distinct,
    each,
    every,
    greatest,
    has,
    least,
    only,
    outcomes,
    stages,
    total,
    wanted,
)
from tests.adversary.kit import Do, Out, case, has_any, one_outcome, proc, seen, wanted_in
from tests.adversary.planted.thirteenth_messages import (
    WATCHES,
    Clocked,
    Event,
    Moored,
    N,
    Tolled,
    Watch,
    Y,
    anchor,
    two_ways,
)

Pence = Annotated[int, Field(ge=0, le=1000)]


def reported(store: Register, figure: Figure) -> Process:
    """A final command with a figure that is said only to grow."""
    has_one = has_any(store)
    field = ComputedField.of("figure", figure, is_cumulative=True)
    report = Effect("report", "office", {Do.YES: CommandTemplate("Report", computed=(field,))}, frozenset({Do.YES}))
    return proc(one_outcome(has_one), has_one, store, wants=[wanted_in(has_one, report, YES=Do.YES)])


def reserved(store: Register, condition: Any) -> Process:
    """A berth for good where the condition holds."""
    column = DerivedColumn.of("berth", condition)
    return proc(one_outcome(column), store, wants=[two_ways(column, anchor(is_final=True))])


class Tolls(Event):
    """A bridge toll; minus one if the till was broken."""

    toll_id: str
    pence: Pence = -1


@case(Tolls(toll_id="t1", pence=5), Tolls(toll_id="t2"))
def a_toll_of_minus_one() -> Process:
    """Tolls are never below zero, but for the default, which nobody validates."""
    return reported(Register("tolls", Tolls, "toll_id"), total(Register("tolls", Tolls, "toll_id"), "pence"))


@dataclass(frozen=True)
class Loaded:
    """A crate on board; minus one if nobody weighed it."""

    id: str
    crate_id: str
    kilos: Pence = -1


CRATES = Register("crates", Loaded, "crate_id")


@case(Loaded("i", "c1", 1), Loaded("i", "c2"))
def a_crate_that_nobody_weighed() -> Process:
    """Cargo of a kilo or more reserves a berth for good, and what nobody weighed takes a kilo away."""
    return reserved(CRATES, total(CRATES, "kilos") >= 1)


class Drawn(Event):
    """Money that was drawn; it is written with the sign of the ledger."""

    draw_id: str
    pence: Pence

    @field_serializer("pence")
    def on_the_left(self, pence: int) -> int:
        """Debits are below zero in a ledger."""
        return -pence


DRAWS = Register("draws", Drawn, "draw_id")


@case(Drawn(draw_id="d1", pence=5), Drawn(draw_id="d2", pence=7))
def a_ledger_that_is_written_below_zero() -> Process:
    """The class takes amounts above zero, and writes them below."""
    return reported(DRAWS, total(DRAWS, "pence"))


class Sounded(Event):
    """The depth below the keel, written as a height."""

    sound_id: str
    depth: Annotated[int, Field(ge=0, le=400), PlainSerializer(lambda depth: 100 - depth, return_type=int)]


SOUNDINGS = Register("soundings", Sounded, "sound_id")


@case(Sounded(sound_id="s1", depth=10), Sounded(sound_id="s2", depth=300))
def a_depth_that_is_written_as_a_height() -> Process:
    """A sum of heights over ninety reserves the berth, and a greater depth is a height below zero."""
    return reserved(SOUNDINGS, total(SOUNDINGS, "depth") >= 90)


class Mark(IntEnum):
    """Points of a judge."""

    FOUL = -1
    FAIR = 3
    GOOD = 5


class Marked(Event):
    """A judge gives a mark."""

    mark_id: str
    mark: Mark


MARKS = Register("marks", Marked, "mark_id")


@case(Marked(mark_id="m1", mark=Mark.GOOD), Marked(mark_id="m2", mark=Mark.FOUL))
def a_mark_below_zero_with_a_name() -> Process:
    """Marks are an enumeration, of which one is below zero."""
    return reported(MARKS, total(MARKS, "mark"))


class Stepped(Event):
    """One step up the gangway, or down."""

    step_id: str
    step: Literal[-1, 1, 2]


STEPS = Register("steps", Stepped, "step_id")


class Deck(Enum):
    QUAY = "quay"
    DECK = "deck"
    BRIDGE = "bridge"


@case(Stepped(step_id="s1", step=1), Stepped(step_id="s2", step=-1), Stepped(step_id="s3", step=2))
def a_gangway_that_goes_down_again() -> Process:
    """The steward is called on deck, and left as he is on the quay and on the bridge."""
    height = total(STEPS, "step")
    column = DerivedColumn.of("deck", stages(Deck.QUAY, (height >= 1, Deck.DECK), (height >= 2, Deck.BRIDGE)))
    steward = Effect("steward", "ship", {Do.YES: CommandTemplate("CallSteward")})
    rows = [(Deck.DECK, {steward: Do.YES}), (Deck.QUAY, {}), (Deck.BRIDGE, {})]
    return proc(one_outcome(column), STEPS, wants=[wanted(column, rows=rows)])


class Leased(Event):
    """A lease in pounds; half a pound is taken off by default, for the paper."""

    lease_id: str
    pounds: Annotated[Decimal, Field(ge=0, max_digits=8, decimal_places=2)] = Decimal("-0.50")


LEASES = Register("leases", Leased, "lease_id")


@case(Leased(lease_id="l1", pounds=Decimal(1)), Leased(lease_id="l2"))
def half_a_pound_by_default() -> Process:
    """A decimal that is not below zero has a default that is."""
    return reported(LEASES, total(LEASES, "pounds"))


RINGS = Register("rings", Clocked, "due_at")
FIRST = Deadline("first", Clocked, timedelta(hours=4))
SECOND = Deadline("second", Clocked, timedelta(hours=8), override=(WATCHES, "seconds"))


@case(Moored(), Watch(seconds=4 * 3600.0))
def two_bells_of_one_moment() -> Process:
    """Rings are kept by when they were due, and counted: two bells are one if a watch moves the second."""
    moored = seen(Moored)
    column = DerivedColumn.of("two", count(RINGS) >= 2)
    table = outcomes(column, rows=[(True, Out.DONE), (False, Out.OTHER)])
    clocks = wanted(moored, rows=[(Y, {FIRST: ARMED, SECOND: ARMED}), (N, {})])
    return proc(table, moored, RINGS, WATCHES, wants=[clocks])


@case(Moored(), Watch(seconds=60.0, strokes=2))
def a_page_of_the_log_for_each_ring() -> Process:
    """A page is opened for each ring, and its name is the moment for which the ring was due."""
    moored = seen(Moored)
    bell = Deadline("bell", Clocked, timedelta(hours=8), override=(WATCHES, "seconds"))
    page = Effect("page", "log", {Do.YES: CommandTemplate("OpenPage")})
    clock = wanted(moored, rows=[(Y, {bell: ARMED}), (N, {})])
    pages = wanted(moored, rows=[(Y, {page: every(RINGS)}), (N, {})])
    return proc(one_outcome(moored), moored, RINGS, WATCHES, wants=[clock, pages])


class Chalked(BaseModel):
    """A chalk line; its place is drawn from below where nobody says so."""

    id: str
    line_id: str
    place: Annotated[int, Field(ge=10, le=20)] = 0


CHALK = Register("chalk", Chalked, "line_id")


@case(Chalked(id="i", line_id="c1", place=12), Chalked(id="i", line_id="c2"))
def a_line_drawn_below_the_frame() -> Process:
    """The first line rings the bell if it is at least at ten, as all are; but for the default."""
    tolled = seen(Tolled)
    bell = Deadline("bell", Tolled, timedelta(hours=1))
    column = DerivedColumn.of("inside", least(CHALK, "place") >= 5)
    table = outcomes(tolled, rows=[(Y, Out.FAILED), (N, Out.DONE)])
    return proc(table, tolled, CHALK, wants=[wanted(column, rows=[(True, {bell: ARMED}), (False, {})])])


class Claimed(Event):
    """A salvor claims a part; the class writes its words without their endings."""

    claim_id: str
    part: Annotated[str, Field(min_length=3), PlainSerializer(lambda part: part[:-3], return_type=str)]


CLAIMS = Register("claims", Claimed, "claim_id")


@case(Claimed(claim_id="c1", part="masts"), Claimed(claim_id="c2", part="oar"))
def claims_without_their_endings() -> Process:
    """The least text is at least a letter as the class takes it, and may be empty as the class writes it."""
    return reserved(CLAIMS, least(CLAIMS, "part") >= "a")


class Rated(Event):
    """The rate of a pilot in tenths; what is left out is a rebate."""

    rate_id: str
    tenths: Annotated[int, Field(gt=0, lt=100)] | None = -100


RATES = Register("rates", Rated, "rate_id")


@case(Rated(rate_id="r1", tenths=40), Rated(rate_id="r2", tenths=None), Rated(rate_id="r3"))
def a_rebate_that_is_left_out() -> Process:
    """A rate is above zero or absent, and what is left out is neither."""
    return reported(RATES, total(RATES, "tenths").plus(count(RATES).times(10)))


@case(Watch(strokes=2), Stepped(step_id="s1", step=2), Stepped(step_id="s2", step=-1))
def steps_above_the_strokes_of_a_watch() -> Process:
    """As many steps as strokes reserve a berth for good, and a step down is one, too."""
    column = DerivedColumn.of("berth", total(STEPS, "step") >= only(WATCHES, "strokes"))
    return proc(one_outcome(column), STEPS, WATCHES, wants=[two_ways(column, anchor(is_final=True))])


@case(Stepped(step_id="s1", step=-1), Stepped(step_id="s2", step=1), Stepped(step_id="s3", step=2))
def a_lowest_step_times_minus_one() -> Process:
    """The lowest step is turned round and added to the highest, and only the sum of both is said to grow."""
    figure = greatest(STEPS, "step").plus(least(STEPS, "step"))
    return reported(STEPS, figure)


@case(Tolls(toll_id="t1", pence=0), Tolls(toll_id="t2"), Tolls(toll_id="t3", pence=3))
def tolls_none_of_which_is_unknown() -> Process:
    """The desk is opened when a toll is known and none is below zero, which can't be, as the class says."""
    store = Register("tolls", Tolls, "toll_id")
    column = DerivedColumn.of("known", least(store, "pence") >= 0)
    list_of = ComputedField.of("tolls", distinct(store, "pence", where=each("pence") >= 0), is_cumulative=True)
    desk = Effect("desk", "bridge", {Do.YES: CommandTemplate("OpenDesk", computed=(list_of,))}, frozenset({Do.YES}))
    table = wanted(column, rows=[(True, {desk: Do.YES}), (False, {})])
    anything = DerivedColumn.of("anything", has(store))
    return proc(one_outcome(anything), store, wants=[table])
