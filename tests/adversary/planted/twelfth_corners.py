"""Folds and figures that are right but for one corner: a zero, an empty row, an edge, a sixth entry."""

from itertools import permutations

from saga import Entries, Fact, Process, Reducer
from tests.adversary.kit import case, chosen, granted, shown
from tests.adversary.planted.twelfth_messages import (
    BOOKS,
    GEARS,
    METERS,
    POINTS,
    TRIPS,
    Edited,
    Filled,
    Knitted,
    Known,
    One,
    Plotted,
    Ranked,
    Sequenced,
    edited,
    filled,
    geared,
    knitted,
    metered,
    plotted,
    ranked,
    sailed,
    sequenced,
    shelved,
)


def _knows(one: dict[str, int], other: dict[str, int]) -> bool:
    return all(one.get(writer, 0) >= count for writer, count in other.items())


def _siblings(known: list[Known], fact: Fact) -> list[Known]:
    new = {"clock": dict(sorted(fact.fields["clock"].items())), "text": fact.fields["text"]}
    texts = [*(one for one in known if one != new), new]
    kept = [
        one
        for one in texts
        if not any(_knows(other["clock"], one["clock"]) and other["clock"] != one["clock"] for other in texts)
    ]
    return sorted(kept, key=lambda one: (sorted(one["clock"].items()), one["text"]))


@case(edited(1, "lamp", ann=1), edited(2, "horn", ann=1, bob=0))
def a_writer_with_a_clock_of_zero() -> Process:
    """A clock of zero is no clock, but it is another mapping: each of two texts is older than the other one."""
    return shown(Reducer("texts", (Edited,), [], _siblings), compute=lambda known: [one["text"] for one in known])


def _join(known: list[list[int]], fact: Fact) -> list[list[int]]:
    new = {*fact.fields["stitches"]}
    near = [group for group in known if new & {*group}]
    return sorted([*(group for group in known if group not in near), sorted(new.union(*near))])


@case(knitted(1, 1, 2), knitted(2), knitted(3, 2, 3))
def an_empty_row_is_a_group() -> Process:
    """A row of no stitches has nothing in common with itself, and is a further group each time."""
    return shown(Reducer("groups", (Knitted,), [], _join))


def _window(known: Known, fact: Fact) -> Known:
    number, top = fact.fields["number"], known["top"]
    if number > top:
        return {"top": number, "taken": [*(one for one in known["taken"] if one + 64 > number), number]}
    return {"top": top, "taken": sorted({*known["taken"], number})} if number + 64 >= top else known


@case(sequenced(1, 100), sequenced(2, 36), sequenced(3, 35))
def a_packet_at_the_edge_of_the_window() -> Process:
    """A packet exactly 64 below the newest is taken when it is late, and dropped when it was early."""
    return shown(
        Reducer("window", (Sequenced,), {"top": 0, "taken": []}, _window), compute=lambda known: known["taken"]
    )


@case(*(metered(number, 1, 9 if number > 1 else 2) for number in range(1, 7)))
def what_the_first_five_meters_used() -> Process:
    """A sixth meter whose id comes before them pushes one out of the five."""
    return shown(
        METERS,
        compute=lambda held: sum(one["used"] for one in list(held.values())[:5]),
        is_cumulative=True,
        is_final=True,
    )


@case(*(shelved(number, "atlas", 90 if number == 1 else 3) for number in range(1, 6)))
def a_high_shelf_among_the_last_four() -> Process:
    """A ladder is lent for good for a high shelf among the last four books."""
    return granted(BOOKS, judge=lambda held: any((one["shelf"] or 0) > 50 for one in [*held.values()][-4:]))


def _side(one: One, other: One, third: One) -> bool:
    across = (other["x"] - one["x"]) * (third["y"] - one["y"]) - (other["y"] - one["y"]) * (third["x"] - one["x"])
    return bool(across > 0)


