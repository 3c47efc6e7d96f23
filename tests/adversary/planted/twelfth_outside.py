"""Functions of lighthouses and libraries that depend on the interpreter, or on other instances."""

import os
import re
from contextvars import ContextVar
from datetime import date
from functools import lru_cache
from typing import Any, ClassVar

from saga import Entries, Fact, Process, Reducer
from tests.adversary.kit import case, judged, shown
from tests.adversary.planted.twelfth_messages import (
    BALLOTS,
    BOOKS,
    CODES,
    DAYS,
    GEARS,
    METERS,
    ROWS,
    TRIPS,
    Knitted,
    coded,
    dated,
    geared,
    knitted,
    metered,
    ranked,
    sailed,
    shelved,
)


@case(dated(1, "2030-01-05"), dated(2, "2030-03-06"), shown_by="interpreters")
def a_shift_by_the_hash_of_a_day() -> Process:
    """A day is hashed like the bytes that it is made of, which differ between interpreters."""
    return shown(DAYS, compute=lambda held: sorted(hash(date.fromisoformat(one["on"])) % 7 for one in held.values()))


@case(ranked(1, "elm", "oak"), ranked(2, "fir", "ash"), shown_by="interpreters")
def trees_with_a_number() -> Process:
    """The trees are numbered as a set has them."""

    def numbers(held: Entries) -> dict[str, int]:
        trees = {tree for one in held.values() for tree in one["choices"]}
        return {tree: number for number, tree in enumerate(trees)}

    return shown(BALLOTS, compute=numbers)


@case(coded(1, "lam"), coded(2, "lamp"), coded(3, "lampshade"), shown_by="interpreters")
def a_pattern_out_of_a_set() -> Process:
    """The alternatives of a pattern come out of a set, and the first that fits is taken."""

    def parts(held: Entries) -> list[str]:
        words = {re.escape(one["code"]) for one in held.values() if one["code"]}
        return re.findall("|".join(words), "lampshade and lamp") if words else []

    return shown(CODES, compute=parts)


@case(shelved(1, "atlas"), shelved(2, "pilot"), shelved(3, "tides"), shown_by="interpreters")
def a_set_in_a_sentence() -> Process:
    """The sentence has the set as Python writes it."""
    return shown(BOOKS, compute=lambda held: f"missing: { {one['title'] for one in held.values()} }")


@case(shelved(1, "atlas"), shelved(2, "pilot"), shelved(3, "tides"), shown_by="interpreters")
def titles_by_their_place_in_memory() -> Process:
    """Whoever is first in memory is first in the list."""
    return shown(BOOKS, compute=lambda held: sorted((one["title"] for one in held.values()), key=id))


def _is_patient(held: Entries) -> bool:
    _is_patient.asked = getattr(_is_patient, "asked", 0) + 1  # type: ignore[attr-defined]
    return bool(held) and _is_patient.asked > 9  # type: ignore[attr-defined]


@case(geared(1, 5), geared(2, 6))
def a_function_that_loses_patience() -> Process:
    """The function counts in an attribute of its own how often it was asked."""
    return judged(GEARS, judge=_is_patient)


LAST: ContextVar[int] = ContextVar("last", default=0)


def _changed(held: Entries) -> int:
    used: int = sum(one["used"] for one in held.values())
    before = LAST.get()
    LAST.set(used)
    return used - before


@case(metered(1, 1, 5), metered(2, 2, 9))
def what_came_since_the_last_look() -> Process:
    """The last sum is kept in a variable of the context, for whoever asks next."""
    return shown(METERS, compute=_changed)


class Harbour:
    """Ports by the order in which any object got them."""

    ports: ClassVar[list[str]] = []

    def number(self, port: str) -> int:
        """The place of the port."""
        if port not in self.ports:
            self.ports.append(port)
        return self.ports.index(port)


@case(sailed(1, ("Rye", 5)), sailed(2, ("Hull", 6)), shown_by="interpreters")
def ports_of_all_harbours() -> Process:
    """A new object is made each time, and its list belongs to the class."""

    def numbers(held: Entries) -> list[int]:
        harbour = Harbour()
        return [harbour.number(leg["port"]) for one in held.values() for leg in one["legs"]]

    return shown(TRIPS, compute=numbers)


@lru_cache
def _square(number: int) -> int:
    return number * number


def _squares(held: Entries) -> dict[str, int]:
    area = sum(_square(one["teeth"]) for one in held.values())
    return {"area": area, "hits": min(_square.cache_info().hits, 20)}


@case(geared(1, 5), geared(2, 6))
def a_figure_with_its_hits() -> Process:
    """The command says how often the cache was of use."""
    return shown(GEARS, compute=_squares)


def _region(held: Entries) -> str:
    first = min((one["title"] for one in held.values()), default="none")
    return os.environ.setdefault("LIGHTHOUSE_OF_A_TEST", first)


@case(shelved(1, "pilot"), shelved(2, "atlas"), shown_by="interpreters")
def a_title_in_the_environment() -> Process:
    """The first title of any instance becomes the default of the whole worker."""
    return shown(BOOKS, compute=_region)


class Loom(dict[str, Any]):
    """A mapping that notes what it lacked."""

    def __missing__(self, key: str) -> int:
        self[key] = len(self)
        return len(self) - 1


LOOM = Loom()


def _weave(known: list[int], fact: Fact) -> list[int]:
    return sorted({*known, *(LOOM[f"stitch {one}"] for one in fact.fields["stitches"])})


@case(knitted(1, 5, 6), knitted(2, 7), shown_by="interpreters")
def stitches_with_numbers_of_the_loom() -> Process:
    """A mapping of the module gives a number to each stitch that it does not know."""
    return shown(Reducer("numbers", (Knitted,), [], _weave))


SEEN_ROWS: dict[int, list[int]] = {}


@case(knitted(1, 5, 6), knitted(2, 7, 4), shown_by="interpreters")
def rows_remembered_by_their_sum() -> Process:
    """Two rows of one sum are one row for the memory of the module."""

    def rows(held: Entries) -> list[list[int]]:
        return [SEEN_ROWS.setdefault(sum(one["stitches"]), list(one["stitches"])) for one in held.values()]

    return shown(ROWS, compute=rows)
