"""Machines, tables and effects without functions: bookings, subscriptions, flights and deliveries."""

from datetime import timedelta
from enum import Enum

from pydantic import BaseModel

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    Deadline,
    Effect,
    Process,
    Register,
    SubMachine,
    every,
    outcomes,
    wanted,
)
from tests.adversary.kit import Do, Moves, Out, Seen, by, case, has_any, one_outcome, proc, seen, wanted_in
from tests.adversary.planted.sixth_helpers import (
    CHARGES,
    EXPIRY,
    LINES,
    ORDERS,
    REMINDER,
    Approved,
    Cancelled,
    Charge,
    Confirmed,
    Departed,
    Expired,
    Money,
    Ordered,
    Rejected,
    Reminded,
    charge,
    line,
)

Y, N = Seen.YES, Seen.NO
ORDERED, CANCELLED, CONFIRMED = seen(Ordered), seen(Cancelled), seen(Confirmed)
APPROVED, REJECTED, DEPARTED = seen(Approved), seen(Rejected), seen(Departed)
EXPIRED, REMINDED = seen(Expired), seen(Reminded)
ORDER = Ordered(id="i", total=900)


class Hold(Enum):
    HELD = "held"
    SOLD = "sold"
    FREE = "free"


@case(Confirmed(id="i"), Cancelled(id="i"))
def a_room_that_is_sold_or_freed_first() -> Process:
    """A held room is sold or freed by whichever message comes first."""
    moves: Moves = {
        Hold.HELD: {Confirmed: Hold.SOLD, Cancelled: Hold.FREE},
        Hold.SOLD: {Confirmed: Hold.SOLD, Cancelled: Hold.SOLD},
        Hold.FREE: {Confirmed: Hold.FREE, Cancelled: Hold.FREE},
    }
    hold = SubMachine("hold", Hold.HELD, moves)
    return proc(by(hold, HELD=Out.OTHER, SOLD=Out.DONE, FREE=Out.FAILED), hold)


class Line(Enum):
    ACTIVE = "active"
    BARRED = "barred"


@case(Rejected(id="i"), Approved(id="i"))
def a_line_barred_by_the_last_word() -> Process:
    """A phone line is barred and released as often as messages say so, and the last one counts."""
    moves: Moves = {state: {Rejected: Line.BARRED, Approved: Line.ACTIVE} for state in Line}
    state = SubMachine("line", Line.ACTIVE, moves)
    return proc(by(state, ACTIVE=Out.DONE, BARRED=Out.FAILED), state)


class Warned(Enum):
    NEVER = "never"
    ONCE = "once"
    BANNED = "banned"


@case(Rejected(id="i"))
def a_player_banned_by_a_repeat() -> Process:
    """The second warning bans, and a repeat of the first is taken for the second."""
    moves: Moves = {
        Warned.NEVER: {Rejected: Warned.ONCE},
        Warned.ONCE: {Rejected: Warned.BANNED},
        Warned.BANNED: {Rejected: Warned.BANNED},
    }
    warned = SubMachine("warned", Warned.NEVER, moves)
    return proc(by(warned, NEVER=Out.OTHER, ONCE=Out.DONE, BANNED=Out.FAILED), warned)


class Policy(Enum):
    NONE = "none"
    ACTIVE = "active"
    CLAIMED = "claimed"


@case(Ordered(id="i", total=5), Charge(id="i", charge_id="c", cents=5))
def a_claim_before_its_policy() -> Process:
    """A claim is answered only while the policy is active, and one that comes earlier is forgotten."""
    moves: Moves = {
        Policy.NONE: {Ordered: Policy.ACTIVE, Charge: Policy.NONE},
        Policy.ACTIVE: {Ordered: Policy.ACTIVE, Charge: Policy.CLAIMED},
        Policy.CLAIMED: {Ordered: Policy.CLAIMED, Charge: Policy.CLAIMED},
    }
    policy = SubMachine("policy", Policy.NONE, moves)
    return proc(by(policy, NONE=Out.OTHER, ACTIVE=Out.OPEN, CLAIMED=Out.DONE), policy)


class Trip(Enum):
    PLANNED = "planned"
    CHANGED = "changed"
    LEFT = "left"
    LEFT_CHANGED = "left-changed"


@case(Departed(id="i"), Confirmed(id="i"))
def a_change_that_counts_only_before_the_departure() -> Process:
    """A rebooking before the departure counts, and one whose message is overtaken does not."""
    moves: Moves = {
        Trip.PLANNED: {Confirmed: Trip.CHANGED, Departed: Trip.LEFT},
        Trip.CHANGED: {Confirmed: Trip.CHANGED, Departed: Trip.LEFT_CHANGED},
        Trip.LEFT: {Confirmed: Trip.LEFT, Departed: Trip.LEFT},
        Trip.LEFT_CHANGED: {Confirmed: Trip.LEFT_CHANGED, Departed: Trip.LEFT_CHANGED},
    }
    trip = SubMachine("trip", Trip.PLANNED, moves)
    return proc(by(trip, PLANNED=Out.OPEN, CHANGED=Out.OPEN, LEFT=Out.DONE, LEFT_CHANGED=Out.OTHER), trip)


