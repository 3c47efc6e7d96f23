"""Pairs of versions of harbours, looms, choirs and courts, about half of which do harm to live instances."""

from bisect import bisect_left
from fractions import Fraction
from functools import reduce
from itertools import combinations
from math import ceil, floor, fsum, gcd, lcm
from typing import Any

from saga import (
    CommandTemplate,
    DerivedColumn,
    Effect,
    Entries,
    Fact,
    Process,
    Reducer,
    all_but_least,
    every,
    has,
    outcomes,
)
from tests.adversary.kit import Do, Out, has_any, one_outcome, proc, seen, shown, upgrade, wanted_in
from tests.adversary.planted.thirteenth_messages import (
    BEDS,
    BOOKS,
    WHEELS,
    Balloted,
    Charted,
    Flowed,
    Gauged,
    Geared,
    Known,
    Moored,
    N,
    Piloted,
    Pitched,
    Woven,
    Y,
    anchor,
    balloted,
    charted,
    flowed,
    gauged,
    geared,
    pitched,
    reserved_if,
    shelved,
    sown,
    two_ways,
    woven,
)

Pair = tuple[Process, Process]


def pounds(rounded: Any, *, is_final: bool) -> Process:
    """The rows of all beds in scores, reported for good or not."""

    def scores(beds: Entries) -> int:
        return int(rounded(Fraction(sum(one["rows"] for one in beds.values()), 20)))

    return shown(BEDS, compute=scores, is_cumulative=is_final, is_final=is_final)


@upgrade(sown(1, "oats", 30), sown(2, "rye", 0), is_harmful=True)
def scores_that_are_rounded_down_from_now_on() -> Pair:
    """What was reported for good as two scores is one and a half, and one from now on."""
    return pounds(ceil, is_final=True), pounds(floor, is_final=True)


@upgrade(sown(1, "oats", 30), sown(2, "rye", 25), is_harmful=False)
def scores_that_are_rounded_down_and_written_again() -> Pair:
    """What was reported is less from now on, and nothing of it was for good."""
    return pounds(ceil, is_final=False), pounds(floor, is_final=False)


def _share_none(wheels: Entries) -> bool:
    return reduce(gcd, (one["teeth"] for one in wheels.values()), 0) == 1


def _two_share_none(wheels: Entries) -> bool:
    return any(gcd(one["teeth"], two["teeth"]) == 1 for one, two in combinations(wheels.values(), 2))


@upgrade(geared(1, 6), geared(2, 10), geared(3, 15), geared(4, 30), is_harmful=True)
def two_wheels_instead_of_all() -> Pair:
    """All three wheels together have no common divisor, and any two of them have one."""
    return reserved_if(WHEELS, judge=_share_none), reserved_if(WHEELS, judge=_two_share_none)


@upgrade(geared(1, 6), geared(2, 10), geared(3, 35), is_harmful=False)
def all_wheels_instead_of_two() -> Pair:
    """Where two wheels have no common divisor, all of them have none."""
    return reserved_if(WHEELS, judge=_two_share_none), reserved_if(WHEELS, judge=_share_none)


def greased(pick: Any) -> Process:
    """Wheels are greased for good."""
    has_one = has_any(WHEELS)
    grease = Effect("grease", "yard", {Do.YES: CommandTemplate("Grease", WHEELS, ("teeth",))}, frozenset({Do.YES}))
    return proc(one_outcome(has_one), has_one, WHEELS, wants=[wanted_in(has_one, grease, YES=pick)])


@upgrade(geared(1, 6), geared(2, 10), is_harmful=True)
def the_least_wheel_is_left_out() -> Pair:
    """The least wheel was greased, and is not wanted any more."""
    return greased(every(WHEELS)), greased(all_but_least(WHEELS, by=("teeth", "wheel_id")))


@upgrade(geared(1, 6), geared(2, 10), is_harmful=False)
def the_least_wheel_is_greased_too() -> Pair:
    """The least wheel gets its grease with the next change."""
    return greased(all_but_least(WHEELS, by=("teeth", "wheel_id"))), greased(every(WHEELS))


def _appended(known: list[int], fact: Fact) -> list[int]:
    return known if fact.fields["level"] in known else [*known, fact.fields["level"]]


def _inserted(known: list[int], fact: Fact) -> list[int]:
    level = fact.fields["level"]
    place = bisect_left(known, level)
    return known if known[place : place + 1] == [level] else [*known[:place], level, *known[place:]]


def levels(fold: Any) -> Process:
    """The different levels, in order."""
    return shown(Reducer("levels", (Gauged,), [], fold), compute=sorted)


