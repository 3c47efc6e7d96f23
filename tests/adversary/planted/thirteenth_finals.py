"""What is granted for good by a shape of the facts that one more fact spoils: chords, chains, levers, parity."""

import re
from collections import Counter, defaultdict
from decimal import Decimal
from itertools import combinations, pairwise
from math import gcd, isqrt, prod
from typing import Any

from saga import CommandTemplate, ComputedField, DerivedColumn, Effect, Entries, Process, Selection, wanted
from tests.adversary.kit import Do, case, chosen, has_any, one_outcome, proc, shown, wanted_in
from tests.adversary.planted.thirteenth_messages import (
    BALLOTS,
    BEDS,
    BOOKS,
    CUPS,
    FUSES,
    GAUGES,
    HOSTS,
    LINES,
    MASKS,
    NOTES,
    STARS,
    STONES,
    SWAPS,
    THREADS,
    WHEELS,
    anchor,
    balloted,
    charted,
    dealt,
    fused,
    gauged,
    geared,
    hosted,
    masked,
    phrased,
    pitched,
    poured,
    reserved_if,
    seated,
    shelved,
    sown,
    two_ways,
    woven,
)


@case(pitched(1, 57), pitched(2, 73), pitched(3, 64), pitched(4, 67))
def an_organ_for_a_major_chord() -> Process:
    """The organ is opened for good when the notes are a major chord, which a seventh spoils."""

    def is_major(notes: Entries) -> bool:
        tones = {one["pitch"] % 12 for one in notes.values()}
        return any({(one - root) % 12 for one in tones} == {0, 4, 7} for root in tones)

    return reserved_if(NOTES, judge=is_major)


@case(dealt(1, 3, 5), dealt(2, 5, 2), dealt(3, 5, 6))
def stones_that_make_one_chain() -> Process:
    """A chain has two ends at most where the halves are odd, and a stone that branches off makes four."""

    def is_chain(stones: Entries) -> bool:
        halves = Counter(half for one in stones.values() for half in (one["left"], one["right"]))
        return (
            len(stones) > 1 and sum(times % 2 for times in halves.values()) in {0, 2} and len(halves) <= len(stones) + 1
        )

    return reserved_if(STONES, judge=is_chain)


@case(phrased(1, "ed"), phrased(2, "it"), phrased(3, "s"))
def an_anagram_of_the_tide() -> Process:
    """A prize for the letters of one word, whatever lines they come in, and a further letter is one too many."""

    def is_tide(lines: Entries) -> bool:
        letters = sorted("".join(one["text"] for one in lines.values()).lower())
        return letters in (sorted("tide"), sorted("ebb"))

    return reserved_if(LINES, judge=is_tide)


@case(phrased(1, "the <i>Argo", 1), phrased(2, "</i> sails", 2), phrased(3, "<b>", 3))
def markup_that_is_closed() -> Process:
    """A translation goes to print when what is opened in it is closed, and a line more may open something."""

    def is_closed(lines: Entries) -> bool:
        text = "".join(one["text"] for one in sorted(lines.values(), key=lambda one: (one["place"], one["line_id"])))
        opened: list[str] = []
        tags = re.findall(r"<(/?)([a-z]+)>", text)
        for slash, name in tags:
            if not slash:
                opened.append(name)
            elif not opened or opened.pop() != name:
                return False
        return bool(tags) and not opened

    return reserved_if(LINES, judge=is_closed)


@case(charted(1, -6, 0, "2.0"), charted(2, 4, 0, "3.0"), charted(3, 1, 0, "1.0"))
def a_mobile_in_balance() -> Process:
    """A mobile is hung up when its two arms have one moment: weight by distance."""

    def is_balanced(stars: Entries) -> bool:
        try:
            moments = [Decimal(one["magnitude"]) * one["x"] for one in stars.values()]
            return any(one < 0 for one in moments) and sum(moments) == 0
        except ArithmeticError:
            return False

    return reserved_if(STARS, judge=is_balanced)


@case(sown(1, "oats", 7, 3), sown(2, "rye", 4, 15), sown(3, "oats", 2, 2))
def a_field_that_is_a_square() -> Process:
    """The fence is ordered when the area of all beds is a square of at least fifty."""

    def is_square(beds: Entries) -> bool:
        area: int = sum(one["rows"] * one["row_length"] for one in beds.values())
        return area >= 50 and isqrt(area) ** 2 == area

    return reserved_if(BEDS, judge=is_square)


@case(phrased(1, "GAT", 1), phrased(2, "TAC", 2), phrased(3, "A", 3))
def a_line_that_reads_backwards() -> Process:
    """A seal for what reads the same from both ends, in five letters or more."""

    def is_mirrored(lines: Entries) -> bool:
        text = "".join(one["text"] for one in sorted(lines.values(), key=lambda one: (one["place"], one["text"])))
        text = text.replace("C", "G").replace("A", "T")
        return len(text) >= 5 and text == text[::-1] and len(set(text)) > 1

    return reserved_if(LINES, judge=is_mirrored)


