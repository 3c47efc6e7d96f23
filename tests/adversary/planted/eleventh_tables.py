"""Sub-machines, deadlines, children and want tables of stables, lifts and cellars that remember the order."""

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
    Entries,
    Process,
    Reducer,
    Register,
    SubMachine,
    all_but_least,
    count,
    every,
    one_of,
    outcomes,
    wanted,
)
from tests.adversary.kit import Commands, Do, Out, Seen, by, case, has_any, one_outcome, proc, seen, shown, wanted_in
from tests.adversary.planted.eleventh_messages import (
    BAGS,
    BOTTLES,
    EXAMS,
    MANUALS,
    SHOTS,
    Broken,
    Called,
    Closed,
    Corked,
    Examined,
    Fed,
    Manual,
    Mended,
    Opened,
    Rang,
    RangAgain,
    Ridden,
    Sealed,
    Thawed,
    Washed,
    Weaned,
    corked,
    donated,
    examined,
    filmed,
    ridden,
)

Y, N = Seen.YES, Seen.NO
NOTE: Commands = {Do.YES: CommandTemplate("Note"), Do.NO: CommandTemplate("DropNote")}
BELL = Deadline("bell", Rang, timedelta(hours=1))


class Foal(Enum):
    NEW = "new"
    FED = "fed"
    WASHED = "washed"
    BOTH = "both"
    WEANED = "weaned"


@case(Fed(), Washed(), Weaned())
def a_foal_that_is_weaned_only_when_fed() -> Process:
    """Weaning counts for a foal that was fed and washed, and is passed over before."""
    foal = SubMachine(
        "foal",
        Foal.NEW,
        {
            Foal.NEW: {Fed: Foal.FED, Washed: Foal.WASHED, Weaned: Foal.NEW},
            Foal.FED: {Fed: Foal.FED, Washed: Foal.BOTH, Weaned: Foal.FED},
            Foal.WASHED: {Fed: Foal.BOTH, Washed: Foal.WASHED, Weaned: Foal.WASHED},
            Foal.BOTH: {Fed: Foal.BOTH, Washed: Foal.BOTH, Weaned: Foal.WEANED},
            Foal.WEANED: dict.fromkeys((Fed, Washed, Weaned), Foal.WEANED),
        },
    )
    return proc(by(foal, NEW=Out.OPEN, FED=Out.OPEN, WASHED=Out.OPEN, BOTH=Out.OTHER, WEANED=Out.DONE), foal)


class Porter(Enum):
    AWAY = "away"
    HERE = "here"
    LET_IN = "let in"
    TURNED_AWAY = "turned away"


class Door(Enum):
    SHUT = "shut"
    AJAR = "ajar"
    WIDE = "wide"


@case(Opened(), Called())
def a_door_that_opens_a_little_more_each_time() -> Process:
    """An opening that comes again opens the door wide."""
    door = SubMachine(
        "door",
        Door.SHUT,
        {
            Door.SHUT: {Opened: Door.AJAR},
            Door.AJAR: {Opened: Door.WIDE},
            Door.WIDE: {Opened: Door.WIDE},
        },
    )
    return proc(by(door, SHUT=Out.OPEN, AJAR=Out.OTHER, WIDE=Out.DONE), door, seen(Called))


@case(Called(), Opened(), Closed())
def a_porter_who_must_be_called_first() -> Process:
    """Only after the call it matters whether the door was opened or closed first."""
    kinds = (Called, Opened, Closed)
    porter = SubMachine(
        "porter",
        Porter.AWAY,
        {
            Porter.AWAY: {Called: Porter.HERE, Opened: Porter.AWAY, Closed: Porter.AWAY},
            Porter.HERE: {Called: Porter.HERE, Opened: Porter.LET_IN, Closed: Porter.TURNED_AWAY},
            Porter.LET_IN: dict.fromkeys(kinds, Porter.LET_IN),
            Porter.TURNED_AWAY: dict.fromkeys(kinds, Porter.TURNED_AWAY),
        },
    )
    return proc(by(porter, AWAY=Out.DONE, HERE=Out.DONE, LET_IN=Out.OTHER, TURNED_AWAY=Out.FAILED), porter)


