"""Functions of lighthouses, looms and surveyors that raise for what a message may say."""

import base64
import calendar
import math
import struct
import unicodedata
from fractions import Fraction
from statistics import correlation, quantiles

from saga import DerivedColumn, Entries, Fact, Process, Reducer, outcomes
from tests.adversary.kit import Out, case, judged, proc, shown
from tests.adversary.planted.twelfth_messages import (
    BOOKS,
    CODES,
    DUTIES,
    GEARS,
    HEXES,
    METERS,
    PACKETS,
    POINTS,
    ROWS,
    SHARES,
    TRIPS,
    Geared,
    Hexed,
    Shared,
    coded,
    geared,
    knitted,
    metered,
    plotted,
    rostered,
    sailed,
    sequenced,
    shelved,
)


@case(Hexed("i", "h1", "a0"), Hexed("i", "h2", "abc"))
def colours_of_half_bytes() -> Process:
    """Two digits make a byte, and a number of digits may be odd."""
    return shown(HEXES, compute=lambda held: sorted(sum(bytes.fromhex(one["digits"])) for one in held.values()))


@case(metered(1, 1, 5), metered(2, 2, 9))
def a_quarter_of_one_month() -> Process:
    """Quarters need two months, and the first one comes alone."""

    def is_spread(held: Entries) -> bool:
        if not held:
            return False
        low, _, high = quantiles(one["used"] for one in held.values())
        return bool(high - low > 100)

    return judged(METERS, judge=is_spread)


@case(coded(1, "a"), coded(2, "\t"))
def the_names_of_letters() -> Process:
    """A tab is a letter without a name."""
    return shown(
        CODES, compute=lambda held: sorted({unicodedata.name(one["code"][:1] or "a") for one in held.values()})
    )


@case(metered(1, 2, 5), metered(2, 0, 5))
def days_of_a_month_of_none() -> Process:
    """Month zero stands for a whole year, and the calendar has no such month."""

    def days(held: Entries) -> int:
        return sum(calendar.monthrange(2030, one["month"])[1] for one in held.values())

    return shown(METERS, compute=days)


@case(knitted(1, 1, 2), knitted(2, 1))
def pairs_of_a_short_row() -> Process:
    """Pairs of stitches are counted from the second on, and a row may have none."""
    return shown(ROWS, compute=lambda held: sum(math.comb(len(one["stitches"]) - 2, 2) for one in held.values()))


@case(knitted(1, 1, 2), knitted(2, 1, 2, 3))
def rows_that_are_laid_upon_each_other() -> Process:
    """Rows are added stitch by stitch, and one is longer."""

    def layers(held: Entries) -> list[int]:
        return [sum(column) for column in zip(*(one["stitches"] for one in held.values()), strict=True)]

    return shown(ROWS, compute=layers)


@case(plotted(1, 1, 5), plotted(2, 1, 9), plotted(3, 4, 4))
def points_that_lie_upon_each_other() -> Process:
    """Two points with one x have nothing that could go with it."""

    def is_slope(held: Entries) -> bool:
        points = list(held.values())
        return len(points) > 1 and correlation([one["x"] for one in points], [one["y"] for one in points]) > 0.9

    return judged(POINTS, judge=is_slope)


@case(coded(1, "bGFtcA=="), coded(2, "lamps"))
def codes_in_a_safe_alphabet() -> Process:
    """A code of five letters is no whole number of bytes."""

    def size(held: Entries) -> int:
        return sum(len(base64.urlsafe_b64decode(one["code"].encode())) for one in held.values())

    return shown(CODES, compute=size)


@case(metered(1, 1, 65), metered(2, 2, 2_000_000))
def a_letter_for_each_meter() -> Process:
    """A number is a letter of the alphabet of the world, which ends."""
    return shown(METERS, compute=lambda held: "".join(sorted(f"{ord(chr(one['used']))}." for one in held.values())))


