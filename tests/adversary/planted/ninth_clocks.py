"""Deadlines that only some orders arm, and outcomes that wait for what does not come."""

from datetime import timedelta
from enum import Enum

from pydantic import BaseModel

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
    SubMachine,
    all_but,
    bands,
    count,
    each,
    has,
    one_of,
    outcomes,
    stages,
    total,
    wanted,
)
from tests.adversary.kit import Commands, Do, Moves, Out, Seen, by, case, has_any, one_outcome, proc, seen, wanted_in
from tests.adversary.planted.ninth_messages import (
    DRAWS,
    OFFERS,
    READINGS,
    REPAYMENTS,
    TERMS,
    VOTES,
    Approved,
    Cancelled,
    Closed,
    Confirmed,
    Elapsed,
    Known,
    Lapsed,
    Metered,
    Opened,
    Overdue,
    Paused,
    Resumed,
    Shipped,
    Signed,
    Terms,
    booking,
    drawn,
    metered,
    offer,
    repaid,
    vote,
)

Y, N = Seen.YES, Seen.NO
DAY = timedelta(days=1)
OPENED, CLOSED, CANCELLED, CONFIRMED, SIGNED = (
    seen(Opened),
    seen(Closed),
    seen(Cancelled),
    seen(Confirmed),
    seen(Signed),
)
APPROVED, SHIPPED, ELAPSED, OVERDUE = seen(Approved), seen(Shipped), seen(Elapsed), seen(Overdue)
CLOCK = Deadline("clock", Elapsed, DAY)
SECOND = Deadline("second", Overdue, DAY)


@case(Opened(), Confirmed())
def a_reservation_that_expires_although_confirmed() -> Process:
    """An elapsed reservation is expired, also a confirmed one, and only an opened one was given a time."""
    rows = [(N, ANY, N, Out.OTHER), (Y, N, N, Out.OPEN), (Y, Y, N, Out.DONE), (ANY, ANY, Y, Out.FAILED)]
    table = outcomes(OPENED, CONFIRMED, ELAPSED, rows=rows)
    arm = wanted(OPENED, CONFIRMED, rows=[(Y, N, {CLOCK: ARMED}), (Y, Y, {}), (N, ANY, {})])
    return proc(table, OPENED, CONFIRMED, ELAPSED, wants=[arm], unsettled=[Out.OPEN])


@case(Opened(), Signed())
def a_reminder_to_those_who_signed_in_time() -> Process:
    """When the time is over a reminder goes out, also to those who have signed; who signed first is never timed."""
    effect = Effect("reminder", "post", {Do.YES: CommandTemplate("Remind")})
    remind = wanted(ELAPSED, rows=[(Y, {effect: Do.YES}), (N, {})])
    arm = wanted(OPENED, SIGNED, rows=[(Y, N, {CLOCK: ARMED}), (Y, Y, {}), (N, ANY, {})])
    return proc(one_outcome(OPENED), OPENED, SIGNED, ELAPSED, wants=[arm, remind])


def _penalty(known: Known, fact: Fact) -> Known:
    return {**known, "late": known["late"] + 1 if fact.kind is Elapsed and not known["is_done"] else known["late"]} | (
        {"is_done": True} if fact.kind is Confirmed else {}
    )


@case(Opened(), Confirmed())
def a_penalty_unless_it_was_confirmed_before() -> Process:
    """The penalty depends on whether the confirmation was received of before the time was over."""
    penalty = Reducer("penalty", (Elapsed, Confirmed), {"is_done": False, "late": 0}, _penalty)
    column = DerivedColumn("late", (penalty,), lambda held: held["late"] > 0)
    arm = wanted(OPENED, rows=[(Y, {CLOCK: ARMED}), (N, {})])
    return proc(outcomes(column, rows=[(True, Out.FAILED), (False, Out.DONE)]), OPENED, penalty, wants=[arm])


@case(repaid(1, 40), repaid(2, 120))
def a_deadline_for_those_who_paid_a_part() -> Process:
    """Who has paid a part is timed, and who then paid all is cut off as well when the time is over."""
    paid = DerivedColumn.of("paid", bands(total(REPAYMENTS, "cents"), Out.OTHER, (1, Out.OPEN), (100, Out.DONE)))
    rows = [(Out.OTHER, ANY, Out.OTHER), (Out.OPEN, ANY, Out.OTHER), (Out.DONE, N, Out.DONE), (Out.DONE, Y, Out.FAILED)]
    arm = wanted(paid, rows=[(Out.OPEN, {CLOCK: ARMED}), (all_but(Out.OPEN), {})])
    return proc(outcomes(paid, ELAPSED, rows=rows), REPAYMENTS, ELAPSED, wants=[arm])


