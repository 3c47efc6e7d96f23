"""Sub-machines, deadlines, children and want tables of stables, lifts and cellars that converge."""

from datetime import timedelta
from enum import Enum

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Process,
    Register,
    SubMachine,
    Wanted,
    all_but,
    count,
    every,
    has,
    outcomes,
    total,
    wanted,
)
from tests.adversary.kit import Commands, Do, Out, Seen, by, case, has_any, one_outcome, proc, seen, wanted_in
from tests.adversary.planted.eleventh_messages import (
    BAGS,
    BOTTLES,
    EXAMS,
    MANUALS,
    SHOTS,
    WISHES,
    Broken,
    Called,
    Closed,
    Fed,
    Manual,
    Mended,
    Opened,
    Rang,
    RangAgain,
    Sealed,
    Thawed,
    Washed,
    Weaned,
    corked,
    donated,
    examined,
    filmed,
    wished,
)

Y, N = Seen.YES, Seen.NO
NOTE: Commands = {Do.YES: CommandTemplate("Note"), Do.NO: CommandTemplate("DropNote")}
BELL = Deadline("bell", Rang, timedelta(hours=1))


class Foal(Enum):
    NEW = "new"
    FED = "fed"
    WASHED = "washed"
    BOTH = "both"


@case(Fed(), Washed(), Called())
def a_foal_that_is_fed_and_washed() -> Process:
    """A diamond of four states."""
    foal = SubMachine(
        "foal",
        Foal.NEW,
        {
            Foal.NEW: {Fed: Foal.FED, Washed: Foal.WASHED},
            Foal.FED: {Fed: Foal.FED, Washed: Foal.BOTH},
            Foal.WASHED: {Fed: Foal.BOTH, Washed: Foal.WASHED},
            Foal.BOTH: {Fed: Foal.BOTH, Washed: Foal.BOTH},
        },
    )
    return proc(by(foal, NEW=Out.OPEN, FED=Out.OTHER, WASHED=Out.OTHER, BOTH=Out.DONE), foal, seen(Called))


class Level(Enum):
    CALM = "calm"
    HIGH = "high"
    TOP = "top"


@case(Opened(), Broken(), Sealed())
def an_alarm_with_three_levels() -> Process:
    """The greatest level so far."""
    alarm = SubMachine(
        "alarm",
        Level.CALM,
        {
            Level.CALM: {Opened: Level.HIGH, Broken: Level.TOP, Sealed: Level.CALM},
            Level.HIGH: {Opened: Level.HIGH, Broken: Level.TOP, Sealed: Level.HIGH},
            Level.TOP: dict.fromkeys((Opened, Broken, Sealed), Level.TOP),
        },
    )
    return proc(by(alarm, CALM=Out.DONE, HIGH=Out.OTHER, TOP=Out.FAILED), alarm)


@case(Sealed(), Broken())
def a_note_about_a_seal() -> Process:
    """Each row names the note."""
    sealed, broken = seen(Sealed), seen(Broken)
    note = Effect("note", "desk", NOTE, initially=Do.NO)
    rows = [(N, ANY, {note: Do.NO}), (Y, N, {note: Do.YES}), (Y, Y, {note: Do.NO})]
    return proc(one_outcome(sealed), sealed, broken, wants=[wanted(sealed, broken, rows=rows)])


@case(Opened(), Closed())
def a_bell_that_a_closing_outweighs() -> Process:
    """The bell rings for an open door, and nobody cares if it was closed."""
    opened, closed, rang = seen(Opened), seen(Closed), seen(Rang)
    rows = [(Y, N, {BELL: ARMED}), (N, ANY, {}), (Y, Y, {})]

    def rule(open_: Seen, close: Seen, ring: Seen) -> Enum:
        if close is Y or open_ is N:
            return Out.DONE
        return Out.FAILED if ring is Y else Out.OPEN

    return proc(
        outcomes(opened, closed, rang, rule=rule),
        opened,
        closed,
        rang,
        wants=[wanted(opened, closed, rows=rows)],
        unsettled=[Out.OPEN],
    )


@case(Broken(), Mended())
def a_second_bell_in_every_order() -> Process:
    """Both bells are set whatever comes, and repair outweighs both."""
    broken, mended, rang, again = seen(Broken), seen(Mended), seen(Rang), seen(RangAgain)
    second = Deadline("second", RangAgain, timedelta(hours=1))

    def rule(break_: Seen, mend: Seen, first: Seen, last: Seen) -> Enum:
        if break_ is N or mend is Y:
            return Out.DONE
        return Out.FAILED if (first, last) == (Y, Y) else Out.OPEN

    bells = wanted(broken, rows=[(Y, {BELL: ARMED}), (N, {})])
    more = wanted(rang, rows=[(Y, {second: ARMED}), (N, {})])
    return proc(
        outcomes(broken, mended, rang, again, rule=rule),
        broken,
        mended,
        rang,
        again,
        wants=[bells, more],
        unsettled=[Out.OPEN],
    )


@case(corked(1, "A", 1), corked(2, "B", 1), Opened())
def a_bell_for_any_bottle() -> Process:
    """The bell is set once there is a bottle and the cellar is open."""
    some, opened, rang = DerivedColumn.of("some", has(BOTTLES)), seen(Opened), seen(Rang)
    arm = wanted(some, opened, rows=[(True, Y, {BELL: ARMED}), (False, ANY, {}), (True, N, {})])
    return proc(by(rang, YES=Out.FAILED, NO=Out.DONE), opened, rang, BOTTLES, wants=[arm])


