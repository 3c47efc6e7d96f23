"""Further honest processes, the second part."""

import hashlib
import heapq
import random
import re
import zlib
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache, singledispatch
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final

from saga import (
    Entries,
    Fact,
    Process,
    Reducer,
)
from tests.adversary.honest.second import ANSWERS, LINES, NODES, LineAdded, LineRemoved, NodeAdded, answer, line
from tests.adversary.kit import (
    NOTES,
    PAYMENTS,
    TAGS,
    Noted,
    Paid,
    Weighed,
    case,
    chosen,
    granted,
    noted,
    paid,
    shown,
    tagged,
    weighed,
)


@lru_cache(maxsize=2)
def vat(amount: int) -> int:
    return amount * 19 // 100


@case(paid(1, 100), paid(2, 250), paid(3, 999))
def a_cache_of_a_pure_function() -> Process:
    """Taxes are cached by their amounts, in a cache so small that it forgets."""
    return shown(PAYMENTS, compute=lambda held: sum(vat(one["amount"]) for one in held.values()))


SLUGS: dict[str, str] = {}


def slug(text: str) -> str:
    if text not in SLUGS:
        SLUGS[text] = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return SLUGS[text]


@case(noted(1, "Green Tea"), noted(2, "cup & pot"), noted(3, "green tea"))
def slugs_kept_in_the_module() -> Process:
    """What a text was made into is kept in the module, by the text itself."""
    return shown(NOTES, compute=lambda held: sorted({slug(one["text"]) for one in held.values()}))


@dataclass
class Metered:
    calls: int = 0

    def __call__(self, payments: Entries) -> int:
        self.calls += 1
        return len(payments)


@case(paid(1, 100), paid(2, 250))
def calls_that_are_counted() -> Process:
    """A callable counts how often it was asked, and says nothing of it."""
    return shown(PAYMENTS, compute=Metered())


@case(noted(1, "ann"), noted(2, "bob"), noted(3, "cem"))
def a_draw_with_a_seed() -> Process:
    """A winner is drawn by chance, from a seed that is made of all texts."""

    def draw(notes: Entries) -> str | None:
        texts = sorted({one["text"] for one in notes.values()})
        return random.Random("|".join(texts)).choice(texts) if texts else None

    return shown(NOTES, compute=draw)


@case(noted(1, "ann"), noted(2, "bob"), noted(3, "cem"))
def an_experiment_by_a_digest() -> Process:
    """Half of all texts take part, by a digest that is the same everywhere."""
    return chosen(
        NOTES,
        lambda held: frozenset(
            key for key, one in held.items() if hashlib.sha256(one["text"].encode()).digest()[0] < 128
        ),
        is_final=True,
    )


# Sorting, grouping, choosing.


@case(paid(1, 10), paid(2, 10), paid(3, 30), paid(4, 20))
def the_two_largest_by_a_heap() -> Process:
    """The ids of the two largest; of equals the first by its id, in which order a function gets them."""
    return shown(PAYMENTS, compute=lambda held: heapq.nlargest(2, held, key=lambda key: held[key]["amount"]))


@case(line(1, "tea", 9), line(2, "tea", 5), line(3, "cup", 5))
def grouped_by_article() -> Process:
    """The cheapest price of each article, reported again when it falls."""

    def cheapest(lines: Entries) -> dict[str, int]:
        ordered = sorted(lines.values(), key=lambda one: one["sku"])
        return {sku: min(x["price"] for x in group) for sku, group in groupby(ordered, key=lambda one: one["sku"])}

    return shown(LINES, compute=cheapest)


RATES: Final = MappingProxyType({"de": 19, "fr": 20, "ch": 8})


@case(tagged(1, "de", "fr"), tagged(2, "ch"), tagged(3))
def rates_of_a_set() -> Process:
    """A sum over a set, whose order does not matter to whole numbers."""
    return shown(
        TAGS, compute=lambda held: sum(RATES.get(tag, 0) for tag in {t for x in held.values() for t in x["tags"]})
    )


@case(tagged(1, "id", "photo"), tagged(2, "proof"), tagged(3, "photo"))
def all_papers_are_there() -> Process:
    """Final as soon as all papers are there, in whatever letters."""
    needed = frozenset({"id", "photo", "proof"})
    return granted(TAGS, judge=lambda held: needed <= {tag.strip().lower() for x in held.values() for tag in x["tags"]})


@case(paid(1, 0), paid(2, 6), paid(3, -5), paid(4, 40))
def close_to_a_lesser_one() -> Process:
    """A payment is looked at if there is a lesser one within ten: a further payment can only add to that."""

    def close(payments: Entries) -> frozenset[str]:
        ranks = {key: (one["amount"], key) for key, one in payments.items()}
        return frozenset(
            key for key, mine in ranks.items() if any(o < mine and mine[0] - o[0] <= 10 for o in ranks.values())
        )

    return chosen(PAYMENTS, close, is_final=True, fields=("amount",))


