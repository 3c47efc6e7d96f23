"""Tables, deadlines, selections and expressions of lighthouses that leave something to the sequence."""

from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from itertools import combinations, product
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
    Process,
    SubMachine,
    Wanted,
    all_but_first,
    all_of,
    beyond,
    both,
    count,
    each,
    entries_where,
    every,
    greatest,
    has,
    negated,
    only,
    outcomes,
    owing,
    total,
    wanted,
)
from tests.adversary.kit import Commands, Do, Out, Seen, case, has_any, one_outcome, proc, seen, wanted_in
from tests.adversary.planted.twelfth_messages import (
    BOOKS,
    CABLES,
    DAYS,
    GEARS,
    METERS,
    POINTS,
    RULES,
    Dimmed,
    Elapsed,
    Fogged,
    Lit,
    Manned,
    Moored,
    Oiled,
    Painted,
    Ruled,
    Sounded,
    Towed,
    Wrecked,
    dated,
    geared,
    laid,
    metered,
    plotted,
    shelved,
)

Y, N = Seen.YES, Seen.NO
HOUR = timedelta(hours=1)


class First(Enum):
    NONE = "none"
    LEFT = "left"
    RIGHT = "right"


def _race(name: str, left: type, right: type) -> SubMachine[First]:
    start = {left: First.LEFT, right: First.RIGHT}
    moves = {First.NONE: start, **{one: dict.fromkeys(start, one) for one in (First.LEFT, First.RIGHT)}}
    return SubMachine(name, First.NONE, moves)


def _ruled(columns: tuple[Any, ...], rule: Callable[..., dict[Any, Any]]) -> Wanted:
    cells = product(*(column.states for column in columns))
    return wanted(*columns, rows=[(*cell, rule(*cell)) for cell in cells])


def _granted(column: DerivedColumn, *parts: Any) -> Process:
    commands: Commands = {Do.YES: CommandTemplate("Grant"), Do.NO: CommandTemplate("TakeBack")}
    grant = Effect("grant", "desk", commands, final=frozenset({Do.YES}), initially=Do.NO)
    table = wanted(column, rows=[(True, {grant: Do.YES}), (False, {grant: Do.NO})])
    return proc(one_outcome(column), *parts, wants=[table])


def _once(column: DerivedColumn, *parts: Any) -> Process:
    order = Effect("order", "desk", {Do.YES: CommandTemplate("Order")})
    return proc(one_outcome(column), *parts, wants=[wanted(column, rows=[(True, {order: Do.YES}), (False, {})])])


@case(Lit(), Fogged(), Sounded())
def two_races_that_are_compared() -> Process:
    """Who came first is asked of two pairs with a common message, and it matters only whether both say the same."""
    one, other = _race("lamp", Lit, Fogged), _race("horn", Fogged, Sounded)

    def rule(first: First, second: First) -> Enum:
        return Out.DONE if First.NONE in {first, second} or first is second else Out.OTHER

    return proc(outcomes(one, other, rule=rule), one, other)


@case(Lit(), Fogged(), Sounded(), Manned())
def a_race_that_a_keeper_looks_at() -> Process:
    """Which of two came first is asked only where the horn was sounded and nobody is there."""
    race, horn, keeper = _race("lamp", Lit, Fogged), seen(Sounded), seen(Manned)
    warn = Effect("warn", "coast", {Do.YES: CommandTemplate("Warn"), Do.NO: CommandTemplate("Rest")}, initially=Do.NO)

    def rule(first: First, sounded: Seen, manned: Seen) -> dict[Any, Any]:
        return {warn: Do.YES if first is First.LEFT and sounded is Y and manned is N else Do.NO}

    return proc(one_outcome(keeper), race, horn, keeper, wants=[_ruled((race, horn, keeper), rule)])


def _on_a_line(held: Entries) -> bool:
    points = [(one["x"], one["y"]) for one in held.values()]
    return len(points) > 2 and all(
        (b[0] - a[0]) * (c[1] - a[1]) == (c[0] - a[0]) * (b[1] - a[1]) for a, b, c in combinations(points, 3)
    )