@case(ORDER, Cancelled(id="i"))
def a_reservation_that_one_row_forgets() -> Process:
    """A table is reserved by the order and released by the cancellation, and with both it stays as it is."""
    table = Effect("table", "restaurant", {Do.YES: CommandTemplate("Reserve"), Do.NO: CommandTemplate("Release")})
    rows = [
        (Y, N, {table: Do.YES}),
        (N, Y, {table: Do.NO}),
        (Y, Y, {}),
        (N, N, {}),
    ]
    return proc(one_outcome(ORDERED), ORDERED, CANCELLED, wants=[wanted(ORDERED, CANCELLED, rows=rows)])


@case(Approved(id="i"), ORDER)
def a_label_without_its_amount() -> Process:
    """The label carries the total of the order, and is printed with nothing if the approval comes first."""
    label = Effect("label", "printer", {Do.YES: CommandTemplate("Print", ORDERS, ("total",))})
    return proc(one_outcome(APPROVED), APPROVED, ORDERS, wants=[wanted_in(APPROVED, label, YES=Do.YES)])


@case(Approved(id="i"), Cancelled(id="i"))
def a_transfer_before_the_cancellation() -> Process:
    """Money is sent for good on approval, and the cancellation wants it held."""
    pay = Effect(
        "pay",
        "bank",
        {Do.YES: CommandTemplate("Transfer"), Do.NO: CommandTemplate("Hold")},
        final=frozenset({Do.YES}),
        initially=Do.NO,
    )
    rows = [(Y, N, {pay: Do.YES}), (ANY, Y, {pay: Do.NO}), (N, N, {pay: Do.NO})]
    return proc(one_outcome(APPROVED), APPROVED, CANCELLED, wants=[wanted(APPROVED, CANCELLED, rows=rows)])


@case(Approved(id="i"), Departed(id="i"), Rejected(id="i"))
def a_shipment_stopped_after_it_left() -> Process:
    """The departure decides, and a rejection after it still wants the shipment stopped."""
    ship = Effect(
        "ship",
        "carrier",
        {Do.YES: CommandTemplate("Ship"), Do.NO: CommandTemplate("Stop")},
        final=frozenset({Do.YES}),
        decided_by=Departed,
        initially=Do.NO,
    )
    rows = [(Y, N, {ship: Do.YES}), (Y, Y, {ship: Do.NO}), (N, ANY, {ship: Do.NO})]
    return proc(one_outcome(APPROVED), APPROVED, REJECTED, DEPARTED, wants=[wanted(APPROVED, REJECTED, rows=rows)])


@case(ORDER, Confirmed(id="i"))
def a_survey_that_only_slow_orders_get() -> Process:
    """The reminder is armed while nothing is confirmed, and sends a survey also when everything is."""
    survey = Effect("survey", "mail", {Do.YES: CommandTemplate("SendSurvey")})
    rows = [(Y, N, {REMINDER: ARMED}), (N, ANY, {}), (Y, Y, {})]
    wants = [wanted(ORDERED, CONFIRMED, rows=rows), wanted_in(REMINDED, survey, YES=Do.YES)]
    return proc(one_outcome(ORDERED), ORDERED, CONFIRMED, REMINDED, wants=wants)


@case(ORDER, Approved(id="i"))
def an_approved_order_that_waits_for_ever() -> Process:
    """The expiry is armed for the order alone, and an approval that comes first keeps it from being armed."""

    def rule(ordered: Seen, approved: Seen, confirmed: Seen, expired: Seen) -> Out:
        if confirmed is Y:
            return Out.DONE
        if expired is Y:
            return Out.FAILED
        return Out.OPEN if ordered is Y else Out.OTHER

    table = outcomes(ORDERED, APPROVED, CONFIRMED, EXPIRED, rule=rule)
    rows = [(Y, N, {EXPIRY: ARMED}), (Y, Y, {}), (N, ANY, {})]
    wants = [wanted(ORDERED, APPROVED, rows=rows)]
    return proc(table, ORDERED, APPROVED, CONFIRMED, EXPIRED, wants=wants, unsettled=[Out.OPEN])


EXPIRIES = Register("expiries", Expired, "id")


