"""Slips of the language: slices of nothing, stripped letters, orders of keys, wrapped numbers, NaN, shared objects."""

import re
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise, takewhile
from typing import Any

from saga import CommandTemplate, ComputedField, Effect, Entries, Fact, Process, Reducer
from tests.adversary.kit import Do, case, chosen, has_any, one_outcome, proc, shown, wanted_in
from tests.adversary.planted.thirteenth_messages import (
    BEDS,
    BOOKS,
    GAUGES,
    HOSTS,
    LINES,
    NOTES,
    PATCHES,
    Gauged,
    Hosted,
    Known,
    Phrased,
    Pitched,
    Shelved,
    gauged,
    hosted,
    patched,
    phrased,
    pitched,
    shelved,
    sown,
)


def _serial(known: int, fact: Fact) -> int:
    """Numbers of a counter that wraps at a thousand: later is what is less than half a turn ahead."""
    number = fact.fields["minute"]
    return number if known < 0 or 0 < (number - known) % 1000 < 500 else known


@case(gauged(1, 0, 100), gauged(2, 0, 450), gauged(3, 0, 800))
def a_counter_that_wraps_at_a_thousand() -> Process:
    """Any two numbers are in order, and three of them stand around the clock."""
    return shown(Reducer("number", (Gauged,), -1, _serial))


def _latest(known: str, fact: Fact) -> str:
    """The latest minute that is no more than an hour of the day after the one before."""
    new = datetime(2030, 1, 1, tzinfo=UTC) + timedelta(minutes=fact.fields["minute"])
    if known and (new - datetime.fromisoformat(known)).seconds > 12 * 3600:
        return known
    return new.isoformat()


@case(gauged(1, 0, 0), gauged(2, 0, 500), gauged(3, 0, 999))
def seconds_without_the_days() -> Process:
    """The seconds of a span below zero are those of the day before, so that an earlier moment looks later."""
    return shown(Reducer("latest", (Gauged,), "", _latest))


def _short(known: Known, fact: Fact) -> Known:
    """Hosts without their ending, which is taken off letter by letter."""
    return {fact.fields["block"].rstrip(".sea"): fact.fields["block"], **known}


@case(hosted(1, "pier.sea"), hosted(2, "piers.sea"))
def endings_that_are_stripped_letter_by_letter() -> Process:
    """Two names that end in letters of the ending are one without it, and the first one stays."""
    return shown(Reducer("hosts", (Hosted,), {}, _short), compute=lambda known: sorted(known.values()))


def _last_lines(known: list[list[Any]], fact: Fact) -> list[list[Any]]:
    """The lines of the last places, as many as the place of the newest line says, two at most."""
    lines = sorted({(place, text) for place, text in [*known, [fact.fields["place"], fact.fields["text"]]]})
    return [list(line) for line in lines[-min(2, lines[0][0]) :]]


@case(phrased(1, "ebb", 3), phrased(2, "flow", 4), phrased(3, "surf", 5), phrased(4, "neap", 0))
def the_last_none_of_a_list() -> Process:
    """The last zero of a list are all of it, and what was dropped before does not come back."""
    return shown(Reducer("lines", (Phrased,), [], _last_lines))


@dataclass(order=True)
class Singer:
    """A note and who sings it; only the note is compared."""

    pitch: int
    voice: str = field(compare=False)


def _highest(known: Known, fact: Fact) -> Known:
    return asdict(max(Singer(**known), Singer(fact.fields["pitch"], fact.fields["voice"])))


@case(pitched(1, 60, "bass"), pitched(2, 60, "alto"))
def singers_who_are_compared_by_half() -> Process:
    """The order of the class leaves the voice out, so that the first of two equals stays."""
    return shown(Reducer("highest", (Pitched,), {"pitch": -1, "voice": ""}, _highest))


def _number(mark: str) -> float:
    try:
        return float(mark)
    except ValueError:
        return 0.0


def _by_number(known: list[str], fact: Fact) -> list[str]:
    marks = known if fact.fields["mark"] in known else [*known, fact.fields["mark"]]
    return sorted(marks, key=lambda mark: (_number(mark), mark))


@case(shelved(1, "3"), shelved(2, "nan"), shelved(3, "1"))
def marks_in_the_order_of_their_numbers() -> Process:
    """What is no number counts as zero, but for one text that is a number and below none and above none."""
    return shown(Reducer("marks", (Shelved,), [], _by_number))


def _spelled(known: dict[str, str], fact: Fact) -> dict[str, str]:
    try:
        number = str(int(fact.fields["mark"]))
    except ValueError:
        return known
    return dict(sorted({number: fact.fields["mark"], **known}.items()))


@case(shelved(1, "1_0"), shelved(2, "10"))
def numbers_with_a_line_between() -> Process:
    """One number is spelled in two ways that the language takes, and the first spelling stays."""
    return shown(Reducer("marks", (Shelved,), {}, _spelled))


def _blocks(known: list[list[int]], fact: Fact) -> list[list[int]]:
    """Minutes that follow each other are one block; only the last block is looked at."""
    minute = fact.fields["minute"]
    match known:
        case [*rest, [first, last]] if first - 1 <= minute <= last + 1:
            return [*rest, [min(first, minute), max(last, minute)]]
        case _ if any(first <= minute <= last for first, last in known):
            return known
        case _:
            return sorted([*known, [minute, minute]])