@case(plotted(5, 2, 2), plotted(2, 0, 0), plotted(3, 9, 0), plotted(4, 0, 9), plotted(1, -500, -500))
def points_within_the_first_three() -> Process:
    """A point lies within the first three others by their ids, until a fourth one has a smaller id."""

    def inside(held: Entries) -> frozenset[str]:
        def is_inside(key: str) -> bool:
            rest = [one for other, one in held.items() if other != key][:3]
            me = held[key]
            return any(_side(a, b, me) and _side(b, c, me) and _side(c, a, me) for a, b, c in permutations(rest, 3))

        return frozenset(key for key in held if is_inside(key))

    return chosen(POINTS, inside, is_final=True)


@case(metered(1, 1, 60_000), metered(2, 2, 6_000))
def a_meter_of_two_bytes() -> Process:
    """The sum is kept in two bytes, and goes on from zero."""
    return shown(
        METERS,
        compute=lambda held: sum(one["used"] for one in held.values()) & 0xFFFF,
        is_cumulative=True,
        is_final=True,
    )


@case(*(sailed(number, (port, 1)) for number, port in enumerate(("Rye", "Hull", "Ayr", "Bude", "Deal"))))
def miles_of_the_first_four_ports() -> Process:
    """Four ports have room on the board, sorted by their names, and a fifth one takes the place of the last."""

    def board(held: Entries) -> dict[str, int]:
        sums: dict[str, int] = {}
        for one in held.values():
            for leg in one["legs"]:
                sums[leg["port"]] = sums.get(leg["port"], 0) + leg["miles"]
        return {port: sums[port] for port in sorted(sums)[:4]}

    return shown(TRIPS, compute=board, is_cumulative=True, is_final=True)


def _lattice(known: Known, fact: Fact) -> Known:
    row = str(fact.fields["row"])
    cells = known.get(row, [])
    if cells == "full":
        return known
    new = sorted({*cells, fact.fields["column"]})
    return {**known, row: "full" if sum(new) >= 12 else new[:2]}


@case(filled(1, 0, 3, 1), filled(2, 0, 4, 1), filled(3, 0, 5, 1), filled(4, 0, 0, 1))
def a_row_with_room_for_two_columns() -> Process:
    """A row is full from a sum of twelve on, and keeps the two least columns until then."""
    return shown(Reducer("rows", (Filled,), {}, _lattice))


def _folded(known: list[list[int]], fact: Fact) -> list[list[int]]:
    x, y = fact.fields["x"], fact.fields["y"]
    mirrored = [[x, y], [y, x], [-x, -y], [-y, -x]]
    return known if any(one in known for one in mirrored) else sorted([*known, min(mirrored[:2])])


@case(plotted(1, 3, 8), plotted(2, -8, -3))
def places_mirrored_at_two_lines() -> Process:
    """Of four mirrored places the lesser of two is kept, and not the least of all four."""
    return shown(Reducer("places", (Plotted,), [], _folded))


def _vetoed(known: Known, fact: Fact) -> Known:
    choices = fact.fields["choices"]
    if len(choices) == 1:
        return {**known, "out": sorted({*known["out"], choices[0]})}
    trees = [tree for tree in choices if tree not in known["out"]]
    return {**known, "in": sorted({*known["in"], *trees}) if len(trees) > 2 else known["in"]}


@case(ranked(1, "elm", "oak", "fir"), ranked(2, "fir"))
def ballots_with_a_veto() -> Process:
    """A ballot of one name is a veto, and a ballot with fewer than three trees that are left does not count."""
    trees = Reducer("trees", (Ranked,), {"in": [], "out": []}, _vetoed)
    return shown(trees, compute=lambda known: [tree for tree in known["in"] if tree not in known["out"]])


@case(geared(1, 6), geared(2, 10), geared(3, 15))
def two_wheels_whose_difference_divides_their_product() -> Process:
    """There are just two wheels, and a third one is no part of it."""

    def is_whole(held: Entries) -> bool:
        teeth = [one["teeth"] for one in held.values()]
        return len(teeth) == 2 and teeth[0] * teeth[1] % (teeth[1] - teeth[0] or 1) == 0

    return granted(GEARS, judge=is_whole)
