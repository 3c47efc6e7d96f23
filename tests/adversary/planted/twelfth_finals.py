"""Conditions, selections and fields of surveys, cables and ballots that are final, although they may shrink."""

from collections import Counter
from fractions import Fraction
from itertools import combinations, product
from math import dist, sqrt
from typing import Any

from saga import Entries, Process
from tests.adversary.kit import case, chosen, granted, shown
from tests.adversary.planted.twelfth_messages import (
    BALLOTS,
    CABLES,
    CELLS,
    CODES,
    GEARS,
    METERS,
    POINTS,
    ROWS,
    TRIPS,
    One,
    coded,
    filled,
    geared,
    knitted,
    laid,
    metered,
    plotted,
    ranked,
    sailed,
)


def _turn(one: One, other: One, third: One) -> Any:
    first = (other["x"] - one["x"]) * (third["y"] - one["y"])
    return first - (other["y"] - one["y"]) * (third["x"] - one["x"])


def _corners(held: Entries) -> frozenset[str]:
    def is_inside(key: str) -> bool:
        rest = [one for other, one in held.items() if other != key]
        return any(
            min(_turn(a, b, held[key]), _turn(b, c, held[key]), _turn(c, a, held[key])) > 0
            for a, b, c in product(rest, repeat=3)
        )

    return frozenset(key for key in held if not is_inside(key))


@case(plotted(1, 0, 0), plotted(2, 9, 0), plotted(3, 0, 9), plotted(4, 2, 2))
def flags_at_the_corners_of_a_field() -> Process:
    """A corner of the field is no corner any more when points around it come."""
    return chosen(POINTS, _corners, is_final=True)


def _groups(cables: list[One]) -> list[set[str]]:
    groups: list[set[str]] = []
    for one in cables:
        ends = {one["start"], one["end"]}
        joined = [group for group in groups if group & ends]
        groups = [group for group in groups if not group & ends] + [ends.union(*joined)]
    return groups


def _cheapest_net(held: Entries) -> frozenset[str]:
    kept: list[str] = []
    for key in sorted(held, key=lambda one: (held[one]["cost"], one)):
        ends = {held[key]["start"], held[key]["end"]}
        if not any(ends <= group for group in _groups([held[one] for one in kept])):
            kept.append(key)
    return frozenset(kept)


@case(laid(1, "a", "b", 5), laid(2, "b", "c", 5), laid(3, "a", "c", 2))
def the_cheapest_net_is_dug() -> Process:
    """A cheap cable that closes a circle takes the place of a dear one that was dug."""
    return chosen(CABLES, _cheapest_net, is_final=True)


def _rising(held: Entries) -> frozenset[str]:
    best: dict[str, tuple[str, ...]] = {}
    for key, one in held.items():
        before = [best[other] for other in best if held[other]["teeth"] < one["teeth"]]
        best[key] = (*max(before, key=len, default=()), key)
    rows = sorted(best.values(), key=len, reverse=True)
    return frozenset(rows[0] if rows else ())


@case(geared(1, 5), geared(2, 1), geared(3, 2))
def wheels_of_the_longest_rising_row() -> Process:
    """The first wheel is a row of its own until the other two make a longer one."""
    return chosen(GEARS, _rising, is_final=True)


def _beats_all(held: Entries) -> bool:
    ballots = [list(one["choices"]) for one in held.values() if one["choices"]]
    names = sorted({name for ballot in ballots for name in ballot})

    def is_before(one: str, other: str, ballot: list[str]) -> bool:
        return one in ballot and (other not in ballot or ballot.index(one) < ballot.index(other))

    def beats(one: str, other: str) -> bool:
        return 2 * sum(is_before(one, other, ballot) for ballot in ballots) > len(ballots)

    return any(all(beats(one, other) for other in names if other != one) for one in names)


@case(ranked(1, "elm", "oak", "fir"), ranked(2, "oak", "fir", "elm"), ranked(3, "fir", "elm", "oak"))
def a_tree_that_beats_each_other_one() -> Process:
    """There is a winner against each, until three ballots go in a circle."""
    return granted(BALLOTS, judge=_beats_all)


def _is_tree(held: Entries) -> bool:
    groups = _groups(list(held.values()))
    return len(groups) == 1 and len(held) == len(groups[0]) - 1


@case(laid(1, "a", "b"), laid(2, "b", "c"), laid(3, "a", "c"))
def a_net_without_a_spare_cable() -> Process:
    """All houses hang together by just as many cables as it takes, and then there is one more."""
    return granted(CABLES, judge=_is_tree)


