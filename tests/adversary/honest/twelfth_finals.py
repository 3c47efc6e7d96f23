"""What is final in surveys, nets and ballots, and truly only grows."""

from fractions import Fraction
from itertools import combinations, permutations, product
from math import dist
from typing import Any

from saga import (
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    all_but_first,
    any_of,
    both,
    count,
    each,
    either,
    greatest,
    has,
    negated,
    only,
    total,
    wanted,
)
from tests.adversary.kit import Commands, Do, case, chosen, granted, has_any, one_outcome, proc, shown, wanted_in
from tests.adversary.planted.twelfth_messages import (
    BALLOTS,
    BOOKS,
    CABLES,
    CELLS,
    CODES,
    DAYS,
    GEARS,
    METERS,
    POINTS,
    QUOTES,
    ROWS,
    RULES,
    TRIPS,
    One,
    Ruled,
    coded,
    dated,
    filled,
    geared,
    knitted,
    laid,
    metered,
    plotted,
    quoted,
    ranked,
    sailed,
    shelved,
)


def _turn(one: One, other: One, third: One) -> Any:
    first = (other["x"] - one["x"]) * (third["y"] - one["y"])
    return first - (other["y"] - one["y"]) * (third["x"] - one["x"])


@case(plotted(1, 0, 0), plotted(2, 9, 0), plotted(3, 0, 9), plotted(4, 2, 2))
def points_that_three_others_surround() -> Process:
    """A point within a triangle of others stays there, whichever points come."""

    def inside(held: Entries) -> frozenset[str]:
        def is_inside(key: str) -> bool:
            rest = [one for other, one in held.items() if other != key]
            return any(
                min(_turn(a, b, held[key]), _turn(b, c, held[key]), _turn(c, a, held[key])) > 0
                for a, b, c in permutations(rest[:9], 3)
            )

        return frozenset(key for key in held if is_inside(key)) if len(held) < 10 else frozenset(held)

    return chosen(POINTS, inside, is_final=True)


def _groups(cables: list[One]) -> list[set[str]]:
    groups: list[set[str]] = []
    for one in cables:
        ends = {one["start"], one["end"]}
        joined = [group for group in groups if group & ends]
        groups = [group for group in groups if not group & ends] + [ends.union(*joined)]
    return groups


@case(laid(1, "a", "b", 5), laid(2, "b", "c", 5), laid(3, "a", "c", 2), laid(4, "d", "d"))
def cables_on_a_round() -> Process:
    """A cable is on a round if its ends hang together without it, and more cables don't change that."""

    def rounds(held: Entries) -> frozenset[str]:
        return frozenset(
            key
            for key, one in held.items()
            if one["start"] == one["end"]
            or any(
                {one["start"], one["end"]} <= group
                for group in _groups([other for name, other in held.items() if name != key])
            )
        )

    return chosen(CABLES, rounds, is_final=True)


@case(laid(1, "a", "b"), laid(2, "b", "c"), laid(3, "a", "c"), laid(4, "c", "d"))
def cables_between_three_friends() -> Process:
    """Three who know each other are noted, each with their cables."""

    def threes(held: Entries) -> frozenset[str]:
        pairs = {frozenset((one["start"], one["end"])) for one in held.values()}
        names = {name for pair in pairs for name in pair}
        return frozenset(
            key
            for key, one in held.items()
            if any(
                len({one["start"], one["end"], name}) == 3
                and {frozenset((one["start"], name)), frozenset((one["end"], name))} <= pairs
                for name in names
            )
        )

    return chosen(CABLES, threes, is_final=True)


@case(laid(1, "a", "b"), laid(2, "b", "c"), laid(3, "a", "c"))
def a_street_without_two_sides() -> Process:
    """A round with an odd number of houses is there for good."""

    def is_odd(held: Entries) -> bool:
        ways: set[tuple[str, str, int]] = {(one["start"], one["end"], 1) for one in held.values()}
        ways |= {(end, start, many) for start, end, many in ways}
        new = ways
        while new:
            new = {(a, d, (m + n) % 2) for a, b, m in ways for c, d, n in ways if b == c} - ways
            ways |= new
        return any(start == end and many for start, end, many in ways)

    return granted(CABLES, judge=is_odd)


@case(filled(1, 0, 0, 1), filled(2, 0, 1, 2), filled(3, 8, 0, 1), filled(4, 0, 0, 2))
def a_grid_that_is_spoiled() -> Process:
    """Two different cells of one line have one digit, and it stays so."""

    def is_spoiled(held: Entries) -> bool:
        cells = {(one["row"], one["column"], one["digit"]) for one in held.values()}
        return any(
            one[2] == other[2] and (one[0] == other[0] or one[1] == other[1]) for one, other in combinations(cells, 2)
        )

    return granted(CELLS, judge=is_spoiled)