@case(Sealed(), Broken())
def a_seal_that_was_broken_before() -> Process:
    """A note goes to the desk when it is sealed, and is dropped only if nothing is sealed."""
    sealed, broken = seen(Sealed), seen(Broken)
    note = Effect("note", "desk", NOTE)
    rows = [(N, ANY, {note: Do.NO}), (Y, N, {note: Do.YES}), (Y, Y, {})]
    return proc(one_outcome(sealed), sealed, broken, wants=[wanted(sealed, broken, rows=rows)])


@case(Washed(), Fed())
def a_drop_of_what_never_was() -> Process:
    """Without a condition before any command, the first message sends the drop, and the other way does not."""
    fed, washed = seen(Fed), seen(Washed)
    note = Effect("note", "desk", NOTE)
    return proc(one_outcome(fed), fed, washed, wants=[wanted(fed, rows=[(N, {note: Do.NO}), (Y, {})])])


@case(Opened(), Closed())
def a_bell_for_what_was_open() -> Process:
    """The bell is set for an open door, and rings although it was closed."""
    opened, closed, rang = seen(Opened), seen(Closed), seen(Rang)
    rows = [(Y, N, {BELL: ARMED}), (N, ANY, {}), (Y, Y, {})]
    table = outcomes(opened, closed, rang, rows=[(ANY, ANY, Y, Out.FAILED), (ANY, ANY, N, Out.DONE)])
    return proc(table, opened, closed, rang, wants=[wanted(opened, closed, rows=rows)])


@case(Broken(), Mended())
def a_second_bell_for_the_unmended() -> Process:
    """The second bell is set by the first one, unless it was mended by then; it decides even so."""
    broken, mended, rang, again = seen(Broken), seen(Mended), seen(Rang), seen(RangAgain)
    second = Deadline("second", RangAgain, timedelta(hours=1))
    bells = wanted(broken, rows=[(Y, {BELL: ARMED}), (N, {})])
    rows = [(Y, N, {second: ARMED}), (N, ANY, {}), (Y, Y, {})]
    return proc(
        by(again, YES=Out.FAILED, NO=Out.DONE),
        broken,
        mended,
        rang,
        again,
        wants=[bells, wanted(rang, mended, rows=rows)],
    )


@case(corked(1, "A", 1), corked(2, "B", 1), Opened())
def a_bell_for_a_single_bottle() -> Process:
    """The bell is set for an open cellar with one bottle, a number that is soon passed."""
    single = DerivedColumn.of("single", count(BOTTLES).equals(1))
    opened, rang = seen(Opened), seen(Rang)
    arm = wanted(single, opened, rows=[(True, Y, {BELL: ARMED}), (False, ANY, {}), (True, N, {})])
    return proc(by(rang, YES=Out.FAILED, NO=Out.DONE), opened, rang, BOTTLES, wants=[arm])


@case(Opened(), Manual("i", None, 5.0))
def the_time_at_which_the_bell_rang() -> Process:
    """The letter says when the bell rang, which depends on the manual that was known."""
    rings = Register("rings", Rang, "id")
    slow = Deadline("slow", Rang, timedelta(hours=1), override=(MANUALS, "wait_seconds"))
    has, opened = has_any(rings), seen(Opened)
    when = ComputedField("at", (rings,), lambda held: [one["due_at"] for one in held.values()])
    note = Effect("note", "desk", {Do.YES: CommandTemplate("Note", computed=(when,))})
    arm = wanted(opened, rows=[(Y, {slow: ARMED}), (N, {})])
    return proc(one_outcome(has), has, opened, rings, MANUALS, wants=[arm, wanted_in(has, note, YES=Do.YES)])


