"""Tables, sub-machines, clocks and expressions of courts, kitchens and ships, in which the order does not matter."""

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
    SubMachine,
    all_but_first,
    all_of,
    any_of,
    beyond,
    both,
    count,
    distinct,
    each,
    entries_where,
    every,
    greatest,
    has,
    has_partner,
    latest,
    least,
    only,
    outcomes,
    owing,
    total,
    wanted,
)
from tests.adversary.kit import Do, Out, Seen, armed_in, by, case, has_any, one_outcome, proc, seen, wanted_in, yes_no
from tests.adversary.planted.ninth_messages import booked_if, booking
from tests.adversary.planted.tenth_messages import (
    ANSWERS,
    APPLICANTS,
    BINS,
    DISHES,
    LOANS,
    MATCHES,
    PAPERS,
    PASSAGES,
    REMARKS,
    RETRACTIONS,
    RULES,
    RULINGS,
    Abandoned,
    Admitted,
    Barred,
    Begun,
    Boarded,
    Complained,
    Docked,
    Expired,
    Finished,
    Inspected,
    Licensed,
    Postponed,
    Rules,
    Sailed,
    Sold,
    answered,
    applied,
    binned,
    filed,
    lent,
    parked,
    played,
    remarked,
    retracted,
    ruled,
    served,
)

Y, N = Seen.YES, Seen.NO
FINAL = frozenset({Do.YES})
CLOCK = Deadline("clock", Expired, timedelta(hours=1))
EXPIRED = seen(Expired)


class Hall(Enum):
    """What happened in a hall, by its greatest step."""

    EMPTY = "empty"
    PLAYING = "playing"
    OVER = "over"
    BROKEN = "broken"


@case(Begun(), Finished(), Abandoned())
def a_concert_by_its_greatest_step() -> Process:
    """A step never leads back, in whatever order they come."""
    order = list(Hall)
    steps: dict[type, Hall] = {Begun: Hall.PLAYING, Finished: Hall.OVER, Abandoned: Hall.BROKEN}
    moves = {state: {kind: max(state, step, key=order.index) for kind, step in steps.items()} for state in Hall}
    hall = SubMachine("concert", Hall.EMPTY, moves)
    return proc(by(hall, EMPTY=Out.OTHER, PLAYING=Out.OPEN, OVER=Out.DONE, BROKEN=Out.FAILED), hall)


class Entry(Enum):
    """Which of two messages came."""

    UNKNOWN = "unknown"
    ADMITTED = "admitted"
    BARRED = "barred"
    BOTH = "both"


def _cleared(entry: Entry, inspected: Seen) -> Out:
    if entry is Entry.BOTH:
        return Out.DONE if inspected is Y else Out.OTHER
    return {Entry.UNKNOWN: Out.OPEN, Entry.ADMITTED: Out.DONE, Entry.BARRED: Out.FAILED}[entry]


@case(Admitted(), Barred(), Inspected())
def an_entry_of_two_answers() -> Process:
    """Both answers together have a state of their own, whichever came first."""
    entry = SubMachine(
        "entry",
        Entry.UNKNOWN,
        {
            Entry.UNKNOWN: {Admitted: Entry.ADMITTED, Barred: Entry.BARRED},
            Entry.ADMITTED: {Admitted: Entry.ADMITTED, Barred: Entry.BOTH},
            Entry.BARRED: {Admitted: Entry.BOTH, Barred: Entry.BARRED},
            Entry.BOTH: {Admitted: Entry.BOTH, Barred: Entry.BOTH},
        },
    )
    inspected = seen(Inspected)
    table = outcomes(entry, inspected, rule=_cleared)
    return proc(table, entry, inspected)


@case(Docked(), Sailed())
def a_ship_that_sailed_in_time() -> Process:
    """The clock runs from the docking in every order, and its end counts only for a ship that has not sailed."""
    docked, sailed = seen(Docked), seen(Sailed)
    rows = [(N, ANY, ANY, Out.OTHER), (Y, Y, ANY, Out.DONE), (Y, N, N, Out.OPEN), (Y, N, Y, Out.FAILED)]
    table = outcomes(docked, sailed, EXPIRED, rows=rows)
    return proc(table, docked, sailed, EXPIRED, wants=[armed_in(docked, Y, CLOCK)], unsettled=[Out.OPEN])


