"""Watches whose bell is wound up in some orders only, or that says more than it should."""

from collections import Counter
from datetime import timedelta
from enum import Enum
from functools import reduce
from itertools import pairwise
from math import gcd

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
    Register,
    SubMachine,
    both,
    count,
    each,
    least,
    outcomes,
    wanted,
)
from tests.adversary.kit import Do, Out, Seen, armed_in, by, case, proc, seen, wanted_in
from tests.adversary.planted.thirteenth_messages import (
    BALLOTS,
    GAUGES,
    NOTES,
    THREADS,
    WATCHES,
    WHEELS,
    Cast,
    Clocked,
    Fogged,
    Lifted,
    Moored,
    N,
    Piloted,
    Salvaged,
    Tolled,
    TolledAgain,
    Watch,
    Wrecked,
    Y,
    balloted,
    gauged,
    geared,
    pitched,
    woven,
)

BELL = Deadline("bell", Tolled, timedelta(hours=4))
SECOND_BELL = Deadline("second bell", TolledAgain, timedelta(hours=8))


def rung_while(column: DerivedColumn, *stores: Register) -> Process:
    """The bell is wound up where the column holds, and it rings into another outcome whatever came since."""
    tolled = seen(Tolled)
    table = by(tolled, YES=Out.FAILED, NO=Out.DONE)
    return proc(table, tolled, *stores, wants=[armed_in(column, True, BELL)])


@case(geared(1, 12), geared(2, 18), geared(3, 5))
def a_watch_for_wheels_that_jam() -> Process:
    """A watch is kept while more than one wheel have a divisor above five in common, which a third one ends."""

    def jams(wheels: Entries) -> bool:
        return len(wheels) > 1 and reduce(gcd, (one["teeth"] for one in wheels.values())) > 5

    return rung_while(DerivedColumn("jams", (WHEELS,), jams), WHEELS)


@case(pitched(1, 60), pitched(2, 66), pitched(3, 63))
def a_watch_for_the_devil_s_interval() -> Process:
    """Six half tones ring a bell, if no other note lies between."""

    def is_bare(notes: Entries) -> bool:
        pitches = sorted({one["pitch"] for one in notes.values()})
        return any(high - low == 6 for low, high in pairwise(pitches))

    return rung_while(DerivedColumn("bare", (NOTES,), is_bare), NOTES)


@case(balloted("Ann", "cook"), balloted("Bo", "butler"), balloted("Cy", "cook"))
def a_jury_that_was_hung_for_a_moment() -> Process:
    """A tie between two suspects at most starts the clock, and one juror more ends the tie."""

    def is_hung(ballots: Entries) -> bool:
        votes = Counter(one["suspect"] for one in ballots.values()).most_common(2)
        return len(votes) == 2 and votes[0][1] == votes[1][1]

    return rung_while(DerivedColumn("hung", (BALLOTS,), is_hung), BALLOTS)


@case(woven(1, 3), woven(2, 5), woven(3, 60), woven(4, 70))
def one_light_and_one_heavy_thread() -> Process:
    """The loom is watched while one light and one heavy thread lie on it, which two of a kind pass by."""
    light, heavy = (count(THREADS, where=test) for test in (each("bits") < 16, each("bits") >= 16))
    return rung_while(DerivedColumn.of("one of each", both(light.is_one_of(1), heavy.equals(1))), THREADS)


@case(gauged(1, 40, 5), gauged(2, 30, 900))
def a_tide_that_was_low_at_noon() -> Process:
    """The clock runs while the lowest level is one of three, and it may fall below them at once."""
    lowest = least(GAUGES, "level")
    return rung_while(DerivedColumn.of("forty", lowest.is_one_of(38, 39, 40)), GAUGES)


class Fog(Enum):
    CLEAR = "clear"
    THICK = "thick"
    GONE = "gone"


FOG = SubMachine(
    "fog",
    Fog.CLEAR,
    {
        Fog.CLEAR: {Fogged: Fog.THICK, Lifted: Fog.GONE},
        Fog.THICK: {Fogged: Fog.THICK, Lifted: Fog.GONE},
        Fog.GONE: {Fogged: Fog.GONE, Lifted: Fog.GONE},
    },
)


@case(Fogged(), Lifted(), Cast())
def a_horn_after_the_fog_has_gone() -> Process:
    """The bell is wound up in the fog, and a boat that cast off is lost if it tolled, fog or not."""
    cast, tolled = seen(Cast), seen(Tolled)

    def rule(fog: Fog, gone: Seen, over: Seen) -> Out:
        if gone is Y and over is Y:
            return Out.FAILED
        return Out.DONE if fog is Fog.GONE else Out.OTHER

    table = outcomes(FOG, cast, tolled, rule=rule)
    return proc(table, FOG, cast, tolled, wants=[armed_in(FOG, Fog.THICK, BELL)])