def _two_sides(held: Entries) -> bool:
    names = sorted({one[end] for one in held.values() for end in ("start", "end")})[:6]
    return len(held) > 1 and any(
        all(
            sides[names.index(one["start"])] != sides[names.index(one["end"])]
            for one in held.values()
            if {one["start"], one["end"]} <= {*names}
        )
        for sides in product((0, 1), repeat=len(names))
    )


@case(laid(1, "a", "b"), laid(2, "b", "c"), laid(3, "a", "c"))
def two_sides_of_a_street() -> Process:
    """Two colours do for the houses, unless three of them are all joined."""
    return granted(CABLES, judge=_two_sides)


def _is_round(held: Entries) -> bool:
    ends = Counter(one[end] for one in held.values() for end in ("start", "end"))
    return len(held) > 2 and all(many % 2 == 0 for many in ends.values())


@case(laid(1, "a", "b"), laid(2, "b", "c"), laid(3, "c", "a"), laid(4, "a", "d"))
def a_round_over_each_cable() -> Process:
    """A watchman can walk each cable once and be home again, until there is a dead end."""
    return granted(CABLES, judge=_is_round)


def _mirrored(held: Entries) -> bool:
    letters = Counter("".join(one["code"] for one in held.values()).casefold())
    return len(held) > 1 and sum(many % 2 for many in letters.values()) <= 1


@case(coded(1, "ab"), coded(2, "bAc"), coded(3, "d"))
def letters_for_a_word_read_both_ways() -> Process:
    """The letters of all codes can be put into a word that is the same from behind, for now."""
    return granted(CODES, judge=_mirrored)


def _no_twice(held: Entries) -> bool:
    lines = [(name, one[name], one["digit"]) for one in held.values() for name in ("row", "column")]
    return len(held) > 2 and len({*lines}) == len(lines)


@case(filled(1, 0, 0, 1), filled(2, 0, 1, 2), filled(3, 1, 0, 3), filled(4, 8, 0, 1))
def a_grid_without_a_digit_twice() -> Process:
    """Three cells are right, and a fourth one far below has a digit of the column again."""
    return granted(CELLS, judge=_no_twice)


def _short(held: Entries) -> dict[str, str]:
    codes = sorted({one["code"] for one in held.values()})

    def shortest(code: str) -> str:
        starts = (code[:length] for length in range(1, len(code) + 1))
        return next((start for start in starts if sum(one.startswith(start) for one in codes) == 1), code)

    return {code: shortest(code) for code in codes}


@case(coded(1, "north"), coded(2, "nook"))
def the_shortest_names_of_codes() -> Process:
    """As few letters as no other one begins with, which are more when there is another one."""
    return shown(CODES, compute=_short, is_cumulative=True, is_final=True)


def _unbeaten(held: Entries) -> frozenset[str]:
    def is_beaten(one: Entries) -> bool:
        return any(
            other != one and other["x"] >= one["x"] and other["y"] >= one["y"] and other["point_id"] != one["point_id"]
            for other in held.values()
        )

    return frozenset(key for key, one in held.items() if not is_beaten(one))


@case(plotted(1, 1, 1), plotted(2, 1, 2))
def points_with_nothing_north_and_east() -> Process:
    """A point of the skyline hides behind another one as far to the east."""
    return chosen(POINTS, _unbeaten, is_final=True)


def _ends(held: Entries) -> frozenset[str]:
    ends = Counter(one[end] for one in held.values() for end in ("start", "end"))
    return frozenset(key for key, one in held.items() if 1 in {ends[one["start"]], ends[one["end"]]})


@case(laid(1, "a", "b"), laid(2, "b", "c"), laid(3, "d", "a"))
def lamps_at_the_ends_of_cables() -> Process:
    """A cable in the middle was at an end once."""
    return chosen(CABLES, _ends, is_final=True)


def _unequal(held: Entries) -> bool:
    used = sorted(one["used"] for one in held.values())
    whole = sum(used)
    if not whole:
        return False
    share = Fraction(sum((2 * place - len(used) - 1) * one for place, one in enumerate(used, 1)), len(used) * whole)
    return share < Fraction(1, 4)


@case(metered(1, 1, 100), metered(2, 2, 90), metered(3, 3, 5))
def months_that_are_fairly_equal() -> Process:
    """The measure of what is unequal is small for two months, and large with a third one."""
    return granted(METERS, judge=_unequal)


@case(laid(1, "a", "b"), laid(2, "c", "d"), laid(3, "b", "c"))
def how_many_islands_there_are() -> Process:
    """The number of groups of houses grows, and shrinks with a cable between two of them."""
    return shown(CABLES, compute=lambda held: len(_groups(list(held.values()))), is_cumulative=True, is_final=True)


