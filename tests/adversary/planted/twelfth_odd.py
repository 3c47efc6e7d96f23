"""What goes wrong for one text or one number in a thousand: check digits, round trips, words that are reserved."""

import shlex
import textwrap
from dataclasses import astuple, make_dataclass
from functools import reduce
from operator import xor
from statistics import geometric_mean
from typing import Any
from xml.etree import ElementTree as ET

from saga import Entries, Fact, Process, Reducer
from tests.adversary.kit import case, granted, judged, shown
from tests.adversary.planted.twelfth_messages import (
    BOOKS,
    CODES,
    GEARS,
    HEXES,
    METERS,
    ROWS,
    RULES,
    Coded,
    Filled,
    Hexed,
    Known,
    Quoted,
    Ranked,
    Ruled,
    Sailed,
    Shelved,
    coded,
    filled,
    geared,
    knitted,
    metered,
    quoted,
    ranked,
    sailed,
    shelved,
)


def _is_valid(code: str) -> bool:
    return len(code) == 6 and code.isascii() and code.isdigit() and int(code) % 97 == 1


def _account(known: str, fact: Fact) -> str:
    code = fact.fields["code"]
    return code if _is_valid(code) else known


@case(coded(1, "000195"), coded(2, "970001"), coded(3, "123456"))
def the_last_account_that_is_valid() -> Process:
    """Of numbers with a right check the last one counts, and others are passed over."""
    return shown(Reducer("account", (Coded,), "", _account))


@case(geared(1, 20), geared(2, 8), geared(3, 1))
def a_perfect_number_of_teeth() -> Process:
    """The sum of all teeth is the sum of what divides it, for now."""

    def is_perfect(held: Entries) -> bool:
        whole: int = sum(one["teeth"] for one in held.values())
        return whole > 1 and sum(part for part in range(1, min(whole, 9_000)) if whole % part == 0) == whole

    return granted(GEARS, judge=is_perfect)


def _full(known: Known, fact: Fact) -> Known:
    choices = list(fact.fields["choices"])
    if len({*choices}) == 4:
        return {**known, "full": known["full"] or choices}
    return {**known, "trees": sorted({*known["trees"], *choices})}


@case(ranked(1, "elm", "oak", "fir", "ash"), ranked(2, "ash", "fir", "oak", "elm"), ranked(3, "elm"))
def a_ballot_with_all_trees() -> Process:
    """A ballot with all four trees is kept as it is, the first of them."""
    return shown(Reducer("ballots", (Ranked,), {"full": None, "trees": []}, _full), compute=lambda known: known["full"])


def _round_trip(known: Known, fact: Fact) -> Known:
    legs = fact.fields["legs"]
    if len(legs) < 3 or legs[0]["port"] != legs[-1]["port"]:
        return known
    miles = sum(leg["miles"] for leg in legs)
    return {"miles": miles, "by": legs[1]["port"]} if miles > known["miles"] else known


@case(
    sailed(1, ("Rye", 1), ("Hull", 5), ("Rye", 2)),
    sailed(2, ("Rye", 2), ("Bude", 3), ("Rye", 3)),
    sailed(3, ("Rye", 1)),
)
def the_longest_round_trip() -> Process:
    """Two round trips over three ports have as many miles."""
    return shown(Reducer("trip", (Sailed,), {"miles": 0, "by": ""}, _round_trip))