@case(Begun(), Licensed())
def a_clock_that_stops_to_matter() -> Process:
    """The clock runs only until the licence, and its end says nothing once the licence is here."""
    begun, licensed = seen(Begun), seen(Licensed)
    rows = [(N, N, ANY, Out.OTHER), (ANY, Y, ANY, Out.DONE), (Y, N, N, Out.OPEN), (Y, N, Y, Out.FAILED)]
    table = outcomes(begun, licensed, EXPIRED, rows=rows)
    arm = wanted(begun, licensed, rows=[(Y, N, {CLOCK: ARMED}), (Y, Y, {}), (N, ANY, {})])
    return proc(table, begun, licensed, EXPIRED, wants=[arm], unsettled=[Out.OPEN])


@case(Licensed(), Postponed())
def a_hall_that_is_given_back() -> Process:
    """The hall is named in every row."""
    licensed, postponed = seen(Licensed), seen(Postponed)
    hall = booking("hall")
    rows = [(Y, N, {hall: Do.YES}), (N, N, {hall: Do.NO}), (ANY, Y, {hall: Do.NO})]
    return proc(one_outcome(licensed), licensed, postponed, wants=[wanted(licensed, postponed, rows=rows)])


@case(Sold(), Rules(seats=40))
def a_ticket_that_waits_for_the_seats() -> Process:
    """The ticket is printed once the rules are known."""
    sold, known = seen(Sold), seen(Rules)
    ticket = Effect("ticket", "printer", {Do.YES: CommandTemplate("Print", RULES, ("seats",))}, FINAL)
    rows = [(Y, Y, {ticket: Do.YES}), (Y, N, {}), (N, ANY, {})]
    return proc(one_outcome(known), sold, known, RULES, wants=[wanted(sold, known, rows=rows)])


@case(applied(1, 70), applied(2, 60), Barred())
def invitations_after_the_bar() -> Process:
    """Everybody is invited once the post is open, and those who come later too."""
    opened = seen(Begun)
    invite = Effect("invite", "desk", {Do.YES: CommandTemplate("Invite", APPLICANTS, ("email",))}, FINAL)
    barred = seen(Barred)
    return proc(
        one_outcome(opened), opened, barred, APPLICANTS, wants=[wanted_in(opened, invite, YES=every(APPLICANTS))]
    )


@case(Licensed(), Boarded(), Abandoned())
def a_departure_that_stays_decided() -> Process:
    """A flight that was abandoned is stopped only while the doors are open."""
    licensed, boarded, abandoned = seen(Licensed), seen(Boarded), seen(Abandoned)
    flight = booking("flight", is_final=True, decided_by=Boarded)
    rows = [
        (Y, Y, ANY, {flight: Do.YES}),
        (Y, N, N, {flight: Do.YES}),
        (Y, N, Y, {flight: Do.NO}),
        (N, ANY, ANY, {flight: Do.NO}),
    ]
    table = wanted(licensed, boarded, abandoned, rows=rows)
    return proc(one_outcome(licensed), licensed, boarded, abandoned, wants=[table])


@case(Rules(seats=500), served(1, "soup", 300), served(2, "fish", 400), served(3, "rice", 90))
def grams_beyond_a_fixed_target() -> Process:
    """What lies beyond is notified again when a dish with a smaller key comes."""
    excess = beyond(DISHES, "grams", target=only(RULES, "seats"), by=("dish_id",))
    field = ComputedField.of("grams", excess, is_cumulative=True)
    charge = Effect("charge", "till", {Do.YES: CommandTemplate("Charge", DISHES, ("dish_id",), (field,))}, FINAL)
    any_came, known = has_any(DISHES), seen(Rules)
    rows = [(Y, {charge: owing(excess, name="too heavy")}), (N, {})]
    return proc(one_outcome(any_came), any_came, known, RULES, DISHES, wants=[wanted(any_came, rows=rows)])


@case(applied(1, 60), applied(2, 70), applied(3, 80))
def refusals_for_all_but_two() -> Process:
    """Who is behind the first two stays behind them."""
    refuse = Effect("refuse", "desk", {Do.YES: CommandTemplate("Refuse", APPLICANTS, ("email",))}, FINAL)
    known = has_any(APPLICANTS)
    choice = all_but_first(APPLICANTS, 2, by=("score", "application_id"))
    return proc(one_outcome(known), known, APPLICANTS, wants=[wanted_in(known, refuse, YES=choice)])


@case(lent(1, 5, 9), lent(2, 2, 3), Inspected())
def a_poster_with_days() -> Process:
    """The greatest day and the exhibits only grow, and the least day may be notified again."""
    known = has_any(LOANS)
    fields = (
        ComputedField.of("last", greatest(LOANS, "last"), is_cumulative=True),
        ComputedField.of("exhibits", distinct(LOANS, "exhibit"), is_cumulative=True),
    )
    poster = Effect("poster", "printer", {Do.YES: CommandTemplate("Print", computed=fields)}, FINAL)
    first = CommandTemplate("Show", computed=(ComputedField.of("first", least(LOANS, "first")),))
    site = Effect("site", "web", {Do.YES: first})
    inspected = seen(Inspected)
    return proc(
        one_outcome(known),
        known,
        inspected,
        LOANS,
        wants=[wanted_in(known, poster, YES=Do.YES), wanted_in(known, site, YES=Do.YES)],
    )


