"""Expressions over classes that change a value on its way, and leave it within what was promised."""

import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    field_serializer,
    field_validator,
    model_validator,
)

from saga import (
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Figure,
    Process,
    Register,
    count,
    distinct,
    each,
    greatest,
    has,
    latest,
    least,
    only,
    total,
    with_partner,
)
from tests.adversary.kit import Do, case, has_any, one_outcome, proc, wanted_in
from tests.adversary.planted.thirteenth_messages import BOOKS, WATCHES, Event, Watch, anchor, shelved, two_ways

Pence = Annotated[int, Field(ge=0, le=1000)]


def reported(store: Register, figure: Figure, *beside: Register, is_final: bool = True) -> Process:
    """The figure is reported for good, and only grows."""
    has_one = has_any(store)
    field = ComputedField.of("figure", figure, is_cumulative=is_final)
    final = frozenset({Do.YES}) if is_final else frozenset()
    report = Effect("report", "office", {Do.YES: CommandTemplate("Report", computed=(field,))}, final)
    return proc(one_outcome(has_one), has_one, store, *beside, wants=[wanted_in(has_one, report, YES=Do.YES)])


class Ledgered(BaseModel):
    """An entry whose texts are written without blanks around them."""

    id: str = "i"
    entry_id: str
    pence: Pence
    side: str = "left"

    @field_serializer("side")
    def trimmed(self, side: str) -> str:
        """Without blanks."""
        return side.strip()


ENTRIES = Register("entries", Ledgered, "entry_id")


@case(Ledgered(entry_id="e1", pence=5, side=" left"), Ledgered(entry_id="e2", pence=3))
def an_entry_whose_side_is_trimmed() -> Process:
    """A serializer changes a text, and the pence are as they were."""
    return reported(ENTRIES, total(ENTRIES, "pence").plus(count(ENTRIES, where=each("side").equals("left"))))


class Rounded(BaseModel):
    """What has pence, which are rounded down to whole tens when they are read."""

    pence: Pence

    @field_validator("pence", mode="after")
    @classmethod
    def tens(cls, pence: int) -> int:
        """Whole tens."""
        return pence // 10 * 10


class Fared(Rounded, Event):
    """A fare."""

    fare_id: str


FARES = Register("fares", Fared, "fare_id")


@case(Fared(fare_id="f1", pence=55), Fared(fare_id="f2", pence=9))
def a_fare_in_whole_tens() -> Process:
    """A validator of another class rounds down, and nothing is below zero."""
    return reported(FARES, total(FARES, "pence"))


class Counted(Event):
    """Crates that came; those that went are none."""

    count_id: str
    crates: Pence
    has_gone: bool = False

    @model_validator(mode="after")
    def without_those_that_went(self) -> "Counted":
        """What went is not counted."""
        if self.has_gone:
            self.crates = 0
        return self


COUNTS = Register("counts", Counted, "count_id")


@case(Counted(count_id="c1", crates=5), Counted(count_id="c2", crates=3, has_gone=True))
def crates_of_which_some_are_none() -> Process:
    """The class as a whole makes some crates none, and four reserve a berth for good."""
    column = DerivedColumn.of("four", total(COUNTS, "crates") >= 4)
    return proc(one_outcome(column), COUNTS, wants=[two_ways(column, anchor(is_final=True))])


def _in_grams(weight: Any) -> Any:
    return weight * 1000 if isinstance(weight, int) and weight < 100 else weight


class Weighted(Event):
    """A weight, read as grams or kilos."""

    weight_id: str
    grams: Annotated[int, Field(ge=0, le=10**6), BeforeValidator(_in_grams)]


WEIGHTS = Register("weights", Weighted, "weight_id")


@case(Weighted(weight_id="w1", grams=500), Weighted(weight_id="w2", grams=5))
def a_weight_in_grams_or_kilos() -> Process:
    """Small numbers are kilos, which is decided before the limits are looked at."""
    return reported(WEIGHTS, greatest(WEIGHTS, "grams"))


