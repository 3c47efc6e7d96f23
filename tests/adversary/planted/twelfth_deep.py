"""Large processes of ten to sixteen kinds of messages with one mistake each."""

from datetime import timedelta
from enum import Enum
from fractions import Fraction
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
    Selection,
    SubMachine,
    count,
    has,
    only,
    outcomes,
    total,
    wanted,
)
from tests.adversary.honest.twelfth_large import beside, both_tables, noted, ranked_by, switched
from tests.adversary.kit import Commands, Do, Moves, Out, Seen, case, proc, seen
from tests.adversary.planted.twelfth_messages import (
    BOOKS,
    CABLES,
    CODES,
    DAYS,
    GEARS,
    METERS,
    PACKETS,
    POINTS,
    QUOTES,
    RULES,
    TRIPS,
    Dimmed,
    Elapsed,
    ElapsedAgain,
    Fogged,
    Known,
    Lit,
    Manned,
    Moored,
    Oiled,
    Painted,
    Ruled,
    Sailed,
    Salvaged,
    Sounded,
    Surveyed,
    Towed,
    Wrecked,
    geared,
    laid,
    metered,
    plotted,
    quoted,
    sailed,
    sequenced,
    shelved,
)

Y, N = Seen.YES, Seen.NO
HOUR = timedelta(hours=1)


@case(Lit(), sequenced(1, 7), sequenced(2, 4), Fogged())
def a_tower_with_a_clock_for_odd_bits() -> Process:
    """The clock is set while the number of bits is odd, and its message counts in any case."""
    lit, rang = seen(Lit), seen(Elapsed)
    odd = DerivedColumn("odd", (PACKETS,), lambda held: sum(one["number"].bit_count() for one in held.values()) % 2 > 0)
    clock = Deadline("clock", Elapsed, HOUR)
    rows = [(Y, True, {clock: ARMED}), (Y, False, {}), (N, ANY, {})]
    return both_tables(
        [lit, rang],
        lambda on, over: Out.FAILED if over is Y and on is Y else Out.DONE,
        PACKETS,
        RULES,
        METERS,
        *beside(Oiled, Painted, Dimmed, Sounded, Fogged, Towed, Wrecked),
        wants=[wanted(lit, odd, rows=rows)],
    )


@case(Lit(), Manned(), Painted(), Fogged())
def a_guard_that_one_cell_forgets() -> Process:
    """Of sixteen cells one leaves the guard as it was: lit, manned and painted, in fog."""
    lit, keeper, paint, fog = map(seen, (Lit, Manned, Painted, Fogged))
    commands: Commands = {Do.YES: CommandTemplate("Send"), Do.NO: CommandTemplate("Recall")}
    guard = Effect("guard", "coast", commands, initially=Do.NO)

    def wants(*cell: Seen) -> dict[Any, Any]:
        on, there, _, thick = cell
        if all(one is Y for one in cell):
            return {}
        return {guard: Do.YES if (on is Y and there is N) or (thick is Y and on is N) else Do.NO}

    rows = [(*cell, wants(*cell)) for cell in product(Seen, repeat=4)]
    return both_tables(
        [lit, keeper, fog],
        ranked_by(Lit, Manned, Fogged),
        paint,
        GEARS,
        RULES,
        CODES,
        *beside(Oiled, Dimmed, Sounded, Towed, Wrecked, Moored),
        wants=[wanted(lit, keeper, paint, fog, rows=rows)],
    )


class Step(Enum):
    NONE = "none"
    TOWED = "towed"
    MOORED = "moored"
    SURVEYED = "surveyed"
    SALVAGED = "salvaged"


@case(Towed(), Moored(), Surveyed(), Salvaged())
def a_ladder_with_a_loose_step() -> Process:
    """The highest step counts, but a tow of a surveyed wreck takes it back to the moorings."""
    kinds = dict(zip((Towed, Moored, Surveyed, Salvaged), list(Step)[1:], strict=True))
    order = list(Step)
    moves: Moves = {state: {kind: max(state, step, key=order.index) for kind, step in kinds.items()} for state in Step}
    moves[Step.SURVEYED][Towed] = Step.MOORED
    ladder, lost = SubMachine("ladder", Step.NONE, moves), seen(Wrecked)
    return both_tables(
        [ladder, lost],
        lambda step, gone: Out.FAILED if gone is Y else Out.DONE if order.index(step) > 2 else Out.OTHER,
        QUOTES,
        RULES,
        CODES,
        *beside(Oiled, Painted, Dimmed, Sounded),
        wants=[noted(DerivedColumn.of("some", has(QUOTES)), "Count", ComputedField.of("count", count(QUOTES)))],
    )


