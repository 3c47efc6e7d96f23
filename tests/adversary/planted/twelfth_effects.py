"""Effects, fields and clocks of supervisors, tugs and surveyors, of which one of several sequences is forgotten."""

from collections.abc import Callable
from datetime import datetime, timedelta
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
    SubMachine,
    Wanted,
    all_but_least,
    count,
    each,
    entries_where,
    every,
    field_of_entry,
    has,
    only,
    outcomes,
    wanted,
    with_partner,
    without_partner,
)
from tests.adversary.kit import Commands, Do, Moves, Out, Seen, case, has_any, one_outcome, proc, seen, wanted_in
from tests.adversary.planted.twelfth_messages import (
    BOOKS,
    CABLES,
    CODES,
    GEARS,
    METERS,
    POINTS,
    RULES,
    TRIPS,
    Elapsed,
    ElapsedAgain,
    Fogged,
    Geared,
    Known,
    Lit,
    Manned,
    Moored,
    Ruled,
    Salvaged,
    Sounded,
    Towed,
    Wrecked,
    coded,
    geared,
    laid,
    metered,
    plotted,
    sailed,
    shelved,
)

Y, N = Seen.YES, Seen.NO
HOUR = timedelta(hours=1)


def _ruled(columns: tuple[Any, ...], rule: Callable[..., dict[Any, Any]]) -> Wanted:
    return wanted(*columns, rows=[(*cell, rule(*cell)) for cell in product(*(column.states for column in columns))])


@case(geared(1, 5), Ruled("i", 9), geared(2, 12))
def a_crane_for_wheels_around_the_limit() -> Process:
    """Wheels below the limit are lifted, those above it are rolled, and one of them is called the other."""
    some = has_any(GEARS)
    commands: Commands = {Do.YES: CommandTemplate("Lift"), Do.NO: CommandTemplate("Roll")}
    move = Effect("move", "crane", {do: CommandTemplate(one.type, GEARS, ("teeth",)) for do, one in commands.items()})
    known = DerivedColumn.of("known", has(RULES))
    small = entries_where(GEARS, each("teeth") < only(RULES, "limit"), Do.YES)
    rows = [
        (Y, False, {move: every(GEARS, Do.NO)}),
        (Y, True, {move: small}),
        (N, ANY, {}),
    ]
    return proc(one_outcome(some), some, GEARS, RULES, wants=[wanted(some, known, rows=rows)])


class Tug(Enum):
    CALLED = "called"
    READY = "ready"
    HOME = "home"


@case(Wrecked(), Towed(), Moored())
def a_tug_that_is_ready_in_between() -> Process:
    """A tug is called for a wreck, ready with a tow, and sent home from its moorings if it was ready."""
    wreck, tow, moored = map(seen, (Wrecked, Towed, Moored))
    commands: dict[Enum, CommandTemplate] = {one: CommandTemplate(f"Tug{one.name.title()}") for one in Tug}
    tug = Effect("tug", "port", commands, initially=Tug.HOME)

    def rule(lost: Seen, towed: Seen, fast: Seen) -> dict[Any, Any]:
        if fast is Y:
            return {tug: Tug.HOME} if towed is Y else {}
        return {tug: Tug.READY if towed is Y else Tug.CALLED} if lost is Y else {tug: Tug.HOME}

    return proc(one_outcome(wreck), wreck, tow, moored, wants=[_ruled((wreck, tow, moored), rule)])


@case(shelved(1, "atlas", 1), shelved(2, "pilot", 2), Lit())
def a_lamp_that_is_lent_with_the_number_of_books() -> Process:
    """By light every book is lent with the number of books so far, and only before the fog."""
    lit, fog = seen(Lit), seen(Fogged)
    field = ComputedField("of", (BOOKS,), lambda held, key: [len(held), key])
    template = CommandTemplate("Lend", BOOKS, ("title",), computed=(field,))
    lend = Effect("lend", "readers", {Do.YES: template}, final=frozenset({Do.YES}))
    rows = [(Y, ANY, {lend: every(BOOKS)}), (N, ANY, {})]
    return proc(one_outcome(fog), lit, fog, BOOKS, wants=[wanted(lit, fog, rows=rows)])


