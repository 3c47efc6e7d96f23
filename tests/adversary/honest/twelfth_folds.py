"""Folds that look as if the order mattered, and don't."""

import re
from bisect import bisect_left
from datetime import datetime
from hashlib import sha256
from heapq import heapify, heappushpop
from math import lcm
from typing import Any
from zoneinfo import ZoneInfo

from saga import Fact, Process, Reducer
from tests.adversary.kit import case, shown
from tests.adversary.planted.twelfth_messages import (
    TURNS,
    Coded,
    Edited,
    Geared,
    Knitted,
    Known,
    Plotted,
    Rostered,
    Sailed,
    Sequenced,
    Swapped,
    Turned,
    Typed,
    coded,
    edited,
    geared,
    knitted,
    plotted,
    rostered,
    sailed,
    sequenced,
    swapped,
    turned,
    typed,
)


def _done(known: Known, key: str) -> list[str]:
    return sorted({*known["done"], key})


@case(geared(1, 37), geared(2, 53), geared(3, 8))
def small_gears_that_meet() -> Process:
    """The common multiple of numbers up to ten is 2520 at most."""
    return shown(Reducer("meets", (Geared,), 1, lambda known, fact: lcm(known, fact.fields["teeth"] % 10 + 1)))


PATHS = {"quarter": (2, 3, 0, 1), "half": (3, 2, 1, 0), "flip": (1, 0, 3, 2)}


def _turn(known: Known, fact: Fact) -> Known:
    key = fact.fields["turn_id"]
    if key in known["done"]:
        return known
    tile = "".join(known["tile"][place] for place in PATHS[fact.fields["face"]])
    return {"done": _done(known, key), "tile": tile}


@case(turned(1, "half"), turned(2, "flip"), turned(3, "quarter"))
def a_tile_that_is_only_mirrored() -> Process:
    """Each of the three moves is undone by itself, and two of them make the third in both orders."""
    return shown(
        Reducer("tile", (Turned,), {"done": [], "tile": "abcd"}, _turn), TURNS, compute=lambda known, _: known["tile"]
    )


def _noted_swap(known: list[list[str]], fact: Fact) -> list[list[str]]:
    row = [fact.fields["swap_id"], fact.fields["one"], fact.fields["other"]]
    return sorted(
        [*(one for one in known if one[0] != row[0]), min([row, *(one for one in known if one[0] == row[0])])]
    )


def _seated(known: list[list[str]]) -> dict[str, int]:
    seats = {"ann": 1, "bob": 2, "cem": 3, "dan": 4}
    for _, one, other in known:
        seats[one], seats[other] = seats[other], seats[one]
    return seats


@case(swapped(1, "ann", "bob"), swapped(2, "cem", "dan"), swapped(3, "bob", "cem"))
def swaps_that_are_made_at_the_end() -> Process:
    """Swaps are noted, and made in the order of their ids."""
    return shown(Reducer("swaps", (Swapped,), [], _noted_swap), compute=_seated)


def _pieces(known: list[Any], fact: Fact) -> list[Any]:
    piece = [fact.fields["place"], fact.fields["edit_id"], fact.fields["text"]]
    return known if piece in known else sorted([*known, piece])


@case(typed(1, 0, "fog "), typed(2, 4, "horn"))
def words_by_their_place() -> Process:
    """Words stand where they belong, whenever they come."""
    text = Reducer("text", (Typed,), [], _pieces)
    return shown(text, compute=lambda known: "".join(piece[2] for piece in known))


def _grow(tree: Any, numbers: list[int]) -> Any:
    if not numbers:
        return tree
    middle = len(numbers) // 2
    return [numbers[middle], _grow([], numbers[:middle]), _grow([], numbers[middle + 1 :])]


@case(geared(1, 5), geared(2, 3), geared(3, 8))
def a_tree_that_is_made_anew() -> Process:
    """The tree is made of the sorted numbers with each message."""

    def numbers(tree: Any) -> list[int]:
        return [*numbers(tree[1]), tree[0], *numbers(tree[2])] if tree else []

    tree = Reducer(
        "tree", (Geared,), [], lambda known, fact: _grow([], sorted({*numbers(known), fact.fields["teeth"]}))
    )
    return shown(tree)


def _locker(code: str) -> str:
    return max("abcde", key=lambda locker: sha256(f"{locker}:{code}".encode()).digest())


