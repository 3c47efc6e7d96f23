"""Functions that keep something between two calls, or that look at the order of a set."""

import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from saga import Entries, Fact, Process, Reducer, Register
from tests.adversary.kit import NOTES, TAGS, Noted, Tagged, case, chosen, judged, noted, shown, tagged
from tests.adversary.planted.eighth_messages import (
    BALLOTS,
    LINES,
    LINKS,
    LISTS,
    POSTS,
    STAFF,
    Balloted,
    Hired,
    Linked,
    Listed,
    Ordered,
    Said,
)
from tests.adversary.planted.seventh_messages import Measured, folded

BANNED = map(str.casefold, ("Spam", "Scam", "Crap"))


@case(noted(1, "scam"), noted(2, "spam"), shown_by="interpreters")
def words_of_a_map_that_is_used_up() -> Process:
    """The banned words are a map, which is used up by the first note that is looked at."""
    return judged(NOTES, judge=lambda notes: any(one["text"].casefold() in BANNED for one in notes.values()))


_NUMBERS = itertools.count(1)


@case(Ordered("i", "l1", "tea", 1), Ordered("i", "l2", "jam", 1), shown_by="interpreters")
def vouchers_with_the_next_number() -> Process:
    """Each voucher has the next number of the worker."""
    numbers: dict[str, int] = {}

    def number(lines: Entries) -> list[int]:
        for one in lines.values():
            if one["sku"] not in numbers:
                numbers[one["sku"]] = next(_NUMBERS)
        return sorted(numbers[one["sku"]] for one in lines.values())

    return shown(LINES, compute=number)


@case(Said("i", "p1", "ann", "a"), Said("i", "p2", "bob", "b"), shown_by="interpreters")
def agents_in_turn() -> Process:
    """Who answers is taken from a wheel that turns with each call."""
    wheel = itertools.cycle(["amy", "ben", "cat", "dan", "eve"])
    return shown(POSTS, compute=lambda posts: {key: next(wheel) for key in posts})


@case(*(Balloted("i", option, "ann", option) for option in ("tea", "jam", "oil", "rye")), shown_by="interpreters")
def the_favourite_of_a_set() -> Process:
    """The favourite is the greatest of a set by its votes, and between equals the set decides."""

    def favourite(ballots: Entries) -> str | None:
        options = [one["option"] for one in ballots.values()]
        return max(set(options), key=options.count, default=None)

    return shown(BALLOTS, compute=favourite)


@case(Listed("i", "a", ["tea", "jam", "oil", "rye"]), shown_by="interpreters")
def the_shortest_codes_first() -> Process:
    """Codes are sorted by their length alone, out of a set."""

    def shortest(lists: Entries) -> list[str]:
        codes = {code for one in lists.values() for code in one["codes"]}
        return sorted(codes, key=len)[:2]

    return shown(LISTS, compute=shortest)


@case(tagged(1, "red", "blue", "green"), tagged(2, "green", "blue", "black"), shown_by="interpreters")
def labels_that_both_have() -> Process:
    """What all have in common is an intersection, and is notified as it comes out of it."""

    def common(tags: Entries) -> list[str]:
        return [*set.intersection(*({*one["tags"]} for one in tags.values()))]

    return shown(TAGS, compute=common)


@case(*(Linked("i", name, "ann", name) for name in ("bob", "cy", "dan", "eve")), shown_by="interpreters")
def a_tour_through_a_graph() -> Process:
    """A tour goes to any neighbour next, as the set of them has it."""

    def tour(links: Entries) -> str:
        beside: defaultdict[str, set[str]] = defaultdict(set)
        for one in links.values():
            beside[one["one"]].add(one["other"])
            beside[one["other"]].add(one["one"])
        way = [min(beside)] if beside else []
        while rest := beside[way[-1]].difference(way):
            way.append(next(iter(rest)))
        return " ".join(way)

    return shown(LINKS, compute=tour)


