"""Folds of lighthouses, looms and surveyors that forget, clip or compare what is no order."""

from math import dist, lcm
from typing import Any

from saga import Fact, Process, Reducer
from tests.adversary.kit import case, shown
from tests.adversary.planted.twelfth_messages import (
    Coded,
    Edited,
    Geared,
    Knitted,
    Known,
    Laid,
    Plotted,
    Quoted,
    Sequenced,
    Swapped,
    Turned,
    Typed,
    coded,
    edited,
    geared,
    knitted,
    laid,
    plotted,
    quoted,
    sequenced,
    swapped,
    turned,
    typed,
)

PATHS = {"quarter": (3, 0, 1, 2), "half": (2, 3, 0, 1), "flip": (1, 0, 3, 2)}


def _turn(known: Known, fact: Fact) -> Known:
    if fact.fields["turn_id"] in known["done"]:
        return known
    tile = "".join(known["tile"][place] for place in PATHS[fact.fields["face"]])
    return {"done": sorted([*known["done"], fact.fields["turn_id"]]), "tile": tile}


@case(turned(1, "half"), turned(2, "flip"), turned(3, "quarter"))
def a_tile_that_is_turned_and_flipped() -> Process:
    """Two turns commute, and a half turn with a flip, but a quarter turn does not."""
    return shown(Reducer("tile", (Turned,), {"done": [], "tile": "abcd"}, _turn), compute=lambda known: known["tile"])


def _insert(known: Known, fact: Fact) -> Known:
    if fact.fields["edit_id"] in known["done"]:
        return known
    place, text = fact.fields["place"], known["text"]
    return {
        "done": sorted([*known["done"], fact.fields["edit_id"]]),
        "text": text[:place] + fact.fields["text"] + text[place:],
    }


@case(typed(1, 0, "fog "), typed(2, 4, "horn"))
def words_put_in_at_a_place() -> Process:
    """A word that is put in before another one moves the place that the other one meant."""
    text = Reducer("text", (Typed,), {"done": [], "text": "lamp out"}, _insert)
    return shown(text, compute=lambda known: known["text"])


def _swap(known: Known, fact: Fact) -> Known:
    if fact.fields["swap_id"] in known["done"]:
        return known
    one, other = fact.fields["one"], fact.fields["other"]
    seats = {**known["seats"], one: known["seats"][other], other: known["seats"][one]}
    return {"done": sorted([*known["done"], fact.fields["swap_id"]]), "seats": seats}


@case(swapped(1, "ann", "bob"), swapped(2, "cem", "dan"), swapped(3, "bob", "cem"))
def seats_that_are_swapped() -> Process:
    """Two swaps of four people are independent, unless somebody takes part in both."""
    start = {"done": [], "seats": {"ann": 1, "bob": 2, "cem": 3, "dan": 4}}
    return shown(Reducer("seats", (Swapped,), start, _swap), compute=lambda known: known["seats"])


@case(geared(1, 37), geared(2, 53), geared(3, 8))
def gears_that_meet_within_a_thousand() -> Process:
    """The common multiple is cut at a thousand, and a thousand is a multiple of other things."""
    meets = Reducer("meets", (Geared,), 1, lambda known, fact: lcm(min(known, 1000), fact.fields["teeth"]))
    return shown(meets)


def _grow(tree: Any, number: int) -> Any:
    if not tree:
        return [number, [], []]
    root, left, right = tree
    if number < root:
        return [root, _grow(left, number), right]
    return [root, left, _grow(right, number)] if number > root else tree


def _depth(tree: Any) -> int:
    return 1 + max(map(_depth, tree[1:])) if tree else 0


@case(geared(1, 5), geared(2, 3), geared(3, 8))
def the_depth_of_a_tree_of_wheels() -> Process:
    """A search tree has the same numbers in each order, and another form."""
    tree = Reducer("tree", (Geared,), [], lambda known, fact: _grow(known, fact.fields["teeth"]))
    return shown(tree, compute=_depth)


def _put(known: Known, fact: Fact) -> Known:
    code = fact.fields["code"]
    if code in known.values():
        return known
    start = sum(map(ord, code)) % 5
    free = [place % 5 for place in range(start, start + 5) if str(place % 5) not in known]
    return {**known, str(free[0]): code} if free else known


