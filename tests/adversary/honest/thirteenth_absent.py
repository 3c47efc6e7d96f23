"""Fields that may be absent, in every kind of expression, and rare values that are treated otherwise and converge."""

import hashlib
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from saga import (
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Entries,
    Fact,
    Figure,
    Process,
    Reducer,
    Register,
    all_but_first,
    all_but_least,
    all_of,
    any_of,
    beyond,
    both,
    count,
    distinct,
    each,
    entries_where,
    greatest,
    has,
    has_partner,
    latest,
    least,
    negated,
    only,
    owing,
    total,
    total_by,
    with_partner,
)
from tests.adversary.kit import Do, case, has_any, one_outcome, proc, shown, wanted_in
from tests.adversary.planted.thirteenth_messages import BOOKS, Event, Hosted, Known, anchor, hosted, shelved, two_ways

Few = Annotated[int, Field(ge=0, le=99)]


class Caught(Event):
    """A catch of fish, of which little may be known."""

    catch_id: str
    kilos: Few | None = None
    depth: Annotated[int, Field(ge=-500, le=500)] | None = None
    kind: str | None = None
    is_kept: bool = False


class Ordered(Event):
    """A kitchen wants a kind of fish, or a depth."""

    order_id: str
    depth: Annotated[int, Field(ge=-500, le=500)] | None = None
    kind: str | None = None


class Licensed(Event):
    """How much may be caught, and below which depth."""

    kilos: Few | None = None
    depth: Annotated[int, Field(ge=-500, le=500)] | None = None


CATCHES = Register("catches", Caught, "catch_id")
ORDERS = Register("orders", Ordered, "order_id")
LICENCE = Register("licence", Licensed, "id")


def caught(number: int, kilos: int | None, depth: int | None = None, kind: str | None = None) -> Caught:
    return Caught(catch_id=f"c{number}", kilos=kilos, depth=depth, kind=kind, is_kept=number > 1)


def sold(pick: Any, *beside: Register) -> Process:
    """The chosen catches are sold for good."""
    has_one = has_any(CATCHES)
    sell = Effect("sell", "market", {Do.YES: CommandTemplate("Sell", CATCHES, ("kilos",))}, frozenset({Do.YES}))
    return proc(one_outcome(has_one), has_one, CATCHES, *beside, wants=[wanted_in(has_one, sell, YES=pick)])


def reported(figure: Figure, *beside: Register) -> Process:
    """The figure is reported for good, and only grows."""
    has_one = has_any(CATCHES)
    field = ComputedField.of("figure", figure, is_cumulative=True)
    report = Effect("report", "office", {Do.YES: CommandTemplate("Report", computed=(field,))}, frozenset({Do.YES}))
    return proc(one_outcome(has_one), has_one, CATCHES, *beside, wants=[wanted_in(has_one, report, YES=Do.YES)])


def reserved(condition: Any, *beside: Register) -> Process:
    """A berth is reserved for good."""
    column = DerivedColumn.of("berth", condition)
    return proc(one_outcome(column), CATCHES, *beside, wants=[two_ways(column, anchor(is_final=True))])


@case(caught(1, 5, None), caught(2, None, 30), caught(3, 7, 20))
def catches_but_the_least_by_an_absent_depth() -> Process:
    """A catch of no known depth has its place among the others, too."""
    return sold(all_but_least(CATCHES, by=("depth", "catch_id")))


@case(caught(1, 5, 9, "cod"), caught(2, None, 30), caught(3, 7, 20, "ling"), caught(4, 1))
def catches_but_the_first_two_by_kind() -> Process:
    """Kinds and kilos may be absent, and who is not among the first two never will be."""
    return sold(all_but_first(CATCHES, 2, by=("kind", "kilos")))


@case(caught(1, 5, 9, "cod"), caught(2, 4, None), Ordered(order_id="o1", kind="cod"), Ordered(order_id="o2"))
def catches_of_an_ordered_kind() -> Process:
    """A catch of no kind and an order of no kind have nothing to do with each other."""
    return sold(with_partner(CATCHES, "kind", ORDERS, "kind"), ORDERS)


@case(caught(1, 5, 9), caught(2, 4, None), caught(3, 4, 50), Licensed(depth=20))
def catches_above_a_depth_that_is_known_later() -> Process:
    """Nothing is sold before the depth of the licence is known, and what is above it is sold then."""
    return sold(entries_where(CATCHES, each("depth") < only(LICENCE, "depth")), LICENCE)


@case(caught(1, 5, 9), caught(2, None, 3), caught(3, 4), Licensed(kilos=6))
def catches_beyond_the_licence() -> Process:
    """Catches count by their depth, known or not, until the licence is used up, and the rest is thrown back."""
    return sold(owing(beyond(CATCHES, "kilos", target=only(LICENCE, "kilos"), by=("depth",)), name="rest"), LICENCE)


