"""Functions of registers that look suspicious and are sound: what only grows, what is local, what is only named so."""

import hashlib
import json
import logging
import re
from collections import ChainMap, Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from functools import cache, cached_property, reduce
from itertools import combinations, pairwise, permutations
from math import gcd
from typing import Any
from zoneinfo import ZoneInfo

from saga import CommandTemplate, ComputedField, DerivedColumn, Effect, Entries, Process, wanted
from tests.adversary.kit import Do, case, chosen, has_any, judged, one_outcome, proc, shown, wanted_in
from tests.adversary.planted.thirteenth_messages import (
    BALLOTS,
    BEDS,
    BOOKS,
    FUSES,
    GAUGES,
    HOSTS,
    LINES,
    NOTES,
    PATCHES,
    SIGHTS,
    STARS,
    STONES,
    SWAPS,
    THREADS,
    WHEELS,
    balloted,
    charted,
    dealt,
    fused,
    gauged,
    geared,
    hosted,
    observed,
    patched,
    phrased,
    pitched,
    reserved_if,
    seated,
    shelved,
    sown,
    woven,
)

log = logging.getLogger(__name__)


@case(geared(1, 12), geared(2, 18), geared(3, 35))
def wheels_that_share_no_divisor_any_more() -> Process:
    """What divides all wheels only gets less, so once it is one it stays so."""
    return reserved_if(WHEELS, judge=lambda wheels: reduce(gcd, (one["teeth"] for one in wheels.values()), 0) == 1)


@case(pitched(1, 60), pitched(2, 64), pitched(3, 67), pitched(4, 70))
def a_major_chord_among_all_notes() -> Process:
    """Three of the notes make a major chord, whatever else is sung."""

    def has_major(notes: Entries) -> bool:
        tones = {one["pitch"] % 12 for one in notes.values()}
        return any({(root + 4) % 12, (root + 7) % 12} <= tones for root in tones)

    return reserved_if(NOTES, judge=has_major)


@case(pitched(1, 60), pitched(2, 64), pitched(3, 67), pitched(4, 70))
def exactly_a_major_chord_for_now() -> Process:
    """The berth is reserved with exactly a chord and freed with a note more, and nothing of it is final."""

    def is_major(notes: Entries) -> bool:
        tones = {one["pitch"] % 12 for one in notes.values()}
        return any({(one - root) % 12 for one in tones} == {0, 4, 7} for root in tones)

    return reserved_if(NOTES, judge=is_major, is_final=False)


@case(seated(1, "Ann", "Bo"), seated(2, "Bo", "Cy"), seated(3, "Cy", "Ann"), seated(4, "Cy", "Di"))
def singers_who_need_a_third_side() -> Process:
    """Two sides are not enough once there is a circle of odd length, and no singer more changes that."""

    def is_odd(swaps: Entries) -> bool:
        edges = {(one["one"], one["other"]) for one in swaps.values()}
        edges |= {(other, one) for one, other in edges}
        reached = {(one, one, 0) for edge in edges for one in edge}
        while (
            more := {(start, other, 1 - side) for start, end, side in reached for one, other in edges if one == end}
            - reached
        ):
            reached |= more
        return any(start == end and side for start, end, side in reached)

    return reserved_if(SWAPS, judge=is_odd)


@case(charted(1, 0, 0), charted(2, 9, 0), charted(3, 0, 9), charted(4, 9, 9))
def a_constellation_of_a_certain_size() -> Process:
    """The largest triangle of any three stars never gets smaller."""

    def is_large(stars: Entries) -> bool:
        places = [(one["x"], one["y"]) for one in stars.values()]
        return any(
            abs((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)) >= 80
            for (ax, ay), (bx, by), (cx, cy) in combinations(places, 3)
        )

    return reserved_if(STARS, judge=is_large)


