"""Functions that look as if they raised, remembered or drew by lot, and don't."""

import base64
import binascii
import calendar
import math
import random
import re
import uuid
import zlib
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from itertools import zip_longest
from statistics import correlation, quantiles

from saga import Entries, Process
from tests.adversary.kit import case, judged, shown
from tests.adversary.planted.twelfth_messages import (
    BALLOTS,
    BOOKS,
    CODES,
    DAYS,
    GEARS,
    HEXES,
    METERS,
    POINTS,
    ROWS,
    SHARES,
    TRIPS,
    Hexed,
    Shared,
    coded,
    dated,
    geared,
    knitted,
    metered,
    plotted,
    ranked,
    sailed,
    shelved,
)


@case(Hexed("i", "h1", "a0"), Hexed("i", "h2", "abc"))
def colours_with_a_zero_in_front() -> Process:
    """An odd number of digits gets a zero in front."""

    def sums(held: Entries) -> list[int]:
        texts = [one["digits"] for one in held.values()]
        return sorted(sum(bytes.fromhex("0" * (len(text) % 2) + text)) for text in texts)

    return shown(HEXES, compute=sums)


@case(metered(1, 1, 5), metered(2, 2, 9), metered(3, 3, 900))
def a_quarter_of_at_least_two() -> Process:
    """Quarters are asked for when there are two months."""

    def is_spread(held: Entries) -> bool:
        if len(held) < 2:
            return False
        low, _, high = quantiles(sorted(one["used"] for one in held.values()))
        return bool(high - low > 100)

    return judged(METERS, judge=is_spread)


@case(metered(1, 2, 5), metered(2, 0, 5))
def days_of_a_year_or_a_month() -> Process:
    """Month zero is a year."""

    def days(held: Entries) -> int:
        months = [one["month"] for one in held.values()]
        return sum(calendar.monthrange(2030, month)[1] if month else 365 for month in months)

    return shown(METERS, compute=days)


@case(knitted(1, 1, 2), knitted(2, 1, 2, 3), knitted(3))
def rows_of_different_lengths_upon_each_other() -> Process:
    """A shorter row counts as zeros at its end, and pairs of a row of one are none."""

    def layers(held: Entries) -> list[int]:
        rows = [one["stitches"] for one in held.values()]
        return [sum(column) for column in zip_longest(*rows, fillvalue=0)] + [
            sum(math.comb(max(len(row) - 2, 0), 2) for row in rows)
        ]

    return shown(ROWS, compute=layers)


@case(plotted(1, 1, 5), plotted(2, 1, 9), plotted(3, 4, 4))
def points_with_a_slope() -> Process:
    """A slope is asked for when the points differ both ways."""

    def is_slope(held: Entries) -> bool:
        points = sorted((one["x"], one["y"]) for one in held.values())
        wide, high = [x for x, _ in points], [y for _, y in points]
        return len({*wide}) > 1 and len({*high}) > 1 and correlation(wide, high) > 0.9

    return judged(POINTS, judge=is_slope)


@case(coded(1, "bGFtcA=="), coded(2, "lamps"), coded(3, "é"))
def codes_that_can_be_read() -> Process:
    """What is no code counts as nothing."""

    def size(held: Entries) -> int:
        found = 0
        for one in held.values():
            try:
                found += len(base64.b64decode(one["code"], validate=True))
            except (binascii.Error, ValueError):
                continue
        return found

    return shown(CODES, compute=size)


@case(geared(1, 3), geared(2, 52))
def keys_that_have_an_inverse() -> Process:
    """A key that shares a divisor with 26 is passed over."""

    def inverses(held: Entries) -> list[int]:
        return sorted({pow(one["teeth"], -1, 26) for one in held.values() if math.gcd(one["teeth"], 26) == 1})

    return shown(GEARS, compute=inverses)


