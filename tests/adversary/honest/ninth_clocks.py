"""Deadlines, tables, parts and announcements that say the same in every order."""

from dataclasses import replace
from datetime import timedelta
from enum import Enum
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from saga import (
    ANY,
    ARMED,
    Announces,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Process,
    Register,
    SubMachine,
    all_but,
    bands,
    count,
    each,
    entries_where,
    has,
    one_of,
    outcomes,
    total,
    wanted,
)
from tests.adversary.kit import Commands, Do, Moves, Out, Seen, by, case, has_any, one_outcome, proc, seen, wanted_in
from tests.adversary.planted.ninth_messages import (
    OFFERS,
    REPAYMENTS,
    TERMS,
    VOTES,
    Approved,
    Cancelled,
    Checked,
    Closed,
    Confirmed,
    Elapsed,
    Insured,
    Opened,
    Overdue,
    Paused,
    Rejected,
    Resumed,
    Shipped,
    Signed,
    Terms,
    booking,
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
APPROVED, REJECTED, ELAPSED, OVERDUE = seen(Approved), seen(Rejected), seen(Elapsed), seen(Overdue)
CLOCK = Deadline("clock", Elapsed, DAY)
SECOND = Deadline("second", Overdue, DAY)


@case(Opened(), Confirmed(), Elapsed())
def a_reservation_that_is_confirmed_too_late() -> Process:
    """A confirmation outranks the time, so it does not matter whether the clock was armed."""
    rows = [(N, N, ANY, Out.OTHER), (Y, N, N, Out.OPEN), (ANY, Y, ANY, Out.DONE), (Y, N, Y, Out.FAILED)]
    table = outcomes(OPENED, CONFIRMED, ELAPSED, rows=rows)
    arm = wanted(OPENED, CONFIRMED, rows=[(Y, N, {CLOCK: ARMED}), (Y, Y, {}), (N, ANY, {})])
    return proc(table, OPENED, CONFIRMED, ELAPSED, wants=[arm], unsettled=[Out.OPEN])


@case(Opened(), Signed(), Elapsed())
def a_reminder_that_a_signature_calls_off() -> Process:
    """A reminder is wanted while nobody has signed, and called off afterwards."""
    commands: Commands = {Do.YES: CommandTemplate("Remind"), Do.NO: CommandTemplate("CallOff")}
    effect = Effect("reminder", "post", commands, initially=Do.NO)
    remind = wanted(
        ELAPSED, SIGNED, rows=[(Y, N, {effect: Do.YES}), (N, N, {effect: Do.NO}), (ANY, Y, {effect: Do.NO})]
    )
    arm = wanted(OPENED, SIGNED, rows=[(Y, N, {CLOCK: ARMED}), (Y, Y, {}), (N, ANY, {})])
    return proc(one_outcome(OPENED), OPENED, SIGNED, ELAPSED, wants=[arm, remind])


@case(repaid(1, 40), repaid(2, 120), repaid(3, 5))
def a_deadline_for_a_part_that_all_outranks() -> Process:
    """Who paid all is done, whether the time for the rest was started or not."""
    paid = DerivedColumn.of("paid", bands(total(REPAYMENTS, "cents"), Out.OTHER, (1, Out.OPEN), (100, Out.DONE)))
    rows = [(Out.OTHER, ANY, Out.OTHER), (Out.OPEN, N, Out.OPEN), (Out.OPEN, Y, Out.FAILED), (Out.DONE, ANY, Out.DONE)]
    arm = wanted(paid, rows=[(Out.OPEN, {CLOCK: ARMED}), (all_but(Out.OPEN), {})])
    table = outcomes(paid, ELAPSED, rows=rows)
    return proc(table, REPAYMENTS, ELAPSED, wants=[arm], unsettled=[Out.OPEN])


@case(Approved(), Opened())
def two_deadlines_in_a_row() -> Process:
    """The second time is started by the end of the first, and both matter only without an approval."""
    rows = [(Y, ANY, ANY, ANY, Out.DONE), (N, N, ANY, ANY, Out.OTHER), (N, Y, ANY, N, Out.OPEN), (N, Y, N, Y, Out.OPEN)]
    table = outcomes(APPROVED, OPENED, ELAPSED, OVERDUE, rows=[*rows, (N, Y, Y, Y, Out.FAILED)])
    arm = wanted(
        OPENED,
        APPROVED,
        ELAPSED,
        rows=[(Y, N, N, {CLOCK: ARMED}), (Y, N, Y, {SECOND: ARMED}), (Y, Y, ANY, {}), (N, ANY, ANY, {})],
    )
    return proc(table, OPENED, APPROVED, ELAPSED, OVERDUE, wants=[arm], unsettled=[Out.OPEN])


@case(Opened(), Terms(wait_seconds=60), Confirmed())
def a_time_that_the_terms_may_shorten() -> Process:
    """When the time is over depends on what was known, and nothing that is said does."""
    clock = Deadline("clock", Elapsed, DAY, override=(TERMS, "wait_seconds"))
    rows = [(N, N, ANY, Out.OTHER), (Y, N, N, Out.OPEN), (ANY, Y, ANY, Out.DONE), (Y, N, Y, Out.FAILED)]
    arm = wanted(OPENED, rows=[(Y, {clock: ARMED}), (N, {})])
    table = outcomes(OPENED, CONFIRMED, ELAPSED, rows=rows)
    return proc(table, OPENED, CONFIRMED, ELAPSED, TERMS, wants=[arm], unsettled=[Out.OPEN])


@case(vote(1, "no"), vote(2, "yes"), vote(3, "yes"))
def an_objection_that_two_ayes_outvote() -> Process:
    """An objection counts after its time, unless there are two ayes."""
    carried = DerivedColumn.of("carried", count(VOTES, where=each("says").equals("yes")) >= 2)
    objected = DerivedColumn.of("objected", count(VOTES, where=each("says").equals("no")) >= 1)
    rows = [(True, ANY, ANY, Out.DONE), (False, True, N, Out.OPEN), (False, True, Y, Out.FAILED)]
    table = outcomes(carried, objected, ELAPSED, rows=[*rows, (False, False, ANY, Out.OTHER)])
    arm = wanted(carried, objected, rows=[(False, True, {CLOCK: ARMED}), (False, False, {}), (True, ANY, {})])
    return proc(table, VOTES, ELAPSED, wants=[arm], unsettled=[Out.OPEN])


@case(Paused(), Resumed())
def a_pause_that_the_clock_ends() -> Process:
    """A pause that was ended is over, and so is one whose time is over."""
    paused, resumed = seen(Paused), seen(Resumed)
    rows = [(N, ANY, ANY, Out.OTHER), (Y, N, N, Out.OPEN), (Y, Y, ANY, Out.DONE), (Y, N, Y, Out.DONE)]
    table = outcomes(paused, resumed, ELAPSED, rows=rows)
    arm = wanted(table, rows=[(Out.OPEN, {CLOCK: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, paused, resumed, ELAPSED, wants=[arm], unsettled=[Out.OPEN])


@case(Shipped(), Cancelled())
def a_refund_of_what_was_shipped_and_cancelled() -> Process:
    """The clock of a shipment runs whether it is cancelled or not, so its end is the same."""
    shipped = seen(Shipped)
    refund = Effect("refund", "bank", {Do.YES: CommandTemplate("Refund")}, final=frozenset({Do.YES}))
    rows = [(Y, Y, {refund: Do.YES}), (Y, N, {}), (N, ANY, {})]
    arm = wanted(shipped, rows=[(Y, {CLOCK: ARMED}), (N, {})])
    return proc(one_outcome(shipped), shipped, CANCELLED, ELAPSED, wants=[arm, wanted(CANCELLED, ELAPSED, rows=rows)])


def lender() -> Process:
    """A part that is overdue when nobody has signed in time."""
    rows = [(N, N, Out.OPEN), (Y, ANY, Out.DONE), (N, Y, Out.FAILED)]
    table = outcomes(SIGNED, ELAPSED, rows=rows, name="lender")
    arm = wanted(SIGNED, ELAPSED, rows=[(N, N, {CLOCK: ARMED}), (Y, N, {}), (ANY, Y, {})])
    return proc(table, SIGNED, ELAPSED, wants=[arm], unsettled=[Out.OPEN])


@case(Signed(), Opened())
def a_part_whose_signature_outranks_its_time() -> Process:
    """The part is signed or overdue, and the whole says what the part says."""
    part = lender()
    rows = [(Out.OPEN, ANY, Out.OPEN), (Out.DONE, ANY, Out.DONE), (Out.FAILED, ANY, Out.FAILED)]
    table = outcomes(part.outcomes, OPENED, rows=rows)
    return proc(table, OPENED, children=(part,), unsettled=[Out.OPEN])


@case(offer(1, 500), offer(2, 100), offer(3, 50))
def a_tender_that_ends_with_its_time() -> Process:
    """The first offer starts the time, and the number of offers is notified again when another one follows."""
    here = DerivedColumn.of("here", has(OFFERS))
    template = CommandTemplate("CloseTender", computed=(ComputedField.of("offers", count(OFFERS)),))
    close = Effect("tender", "legal", {Do.YES: template})
    arm = wanted(here, rows=[(True, {CLOCK: ARMED}), (False, {})])
    return proc(one_outcome(ELAPSED), OFFERS, ELAPSED, wants=[arm, wanted_in(ELAPSED, close, YES=Do.YES)])


class Severity(Enum):
    """How bad it is."""

    FINE = "fine"
    WORN = "worn"
    BROKEN = "broken"


@case(Checked(), Rejected(), Insured())
def the_worst_that_was_reported() -> Process:
    """The machine goes to the worst that was reported, in whatever order."""
    moves: Moves = {
        Severity.FINE: {Checked: Severity.WORN, Rejected: Severity.BROKEN},
        Severity.WORN: {Checked: Severity.WORN, Rejected: Severity.BROKEN},
        Severity.BROKEN: {Checked: Severity.BROKEN, Rejected: Severity.BROKEN},
    }
    machine, insured = SubMachine("severity", Severity.FINE, moves), seen(Insured)
    rows = [(Severity.FINE, ANY, Out.OTHER), (Severity.WORN, ANY, Out.DONE), (Severity.BROKEN, Y, Out.DONE)]
    return proc(outcomes(machine, insured, rows=[*rows, (Severity.BROKEN, N, Out.FAILED)]), machine, insured)


class Gate(Enum):
    """What a lorry at the gate has shown."""

    NOTHING = "nothing"
    PAPERS = "papers"
    LOAD = "load"
    BOTH = "both"


@case(Signed(), Shipped(), Checked())
def papers_and_load_in_one_machine() -> Process:
    """Papers before the load or the load before the papers is both."""
    moves: Moves = {
        Gate.NOTHING: {Signed: Gate.PAPERS, Shipped: Gate.LOAD},
        Gate.PAPERS: {Signed: Gate.PAPERS, Shipped: Gate.BOTH},
        Gate.LOAD: {Signed: Gate.BOTH, Shipped: Gate.LOAD},
        Gate.BOTH: {Signed: Gate.BOTH, Shipped: Gate.BOTH},
    }
    machine, checked = SubMachine("gate", Gate.NOTHING, moves), seen(Checked)
    rows = [(Gate.BOTH, Y, Out.DONE), (Gate.BOTH, N, Out.OPEN), (all_but(Gate.BOTH), ANY, Out.OPEN)]
    return proc(outcomes(machine, checked, rows=rows), machine, checked)


@case(Approved(), Rejected(), Checked())
def announced_for_good_when_it_is_rejected() -> Process:
    """A rejection outranks all, and an approval does not, so only the rejection is announced for good."""
    rows = [(N, N, Out.OPEN), (Y, N, Out.DONE), (ANY, Y, Out.FAILED)]
    types: dict[Enum, str] = {Out.OPEN: "ClaimOpened", Out.DONE: "ClaimCovered", Out.FAILED: "ClaimRefused"}
    checked = seen(Checked)
    process = proc(outcomes(APPROVED, REJECTED, rows=rows), APPROVED, REJECTED, checked)
    return replace(process, announces=Announces(types, final=frozenset({Out.FAILED})))


@case(Terms(limit=50), Confirmed(), Signed())
def a_letter_that_may_say_the_same_again() -> Process:
    """The second letter duplicates the first one on purpose."""
    known = seen(Terms)
    template: Commands = {Do.YES: CommandTemplate("SendLetter", TERMS, ("limit",))}
    first = Effect("first letter", "post", template)
    second = Effect("second letter", "post", template, may_repeat=(first,))
    wants = [
        wanted(CONFIRMED, known, rows=[(Y, Y, {first: Do.YES}), (Y, N, {}), (N, ANY, {})]),
        wanted(SIGNED, known, rows=[(Y, Y, {second: Do.YES}), (Y, N, {}), (N, ANY, {})]),
    ]
    return proc(one_outcome(CONFIRMED), CONFIRMED, SIGNED, known, TERMS, wants=wants)


@case(Confirmed(), Cancelled(), Closed())
def a_booking_that_a_cancellation_gives_back() -> Process:
    """Every row says what becomes of the booking, and a closed file keeps it."""
    effect = booking()
    rows = [
        (Y, N, ANY, {effect: Do.YES}),
        (Y, Y, N, {effect: Do.NO}),
        (Y, Y, Y, {effect: Do.YES}),
        (N, ANY, ANY, {effect: Do.NO}),
    ]
    table = wanted(CONFIRMED, CANCELLED, CLOSED, rows=rows)
    return proc(one_outcome(CONFIRMED), CONFIRMED, CANCELLED, CLOSED, wants=[table])


class Stamped(BaseModel):
    """One of three offices has stamped it."""

    id: str = "i"
    office: Literal["north", "south", "east"]
    desk: Annotated[int, Field(ge=1, le=1)] = 1


@case(Stamped(office="north"), Stamped(office="south"), Stamped(office="east"))
def three_offices_and_room_for_three() -> Process:
    """The register has room for three stamps, and there are only three offices."""
    stamps = Register("stamps", Stamped, "office", most=3)
    machine = DerivedColumn.of("stamped", bands(count(stamps), Severity.FINE, (2, Severity.WORN), (3, Severity.BROKEN)))
    rows = [(Severity.FINE, Out.OPEN), (Severity.WORN, Out.OTHER), (Severity.BROKEN, Out.DONE)]
    return proc(outcomes(machine, rows=rows), stamps)


@case(vote(1, "no"), vote(2, "yes"), Closed())
def noes_are_received_and_at_the_end_all() -> Process:
    """While it is open the noes are received, and at the end these and all others are."""
    anyone = has_any(VOTES)
    noes = entries_where(VOTES, each("says").equals("no"))
    everyone = entries_where(VOTES, each("says").is_one_of("yes", "no"))
    hear = Effect("hearing", "office", {Do.YES: CommandTemplate("Hear", VOTES, ("voter",))}, final=frozenset({Do.YES}))
    table = wanted(CLOSED, rows=[(N, {hear: noes}), (Y, {hear: everyone})])
    return proc(by(anyone, YES=Out.DONE, NO=Out.OPEN), anyone, CLOSED, VOTES, wants=[table])


@case(Opened(), Signed(), Rejected())
def what_only_one_of_two_parts_decides() -> Process:
    """Two parts with their own tables, of which the better one counts."""
    first = proc(outcomes(SIGNED, name="first", rows=[(Y, Out.DONE), (N, Out.OPEN)]), SIGNED)
    rows = [(N, ANY, Out.OPEN), (Y, N, Out.DONE), (Y, Y, Out.FAILED)]
    second = proc(outcomes(OPENED, REJECTED, name="second", rows=rows), OPENED, REJECTED)
    either_one = [(Out.DONE, ANY, Out.DONE), (Out.OPEN, Out.DONE, Out.DONE), (Out.OPEN, Out.FAILED, Out.FAILED)]
    table = outcomes(first.outcomes, second.outcomes, rows=[*either_one, (Out.OPEN, Out.OPEN, Out.OPEN)])
    return proc(table, children=(first, second))


@case(Opened(), Closed(), repaid(1, 9))
def an_account_that_was_open_at_first() -> Process:
    """The account counts as open before any command, so opening it again leaves nothing to do."""
    commands: Commands = {Do.YES: CommandTemplate("OpenAccount"), Do.NO: CommandTemplate("CloseAccount")}
    account = Effect("account", "bank", commands, initially=Do.YES)
    rows = [(Y, N, {account: Do.NO}), (Y, Y, {account: Do.YES}), (N, ANY, {account: Do.YES})]
    paid = DerivedColumn.of("paid", has(REPAYMENTS))
    table = wanted(CLOSED, OPENED, rows=rows)
    return proc(
        outcomes(paid, rows=[(one_of(True), Out.DONE), (False, Out.OPEN)]), CLOSED, OPENED, REPAYMENTS, wants=[table]
    )