@case(Moored(), metered(1, 1, 5), metered(2, 2, 6))
def a_clock_for_a_ship_with_one_meter() -> Process:
    """A moored ship with one meter has an hour, and with a second one it is too late for ever."""
    moored, rang = seen(Moored), seen(Elapsed)
    clock = Deadline("clock", Elapsed, HOUR)
    one = DerivedColumn.of("one", count(METERS).equals(1))
    rows = [(Y, True, {clock: ARMED}), (Y, False, {}), (N, ANY, {})]

    def rule(fast: Seen, over: Seen, alone: bool) -> Enum:
        return Out.FAILED if fast is Y and over is Y and not alone else Out.DONE

    return proc(outcomes(moored, rang, one, rule=rule), moored, rang, METERS, wants=[wanted(moored, one, rows=rows)])


def _hour(known: list[str], fact: Fact) -> list[str]:
    return sorted({*known, fact.fields["due_at"][:16]})


@case(Lit(), Ruled("i", 3, 7_200.0))
def hours_at_which_bells_were_due() -> Process:
    """The hours of all bells are a list, and the rules move a bell if they come first."""
    lit = seen(Lit)
    hours = Reducer("hours", (Elapsed,), [], _hour)
    bell = Deadline("bell", Elapsed, HOUR, override=(RULES, "wait_seconds"))
    note = Effect("note", "desk", {Do.YES: CommandTemplate("Note", computed=(ComputedField("h", (hours,), sorted),))})
    rows = [(Y, {bell: ARMED, note: Do.YES}), (N, {})]
    return proc(one_outcome(lit), lit, hours, RULES, wants=[wanted(lit, rows=rows)])


def _weekday(held: Entries, key: str) -> str:
    return f"{key}: {datetime(2030, 1, 1 + len(held) % 28):%A}"  # noqa: DTZ001


@case(laid(1, "a", "b"), laid(2, "b", "c"))
def a_day_for_each_cable() -> Process:
    """A cable is dug for good on a day that depends on how many cables there are."""
    some = has_any(CABLES)
    template = CommandTemplate("Dig", CABLES, ("start",), computed=(ComputedField("day", (CABLES,), _weekday),))
    dig = Effect("dig", "diggers", {Do.YES: template}, final=frozenset({Do.YES}))
    return proc(one_outcome(some), some, CABLES, wants=[wanted_in(some, dig, YES=every(CABLES))])


@case(coded(1, "Rye"), sailed(1, ("Rye", 5), skipper="Rye"), sailed(2, ("Hull", 5), skipper="Hull"))
def trips_whose_skipper_is_known_or_not() -> Process:
    """Trips with a known skipper are paid by one effect, and those without by another one, for good."""
    some = has_any(TRIPS)
    pay: Commands = {Do.YES: CommandTemplate("Pay", TRIPS, ("trip_id",))}
    hold: Commands = {Do.YES: CommandTemplate("Hold", TRIPS, ("trip_id",))}
    paid = Effect("pay", "bank", pay, final=frozenset({Do.YES}))
    held = Effect("hold", "bank", hold)
    known = with_partner(TRIPS, "skipper", CODES, "code")
    unknown = without_partner(TRIPS, "skipper", CODES, "code")
    return proc(
        one_outcome(some),
        some,
        TRIPS,
        CODES,
        wants=[wanted_in(some, paid, YES=known), wanted_in(some, held, YES=unknown)],
    )


@case(plotted(1, 1, 2), plotted(2, 1, 2))
def a_post_and_a_flag_in_the_same_words() -> Process:
    """A post for each point, and a flag for all but the least, in one command with one place."""
    some = has_any(POINTS)
    set_: Commands = {Do.YES: CommandTemplate("Set", POINTS, ("x", "y"))}
    post, flag = Effect("post", "field", set_), Effect("flag", "field", set_)
    rest = all_but_least(POINTS, by=("x", "point_id"))
    wants = [wanted_in(some, post, YES=every(POINTS)), wanted_in(some, flag, YES=rest)]
    return proc(one_outcome(some), some, POINTS, wants=wants)


class Mode(Enum):
    DAY = "day"
    NIGHT = "night"
    STORM = "storm"


@case(Lit(), Sounded(), Manned(), Fogged())
def a_tower_in_three_modes() -> Process:
    """Light makes it night and the horn a storm; manning it ends the storm, if there was one by then."""
    moves: Moves = {
        Mode.DAY: {Lit: Mode.NIGHT, Sounded: Mode.STORM, Manned: Mode.DAY},
        Mode.NIGHT: {Lit: Mode.NIGHT, Sounded: Mode.STORM, Manned: Mode.NIGHT},
        Mode.STORM: {Lit: Mode.STORM, Sounded: Mode.STORM, Manned: Mode.NIGHT},
    }
    tower, fog = SubMachine("tower", Mode.DAY, moves), seen(Fogged)

    def rule(mode: Mode, thick: Seen) -> Enum:
        return Out.FAILED if mode is Mode.STORM and thick is Y else Out.DONE

    return proc(outcomes(tower, fog, rule=rule), tower, fog)