@case(binned(1, "Elm", 10, "glass"), binned(2, "Oak", 10, "rest"))
def a_bonus_that_can_be_lost() -> Process:
    """The bonus is given back with the first mixed bin."""
    sorted_well = both(has(BINS), all_of(BINS, each("kind").differs_from("rest")))
    return booked_if(DerivedColumn.of("sorted well", sorted_well), BINS, is_final=False)


@case(ruled(1, 1, "granted", 3), ruled(2, 1, "denied", 8), ruled(3, 1, "granted", 8))
def the_latest_ruling_by_day_and_number() -> Process:
    """Between two rulings of one day the key decides."""
    says = latest(RULINGS, by=("day",), field="says")
    return proc(yes_no(DerivedColumn.of("granted", says.equals("granted"))), RULINGS)


@case(filed(1), filed(2, kind="appeal"), ruled(1, 1, "denied"))
def an_appeal_against_a_ruling() -> Process:
    """A paper with a ruling stays one, and an appeal stays an appeal."""
    is_ruled = has_partner(PAPERS, "paper_id", RULINGS, "paper_id")
    column = DerivedColumn.of("appealed", both(any_of(PAPERS, each("kind").equals("appeal")), is_ruled))
    return booked_if(column, PAPERS, RULINGS)


@case(parked(1, "B-1", 1), parked(2, "B-2", 2), Inspected())
def notes_for_known_plates() -> Process:
    """A plate is known from the beginning or never."""
    known = entries_where(PASSAGES, each("plate").normalised().is_one_of("b-1", "b-3"))
    note = Effect("note", "warden", {Do.YES: CommandTemplate("Leave", PASSAGES, ("plate",))}, FINAL)
    inspected = seen(Inspected)
    return proc(one_outcome(inspected), inspected, PASSAGES, wants=[wanted_in(inspected, note, YES=known)])


@case(remarked(1, "loud", 1), remarked(2, "fine", 5), Complained())
def a_call_with_the_number_of_remarks() -> Process:
    """The call is sent again when the number changes."""
    number = ComputedField.of("number", count(REMARKS))
    call = Effect("call", "manager", {Do.YES: CommandTemplate("Call", computed=(number,))})
    complained = seen(Complained)
    return proc(one_outcome(complained), complained, REMARKS, wants=[wanted_in(complained, call, YES=Do.YES)])


@case(Admitted(), answered(1, 1, 60), answered(2, 2, 30))
def a_child_that_counts_answers() -> Process:
    """The child books a seat and keeps it, and the parent looks at its outcome."""
    admitted = seen(Admitted)
    some = DerivedColumn.of("some", count(ANSWERS) >= 1)
    seat = booking("seat", is_final=True)
    table = wanted(admitted, some, rows=[(Y, True, {seat: Do.YES}), (Y, False, {seat: Do.NO}), (N, ANY, {seat: Do.NO})])
    child = proc(
        outcomes(some, name="answers", rows=[(True, Out.DONE), (False, Out.OPEN)]), admitted, ANSWERS, wants=[table]
    )
    rows = [(Out.DONE, Out.DONE), (Out.OPEN, Out.OTHER)]
    return proc(outcomes(child.outcomes, rows=rows), children=(child,))


@case(applied(1, 90), retracted(1, 1), retracted(2, 7))
def a_post_that_counts_its_retractions() -> Process:
    """A retraction without an application counts once its application is here."""
    gone = has_partner(APPLICANTS, "application_id", RETRACTIONS, "application_id")
    return proc(yes_no(DerivedColumn.of("gone", gone)), APPLICANTS, RETRACTIONS)


@case(played(1, "Reds", 3, 2), played(2, "Blues", 1, 1))
def goals_of_a_day() -> Process:
    """Goals less matches may go up and down, and the last number is notified."""
    matches = has_any(MATCHES)
    balance = total(MATCHES, "goals").minus(count(MATCHES).times(2))
    tell = Effect("tell", "press", {Do.YES: CommandTemplate("Tell", computed=(ComputedField.of("balance", balance),))})
    return proc(one_outcome(matches), matches, MATCHES, wants=[wanted_in(matches, tell, YES=Do.YES)])