@case(metered(1, 1, 3), metered(2, 2, 1), metered(3, 3, 9))
def as_many_months_as_they_are_high() -> Process:
    """The greatest number so that as many months have used as much."""

    def index(held: Entries) -> int:
        used = sorted((one["used"] for one in held.values()), reverse=True)
        return sum(1 for place, one in enumerate(used, 1) if one >= place)

    return shown(METERS, compute=index, is_cumulative=True, is_final=True)


@case(metered(1, 0, 3), metered(2, 2, 1), metered(3, 1, 9))
def the_first_month_that_is_missing() -> Process:
    """The first gap is filled, and the next one is later."""

    def gap(held: Entries) -> int:
        months = {one["month"] for one in held.values()}
        return next(month for month in range(14) if month not in months)

    return shown(METERS, compute=gap, is_cumulative=True, is_final=True)


@case(geared(1, 5), geared(2, 1), geared(3, 2))
def how_long_wheels_rise() -> Process:
    """The longest row of rising wheels among their ids has as many wheels or more with a further one."""

    def longest(held: Entries) -> int:
        best: dict[str, int] = {}
        for key, one in held.items():
            best[key] = 1 + max((best[other] for other in best if held[other]["teeth"] < one["teeth"]), default=0)
        return max(best.values(), default=0)

    return shown(GEARS, compute=longest, is_cumulative=True, is_final=True)