@case(Opened(), Sealed(), Broken())
def a_cellar_that_is_open_again() -> Process:
    """A broken seal makes it open again, and only an unsealed opening set the bell."""
    opened, sealed, broken, rang = seen(Opened), seen(Sealed), seen(Broken), seen(Rang)
    rows = [(Y, N, {BELL: ARMED}), (N, ANY, {}), (Y, Y, {})]

    def rule(open_: Seen, seal: Seen, break_: Seen, bell: Seen) -> Enum:
        is_open = open_ is Y and (seal is N or break_ is Y)
        return Out.OPEN if is_open and bell is N else Out.DONE

    return proc(
        outcomes(opened, sealed, broken, rang, rule=rule),
        opened,
        sealed,
        broken,
        rang,
        wants=[wanted(opened, sealed, rows=rows)],
        unsettled=[Out.OPEN],
    )


def _mostly_bad(held: Entries) -> bool:
    return sum(1 if one["good"] else -1 for one in held.values()) < 0


@case(filmed(1, 1, good=False), filmed(2, 1))
def a_bell_while_most_shots_are_bad() -> Process:
    """The bell is set when bad shots came first."""
    bad = DerivedColumn("bad", (SHOTS,), _mostly_bad)
    rang = seen(Rang)
    arm = wanted(bad, rows=[(True, {BELL: ARMED}), (False, {})])
    return proc(by(rang, YES=Out.FAILED, NO=Out.DONE), rang, SHOTS, wants=[arm])


class Till(Enum):
    OPEN = "open"
    COUNTED = "counted"
    LATE = "late"


@case(Opened(), Closed())
def a_till_that_is_late_if_it_rang_first() -> Process:
    """Whether the bell rang before the closing is kept in the state."""
    till = SubMachine(
        "till",
        Till.OPEN,
        {
            Till.OPEN: {Closed: Till.COUNTED, Rang: Till.LATE},
            Till.COUNTED: {Closed: Till.COUNTED, Rang: Till.COUNTED},
            Till.LATE: {Closed: Till.LATE, Rang: Till.LATE},
        },
    )
    opened = seen(Opened)
    return proc(
        by(till, OPEN=Out.DONE, COUNTED=Out.DONE, LATE=Out.FAILED),
        till,
        opened,
        wants=[wanted(opened, rows=[(Y, {BELL: ARMED}), (N, {})])],
    )


@case(Called(), Manual("i", 5))
def a_call_that_carries_the_limit() -> Process:
    """The command copies a limit that may not have come."""
    called = seen(Called)
    say = Effect("say", "desk", {Do.YES: CommandTemplate("Say", MANUALS, ("limit",))})
    return proc(one_outcome(called), called, MANUALS, wants=[wanted_in(called, say, YES=Do.YES)])


@case(Opened(), Called())
def two_desks_in_one_house() -> Process:
    """The porter and the guard send the same command with the same field to one desk."""
    opened, called = seen(Opened), seen(Called)
    limit = ComputedField(
        "limit", (MANUALS,), lambda held: max((one["limit"] or 0 for one in held.values()), default=0)
    )
    one, other = (
        Effect(name, "desk", {Do.YES: CommandTemplate("Say", computed=(limit,))}) for name in ("porter", "guard")
    )
    wants = [wanted_in(opened, one, YES=Do.YES), wanted_in(called, other, YES=Do.YES)]
    return proc(one_outcome(opened), opened, called, MANUALS, wants=wants)


@case(donated(1, "A", 1), donated(2, "A", 1), Thawed())
def bags_that_were_here_before_the_thaw() -> Process:
    """Bags are given while it is cold, and nothing is said of those that come later."""
    thawed = seen(Thawed)
    give = Effect("give", "ward", {Do.YES: CommandTemplate("Give", BAGS, ("ml",))})
    return proc(one_outcome(thawed), thawed, BAGS, wants=[wanted_in(thawed, give, NO=every(BAGS))])