def _farthest(known: Known, fact: Fact) -> Known:
    miles = sum(leg["miles"] for leg in fact.fields["legs"])
    if miles < known["miles"] or (miles == known["miles"] and fact.fields["skipper"] is None):
        return known
    return {"miles": miles, "skipper": fact.fields["skipper"]}


@case(sailed(1, ("Rye", 5), ("Hull", 2), skipper="ann"), sailed(2, ("Bude", 7), skipper="bob"), Towed(), Lit())
def a_fleet_with_two_longest_trips() -> Process:
    """Of two trips with as many miles the last one counts that has a skipper."""
    farthest = Reducer("farthest", (Sailed,), {"miles": 0, "skipper": None}, _farthest)
    parts = [seen(Wrecked), seen(Towed), seen(Lit)]
    prize = ComputedField("skipper", (farthest,), lambda known: known["skipper"])
    return both_tables(
        parts,
        ranked_by(Wrecked, Towed, Lit),
        farthest,
        TRIPS,
        GEARS,
        *beside(Oiled, Painted, Dimmed, Sounded, Fogged, Moored, Manned, Surveyed, Salvaged),
        wants=[noted(parts[1], "Prize", prize)],
    )


@case(shelved(1, "atlas", 3), shelved(2, "pilot", 9, "log"), Painted(), Ruled("i", 5))
def a_library_whose_limit_comes_late() -> Process:
    """Without a limit each book on a shelf is lent for good, and a limit leaves fewer."""

    def lent(books: Entries, rules: Entries) -> frozenset[str]:
        limit = next((one["limit"] or 0 for one in rules.values()), 0)
        return frozenset(key for key, one in books.items() if one["shelf"] is not None and one["shelf"] >= limit)

    lend = Effect("lend", "readers", {Do.YES: CommandTemplate("Lend", BOOKS, ("title",))}, final=frozenset({Do.YES}))
    some = DerivedColumn.of("some", has(BOOKS))
    parts = [seen(Wrecked), seen(Painted), seen(Surveyed)]
    choice = Selection("above the limit", BOOKS, lent, beside=(RULES,))
    return both_tables(
        parts,
        ranked_by(Wrecked, Painted, Surveyed),
        BOOKS,
        RULES,
        CODES,
        *beside(Oiled, Dimmed, Sounded, Fogged, Towed, Moored, Lit, Manned, Salvaged),
        wants=[wanted(some, rows=[(True, {lend: choice}), (False, {})])],
    )


class First(Enum):
    NONE = "none"
    LEFT = "left"
    RIGHT = "right"


@case(Lit(), Fogged(), Manned(), Sounded())
def a_coast_whose_tower_races() -> Process:
    """In the tower light and fog race, and the coast asks who won where somebody is there and the horn is silent."""
    sides: dict[type, Any] = {Lit: First.LEFT, Fogged: First.RIGHT}
    raced: Moves = {one: dict.fromkeys(sides, one) for one in First} | {First.NONE: sides}
    race = SubMachine("race", First.NONE, raced)
    keeper, horn = seen(Manned), seen(Sounded)
    rows = [
        (First.NONE, ANY, Out.OTHER),
        (First.LEFT, ANY, Out.DONE),
        (First.RIGHT, Y, Out.FAILED),
        (First.RIGHT, N, Out.DONE),
    ]
    inner = proc(outcomes(race, keeper, rows=rows, name="tower"), race, keeper)

    def rule(tower: Enum, loud: Seen) -> Enum:
        return Out.DONE if loud is Y or tower is not Out.FAILED else Out.OPEN

    return proc(
        outcomes(inner.outcomes, horn, rule=rule),
        horn,
        GEARS,
        CODES,
        DAYS,
        *beside(Oiled, Painted, Dimmed, Moored, Towed, Surveyed, Salvaged, Wrecked),
        children=(inner,),
    )


