"""Orchestras, digs and fleets with ten to fourteen kinds of messages and functions of their own, which converge."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from math import gcd
from typing import Any

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Entries,
    Fact,
    Process,
    Reducer,
    Selection,
    count,
    outcomes,
    wanted,
)
from tests.adversary.kit import Do, Out, Seen, case, has_any, proc, seen
from tests.adversary.planted.thirteenth_messages import (
    BALLOTS,
    BEDS,
    BOOKS,
    GAUGES,
    HOSTS,
    LINES,
    NOTES,
    STARS,
    STONES,
    SWAPS,
    THREADS,
    WATCHES,
    WHEELS,
    Blessed,
    Cast,
    Crewed,
    Fogged,
    Geared,
    Insured,
    Known,
    Lifted,
    Moored,
    N,
    Painted,
    Piloted,
    Pitched,
    Salvaged,
    Tolled,
    Victualled,
    Watch,
    Woven,
    Wrecked,
    Y,
    anchor,
    balloted,
    charted,
    gauged,
    geared,
    hosted,
    phrased,
    pitched,
    seated,
    shelved,
    sown,
    two_ways,
    woven,
)


def _tones(known: list[int], fact: Fact) -> list[int]:
    return sorted({*known, fact.fields["pitch"] % 12})


def _divisor(known: int, fact: Fact) -> int:
    return gcd(known, fact.fields["teeth"])


def _bits(known: dict[str, int], fact: Fact) -> dict[str, int]:
    bits = fact.fields["bits"]
    return {"any": known["any"] | bits, "all": known["all"] & bits}


@case(pitched(1, 60), pitched(2, 72), geared(1, 12), geared(2, 18), woven(1, 6))
def an_orchestra_with_three_folds() -> Process:
    """Tones, a common divisor and bits are folded, each in a way that knows no order."""
    tones = Reducer("tones", (Pitched,), [], _tones)
    divisor = Reducer("divisor", (Geared,), 0, _divisor)
    bits = Reducer("bits", (Woven,), {"any": 0, "all": 255}, _bits)
    has = has_any(tones, divisor, bits)
    fields = (
        ComputedField("tones", (tones,), len),
        ComputedField("divisor", (divisor, tones), lambda step, known: step % 7 if known else step),
        ComputedField("bits", (bits,), lambda known: known["any"] & ~known["all"]),
    )
    score = Effect("score", "printer", {Do.YES: CommandTemplate("Print", computed=fields)})
    machines = [seen(kind) for kind in (Moored, Cast, Piloted, Insured, Painted, Blessed, Victualled, Crewed)]
    table = outcomes(*machines, rule=lambda *steps: Out.DONE if steps.count(Y) % 2 else Out.OTHER)
    return proc(table, has, *machines, tones, divisor, bits, wants=[wanted(has, rows=[(Y, {score: Do.YES}), (N, {})])])


@case(balloted("Ann", "cook", 3), balloted("Bo", "maid"), balloted("Cy", "cook", 1), Insured(), Lifted())
def a_trial_with_two_quorums() -> Process:
    """Three jurors and two papers are enough, and who leads is written again with each ballot."""

    def leader(ballots: Entries) -> str:
        votes = Counter(one["suspect"] for one in ballots.values())
        return min(votes, key=lambda name: (-votes[name], name), default="")

    def is_agreed(ballots: Entries) -> bool:
        return len(ballots) >= 3 and len({one["suspect"] for one in ballots.values()}) * 2 <= len(ballots) + 1

    agreed = DerivedColumn("agreed", (BALLOTS,), is_agreed)
    three = DerivedColumn.of("three", count(BALLOTS) >= 3)
    letter = Effect(
        "letter", "court", {Do.YES: CommandTemplate("Write", computed=(ComputedField("leader", (BALLOTS,), leader),))}
    )
    machines = [seen(kind) for kind in (Moored, Cast, Piloted, Insured, Painted, Blessed, Lifted, Fogged, Salvaged)]

    def rule(good: bool, *papers: Seen) -> Out:
        return Out.DONE if good and papers.count(Y) >= 2 else Out.OTHER

    table = outcomes(agreed, *machines, rule=rule)
    wants = [wanted(three, rows=[(True, {letter: Do.YES}), (False, {})]), two_ways(agreed, anchor("room"))]
    return proc(table, *machines, BALLOTS, wants=wants)


@case(sown(1, "oats", 6), sown(2, "rye", 9), shelved(1, "oats", 1), Moored(), Wrecked())
def a_farm_with_seeds_in_the_library() -> Process:
    """Beds whose seed is in a book, and that are not alone in having it, are weeded for good."""

    def known(beds: Entries, books: Entries) -> frozenset[str]:
        marks = {one["mark"] for one in books.values()}
        seeds = Counter(one["seed"] for one in beds.values())
        return frozenset(key for key, one in beds.items() if one["seed"] in marks or seeds[one["seed"]] > 1)

    has = has_any(BEDS)
    weed = Effect("weed", "farm", {Do.YES: CommandTemplate("Weed", BEDS, ("rows",))}, frozenset({Do.YES}))
    pick = Selection("known", BEDS, known, beside=(BOOKS,))
    machines = [seen(kind) for kind in (Moored, Cast, Piloted, Insured, Painted, Blessed, Victualled, Wrecked)]
    table = outcomes(*machines, rule=lambda *steps: (Out.OTHER, Out.FAILED)[steps[-1] is Y])
    return proc(table, has, *machines, BEDS, BOOKS, wants=[wanted(has, rows=[(Y, {weed: pick}), (N, {})])])


@case(Moored(), Tolled(), gauged(1, 300, 1), gauged(2, -50, 2), Watch(seconds=60.0))
def a_mooring_with_a_watch_and_a_tide() -> Process:
    """The bell runs from the mooring on in every order, and high water beats it whenever it comes."""

    def is_high(gauges: Entries) -> bool:
        levels = [one["level"] for one in sorted(gauges.values(), key=lambda one: (one["minute"], one["gauge_id"]))]
        return max(levels, default=0) >= 300 or any(later - sooner >= 500 for sooner, later in pairwise(levels))

    high = DerivedColumn("high", (GAUGES,), is_high)
    moored, tolled = seen(Moored), seen(Tolled)
    bell = Deadline("bell", Tolled, timedelta(hours=4), override=(WATCHES, "seconds"))
    others = [seen(kind) for kind in (Cast, Piloted, Insured, Painted, Blessed, Fogged)]

    def rule(water: bool, boat: Seen, over: Seen, *rest: Seen) -> Out:
        if water:
            return Out.DONE if Y in rest else Out.FAILED
        if boat is N:
            return Out.OTHER
        return Out.OTHER if over is Y else Out.OPEN

    table = outcomes(high, moored, tolled, *others, rule=rule)
    clock = wanted(moored, rows=[(Y, {bell: ARMED}), (N, {})])
    return proc(table, moored, tolled, *others, GAUGES, WATCHES, wants=[clock], unsettled=(Out.OPEN,))


def _summary(*held: Entries) -> dict[str, Any]:
    return {"sizes": [len(one) for one in held], "keys": sorted({key[0] for one in held for key in one if key})}


@case(charted(1, 3, 4), phrased(1, "ebb"), seated(1, "Ann", "Bo"), hosted(1, "reef"), Moored())
def an_almanac_of_fourteen_kinds() -> Process:
    """Nine registers are looked at by one function, and four of them by a second one with its own berth."""
    stores = (STARS, LINES, SWAPS, HOSTS, STONES, THREADS, WHEELS, NOTES, BEDS)
    moored = seen(Moored)
    others = [seen(kind) for kind in (Cast, Piloted, Insured, Painted)]
    field = ComputedField("summary", stores, _summary)
    almanac = Effect("almanac", "printer", {Do.YES: CommandTemplate("Print", computed=(field,))})

    def is_even(*held: Entries) -> bool:
        return sum(map(len, held)) % 2 == 0

    even = DerivedColumn("even", stores[:4], is_even)
    table = outcomes(even, moored, rows=[(True, Y, Out.DONE), (False, Y, Out.OPEN), (ANY, N, Out.OTHER)])
    wants = [
        wanted(moored, rows=[(Y, {almanac: Do.YES}), (N, {})]),
        two_ways(even, anchor("even")),
    ]
    return proc(table, moored, *others, *stores, wants=wants)


def _last_word(known: Known, fact: Fact) -> Known:
    """For each voice the highest note, and of equals the greatest id."""
    new = [fact.fields["pitch"], fact.fields["note_id"]]
    return dict(sorted({**known, fact.fields["voice"]: max(known.get(fact.fields["voice"], new), new)}.items()))


@case(pitched(1, 60, "bass"), pitched(2, 60, "bass"), pitched(3, 70, "alto"), Moored(), Cast())
def a_choir_of_twelve_kinds() -> Process:
    """The leader of each voice is known by pitch and id, and may be another one later."""
    voices = Reducer("voices", (Pitched,), {}, _last_word)
    machines = [
        seen(kind)
        for kind in (Moored, Cast, Piloted, Insured, Painted, Blessed, Victualled, Crewed, Fogged, Lifted, Salvaged)
    ]
    full = DerivedColumn("full", (voices,), lambda known: len(known) >= 2)
    field = ComputedField("leaders", (voices,), lambda known: [note for _, note in known.values()])
    poster = Effect("poster", "printer", {Do.YES: CommandTemplate("Print", computed=(field,))})
    table = outcomes(full, machines[0], rows=[(True, Y, Out.DONE), (False, Y, Out.OTHER), (ANY, N, Out.OTHER)])
    return proc(table, *machines, voices, wants=[wanted(full, rows=[(True, {poster: Do.YES}), (False, {})])])
