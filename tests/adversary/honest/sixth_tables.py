"""Machines, tables, effects and deadlines without functions that converge, near to others that do not."""

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
from tests.adversary.kit import Commands, Do, Moves, Out, Seen, by, case, has_any, one_outcome, proc, seen, wanted_in
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
    Name,
    Ordered,
    Rejected,
    Reminded,
    Signed,
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
def a_room_that_a_cancellation_always_frees() -> Process:
    """The cancellation outranks the confirmation, before it and after it."""
    moves: Moves = {
        Hold.HELD: {Confirmed: Hold.SOLD, Cancelled: Hold.FREE},
        Hold.SOLD: {Confirmed: Hold.SOLD, Cancelled: Hold.FREE},
        Hold.FREE: {Confirmed: Hold.FREE, Cancelled: Hold.FREE},
    }
    hold = SubMachine("hold", Hold.HELD, moves)
    return proc(by(hold, HELD=Out.OTHER, SOLD=Out.DONE, FREE=Out.FAILED), hold)


@case(Rejected(id="i"), Approved(id="i"))
def a_line_barred_unless_ever_approved() -> Process:
    """Both words are remembered, and the approval outranks the rejection."""
    rows = [(ANY, Y, Out.DONE), (Y, N, Out.FAILED), (N, N, Out.OTHER)]
    return proc(outcomes(REJECTED, APPROVED, rows=rows), REJECTED, APPROVED)


class FirstWarning(BaseModel):
    id: str


class SecondWarning(BaseModel):
    id: str


@case(FirstWarning(id="i"), SecondWarning(id="i"))
def a_player_banned_by_a_message_of_its_own() -> Process:
    """First and second warning are two messages, and each is remembered for itself."""
    first, second = seen(FirstWarning), seen(SecondWarning)
    rows = [(Y, Y, Out.FAILED), (Y, N, Out.DONE), (N, ANY, Out.OTHER)]
    return proc(outcomes(first, second, rows=rows), first, second)


class Claim(Enum):
    NEITHER = "neither"
    POLICY = "policy"
    CLAIM = "claim"
    BOTH = "both"


@case(Ordered(id="i", total=5), Charge(id="i", charge_id="c", cents=5))
def a_claim_that_waits_for_its_policy() -> Process:
    """One machine with four states remembers both messages."""
    moves: Moves = {
        Claim.NEITHER: {Ordered: Claim.POLICY, Charge: Claim.CLAIM},
        Claim.POLICY: {Ordered: Claim.POLICY, Charge: Claim.BOTH},
        Claim.CLAIM: {Ordered: Claim.BOTH, Charge: Claim.CLAIM},
        Claim.BOTH: {Ordered: Claim.BOTH, Charge: Claim.BOTH},
    }
    claim = SubMachine("claim", Claim.NEITHER, moves)
    return proc(by(claim, NEITHER=Out.OTHER, POLICY=Out.OTHER, CLAIM=Out.FAILED, BOTH=Out.DONE), claim)


@case(ORDER, Cancelled(id="i"))
def a_reservation_that_each_row_names() -> Process:
    """Each row says whether the table is reserved, and released is what it is at first."""
    commands: Commands = {Do.YES: CommandTemplate("Reserve"), Do.NO: CommandTemplate("Release")}
    table = Effect("table", "restaurant", commands, initially=Do.NO)
    rows = [(Y, N, {table: Do.YES}), (ANY, Y, {table: Do.NO}), (N, N, {table: Do.NO})]
    return proc(one_outcome(ORDERED), ORDERED, CANCELLED, wants=[wanted(ORDERED, CANCELLED, rows=rows)])


@case(Approved(id="i"), ORDER)
def a_label_that_waits_for_its_amount() -> Process:
    """The label carries the total, and is wanted only once the order is known."""
    label = Effect(
        "label", "printer", {Do.YES: CommandTemplate("Print", ORDERS, ("total",))}, final=frozenset({Do.YES})
    )
    rows = [(Y, Y, {label: Do.YES}), (Y, N, {}), (N, ANY, {})]
    wants = [wanted(APPROVED, ORDERED, rows=rows)]
    return proc(one_outcome(APPROVED), APPROVED, ORDERED, ORDERS, wants=wants)