@case(Approved(id="i"), Ordered(id="i", total=5, wait_seconds=60))
def a_letter_with_the_time_of_its_deadline() -> Process:
    """The letter says when the deadline was due, which depends on whether the wait was known when it was armed."""
    term = Deadline("term", Expired, timedelta(hours=2), override=(ORDERS, "wait_seconds"))
    letter = Effect("letter", "post", {Do.YES: CommandTemplate("SendLetter", EXPIRIES, ("due_at",))})
    arming = wanted(APPROVED, rows=[(Y, {term: ARMED}), (N, {})])
    wants = [arming, wanted_in(EXPIRED, letter, YES=Do.YES)]
    return proc(one_outcome(APPROVED), APPROVED, EXPIRED, ORDERS, EXPIRIES, wants=wants)


class Course(Enum):
    OPEN = "open"
    PAID = "paid"
    LAPSED = "lapsed"


@case(ORDER, Confirmed(id="i"))
def a_course_that_lapses_or_is_paid() -> Process:
    """Payment and expiry leave the one open state, and which comes first decides."""
    moves: Moves = {
        Course.OPEN: {Confirmed: Course.PAID, Expired: Course.LAPSED},
        Course.PAID: {Confirmed: Course.PAID, Expired: Course.PAID},
        Course.LAPSED: {Confirmed: Course.LAPSED, Expired: Course.LAPSED},
    }
    course = SubMachine("course", Course.OPEN, moves)
    table = by(course, OPEN=Out.OTHER, PAID=Out.DONE, LAPSED=Out.FAILED)
    return proc(table, course, ORDERED, wants=[wanted(ORDERED, rows=[(Y, {EXPIRY: ARMED}), (N, {})])])


class Seat(BaseModel):
    id: str
    seat_id: str
    cents: Money


@case(*(Seat(id="i", seat_id=f"s{number}", cents=5) for number in range(3)))
def seats_limited_by_the_bound() -> Process:
    """A boat with two seats is declared as a register of at most two, and the third to come waits for a person."""
    seats = Register("seats", Seat, "seat_id", most=2)
    has = has_any(seats)
    board = Effect("board", "gate", {Do.YES: CommandTemplate("Board", seats, ("seat_id",))})
    return proc(one_outcome(has), has, seats, wants=[wanted_in(has, board, YES=every(seats))])


@case(charge(1, 5), charge(2, 7), Rejected(id="i"), Confirmed(id="i"))
def refunds_that_a_later_row_forgets() -> Process:
    """All charges are refunded once rejected, and a charge after the confirmation is left out."""
    refund = Effect("refund", "bank", {Do.YES: CommandTemplate("Refund", CHARGES, ("cents",))})
    rows = [(Y, N, {refund: every(CHARGES)}), (Y, Y, {}), (N, ANY, {})]
    wants = [wanted(REJECTED, CONFIRMED, rows=rows)]
    return proc(one_outcome(REJECTED), REJECTED, CONFIRMED, CHARGES, wants=wants)


@case(line(1, "hat", 2))
def two_mails_that_say_the_same() -> Process:
    """The order desk and the billing desk each have an effect that sends the same receipt."""
    has = has_any(LINES)
    template = CommandTemplate("SendReceipt", LINES, ("line_id", "article"))
    one, other = (Effect(name, "mail", {Do.YES: template}) for name in ("receipt", "invoice"))
    rows = [(Y, {one: every(LINES), other: every(LINES)}), (N, {})]
    return proc(one_outcome(has), has, LINES, wants=[wanted(has, rows=rows)])


class Bay(Enum):
    EMPTY = "empty"
    LOADED = "loaded"


class Answer(Enum):
    WAITS = "waits"
    GOES = "goes"


@case(Confirmed(id="i"), Departed(id="i"), Cancelled(id="i"))
def a_child_whose_effect_the_parent_does_not_know() -> Process:
    """The loading bay is a process of its own that loads for good, and unloads when the trip is cancelled."""
    load = Effect(
        "load",
        "dock",
        {Do.YES: CommandTemplate("Load"), Do.NO: CommandTemplate("Unload")},
        final=frozenset({Do.YES}),
    )
    rows = [(Y, N, Answer.GOES), (N, ANY, Answer.WAITS), (Y, Y, Answer.WAITS)]
    table = outcomes(CONFIRMED, CANCELLED, name="bay", rows=rows)
    child = Process(
        name="bay",
        version=1,
        correlate="id",
        inputs={"sender": (Confirmed, Cancelled)},
        machines=(CONFIRMED, CANCELLED),
        outcomes=table,
        wanted=(wanted(table, rows=[(Answer.GOES, {load: Do.YES}), (Answer.WAITS, {load: Do.NO})]),),
        settled=frozenset(Answer),
    )
    joint = outcomes(
        table, DEPARTED, rule=lambda bay, left: Out.DONE if bay is Answer.GOES and left is Y else Out.OTHER
    )
    return proc(joint, DEPARTED, children=(child,))
