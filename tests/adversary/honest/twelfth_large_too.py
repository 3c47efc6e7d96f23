"""Fleets, log books and coasts with eleven to sixteen kinds of messages, which converge."""

from datetime import timedelta
from enum import Enum
from itertools import product
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
    Register,
    Selection,
    SubMachine,
    any_of,
    count,
    each,
    has,
    outcomes,
    stages,
    total,
    total_by,
    wanted,
)
from tests.adversary.honest.twelfth_large import beside, both_tables, noted, ranked_by, switched
from tests.adversary.kit import Do, Out, Seen, case, proc, seen
from tests.adversary.planted.twelfth_messages import (
    CODES,
    DAYS,
    GEARS,
    METERS,
    ROWS,
    RULES,
    TRIPS,
    VERSIONS,
    Dimmed,
    Elapsed,
    ElapsedAgain,
    Fogged,
    Geared,
    Known,
    Lit,
    Manned,
    Moored,
    Oiled,
    Painted,
    Sailed,
    Salvaged,
    Sequenced,
    Sounded,
    Surveyed,
    Towed,
    Wrecked,
    coded,
    dated,
    edited,
    geared,
    knitted,
    metered,
    sailed,
    sequenced,
)

Y, N = Seen.YES, Seen.NO
HOUR = timedelta(hours=1)
Part = SubMachine[Any] | Register | Reducer


def _mirrored(known: Known, fact: Fact) -> Known:
    ports = [leg["port"] for leg in fact.fields["legs"]]
    return {**known, "/".join(sorted({*ports})): True}


def _miles(held: Entries) -> int:
    return sum(leg["miles"] for one in held.values() for leg in one["legs"])


@case(sailed(1, ("Rye", 5), ("Hull", 6)), sailed(2, ("Hull", 2), ("Rye", 1)), Towed(), Lit())
def a_fleet_of_twelve_messages() -> Process:
    """Trips over the same ports are one, in a fold beside the register of the same messages."""
    routes = Reducer("routes", (Sailed,), {}, _mirrored)
    parts = [seen(Wrecked), seen(Towed), seen(Lit)]
    some = DerivedColumn.of("some", has(TRIPS))
    fields = (
        ComputedField("routes", (routes, TRIPS), lambda known, held: [sorted(known), len(held)]),
        ComputedField("miles", (TRIPS,), _miles),
    )
    return both_tables(
        parts,
        ranked_by(Wrecked, Towed, Lit),
        routes,
        TRIPS,
        GEARS,
        *beside(Oiled, Painted, Dimmed, Sounded, Fogged, Moored, Manned),
        wants=[noted(some, "Routes", *fields)],
    )


@case(edited(1, "lamp", ann=2), edited(2, "horn", bob=1), edited(3, "bell", ann=3), Salvaged())
def a_log_book_of_thirteen_messages() -> Process:
    """All texts that nobody has seen who wrote another one are chosen, and can be dropped again."""

    def unseen(held: Entries) -> frozenset[str]:
        def is_before(one: dict[str, int], other: dict[str, int]) -> bool:
            return one != other and all(other.get(writer, 0) >= many for writer, many in one.items())

        clocks = {key: {who: many for who, many in one["clock"].items() if many} for key, one in held.items()}
        return frozenset(key for key in held if not any(is_before(clocks[key], other) for other in clocks.values()))

    def is_missing(held: Entries) -> frozenset[str]:
        return frozenset(held) - unseen(held)

    show = Effect("show", "press", {Do.YES: CommandTemplate("Hide", VERSIONS, ("text",))}, final=frozenset({Do.YES}))
    parts = [seen(Wrecked), seen(Salvaged), seen(Lit)]
    some = DerivedColumn.of("some", has(VERSIONS))
    return both_tables(
        parts,
        ranked_by(Wrecked, Salvaged, Lit),
        VERSIONS,
        RULES,
        *beside(Oiled, Painted, Dimmed, Sounded, Fogged, Moored, Manned, Towed),
        wants=[wanted(some, rows=[(True, {show: Selection("seen", VERSIONS, is_missing)}), (False, {})])],
    )