@case(Opened(), Manual("i", None, 5.0))
def a_bell_whose_time_is_not_shown() -> Process:
    """The manual moves the bell, and only that it rang is said."""
    rings = Register("rings", Rang, "id")
    slow = Deadline("slow", Rang, timedelta(hours=1), override=(MANUALS, "wait_seconds"))
    has_ring, opened = has_any(rings), seen(Opened)
    many = ComputedField("many", (rings,), len)
    note = Effect("note", "desk", {Do.YES: CommandTemplate("Note", computed=(many,))})
    arm = wanted(opened, rows=[(Y, {slow: ARMED}), (N, {})])
    return proc(
        one_outcome(has_ring), has_ring, opened, rings, MANUALS, wants=[arm, wanted_in(has_ring, note, YES=Do.YES)]
    )


@case(Called(), Manual("i", 5))
def a_call_that_waits_for_the_limit() -> Process:
    """The command is wanted once the limit is here."""
    called, known = seen(Called), seen(Manual, "known")
    say = Effect("say", "desk", {Do.YES: CommandTemplate("Say", MANUALS, ("limit",))})
    rows = [(Y, Y, {say: Do.YES}), (N, ANY, {}), (Y, N, {})]
    return proc(one_outcome(called), called, known, MANUALS, wants=[wanted(called, known, rows=rows)])


@case(donated(1, "A", 1), donated(2, "A", 1), Thawed())
def bags_before_and_after_the_thaw() -> Process:
    """Bags are given while it is cold, and called back when it is not."""
    thawed = seen(Thawed)
    commands: Commands = {Do.YES: CommandTemplate("Give", BAGS, ("ml",)), Do.NO: CommandTemplate("CallBack")}
    give = Effect("give", "ward", commands, initially=Do.NO)
    wants = [wanted_in(thawed, give, NO=every(BAGS, Do.YES), YES=every(BAGS, Do.NO))]
    return proc(one_outcome(thawed), thawed, BAGS, wants=wants)


@case(Fed(), Washed(), Called())
def a_stable_that_waters_in_each_state() -> Process:
    """The child waters from the first feeding on."""
    fed, washed, called = seen(Fed), seen(Washed), seen(Called)
    water = Effect("water", "stable", {Do.YES: CommandTemplate("Water")})
    inner = outcomes(fed, washed, name="stable", rows=[(N, ANY, Out.OPEN), (Y, N, Out.OTHER), (Y, Y, Out.DONE)])
    wants = [wanted(inner, rows=[(all_but(Out.OPEN), {water: Do.YES}), (Out.OPEN, {})])]
    stable = proc(inner, fed, washed, wants=wants)
    table = outcomes(stable.outcomes, called, rows=[(ANY, Y, Out.DONE), (ANY, N, Out.OTHER)])
    return proc(table, called, children=(stable,))


@case(Opened(), Sealed(), Broken())
def a_guard_who_stays_when_the_seal_breaks() -> Process:
    """Before the seal breaks the guard can be called back, and stays afterwards."""
    opened, sealed, broken = seen(Opened), seen(Sealed), seen(Broken)
    guard = Effect("guard", "watch", NOTE, final=frozenset({Do.YES}), decided_by=Broken, initially=Do.NO)
    rows = [
        (ANY, ANY, Y, {guard: Do.YES}),
        (Y, N, N, {guard: Do.YES}),
        (N, ANY, N, {guard: Do.NO}),
        (Y, Y, N, {guard: Do.NO}),
    ]
    return proc(one_outcome(opened), opened, sealed, broken, wants=[wanted(opened, sealed, broken, rows=rows)])


@case(donated(1, "A", 400), wished(1, "A", 300), wished(2, "B", 50))
def a_courier_who_can_be_called_back() -> Process:
    """Named in both rows, for a condition that comes and goes."""
    enough = DerivedColumn.of("enough", total(BAGS, "ml") >= total(WISHES, "ml"))
    courier = Effect("courier", "road", NOTE, initially=Do.NO)
    rows = [(True, {courier: Do.YES}), (False, {courier: Do.NO})]
    return proc(one_outcome(enough), BAGS, WISHES, wants=[wanted(enough, rows=rows)])


@case(filmed(1, 1), filmed(2, 2), filmed(3, 3), Called())
def a_bound_that_is_wide_enough() -> Process:
    """Shots are counted up to two, and there is room for more."""
    many = DerivedColumn.of("many", count(SHOTS) >= 2)
    rows = [(True, ANY, Out.DONE), (False, Y, Out.OTHER), (False, N, Out.OPEN)]
    called = seen(Called)
    return proc(outcomes(many, called, rows=rows), called, SHOTS)


def _half(kind: type, name: str) -> tuple[Process, Wanted]:
    part = seen(kind)
    note = Effect(name, name, {Do.YES: CommandTemplate("Start")})
    wants = wanted_in(part, note, YES=Do.YES)
    return proc(outcomes(part, name=name, rows=[(Y, Out.DONE), (N, Out.OPEN)]), part, wants=[wants]), wants


@case(Fed(), Weaned(), examined(1, "cat", 1))
def two_children_with_one_command_each() -> Process:
    """The same command goes to two collaborators."""
    (one, _), (other, _) = _half(Fed, "stable"), _half(Weaned, "barn")
    some = DerivedColumn.of("some", has(EXAMS))
    table = outcomes(
        one.outcomes, other.outcomes, some, rule=lambda left, right, _: Out.DONE if left is right else Out.OTHER
    )
    return proc(table, EXAMS, children=(one, other))