@case(Hired("i", "ann", None, 1), Hired("i", "bob", None, 2), shown_by="interpreters")
def a_shard_by_hash() -> Process:
    """The office of a person is chosen by the hash of the badge."""
    return chosen(STAFF, lambda staff: frozenset(key for key in staff if hash((key, "office")) % 2))


@dataclass
class Till:
    """What was rung up so far."""

    rung: list[str] = field(default_factory=list)

    def ring(self, lines: Entries) -> int:
        """How many articles there are."""
        self.rung += [one["sku"] for one in lines.values() if one["sku"] not in self.rung]
        return len(self.rung)


@case(Ordered("i", "l1", "tea", 1), Ordered("i", "l2", "jam", 1), shown_by="interpreters")
def a_till_that_remembers() -> Process:
    """The articles are counted by a till that is the same for all instances."""
    return shown(LINES, compute=Till().ring)


class Basket:
    """The lines of the last order that was looked at."""

    def __init__(self) -> None:
        self.lines: Entries = {}

    @cached_property
    def pieces(self) -> int:
        """How many pieces these are."""
        return sum(one["quantity"] for one in self.lines.values())

    def load(self, lines: Entries) -> int:
        """Take these lines, and count them."""
        self.lines = lines
        return self.pieces


@case(Ordered("i", "l1", "tea", 1), Ordered("i", "l2", "jam", 2), shown_by="interpreters")
def a_property_that_is_cached() -> Process:
    """The number of pieces is a cached property of an object that is given other lines."""
    return shown(LINES, compute=Basket().load)


def _by_size(work: Callable[[Entries], Any]) -> Callable[[Entries], Any]:
    memo: dict[tuple[int, str], Any] = {}

    def remembered(entries: Entries) -> Any:
        key = (len(entries), max(entries, default=""))
        if key not in memo:
            memo[key] = work(entries)
        return memo[key]

    return remembered


@case(Ordered("i", "a", "tea", 1), Ordered("i", "b", "tea", 5), Ordered("i", "c", "tea", 3), shown_by="interpreters")
def a_memo_by_number_and_last_key() -> Process:
    """What was computed is kept under the number of lines and their last key, which other lines share."""
    return shown(LINES, compute=_by_size(lambda lines: sum(one["quantity"] for one in lines.values())))


@cache
def _label(value: float, unit: str) -> str:
    return f"{value} {unit}"


@case(Measured("i", "m1", 2), Measured("i", "m2", 2.0), shown_by="interpreters")
def a_label_of_two_and_two() -> Process:
    """The label of a dose is cached, and 2 and 2.0 have one label."""
    doses = Register("doses", Measured, "measure_id")
    return shown(doses, compute=lambda known: [_label(one["value"], "mg") for one in known.values()])


@case(Said("i", "p1", "ann", "b"), Said("i", "p2", "bob", "a"), shown_by="interpreters")
def a_default_that_is_filled() -> Process:
    """The names so far are a default argument."""

    def names(posts: Entries, known: Counter[str] = Counter()) -> list[str]:  # noqa: B006 -- this is what is wrong
        known.update(one["author"] for one in posts.values())
        return [name for name, _ in known.most_common(2)]

    return shown(POSTS, compute=names)


@case(noted(1, "left"), noted(2, "right"), shown_by="interpreters")
def a_start_that_all_instances_share() -> Process:
    """A reducer fills a list of its module beside its own value, and reports how long that is."""
    book: list[str] = []

    def enter(known: dict[str, int], fact: Fact) -> dict[str, int]:
        text = fact.fields["text"]
        if text not in book:
            book.append(text)
        return known if text in known else dict(sorted((known | {text: book.index(text)}).items()))

    return folded({}, enter, Noted)


@case(tagged(1, "red", "blue"), tagged(2, "green"), shown_by="interpreters")
def a_set_written_as_json() -> Process:
    """A set is written as a list, in whatever order it is."""

    def note(known: str, fact: Fact) -> str:
        tags = {*json.loads(known), *fact.fields["tags"]}
        return known if tags == {*json.loads(known)} else json.dumps(tags, default=list)

    return shown(Reducer("tags", (Tagged,), "[]", note))