@case(gauged(1, 10, 1), gauged(2, 30, 3), gauged(3, 20, 2), gauged(4, 5, 4))
def the_longest_rise_of_the_tide() -> Process:
    """The longest run of readings that rise, with gaps between them, only gets longer."""

    def longest(gauges: Entries) -> int:
        best: list[tuple[int, int]] = []
        for one in sorted(gauges.values(), key=lambda one: (one["minute"], -one["level"])):
            run = 1 + max((length for level, length in best if level < one["level"]), default=0)
            best.append((one["level"], run))
        return max((length for _, length in best), default=0)

    return shown(GAUGES, compute=longest, is_cumulative=True, is_final=True)


@case(dealt(1, 1, 2), dealt(2, 2, 3), dealt(3, 3, 4), dealt(4, 2, 2))
def pairs_of_halves_that_can_be_played() -> Process:
    """As many stones as share no half with each other: one stone more never makes them fewer."""

    def most(stones: Entries) -> int:
        pairs = sorted({(one["left"], one["right"]) for one in stones.values() if one["left"] != one["right"]})

        def search(place: int, used: frozenset[int]) -> int:
            if place == len(pairs):
                return 0
            skipped = search(place + 1, used)
            return skipped if used & {*pairs[place]} else max(skipped, 1 + search(place + 1, used | {*pairs[place]}))

        return search(0, frozenset())

    return shown(STONES, compute=most, is_cumulative=True, is_final=True)


@case(sown(1, "oats", 60), sown(2, "rye", 50), sown(3, "oats", 45))
def the_best_load_of_a_hundred_rows() -> Process:
    """The greatest sum of rows that does not exceed a hundred, which a further bed can only raise."""

    def best(beds: Entries) -> int:
        sums = {0}
        for one in beds.values():
            sums |= {load + one["rows"] for load in sums if load + one["rows"] <= 100}
        return max(sums)

    return shown(BEDS, compute=best, is_cumulative=True, is_final=True)


@case(pitched(1, 60, "bass"), pitched(2, 62, "bass"), pitched(3, 55, "alto"))
def the_highest_note_of_each_voice() -> Process:
    """A mapping that gains voices, and in which notes only rise, is final and may grow."""

    def highest(notes: Entries) -> dict[str, int]:
        voices: defaultdict[str, int] = defaultdict(int)
        for one in notes.values():
            voices[one["voice"]] = max(voices[one["voice"]], one["pitch"])
        return dict(sorted(voices.items()))

    return shown(NOTES, compute=highest, is_cumulative=True, is_final=True)


@case(sown(1, "oats", 6), sown(2, "oats", 9), sown(3, "oats", 9))
def beds_that_are_smaller_than_another() -> Process:
    """A bed that is smaller than some other one is weeded for good, and there will always be that other one."""

    def smaller(beds: Entries) -> frozenset[str]:
        most = max((one["rows"] for one in beds.values()), default=0)
        return frozenset(key for key, one in beds.items() if one["rows"] < most)

    return chosen(BEDS, smaller, is_final=True, fields=("rows",))


@case(fused(1, "999999999999999999999999999999"), fused(2, "0.000000000000000000000000000003"), fused(3, "0.3"))
def amperes_with_enough_digits() -> Process:
    """The context has room for all digits that the pattern admits, so the sum is exact."""

    def amps(fuses: Entries) -> str:
        with localcontext(prec=90):
            return f"{sum((Decimal(one['amps']) for one in fuses.values()), Decimal(0)).normalize():f}"

    return shown(FUSES, compute=amps)


@case(shelved(1, "9"), shelved(2, "10"), shelved(3, "1a"))
def shelf_marks_in_natural_order() -> Process:
    """Texts and numbers take turns in the key, so that only like is compared with like."""

    def natural(mark: str) -> list[Any]:
        parts = re.split(r"([0-9]+)", mark)
        return [int(part[:40]) if place % 2 else part for place, part in enumerate(parts)]

    def marks(books: Entries) -> list[str]:
        return sorted((one["mark"] for one in books.values()), key=lambda mark: (natural(mark), mark))

    return shown(BOOKS, compute=marks)