def _dozens(known: Known, fact: Fact) -> Known:
    pieces = fact.fields["pieces"]
    if pieces % 12 or not pieces:
        return known
    key = str(pieces // 12)
    return known if key in known else {**known, key: fact.fields["price"]}


@case(quoted(1, "2.5", 24), quoted(2, "2.75", 24), quoted(3, "1", 5))
def prices_for_dozens() -> Process:
    """The first price for a number of dozens stays, and prices for pieces are passed over."""
    return shown(Reducer("dozens", (Quoted,), {}, _dozens))


def _author(known: list[str], fact: Fact) -> list[str]:
    title = fact.fields["title"]
    turned = ", ".join(reversed(title.split(" ")))
    if " " in title and turned in known:
        return known
    other = " ".join(reversed(title.split(", ")))
    return known if ", " in title and other in known else sorted({*known, title})


@case(shelved(1, "Ada Lovelace"), shelved(2, "Lovelace, Ada"))
def names_with_a_comma_and_without() -> Process:
    """A name that is known the other way round is kept as it came first."""
    return shown(Reducer("authors", (Shelved,), [], _author))


def _diagonal(known: Known, fact: Fact) -> Known:
    row, column, digit = (fact.fields[name] for name in ("row", "column", "digit"))
    return {"digit": digit, "first": known["first"] or digit} if row == column == 8 - digit else known


@case(filled(1, 3, 3, 5), filled(2, 6, 6, 2), filled(3, 1, 2, 3))
def cells_on_the_other_diagonal() -> Process:
    """A digit that makes eight with its row and its column is remembered, the first and the last one."""
    return shown(Reducer("diagonal", (Filled,), {"digit": 0, "first": 0}, _diagonal))


@case(Hexed("i", "h1", "6f6b"), Hexed("i", "h2", "c328"))
def a_word_in_sixteens() -> Process:
    """Two digits are a letter, and not all bytes are a word."""

    def words(held: Entries) -> list[str]:
        return sorted(bytes.fromhex(one["digits"].zfill(8)).lstrip(b"\0").decode() for one in held.values())

    return shown(HEXES, compute=words)


@case(shelved(1, "atlas", 1), shelved(2, "class", 2))
def a_record_with_titles_as_names() -> Process:
    """Titles that are names are fields of a record, but for those that are reserved."""

    def record(held: Entries) -> list[Any]:
        names = sorted({one["title"] for one in held.values() if one["title"].isidentifier()})
        return [*astuple(make_dataclass("Row", names)(*range(len(names))))]

    return shown(BOOKS, compute=record)


@case(coded(1, "lamp -x"), coded(2, "keeper's"))
def codes_that_are_split_like_a_shell() -> Process:
    """A code with one quote has no end."""
    return shown(CODES, compute=lambda held: sum(len(shlex.split(one["code"])) for one in held.values()))


@case(shelved(1, "atlas"), shelved(2, "Fish & Ships"))
def a_title_within_a_document() -> Process:
    """A title is put between two marks as it is, and may have a mark of its own."""

    def lengths(held: Entries) -> list[int]:
        texts = [f"<title>{one['title']}</title>" for one in held.values()]
        return sorted(len(ET.fromstring(text).text or "") for text in texts)  # noqa: S314

    return shown(BOOKS, compute=lengths)


@case(shelved(1, "atlas of the coast"), Ruled("i", 0))
def titles_on_labels_of_a_width() -> Process:
    """The width of a label is the limit, which may be nothing."""

    def lines(held: Entries, rules: Entries) -> int:
        width = next((one["limit"] for one in rules.values() if one["limit"] is not None), 20)
        return sum(len(textwrap.wrap(one["title"], width)) for one in held.values())

    return shown(BOOKS, RULES, compute=lines)


@case(coded(1, "abc"), coded(2, "ab"))
def letters_that_stand_for_letters() -> Process:
    """The two first codes are letters and what they stand for, and are not equally long."""

    def is_plain(held: Entries) -> bool:
        codes = [one["code"] for one in held.values()][:2]
        return len(codes) == 2 and "lamp".translate(str.maketrans(*codes)) == "lamp"

    return judged(CODES, judge=is_plain)


@case(metered(1, 1, 5), metered(2, 2, 0))
def a_mean_of_growth() -> Process:
    """The mean of factors takes their logarithms, and nothing was used in a month."""

    def is_fast(held: Entries) -> bool:
        return bool(held) and geometric_mean(one["used"] for one in held.values()) > 3

    return judged(METERS, judge=is_fast)


@case(knitted(1, 1, 5), knitted(2))
def a_parity_of_each_row() -> Process:
    """The stitches of a row are folded into one, and a row may have none."""
    return shown(ROWS, compute=lambda held: sorted(reduce(xor, one["stitches"]) for one in held.values()))