@case(coded(1, "ab"), coded(2, "fb"), coded(3, "x"))
def lockers_that_draw_lots() -> Process:
    """Each code goes to the locker with the greatest lot, and a locker has them sorted."""
    lockers = Reducer(
        "lockers",
        (Coded,),
        {},
        lambda known, fact: {
            **known,
            _locker(fact.fields["code"]): sorted({*known.get(_locker(fact.fields["code"]), []), fact.fields["code"]}),
        },
    )
    return shown(lockers)


def _knows(one: dict[str, int], other: dict[str, int]) -> bool:
    return all(one.get(writer, 0) >= count for writer, count in other.items())


def _siblings(known: list[Any], fact: Fact) -> list[Any]:
    clock = {writer: count for writer, count in sorted(fact.fields["clock"].items()) if count}
    texts = [*known, {"clock": clock, "text": fact.fields["text"]}]
    kept = [
        one
        for one in texts
        if not any(_knows(other["clock"], one["clock"]) and other["clock"] != one["clock"] for other in texts)
    ]
    unique = {(tuple(sorted(one["clock"].items())), one["text"]) for one in kept}
    return [{"clock": dict(clock), "text": text} for clock, text in sorted(unique)]


@case(edited(1, "lamp", ann=2), edited(2, "horn", bob=1), edited(3, "bell", ann=2, bob=1), edited(4, "bell", bob=1))
def writers_who_do_not_know_each_other() -> Process:
    """All texts are kept that nobody has seen who wrote another one."""
    return shown(Reducer("texts", (Edited,), [], _siblings), compute=lambda known: [one["text"] for one in known])


def _front(known: list[list[int]], fact: Fact) -> list[list[int]]:
    points = [*known, [fact.fields["x"], fact.fields["y"]]]
    best = {
        (one[0], one[1])
        for one in points
        if not any(other != one and other[0] <= one[0] and other[1] <= one[1] for other in points)
    }
    return [list(one) for one in sorted(best)]


@case(plotted(1, 1, 9), plotted(2, 5, 5), plotted(3, 9, 1), plotted(4, 0, 3))
def points_that_nothing_beats() -> Process:
    """What is beaten by one that is beaten is beaten by who beats that."""
    return shown(Reducer("front", (Plotted,), [], _front))


def _join(known: list[list[int]], fact: Fact) -> list[list[int]]:
    new = {*fact.fields["stitches"]}
    near = [group for group in known if new & {*group}]
    joined = sorted(new.union(*near))
    return sorted([*(group for group in known if group not in near), *([joined] if joined else [])])


@case(knitted(1, 1, 2), knitted(2, 3, 4), knitted(3, 2, 3), knitted(4))
def rows_with_a_stitch_in_common() -> Process:
    """Rows that hang together are one group, and groups have nothing in common."""
    return shown(Reducer("groups", (Knitted,), [], _join))


@case(knitted(1, 1, 2, 3), knitted(2, 2, 3, 1), knitted(3))
def bracelets_from_their_least_bead() -> Process:
    """A bracelet is kept from where it reads least."""

    def least(row: list[int]) -> list[int]:
        return min((row[place:] + row[:place] for place in range(len(row))), default=row)

    def fold(known: list[list[int]], fact: Fact) -> list[list[int]]:
        row = least(list(fact.fields["stitches"]))
        return known if row in known else sorted([*known, row])

    return shown(Reducer("bracelets", (Knitted,), [], fold))


@case(sequenced(1, 3), sequenced(2, 5), sequenced(3, 1))
def the_switchboard_with_most_lamps_and_the_greatest() -> Process:
    """Of two boards with as many lamps the greater number stays."""
    board = Reducer(
        "board",
        (Sequenced,),
        0,
        lambda known, fact: max(known, fact.fields["number"], key=lambda one: (one.bit_count(), one)),
    )
    return shown(board)


@case(coded(1, "lamp"), coded(2, "horn"), coded(3, "lamp"))
def a_guess_of_how_many_codes_there_are() -> Process:
    """For each of four buckets the most zeros that a checksum began with."""

    def zeros(known: list[int], fact: Fact) -> list[int]:
        number = int.from_bytes(sha256(fact.fields["code"].encode()).digest()[:4], "big")
        bucket, rest = number % 4, number // 4
        return [max(one, 30 - rest.bit_length()) if place == bucket else one for place, one in enumerate(known)]

    return shown(Reducer("zeros", (Coded,), [0, 0, 0, 0], zeros))


@case(sequenced(1, 250), sequenced(2, 3), sequenced(3, 250))
def numbers_as_bits_of_a_text() -> Process:
    """A set of bytes is one number in a text, of which each has a bit."""
    bits = Reducer("bits", (Sequenced,), "0", lambda known, fact: f"{int(known, 16) | 1 << fact.fields['number']:x}")
    return shown(bits, compute=lambda known: int(known, 16).bit_count())