@case(metered(1, 1, 65_535), metered(2, 2, 65_536))
def two_bytes_for_a_meter() -> Process:
    """What was used fits into two bytes, and one unit more does not."""
    return shown(
        METERS, compute=lambda held: sorted(struct.pack(">H", one["used"] % 10**6).hex() for one in held.values())
    )


def _steps(number: int) -> int:
    return 0 if number < 2 else 1 + _steps(number - 1)


@case(geared(1, 30), geared(2, 5_000))
def steps_down_from_a_wheel() -> Process:
    """A function asks itself about the next smaller wheel, a thousand times and more."""
    return shown(GEARS, compute=lambda held: sum(_steps(one["teeth"]) for one in held.values()))


@case(geared(1, 3), geared(2, 52))
def a_key_that_has_no_inverse() -> Process:
    """A key that shares a divisor with 26 can't be undone."""
    inverse = Reducer(
        "inverses", (Geared,), [], lambda known, fact: sorted({*known, pow(fact.fields["teeth"], -1, 26)})
    )
    return shown(inverse)


@case(Shared("i", "h1", "1/2"), Shared("i", "h2", "3/0"))
def a_share_of_nothing() -> Process:
    """A share is two digits with a stroke, and the second one may be zero."""
    return judged(SHARES, judge=lambda held: sum(Fraction(one["part"]) for one in held.values()) >= 2)


@case(coded(1, "rye.example"), coded(2, "rye..example"))
def hosts_with_two_dots() -> Process:
    """A host with nothing between two dots has no form for the wire."""
    return shown(CODES, compute=lambda held: sorted(one["code"].encode("idna").decode() for one in held.values()))


@case(shelved(1, "atlas", 3), shelved(2, "pilot"))
def shelves_in_one_line() -> Process:
    """Shelves are counted with a format for numbers, and a book may stand on none."""
    return shown(BOOKS, compute=lambda held: sorted(f"{one['shelf']:03d} {one['title']}" for one in held.values()))


@case(sailed(1, ("Rye", 5), ("Hull", 6)), sailed(2, ("Rye", 4), ("Rye", 5)))
def a_trip_that_ends_where_it_began() -> Process:
    """A trip is found by its first and last port, and they are unpacked out of two different ones."""

    def ways(held: Entries) -> list[str]:
        found = []
        for one in held.values():
            if len(one["legs"]) > 1:
                start, end = sorted({one["legs"][0]["port"], one["legs"][-1]["port"]})
                found.append(f"{start}-{end}")
        return sorted(found)

    return shown(TRIPS, compute=ways)


@case(rostered(1, "ann", "2030-01-01T08:00:00Z", 90), rostered(2, "bob", "2030-01-02T08:00:00Z", 3_000))
def duties_longer_than_a_day() -> Process:
    """The hours of a duty are read between two letters, and a duty of two days has a day before them."""

    def hours(held: Entries) -> int:
        return sum(int(one["lasts"].removeprefix("PT").partition("H")[0]) for one in held.values())

    return shown(DUTIES, compute=hours)


def _lamp(known: list[int], fact: Fact) -> list[int]:
    return [
        *known[: fact.fields["teeth"] % 4],
        known[fact.fields["teeth"] % 4] | 1,
        *known[fact.fields["teeth"] % 4 + 1 :],
    ]


@case(geared(1, 4), geared(2, 7))
def a_row_of_three_lamps() -> Process:
    """The rest by four is a lamp of three."""
    return shown(Reducer("lamps", (Geared,), [0, 0, 0], _lamp))


@case(sequenced(1, 3), sequenced(2, 200), sequenced(3, 100))
def a_sum_of_packets_in_one_byte() -> Process:
    """The sum of a few numbers is one byte, and of a few more it is none."""
    column = DerivedColumn(
        "even", (PACKETS,), lambda held: bytes([sum(one["number"] for one in held.values())])[0] % 2 == 0
    )
    return proc(outcomes(column, rows=[(True, Out.DONE), (False, Out.OTHER)]), PACKETS)
