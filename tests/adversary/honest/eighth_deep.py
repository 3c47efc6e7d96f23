"""Relations of three facts and more, single values, and texts with a form of their own, which come out alike."""

import re
from collections.abc import Mapping
from functools import reduce
from itertools import combinations, pairwise
from operator import itemgetter
from typing import Any

from saga import Entries, Fact, Process, Reducer
from tests.adversary.kit import NOTES, Noted, case, chosen, granted, judged, noted, shown
from tests.adversary.planted.eighth_messages import (
    LINES,
    LINKS,
    POSTINGS,
    POSTS,
    SHIFTS,
    Balloted,
    Linked,
    Ordered,
    Posted,
    Said,
    Worked,
)
from tests.adversary.planted.seventh_messages import folded

Fields = Mapping[str, Any]
BEATS = {"rock": "scissors", "scissors": "paper", "paper": "rock"}


@case(*(Balloted("i", f"v{number}", "ann", hand) for number, hand in enumerate([*BEATS, "rock"])))
def hands_that_beat_none() -> Process:
    """The hands that were shown are kept, and those that another one of them beats are notified."""

    def show(known: list[str], fact: Fact) -> list[str]:
        return sorted({*known, fact.fields["option"]} & {*BEATS})

    def beaten(known: list[str]) -> list[str]:
        return sorted(BEATS[hand] for hand in known if BEATS[hand] in known)

    return shown(Reducer("hands", (Balloted,), [], show), compute=beaten)


@case(*(Ordered("i", f"l{number}", "tea", number) for number in (1, 2, 3, 7)))
def sizes_in_chains() -> Process:
    """Sizes that differ by one from the next are one group, called by the least of the whole chain."""

    def groups(lines: Entries) -> list[int]:
        sizes = sorted({one["quantity"] for one in lines.values()})
        return sizes[:1] + [two for one, two in pairwise(sizes) if two - one > 1]

    return shown(LINES, compute=groups)


@case(Posted("i", "p1", 600, minute=2), Posted("i", "p2", 500, minute=1), Posted("i", "p3", 100, minute=2))
def tax_by_the_minute_of_the_sale() -> Process:
    """Which sale crosses the limit is said by its minute and id."""

    def taxed(postings: Entries) -> int:
        turnover = tax = 0
        for one in sorted(postings.values(), key=itemgetter("minute", "posting_id")):
            turnover += abs(one["cents"])
            tax += abs(one["cents"]) if turnover > 1000 else 0
        return tax

    return shown(POSTINGS, compute=taxed)


@case(Said("i", "p1", "ann", "a", 0), Said("i", "p2", "ann", "c", 2), Said("i", "p3", "bob", "b", 1))
def the_first_chapters() -> Process:
    """The first three chapters go to print for good once they are there, whatever comes after them."""
    return granted(POSTS, judge=lambda posts: {0, 1, 2} <= {one["version"] for one in posts.values()})


@case(Ordered("i", "a", "tea", 7), Ordered("i", "b", "tea", 5), Ordered("i", "c", "tea", 8))
def a_load_that_is_notified() -> Process:
    """The pair of lines that fills a van of twelve best is notified, and notified again when another one does."""

    def best(lines: Entries) -> list[str]:
        def load(pair: tuple[str, ...]) -> int:
            return int(sum(lines[key]["quantity"] for key in pair))

        pairs = [pair for size in (1, 2) for pair in combinations(sorted(lines), size) if load(pair) <= 12]
        return [*max(pairs, key=lambda pair: (load(pair), pair), default=())]

    return shown(LINES, compute=best)


@case(Linked("i", "l1", "a", "b"), Linked("i", "l2", "b", "c"), Linked("i", "l3", "d", "e"))
def places_that_can_be_reached() -> Process:
    """Each link that can be reached from a is opened for good, as more links only reach more."""

    def reached(links: Entries) -> frozenset[str]:
        places = {"a"}
        while new := {one["other"] for one in links.values() if one["one"] in places} - places:
            places |= new
        return frozenset(key for key, one in links.items() if one["one"] in places)

    return chosen(LINKS, reached, is_final=True)


SPAN = re.compile(r"(?:([0-9]{1,4})h)?(?:([0-9]{1,4})m)?")


@case(noted(1, "1h30m"), noted(2, "45m"), noted(3, "h"), noted(4, ""))
def a_span_of_either() -> Process:
    """A span has hours, minutes or both, and what has neither counts nothing."""

    def minutes(notes: Entries) -> int:
        found = [match for one in notes.values() if (match := SPAN.fullmatch(one["text"]))]
        return sum(60 * int(one[1] or 0) + int(one[2] or 0) for one in found)

    return shown(NOTES, compute=minutes)


@case(noted(1, "AB-1"), noted(2, "10"), noted(3, "é"))
def a_number_of_letters_and_digits() -> Process:
    """Only texts of the twenty-six letters and ten digits are numbers, whatever else a note says."""
    signs = re.compile(r"[0-9A-Z]{1,34}")

    def is_right(notes: Entries) -> bool:
        texts = [one["text"] for one in notes.values() if signs.fullmatch(one["text"])]
        return any(reduce(lambda known, sign: known * 36 + int(sign, 36), text, 0) % 97 == 1 for text in texts)

    return judged(NOTES, judge=is_right)


@case(noted(1, "sku=7"), noted(2, "sku=7;amount=3=4"), noted(3, "amount"))
def pairs_that_are_asked_for() -> Process:
    """A note has pairs of names and values, and what is not there is written as a dash."""

    def amounts(notes: Entries) -> list[str]:
        read = [dict(part.split("=", 1) for part in one["text"].split(";") if "=" in part) for one in notes.values()]
        return sorted(one.get("amount", "-") for one in read if "sku" in one)

    return shown(NOTES, compute=amounts)


@case(Worked("i", "a", 0, 300), Worked("i", "b", 600, 300), Worked("i", "c", 1300, 900))
def shifts_beyond_the_hours() -> Process:
    """A shift is refused for good once those that start before it fill the hours, as that never gets less."""

    def refused(shifts: Entries) -> frozenset[str]:
        def before(one: Fields) -> int:
            key = (one["start"], one["shift_id"])
            return int(sum(two["minutes"] for two in shifts.values() if (two["start"], two["shift_id"]) < key))

        return frozenset(key for key, one in shifts.items() if before(one) >= 600)

    return chosen(SHIFTS, refused, is_final=True)


@case(noted(1, "a/b"), noted(2, "a"), noted(3, "/c"), noted(4, "a/b/d"))
def folders_beside_files() -> Process:
    """Files and folders are kept beside each other, so that one with the name of the other is in nobody's way."""

    def put(tree: dict[str, list[str]], fact: Fact) -> dict[str, list[str]]:
        folder, _, name = fact.fields["text"].rpartition("/")
        return dict(sorted((tree | {folder: sorted({*tree.get(folder, []), name})}).items()))

    return folded({}, put, Noted)