with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # what is deprecated is still written so

    class Timed(Event):
        """When a boat was seen, written in a form of its own."""

        model_config = ConfigDict(json_encoders={datetime: lambda at: at.strftime("%Y%m%d%H%M")})
        sight_id: str
        at: datetime
        boats: Pence = 1


SIGHTS = Register("sights", Timed, "sight_id")


@case(
    Timed(sight_id="s1", at=datetime(2030, 1, 1, 10, tzinfo=UTC)),
    Timed(sight_id="s2", at=datetime(2030, 1, 1, 9, tzinfo=UTC), boats=3),
)
def boats_of_the_latest_sight() -> Process:
    """The times are texts that are written otherwise, and the latest of them is asked, not for good."""
    return reported(SIGHTS, latest(SIGHTS, by=("at",), field="boats"), is_final=False)


class Named(Event):
    """A name in small letters."""

    name_id: str
    name: Annotated[str, AfterValidator(str.casefold), PlainSerializer(lambda name: name[:5], return_type=str)] = "argo"


NAMES = Register("names", Named, "name_id")


@case(Named(name_id="n1", name="ARGONAUT"), Named(name_id="n2"), shelved(1, "argo"))
def names_that_are_cut_and_have_a_book() -> Process:
    """Names are cut when they are written, and the ones with a book are printed for good."""
    has_one = has_any(NAMES)
    sign = Effect("sign", "printer", {Do.YES: CommandTemplate("Print", NAMES, ("name",))}, frozenset({Do.YES}))
    pick = with_partner(NAMES, "name", BOOKS, "mark")
    return proc(one_outcome(has_one), has_one, NAMES, BOOKS, wants=[wanted_in(has_one, sign, YES=pick)])


@dataclass
class Posted:
    """A posting; a credit is kept as nothing."""

    id: str
    posting_id: str
    pence: Pence = 0
    is_credit: bool = False

    def __post_init__(self) -> None:
        self.pence = 0 if self.is_credit else self.pence


POSTINGS = Register("postings", Posted, "posting_id")


@case(Posted("i", "p1", 5), Posted("i", "p2", 3, is_credit=True), Watch(strokes=4))
def postings_of_which_credits_are_nothing() -> Process:
    """The dataclass sets a field when it is made, and as many pence as strokes reserve a berth for good."""
    column = DerivedColumn.of("enough", total(POSTINGS, "pence") >= only(WATCHES, "strokes"))
    return proc(one_outcome(column), POSTINGS, WATCHES, wants=[two_ways(column, anchor(is_final=True))])


class Leased(Event):
    """A lease with a discount, as texts of decimals."""

    lease_id: str
    pounds: Annotated[Decimal, Field(ge=0, le=1000, max_digits=8, decimal_places=2)] = Decimal(0)
    words: list[str] = Field(default_factory=list)

    @field_serializer("words")
    def in_order(self, words: list[str]) -> list[Any]:
        """Each once, in order."""
        return sorted(set(words))


LEASES = Register("leases", Leased, "lease_id")


@case(Leased(lease_id="l1", pounds=Decimal("1.10"), words=["b", "a"]), Leased(lease_id="l2", pounds=Decimal("0.90")))
def leases_whose_words_are_put_in_order() -> Process:
    """The serializer goes through a set and puts it in order, and the pounds are enough for good."""
    column = DerivedColumn.of("two", total(LEASES, "pounds") >= 2)
    anything = DerivedColumn.of("anything", has(LEASES))
    wants = [two_ways(column, anchor(is_final=True)), two_ways(anything, anchor("paper"))]
    return proc(one_outcome(column), LEASES, wants=wants)


@case(Fared(fare_id="f1", pence=55), Fared(fare_id="f2", pence=9), Fared(fare_id="f3", pence=51))
def fares_that_are_the_same_in_tens() -> Process:
    """Two fares are one in tens, so the list of different fares has one less, always."""
    return reported(FARES, distinct(FARES, "pence"))


@case(Weighted(weight_id="w1", grams=500), Weighted(weight_id="w2", grams=5))
def a_least_weight_that_follows() -> Process:
    """The least weight is written again when a lesser one comes, and nothing of it is final."""
    return reported(WEIGHTS, least(WEIGHTS, "grams"), is_final=False)