@case(Approved(), Opened())
def a_second_deadline_after_the_first() -> Process:
    """After the first deadline a second one is armed while there is no approval, and counts with one as well."""
    rows = [(ANY, ANY, Y, Out.FAILED), (N, ANY, N, Out.OPEN), (Y, ANY, N, Out.DONE)]
    table = outcomes(APPROVED, ELAPSED, OVERDUE, rows=rows)
    arm = wanted(
        OPENED,
        APPROVED,
        ELAPSED,
        rows=[(Y, ANY, N, {CLOCK: ARMED}), (Y, N, Y, {SECOND: ARMED}), (Y, Y, Y, {}), (N, ANY, ANY, {})],
    )
    return proc(table, OPENED, APPROVED, ELAPSED, OVERDUE, wants=[arm])


@case(Opened(), Terms(wait_seconds=60))
def the_day_of_the_notice_in_the_letter() -> Process:
    """The letter says when the notice was due, which depends on whether the terms had come before it was armed."""
    lapses = Register("lapses", Lapsed, "id")
    notice = Deadline("notice", Lapsed, DAY, override=(TERMS, "wait_seconds"))
    lapsed = seen(Lapsed)
    letter = Effect("letter", "post", {Do.YES: CommandTemplate("SendLetter", lapses, ("due_at",))})
    arm = wanted(OPENED, rows=[(Y, {notice: ARMED}), (N, {})])
    wants = [arm, wanted_in(lapsed, letter, YES=Do.YES)]
    return proc(one_outcome(OPENED), OPENED, TERMS, lapses, lapsed, wants=wants)


@case(Opened())
def nobody_waits_for_the_second_time() -> Process:
    """After the first deadline it is open again, and nothing arms the second one."""
    rows = [(N, ANY, ANY, Out.OTHER), (Y, ANY, N, Out.OPEN), (Y, ANY, Y, Out.FAILED)]
    table = outcomes(OPENED, ELAPSED, OVERDUE, rows=rows)
    arm = wanted(OPENED, ELAPSED, rows=[(Y, N, {CLOCK: ARMED}), (Y, Y, {}), (N, ANY, {})])
    return proc(table, OPENED, ELAPSED, OVERDUE, wants=[arm], unsettled=[Out.OPEN])


@case(Signed(), Opened())
def waiting_for_a_signature_that_came_before() -> Process:
    """The time runs only while nobody has signed, but an approval is awaited after the signature as well."""
    rows = [
        (N, ANY, ANY, N, Out.OTHER),
        (Y, ANY, N, N, Out.OPEN),
        (Y, ANY, Y, N, Out.DONE),
        (ANY, ANY, ANY, Y, Out.DONE),
    ]
    table = outcomes(OPENED, SIGNED, APPROVED, ELAPSED, rows=rows)
    arm = wanted(OPENED, SIGNED, rows=[(Y, N, {CLOCK: ARMED}), (Y, Y, {}), (N, ANY, {})])
    return proc(table, OPENED, SIGNED, APPROVED, ELAPSED, wants=[arm], unsettled=[Out.OPEN])


class Reviewed(BaseModel):
    """From the scheduler, or from a person, who gives a name."""

    id: str
    reviewer: str


@case(Opened())
def a_deadline_that_has_no_reviewer() -> Process:
    """The deadline emits a message that needs the name of a reviewer, which the scheduler does not know."""
    review = Deadline("review", Reviewed, DAY)
    reviewed = seen(Reviewed)
    arm = wanted(OPENED, rows=[(Y, {review: ARMED}), (N, {})])
    return proc(by(reviewed, NO=Out.OTHER, YES=Out.DONE), reviewed, OPENED, wants=[arm])


