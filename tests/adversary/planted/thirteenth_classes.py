"""Expressions over classes that change a value on its way: wildcards, mixins, validators, encoders and own types."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Annotated, Any, Literal, NewType

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    WrapSerializer,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from saga import (
    ARMED,
    CommandTemplate,
    DerivedColumn,
    Effect,
    Process,
    Register,
    all_of,
    count,
    each,
    entries_where,
    greatest,
    least,
    outcomes,
    total,
    wanted,
)
from tests.adversary.kit import Do, Out, case, has_any, one_outcome, proc, seen
from tests.adversary.planted.thirteenth_clocks import BELL
from tests.adversary.planted.thirteenth_messages import Event, N, Tolled, Y, anchor, two_ways
from tests.adversary.planted.thirteenth_proofs import reported

Pence = Annotated[int, Field(ge=0, le=1000)]


class Ledgered(BaseModel):
    """All numbers are written from the other side of the ledger."""

    id: str = "i"
    entry_id: str
    pence: Pence
    pages: Pence = 0

    @field_serializer("*")
    def from_the_other_side(self, value: Any) -> Any:
        """What is a number changes its sign."""
        return -value if isinstance(value, int) else value


ENTRIES = Register("entries", Ledgered, "entry_id")


@case(Ledgered(entry_id="e1", pence=5), Ledgered(entry_id="e2", pence=3))
def an_entry_from_the_other_side() -> Process:
    """One serializer is meant for all fields, and names none of them."""
    return reported(ENTRIES, total(ENTRIES, "pence"))


class Rebated(BaseModel):
    """What has pence, of which a penny is taken off when it is read."""

    pence: Pence

    @field_validator("pence", mode="after")
    @classmethod
    def less_a_penny(cls, pence: int) -> int:
        """A penny for the purser."""
        return pence - 1


class Fared(Rebated, Event):
    """A fare."""

    fare_id: str


FARES = Register("fares", Fared, "fare_id")


@case(Fared(fare_id="f1", pence=5), Fared(fare_id="f2", pence=0))
def a_fare_less_a_penny() -> Process:
    """A validator of another class takes a penny off after the limits were looked at."""
    return reported(FARES, total(FARES, "pence"))


class Counted(Event):
    """Crates that came, or went."""

    count_id: str
    crates: Pence
    way: Literal["in", "out"] = "in"

    @model_validator(mode="after")
    def with_a_sign(self) -> "Counted":
        """What went is below zero."""
        if self.way == "out":
            self.crates = -self.crates
        return self


COUNTS = Register("counts", Counted, "count_id")


@case(Counted(count_id="c1", crates=5), Counted(count_id="c2", crates=3, way="out"))
def crates_with_a_sign() -> Process:
    """The class as a whole turns the sign round, and four crates reserve a berth for good."""
    column = DerivedColumn.of("four", total(COUNTS, "crates") >= 4)
    return proc(one_outcome(column), COUNTS, wants=[two_ways(column, anchor(is_final=True))])


class Weighted(Event):
    """A weight above the tare."""

    weight_id: str
    kilos: Annotated[int, Field(ge=0, le=900), AfterValidator(lambda kilos: kilos - 20)]


WEIGHTS = Register("weights", Weighted, "weight_id")


@case(Weighted(weight_id="w1", kilos=50), Weighted(weight_id="w2", kilos=5))
def a_weight_less_its_tare() -> Process:
    """The least weight is read less the tare, and is below zero for an empty box."""
    column = DerivedColumn.of("any", least(WEIGHTS, "kilos") >= 0)
    return proc(one_outcome(column), WEIGHTS, wants=[two_ways(column, anchor(is_final=True))])


with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # what is deprecated is still written so

    class Encoded(Event):
        """A price, whose numbers are encoded when they are written."""

        model_config = ConfigDict(json_encoders={int: lambda number: 100 - number})
        price_id: str
        pence: Pence


PRICES = Register("prices", Encoded, "price_id")


@case(Encoded(price_id="p1", pence=5), Encoded(price_id="p2", pence=300))
def a_price_that_is_encoded() -> Process:
    """The settings of the class say how all numbers are written."""
    return reported(PRICES, total(PRICES, "pence"))


def _halves(value: Any, handler: Callable[[Any], Any]) -> int:
    return 10 - int(handler(value))


class Wrapped(Event):
    """A depth, written from the chart's datum."""

    depth_id: str
    depth: Annotated[Pence, WrapSerializer(_halves)]


DEPTHS = Register("depths", Wrapped, "depth_id")