WEIGHTS: Final = {"clerk": 1, "head": 2, "board": 3}


@case(answer(1, "ann"), answer(2, "bob", "head"), answer(3, "cem", "board"))
def a_quorum_by_weight() -> Process:
    """Final when the ayes weigh three or more, each person counting once with its greatest weight."""

    def is_reached(answers: Entries) -> bool:
        weights: dict[str, int] = {}
        for one in answers.values():
            if one["is_yes"]:
                weights[one["person"]] = max(WEIGHTS[one["role"]], weights.get(one["person"], 0))
        return sum(weights.values()) >= 3

    return granted(ANSWERS, judge=is_reached)


@case(NodeAdded("i", "a", "b"), NodeAdded("i", "b", "a"), NodeAdded("i", "c", "a"))
def a_tree_that_may_have_a_circle() -> Process:
    """How deep each node lies, where those of a circle lie nowhere."""

    def depths(nodes: Entries) -> dict[str, int]:
        found = {}
        for key in nodes:
            path, at = [key], key
            while at in nodes and nodes[at]["parent_id"] not in path:
                at = nodes[at]["parent_id"]
                path.append(at)
            found[key] = -1 if at in nodes else len(path) - 1
        return found

    return shown(NODES, compute=depths)


AGENTS: Final = ("amy", "bob", "cem")


@case(noted(1, "x"), noted(2, "y"), noted(3, "z"))
def round_robin_by_id() -> Process:
    """Tickets go round by their ids, and everybody is reported again when it changes."""
    return shown(NOTES, compute=lambda held: {key: AGENTS[number % 3] for number, key in enumerate(held)})


@case(paid(1, 0), paid(2, 20), paid(3, 10))
def ranges_joined_at_last() -> Process:
    """Ranges of ten are joined where they touch, all of them and in their order."""

    def joined(payments: Entries) -> list[list[int]]:
        ranges: list[list[int]] = []
        for start in sorted(one["amount"] for one in payments.values()):
            if ranges and start <= ranges[-1][1]:
                ranges[-1][1] = start + 10
            else:
                ranges.append([start, start + 10])
        return ranges

    return shown(PAYMENTS, compute=joined)


# Folds.


def cart(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    key = fact.fields["line_id"]
    if fact.kind is LineRemoved:
        return {**known, "gone": sorted({*known["gone"], key})}
    return {**known, "lines": {**known["lines"], key: fact.fields["price"]}}


@case(line(1, "tea", 5), LineRemoved("i", "l1"), line(2, "cup", 7))
def a_cart_with_tombstones() -> Process:
    """What was removed is remembered beside the lines, whichever comes first."""
    reducer = Reducer("cart", (LineAdded, LineRemoved), {"lines": {}, "gone": []}, cart)
    return shown(reducer, compute=lambda held: sum(p for key, p in held["lines"].items() if key not in held["gone"]))


class Level(IntEnum):
    none = 0
    clerk = 1
    head = 2
    board = 3


@case(noted(1, "clerk"), noted(2, "HEAD"), noted(3, "nobody"))
def the_highest_level() -> Process:
    """The highest level that a text names, kept as a number."""

    def highest(known: int, fact: Fact) -> int:
        level = Level.__members__.get(fact.fields["text"].strip().lower(), Level.none)
        return max(known, level.value)

    return shown(Reducer("level", (Noted,), 0, highest), compute=lambda held: Level(held).name)


def bloom(known: int, fact: Fact) -> int:
    return known | (1 << zlib.crc32(fact.fields["text"].encode("utf-8", "replace")) % 32)


@case(noted(1, "a"), noted(2, "b"), noted(3, "c"))
def a_filter_of_bits() -> Process:
    """One bit of each text, joined."""
    return shown(Reducer("bits", (Noted,), 0, bloom), compute=lambda held: held.bit_count())


@singledispatch
def figure(value: object) -> list[Any]:
    return [type(value).__name__, str(value)]


@figure.register
def _(value: str) -> list[Any]:
    return ["text", value.lower()]


@case(noted(1, "A"), noted(2, "b"), weighed(1, 2.5))
def dispatched_by_type() -> Process:
    """Texts and weights are folded into one sorted list by functions for their types."""

    def fold(known: list[Any], fact: Fact) -> list[Any]:
        new = figure(fact.fields["text" if fact.kind is Noted else "kilos"])
        return known if new in known else sorted([*known, new])

    return shown(Reducer("seen", (Noted, Weighed), [], fold))


def newest(known: list[Any] | None, fact: Fact) -> list[Any]:
    new = [fact.fields["at"], fact.fields["payment_id"], fact.fields["amount"]]
    return new if known is None or new > known else known


@case(paid(1, 5, "b"), paid(2, 7, "a"), paid(3, 1, "b"))
def the_newest_as_a_list() -> Process:
    """The newest payment by time, id and amount, or none at all."""
    return shown(Reducer("newest", (Paid,), None, newest))