@case(vote(1, "no"), vote(2, "yes"), vote(3, "yes"))
def an_escalation_after_the_first_objection() -> Process:
    """An objection starts a time while two approvals are missing, and when it is over the objection counts."""
    carried = DerivedColumn.of("carried", count(VOTES, where=each("says").equals("yes")) >= 2)
    objected = DerivedColumn.of("objected", count(VOTES, where=each("says").equals("no")) >= 1)
    rows = [(ANY, True, Y, Out.FAILED), (True, ANY, N, Out.DONE), (True, False, Y, Out.DONE)]
    rest = [(False, ANY, N, Out.OTHER), (False, False, Y, Out.OTHER)]
    table = outcomes(carried, objected, ELAPSED, rows=[*rows, *rest])
    arm = wanted(carried, objected, rows=[(False, True, {CLOCK: ARMED}), (False, False, {}), (True, ANY, {})])
    return proc(table, VOTES, ELAPSED, wants=[arm])


def _is_hot(readings: Entries) -> bool:
    newest = max(readings.values(), key=lambda one: (one["minute"], one["reading_id"]), default=None)
    return newest is not None and newest["value"] > 80


@case(metered(1, 90, 1), metered(2, 10, 2))
def a_technician_after_a_day_of_heat() -> Process:
    """The technician is sent a day after a hot reading, unless a cold one had come first and nothing was armed."""
    hot = DerivedColumn("hot", (READINGS,), _is_hot)
    send = Effect("technician", "field", {Do.YES: CommandTemplate("Send")}, final=frozenset({Do.YES}))
    arm = wanted(hot, rows=[(True, {CLOCK: ARMED}), (False, {})])
    return proc(
        one_outcome(ELAPSED), READINGS, ELAPSED, wants=[arm, wanted(ELAPSED, rows=[(Y, {send: Do.YES}), (N, {})])]
    )


