"""More that is final too early; and sets that another interpreter lists otherwise."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import combinations, groupby, pairwise
from math import gcd, isqrt, prod
from statistics import mode
from typing import Any

from saga import (
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    all_of,
    both,
    count,
    distinct,
    each,
    either,
    greatest,
    has,
    has_partner,
    latest,
    least,
    negated,
    only,
    total,
    wanted,
    with_partner,
)
from tests.adversary.kit import (
    Commands,
    Do,
    case,
    chosen,
    granted,
    has_any,
    one_outcome,
    proc,
    shown,
    wanted_in,
)
from tests.adversary.planted.twelfth_messages import (
    BALLOTS,
    BOOKS,
    CABLES,
    CODES,
    DAYS,
    DUTIES,
    GEARS,
    METERS,
    POINTS,
    ROWS,
    RULES,
    TRIPS,
    One,
    Ruled,
    coded,
    dated,
    geared,
    knitted,
    laid,
    metered,
    plotted,
    ranked,
    rostered,
    sailed,
    shelved,
)


@case(geared(1, 9), geared(2, 10), geared(3, 3))
def wheels_that_wear_evenly() -> Process:
    """A wheel with no common divisor with any other one is mounted for good."""

    def even(held: Entries) -> frozenset[str]:
        return frozenset(
            key
            for key, one in held.items()
            if all(gcd(one["teeth"], other["teeth"]) == 1 for name, other in held.items() if name != key)
        )

    return chosen(GEARS, even, is_final=True)


@case(metered(1, 1, 1024), metered(2, 2, 1), metered(3, 3, 256))
def a_floor_of_square_tiles() -> Process:
    """A thousand tiles and more make a square, and one tile more does not."""

    def is_square(held: Entries) -> bool:
        tiles: int = sum(one["used"] for one in held.values())
        return tiles >= 1000 and isqrt(tiles) ** 2 == tiles

    return granted(METERS, judge=is_square)


@case(ranked(1, "elm", "oak", "fir"), ranked(2, "oak", "elm"), ranked(3, "oak", "fir"))
def ballots_for_who_is_never_last() -> Process:
    """Ballots that begin with a tree that nobody puts last are kept for good."""

    def kept(held: Entries) -> frozenset[str]:
        last = {one["choices"][-1] for one in held.values() if one["choices"]}
        return frozenset(key for key, one in held.items() if one["choices"] and one["choices"][0] not in last)

    return chosen(BALLOTS, kept, is_final=True)


def _ends(one: One) -> tuple[datetime, datetime]:
    start = datetime.fromisoformat(one["start"]).replace(tzinfo=None)
    return start, start + timedelta(hours=1)


@case(
    rostered(1, "ann", "2030-01-01T08:00:00Z"),
    rostered(2, "ann", "2030-01-01T09:00:00Z"),
    rostered(3, "ann", "2030-01-01T08:30:00Z"),
)
def duties_one_after_the_other() -> Process:
    """A duty begins when the one before ends, and a third one begins between."""

    def is_chain(held: Entries) -> bool:
        duties = sorted(_ends(one) for one in held.values() if "2000" < one["start"] < "2100")
        return len(duties) > 1 and all(one[1] == other[0] for one, other in pairwise(duties))

    return granted(DUTIES, judge=is_chain)


@case(sailed(1, ("Rye", 5), ("Hull", 6)), sailed(2, ("Hull", 2), ("Rye", 9)), sailed(3, ("Rye", 3), ("Rye", 4)))
def a_port_with_as_many_ships_out_as_in() -> Process:
    """Each port is left as often as it is reached, until a ship goes out once more."""

    def is_even(held: Entries) -> bool:
        out = Counter(one["legs"][0]["port"] for one in held.values() if one["legs"])
        back = Counter(one["legs"][-1]["port"] for one in held.values() if one["legs"])
        return len(held) > 1 and bool(out) and out == back and len(out) > 1 and max(out.values()) == 1

    return granted(TRIPS, judge=is_even)


@case(plotted(1, 0, 0), plotted(2, 4, 0), plotted(3, 4, 4), plotted(4, 0, 4), plotted(5, 2, 2))
def points_with_one_middle() -> Process:
    """Four points are mirrored at their middle, and a fifth one that is no corner moves it, or is it."""

    def is_mirrored(held: Entries) -> bool:
        points = Counter((one["x"], one["y"]) for one in held.values())
        wide, high = sum(x for x, _ in points.elements()), sum(y for _, y in points.elements())
        many = len(held)
        return (
            many > 2
            and many % 2 == 0
            and all(
                points[x, y]
                == sum(
                    number
                    for (a, b), number in points.items()
                    if (many * (a + x), many * (b + y)) == (2 * wide, 2 * high)
                )
                for x, y in points
            )
        )

    return granted(POINTS, judge=is_mirrored)


@case(knitted(1, 2), knitted(2, 4), knitted(3, 2, 5))
def rows_with_one_product() -> Process:
    """The product of all stitches can be divided by each row's sum of them, or not."""

    def is_even(held: Entries) -> bool:
        rows = [one["stitches"] for one in held.values() if any(one["stitches"])]
        return len(rows) > 1 and all(prod(prod(row) for row in rows) % sum(row) == 0 for row in rows)

    return granted(ROWS, judge=is_even)


@case(coded(1, "ab"), coded(2, "bc"), coded(3, "ca"), coded(4, "ad"))
def letters_that_all_come_twice() -> Process:
    """Each letter is in two codes, and with another code in three."""

    def is_twice(held: Entries) -> bool:
        letters = Counter(letter for one in held.values() for letter in {*one["code"]})
        return bool(letters) and {*letters.values()} == {2}

    return granted(CODES, judge=is_twice)