@case(gauged(1, 0, 5), gauged(2, 0, 6), gauged(3, 0, 9))
def blocks_that_match_at_the_end() -> Process:
    """A minute joins the last block, and a block before it stays apart from its neighbour."""
    return shown(Reducer("blocks", (Gauged,), [], _blocks))


@case(shelved(1, "1.2"), shelved(2, "1.b"))
def marks_with_parts_of_two_kinds() -> Process:
    """Parts of digits are numbers and others are words, and the two meet in one place."""

    def ordered(books: Entries) -> list[str]:
        marks = [one["mark"] for one in books.values() if re.fullmatch(r"[a-z0-9]+(\.[a-z0-9]+)+", one["mark"])]
        return sorted(marks, key=lambda mark: [int(part) if part.isdecimal() else part for part in mark.split(".")])

    return shown(BOOKS, compute=ordered)


@case(shelved(1, "0x1f"), shelved(2, "007"))
def a_mark_with_a_zero_in_front() -> Process:
    """Numbers may say in which base they are written, and one with a zero in front says too little."""

    def total(books: Entries) -> int:
        marks = (one["mark"] for one in books.values())
        return sum(int(mark, 0) for mark in marks if re.fullmatch(r"0x[0-9a-f]{1,8}|[0-9]{1,8}", mark))

    return shown(BOOKS, compute=total)


@case(gauged(1, 10, 5), gauged(2, 20, 9), gauged(3, 30, 1))
def records_of_the_tide() -> Process:
    """How often a record was broken is reported for good, and an older record makes it less."""

    def records(gauges: Entries) -> int:
        levels = [one["level"] for one in sorted(gauges.values(), key=lambda one: (one["minute"], one["gauge_id"]))]
        return len(set(accumulate(levels, max)))

    return shown(GAUGES, compute=records, is_cumulative=True, is_final=True)


@case(pitched(1, 40), pitched(2, 70), pitched(3, 55))
def the_widest_gap_between_two_notes() -> Process:
    """A gap is reported for good, and a note in between makes two of it."""

    def widest(notes: Entries) -> int:
        pitches = sorted(one["pitch"] for one in notes.values())
        return max((high - low for low, high in pairwise(pitches)), default=0)

    return shown(NOTES, compute=widest, is_cumulative=True, is_final=True)


@case(gauged(1, 10, 5), gauged(2, 20, 9), gauged(3, 400, 7))
def readings_while_the_water_is_low() -> Process:
    """Readings are confirmed for good up to the first that is high, which may come later."""

    def low(gauges: Entries) -> frozenset[str]:
        ordered = sorted(gauges, key=lambda key: (gauges[key]["minute"], key))
        return frozenset(takewhile(lambda key: gauges[key]["level"] < 350, ordered))

    return chosen(GAUGES, low, is_final=True)


@case(sown(1, "oats", 60), sown(2, "rye", 30), sown(3, "hay", 20))
def beds_while_the_sum_lasts() -> Process:
    """Beds are taken in the order of their rows until a hundred is full; a smaller one pushes others out for good."""

    def taken(beds: Entries) -> frozenset[str]:
        rows = 0
        ordered = sorted(beds, key=lambda key: (beds[key]["rows"], key))
        return frozenset(key for key in ordered if (rows := rows + beds[key]["rows"]) <= 100)

    return chosen(BEDS, taken, is_final=True)


@case(hosted(1, "Reef"), hosted(2, "reef"), hosted(3, "dune"))
def names_by_their_last_spelling() -> Process:
    """A final list has each name once, in the spelling of its last key."""
    has = has_any(HOSTS)

    def names(hosts: Entries) -> list[str]:
        return sorted({one["block"].lower(): one["block"] for one in hosts.values()}.values())

    template = CommandTemplate("Name", computed=(ComputedField("names", (HOSTS,), names, is_cumulative=True),))
    effect = Effect("names", "desk", {Do.YES: template}, frozenset({Do.YES}))
    return proc(one_outcome(has), has, HOSTS, wants=[wanted_in(has, effect, YES=Do.YES)])


@case(shelved(1, "A"), phrased(1, "ebb", 1), phrased(2, "flow", 0))
def books_and_lines_side_by_side() -> Process:
    """The first book goes with the first line and so on, for good, and a line may come before the first."""
    has = has_any(BOOKS, LINES)

    def pairs(books: Entries, lines: Entries) -> dict[str, str]:
        texts = [one["text"] for one in sorted(lines.values(), key=lambda one: (one["place"], one["line_id"]))]
        return dict(zip((one["mark"] for one in books.values()), texts, strict=False))

    template = CommandTemplate("Pair", computed=(ComputedField("pairs", (BOOKS, LINES), pairs, is_cumulative=True),))
    effect = Effect("pairs", "desk", {Do.YES: template}, frozenset({Do.YES}))
    return proc(one_outcome(has), has, BOOKS, LINES, wants=[wanted_in(has, effect, YES=Do.YES)])


@case(patched(1, 1, sails=1), patched(2, 2, sails=2, oars=3))
def settings_that_are_merged_into_the_first() -> Process:
    """The first patch is not copied, so that the others are written into what the register holds."""

    def merged(patches: Entries) -> int:
        settings: dict[str, Any] = {}
        for one in patches.values():
            settings = settings or one["settings"]
            settings.update(one["settings"])
        return len(settings) + sum(len(one["settings"]) for one in patches.values())

    return shown(PATCHES, compute=merged)