@upgrade(gauged(1, 30), gauged(2, 10), gauged(3, 20), is_harmful=True)
def levels_that_are_expected_in_order() -> Pair:
    """The list was kept as it came, and is searched by halves from now on."""
    return levels(_appended), levels(_inserted)


@upgrade(gauged(1, 30), gauged(2, 10), gauged(3, 20), is_harmful=False)
def levels_that_are_put_in_order_at_the_end() -> Pair:
    """A list in order is one that may be appended to."""
    return levels(_inserted), levels(_appended)


def _least_form(known: list[int], fact: Fact) -> list[int]:
    bits = reduce(lambda rest, one: min(rest, rest ^ one), sorted(known, reverse=True), fact.fields["bits"])
    return sorted([*known, bits]) if bits else known


def _reduced_form(known: list[int], fact: Fact) -> list[int]:
    if not (bits := reduce(lambda rest, one: min(rest, rest ^ one), sorted(known, reverse=True), fact.fields["bits"])):
        return known
    return sorted([*(min(one, one ^ bits) if one > bits else one for one in known), bits])


@upgrade(woven(1, 6), woven(2, 5), woven(3, 3), woven(4, 9), is_harmful=False)
def patterns_that_are_kept_in_another_base() -> Pair:
    """Both forms of the base have as many patterns, and only their number is asked."""
    old, new = (Reducer("patterns", (Woven,), [], fold) for fold in (_least_form, _reduced_form))
    return shown(old, compute=len), shown(new, compute=len)


def _turns(cap: int) -> Any:
    def fold(known: int, fact: Fact) -> int:
        return min(cap, lcm(known, fact.fields["teeth"]))

    return fold


@upgrade(geared(1, 40), geared(2, 39), geared(3, 2), is_harmful=True)
def turns_up_to_a_greater_number() -> Pair:
    """A thousand was for ever, and is a number of turns like others from now on."""
    return shown(Reducer("turns", (Geared,), 1, _turns(1000))), shown(Reducer("turns", (Geared,), 1, _turns(9000)))


@upgrade(geared(1, 40), geared(2, 39), geared(3, 2), is_harmful=False)
def turns_that_are_written_up_to_a_lesser_number() -> Pair:
    """The fold is the same, and only what is written of it has a lower limit."""
    old, new = (Reducer("turns", (Geared,), 1, _turns(9000)) for _ in range(2))
    return shown(old, compute=lambda turns: min(turns, 2000)), shown(new, compute=lambda turns: min(turns, 500))


def jury(most: int, shows: int) -> Process:
    """The jurors with the least doubt."""

    def fold(known: Known, fact: Fact) -> Known:
        juror, doubt = fact.fields["juror"], fact.fields["doubt"] or 0
        jurors = {**known, juror: min(doubt, known.get(juror, doubt))}
        return {name: jurors[name] for name in sorted(sorted(jurors, key=lambda one: (jurors[one], one))[:most])}

    def names(known: Known) -> list[str]:
        return sorted(known, key=lambda one: (known[one], one))[:shows]

    return shown(Reducer("jurors", (Balloted,), {}, fold), compute=names)


@upgrade(balloted("Ann", "cook", 1), balloted("Bo", "cook", 2), balloted("Cy", "maid", 3), is_harmful=True)
def three_jurors_instead_of_two() -> Pair:
    """The third one was not kept."""
    return jury(2, 2), jury(3, 3)


@upgrade(balloted("Ann", "cook", 1), balloted("Bo", "cook", 2), balloted("Cy", "maid", 3), is_harmful=False)
def two_jurors_of_the_three_that_are_kept() -> Pair:
    """Three are kept as before, and two of them are shown."""
    return jury(3, 3), jury(3, 2)


def _corners(known: list[list[int]], fact: Fact) -> list[list[int]]:
    """The stars that are furthest out in the four directions."""
    points = sorted({(x, y) for x, y in [*known, [fact.fields["x"], fact.fields["y"]]]})
    ends = {min(points), max(points), min(points, key=lambda one: one[::-1]), max(points, key=lambda one: one[::-1])}
    return [list(point) for point in sorted(ends)]


def _all_points(known: list[list[int]], fact: Fact) -> list[list[int]]:
    return [list(point) for point in sorted({(x, y) for x, y in [*known, [fact.fields["x"], fact.fields["y"]]]})]


def _width(known: list[list[int]]) -> int:
    return max((x for x, _ in known), default=0) - min((x for x, _ in known), default=0)


@upgrade(charted(1, 0, 0), charted(2, 9, 9), charted(3, 4, 4), charted(4, 1, 5), is_harmful=True)
def stars_that_were_dropped_and_are_counted() -> Pair:
    """Stars inside were dropped, and all are counted from now on."""
    old, new = (Reducer("stars", (Charted,), [], fold) for fold in (_corners, _all_points))
    return shown(old, compute=_width), shown(new, compute=len)