@case(corked(1, "A", 3), corked(2, "B", 2), Sealed())
def the_oldest_bottle_is_kept_until_sealed() -> Process:
    """Unsealed, all but the oldest are sold; sealed, what was sold stays so."""
    sealed = seen(Sealed)
    sell = Effect("sell", "shop", {Do.YES: CommandTemplate("Sell", BOTTLES, ("name",))})
    rows = [(N, {sell: all_but_least(BOTTLES, by=("year",))}), (Y, {})]
    return proc(one_outcome(sealed), sealed, BOTTLES, wants=[wanted(sealed, rows=rows)])


@case(examined(1, "cat", 1), examined(2, "dog", 1), examined(3, "cow", 1))
def a_waiting_room_with_two_chairs() -> Process:
    """The third animal waits for a person, whichever it is."""
    return shown(Register("chairs", Examined, "exam_id", most=2), compute=len)


@case(corked(1, "a wine with a long name", 1), corked(2, "another wine with a long name", 1))
def a_label_with_room_for_one_name() -> Process:
    """Two long names are more than the label holds."""
    names = Reducer("names", (Corked,), [], lambda known, fact: sorted({*known, fact.fields["name"]}), most_bytes=40)
    return shown(names)


def _stable() -> Process:
    fed, washed = seen(Fed), seen(Washed)
    water = Effect("water", "stable", {Do.YES: CommandTemplate("Water")})
    table = outcomes(
        fed,
        washed,
        name="stable",
        rows=[(N, ANY, Out.OPEN), (Y, N, Out.OTHER), (Y, Y, Out.DONE)],
    )
    wants = [wanted(table, rows=[(Out.OTHER, {water: Do.YES}), (one_of(Out.OPEN, Out.DONE), {})])]
    return proc(table, fed, washed, wants=wants)


@case(Fed(), Washed(), Called())
def a_stable_within_a_farm() -> Process:
    """The child waters in a state that is passed only if the horse was fed first."""
    stable, called = _stable(), seen(Called)
    table = outcomes(stable.outcomes, called, rows=[(ANY, Y, Out.DONE), (ANY, N, Out.OTHER)])
    return proc(table, called, children=(stable,))


@case(Opened(), Sealed(), Broken())
def a_guard_who_is_sent_until_the_seal_breaks() -> Process:
    """Once the seal is broken the guard can't be called back, but is wanted no more."""
    opened, sealed, broken = seen(Opened), seen(Sealed), seen(Broken)
    guard = Effect("guard", "watch", NOTE, final=frozenset({Do.YES}), decided_by=Broken, initially=Do.NO)
    rows = [(Y, N, {guard: Do.YES}), (N, ANY, {guard: Do.NO}), (Y, Y, {guard: Do.NO})]
    return proc(one_outcome(opened), opened, sealed, broken, wants=[wanted(opened, sealed, rows=rows)])


@case(ridden(1, "east", 5), ridden(2, "west", 5))
def the_lift_of_the_last_minute() -> Process:
    """Two rides of one minute: whoever came last is the last."""

    def last(known: list[object], fact: object) -> list[object]:
        fields = fact.fields  # type: ignore[attr-defined]
        new = [fields["minute"], fields["lift"]]
        return new if not known or new[0] >= known[0] else known

    return shown(Reducer("last", (Ridden,), [], last))


@case(examined(1, "cat", 1), Called())
def a_call_about_animals_that_are_here() -> Process:
    """Called while an animal is here, every animal is noted, and called before it none is dropped."""
    has, called = has_any(EXAMS), seen(Called)
    note = Effect("note", "desk", {Do.YES: CommandTemplate("Note"), Do.NO: CommandTemplate("DropNote")})
    rows = [(Y, N, {note: Do.NO}), (ANY, Y, {note: Do.YES}), (N, N, {})]
    close = Effect("close", "desk", {Do.YES: CommandTemplate("Close")})
    shut = wanted(has, called, rows=[(N, Y, {close: Do.YES}), (Y, ANY, {}), (N, N, {})])
    return proc(one_outcome(has), has, called, EXAMS, wants=[wanted(has, called, rows=rows), shut])