def _granted(column: DerivedColumn, *parts: Any) -> Process:
    commands: Commands = {Do.YES: CommandTemplate("Grant"), Do.NO: CommandTemplate("TakeBack")}
    grant = Effect("grant", "desk", commands, final=frozenset({Do.YES}), initially=Do.NO)
    table = wanted(column, rows=[(True, {grant: Do.YES}), (False, {grant: Do.NO})])
    return proc(one_outcome(column), *parts, wants=[table])


@case(geared(1, 5), Ruled("i", 3), laid(1, "a", "b", 4))
def the_least_wheel_and_a_cable() -> Process:
    """The least wheel is dearer than a cable or there is no rule, and both can change."""
    column = DerivedColumn.of("good", either(least(GEARS, "teeth") > greatest(CABLES, "cost"), negated(has(RULES))))
    return _granted(column, GEARS, CABLES, RULES)


@case(shelved(1, "atlas", 1), coded(1, "atlas"), shelved(2, "pilot", 2))
def all_books_are_on_the_list() -> Process:
    """There is a code for a title, and all books are low; a high one comes later."""
    column = DerivedColumn.of(
        "good", both(has_partner(BOOKS, "title", CODES, "code"), all_of(BOOKS, each("shelf") < 2))
    )
    return _granted(column, BOOKS, CODES)


@case(dated(1, "2030-01-01", "x"), dated(2, "2030-05-01", "y"))
def the_label_of_the_latest_day() -> Process:
    """An order goes out while the latest day has a label of the list, and is left as it is afterwards."""
    column = DerivedColumn.of("x", latest(DAYS, by=("on",), field="label").is_one_of("x", "z"))
    order = Effect("order", "desk", {Do.YES: CommandTemplate("Order")})
    return proc(one_outcome(column), DAYS, wants=[wanted(column, rows=[(True, {order: Do.YES}), (False, {})])])


def _final_note(figure: Any, *parts: Any, on: Any, is_cumulative: bool = True) -> Process:
    some = has_any(on)
    field = ComputedField.of("figure", figure, is_cumulative=is_cumulative)
    note = Effect("note", "desk", {Do.YES: CommandTemplate("Note", computed=(field,))}, final=frozenset({Do.YES}))
    return proc(one_outcome(some), some, *parts, wants=[wanted_in(some, note, YES=Do.YES)])


@case(metered(1, 1, 5), Ruled("i", 9))
def what_is_used_below_a_limit_that_counts_negative() -> Process:
    """What was used less twice the limit is zero while there is none, and then below zero."""
    figure = total(METERS, "used").minus(only(RULES, "limit").at_least(0).times(2))
    return _final_note(figure, METERS, RULES, on=METERS)


@case(shelved(1, "atlas", 1), shelved(2, "pilot", 2))
def the_kinds_as_a_list_that_is_not_said_to_grow() -> Process:
    """A list of titles is final, and is longer with the next book."""
    return _final_note(distinct(BOOKS, "title"), BOOKS, on=BOOKS, is_cumulative=False)


@case(Ruled("i", 7), plotted(1, 5, 1), plotted(2, -3, 1))
def twice_the_places_and_their_number() -> Process:
    """The number of places grows by one, and twice the place may be far below zero."""
    return _final_note(total(POINTS, "x").times(2).plus(count(POINTS)), POINTS, RULES, on=POINTS)


@case(shelved(1, "atlas", 1), coded(1, "atlas"), coded(2, "pilot"), shelved(2, "pilot"))
def codes_with_a_book_until_there_are_two() -> Process:
    """Codes with a book are sent while there is one book, and with two of them nobody says anything."""
    some = DerivedColumn.of("one", count(BOOKS).equals(1))
    send = Effect("send", "desk", {Do.YES: CommandTemplate("Send", CODES, ("code",))})
    rows = [(True, {send: with_partner(CODES, "code", BOOKS, "title")}), (False, {})]
    return proc(one_outcome(some), CODES, BOOKS, wants=[wanted(some, rows=rows)])


def _words(held: Entries) -> set[str]:
    return {one["title"] for one in held.values()}


@case(
    shelved(1, "atlas"),
    shelved(2, "alps"),
    shelved(3, "pilot"),
    shelved(4, "bay"),
    shelved(5, "argo"),
    shown_by="interpreters",
)
def groups_of_titles_side_by_side() -> Process:
    """Titles of one letter are a group if they stand side by side, as the set has them."""
    return shown(BOOKS, compute=lambda held: len([*groupby(_words(held), key=lambda title: title[:1])]))


@case(shelved(1, "atlas"), shelved(2, "pilot"), shelved(3, "tides"), shown_by="interpreters")
def the_title_of_each_kind() -> Process:
    """Pairs of a kind and a title come out of a set, and the last pair of a kind is kept."""
    return shown(BOOKS, compute=lambda held: dict({(one["kind"], one["title"]) for one in held.values()}))


@case(shelved(1, "atlas"), shelved(2, "pilot"), shelved(3, "tides"), shown_by="interpreters")
def the_most_frequent_first_letter() -> Process:
    """All letters are as frequent, and the first one of the set is named."""
    return shown(BOOKS, compute=lambda held: mode(title[:1] for title in _words(held)) if held else "")


def _pairs(names: Callable[[], set[str]]) -> list[str]:
    return ["-".join(pair) for pair in combinations(names(), 2)][:1]


@case(shelved(1, "atlas"), shelved(2, "pilot"), shelved(3, "tides"), shown_by="interpreters")
def the_first_pair_of_titles() -> Process:
    """Pairs are made of a set, and the first one is played."""
    return shown(BOOKS, compute=lambda held: _pairs(lambda: _words(held)))