@case(coded(1, "ab"), coded(2, "fb"))
def lockers_next_to_those_that_are_taken() -> Process:
    """A code has a locker of its own, and the next one if that is taken."""
    return shown(Reducer("lockers", (Coded,), {}, _put))


def _newer(known: Any, fact: Fact) -> Any:
    number = fact.fields["number"]
    return number if known is None or 0 < (number - known) % 256 < 128 else known


@case(sequenced(1, 10), sequenced(2, 120), sequenced(3, 230))
def numbers_that_go_round_after_255() -> Process:
    """Each of three numbers is newer than the next one, as they are a third of the circle apart."""
    return shown(Reducer("newest", (Sequenced,), None, _newer))


def _knows(one: dict[str, int], other: dict[str, int]) -> bool:
    return all(one.get(writer, 0) >= count for writer, count in other.items())


def _merge(known: Known, fact: Fact) -> Known:
    clock = fact.fields["clock"]
    if known and not _knows(clock, known["clock"]):
        return known
    if known and _knows(known["clock"], clock):
        return min(known, {"clock": clock, "text": fact.fields["text"]}, key=lambda one: one["text"])
    return {"clock": clock, "text": fact.fields["text"]}


@case(edited(1, "lamp", ann=2), edited(2, "horn", bob=1), edited(3, "bell", ann=2, bob=0))
def two_writers_who_do_not_know_each_other() -> Process:
    """A text replaces one that its writer knew, and of two that nobody knew the first stays."""
    return shown(Reducer("text", (Edited,), {}, _merge), compute=lambda known: known.get("text"))


def _further(known: list[int], fact: Fact) -> list[int]:
    row = list(fact.fields["stitches"])
    for one, other in zip(known, row, strict=False):
        if one != other:
            return max(known, row)
    return known or row


@case(knitted(1, 1, 2), knitted(2, 1, 2, 7))
def rows_compared_as_far_as_both_go() -> Process:
    """A row that goes on where another one ends is not greater, so the first one stays."""
    return shown(Reducer("greatest", (Knitted,), [], _further))


def _front(known: list[list[int]], fact: Fact) -> list[list[int]]:
    points = [*known, [fact.fields["x"], fact.fields["y"]]]
    best = [
        one for one in points if not any(other != one and other[0] <= one[0] and other[1] <= one[1] for other in points)
    ]
    return sorted({tuple(one) for one in best})[:2]  # type: ignore[return-value]


@case(plotted(1, 1, 9), plotted(2, 5, 5), plotted(3, 9, 1), plotted(4, 0, 3))
def the_two_best_of_those_that_nothing_beats() -> Process:
    """The third one is dropped, and would be the second when the other two are beaten at once."""
    front = Reducer("front", (Plotted,), [], lambda known, fact: [list(one) for one in _front(known, fact)])
    return shown(front)


def _join(known: list[list[int]], fact: Fact) -> list[list[int]]:
    new = set(fact.fields["stitches"])
    apart = []
    for group in known:
        if len(new & set(group)) > 1:
            new |= set(group)
        else:
            apart.append(group)
    return sorted([*apart, sorted(new)])


@case(knitted(1, 0, 1), knitted(2, 0, 2, 3), knitted(3, 1, 2, 3))
def rows_with_two_stitches_in_common() -> Process:
    """Rows with two common stitches are joined, and what has grown is not compared with the others again."""
    return shown(Reducer("groups", (Knitted,), [], _join))


def _apart(known: Known, fact: Fact) -> Known:
    if fact.fields["gear_id"] in known["done"]:
        return known
    return {
        "done": sorted([*known["done"], fact.fields["gear_id"]]),
        "rest": abs(known["rest"] - fact.fields["teeth"]),
    }


@case(geared(1, 3), geared(2, 5), geared(3, 9))
def what_is_left_of_three_piles() -> Process:
    """The difference of two piles has no order, and that of the third one and the rest has one."""
    return shown(Reducer("rest", (Geared,), {"done": [], "rest": 0}, _apart), compute=lambda known: known["rest"])