@case(Wrecked(), Salvaged(), Elapsed("i"))
def a_salvage_that_a_clock_ends() -> Process:
    """After the clock a salvage is too late, and before it the wreck is saved: who was first is kept in one machine."""

    class Wreck(Enum):
        NONE = "none"
        LOST = "lost"
        SAVED = "saved"
        GONE = "gone"

    still = {Wrecked: Wreck.LOST, Salvaged: Wreck.SAVED, Elapsed: Wreck.GONE}
    moves = {
        Wreck.NONE: {**still, Elapsed: Wreck.NONE, Salvaged: Wreck.NONE},
        Wreck.LOST: still,
        Wreck.SAVED: dict.fromkeys(still, Wreck.SAVED),
        Wreck.GONE: dict.fromkeys(still, Wreck.GONE),
    }
    wreck = SubMachine("wreck", Wreck.NONE, moves)
    clock = Deadline("clock", Elapsed, HOUR)
    outs = {Wreck.NONE: Out.OTHER, Wreck.LOST: Out.OPEN, Wreck.SAVED: Out.DONE, Wreck.GONE: Out.FAILED}
    arm = wanted(wreck, rows=[(one, {clock: ARMED} if one is Wreck.LOST else {}) for one in Wreck])
    return proc(outcomes(wreck, rows=list(outs.items())), wreck, wants=[arm], unsettled=[Out.OPEN])


def _gauge(known: Known, fact: Fact) -> Known:
    if fact.kind is Geared:
        return {**known, "teeth": max(known["teeth"], fact.fields["teeth"])}
    return {**known, "mark": known["teeth"]} if known["mark"] is None else known


@case(geared(1, 5), Sounded(), geared(2, 9))
def a_mark_at_the_first_horn() -> Process:
    """The horn marks the greatest wheel by then."""
    gauge = Reducer("gauge", (Geared, Sounded), {"teeth": 0, "mark": None}, _gauge)
    high = DerivedColumn("high", (gauge,), lambda known: known["mark"] is not None and known["mark"] > 6)
    return proc(outcomes(high, rows=[(True, Out.DONE), (False, Out.OTHER)]), gauge)


@case(ElapsedAgain("i"), Lit(), Fogged())
def a_second_bell_that_rings_alone() -> Process:
    """In fog the second bell calls the supervisor only if the first one rang before the light."""
    lit, fog, rang = seen(Lit), seen(Fogged), seen(ElapsedAgain, "again")
    bell = Deadline("bell", ElapsedAgain, HOUR)
    call = Effect("call", "keeper", {Do.YES: CommandTemplate("Call")})

    def rule(on: Seen, thick: Seen, over: Seen) -> dict[Any, Any]:
        arm = {bell: ARMED} if thick is Y else {}
        return arm | ({call: Do.YES} if over is Y and on is N else {})

    return proc(one_outcome(lit), lit, fog, rang, wants=[_ruled((lit, fog, rang), rule)])


def _no_shelf(held: Entries) -> int | None:
    return min((one["shelf"] for one in held.values() if one["shelf"] is not None), default=None)


@case(shelved(1, "atlas", 3), shelved(2, "pilot"), Moored())
def a_shelf_that_is_copied_and_may_be_null() -> Process:
    """Books are fetched from their shelf by one effect, and by another one from anywhere, in the same words."""
    some, moored = has_any(BOOKS), seen(Moored)
    field = ComputedField.of("shelf", field_of_entry(BOOKS, "shelf"))
    fetch: Commands = {Do.YES: CommandTemplate("Fetch", computed=(ComputedField("shelf", (BOOKS,), _no_shelf),))}
    each_one: Commands = {Do.YES: CommandTemplate("Fetch", BOOKS, (), computed=(field,))}
    anywhere, here = Effect("anywhere", "hall", fetch), Effect("here", "hall", each_one)
    return proc(
        one_outcome(some),
        some,
        moored,
        BOOKS,
        wants=[wanted_in(moored, anywhere, YES=Do.YES), wanted_in(some, here, YES=every(BOOKS))],
    )
