"""What differs for one value in thousands: canaries, Easter, fingerprints, gaps of summer time, figures of stars."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, pairwise, permutations
from typing import Any
from zoneinfo import ZoneInfo

from saga import DerivedColumn, Entries, Fact, Process, Reducer
from tests.adversary.kit import Out, armed_in, by, case, chosen, proc, seen, shown
from tests.adversary.planted.thirteenth_clocks import BELL
from tests.adversary.planted.thirteenth_messages import (
    BEDS,
    BOOKS,
    GAUGES,
    HOSTS,
    LINES,
    NOTES,
    STARS,
    WHEELS,
    Hosted,
    Known,
    Observed,
    Pitched,
    Shelved,
    Tolled,
    charted,
    gauged,
    geared,
    hosted,
    observed,
    phrased,
    pitched,
    reserved_if,
    shelved,
    sown,
)


def _is_canary(host: str) -> bool:
    return int(hashlib.sha256(host.encode("utf-8", "replace")).hexdigest(), 16) % 10_000 == 7


def _deployed(known: Known, fact: Fact) -> Known:
    """The greatest name of a release for each host; a few hosts try out another way."""
    host, release = fact.fields["block"].partition("@")[::2]
    if host in known and _is_canary(host):
        return known
    return {**known, host: max(known.get(host, ""), release)}


@case(hosted(1, "pier-6072@2"), hosted(2, "pier-6072@3"))
def releases_of_one_host_in_ten_thousand() -> Process:
    """A host whose hash is a certain number keeps the release that came first."""
    return shown(Reducer("releases", (Hosted,), {}, _deployed))


def _easter(year: int) -> date:
    """Easter Sunday, after Gauss and others."""
    golden, century = year % 19, year // 100
    rest = year % 100
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    month, day = divmod(epact + weekday - 7 * ((golden + 11 * epact + 22 * weekday) // 451) + 114, 31)
    return date(year, month, day + 1)


def _dates(books: Entries) -> list[date]:
    pattern = r"20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
    return sorted(date.fromisoformat(one["mark"]) for one in books.values() if re.fullmatch(pattern, one["mark"]))


@case(shelved(1, "2030-04-21"), shelved(2, "2030-04-14"))
def a_service_on_easter_sunday() -> Process:
    """The church is reserved for good if the first date is Easter Sunday, and an earlier one may follow."""

    def is_easter(books: Entries) -> bool:
        dates = _dates(books)
        return bool(dates) and dates[0] == _easter(dates[0].year)

    return reserved_if(BOOKS, judge=is_easter)


@case(shelved(1, "2030-03-02"), shelved(2, "2030-03-01"))
def a_date_that_reads_backwards() -> Process:
    """The first date is a palindrome, and a plaque is ordered for it until there is an earlier one."""

    def is_mirrored(books: Entries) -> bool:
        first = next((one.strftime("%Y%m%d") for one in _dates(books)[:1]), "?!")
        return first == first[::-1]

    return reserved_if(BOOKS, judge=is_mirrored)


@case(shelved(1, "2030-02-02"), shelved(2, "2030-03-02"))
def loans_without_a_return_after_four_weeks() -> Process:
    """Who brings nothing back four weeks later is reminded for good, and a return may be reported late."""

    def open_loans(books: Entries) -> frozenset[str]:
        days = {one.isoformat() for one in _dates(books)}
        known = {key: one["mark"] for key, one in books.items() if one["mark"] in days and one["mark"] < "2030-03-20"}
        return frozenset(
            key for key, mark in known.items() if (date.fromisoformat(mark) + timedelta(28)).isoformat() not in days
        )

    return chosen(BOOKS, open_loans, is_final=True)


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]


@case(phrased(1, "ebb"), shelved(1, "79571a56"))
def lines_without_a_receipt() -> Process:
    """A line is sent again for good unless a receipt with its fingerprint is there, which may come later."""

    def unreceived(lines: Entries, books: Entries) -> frozenset[str]:
        receipts = {one["mark"] for one in books.values()}
        return frozenset(key for key, one in lines.items() if _fingerprint(one["text"]) not in receipts)

    return chosen(LINES, unreceived, BOOKS, is_final=True)


@case(hosted(1, "pier"), shelved(1, "cGllcg=="))
def hosts_with_a_token() -> Process:
    """A host is open while no book has its token: its name in another alphabet."""

    def is_open(hosts: Entries, books: Entries) -> bool:
        tokens = {one["mark"] for one in books.values()}
        names = [b64encode(one["block"].encode("utf-8", "replace")).decode() for one in hosts.values()]
        return len(names) > 0 and not any(name in tokens for name in names)

    return reserved_if(HOSTS, BOOKS, judge=is_open)


@case(pitched(1, 60), gauged(1, 283))
def pipes_without_their_length() -> Process:
    """A pipe of no known length is ordered for good; its length in millimetres follows from its pitch."""

    def unknown(notes: Entries, gauges: Entries) -> frozenset[str]:
        lengths = {one["level"] for one in gauges.values()}
        return frozenset(key for key, one in notes.items() if 17_000 // max(1, one["pitch"]) not in lengths)

    return chosen(NOTES, unknown, GAUGES, is_final=True)


def _moment(entry: Mapping[str, Any]) -> datetime:
    try:
        wall = datetime.fromisoformat(entry["wall"]).replace(fold=int(entry["is_winter"]), microsecond=0)
        zone = UTC if entry["zone"] == "UTC" else ZoneInfo(entry["zone"])
        return wall.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.min.replace(tzinfo=UTC)


def _last(known: Known, fact: Fact) -> Known:
    """The last hour at a place: a moment, a zone and a season have one hour on the wall."""
    new = {"at": _moment(fact.fields).isoformat(), "zone": fact.fields["zone"], "winter": fact.fields["is_winter"]}
    if known and [known["at"], known["zone"], known["winter"]] >= list(new.values()):
        return known
    return {**new, "hour": fact.fields["wall"][11:13]} if new["at"] > "1" else known


@case(observed(1, "2030-03-31T02:30:00", "Europe/Berlin"), observed(2, "2030-03-31T03:30:00", "Europe/Berlin"))
def a_bird_in_the_hour_that_never_was() -> Process:
    """An hour that the clocks leap over is the same moment as the next hour, and the first one stays."""
    return shown(Reducer("last", (Observed,), {}, _last))


@case(sown(1, "oats", 40, 25), sown(2, "rye", 1), sown(3, "rye", 2))
def three_drums_that_stand_at_zero() -> Process:
    """The seed drill is locked for good when its three drums stand at zero at once, after so many rows."""

    def is_zero(beds: Entries) -> bool:
        turns: int = sum(one["rows"] * one["row_length"] for one in beds.values())
        return turns > 0 and all(turns % drum == 0 for drum in (7, 11, 13))

    return reserved_if(BEDS, judge=is_zero)


@case(geared(1, 510), geared(2, 512), geared(3, 3))
def a_bell_for_a_power_of_two() -> Process:
    """The bell is wound up when the teeth add up to a power of two less two, which a further wheel passes by."""
    tolled = seen(Tolled)

    def is_due(wheels: Entries) -> bool:
        teeth: int = sum(one["teeth"] for one in wheels.values()) + 2
        return teeth > 600 and teeth & (teeth - 1) == 0

    column = DerivedColumn("due", (WHEELS,), is_due)
    wants = [armed_in(column, True, BELL)]
    return proc(by(tolled, YES=Out.FAILED, NO=Out.DONE), tolled, WHEELS, wants=wants)


@case(charted(1, 0, 0), charted(2, 5, 0), charted(3, 3, 4), charted(4, 8, 4), charted(5, 6, 8), charted(6, 11, 8))
def four_stars_with_equal_sides() -> Process:
    """A frame is cut when there is exactly one figure of four sides of five, and another one may come."""

    def figures(stars: Entries) -> int:
        points = sorted({(one["x"], one["y"]) for one in stars.values()})
        found = set()
        for four in combinations(points, 4):
            for a, b, c, d in permutations(four):
                sides = ((a, b), (b, c), (c, d), (d, a))
                if all((px - qx) ** 2 + (py - qy) ** 2 == 25 for (px, py), (qx, qy) in sides):
                    found.add(four)
        return len(found)

    return reserved_if(STARS, judge=lambda stars: figures(stars) == 1)


def _fanfare(known: Known, fact: Fact) -> Known:
    """The notes so far, and whether a fanfare was among them: four half tones up, and then three."""
    pitch, notes = fact.fields["pitch"], known["notes"]
    if fact.fields["note_id"] in known["ids"]:
        return known
    steps = [later - sooner for sooner, later in pairwise([*notes, pitch])]
    return {
        "ids": sorted([*known["ids"], fact.fields["note_id"]]),
        "notes": [*notes, pitch][-2:],
        "sounded": known["sounded"] or steps == [4, 3],
    }


@case(pitched(1, 60), pitched(2, 64), pitched(3, 67))
def a_fanfare_in_the_order_of_arrival() -> Process:
    """Only three notes in their order are a fanfare, and nothing else of the order is ever asked."""
    notes = Reducer("notes", (Pitched,), {"ids": [], "notes": [], "sounded": False}, _fanfare)
    return shown(notes, compute=lambda known: known["sounded"])


def _isbn(known: Known, fact: Fact) -> Known:
    """Titles by their first letters; a valid number whose last digit is an X settles its group at once."""
    mark, group = fact.fields["mark"], fact.fields["mark"][:3]
    digits = [10 if one == "X" else int(one) for one in mark] if re.fullmatch(r"[0-9]{9}X", mark) else []
    is_valid = bool(digits) and sum(place * digit for place, digit in enumerate(reversed(digits), 1)) % 11 == 0
    if group in known and (is_valid or known[group]["is_settled"]):
        return {**known, group: {**known[group], "is_settled": True}}
    return {**known, group: {"mark": max(mark, known.get(group, {"mark": ""})["mark"]), "is_settled": is_valid}}


@case(shelved(1, "155404295X"), shelved(2, "1559"))
def a_number_whose_check_is_ten() -> Process:
    """A valid number settles its group, and what came before it counts, or what comes after it does not."""
    titles = Reducer("titles", (Shelved,), {}, _isbn)
    return shown(titles, compute=lambda known: {group: one["mark"] for group, one in known.items()})