@case(plotted(1, 0, 0), plotted(2, 1, 1), plotted(3, 2, 2), plotted(4, 0, 5))
def a_clock_while_all_points_are_on_a_line() -> Process:
    """Three points on a line set a clock, and with the fourth one in between no line was ever seen."""
    line, rang = DerivedColumn("line", (POINTS,), _on_a_line), seen(Elapsed)
    clock = Deadline("clock", Elapsed, HOUR)
    table = outcomes(rang, rows=[(Y, Out.FAILED), (N, Out.DONE)])
    return proc(table, rang, POINTS, wants=[wanted(line, rows=[(True, {clock: ARMED}), (False, {})])])


@case(Wrecked(), Moored(), Towed())
def a_wreck_that_waits_after_it_was_moored() -> Process:
    """The clock is set by a tow, and a moored wreck without a tow waits for it."""
    wreck, moored, towed, rang = map(seen, (Wrecked, Moored, Towed, Elapsed))
    clock = Deadline("clock", Elapsed, HOUR)

    def rule(lost: Seen, fast: Seen, over: Seen) -> Enum:
        if lost is Y and fast is Y and over is N:
            return Out.OPEN
        return Out.FAILED if over is Y else Out.DONE

    return proc(
        outcomes(wreck, moored, rang, rule=rule),
        wreck,
        moored,
        towed,
        rang,
        wants=[wanted(towed, rows=[(Y, {clock: ARMED}), (N, {})])],
        unsettled=[Out.OPEN],
    )


@case(shelved(1, "atlas", kind="map"), shelved(2, "atlas", kind="chart"))
def a_map_and_a_chart_of_one_title() -> Process:
    """Maps and charts are bound by two effects in the same words, and two of them have one title."""
    some = has_any(BOOKS)
    bind: Commands = {Do.YES: CommandTemplate("Bind", BOOKS, ("title",))}
    maps, charts = Effect("maps", "binder", bind), Effect("charts", "binder", bind)

    def of(kind: str) -> Any:
        return entries_where(BOOKS, each("kind").equals(kind))

    return proc(
        one_outcome(some),
        some,
        BOOKS,
        wants=[wanted_in(some, maps, YES=of("map")), wanted_in(some, charts, YES=of("chart"))],
    )


@case(Oiled(), Painted(), Dimmed(), Lit())
def a_lamp_that_is_dimmed_between_two() -> Process:
    """Three of four steps commute in each pair, and dimming is forgotten between the oil and the light."""
    oil, paint, lamp = seen(Oiled), seen(Painted), _race("lamp", Dimmed, Lit)

    def rule(oiled: Seen, painted: Seen, first: First) -> Enum:
        return Out.OTHER if oiled is Y and painted is Y and first is First.LEFT else Out.DONE

    return proc(outcomes(oil, paint, lamp, rule=rule), oil, paint, lamp)


@case(Ruled("i", 5), metered(1, 1, 9), dated(1, "2030-01-01"))
def all_of_it_lies_beyond_before_any_day() -> Process:
    """Before a day is known all that was used lies beyond the limit, and is charged for good."""
    excess = beyond(METERS, "used", target=only(RULES, "limit"), by=("meter_id",), all_if=negated(has(DAYS)))
    field = ComputedField.of("excess", excess, is_cumulative=True)
    template = CommandTemplate("Charge", METERS, ("meter_id",), computed=(field,))
    charge = Effect("charge", "bank", {Do.YES: template}, final=frozenset({Do.YES}))
    some = has_any(METERS)
    wants = [wanted_in(some, charge, YES=owing(excess, name="beyond"))]
    return proc(one_outcome(some), some, METERS, RULES, DAYS, wants=wants)


@case(laid(1, "a", "b"), laid(2, "a", "c"), plotted(1, 0, 0))
def more_cables_than_points() -> Process:
    """The surplus is said for good, and a point makes it less."""
    some = has_any(CABLES)
    field = ComputedField.of("surplus", count(CABLES).minus(count(POINTS)).at_least(0), is_cumulative=True)
    note = Effect("note", "desk", {Do.YES: CommandTemplate("Note", computed=(field,))}, final=frozenset({Do.YES}))
    return proc(one_outcome(some), some, CABLES, POINTS, wants=[wanted_in(some, note, YES=Do.YES)])


@case(metered(1, 1, 60), metered(2, 2, 50), metered(3, 3, 400))
def the_rest_is_more_than_the_greatest() -> Process:
    """Two months make more than the greatest one, until a month is greater than all."""
    used = total(METERS, "used")
    peak = greatest(METERS, "used")
    return _granted(DerivedColumn.of("even", both(count(METERS) >= 2, used >= peak.plus(peak).minus(20))), METERS)


