"""Folds in which three messages or more have to meet before the order shows."""

from collections.abc import Callable
from itertools import combinations
from math import atan2
from typing import Any

from saga import Fact, Process, Reducer
from tests.adversary.kit import case, shown
from tests.adversary.planted.twelfth_messages import (
    Coded,
    Edited,
    Filled,
    Fogged,
    Geared,
    Knitted,
    Known,
    Laid,
    Lit,
    Metered,
    Moored,
    Plotted,
    Ranked,
    Sequenced,
    Shelved,
    coded,
    edited,
    filled,
    geared,
    knitted,
    laid,
    metered,
    plotted,
    ranked,
    sequenced,
    shelved,
)


def _shown(name: str, kind: type, start: Any, fold: Callable[[Any, Fact], Any], **how: Any) -> Process:
    return shown(Reducer(name, (kind,), start, fold), **how)


def _spare(known: list[int], fact: Fact) -> list[int]:
    teeth = fact.fields["teeth"]
    if any(one + other == teeth for one, other in combinations(known, 2)):
        return known
    return sorted({*known, teeth})


@case(geared(1, 300), geared(2, 512), geared(3, 812))
def a_wheel_as_large_as_two_others() -> Process:
    """A wheel that two known ones make together is not kept."""
    return _shown("wheels", Geared, [], _spare)


def _joined_words(known: list[str], fact: Fact) -> list[str]:
    code = fact.fields["code"]
    if any(code in {one + other, other + one} for one, other in combinations(known, 2)):
        return known
    return sorted({*known, code})


@case(coded(1, "fog"), coded(2, "horn"), coded(3, "foghorn"))
def a_word_made_of_two_known_ones() -> Process:
    """A word that two known ones make is no new word."""
    return _shown("words", Coded, [], _joined_words)


def _between(known: list[list[int]], fact: Fact) -> list[list[int]]:
    x, y = fact.fields["x"], fact.fields["y"]
    if any(one[0] + other[0] == 2 * x and one[1] + other[1] == 2 * y for one, other in combinations(known, 2)):
        return known
    return sorted([*(one for one in known if one != [x, y]), [x, y]])


@case(plotted(1, -10, 4), plotted(2, 30, 8), plotted(3, 10, 6))
def a_post_halfway_between_two() -> Process:
    """A post in the middle of two others is not needed, if they stand already."""
    return _shown("posts", Plotted, [], _between)


def _full_row(known: list[list[int]], fact: Fact) -> list[list[int]]:
    cell = [fact.fields["row"], fact.fields["column"]]
    cells = sorted([*(one for one in known if one != cell), cell])
    row = [one for one in cells if one[0] == cell[0]]
    return [one for one in cells if one[0] != cell[0]] if len(row) == 3 else cells


@case(filled(1, 2, 0, 1), filled(2, 2, 1, 1), filled(3, 2, 2, 1), filled(4, 2, 5, 1))
def a_row_of_three_that_is_cleared() -> Process:
    """Three cells of a row vanish, and the fourth one stays, whichever it is."""
    return _shown("cells", Filled, [], _full_row)


def _ahead(known: list[int], fact: Fact) -> list[int]:
    number = fact.fields["number"]
    expected = next(one for one in range(len(known) + 1) if one not in known)
    return known if number > expected + 3 else sorted({*known, number})


@case(sequenced(1, 4), sequenced(2, 0))
def packets_that_are_too_far_ahead() -> Process:
    """A packet more than three ahead of the first gap finds no place."""
    return _shown("packets", Sequenced, [], _ahead)


def _window(known: Known, fact: Fact) -> Known:
    number, top = fact.fields["number"], known["top"]
    if number + 64 <= top:
        return known
    return {"top": max(top, number), "taken": sorted({*known["taken"], number})}


@case(sequenced(1, 3), sequenced(2, 90))
def packets_that_are_too_old() -> Process:
    """A packet of more than a window before the newest is taken for one that was here."""
    return _shown("window", Sequenced, {"top": 0, "taken": []}, _window, compute=lambda known: known["taken"])


def _most_edits(known: Known, fact: Fact) -> Known:
    edits = sum(fact.fields["clock"].values())
    return {"edits": edits, "text": fact.fields["text"]} if edits > known["edits"] else known


@case(edited(1, "lamp", ann=2, bob=1), edited(2, "horn", cem=3))
def the_text_with_most_edits() -> Process:
    """Clocks are added up, and two texts have as many edits by different hands."""
    return _shown("text", Edited, {"edits": 0, "text": ""}, _most_edits)


def _by_shelf(known: Known, fact: Fact) -> Known:
    shelf = str(fact.fields["shelf"] or "none")
    return known if shelf in known else {**known, shelf: fact.fields["title"] if shelf == "none" else shelf}


@case(shelved(1, "atlas", 0), shelved(2, "pilot"))
def a_shelf_with_the_number_zero() -> Process:
    """Shelf zero and no shelf are one place, with the title that was first there."""
    return _shown("shelves", Shelved, {}, _by_shelf)


def _home(known: list[int], fact: Fact) -> list[int]:
    new = [fact.fields["x"], fact.fields["y"]]
    return new if not known or new[0] ** 2 + new[1] ** 2 < known[0] ** 2 + known[1] ** 2 else known


@case(plotted(1, 7, 24), plotted(2, 15, 20))
def the_point_nearest_to_home() -> Process:
    """Two points are twenty-five steps away, one of seven and twenty-four, and one of fifteen and twenty."""
    return _shown("nearest", Plotted, [], _home)


