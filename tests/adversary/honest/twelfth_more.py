"""Sand, ways, windows and names that come to one end in each sequence, although they don't look like it."""

import keyword
import shlex
import textwrap
from collections import ChainMap, Counter
from functools import reduce
from itertools import combinations, groupby
from math import atan2, gcd, isqrt
from operator import xor
from statistics import geometric_mean
from typing import Any

from saga import Entries, Fact, Process, Reducer
from tests.adversary.kit import case, chosen, granted, judged, shown
from tests.adversary.planted.twelfth_helpers import Place, in_pairs
from tests.adversary.planted.twelfth_messages import (
    BALLOTS,
    BOOKS,
    CODES,
    GEARS,
    METERS,
    PACKETS,
    ROWS,
    RULES,
    TRIPS,
    Coded,
    Edited,
    Filled,
    Fogged,
    Known,
    Laid,
    Lit,
    Metered,
    Moored,
    One,
    Plotted,
    Ruled,
    Sequenced,
    coded,
    edited,
    filled,
    geared,
    knitted,
    laid,
    metered,
    plotted,
    ranked,
    sailed,
    sequenced,
    shelved,
)


def _settled(piles: list[int]) -> list[int]:
    while max(piles) > 1:
        place = next(place for place, pile in enumerate(piles) if pile > 1)
        piles[place] -= 2
        for near in (place - 1, place + 1):
            if near in range(len(piles)):
                piles[near] += 1
    return piles


def _grain(known: Known, fact: Fact) -> Known:
    if fact.fields["packet_id"] in known["done"]:
        return known
    piles = list(known["piles"])
    piles[fact.fields["number"] % 4] += 1
    return {"done": sorted([*known["done"], fact.fields["packet_id"]]), "piles": _settled(piles)}


@case(sequenced(1, 0), sequenced(2, 1), sequenced(3, 2), sequenced(4, 1))
def sand_that_slides_until_it_rests() -> Process:
    """Piles of two slide to their neighbours until none is left, which ends alike in whatever order they slide."""
    sand = Reducer("sand", (Sequenced,), {"done": [], "piles": [0] * 4}, _grain)
    return shown(sand, PACKETS, compute=lambda known, _: known["piles"])


def _ways(known: Known, fact: Fact) -> Known:
    start, end, cost = fact.fields["start"], fact.fields["end"], fact.fields["cost"]
    far = {**known, start: {start: 0, **known.get(start, {})}, end: {end: 0, **known.get(end, {})}}
    return {
        one: {
            other: min(
                far[one].get(other, 10**12),
                far[one].get(start, 10**12) + cost + far[end].get(other, 10**12),
                far[one].get(end, 10**12) + cost + far[start].get(other, 10**12),
            )
            for other in sorted(far)
        }
        for one in sorted(far)
    }


@case(laid(1, "a", "b", 5), laid(2, "b", "c", 2), laid(3, "a", "b", 1), laid(4, "d", "d", 3))
def how_far_it_is_between_all() -> Process:
    """A table of all ways is made shorter by each cable, from every house to every other one."""

    def known_ways(far: Known) -> dict[str, int]:
        return {f"{one} {other}": way for one in far for other, way in far[one].items() if way < 10**12}

    return shown(Reducer("ways", (Laid,), {}, _ways), compute=known_ways)


def _window(known: Known, fact: Fact) -> Known:
    number = fact.fields["number"]
    top = max(known["top"], number)
    return {"top": top, "taken": [one for one in sorted({*known["taken"], number}) if one + 64 > top]}


@case(sequenced(1, 3), sequenced(2, 90), sequenced(3, 80))
def packets_of_the_newest_window() -> Process:
    """What is too old for the newest packet is dropped, also if it was there before."""
    return shown(Reducer("window", (Sequenced,), {"top": 0, "taken": []}, _window))


def _warned(known: Known, fact: Fact) -> Known:
    return {**known, fact.kind.__name__: True}


@case(Lit(), Fogged(), Moored())
def a_ship_that_is_warned_unless_it_is_moored() -> Process:
    """What came is kept, and what it means is asked afterwards."""
    flags = Reducer("flags", (Lit, Fogged, Moored), {}, _warned)
    return shown(flags, compute=lambda known: "Lit" in known and "Fogged" in known and "Moored" not in known)


