"""Functions that look at more than they get: hashes, the order of sets, the module, the clock, chance."""

import random
import time
from collections.abc import Iterator
from enum import Enum
from itertools import count
from typing import Any

from saga import Entries, Fact, Process, Reducer
from tests.adversary.kit import (
    NOTES,
    PARCELS,
    PAYMENTS,
    TAGS,
    Noted,
    Paid,
    case,
    chosen,
    judged,
    noted,
    paid,
    shown,
    tagged,
    weighed,
)


def as_list(tags: Entries) -> list[str]:
    return list({tag for one in tags.values() for tag in one["tags"]})


@case(tagged(1, "red", "green", "blue"), tagged(2, "black", "white"), shown_by="interpreters")
def a_list_of_a_set() -> Process:
    """The tags are made unique by a set, and listed in its order."""
    return shown(TAGS, compute=as_list)


def joined(notes: Entries) -> str:
    return ",".join({one["text"] for one in notes.values()})


@case(noted(1, "a"), noted(2, "b"), noted(3, "c"), shown_by="interpreters")
def a_joined_set() -> Process:
    """Texts are joined in the order of a set."""
    return shown(NOTES, compute=joined)


def is_even_hash(notes: Entries) -> bool:
    return any(hash(one["text"]) % 2 for one in notes.values())


@case(noted(1, "a"), noted(2, "b"), noted(3, "c"), shown_by="interpreters")
def half_of_the_hashes() -> Process:
    """An experiment is drawn by the hash of a text."""
    return judged(NOTES, judge=is_even_hash)


def one_of_them(payments: Entries) -> frozenset[str]:
    for key in {one["payment_id"] for one in payments.values()}:
        return frozenset({key})
    return frozenset()


@case(paid(1, 1), paid(2, 2), paid(3, 3), shown_by="interpreters")
def the_first_of_a_set() -> Process:
    """The first of a set is chosen."""
    return chosen(PAYMENTS, one_of_them)


def longest(notes: Entries) -> str:
    return max({one["text"] for one in notes.values()}, key=len, default="")


@case(noted(1, "ab"), noted(2, "cd"), noted(3, "ef"), shown_by="interpreters")
def the_longest_of_a_set() -> Process:
    """Of equally long texts the one is taken that the set has first."""
    return shown(NOTES, compute=longest)


def set_sum(parcels: Entries) -> float:
    total = 0.0
    for key in frozenset(parcels):
        total += parcels[key]["kilos"]
    return total


@case(*[weighed(n, k) for n, k in enumerate((0.1, 0.2, 0.3, 1e15), 1)], shown_by="interpreters")
def floats_summed_by_a_set() -> Process:
    """Floats are added in the order of a set of their keys, which shows in the last digit."""
    return shown(PARCELS, compute=set_sum)


class Colour(Enum):
    RED = "red"
    GREEN = "green"
    BLUE = "blue"


def colours(notes: Entries) -> str:
    found = {Colour.RED, Colour.GREEN, Colour.BLUE} if notes else set()
    return next((one.value for one in found), "none")


@case(noted(1, "x"), shown_by="interpreters")
def a_set_of_enum_members() -> Process:
    """The first member of a set of an enum's members."""
    return shown(NOTES, compute=colours)


NUMBERS: Iterator[int] = count()


def numbered(known: dict[str, int], fact: Fact) -> dict[str, int]:
    key = fact.fields["note_id"]
    return known if key in known else known | {key: next(NUMBERS)}


@case(noted(1, "a"), noted(2, "b"))
def numbered_by_the_module() -> Process:
    """Each note gets the next number of a counter of the module."""
    return shown(Reducer("numbers", (Noted,), {}, numbered))


FIRST: dict[str, Any] = {}


def cached(payments: Entries) -> int:
    for key, one in payments.items():
        FIRST.setdefault("first", one["amount"])
        assert key
    return int(FIRST.get("first", 0))


@case(paid(1, 1), paid(2, 2), shown_by="interpreters")
def a_cache_of_the_module() -> Process:
    """The first amount that the interpreter ever saw is sent in every instance."""
    return shown(PAYMENTS, compute=cached)


def collecting(payments: Entries, known: list[str] = []) -> int:  # noqa: B006 -- what is wrong with it
    known.extend(key for key in payments if key not in known)
    return len(known)


@case(paid(1, 1), paid(2, 2), shown_by="interpreters")
def a_mutable_default() -> Process:
    """A default list keeps what other instances had."""
    return shown(PAYMENTS, compute=collecting)


def drawn(payments: Entries) -> float:
    return random.random()


@case(paid(1, 1), paid(2, 2))
def drawn_by_chance() -> Process:
    """A figure is drawn by chance."""
    return shown(PAYMENTS, compute=drawn)


def is_this_year(payments: Entries) -> bool:
    return bool(payments) and time.gmtime(time.time()).tm_year < 2027


@case(paid(1, 1), shown_by="interpreters")
def a_year_of_the_clock() -> Process:
    """A campaign ends with the year in which the function is asked."""
    return judged(PAYMENTS, judge=is_this_year)


ONCE: Iterator[int] = iter([5])


def once(payments: Entries) -> int:
    return next(ONCE, 0)


@case(paid(1, 1), paid(2, 2), shown_by="interpreters")
def an_iterator_that_ends() -> Process:
    """An iterator of the module is used up by the first who asks."""
    return shown(PAYMENTS, compute=once)


def popped(known: str, fact: Fact) -> str:
    return {known, str(fact.fields["payment_id"])}.pop()


@case(paid(1, 1), paid(2, 2), paid(3, 3), shown_by="interpreters")
def popped_from_a_set() -> Process:
    """The known id and the new one are put into a set, and one is popped."""
    return shown(Reducer("id", (Paid,), "none", popped))