@case(Wrecked(), Moored(), geared(1, 3))
def a_wreck_whose_second_clock_asks_too_much() -> Process:
    """The second clock is set by the first one while there is a wheel, and a wreck without a wheel waits."""
    wreck, moored, rang, again = map(seen, (Wrecked, Moored, Elapsed, ElapsedAgain))
    first, second = Deadline("first", Elapsed, HOUR), Deadline("second", ElapsedAgain, 2 * HOUR)
    wheel = DerivedColumn.of("wheel", has(GEARS))

    def rule(lost: Seen, fast: Seen, over: Seen, end: Seen) -> Enum:
        if lost is N or fast is Y:
            return Out.DONE
        return Out.FAILED if over is Y and end is Y else Out.OPEN

    def arm(lost: Seen, over: Seen, known: bool) -> dict[Any, Any]:
        return ({first: ARMED} if lost is Y else {}) | ({second: ARMED} if over is Y and known else {})

    cells = [(*cell, arm(*cell)) for cell in product(Seen, Seen, (False, True))]
    return both_tables(
        [wreck, moored, rang, again],
        rule,
        GEARS,
        CODES,
        *beside(Oiled, Painted, Dimmed, Sounded, Fogged, Manned),
        wants=[wanted(wreck, rang, wheel, rows=cells)],
        unsettled=[Out.OPEN],
    )


@case(metered(1, 1, 60), Ruled("i", 4), Lit())
def a_bill_with_a_limit_that_is_not_known() -> Process:
    """The final bill says what is above the limit, and null while there is none."""
    lit = seen(Lit)
    field = ComputedField.of("above", total(METERS, "used").minus(only(RULES, "limit")), is_cumulative=True)
    return both_tables(
        [seen(Wrecked), lit, seen(Fogged)],
        ranked_by(Wrecked, Lit, Fogged),
        METERS,
        RULES,
        *beside(Oiled, Painted, Dimmed, Sounded, Manned),
        wants=[noted(lit, "Bill", field, is_final=True)],
    )


@case(laid(1, "a", "b", 5), metered(1, 1, 3), metered(2, 2, 4), plotted(1, 3, 4), quoted(1, "0.5"))
def a_share_of_four_registers() -> Process:
    """What was used is worth more than the cables, as long as no further price is known."""

    def is_worth(used: Entries, cables: Entries, quotes: Entries, points: Entries) -> bool:
        prices = [Fraction(one["price"]) * one["pieces"] for one in quotes.values()]
        mean = sum(prices, Fraction(0)) / len(prices) if prices else Fraction(1)
        worth = sum(one["used"] for one in used.values()) * mean
        return bool(cables and points) and worth > sum(one["cost"] for one in cables.values())

    worth = DerivedColumn("worth", (METERS, CABLES, QUOTES, POINTS), is_worth)
    return both_tables(
        [seen(Wrecked), seen(Moored), seen(Surveyed)],
        ranked_by(Wrecked, Moored, Surveyed),
        METERS,
        CABLES,
        QUOTES,
        POINTS,
        *beside(Oiled, Painted, Dimmed, Sounded, Manned, Lit),
        wants=[switched(worth, "deal", is_final=True)],
    )


class Horn(Enum):
    SILENT = "silent"
    ONCE = "once"
    TWICE = "twice"


@case(Sounded(), Fogged(), Lit())
def a_horn_that_sounds_twice() -> Process:
    """A horn in fog counts once more, and so does a horn before it."""
    moves: Moves = {
        Horn.SILENT: {Sounded: Horn.ONCE, Fogged: Horn.SILENT},
        Horn.ONCE: {Sounded: Horn.ONCE, Fogged: Horn.TWICE},
        Horn.TWICE: {Sounded: Horn.TWICE, Fogged: Horn.TWICE},
    }
    horn, lit = SubMachine("horn", Horn.SILENT, moves), seen(Lit)

    def rule(sound: Horn, on: Seen) -> Enum:
        return Out.FAILED if sound is Horn.TWICE and on is N else Out.DONE

    return both_tables(
        [horn, lit],
        rule,
        GEARS,
        RULES,
        METERS,
        CODES,
        *beside(Oiled, Painted, Dimmed, Towed, Wrecked, Moored, Manned, Surveyed, Salvaged),
        wants=[switched(lit, "lens")],
    )