@case(seated(1, "Ann", "Bo"), seated(2, "Bo", "Cy"), seated(3, "Cy", "Ann"))
def singers_on_two_sides() -> Process:
    """Two benches are reserved if neighbours can sit on different sides, which a circle of three prevents."""

    def has_two_sides(swaps: Entries) -> bool:
        sides: dict[str, int] = {}
        edges = sorted((one["one"], one["other"]) for one in swaps.values())
        for _ in edges:
            for one, other in edges:
                sides.setdefault(one, 1 - sides[other] if other in sides else 0)
                sides.setdefault(other, 1 - sides[one])
        return len(edges) > 1 and all(sides[one] != sides[other] for one, other in edges)

    return reserved_if(SWAPS, judge=has_two_sides)


@case(geared(1, 8), geared(2, 15), geared(3, 21))
def wheels_that_have_nothing_in_common() -> Process:
    """Wheels that wear evenly are fitted for good: no two have a common divisor so far."""

    def is_coprime(wheels: Entries) -> bool:
        teeth = [one["teeth"] for one in wheels.values() if one["teeth"] > 6]
        return len(teeth) > 1 and all(gcd(one, other) == 1 for one, other in combinations(teeth, 2))

    return reserved_if(WHEELS, judge=is_coprime)


@case(charted(1, 0, 0), charted(2, 6, 0), charted(3, 0, 6), charted(4, 1, 1))
def stars_that_are_all_corners() -> Process:
    """A frame is cut when no star lies within a triangle of others, and one may still come to lie there."""

    def side(one: Any, two: Any, third: Any) -> int:
        return int((two["x"] - one["x"]) * (third["y"] - one["y"]) - (two["y"] - one["y"]) * (third["x"] - one["x"]))

    def is_frame(stars: Entries) -> bool:
        points = list(stars.values())
        for triangle in combinations(points, 3):
            for star in points:
                turns = [side(*pair, star) for pair in zip(triangle, (*triangle[1:], triangle[0]), strict=True)]
                if all(turn > 0 for turn in turns) or all(turn < 0 for turn in turns):
                    return False
        return len(points) > 2 and any(side(*three) for three in combinations(points, 3))

    return reserved_if(STARS, judge=is_frame)


@case(gauged(1, 300, 5), gauged(2, 500, 25), gauged(3, 200, 15))
def a_flood_that_only_rises() -> Process:
    """The lock is ordered while the water rises from minute to minute, and a reading in between may be lower."""

    def rises(gauges: Entries) -> bool:
        levels = [one["level"] for one in sorted(gauges.values(), key=lambda one: (one["minute"], one["level"]))]
        return len(levels) > 1 and levels[-1] >= 400 and all(one < other for one, other in pairwise(levels))

    return reserved_if(GAUGES, judge=rises)


@case(woven(1, 9), woven(2, 12), woven(3, 5), woven(4, 8))
def threads_that_cancel_each_other() -> Process:
    """A pattern is cut off the loom when each column has an even number of threads above."""

    def is_even(threads: Entries) -> bool:
        columns = [0] * 8
        for one in threads.values():
            columns = [count + (one["bits"] >> place & 1) for place, count in enumerate(columns)]
        return any(columns) and not any(count % 2 for count in columns)

    return reserved_if(THREADS, judge=is_even)


@case(masked(1, 3), masked(2, 12, "remove"), masked(3, 4))
def rights_of_which_none_is_given_twice() -> Process:
    """Keys are cut when all bits are spoken for, each by one, and then somebody wants one of them, too."""

    def is_partition(masks: Entries) -> bool:
        given: list[int] = [one["mask"] for one in masks.values()]
        return sum(given) == 15 and sum(one.bit_count() for one in given) == 4

    return reserved_if(MASKS, judge=is_partition)


@case(fused(1, "9.7"), fused(2, "6.3"), fused(3, "0.1"))
def a_fuse_at_its_limit() -> Process:
    """The fuse of sixteen amperes is fitted when it is exactly used up."""

    def is_full(fuses: Entries) -> bool:
        return sum((Decimal(one["amps"]) for one in fuses.values()), Decimal(0)) == Decimal(16)

    return reserved_if(FUSES, judge=is_full)


@case(shelved(1, "PA3"), shelved(2, "PA12", 1), shelved(3, "PA7", 2))
def shelves_in_the_order_of_their_marks() -> Process:
    """The catalogue is printed when marks by text and by number are in one order."""

    def is_ordered(books: Entries) -> bool:
        marks = [one["mark"] for one in books.values() if re.fullmatch(r"[A-Z]+[0-9]+", one["mark"])]
        by_number = sorted(marks, key=lambda one: int(re.sub(r"\D", "", one)))
        return len(set(marks)) > 1 and by_number == sorted(marks)

    return reserved_if(BOOKS, judge=is_ordered)


