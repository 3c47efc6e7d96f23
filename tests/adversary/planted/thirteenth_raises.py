"""Functions that fail at values that a class admits: cues, seeds, hosts, glyphs and amperes."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import ROUND_UP, Decimal
from ipaddress import ip_address
from itertools import islice
from math import comb, log10, sqrt
from operator import itemgetter
from statistics import quantiles
from string import Formatter
from textwrap import wrap
from urllib.parse import urlsplit

from saga import Entries, Fact, Process, Reducer
from tests.adversary.kit import case, judged, shown
from tests.adversary.planted.thirteenth_messages import (
    BALLOTS,
    BEDS,
    BOOKS,
    FLOWS,
    FUSES,
    GAUGES,
    HOSTS,
    LINES,
    NOTES,
    STARS,
    SWAPS,
    THREADS,
    WRITES,
    Known,
    Phrased,
    balloted,
    charted,
    cloned,
    flowed,
    fused,
    gauged,
    hosted,
    phrased,
    pitched,
    seated,
    shelved,
    sown,
    woven,
)


@case(flowed(1, 0.1), flowed(2, 0.1), flowed(3, 0.1))
def a_spread_below_zero() -> Process:
    """The mean of squares less the square of the mean is a little below zero where all flows are alike."""

    def spread(flows: Entries) -> float:
        litres = [one["litres"] for one in flows.values()]
        mean = sum(litres) / max(1, len(litres))
        return round(sqrt(sum(one * one for one in litres) / max(1, len(litres)) - mean * mean), 3)

    return shown(FLOWS, compute=spread)


@case(hosted(1, "192.0.2.7"), hosted(2, "2001:db8::7"))
def hosts_of_two_families() -> Process:
    """Addresses are sorted as addresses, and those of two families can't be compared."""

    def addresses(hosts: Entries) -> list[str]:
        blocks = [one["block"] for one in hosts.values() if re.fullmatch(r"[0-9a-f:.]{7,}", one["block"])]
        valid = [one for one in blocks if one.count(".") == 3 or one.count("::") == 1]
        return [str(one) for one in sorted(map(ip_address, valid))]

    return shown(HOSTS, compute=addresses)


@case(phrased(1, "rise\tand fall"))
def letters_with_their_names() -> Process:
    """Each letter of a line has a name in Unicode, but for those that control something."""

    def names(lines: Entries) -> int:
        letters = {letter for one in lines.values() for letter in one["text"] if not letter.isprintable()}
        return len({unicodedata.name(one).split()[0] for one in letters})

    return shown(LINES, compute=names)


@case(sown(1, "oats", 12, 0), sown(2, "rye", 3, 2))
def stakes_along_a_bed() -> Process:
    """A stake stands at each row length, and a length of nothing is no step."""

    def stakes(beds: Entries) -> int:
        return sum(len(range(0, one["rows"], one["row_length"])) for one in beds.values() if one["rows"] > 10)

    return shown(BEDS, compute=stakes)


@case(woven(1, 255), woven(2, 1))
def threads_in_one_byte() -> Process:
    """The threads are added and written as a byte, and two of them may be more than that."""

    def code(threads: Entries) -> str:
        return int(sum(one["bits"] for one in threads.values())).to_bytes(1, "big").hex()

    return shown(THREADS, compute=code)


@case(fused(1, "1234567890123456789012345678.25"))
def amps_to_a_tenth() -> Process:
    """Rounding to a tenth fails where 28 digits are not enough."""

    def amps(fuses: Entries) -> list[str]:
        return [str(Decimal(one["amps"]).quantize(Decimal("0.1"), ROUND_UP)) for one in fuses.values()]

    return shown(FUSES, compute=amps)


@case(phrased(1, "c0ffe"), phrased(2, "00"))
def colours_in_hexadecimal() -> Process:
    """Whatever has only letters and digits of the sixteen is read as bytes, of which each has two."""

    def brightest(lines: Entries) -> int:
        colours = [one["text"] for one in lines.values() if re.fullmatch(r"[0-9a-f]+", one["text"])]
        return max((max(bytes.fromhex(one), default=0) for one in colours), default=0)

    return shown(LINES, compute=brightest)


@case(gauged(1, 30, 600), gauged(2, -30, 30))
def a_tide_on_a_logarithmic_scale() -> Process:
    """Levels are drawn by their logarithm, and those at the mark have none together."""

    def scale(gauges: Entries) -> float:
        mean = sum(one["level"] for one in gauges.values()) / max(1, len(gauges))
        return round(log10(abs(mean)), 2) if gauges else 0.0

    return shown(GAUGES, compute=scale)