@case(metered(1, 1, 40), metered(2, 2, 70), Lit(), dated(1, "2030-01-01", "x"))
def a_power_plant_of_eleven_messages() -> Process:
    """Three stages of what was used, of which each has all before it, and sums by the month."""
    used = total(METERS, "used")
    stage = DerivedColumn.of("stage", stages(Out.OTHER, (used >= 50, Out.OPEN), (used >= 100, Out.DONE)))
    pay = Effect("pay", "bank", {Do.YES: CommandTemplate("Pay")}, final=frozenset({Do.YES}))
    marked = DerivedColumn.of("marked", any_of(DAYS, each("label").equals("x")))
    lit = seen(Lit)
    rows = [(stage_, {pay: Do.YES} if stage_ is Out.DONE else {}) for stage_ in stage.states]
    field = ComputedField.of("months", total_by(METERS, "used", per="meter_id"), is_cumulative=True)
    return both_tables(
        [stage, lit],
        lambda one, on: one if on is Y else Out.FAILED,
        METERS,
        DAYS,
        *beside(Oiled, Painted, Dimmed, Sounded, Fogged, Moored, Manned, Towed),
        wants=[wanted(stage, rows=rows), switched(marked, "flag", is_final=True), noted(lit, "Months", field)],
    )


@case(Wrecked(), Elapsed("i"), ElapsedAgain("i"), geared(1, 3), knitted(1, 4, 4))
def a_wreck_of_fourteen_messages() -> Process:
    """Two clocks in a row, of which the second one is set by the first in each sequence."""
    wreck, moored, rang, again = map(seen, (Wrecked, Moored, Elapsed, ElapsedAgain))
    first, second = Deadline("first", Elapsed, HOUR), Deadline("second", ElapsedAgain, 2 * HOUR)

    def rule(lost: Seen, fast: Seen, over: Seen, end: Seen) -> Enum:
        if lost is N or fast is Y:
            return Out.DONE
        return Out.FAILED if over is Y and end is Y else Out.OPEN

    def arm(lost: Seen, over: Seen) -> dict[Any, Any]:
        return ({first: ARMED} if lost is Y else {}) | ({second: ARMED} if over is Y else {})

    cells = [(*cell, arm(*cell)) for cell in product(Seen, Seen)]
    few = DerivedColumn.of("few", count(GEARS).equals(1))
    return both_tables(
        [wreck, moored, rang, again],
        rule,
        GEARS,
        ROWS,
        CODES,
        *beside(Oiled, Painted, Dimmed, Sounded, Fogged, Manned, Towed),
        wants=[wanted(wreck, rang, rows=cells), switched(few, "lens")],
        unsettled=[Out.OPEN],
    )


@case(Lit(), Fogged(), Sounded(), geared(1, 6), coded(1, "ab"), sequenced(1, 6))
def a_coast_with_a_tower_and_sixteen_messages() -> Process:
    """A smaller process is a column of the larger one, and numbers of two folds are compared."""
    lit, keeper, fog, horn = map(seen, (Lit, Manned, Fogged, Sounded))
    rows = [(Y, Y, Out.DONE), (Y, N, Out.OPEN), (N, ANY, Out.OTHER)]
    inner = proc(outcomes(lit, keeper, rows=rows, name="tower"), lit, keeper, wants=[switched(keeper, "house")])
    teeth = Reducer("teeth", (Geared,), 0, lambda known, fact: max(known, fact.fields["teeth"]))
    bits = Reducer("bits", (Sequenced,), 0, lambda known, fact: known | fact.fields["number"])
    equal = DerivedColumn("equal", (teeth, bits), lambda one, other: one == other)

    def rule(tower: Enum, thick: Seen, loud: Seen) -> Enum:
        return Out.FAILED if tower is not Out.DONE and thick is Y and loud is N else Out(tower.value)

    return proc(
        outcomes(inner.outcomes, fog, horn, rule=rule),
        fog,
        horn,
        teeth,
        bits,
        CODES,
        DAYS,
        *beside(Oiled, Painted, Dimmed, Moored, Towed, Surveyed, Salvaged, Wrecked),
        children=(inner,),
        wants=[switched(equal, "bridge")],
    )