@case(Wrapped(depth_id="d1", depth=4), Wrapped(depth_id="d2", depth=300))
def a_depth_from_the_datum() -> Process:
    """All depths are at least zero as they are read, and a bell is wound up while all are as they are written."""
    tolled = seen(Tolled)
    column = DerivedColumn.of("all", all_of(DEPTHS, each("depth") >= -10))
    has_one = DerivedColumn.of("one", count(DEPTHS) >= 1)
    rows = [(True, True, {BELL: ARMED}), (True, False, {}), (False, True, {}), (False, False, {})]
    table = outcomes(tolled, rows=[(Y, Out.FAILED), (N, Out.DONE)])
    return proc(table, tolled, DEPTHS, wants=[wanted(column, has_one, rows=rows)])


class Fathoms(int):
    """A depth in fathoms, which knows how it is read and written."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.int_schema(
            ge=0,
            le=1000,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda depth: 50 - depth, return_schema=core_schema.int_schema()
            ),
        )


class Plumbed(Event):
    """A depth by the lead."""

    lead_id: str
    fathoms: Fathoms


LEADS = Register("leads", Plumbed, "lead_id")


@case(Plumbed(lead_id="l1", fathoms=Fathoms(5)), Plumbed(lead_id="l2", fathoms=Fathoms(90)))
def fathoms_with_a_schema_of_their_own() -> Process:
    """The type itself says how it is written, which is not how it is read."""
    return reported(LEADS, total(LEADS, "fathoms"))


Ounces = NewType("Ounces", int)


@dataclass(frozen=True)
class Assayed:
    """An ingot; what was left out was lost in the fire."""

    id: str
    ingot_id: str
    ounces: Annotated[Ounces, Field(ge=0, le=1000)] = dataclass_field(default=Ounces(-3))


INGOTS = Register("ingots", Assayed, "ingot_id")


@case(Assayed("i", "g1", Ounces(5)), Assayed("i", "g2"))
def an_ingot_that_was_lost_in_the_fire() -> Process:
    """The default of a dataclass is below the limit of its new type."""
    return reported(INGOTS, total(INGOTS, "ounces"))


class Stowed(Event):
    """A bale in a hold; its place is made by the class."""

    bale_id: str
    place: Pence = Field(default_factory=lambda: -7)


BALES = Register("bales", Stowed, "bale_id")


@case(Stowed(bale_id="b1", place=5), Stowed(bale_id="b2"))
def a_place_that_a_factory_makes() -> Process:
    """The default is made by a function, always the same, and below the limit."""
    return reported(BALES, greatest(BALES, "place").plus(least(BALES, "place").times(2)).at_least(0))


class Spelled(Event):
    """A name on a crate, in the letters that the printer has."""

    name_id: str
    name: Annotated[str, Field(pattern="^[a-z]{3,9}$")] = "UNKNOWN"


NAMES = Register("names", Spelled, "name_id")


@case(Spelled(name_id="n1", name="argo"), Spelled(name_id="n2"))
def a_name_in_letters_that_nobody_may_write() -> Process:
    """All names are small letters, and so not below a small a; but for the default."""
    column = DerivedColumn.of("small", least(NAMES, "name") >= "a")
    crane = Effect(
        "crane",
        "dock",
        {Do.YES: CommandTemplate("Lift"), Do.NO: CommandTemplate("Wait")},
        frozenset({Do.YES}),
        initially=Do.NO,
    )
    return proc(one_outcome(column), NAMES, wants=[two_ways(column, crane)])


class Picked(Event):
    """A crate that was picked; its rank is turned round by a validator that comes first."""

    pick_id: str
    rank: Annotated[int, Field(ge=0, le=9)]
    is_last: bool = False

    @field_validator("is_last", mode="after")
    @classmethod
    def known(cls, is_last: bool) -> bool:
        """The last one counts as the first."""
        return not is_last


PICKS = Register("picks", Picked, "pick_id")


@case(Picked(pick_id="p1", rank=3), Picked(pick_id="p2", rank=9, is_last=True))
def picks_of_which_the_last_is_turned_round() -> Process:
    """Crates of the greatest rank are marked while it is theirs, and left so afterwards; a flag is turned round."""
    has_one = has_any(PICKS)
    mark = Effect("mark", "dock", {Do.YES: CommandTemplate("Mark", PICKS, ("rank",))})
    pick = entries_where(PICKS, each("is_last").equals(False))
    column = DerivedColumn.of("nine", greatest(PICKS, "rank") >= 9)
    rows = [(False, Y, {mark: pick}), (True, Y, {}), (True, N, {}), (False, N, {})]
    return proc(one_outcome(has_one), has_one, PICKS, wants=[wanted(column, has_one, rows=rows)])