@case(Paused(), Resumed())
def a_pause_that_ends_by_itself() -> Process:
    """A pause ends after a day, which ends a later pause as well; who resumes first is never timed."""
    paused, resumed = seen(Paused), seen(Resumed)
    rows = [
        (N, ANY, ANY, Out.DONE),
        (Y, N, N, Out.OPEN),
        (Y, Y, N, Out.DONE),
        (Y, N, Y, Out.DONE),
        (Y, Y, Y, Out.OTHER),
    ]
    table = outcomes(paused, resumed, ELAPSED, rows=rows)
    arm = wanted(table, rows=[(Out.OPEN, {CLOCK: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, paused, resumed, ELAPSED, wants=[arm], unsettled=[Out.OPEN])


@case(Shipped(), Cancelled())
def a_refund_when_the_time_to_return_is_over() -> Process:
    """A shipment starts the time for returns; when it is over a cancelled order is refunded, if it was ever started."""
    refund = Effect("refund", "bank", {Do.YES: CommandTemplate("Refund")}, final=frozenset({Do.YES}))
    rows = [(Y, Y, {refund: Do.YES}), (Y, N, {}), (N, ANY, {})]
    arm = wanted(SHIPPED, CANCELLED, rows=[(Y, N, {CLOCK: ARMED}), (Y, Y, {}), (N, ANY, {})])
    return proc(one_outcome(SHIPPED), SHIPPED, CANCELLED, ELAPSED, wants=[arm, wanted(CANCELLED, ELAPSED, rows=rows)])


@case(offer(1, 500), offer(2, 100))
def a_tender_that_is_extended_for_dear_offers() -> Process:
    """A dear offer extends the tender; when the extension is over it says how many offers there are."""
    cheap = DerivedColumn("cheap", (OFFERS,), lambda offers: any(one["cents"] <= 200 for one in offers.values()))
    here = DerivedColumn.of("here", has(OFFERS))
    template = CommandTemplate("CloseTender", computed=(ComputedField.of("offers", count(OFFERS)),))
    close = Effect("tender", "legal", {Do.YES: template})
    arm = wanted(here, cheap, rows=[(True, False, {CLOCK: ARMED}), (True, True, {}), (False, ANY, {})])
    return proc(one_outcome(ELAPSED), OFFERS, ELAPSED, wants=[arm, wanted_in(ELAPSED, close, YES=Do.YES)])


def lender() -> Process:
    """A part that is overdue when its own time is over."""
    rows = [(N, N, Out.OPEN), (Y, N, Out.DONE), (ANY, Y, Out.FAILED)]
    table = outcomes(SIGNED, ELAPSED, rows=rows, name="lender")
    arm = wanted(SIGNED, ELAPSED, rows=[(N, N, {CLOCK: ARMED}), (Y, N, {}), (ANY, Y, {})])
    return proc(table, SIGNED, ELAPSED, wants=[arm], unsettled=[Out.OPEN])


@case(Signed(), Opened())
def a_part_whose_time_runs_if_the_whole_is_opened_first() -> Process:
    """The part is timed with any first message but the signature, and its time counts after the signature."""
    part = lender()
    rows = [(Out.OPEN, ANY, Out.OPEN), (Out.DONE, ANY, Out.DONE), (Out.FAILED, ANY, Out.FAILED)]
    table = outcomes(part.outcomes, OPENED, rows=rows)
    return proc(table, OPENED, children=(part,), unsettled=[Out.OPEN])


def _first_limit(known: Known, fact: Fact) -> Known:
    if fact.kind is Elapsed:
        return {**known, "frozen": known["frozen"] if known["frozen"] is not None else known["peak"]}
    return {**known, "peak": max(known["peak"], fact.fields["value"])}


@case(metered(1, 50, 1), metered(2, 80, 2))
def the_peak_of_the_first_day() -> Process:
    """The peak is frozen when the day is over, with what has been received of by then."""
    peak = Reducer("peak", (Metered, Elapsed), {"peak": 0, "frozen": None}, _first_limit)
    any_came = has_any(peak)
    template = CommandTemplate("Bill", computed=(ComputedField("peak", (peak,), lambda held: held["frozen"]),))
    bill = Effect("bill", "office", {Do.YES: template})
    arm = wanted(any_came, rows=[(Y, {CLOCK: ARMED}), (N, {})])
    return proc(one_outcome(any_came), any_came, peak, ELAPSED, wants=[arm, wanted_in(ELAPSED, bill, YES=Do.YES)])


class Contract(Enum):
    """How far a contract is."""

    NEW = "new"
    KNOWN = "known"
    SIGNED = "signed"
    RUNNING = "running"


@case(Signed(), Shipped(), Elapsed())
def a_stage_that_is_passed_by() -> Process:
    """The contract stays in the stage in which its time was over, which another machine knows only by the order."""
    moves: Moves = {
        Contract.NEW: {Signed: Contract.SIGNED, Elapsed: Contract.KNOWN},
        Contract.SIGNED: {Signed: Contract.SIGNED, Elapsed: Contract.RUNNING},
        Contract.KNOWN: {Signed: Contract.KNOWN, Elapsed: Contract.KNOWN},
        Contract.RUNNING: {Signed: Contract.RUNNING, Elapsed: Contract.RUNNING},
    }
    contract = SubMachine("contract", Contract.NEW, moves)
    arm = wanted(SHIPPED, rows=[(Y, {CLOCK: ARMED}), (N, {})])
    rows = [(one_of(Contract.NEW, Contract.KNOWN), Out.OTHER), (one_of(Contract.SIGNED, Contract.RUNNING), Out.DONE)]
    return proc(outcomes(contract, rows=rows), contract, SHIPPED, wants=[arm])


@case(drawn(1, 10), Closed())
def an_account_kept_open_for_a_day() -> Process:
    """An account with a draw is kept open for a day, and closed by then only if it was open before it was closed."""
    has_draw = DerivedColumn.of("stage", stages(Out.OPEN, (has(DRAWS), Out.DONE)))
    account: Commands = {Do.YES: CommandTemplate("KeepOpen"), Do.NO: CommandTemplate("CloseAccount")}
    effect = Effect("account", "bank", account)
    arm = wanted(has_draw, CLOSED, rows=[(Out.DONE, N, {CLOCK: ARMED}), (Out.DONE, Y, {}), (Out.OPEN, ANY, {})])
    table = wanted(CLOSED, ELAPSED, rows=[(Y, Y, {effect: Do.NO}), (Y, N, {}), (N, ANY, {})])
    return proc(one_outcome(CLOSED), DRAWS, CLOSED, ELAPSED, wants=[arm, table])


@case(Opened(), Approved(), Cancelled())
def a_booking_given_back_by_the_clock() -> Process:
    """The clock gives back what is not approved, and is armed while it is cancelled too; approved first, it is not."""
    effect = booking()
    rows = [(Y, Y, {effect: Do.NO}), (Y, N, {effect: Do.YES}), (N, ANY, {effect: Do.NO})]
    arm = wanted(OPENED, APPROVED, rows=[(Y, N, {CLOCK: ARMED}), (Y, Y, {}), (N, ANY, {})])
    return proc(
        one_outcome(CANCELLED), OPENED, APPROVED, CANCELLED, ELAPSED, wants=[arm, wanted(OPENED, ELAPSED, rows=rows)]
    )