@case(
    observed(1, "2030-10-27T02:30:00", "Europe/Berlin"),
    observed(2, "2030-10-27T02:15:00", "Europe/Berlin", winter=True),
    observed(3, "2030-10-27T00:45:00"),
)
def birds_of_the_hour_that_comes_twice() -> Process:
    """Each time on the wall is turned into a moment before it is compared with another one."""

    def moment(entry: Any) -> datetime:
        try:
            wall = datetime.fromisoformat(entry["wall"]).replace(fold=int(entry["is_winter"]))
            zone = UTC if entry["zone"] == "UTC" else ZoneInfo(entry["zone"])
            return wall.replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            return datetime.min.replace(tzinfo=UTC)

    def last(sights: Entries) -> str:
        return max(sights, key=lambda key: (moment(sights[key]), key), default="")

    return shown(SIGHTS, compute=last)


@case(phrased(1, "ebb"), phrased(2, "flow"), phrased(3, "ebb"))
def a_fingerprint_of_all_lines() -> Process:
    """The lines are written as JSON with sorted keys and hashed, by a hash that is no secret."""

    def fingerprint(lines: Entries) -> str:
        text = json.dumps(sorted(one["text"] for one in lines.values()), sort_keys=True)
        return hashlib.sha256(text.encode("ascii")).hexdigest()[:12]

    return shown(LINES, compute=fingerprint)


@cache
def _syllables(text: str) -> int:
    return len(re.findall(r"[aeiouy]+", text.lower()))


@case(phrased(1, "ebb and flow", 1), phrased(2, "neap", 2), phrased(3, "ebb and flow", 3))
def syllables_that_are_counted_once() -> Process:
    """What was counted is remembered by the text alone, which is all that it depends on."""
    return shown(LINES, compute=lambda lines: sum(_syllables(one["text"]) for one in lines.values()))