@case(*(metered(number, 1, 700 - 50 * (number < 4)) for number in range(1, 7)))
def five_boats_by_need_and_name() -> Process:
    """Of equal needs the name decides, and who is out of the first five is out for ever."""

    def fold(known: list[list[Any]], fact: Fact) -> list[list[Any]]:
        boats = {(one[0], one[1]) for one in known} | {(-fact.fields["used"], fact.fields["meter_id"])}
        return [list(one) for one in sorted(boats)[:5]]

    return shown(Reducer("boats", (Metered,), [], fold), compute=lambda known: sorted(one[1] for one in known))


@case(plotted(1, 2, 3), plotted(2, 4, 6), plotted(3, -1, 0))
def the_farthest_ship_in_each_direction() -> Process:
    """Directions are steps without a common divisor, and of one direction the farthest ship is seen."""

    def fold(known: Known, fact: Fact) -> Known:
        x, y = fact.fields["x"], fact.fields["y"]
        steps = gcd(x, y)
        key = f"{x // steps} {y // steps}" if steps else "0 0"
        return {**known, key: max(known.get(key, 0), steps)}

    return shown(Reducer("ships", (Plotted,), {}, fold))


@case(plotted(1, 2, 3), plotted(2, -4, 6), plotted(3, 1, 0))
def ships_sorted_by_their_angle() -> Process:
    """All ships are kept, and of one angle the nearer one stands first."""

    def fold(known: list[list[int]], fact: Fact) -> list[list[int]]:
        ships = {(x, y) for x, y in known} | {(fact.fields["x"], fact.fields["y"])}
        return [list(one) for one in sorted(ships, key=lambda one: (atan2(one[1], one[0]), one))]

    return shown(Reducer("ships", (Plotted,), [], fold))


@case(edited(1, "lamp", ann=2), edited(2, "horn", ann=3, bob=1), edited(3, "bell", ann=2))
def clocks_of_which_the_greatest_counts() -> Process:
    """Maps are chained for their names alone, and the greatest clock is taken."""

    def fold(known: Known, fact: Fact) -> Known:
        clock = fact.fields["clock"]
        return {who: max(known.get(who, 0), clock.get(who, 0)) for who in sorted(ChainMap(known, clock))}

    return shown(Reducer("clock", (Edited,), {}, fold))


@case(edited(1, "lamp lamp", ann=2), edited(2, "lamp horn horn"), edited(3, "bell"))
def words_of_a_bag_for_all_texts() -> Process:
    """A union of counters has the most that any text has of a word."""

    def fold(known: Known, fact: Fact) -> Known:
        return dict(sorted((Counter(known) | Counter(fact.fields["text"].split())).items()))

    return shown(Reducer("words", (Edited,), {}, fold))


@case(filled(1, 2, 0, 1), filled(2, 2, 1, 1), filled(3, 2, 2, 1), filled(4, 2, 5, 1))
def a_row_of_three_that_is_full_for_ever() -> Process:
    """Once three cells of a row are there the row is full, and is kept as that alone."""

    def fold(known: Known, fact: Fact) -> Known:
        row = str(fact.fields["row"])
        if known.get(row) == "full":
            return known
        cells = sorted({*known.get(row, []), fact.fields["column"]})
        return {**known, row: "full" if len(cells) > 2 else cells}

    return shown(Reducer("rows", (Filled,), {}, fold))


@case(coded(1, "000195"), coded(2, "970001"), coded(3, "x"))
def the_greatest_account_that_is_valid() -> Process:
    """Of numbers with a right check the greatest one counts."""

    def fold(known: str, fact: Fact) -> str:
        code = fact.fields["code"]
        is_valid = len(code) == 6 and code.isascii() and code.isdigit() and int(code) % 97 == 1
        return max(known, code) if is_valid else known

    return shown(Reducer("account", (Coded,), "", fold))


@case(shelved(1, "atlas"), shelved(2, "pilot"), shelved(3, "atlas"), shelved(4, "pilot"))
def groups_of_books_side_by_side() -> Process:
    """A book that is put between two others never makes fewer groups of one title."""
    return shown(
        BOOKS,
        compute=lambda held: len([*groupby(one["title"] for one in held.values())]),
        is_cumulative=True,
        is_final=True,
    )