@case(laid(1, "a", "b", 5), metered(1, 1, 7), laid(2, "b", "c", 9))
def no_cable_is_dearer_than_a_month() -> Process:
    """The dearest cable costs no more than the greatest month, for now."""
    return _granted(DerivedColumn.of("cheap", greatest(CABLES, "cost") <= greatest(METERS, "used")), CABLES, METERS)


@case(Ruled("i", 3), laid(1, "a", "b", 1), Lit())
def all_cables_are_dear_before_there_are_any() -> Process:
    """All of no cables are dearer than a limit, and the first one is not."""
    column = DerivedColumn.of("dear", all_of(CABLES, each("cost") >= only(RULES, "limit")))
    return _granted(column, CABLES, RULES, seen(Lit))


@case(Ruled("i", 10), geared(1, 5), geared(2, 6), geared(3, 7))
def one_or_two_small_wheels() -> Process:
    """An order goes out for one or two wheels below the limit, and is left as it is for three."""
    few = count(GEARS, where=each("teeth") < only(RULES, "limit")).is_one_of(1, 2)
    return _once(DerivedColumn.of("few", few), GEARS, RULES)


@case(geared(1, 8), geared(2, 64))
def a_greatest_wheel_of_eight() -> Process:
    """An order goes out while the greatest wheel has eight teeth, which a greater one hides."""
    return _once(DerivedColumn.of("eight", greatest(GEARS, "teeth").equals(8)), GEARS)


@case(metered(1, 1, 60), metered(2, 2, 40), metered(3, 3, 5))
def a_clock_at_exactly_a_hundred() -> Process:
    """A sum of a hundred sets the clock, and some sequences go past it."""
    rang = seen(Elapsed)
    clock = Deadline("clock", Elapsed, HOUR)
    column = DerivedColumn.of("hundred", total(METERS, "used").equals(100))
    table = outcomes(rang, column, rows=[(Y, False, Out.FAILED), (Y, True, Out.DONE), (N, ANY, Out.DONE)])
    return proc(table, rang, METERS, wants=[wanted(column, rows=[(True, {clock: ARMED}), (False, {})])])


@case(shelved(1, "atlas", 1), shelved(2, "pilot", 2), shelved(3, "tides", 3), Fogged())
def all_but_two_and_then_all_but_one() -> Process:
    """In fog all books but the first two are taken in, and in clear air all but the first one."""
    fog = seen(Fogged)
    take = Effect("take", "keeper", {Do.YES: CommandTemplate("TakeIn", BOOKS, ("title",))})
    rows = [
        (N, {take: all_but_first(BOOKS, 1, by=("title",))}),
        (Y, {take: all_but_first(BOOKS, 2, by=("title",))}),
    ]
    return proc(one_outcome(fog), fog, BOOKS, wants=[wanted(fog, rows=rows)])


@case(Ruled("i", 5, 9.0), Lit(), Dimmed())
def a_lamp_with_three_values() -> Process:
    """The column is bright, dim or dark, and for dim nobody says anything of the guard."""
    guard = Effect(
        "guard", "coast", {Do.YES: CommandTemplate("Send"), Do.NO: CommandTemplate("Recall")}, initially=Do.NO
    )
    lit, dimmed = seen(Lit), seen(Dimmed)
    known = DerivedColumn.of("known", has(RULES))

    def rule(on: Seen, low: Seen, has_rule: bool) -> dict[Any, Any]:
        if on is Y and low is Y and has_rule:
            return {}
        return {guard: Do.YES if on is Y else Do.NO}

    return proc(one_outcome(lit), lit, dimmed, RULES, wants=[_ruled((lit, dimmed, known), rule)])


@case(Manned(), shelved(1, "atlas"), shelved(2, "pilot"))
def books_for_a_keeper_who_came_later() -> Process:
    """With one book the supervisor gets it, and with two of them nobody says whose they are."""
    keeper = seen(Manned)
    lend = Effect("lend", "library", {Do.YES: CommandTemplate("Lend", BOOKS, ("title",))})
    one = DerivedColumn.of("one", count(BOOKS).equals(1))
    rows = [(Y, True, {lend: every(BOOKS)}), (Y, False, {}), (N, ANY, {})]
    return proc(one_outcome(keeper), keeper, BOOKS, wants=[wanted(keeper, one, rows=rows)])