def two_machines(first: str, second: str) -> Process:
    """A boat and a pilot, each with a machine of this name."""
    boat, pilot = seen(Moored, first), seen(Piloted, second)
    table = outcomes(boat, pilot, rows=[(Y, Y, Out.DONE), (Y, N, Out.OPEN), (N, Y, Out.FAILED), (N, N, Out.OTHER)])
    return proc(table, boat, pilot)


@upgrade(Moored(), Piloted(), is_harmful=True)
def names_of_two_machines_that_changed_places() -> Pair:
    """The names of two machines are exchanged: a boat that was moored is a pilot on board."""
    return two_machines("first", "second"), two_machines("second", "first")


def leader(fold: Any, compute: Any) -> Process:
    """The highest note and who sings it."""
    return shown(Reducer("leader", (Pitched,), [], fold), compute=compute)


@upgrade(pitched(1, 60), pitched(2, 50), is_harmful=True)
def a_leader_with_the_id_in_front() -> Pair:
    """The pair was a pitch and an id, and is an id and a pitch."""

    def old(known: list[Any], fact: Fact) -> list[Any]:
        return max(known, [fact.fields["pitch"], fact.fields["note_id"]])

    def new(known: list[Any], fact: Fact) -> list[Any]:
        return max(known, [fact.fields["note_id"], fact.fields["pitch"]], key=lambda one: list(reversed(one)))

    return leader(old, lambda known: known[0]), leader(new, lambda known: known[1])


def moored_by(column: Any, *parts: Any) -> Process:
    """A berth that follows the column."""
    table = two_ways(column, anchor(), True if isinstance(column, DerivedColumn) else Y)
    return proc(one_outcome(column), *parts, wants=[table])


@upgrade(shelved(1, "PA"), Moored(), is_harmful=False)
def a_column_where_a_machine_was_asked() -> Pair:
    """The register was there before, so a column can say what the machine beside it says."""
    has_book, moored = has_any(BOOKS), seen(Moored)
    column = DerivedColumn.of("books", has(BOOKS))
    return moored_by(has_book, has_book, moored, BOOKS), moored_by(column, has_book, moored, BOOKS)


@upgrade(shelved(1, "PA"), Moored(), is_harmful=True)
def a_machine_where_a_column_was_asked() -> Pair:
    """The machine is new, and does not know of the books that are there."""
    has_book, moored = has_any(BOOKS), seen(Moored)
    column = DerivedColumn.of("books", has(BOOKS))
    return moored_by(column, moored, BOOKS), moored_by(has_book, has_book, moored, BOOKS)


def _exactly(known: Known, fact: Fact) -> Known:
    if fact.fields["flow_id"] in known["seen"]:
        return known
    partials, rest = [], fact.fields["litres"]
    for one in known["litres"]:
        large, small = (rest, one) if abs(rest) >= abs(one) else (one, rest)
        rest = large + small
        if lost := small - (rest - large):
            partials.append(lost)
    return {"seen": sorted([*known["seen"], fact.fields["flow_id"]]), "litres": [*partials, rest]}


def _listed(known: Known, fact: Fact) -> Known:
    if fact.fields["flow_id"] in known["seen"]:
        return known
    return {
        "seen": sorted([*known["seen"], fact.fields["flow_id"]]),
        "litres": sorted([*known["litres"], fact.fields["litres"]]),
    }


@upgrade(flowed(1, 1e16), flowed(2, 1.0), flowed(3, 1.0), flowed(4, 0.1), is_harmful=False)
def litres_whose_parts_are_litres() -> Pair:
    """The exact parts of a sum are numbers like any others, and are added with them."""
    start: Known = {"seen": [], "litres": []}
    old, new = (Reducer("flows", (Flowed,), start, fold) for fold in (_exactly, _listed))
    return shown(old, compute=lambda one: fsum(one["litres"])), shown(new, compute=lambda one: fsum(one["litres"]))


@upgrade(flowed(1, 1e16), flowed(2, 1.0), flowed(3, 1.0), is_harmful=True)
def litres_whose_parts_are_counted() -> Pair:
    """The parts of a sum are fewer than the flows, and how many there are is asked from now on."""
    start: Known = {"seen": [], "litres": []}
    old, new = (Reducer("flows", (Flowed,), start, fold) for fold in (_exactly, _listed))
    return shown(old, compute=lambda one: fsum(one["litres"])), shown(new, compute=lambda one: len(one["litres"]))
