"""Mistakes that lie in a class or a helper of another module."""

from collections import ChainMap, Counter
from typing import Any

from saga import Entries, Fact, Process, Reducer
from tests.adversary.kit import case, chosen, shown
from tests.adversary.planted.twelfth_helpers import Bid, Place, Rounded, Size, Word, in_pairs, without_odd
from tests.adversary.planted.twelfth_messages import (
    BOOKS,
    GEARS,
    METERS,
    Coded,
    Edited,
    Geared,
    Knitted,
    Known,
    Metered,
    Shelved,
    coded,
    edited,
    geared,
    knitted,
    metered,
    shelved,
)


def _bid(known: list[Any], fact: Fact) -> list[Any]:
    best = max(Bid(*known), Bid(fact.fields["used"], fact.fields["meter_id"]))
    return [best.price, best.by]


@case(metered(1, 1, 70), metered(2, 2, 70))
def bids_that_are_compared_without_their_names() -> Process:
    """A field of the class takes no part in comparing, so of equal bids the first one leads."""
    return shown(Reducer("best", (Metered,), [0, ""], _bid))


def _words(known: list[str], fact: Fact) -> list[str]:
    return known if Word(fact.fields["code"]) in known else sorted([*known, fact.fields["code"]])


@case(coded(1, "Rye"), coded(2, "RYE"))
def words_with_an_equality_of_their_own() -> Process:
    """A word is equal to its own capitals, in a class of another module."""
    return shown(Reducer("words", (Coded,), [], _words))


def _widest(known: list[int], fact: Fact) -> list[int]:
    one, other = Size(known), Size(fact.fields["stitches"])
    return other.row if other > one else one.row


@case(knitted(1, 1, 2, 3), knitted(2, 4, 5, 6))
def rows_of_an_order_that_is_not_their_equality() -> Process:
    """Rows are equal by their stitches and ordered by their length, and the rest is derived from both."""
    return shown(Reducer("widest", (Knitted,), [], _widest))


@case(shelved(1, "atlas", 3), shelved(2, "pilot"), shelved(3, "tides", 1, "log"))
def places_of_one_kind() -> Process:
    """Places are compared field by field, and of one kind one book has a shelf and the other has none."""

    def first(held: Entries) -> str:
        places = [Place(one["kind"], one["shelf"], one["title"]) for one in held.values()]
        return min(places, default=Place("map", 0, "none")).title

    return shown(BOOKS, compute=first)


@case(edited(1, "lamp", ann=2), edited(2, "horn", ann=3, bob=1), edited(3, "bell", ann=2))
def clocks_of_which_the_first_map_counts() -> Process:
    """Maps are chained, and a writer has the clock of the map in front."""

    def fold(known: Known, fact: Fact) -> Known:
        return dict(sorted(ChainMap(known, fact.fields["clock"]).items()))

    return shown(Reducer("clock", (Edited,), {}, fold))


def _stock(known: Known, fact: Fact) -> Known:
    if fact.fields["gear_id"] in known["done"]:
        return known
    teeth = fact.fields["teeth"]
    taken, put = Counter({"wheels": teeth // 10}), Counter({"wheels": teeth % 10})
    left = Counter(known["stock"]) + put - taken
    return {"done": sorted([*known["done"], fact.fields["gear_id"]]), "stock": dict(left)}


@case(geared(1, 5), geared(2, 30), geared(3, 4))
def a_counter_that_drops_what_is_below_zero() -> Process:
    """Counters can be subtracted, and keep nothing that is below one."""
    stock = Reducer("stock", (Geared,), {"done": [], "stock": {}}, _stock)
    return shown(stock, compute=lambda known: known["stock"])


def _by_kind(known: Any, fact: Fact) -> Any:
    shelves = known or {}
    match fact.fields:
        case {"kind": "map", "title": title}:
            return {**shelves, "maps": sorted({*shelves.get("maps", []), title})}
        case {"kind": "log", "title": title}:
            return {**shelves, "logs": sorted({*shelves.get("logs", []), title})}
        case _:
            return None


@case(shelved(1, "atlas"), shelved(2, "coast", kind="chart"), shelved(3, "log of ann", kind="log"))
def a_kind_that_no_branch_has() -> Process:
    """A chart matches no branch, and what was known is lost."""
    return shown(Reducer("shelves", (Shelved,), {}, _by_kind), compute=lambda known: known or {})


def _francs(known: Known, fact: Fact) -> Known:
    if fact.fields["meter_id"] in known["done"]:
        return known
    whole = Rounded(known["rappen"]) + Rounded(fact.fields["used"])
    return {"done": sorted([*known["done"], fact.fields["meter_id"]]), "rappen": whole.rappen}


@case(metered(1, 1, 95), metered(2, 2, 8), metered(3, 3, 9))
def money_that_is_rounded_by_its_class() -> Process:
    """From a hundred on the class cuts each sum to tens, and before that it is exact."""
    money = Reducer("money", (Metered,), {"done": [], "rappen": 0}, _francs)
    return shown(money, compute=lambda known: known["rappen"])


@case(geared(1, 3), geared(2, 5), geared(3, 7))
def wheels_taken_out_while_they_are_counted() -> Process:
    """Two odd wheels in a row: the second one is passed over by the loop, and stays."""

    def kept(held: Entries) -> frozenset[str]:
        return frozenset(key for key, _ in without_odd([(key, one["teeth"]) for key, one in held.items()]))

    return chosen(GEARS, kept, is_final=True)


@case(metered(1, 1, 2), metered(3, 3, 7), metered(2, 2, 4))
def meters_two_by_two() -> Process:
    """Meters are read in pairs, and one that comes between others makes other pairs of them."""

    def partners(held: Entries) -> frozenset[str]:
        return frozenset(other for one, other in in_pairs(held) if held[one]["used"] < held[other]["used"])

    return chosen(METERS, partners, is_final=True)