@case(Watch(seconds=3600), Moored())
def a_bell_that_writes_when_it_was_due() -> Process:
    """When the bell was due is kept as data, and a watch that was known before moves it."""
    moored = seen(Moored)
    bell = Deadline("bell", Clocked, timedelta(hours=4), override=(WATCHES, "seconds"))
    rung = Reducer("rung", (Clocked,), "", lambda known, fact: max(known, fact.fields["due_at"]))
    has = seen(Clocked)
    field = ComputedField("hour", (rung,), lambda known: known[11:13])
    log = Effect("log", "bridge", {Do.YES: CommandTemplate("WriteLog", computed=(field,))})
    wants = [armed_in(moored, Y, bell), wanted_in(has, log, YES=Do.YES)]
    return proc(by(moored, YES=Out.DONE, NO=Out.OTHER), moored, has, rung, WATCHES, wants=wants)


@case(Moored(), Fogged(), Cast())
def two_bells_that_sound_alike() -> Process:
    """Both bells emit one message: a mooring in the fog sets the second, and whoever rings first decides."""
    moored, fogged, cast, tolled = seen(Moored), seen(Fogged), seen(Cast), seen(Tolled)
    echo = Deadline("echo", Tolled, timedelta(hours=1))

    def rule(boat: Seen, fog: Seen, free: Seen, over: Seen) -> Out:
        if free is Y:
            return Out.FAILED if over is Y else Out.DONE
        return Out.OTHER if boat is Y or fog is Y else Out.DONE

    table = outcomes(moored, fogged, cast, tolled, rule=rule)
    rows = [(Y, N, N, {echo: ARMED}), (ANY, Y, ANY, {}), (N, N, ANY, {}), (Y, N, Y, {})]
    return proc(table, moored, fogged, cast, tolled, wants=[wanted(moored, fogged, cast, rows=rows)])


@case(Wrecked(), Salvaged(), Piloted())
def a_watch_over_a_wreck_that_a_pilot_ends() -> Process:
    """The bell of the wreck winds up the second one only where no pilot is, and the second one decides."""
    wrecked, salvaged, piloted, tolled, again = map(seen, (Wrecked, Salvaged, Piloted, Tolled, TolledAgain))
    table = outcomes(
        wrecked,
        again,
        rows=[(N, ANY, Out.OTHER), (Y, N, Out.DONE), (Y, Y, Out.FAILED)],
    )
    first = wanted(wrecked, rows=[(Y, {BELL: ARMED}), (N, {})])
    second = wanted(
        tolled,
        piloted,
        salvaged,
        rows=[(Y, N, Y, {SECOND_BELL: ARMED}), (Y, N, N, {}), (Y, Y, ANY, {}), (N, ANY, ANY, {})],
    )
    return proc(table, wrecked, salvaged, piloted, tolled, again, wants=[first, second])


@case(Moored(), Cast(), Tolled())
def a_bell_that_somebody_else_may_ring() -> Process:
    """What the scheduler emits is an input like others: only a boat that is still moored waits for it."""
    moored, cast, tolled = seen(Moored), seen(Cast), seen(Tolled)

    def rule(boat: Seen, free: Seen) -> Out:
        return Out.OTHER if boat is N else Out.DONE if free is Y else Out.OPEN

    table = outcomes(moored, cast, rule=rule)
    return proc(table, moored, cast, tolled, wants=[armed_in(table, Out.OPEN, BELL)], unsettled=(Out.OPEN,))


def _strokes(known: dict[str, int], fact: Fact) -> dict[str, int]:
    """The bell counts what is there when it rings."""
    if fact.kind is Tolled:
        return {**known, "at the bell": max(known["boats"], known["at the bell"])}
    return {**known, "boats": 1}


@case(Moored(), Cast())
def boats_that_are_counted_by_the_bell() -> Process:
    """The bell notes whether a boat was there, and a boat that comes after it is not noted."""
    cast = seen(Cast)
    boats = Reducer("boats", (Moored, Tolled), {"boats": 0, "at the bell": 0}, _strokes)
    late = DerivedColumn("late", (boats,), lambda known: known["at the bell"] > 0)
    table = outcomes(late, rows=[(True, Out.DONE), (False, Out.OTHER)])
    return proc(table, cast, boats, wants=[armed_in(cast, Y, BELL)])


@case(Watch(seconds=60.0, strokes=3), gauged(1, 10, 1), gauged(2, 20, 2))
def a_bell_for_as_many_readings_as_strokes() -> Process:
    """The clock starts when there are as many readings as the watch has strokes, less one."""

    def is_due(gauges: Entries, watches: Entries) -> bool:
        strokes = next((one["strokes"] for one in watches.values()), 0)
        return 0 < strokes == len(gauges) + 2

    return rung_while(DerivedColumn("due", (GAUGES, WATCHES), is_due), GAUGES, WATCHES)
