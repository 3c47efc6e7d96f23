"""Deadlines of courts, kitchens and ships that only some orders arm, and that can still act."""

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
    Register,
    SubMachine,
    any_of,
    both,
    count,
    each,
    has,
    latest,
    negated,
    outcomes,
    wanted,
)
from tests.adversary.kit import Do, Out, Seen, armed_in, case, has_any, one_outcome, proc, seen, wanted_in
from tests.adversary.planted.ninth_messages import booking
from tests.adversary.planted.tenth_messages import (
    APPLICANTS,
    DISHES,
    PAPERS,
    PASSAGES,
    RULES,
    RULINGS,
    Admitted,
    Begun,
    Cleaned,
    Docked,
    Expired,
    Finished,
    Inspected,
    Licensed,
    Reminded,
    Rules,
    Rung,
    Sailed,
    applied,
    filed,
    parked,
    ruled,
    served,
)

Y, N = Seen.YES, Seen.NO
HOUR = timedelta(hours=1)
CLOCK = Deadline("clock", Expired, HOUR)
EXPIRED, REMINDED = seen(Expired), seen(Reminded)


@case(Docked(), Sailed())
def a_ship_that_overstays_after_it_sailed() -> Process:
    """The fine is due when the clock ends, also where the ship had sailed: only one order has armed the clock."""
    docked, sailed = seen(Docked), seen(Sailed)
    arm = wanted(docked, sailed, rows=[(Y, N, {CLOCK: ARMED}), (Y, Y, {}), (N, ANY, {})])
    rows = [(Y, Out.FAILED), (N, Out.DONE)]
    return proc(outcomes(EXPIRED, rows=rows), docked, sailed, EXPIRED, wants=[arm])


@case(Begun(), Licensed())
def a_reminder_for_a_licence_that_is_here() -> Process:
    """A reminder is sent when the clock ends, also if the licence came; it only runs if the start came first."""
    begun, licensed = seen(Begun), seen(Licensed)
    clock = Deadline("patience", Reminded, HOUR)
    nudge = Effect("nudge", "post", {Do.YES: CommandTemplate("Remind")})
    arm = wanted(begun, licensed, rows=[(Y, N, {clock: ARMED}), (Y, Y, {}), (N, ANY, {})])
    return proc(one_outcome(begun), begun, licensed, REMINDED, wants=[arm, wanted_in(REMINDED, nudge, YES=Do.YES)])


def _is_lonely(passages: Entries) -> bool:
    return [one["minute"] % 2 for one in passages.values()] == [1]


@case(parked(1, "B-1", 1), parked(2, "B-2", 2))
def a_lonely_car() -> Process:
    """A clock runs while one car alone is there, of whichever passage, but for those that come in the night."""
    one_car = DerivedColumn("lonely", (PASSAGES,), _is_lonely)
    rows = [(Y, Out.OTHER), (N, Out.DONE)]
    return proc(outcomes(EXPIRED, rows=rows), PASSAGES, EXPIRED, wants=[armed_in(one_car, True, CLOCK)])


@case(Rules(wait_seconds=60), Begun())
def when_the_bell_rang() -> Process:
    """The bell's time is written into the minutes, and depends on whether the rules were known when it started."""
    begun, rung = seen(Begun), Register("bells", Rung, "id")
    bell = Deadline("bell", Rung, HOUR, override=(RULES, "wait_seconds"))
    has_rung = has_any(rung)
    minutes = Effect("minutes", "clerk", {Do.YES: CommandTemplate("Write", rung, ("due_at",))})
    return proc(
        one_outcome(begun),
        begun,
        RULES,
        has_rung,
        rung,
        wants=[armed_in(begun, Y, bell), wanted_in(has_rung, minutes, YES=Do.YES)],
    )


@case(filed(1, 10), filed(2, 5, kind="appeal"))
def an_appeal_that_stops_no_clock() -> Process:
    """The clock of a claim runs only if the appeal is not here yet, and its end counts in any case."""
    appeal = any_of(PAPERS, each("kind").equals("appeal"))
    open_claim = both(any_of(PAPERS, each("kind").equals("claim")), negated(appeal))
    waiting = DerivedColumn.of("waiting", open_claim)
    rows = [(Y, Out.FAILED), (N, Out.DONE)]
    return proc(outcomes(EXPIRED, rows=rows), PAPERS, EXPIRED, wants=[armed_in(waiting, True, CLOCK)])


def _is_middling(applicants: Entries) -> bool:
    points: int = sum(one["score"] for one in applicants.values())
    return 50 <= points < 80