@case(Approved(id="i"), Cancelled(id="i"), Confirmed(id="i"))
def a_transfer_that_nothing_takes_back() -> Process:
    """The transfer is final with approval and confirmation, and the cancellation only changes the outcome."""
    pay = Effect("pay", "bank", {Do.YES: CommandTemplate("Transfer")}, final=frozenset({Do.YES}))
    rows = [(Y, Y, {pay: Do.YES}), (Y, N, {}), (N, ANY, {})]
    table = outcomes(CANCELLED, rows=[(Y, Out.FAILED), (N, Out.DONE)])
    return proc(table, APPROVED, CONFIRMED, CANCELLED, wants=[wanted(APPROVED, CONFIRMED, rows=rows)])


@case(Approved(id="i"), Departed(id="i"), Rejected(id="i"))
def a_shipment_that_is_not_stopped_after_it_left() -> Process:
    """A rejection stops the shipment until it departs, and after the departure it is shipped in any case."""
    ship = Effect(
        "ship",
        "carrier",
        {Do.YES: CommandTemplate("Ship"), Do.NO: CommandTemplate("Stop")},
        final=frozenset({Do.YES}),
        decided_by=Departed,
        initially=Do.NO,
    )
    rows = [
        (ANY, ANY, Y, {ship: Do.YES}),
        (Y, N, N, {ship: Do.YES}),
        (Y, Y, N, {ship: Do.NO}),
        (N, ANY, N, {ship: Do.NO}),
    ]
    wants = [wanted(APPROVED, REJECTED, DEPARTED, rows=rows)]
    return proc(one_outcome(APPROVED), APPROVED, REJECTED, DEPARTED, wants=wants)


@case(ORDER, Confirmed(id="i"))
def a_nudge_that_a_confirmation_ends() -> Process:
    """The nudge is wanted after the reminder while nothing is confirmed, and is withdrawn by the confirmation."""
    commands: Commands = {Do.YES: CommandTemplate("Nudge"), Do.NO: CommandTemplate("Withdraw")}
    nudge = Effect("nudge", "mail", commands, initially=Do.NO)
    arming = wanted(ORDERED, CONFIRMED, rows=[(Y, N, {REMINDER: ARMED}), (N, ANY, {}), (Y, Y, {})])
    rows = [(Y, N, {nudge: Do.YES}), (N, N, {nudge: Do.NO}), (ANY, Y, {nudge: Do.NO})]
    wants = [arming, wanted(REMINDED, CONFIRMED, rows=rows)]
    return proc(one_outcome(ORDERED), ORDERED, CONFIRMED, REMINDED, wants=wants)


@case(ORDER, Approved(id="i"), Confirmed(id="i"))
def an_order_whose_expiry_runs_while_it_is_open() -> Process:
    """Each open joint state arms the expiry, and a confirmation outranks it."""

    def rule(ordered: Seen, approved: Seen, confirmed: Seen, expired: Seen) -> Out:
        if confirmed is Y:
            return Out.DONE
        if ordered is N and approved is N:
            return Out.OTHER
        return Out.FAILED if expired is Y else Out.OPEN

    table = outcomes(ORDERED, APPROVED, CONFIRMED, EXPIRED, rule=rule)
    rows = [(Out.OPEN, {EXPIRY: ARMED}), (Out.DONE, {}), (Out.FAILED, {}), (Out.OTHER, {})]
    wants = [wanted(table, rows=rows)]
    return proc(table, ORDERED, APPROVED, CONFIRMED, EXPIRED, wants=wants, unsettled=[Out.OPEN])