@case(geared(1, 9), geared(2, 5), geared(3, 7), geared(4, 2), geared(5, 9))
def the_three_greatest_wheels() -> Process:
    """The next wheel comes into the heap before the least one leaves it."""

    def fold(known: list[int], fact: Fact) -> list[int]:
        heap = list(known)
        heapify(heap)
        if fact.fields["teeth"] not in heap:
            if len(heap) < 3:
                return sorted([*heap, fact.fields["teeth"]])
            heappushpop(heap, fact.fields["teeth"])
        return sorted(heap)

    return shown(Reducer("wheels", (Geared,), [], fold))


@case(geared(1, 9), geared(2, 5), geared(3, 7))
def wheels_sought_in_a_list_that_rises() -> Process:
    """The list rises, as the search believes."""

    def fold(known: list[int], fact: Fact) -> list[int]:
        place = bisect_left(known, fact.fields["teeth"])
        if known[place : place + 1] == [fact.fields["teeth"]]:
            return known
        return [*known[:place], fact.fields["teeth"], *known[place:]]

    return shown(Reducer("wheels", (Geared,), [], fold))


UNITS = {"Y": 31_536_000, "M": 60, "W": 604_800, "D": 86_400, "H": 3_600, "S": 1}


def _minutes(lasts: str) -> float:
    seconds = sum(float(many) * UNITS[unit] for many, unit in re.findall(r"(\d+(?:\.\d+)?)([YMWDHS])", lasts))
    return -seconds if lasts.startswith("-") else seconds


@case(rostered(1, "ann", "2030-01-01T08:00:00Z", 90), rostered(2, "bob", "2030-01-01T09:00:00Z", 75))
def the_longest_duty_and_its_name() -> Process:
    """Of duties with one length the greatest name stays, and then the greatest start."""

    def fold(known: list[Any], fact: Fact) -> list[Any]:
        return max(known, [_minutes(fact.fields["lasts"]), fact.fields["who"], fact.fields["start"]])

    return shown(Reducer("longest", (Rostered,), [], fold))


@case(rostered(1, "ann", "2030-10-27T00:30:00Z"), rostered(2, "bob", "2030-10-27T01:30:00Z"))
def duties_of_the_hour_that_comes_twice() -> Process:
    """All who had duty in an hour of the clock, sorted."""

    def fold(known: Known, fact: Fact) -> Known:
        start = datetime.fromisoformat(fact.fields["start"])
        is_known = start.tzinfo is not None and 1900 < start.year < 2100
        clock = start.astimezone(ZoneInfo("Europe/Berlin")) if is_known else start
        hour = clock.strftime("%H")
        return {**known, hour: sorted({*known.get(hour, []), fact.fields["who"]})}

    return shown(Reducer("hours", (Rostered,), {}, fold))


@case(sailed(1, ("Rye", 1)), sailed(2, ("Rye", 1), ("Hull", 1)), sailed(3, ("Rye", 1), ("Bude", 1)))
def trips_in_a_tree() -> Process:
    """A tree of ports has a branch for each trip."""

    def branch(tree: Known, ports: list[str]) -> Known:
        if not ports:
            return tree
        return {**tree, ports[0]: branch(tree.get(ports[0], {}), ports[1:])}

    trips = Reducer(
        "trips", (Sailed,), {}, lambda known, fact: branch(known, [leg["port"] for leg in fact.fields["legs"]])
    )
    return shown(trips)


@case(coded(1, "x1"), coded(2, "12"), coded(3, "9"))
def numbers_before_other_codes() -> Process:
    """A code that is a number is greater than one that is none, and of numbers the value and the text decide."""

    def rank(code: str) -> tuple[bool, int, str]:
        is_number = code.isascii() and code.isdigit() and len(code) < 18
        return (is_number, int(code) if is_number else 0, code)

    return shown(Reducer("greatest", (Coded,), "", lambda known, fact: max(known, fact.fields["code"], key=rank)))


@case(coded(1, "l"), coded(2, "ar"))
def letters_that_are_collected_to_be_stripped() -> Process:
    """All letters are collected, and the name is stripped of them at the end."""
    letters = Reducer("letters", (Coded,), "", lambda known, fact: "".join(sorted({*known, *fact.fields["code"]})))
    return shown(letters, compute=lambda known: "larder of all".strip(known or None))