@case(applied(1, 30), applied(2, 60), applied(3, 40))
def a_clock_for_applicants_in_the_middle() -> Process:
    """The clock runs while the scores add up to something between 50 and 80, which not every order passes."""
    middle = DerivedColumn("middle", (APPLICANTS,), _is_middling)
    closing = Effect("closing", "desk", {Do.YES: CommandTemplate("Close")})
    return proc(
        one_outcome(EXPIRED),
        APPLICANTS,
        EXPIRED,
        wants=[armed_in(middle, True, CLOCK), wanted_in(EXPIRED, closing, YES=Do.YES)],
    )


class Pan(Enum):
    """What a pan is like."""

    COLD = "cold"
    HOT = "hot"
    CLEAN = "clean"


@case(Begun(), Cleaned())
def a_pan_that_is_hot_or_clean() -> Process:
    """A pan that was cleaned before it got hot stays clean, and the clock runs only for a hot one."""
    pan = SubMachine(
        "pan",
        Pan.COLD,
        {
            Pan.COLD: {Begun: Pan.HOT, Cleaned: Pan.CLEAN},
            Pan.HOT: {Begun: Pan.HOT, Cleaned: Pan.CLEAN},
            Pan.CLEAN: {Begun: Pan.CLEAN, Cleaned: Pan.CLEAN},
        },
    )
    alarm = Effect("alarm", "kitchen", {Do.YES: CommandTemplate("Ring")})
    return proc(
        one_outcome(pan),
        pan,
        EXPIRED,
        wants=[armed_in(pan, Pan.HOT, CLOCK), wanted_in(EXPIRED, alarm, YES=Do.YES)],
    )


@case(Inspected(), served(1, "soup", 500), Begun())
def a_second_clock_behind_the_first() -> Process:
    """The second clock is armed only if the first one ended before the inspection, and both ends count."""
    begun, inspected = seen(Begun), seen(Inspected)
    second = Deadline("second", Reminded, HOUR)
    arm = wanted(EXPIRED, inspected, rows=[(Y, N, {second: ARMED}), (Y, Y, {}), (N, ANY, {})])
    fine = booking("fine")
    rows = [(Y, {fine: Do.YES}), (N, {fine: Do.NO})]
    return proc(
        one_outcome(begun),
        begun,
        inspected,
        EXPIRED,
        REMINDED,
        DISHES,
        wants=[armed_in(begun, Y, CLOCK), arm, wanted(REMINDED, rows=rows)],
    )


@case(Admitted(), filed(1))
def a_hearing_without_a_clock() -> Process:
    """An admitted paper waits for its ruling, and a clock runs only if the paper came after the admission."""
    admitted = seen(Admitted)
    paper = DerivedColumn.of("paper", has(PAPERS))
    ruling = DerivedColumn.of("ruling", has(RULINGS))
    arm = wanted(admitted, paper, rows=[(Y, False, {CLOCK: ARMED}), (Y, True, {}), (N, ANY, {})])
    rows = [
        (False, ANY, ANY, Out.OTHER),
        (True, True, ANY, Out.DONE),
        (True, False, N, Out.OPEN),
        (True, False, Y, Out.FAILED),
    ]
    table = outcomes(paper, ruling, EXPIRED, rows=rows)
    return proc(table, admitted, EXPIRED, PAPERS, RULINGS, wants=[arm], unsettled=[Out.OPEN])


_RULED = ComputedField.of("rulings", count(RULINGS))


@case(ruled(1, 1, "granted", 4), ruled(2, 1, "denied", 6))
def a_bailiff_who_waits_for_the_latest_ruling() -> Process:
    """The bailiff's clock runs while the latest ruling grants it, and he comes when it ends whatever else was ruled."""
    granted_now = DerivedColumn.of("granted", latest(RULINGS, by=("day",), field="says").equals("granted"))
    visit = Effect("visit", "bailiff", {Do.YES: CommandTemplate("Visit", computed=(_RULED,))})
    return proc(
        one_outcome(granted_now),
        RULINGS,
        EXPIRED,
        wants=[armed_in(granted_now, True, CLOCK), wanted_in(EXPIRED, visit, YES=Do.YES)],
    )


@case(Finished())
def a_season_that_waits_for_an_end_it_had() -> Process:
    """A season that was not begun waits, and no clock runs in it."""
    begun, finished = seen(Begun), seen(Finished)
    arm = wanted(begun, finished, rows=[(Y, ANY, {CLOCK: ARMED}), (N, ANY, {})])
    rows = [(N, N, ANY, Out.OTHER), (N, Y, ANY, Out.OPEN), (Y, ANY, N, Out.OPEN), (Y, ANY, Y, Out.DONE)]
    table = outcomes(begun, finished, EXPIRED, rows=rows)
    return proc(table, begun, finished, EXPIRED, wants=[arm], unsettled=[Out.OPEN])