@case(ORDER, Confirmed(id="i"))
def a_term_that_the_order_sets() -> Process:
    """The deadline is armed by the order, which says how long it runs, and a confirmation outranks it."""
    term = Deadline("term", Expired, timedelta(hours=2), override=(ORDERS, "wait_seconds"))
    rows = [
        (N, ANY, ANY, Out.OTHER),
        (Y, Y, ANY, Out.DONE),
        (Y, N, N, Out.OPEN),
        (Y, N, Y, Out.FAILED),
    ]
    table = outcomes(ORDERED, CONFIRMED, EXPIRED, rows=rows)
    arming = [(Y, N, {term: ARMED}), (Y, Y, {}), (N, ANY, {})]
    return proc(
        table,
        ORDERED,
        CONFIRMED,
        EXPIRED,
        ORDERS,
        wants=[wanted(ORDERED, CONFIRMED, rows=arming)],
        unsettled=[Out.OPEN],
    )


@case(charge(1, 5), charge(2, 7), Rejected(id="i"), Confirmed(id="i"))
def refunds_that_each_later_row_names() -> Process:
    """All charges are refunded for good once rejected, whatever is confirmed."""
    refund = Effect(
        "refund", "bank", {Do.YES: CommandTemplate("Refund", CHARGES, ("cents",))}, final=frozenset({Do.YES})
    )
    rows = [(Y, ANY, {refund: every(CHARGES)}), (N, ANY, {})]
    wants = [wanted(REJECTED, CONFIRMED, rows=rows)]
    return proc(one_outcome(REJECTED), REJECTED, CONFIRMED, CHARGES, wants=wants)


@case(line(1, "hat", 2), line(2, "hat", 2))
def two_mails_that_may_repeat_one_another() -> Process:
    """The second receipt names the first as one that it may repeat."""
    has = has_any(LINES)
    template = CommandTemplate("SendReceipt", LINES, ("line_id", "article"))
    one = Effect("receipt", "mail", {Do.YES: template})
    other = Effect("invoice", "mail", {Do.YES: template}, may_repeat=(one,))
    rows = [(Y, {one: every(LINES), other: every(LINES)}), (N, {})]
    return proc(one_outcome(has), has, LINES, wants=[wanted(has, rows=rows)])


class Answer(Enum):
    WAITS = "waits"
    GOES = "goes"


@case(Confirmed(id="i"), Departed(id="i"), Cancelled(id="i"))
def a_child_that_loads_and_unloads() -> Process:
    """The loading bay loads and unloads as the cancellation says, and neither is final."""
    commands: Commands = {Do.YES: CommandTemplate("Load"), Do.NO: CommandTemplate("Unload")}
    load = Effect("load", "dock", commands, initially=Do.NO)
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


class Scan(BaseModel):
    id: str
    scan_id: Name
    gate: Signed | None = None


@case(Scan(id="i", scan_id="s1", gate=4), Scan(id="i", scan_id="s2"), Scan(id="i", scan_id="", gate=-4))
def scans_passed_on_with_what_was_left_out() -> Process:
    """Each scan is passed on by its key, with a gate or without one."""
    scans = Register("scans", Scan, "scan_id")
    has = has_any(scans)
    pass_on = Effect("pass", "gates", {Do.YES: CommandTemplate("Pass", scans, ("gate",))})
    return proc(one_outcome(has), has, scans, wants=[wanted_in(has, pass_on, YES=every(scans))])


class Stamp(Enum):
    NONE = "none"
    STAMPED = "stamped"


@case(Expired(id="i"), ORDER, Cancelled(id="i"))
def an_expiry_that_only_stamps() -> Process:
    """The expiry is armed for the order while it is not cancelled, and stamps a machine that no table reads."""
    stamp = SubMachine("stamp", Stamp.NONE, {state: {Expired: Stamp.STAMPED} for state in Stamp})
    rows = [(Y, N, {EXPIRY: ARMED}), (Y, Y, {}), (N, ANY, {})]
    wants = [wanted(ORDERED, CANCELLED, rows=rows)]
    return proc(one_outcome(ORDERED), ORDERED, CANCELLED, stamp, wants=wants)