def _sweep(known: list[list[int]], fact: Fact) -> list[list[int]]:
    point = [fact.fields["x"], fact.fields["y"]]
    angles = [atan2(y, x) for x, y in known]
    return known if atan2(point[1], point[0]) in angles else sorted([*known, point])


@case(plotted(1, 2, 3), plotted(2, 4, 6))
def one_ship_in_each_direction() -> Process:
    """A second ship behind the first one is not seen."""
    return _shown("ships", Plotted, [], _sweep)


def _highest_of_all(known: list[int], fact: Fact) -> list[int]:
    row = list(fact.fields["stitches"])
    return [max(pair) for pair in zip(known, row, strict=False)] if known else row


@case(knitted(1, 1, 2), knitted(2), knitted(3, 3, 1))
def the_highest_stitches_of_all_rows() -> Process:
    """Rows are compared as far as the shortest goes, and after an empty one it begins anew."""
    return _shown("highest", Knitted, [], _highest_of_all)


def _couples(known: list[list[str]], fact: Fact) -> list[list[str]]:
    pair = sorted({fact.fields["start"], fact.fields["end"]})
    busy = {name for couple in known for name in couple}
    return known if busy & {*pair} or len(pair) < 2 else sorted([*known, pair])


@case(laid(1, "ann", "bob"), laid(2, "bob", "cem"), laid(3, "cem", "dan"))
def couples_for_a_dance() -> Process:
    """Two who are free dance with each other, and the one in the middle is free but once."""
    return _shown("couples", Laid, [], _couples)


def _relaxed(known: dict[str, int], fact: Fact) -> dict[str, int]:
    far, cost = {**known}, fact.fields["cost"]
    for one, other in (("start", "end"), ("end", "start")):
        here, there = fact.fields[one], fact.fields[other]
        if here in far:
            far[there] = min(far.get(there, 10**9), far[here] + cost)
    return far


@case(laid(1, "a", "b", 5), laid(2, "b", "c", 2), laid(3, "a", "b", 1))
def how_far_it_is_from_a() -> Process:
    """A cable makes ways shorter that are known when it comes."""
    return _shown("far", Laid, {"a": 0}, _relaxed)


def _toppled(known: Known, fact: Fact) -> Known:
    if fact.fields["packet_id"] in known["done"]:
        return known
    piles = list(known["piles"])
    piles[fact.fields["number"] % 3] += 1
    for place in range(3):
        if piles[place] > 1:
            piles[place] -= 2
            for near in (place - 1, place + 1):
                if near in range(3):
                    piles[near] += 1
    return {"done": sorted([*known["done"], fact.fields["packet_id"]]), "piles": piles}


@case(sequenced(1, 0), sequenced(2, 1), sequenced(3, 2), sequenced(4, 1))
def sand_that_slides_once() -> Process:
    """A pile of two slides to its neighbours, each pile once for each grain, from the left to the right."""
    start = {"done": [], "piles": [0, 0, 0]}
    return _shown("sand", Sequenced, start, _toppled, compute=lambda known: known["piles"])


def _warned(known: Known, fact: Fact) -> Known:
    new = {**known, fact.kind.__name__: True}
    return {**new, "warned": True} if "Lit" in new and "Fogged" in new and "Moored" not in new else new


@case(Lit(), Fogged(), Moored())
def a_ship_that_was_warned_before_it_was_moored() -> Process:
    """Light and fog warn in both orders, unless the ship was moored before the second of them."""
    return shown(Reducer("warned", (Lit, Fogged, Moored), {}, _warned))


def _boats(known: list[list[Any]], fact: Fact) -> list[list[Any]]:
    boat = [fact.fields["used"], fact.fields["meter_id"]]
    return known if boat in known else sorted([*known, boat], key=lambda one: -one[0])[:5]


@case(*(metered(number, 1, 700 - 50 * (number < 4)) for number in range(1, 7)))
def six_who_want_five_boats() -> Process:
    """The five with the greatest need get a boat, and the last two need it equally."""
    return _shown("boats", Metered, [], _boats, compute=lambda known: sorted(one[1] for one in known))


def _two_of_three(known: Known, fact: Fact) -> Known:
    votes = {**known["votes"]}
    for tree in fact.fields["choices"][:1]:
        votes[tree] = sorted({*votes.get(tree, []), fact.fields["ballot_id"]})
    leaders = [tree for tree in sorted(votes) if len(votes[tree]) > 1]
    return {"votes": votes, "winner": known["winner"] or (leaders[0] if leaders else None)}


@case(ranked(1, "elm"), ranked(2, "elm"), ranked(3, "oak"), ranked(4, "oak"))
def the_first_tree_with_two_voices() -> Process:
    """Two voices make a winner, and another tree has as many a little later."""
    start: Known = {"votes": {}, "winner": None}
    return _shown("votes", Ranked, start, _two_of_three, compute=lambda known: known["winner"])


def _heavier(known: list[int], fact: Fact) -> list[int]:
    teeth = fact.fields["teeth"]
    return known if known and teeth > sum(known) else sorted({*known, teeth})


@case(geared(1, 3), geared(2, 4), geared(3, 6))
def a_wheel_that_is_no_larger_than_all_others() -> Process:
    """A wheel must not be larger than all that are there taken together."""
    return _shown("wheels", Geared, [], _heavier)


def _chained(known: str, fact: Fact) -> str:
    code: str = fact.fields["code"]
    if not code or code in known:
        return known
    return known + code[1:] if known and known[-1] == code[0] else max(known, code, key=len)


@case(coded(1, "lamp"), coded(2, "pilot"), coded(3, "tide"))
def words_that_go_on_with_the_last_letter() -> Process:
    """A word is added if it begins with the letter with which the others end."""
    return _shown("chain", Coded, "", _chained)