@case(hosted(1, "a.reef.example"), hosted(2, "b.reef.example"), hosted(3, "c.dune.example"))
def a_certificate_for_all_below() -> Process:
    """Each name gets its own certificate, or one for all that are below the same domain."""

    def lone(hosts: Entries) -> frozenset[str]:
        zones: defaultdict[str, list[str]] = defaultdict(list)
        for key, one in hosts.items():
            zones[one["block"].partition(".")[2]].append(key)
        return frozenset(keys[0] for zone, keys in zones.items() if zone and len(keys) == 1)

    return chosen(HOSTS, lone, is_final=True)


@case(balloted("Ann", "cook", 2), balloted("Bo", "cook", 7), balloted("Cy", "butler", 1))
def a_sum_of_doubts_about_the_leader() -> Process:
    """Doubts about the one who leads are reported as if they only grew, and another one may lead."""

    def doubts(ballots: Entries) -> int:
        votes = Counter(one["suspect"] for one in ballots.values())
        leader = min(votes, key=lambda name: (votes[name], name), default="")
        return sum(one["doubt"] or 0 for one in ballots.values() if one["suspect"] == leader)

    return shown(BALLOTS, compute=doubts, is_cumulative=True, is_final=True)


@case(poured(1, 3, 2), poured(2, 2, 3), poured(3, 5, 4))
def a_recipe_that_is_back_at_one() -> Process:
    """A recipe whose factors multiply to one is printed for good."""

    def is_one(cups: Entries) -> bool:
        over, under = (prod(one[name] for one in cups.values()) for name in ("over", "under"))
        return len({one["under"] for one in cups.values()}) > 1 and over == under

    return reserved_if(CUPS, judge=is_one)


@case(pitched(1, 50, "bass"), pitched(2, 57, "alto"), pitched(3, 69, "alto"), pitched(4, 55, "alto"))
def a_spread_within_the_octave() -> Process:
    """A voice whose notes span exactly an octave gets its own part, which stays if it is left out later."""

    def spans(notes: Entries) -> frozenset[str]:
        voices: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        for key, one in notes.items():
            voices[one["voice"]].append((one["pitch"], key))
        return frozenset(min(held)[1] for held in voices.values() if max(held)[0] - min(held)[0] == 12)

    return chosen(NOTES, spans)


@case(gauged(1, 120, 1), gauged(2, 250, 2), gauged(3, -90, 3))
def a_mean_tide_in_a_band() -> Process:
    """Between two mean levels a pilot is called, and beyond them the pilot is left as he is."""

    def band(gauges: Entries) -> bool:
        mean: float = sum(one["level"] for one in gauges.values()) / max(1, len(gauges))
        return 150 < mean < 200

    column = DerivedColumn("pilot", (GAUGES,), band)
    pilot = Effect("pilot", "station", {Do.YES: CommandTemplate("CallPilot")})
    return proc(one_outcome(column), GAUGES, wants=[wanted(column, rows=[(True, {pilot: Do.YES}), (False, {})])])


@case(charted(1, 3, 4), charted(2, -5, 12), charted(3, 8, 6))
def stars_on_one_circle() -> Process:
    """All stars on the circle of the first one by its key are engraved, and another key may come first."""

    def on_circle(stars: Entries) -> frozenset[str]:
        radius = min((one["x"] ** 2 + one["y"] ** 2 for one in stars.values() if one["x"] > 0), default=-1)
        return frozenset(key for key, one in stars.items() if one["x"] ** 2 + one["y"] ** 2 == radius)

    has = has_any(STARS)
    engrave = Effect("engrave", "mint", {Do.YES: CommandTemplate("Engrave", STARS, ("x", "y"))}, frozenset({Do.YES}))
    circle = Selection("circle", STARS, on_circle)
    return proc(one_outcome(has), has, STARS, wants=[wanted_in(has, engrave, YES=circle)])


@case(woven(1, 7), woven(2, 56), woven(3, 24))
def a_list_of_lonely_threads() -> Process:
    """A final list of the threads that share nothing grows, until one of them is crossed."""

    def lonely(threads: Entries) -> list[str]:
        return [
            key
            for key, one in threads.items()
            if not any(one["bits"] & other["bits"] for name, other in threads.items() if name != key)
        ]

    column = DerivedColumn("two", (THREADS,), lambda threads: len(threads) > 1)
    field = ComputedField("lonely", (THREADS,), lonely, is_cumulative=True)
    cut = Effect("cut", "loom", {Do.YES: CommandTemplate("Cut", computed=(field,))}, frozenset({Do.YES}))
    wants = [wanted(column, rows=[(True, {cut: Do.YES}), (False, {})]), two_ways(column, anchor())]
    return proc(one_outcome(column), THREADS, wants=wants)