@case(balloted("Ann", "cook", 3), balloted("Bo", "cook", None), balloted("Cy", "cook", None))
def jurors_sorted_by_their_doubt() -> Process:
    """Suspects first and then doubts, and who has no doubt can't be compared with who has."""

    def order(ballots: Entries) -> list[str]:
        return [one["juror"] for one in sorted(ballots.values(), key=itemgetter("suspect", "doubt"))]

    return shown(BALLOTS, compute=order)


@case(pitched(1, 60), pitched(2, 64, "bass"))
def quartiles_of_a_voice() -> Process:
    """The quartiles of each voice need two notes of it."""

    def middle(notes: Entries) -> int:
        voices = {one["voice"] for one in notes.values()}
        cuts = [quantiles(one["pitch"] for one in notes.values() if one["voice"] == voice) for voice in voices]
        return int(max(one[1] for one in cuts)) if len(notes) > 1 and cuts else 0

    return shown(NOTES, compute=middle)


@case(phrased(1, "hand on {0} and {1"))
def places_in_a_template() -> Process:
    """The places that a translator left open are counted, and a brace may be open for ever."""

    def places(lines: Entries) -> int:
        parsed = [Formatter().parse(one["text"]) for one in lines.values() if "{" in one["text"]]
        return sum(name is not None for one in parsed for _, name, _, _ in one)

    return shown(LINES, compute=places)


@case(shelved(1, "1²"), shelved(2, "7"))
def marks_that_are_digits() -> Process:
    """A raised two is a digit, and no number."""

    def highest(books: Entries) -> int:
        return max((int(one["mark"]) for one in books.values() if one["mark"].isdigit()), default=0)

    return shown(BOOKS, compute=highest)


@case(seated(1, "Ann", "Bo"), seated(2, "Bo", "Ann"))
def who_sits_last_in_a_round() -> Process:
    """The last seat is that of somebody who gives up none, and a round has no such seat."""

    def last(swaps: Entries) -> str:
        others = {one["other"] for one in swaps.values()}
        return min(others - {one["one"] for one in swaps.values()}) if others else ""

    return shown(SWAPS, compute=last)


@case(hosted(1, "//[sea"), hosted(2, "//reef:80"))
def ports_of_hosts() -> Process:
    """A host is taken apart as an address of the web, where a bracket has a meaning."""

    def ports(hosts: Entries) -> list[str]:
        return sorted({urlsplit(one["block"]).netloc for one in hosts.values() if one["block"].startswith("//")})

    return shown(HOSTS, compute=ports)


@case(charted(1, 3, -4), charted(2, 5, 1))
def constellations_of_stars() -> Process:
    """How many figures there are, of as many stars as the least place north, which may be south."""

    def figures(stars: Entries) -> int:
        return comb(len(stars), min(one["y"] for one in stars.values())) if len(stars) > 1 else 0

    return shown(STARS, compute=figures)


@case(cloned(1, "red", a=3), cloned(2, "blue", a=1, b=2))
def clocks_with_the_same_nodes() -> Process:
    """The clocks of two writes are subtracted node by node, and a node may be in one of them alone."""

    def is_far(writes: Entries) -> bool:
        clocks = [one["clock"] for one in writes.values() if one["clock"]]
        return any(abs(one[node] - clocks[0][node]) > 100 for one in clocks[1:] for node in one)

    return judged(WRITES, judge=is_far)


@case(sown(1, "oats", 999, 999), sown(2, "oats", 999, 999), sown(3, "rye", 999, 999))
def a_harvest_beyond_the_calendar() -> Process:
    """Each plant takes a day, and a large farm needs more than there are."""

    def harvested(beds: Entries) -> str:
        plants = sum(one["rows"] * one["row_length"] for one in beds.values())
        return (date(2030, 4, 1) + timedelta(days=plants)).isoformat()

    return shown(BEDS, compute=harvested)


def _pairs(texts: Iterable[str]) -> list[list[str]]:
    rest = iter(sorted(texts))
    return [[first, second] for first, second in zip(rest, rest, strict=True)]


@case(phrased(1, "ebb"), phrased(2, "flow"), phrased(3, "spring"), phrased(4, "neap"))
def lines_two_by_two() -> Process:
    """From the third line on they are put in pairs, and three are not pairs."""

    def pairs(lines: Entries) -> int:
        texts = {one["text"] for one in lines.values()}
        return len(_pairs(texts)) if len(texts) > 2 else 0

    return shown(LINES, compute=pairs)


def _wrapped(known: Known, fact: Fact) -> Known:
    """The widest line of a stanza as wide as the line has a place."""
    widest = max(map(len, islice(wrap(fact.fields["text"], fact.fields["place"]), 9)), default=0)
    return {"widest": max(known["widest"], widest)}


@case(phrased(1, "ebb and flow", 0), phrased(2, "neap", 7))
def a_stanza_of_no_width() -> Process:
    """A text is wrapped at a width, and nothing can be wrapped at zero."""
    return shown(Reducer("stanza", (Phrased,), {"widest": 0}, _wrapped))