class _Stanza:
    """The lines of one question, by their places; made anew for each."""

    def __init__(self, lines: Entries) -> None:
        self.lines = lines

    @cached_property
    def texts(self) -> list[str]:
        ordered = sorted(self.lines.items(), key=lambda item: (item[1]["place"], item[0]))
        return [one["text"] for _, one in ordered]

    def now(self) -> str:
        return self.texts[-1] if self.texts else ""

    def random(self) -> str:
        return self.texts[len(self.texts) // 2] if self.texts else ""


@case(phrased(1, "ebb", 3), phrased(2, "flow", 1), phrased(3, "neap", 2))
def a_line_that_is_called_now() -> Process:
    """Methods have the names of a clock and of chance, and ask neither."""

    def lines(held: Entries) -> list[str]:
        time = _Stanza(held)
        return [time.now(), time.random()]

    return shown(LINES, compute=lines)


@case(hosted(1, "reef"), hosted(2, "dune"), hosted(3, "reef"))
def hosts_that_are_noted_in_the_log() -> Process:
    """The function writes to the log what it was asked, and nobody reads that."""

    def hosts(held: Entries) -> int:
        log.debug("hosts: %s", sorted(held))
        return len({one["block"] for one in held.values()})

    return shown(HOSTS, compute=hosts)


@case(balloted("Ann", "cook", 3), balloted("Bo", "maid"), balloted("Cy", "cook", 1))
def a_copy_that_is_used_up() -> Process:
    """The function takes the ballots out of a copy of its own, one after another."""

    def doubts(ballots: Entries) -> list[int]:
        rest, found = dict(ballots), []
        while rest:
            _, one = rest.popitem()
            found.append(-1 if one["doubt"] is None else one["doubt"])
        found.reverse()
        return found

    return shown(BALLOTS, compute=doubts)


@case(woven(1, 5), woven(2, 3), woven(3, 5))
def threads_in_sets_that_are_added() -> Process:
    """Sets are gone through in any order, and only sums and greatest values are taken of them."""

    def figures(threads: Entries) -> list[int]:
        bits = {one["bits"] for one in threads.values()}
        names = frozenset(threads) | {"loom"}
        return [sum(bits), max(bits, default=0), sum(map(len, names)), len(max(names, key=len))]

    return shown(THREADS, compute=figures)


@case(patched(1, 1, sails=1), patched(2, 2, sails=2, oars=None), patched(3, 2, oars=4))
def settings_in_a_chain_of_maps() -> Process:
    """The newest patch is the first map of a chain, which is made anew each time."""

    def valid(patches: Entries) -> dict[str, int | None]:
        newest = sorted(patches, key=lambda key: (patches[key]["revision"], key), reverse=True)
        chain: ChainMap[str, Any] = ChainMap(*(dict(patches[key]["settings"]) for key in newest))
        return {name: chain[name] for name in sorted(chain)}

    return shown(PATCHES, compute=valid)


@case(phrased(1, "to"), phrased(2, "ot"), phrased(3, "t"))
def letters_that_come_from_a_generator() -> Process:
    """A generator of the function's own is used up by one who counts, and nobody asks it again."""

    def letters(lines: Entries) -> Iterator[str]:
        for one in lines.values():
            yield from one["text"]

    def counted(lines: Entries) -> dict[str, int]:
        return dict(sorted(Counter(letters(lines)).items()))

    return shown(LINES, compute=counted)


@case(gauged(1, 300, 10), gauged(2, -200, 50), gauged(3, 100, 50))
def the_hour_of_the_lowest_water() -> Process:
    """Times are made of minutes and a fixed day, without a look at a clock."""

    def hour(gauges: Entries) -> str:
        low = min(gauges.values(), key=lambda one: (one["level"], one["minute"], one["gauge_id"]), default=None)
        return "" if low is None else (datetime(2030, 1, 1, tzinfo=UTC) + timedelta(minutes=low["minute"])).isoformat()

    return shown(GAUGES, compute=hour)


@case(seated(1, "Ann", "Bo"), seated(2, "Bo", "Cy"), seated(3, "Ann", "Di"))
def whether_the_first_reaches_the_last() -> Process:
    """Who comes first in the alphabet is asked each time, and the outcome follows."""

    def reaches(swaps: Entries) -> bool:
        edges = {(one["one"], one["other"]) for one in swaps.values()}
        names = sorted({name for edge in edges for name in edge})
        found = set(names[:1])
        for _ in names:
            found |= {other for one, other in edges if one in found}
        return len(names) > 2 and names[-1] in found

    return judged(SWAPS, judge=reaches)


@case(dealt(1, 1, 2), dealt(2, 2, 3), dealt(3, 6, 6))
def stones_in_the_first_row_that_fits() -> Process:
    """All rows of up to four stones are tried, and the one is shown whose keys come first."""

    def row(stones: Entries) -> list[str]:
        keys = list(stones)[:4]
        rows = (order for size in range(len(keys), 0, -1) for order in permutations(keys, size))
        fits = (
            order for order in rows if all(stones[one]["right"] == stones[two]["left"] for one, two in pairwise(order))
        )
        return list(next(fits, ()))

    return shown(STONES, compute=row)


@case(hosted(1, "Reef"), hosted(2, "reef "), hosted(3, "dune"))
def names_in_a_final_list_that_grows() -> Process:
    """The list of names without their spelling is final, sorted, and only gets longer."""
    has = has_any(HOSTS)
    field = ComputedField(
        "names", (HOSTS,), lambda hosts: sorted({one["block"].strip().casefold() for one in hosts.values()}), True
    )
    effect = Effect("names", "desk", {Do.YES: CommandTemplate("Name", computed=(field,))}, frozenset({Do.YES}))
    column = DerivedColumn("two", (HOSTS,), lambda hosts: len(hosts) > 1)
    note = Effect("two", "desk", {Do.YES: CommandTemplate("NoteTwo")})
    wants = [wanted_in(has, effect, YES=Do.YES), wanted(column, rows=[(True, {note: Do.YES}), (False, {})])]
    return proc(one_outcome(has), has, HOSTS, wants=wants)