@case(laid(1, "a", "b"), laid(2, "c", "d"), laid(3, "b", "c"))
def how_many_pairs_can_talk() -> Process:
    """Pairs that are joined by any way, of which a cable only makes more."""

    def pairs(held: Entries) -> int:
        return sum(len(group) * (len(group) - 1) // 2 for group in _groups(list(held.values())))

    return shown(CABLES, compute=pairs, is_cumulative=True, is_final=True)


@case(plotted(1, 1, 1), plotted(2, 1, 2), plotted(3, 1, 1))
def points_behind_another_one() -> Process:
    """Whoever has another point to the north and east has it for ever."""

    def behind(held: Entries) -> frozenset[str]:
        return frozenset(
            key
            for key, one in held.items()
            if any(
                other["x"] >= one["x"] and other["y"] >= one["y"] and (other["x"], other["y"]) != (one["x"], one["y"])
                for other in held.values()
            )
        )

    return chosen(POINTS, behind, is_final=True)


@case(plotted(1, 0, 0), plotted(2, 3, 4), plotted(3, -5, 12))
def the_widest_distance_in_whole_steps() -> Process:
    """The distance of the two that are farthest apart, cut to whole steps."""

    def widest(held: Entries) -> int:
        points = [(one["x"], one["y"]) for one in held.values()]
        return max((int(dist(one, other)) for one, other in combinations(points, 2)), default=0)

    return shown(POINTS, compute=widest, is_cumulative=True, is_final=True)


@case(coded(1, "north"), coded(2, "nook"), coded(3, ""))
def all_beginnings_of_codes() -> Process:
    """Each code is listed under its first letter, in lists that only become longer."""

    def begins(held: Entries) -> dict[str, list[str]]:
        codes = sorted({one["code"] for one in held.values() if one["code"]})
        return {letter: [code for code in codes if code[0] == letter] for letter in sorted({one[0] for one in codes})}

    return shown(CODES, compute=begins, is_cumulative=True, is_final=True)


@case(ranked(1, "elm", "oak"), ranked(2, "oak"), ranked(3))
def a_tree_that_two_put_first() -> Process:
    """Two first places for one tree are enough, and nobody takes one back."""

    def is_seconded(held: Entries) -> bool:
        first = [one["choices"][0] for one in held.values() if one["choices"]]
        return any(first.count(tree) > 1 for tree in first)

    return granted(BALLOTS, judge=is_seconded)


@case(knitted(1, 1, 5), knitted(2, 4, 2), knitted(3))
def rows_that_are_unequally_long() -> Process:
    """Two sums that differ go on to differ."""
    return granted(ROWS, judge=lambda held: len({sum(one["stitches"]) for one in held.values()}) > 1)


@case(sailed(1, ("Rye", 5), ("Hull", 6)), sailed(2, ("Hull", 2)), sailed(3))
def miles_from_each_port() -> Process:
    """Sums for each port, with none of them below what it was."""

    def miles(held: Entries) -> dict[str, dict[str, int]]:
        sums: dict[str, dict[str, int]] = {}
        for one in held.values():
            for leg in one["legs"]:
                port = sums.setdefault(leg["port"], {"miles": 0, "trips": 0})
                port["miles"] += leg["miles"]
                port["trips"] += 1
        return sums

    return shown(TRIPS, compute=miles, is_cumulative=True, is_final=True)


@case(quoted(1, "0.5", 3), quoted(2, "0.25", 2))
def the_worth_in_thousandths() -> Process:
    """Prices are exact fractions of a text, and pieces are never below zero."""

    def worth(held: Entries) -> int:
        return sum(int(Fraction(one["price"]) * 1000) * one["pieces"] for one in held.values())

    return shown(QUOTES, compute=worth, is_cumulative=True, is_final=True)


@case(shelved(1, "atlas", 1), shelved(2, "pilot"), shelved(3, "tides", 3))
def all_books_but_the_first_two() -> Process:
    """A book that two others precede is preceded by them for ever."""
    some = has_any(BOOKS)
    take = Effect("take", "keeper", {Do.YES: CommandTemplate("TakeIn", BOOKS, ("title",))}, final=frozenset({Do.YES}))
    wants = [wanted_in(some, take, YES=all_but_first(BOOKS, 2, by=("title", "book_id")))]
    return proc(one_outcome(some), some, BOOKS, wants=wants)


@case(metered(1, 1, 60), metered(2, 2, 50), metered(3, 3, 400))
def what_all_but_the_greatest_used() -> Process:
    """A new greatest month leaves the old one in the rest, so that the rest only grows."""
    some = has_any(METERS)
    field = ComputedField.of("rest", total(METERS, "used").minus(greatest(METERS, "used")), is_cumulative=True)
    note = Effect("note", "desk", {Do.YES: CommandTemplate("Note", computed=(field,))}, final=frozenset({Do.YES}))
    return proc(one_outcome(some), some, METERS, wants=[wanted_in(some, note, YES=Do.YES)])


def _granted(column: DerivedColumn, *parts: Any, is_final: bool = True) -> Process:
    commands: Commands = {Do.YES: CommandTemplate("Grant"), Do.NO: CommandTemplate("TakeBack")}
    grant = Effect("grant", "desk", commands, final=frozenset({Do.YES} if is_final else ()), initially=Do.NO)
    table = wanted(column, rows=[(True, {grant: Do.YES}), (False, {grant: Do.NO})])
    return proc(one_outcome(column), *parts, wants=[table])


@case(Ruled("i", 5), laid(1, "a", "b", 1), laid(2, "b", "c", 9), laid(3, "c", "d", 5))
def cables_on_both_sides_of_a_limit() -> Process:
    """One cable is dearer than the limit, and one is not."""
    limit = only(RULES, "limit")
    column = DerivedColumn.of("both", both(any_of(CABLES, each("cost") > limit), any_of(CABLES, each("cost") <= limit)))
    return _granted(column, CABLES, RULES)


@case(dated(1, "2030-01-01"), geared(1, 5), Ruled("i", 3))
def a_wheel_or_a_rule_that_is_not_missing() -> Process:
    """Not none of them is the same as some of them."""
    column = DerivedColumn.of("some", negated(both(negated(has(GEARS)), negated(either(has(RULES), has(DAYS))))))
    return _granted(column, GEARS, RULES, DAYS)


@case(geared(1, 8), geared(2, 64), geared(3, 8))
def an_order_while_there_are_two_wheels() -> Process:
    """The order is taken back when there are three, and both rows say so."""
    return _granted(DerivedColumn.of("two", count(GEARS).equals(2)), GEARS, is_final=False)


@case(laid(1, "a", "b"), laid(2, "b", "c"), laid(3, "a", "c"))
def two_sides_of_a_street_for_now() -> Process:
    """Two colours do, and are taken back when they don't."""

    def is_even(held: Entries) -> bool:
        names = sorted({one[end] for one in held.values() for end in ("start", "end")})
        return len(names) < 9 and any(
            all(sides[names.index(one["start"])] != sides[names.index(one["end"])] for one in held.values())
            for sides in product((0, 1), repeat=len(names))
        )

    return granted(CABLES, judge=is_even, is_final=False)


@case(metered(1, 1, 100), metered(2, 2, 90), metered(3, 3, 5))
def months_that_are_equal_for_now() -> Process:
    """An exact measure of what is unequal, without any fraction of a float."""

    def share(held: Entries) -> str:
        used = sorted(one["used"] for one in held.values())
        whole = sum(used) * len(used)
        return str(Fraction(sum((2 * at - len(used) - 1) * one for at, one in enumerate(used, 1)), whole or 1))

    return shown(METERS, compute=share)