@case(Shared("i", "h1", "1/2"), Shared("i", "h2", "3/0"), Shared("i", "h3", "9/5"))
def shares_of_something() -> Process:
    """A share of nothing is none."""

    def is_enough(held: Entries) -> bool:
        parts = [one["part"] for one in held.values()]
        return sum(Fraction(part) for part in parts if not part.endswith("/0")) >= 2

    return judged(SHARES, judge=is_enough)


@case(dated(1, "2030-01-05"), dated(2, "2030-03-06"))
def a_shift_by_the_checksum_of_a_day() -> Process:
    """A checksum of the text is the same everywhere."""
    return shown(DAYS, compute=lambda held: sorted(zlib.crc32(one["on"].encode()) % 7 for one in held.values()))


@case(ranked(1, "elm", "oak"), ranked(2, "fir", "ash"))
def trees_with_a_number_by_name() -> Process:
    """The trees are numbered as their names are sorted, out of a set."""

    def numbers(held: Entries) -> dict[str, int]:
        trees = {tree for one in held.values() for tree in one["choices"]}
        return {tree: number for number, tree in enumerate(sorted(trees))}

    return shown(BALLOTS, compute=numbers)


@case(coded(1, "lam"), coded(2, "lamp"), coded(3, "lampshade"))
def a_pattern_with_the_longest_first() -> Process:
    """The alternatives are sorted, the longest first."""

    def parts(held: Entries) -> list[str]:
        words = sorted({one["code"] for one in held.values() if one["code"]}, key=lambda one: (-len(one), one))
        return re.findall("|".join(map(re.escape, words)), "lampshade and lamp") if words else []

    return shown(CODES, compute=parts)


@case(shelved(1, "atlas"), shelved(2, "pilot"), shelved(3, "tides"))
def a_name_made_of_all_titles() -> Process:
    """An id is made of a name, and the name of sorted titles."""

    def name(held: Entries) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(sorted(one["title"] for one in held.values()))))

    return shown(BOOKS, compute=name)


@case(shelved(1, "atlas"), shelved(2, "pilot"), shelved(3, "tides"))
def a_book_drawn_by_a_seed() -> Process:
    """Lots are drawn with a seed that is made of the number of books."""
    return shown(BOOKS, compute=lambda held: random.Random(len(held)).choice(sorted(held) or ["none"]))


@lru_cache(maxsize=4)
def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


@case(shelved(1, "Atlas"), shelved(2, "atlas "), shelved(3, "tides"))
def titles_folded_by_a_small_cache() -> Process:
    """The cache forgets, and computes the same again."""
    return shown(BOOKS, compute=lambda held: sorted({_folded(one["title"]) for one in held.values()}))


class Harbour:
    """Ports by their names."""

    def __init__(self) -> None:
        self.ports: list[str] = []

    def add(self, port: str) -> None:
        """Note the port."""
        if port not in self.ports:
            self.ports.append(port)

    def number(self, port: str) -> int:
        """The place of the port among all that were noted."""
        return sorted(self.ports).index(port)


@case(sailed(1, ("Rye", 5)), sailed(2, ("Hull", 6)), sailed(3))
def ports_of_a_new_harbour() -> Process:
    """A new object is made for each question, with a list of its own."""

    def numbers(held: Entries) -> list[int]:
        harbour, ports = Harbour(), [leg["port"] for one in held.values() for leg in one["legs"]]
        for port in ports:
            harbour.add(port)
        return [harbour.number(port) for port in ports]

    return shown(TRIPS, compute=numbers)


def _from(least: int) -> Callable[[int], bool]:
    return lambda used: used >= least


LIMITS = [_from(least) for least in (10, 100, 1000)]


@case(metered(1, 1, 50), metered(2, 2, 950))
def tiers_that_are_bound_early() -> Process:
    """Each function of the list has a limit of its own."""
    return shown(METERS, compute=lambda held: sum(limit(sum(one["used"] for one in held.values())) for limit in LIMITS))