@case(caught(1, 5, 9, "cod"), caught(2, None, 3, "cod"), caught(3, 4, 1, "ling"))
def kilos_of_each_kind() -> Process:
    """Absent kilos add nothing to a kind."""
    return reported(total_by(CATCHES, "kilos", per="kind"))


@case(caught(1, 5, 9), caught(2, None, 3), Licensed(depth=5), caught(3, 8, -4))
def kilos_from_above_the_depth() -> Process:
    """Kilos of catches above the depth of the licence, which is nothing while it is absent."""
    return reported(total(CATCHES, "kilos", where=each("depth") < only(LICENCE, "depth")), LICENCE)


@case(caught(1, 5, 9, "cod"), caught(2, 1, 9), caught(3, 8, 7, "cod"))
def kinds_that_were_kept() -> Process:
    """The different kinds of what was kept are a list that grows."""
    return reported(distinct(CATCHES, "kind", where=each("is_kept").equals(True)))


@case(caught(1, 5, 9), caught(2, 1), Licensed(kilos=6), caught(3, 8))
def a_licence_that_is_used_up() -> Process:
    """The berth is reserved once the licence is known and used up."""
    return reserved(both(has(LICENCE), total(CATCHES, "kilos") >= only(LICENCE, "kilos")), LICENCE)


@case(caught(1, 5, 9), caught(2, 1), caught(3, 8, -7))
def a_catch_from_below_the_sea() -> Process:
    """The least depth is at or below the water line, which it stays."""
    return reserved(least(CATCHES, "depth") <= 0)


@case(caught(1, 5, 9), caught(2, 1), caught(3, 8, 60))
def a_catch_that_is_not_above_fifty() -> Process:
    """Not all are above fifty metres of depth, as soon as one is deeper or has no depth."""
    return reserved(negated(all_of(CATCHES, each("depth") < 50)))


@case(caught(1, 5, 9), caught(2, 30), caught(3, 80, 60))
def the_heaviest_catch_is_heavy() -> Process:
    """Whichever is the heaviest, it only gets heavier."""
    return reserved(latest(CATCHES, by=("kilos",), field="kilos") >= 25)


@case(caught(1, 5, 9, "cod"), Ordered(order_id="o1", kind="cod"), Ordered(order_id="o2"), caught(2, 99))
def an_order_that_can_be_met() -> Process:
    """Some order has a catch of its kind, and an order or a catch without a kind has nothing to do with it."""
    return reserved(has_partner(ORDERS, "kind", CATCHES, "kind"), ORDERS)


@case(caught(1, 5, 9), caught(2, 30), caught(3, 80, 60))
def heavy_or_deep_catches_are_counted() -> Process:
    """Heavy ones count twice, and the heaviest is added."""
    return reported(count(CATCHES, where=each("kilos") >= 20).times(2).plus(count(CATCHES)))


@case(caught(1, 5, 9), caught(2, 30), caught(3, 80, 60))
def any_catch_that_is_deep_and_heavy() -> Process:
    """One catch that is both deep and heavy is enough."""
    return reserved(any_of(CATCHES, (each("depth") >= 50, each("kilos") >= 50)))


@case(caught(1, 5, 9), caught(2, 30), caught(3, 80, 60))
def the_greatest_depth_that_is_notified() -> Process:
    """The greatest depth is absent at first, and is written again when it is known."""
    has_one = has_any(CATCHES)
    field = ComputedField.of("depth", greatest(CATCHES, "depth"))
    note = Effect("note", "office", {Do.YES: CommandTemplate("Note", computed=(field,))})
    return proc(one_outcome(has_one), has_one, CATCHES, wants=[wanted_in(has_one, note, YES=Do.YES)])


def _is_canary(host: str) -> bool:
    return int(hashlib.sha256(host.encode("utf-8", "replace")).hexdigest(), 16) % 10 == 7


def _deployed(known: Known, fact: Fact) -> Known:
    """The greatest release for each host, and the least one for those that try out another way."""
    host, release = fact.fields["block"].partition("@")[::2]
    pick = min if _is_canary(host) else max
    return {**known, host: pick(known.get(host, release), release)}


@case(hosted(1, "pier@2"), hosted(2, "pier@3"), hosted(3, "quay@1"), hosted(4, "quay@5"))
def releases_of_hosts_that_try_out_another_way() -> Process:
    """Some hosts keep the least release instead of the greatest, by a hash that is the same everywhere."""
    return shown(Reducer("releases", (Hosted,), {}, _deployed))


@case(shelved(1, "2028-02-29"), shelved(2, "2030-03-01"), shelved(3, "2030-12-30"))
def birthdays_that_fall_on_one_day() -> Process:
    """Who was born on a leap day celebrates on the first of March, together with others."""

    def birthdays(books: Entries) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for key, one in books.items():
            try:
                born = date.fromisoformat(one["mark"])
            except ValueError:
                continue
            day = date(2030, 3, 1) if (born.month, born.day) == (2, 29) else born.replace(year=2030)
            found.setdefault(day.isoformat(), []).append(key)
        return dict(sorted(found.items()))

    return shown(BOOKS, compute=birthdays)