def _rotated(known: list[list[int]], fact: Fact) -> list[list[int]]:
    row = list(fact.fields["stitches"])
    turns = [row[place:] + row[:place] for place in range(len(row))] or [row]
    return known if any(one in known for one in turns) else sorted([*known, row])


@case(knitted(1, 1, 2, 3), knitted(2, 2, 3, 1))
def bracelets_that_begin_at_another_bead() -> Process:
    """A bracelet that is turned is the same bracelet, and it is kept as it was written first."""
    return shown(Reducer("bracelets", (Knitted,), [], _rotated))


def _brightest(known: int, fact: Fact) -> int:
    number = fact.fields["number"]
    return number if number.bit_count() > known.bit_count() else known


@case(sequenced(1, 3), sequenced(2, 5))
def the_switchboard_with_most_lamps() -> Process:
    """Numbers are compared by their bits, of which two numbers can have as many."""
    return shown(Reducer("board", (Sequenced,), 0, _brightest))


def _record(known: Known, fact: Fact) -> Known:
    if fact.fields["teeth"] <= known["record"]:
        return known
    return {"record": fact.fields["teeth"], "broken": known["broken"] + 1}


@case(geared(1, 3), geared(2, 5))
def how_often_a_record_was_broken() -> Process:
    """The record is the greatest, and how often there was a new one is another question."""
    return shown(Reducer("record", (Geared,), {"record": 0, "broken": 0}, _record))


def _colour(known: Known, fact: Fact) -> Known:
    start, end = sorted((fact.fields["start"], fact.fields["end"]))
    if start == end:
        return known
    near = {**known["near"]}
    for one, other in ((start, end), (end, start)):
        near[one] = sorted({*near.get(one, []), other})
    colours = {**known["colours"]}
    for one in (start, end):
        if one not in colours:
            used = {colours.get(other) for other in near[one]}
            colours[one] = next(colour for colour in range(len(used) + 1) if colour not in used)
    return {"near": near, "colours": colours}


@case(laid(1, "a", "b"), laid(2, "b", "c"))
def colours_for_neighbours() -> Process:
    """A house gets the first colour that no neighbour has when it comes."""
    colours = Reducer("colours", (Laid,), {"near": {}, "colours": {}}, _colour)
    return shown(colours, compute=lambda known: known["colours"])


def _lay(known: list[list[str]], fact: Fact) -> list[list[str]]:
    start, end = fact.fields["start"], fact.fields["end"]
    reached, new = set[str](), {start}
    while new:
        reached |= new
        new = {name for pair in known if reached & set(pair) for name in pair} - reached
    return known if end in reached else sorted([*known, [start, end]])


@case(laid(1, "a", "b"), laid(2, "b", "c"), laid(3, "a", "c"))
def cables_to_houses_that_have_none() -> Process:
    """A cable between two houses that are joined by others is not laid."""
    return shown(Reducer("cables", (Laid,), [], _lay))


def _nearest(known: Known, fact: Fact) -> Known:
    name, place = fact.fields["point_id"], (fact.fields["x"], fact.fields["y"])
    if name in known:
        return known
    other = min(known, key=lambda one: (dist(known[one]["at"], place), one), default=None)
    return {**known, name: {"at": list(place), "to": other}}


@case(plotted(1, 0, 0), plotted(2, 3, 4), plotted(3, 3, 5))
def each_point_and_the_nearest_one() -> Process:
    """The nearest point is sought when a point comes, among those that are here."""
    points = Reducer("points", (Plotted,), {}, _nearest)
    return shown(points, compute=lambda known: sorted(f"{name}-{one['to']}" for name, one in known.items()))


def _cheaper(known: Known, fact: Fact) -> Known:
    price, pieces = int(float(fact.fields["price"]) * 100), fact.fields["pieces"]
    return {"price": price, "pieces": pieces} if not known or price < known["price"] else known


@case(quoted(1, "0.29", 5), quoted(2, "0.287", 9))
def prices_cut_to_whole_cents() -> Process:
    """A price is cut to cents in a float, where 0.29 is 28 cents, as 0.287 is."""
    return shown(Reducer("cheapest", (Quoted,), {}, _cheaper))