@case(geared(1, 9), geared(2, 10), geared(3, 3))
def wheels_that_wear_unevenly() -> Process:
    """Two wheels with a common divisor keep it."""

    def uneven(held: Entries) -> frozenset[str]:
        pairs = combinations(held, 2)
        return frozenset(key for pair in pairs if gcd(*(held[one]["teeth"] for one in pair)) > 1 for key in pair)

    return chosen(GEARS, uneven, is_final=True)


@case(metered(1, 1, 1024), metered(2, 2, 1), metered(3, 3, 256))
def the_side_of_the_largest_square_floor() -> Process:
    """The side of the largest square that all tiles make, which never gets smaller."""
    return shown(
        METERS,
        compute=lambda held: isqrt(sum(one["used"] for one in held.values())),
        is_cumulative=True,
        is_final=True,
    )


@case(ranked(1, "elm", "oak", "fir", "ash"), ranked(2, "ash"), ranked(3))
def all_trees_were_named() -> Process:
    """Once all four trees are on any ballots, they are."""
    return granted(BALLOTS, judge=lambda held: len({tree for one in held.values() for tree in one["choices"]}) == 4)


@case(shelved(1, "atlas", 3), shelved(2, "pilot"), shelved(3, "tides", 1, "log"))
def places_with_a_shelf_or_without() -> Process:
    """No shelf is below all shelves, so that places can be compared."""

    def place(one: One) -> Place:
        return Place(one["kind"], -1 if one["shelf"] is None else one["shelf"], one["title"])

    def first(held: Entries) -> str:
        places = map(place, held.values())
        return min(places, default=Place("map", 0, "none")).title

    return shown(BOOKS, compute=first)


@case(shelved(1, "atlas", 1), shelved(2, "class", 2), shelved(3, "a b"))
def titles_that_may_be_names() -> Process:
    """Reserved words are asked for before they are taken as names."""

    def names(held: Entries) -> list[str]:
        titles = {one["title"] for one in held.values()}
        return sorted(title for title in titles if title.isidentifier() and not keyword.iskeyword(title))

    return shown(BOOKS, compute=names)


@case(coded(1, "lamp -x"), coded(2, "keeper's"))
def codes_that_a_shell_may_refuse() -> Process:
    """A code that has no end is one word."""

    def parts(code: str) -> int:
        try:
            return len(shlex.split(code))
        except ValueError:
            return 1

    return shown(CODES, compute=lambda held: sum(parts(one["code"]) for one in held.values()))


@case(shelved(1, "atlas of the coast"), Ruled("i", 0))
def titles_on_labels_of_one_letter_at_least() -> Process:
    """A label has room for a letter."""

    def lines(held: Entries, rules: Entries) -> int:
        width = next((one["limit"] for one in rules.values() if one["limit"]), 20)
        return sum(len(textwrap.wrap(one["title"], width)) for one in held.values())

    return shown(BOOKS, RULES, compute=lines)


@case(metered(1, 1, 5), metered(2, 2, 0), metered(3, 3, 7))
def a_mean_of_growth_without_zeros() -> Process:
    """Months of nothing are left out, and the rest is sorted before it is added."""

    def is_fast(held: Entries) -> bool:
        used = sorted(one["used"] for one in held.values() if one["used"])
        return bool(used) and geometric_mean(used) > 3

    return judged(METERS, judge=is_fast)


@case(knitted(1, 1, 5), knitted(2), knitted(3, 5, 5))
def a_parity_of_each_row_from_zero() -> Process:
    """A row of none has the parity of nothing, and pairs of rows are read in the order of their ids."""

    def parities(held: Entries) -> list[list[int]]:
        row = [reduce(xor, one["stitches"], 0) for one in held.values()]
        return [[one, other] for one, other in in_pairs([*row, 0])]

    return shown(ROWS, compute=parities)


@case(sailed(1, ("Rye", 1), ("Hull", 5), ("Rye", 2)), sailed(2, ("Rye", 2), ("Bude", 3), ("Rye", 3)), sailed(3))
def the_longest_round_trip_and_its_name() -> Process:
    """Of round trips with as many miles the least id is named."""

    def longest(held: Entries) -> list[Any]:
        rounds = [
            [-sum(leg["miles"] for leg in one["legs"]), key]
            for key, one in held.items()
            if len(one["legs"]) > 2 and one["legs"][0]["port"] == one["legs"][-1]["port"]
        ]
        return min(rounds, default=[0, ""])

    return shown(TRIPS, compute=longest)