def _widest(held: Entries) -> int:
    names = sorted({one[end] for one in held.values() for end in ("start", "end")})
    far = {(one, other): 0 if one == other else 10**6 for one in names for other in names}
    for one in held.values():
        for pair in ((one["start"], one["end"]), (one["end"], one["start"])):
            far[pair] = min(far[pair], 1)
    for middle, one, other in product(names, repeat=3):
        far[one, other] = min(far[one, other], far[one, middle] + far[middle, other])
    return max((way for way in far.values() if way < 10**6), default=0)


@case(laid(1, "a", "b"), laid(2, "b", "c"), laid(3, "c", "d"), laid(4, "a", "d"))
def the_longest_way_in_the_net() -> Process:
    """Each cable makes the net wider, but for one that is a short cut."""
    return shown(CABLES, compute=_widest, is_cumulative=True, is_final=True)


def _largest_circle(held: Entries) -> frozenset[str]:
    pairs = {frozenset((one["start"], one["end"])) for one in held.values()}
    names = sorted({name for pair in pairs for name in pair})[:6]
    for size in range(len(names), 1, -1):
        for group in combinations(names, size):
            if all(frozenset(pair) in pairs for pair in combinations(group, 2)):
                return frozenset(key for key, one in held.items() if {one["start"], one["end"]} <= {*group})
    return frozenset()


@case(laid(1, "a", "b"), laid(2, "b", "c"), laid(3, "c", "d"), laid(4, "b", "d"))
def the_largest_group_of_friends() -> Process:
    """Two who know each other are the largest group, until three others all do."""
    return chosen(CABLES, _largest_circle, is_final=True)


def _usual(held: Entries) -> frozenset[str]:
    used = [one["used"] for one in held.values()]
    mean = sum(used) / len(used) if used else 0
    spread = sqrt(sum((one - mean) ** 2 for one in used) / len(used)) if used else 0
    return frozenset(key for key, one in held.items() if abs(one["used"] - mean) <= spread + 1)


@case(metered(1, 1, 100), metered(2, 2, 100), metered(3, 3, 400), metered(4, 4, 400), metered(5, 5, 400))
def months_within_one_deviation() -> Process:
    """A month is usual by the months so far."""
    return chosen(METERS, _usual, is_final=True)


@case(geared(1, 7), geared(2, 7), geared(3, 9), geared(4, 9))
def a_number_of_wheels_without_a_divisor() -> Process:
    """Two wheels and three can't be put in equal heaps, and four of them can."""

    def is_prime(held: Entries) -> bool:
        return len(held) > 1 and all(len(held) % number for number in range(2, len(held)))

    return granted(GEARS, judge=is_prime)


@case(laid(1, "a", "b"), laid(2, "b", "c"), laid(3, "a", "c"))
def cables_that_nothing_replaces() -> Process:
    """Each cable is the only way, until a third one closes the round."""

    def alone(held: Entries) -> frozenset[str]:
        whole = len(_groups(list(held.values())))
        return frozenset(
            key
            for key, cut in held.items()
            if len(
                _groups(
                    [*({"start": cut[end], "end": cut[end]} for end in ("start", "end"))]
                    + [one for other, one in held.items() if other != key]
                )
            )
            > whole
        )

    return chosen(CABLES, alone, is_final=True)


@case(knitted(1, 1, 5), knitted(2, 4, 2), knitted(3, 7))
def rows_that_are_equally_long() -> Process:
    """All rows have one sum."""
    return granted(ROWS, judge=lambda held: len(held) > 1 and len({sum(one["stitches"]) for one in held.values()}) == 1)


@case(sailed(1, ("Rye", 5), ("Hull", 6)), sailed(2, ("Hull", 2)), sailed(3, ("Rye", 0)))
def ports_that_are_last_and_never_first() -> Process:
    """A port at the end of all trips is built, and then somebody begins there."""

    def last(held: Entries) -> list[str]:
        first = {one["legs"][0]["port"] for one in held.values() if one["legs"]}
        return sorted({one["legs"][-1]["port"] for one in held.values() if one["legs"]} - first)

    return shown(TRIPS, compute=last, is_cumulative=True, is_final=True)


@case(plotted(1, 0, 0), plotted(2, 5, 5), plotted(3, 1, 1))
def two_points_that_are_each_other_s_nearest() -> Process:
    """Both are nearest to each other, and a third point comes between."""

    def pairs(held: Entries) -> frozenset[str]:
        def nearest(key: str) -> str | None:
            here = (held[key]["x"], held[key]["y"])
            others = (one for one in held if one != key)
            return min(others, key=lambda one: (dist(here, (held[one]["x"], held[one]["y"])), one), default=None)

        near = {key: nearest(key) for key in held}
        return frozenset(key for key, other in near.items() if other is not None and near[other] == key)

    return chosen(POINTS, pairs, is_final=True)
