"""Processes of ten to sixteen message classes, made of tables and expressions, which converge."""

from datetime import datetime, timedelta

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Process,
    all_but,
    bands,
    beyond,
    both,
    count,
    distinct,
    each,
    entries_where,
    every,
    greatest,
    has,
    latest,
    least,
    only,
    outcomes,
    owing,
    total,
    total_by,
    wanted,
    with_partner,
)
from tests.adversary.kit import Do, Out, Seen, case, proc, seen
from tests.adversary.planted.ninth_messages import (
    CLAIMS,
    DECISIONS,
    DRAWS,
    EVENTS,
    LINKS,
    OFFERS,
    PLEDGES,
    READINGS,
    REPAYMENTS,
    STAYS,
    TERMS,
    VOTES,
    WITHDRAWALS,
    Approved,
    Cancelled,
    Checked,
    Closed,
    Confirmed,
    Dated,
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
    Withdrawn,
    booking,
    claim,
    decided,
    drawn,
    linked,
    metered,
    offer,
    pledge,
    repaid,
    stay,
    vote,
)

Y, N = Seen.YES, Seen.NO
OPENED, CLOSED, CANCELLED, CONFIRMED, SIGNED = (
    seen(Opened),
    seen(Closed),
    seen(Cancelled),
    seen(Confirmed),
    seen(Signed),
)
APPROVED, REJECTED, SHIPPED, INSURED = seen(Approved), seen(Rejected), seen(Shipped), seen(Insured)
PAUSED, RESUMED, CHECKED, ELAPSED, OVERDUE = seen(Paused), seen(Resumed), seen(Checked), seen(Elapsed), seen(Overdue)
KNOWN = seen(Terms)
FINAL = frozenset({Do.YES})
CLOCK = Deadline("clock", Elapsed, timedelta(days=14), override=(TERMS, "wait_seconds"))
SECOND = Deadline("second", Overdue, timedelta(days=30))
TIME = datetime.fromisoformat("2030-05-01T12:00:00+00:00")


def lending() -> Process:
    """A loan is even, owed or unused."""
    owed = DerivedColumn.of("owed", total(REPAYMENTS, "cents") >= total(DRAWS, "cents"))
    used = DerivedColumn.of("used", has(DRAWS))
    rows = [(ANY, False, Out.OPEN), (True, True, Out.DONE), (False, True, Out.OTHER)]
    return proc(outcomes(owed, used, name="lending", rows=rows), REPAYMENTS, DRAWS)


@case(
    Opened(),
    Signed(),
    Approved(),
    Rejected(),
    Insured(),
    Checked(),
    drawn(1, 5),
    repaid(1, 5),
    Terms(limit=9),
    vote(1, "no"),
)
def a_loan_with_a_part_for_its_money() -> Process:
    """The part says how the money stands, and the contract carries the limit once it is known."""
    part = lending()
    contract = Effect("contract", "legal", {Do.YES: CommandTemplate("SignContract", TERMS, ("limit",))}, FINAL)
    rows = [(Y, Y, {contract: Do.YES}), (Y, N, {}), (N, ANY, {})]
    table = outcomes(
        part.outcomes,
        APPROVED,
        REJECTED,
        rows=[
            (ANY, ANY, Y, Out.FAILED),
            (ANY, N, N, Out.OPEN),
            (Out.DONE, Y, N, Out.DONE),
            (all_but(Out.DONE), Y, N, Out.OTHER),
        ],
    )
    machines = (OPENED, SIGNED, APPROVED, REJECTED, INSURED, CHECKED, KNOWN)
    return proc(table, *machines, TERMS, VOTES, wants=[wanted(SIGNED, KNOWN, rows=rows)], children=(part,))


@case(
    Opened(),
    Closed(),
    Cancelled(),
    Confirmed(),
    Shipped(),
    Approved(),
    Rejected(),
    Paused(),
    Resumed(),
    Checked(),
    Signed(),
    Insured(),
    Terms(limit=9, wait_seconds=60),
    offer(1, 5),
    vote(1, "yes"),
)
def a_contract_of_sixteen() -> Process:
    """Twelve simple messages, the terms, offers, votes and a clock, each with a part of its own."""
    carried = DerivedColumn.of("carried", count(VOTES, where=each("says").equals("yes")) >= 2)
    cheap = DerivedColumn.of("cheap", least(OFFERS, "cents") <= only(TERMS, "limit"))
    rows = [
        (ANY, ANY, Y, ANY, Out.FAILED),
        (True, True, N, ANY, Out.DONE),
        (True, False, N, N, Out.OPEN),
        (True, False, N, Y, Out.OTHER),
        (False, ANY, N, ANY, Out.OTHER),
    ]
    table = outcomes(carried, cheap, CANCELLED, ELAPSED, rows=rows)
    arm = wanted(carried, rows=[(True, {CLOCK: ARMED}), (False, {})])
    room = booking()
    rooms = [(Y, N, {room: Do.YES}), (Y, Y, {room: Do.NO}), (N, ANY, {room: Do.NO})]
    machines = (
        OPENED,
        CLOSED,
        CANCELLED,
        CONFIRMED,
        SHIPPED,
        APPROVED,
        REJECTED,
        PAUSED,
        RESUMED,
        CHECKED,
        SIGNED,
        INSURED,
    )
    wants = [arm, wanted(CONFIRMED, CANCELLED, rows=rooms)]
    return proc(table, *machines, ELAPSED, TERMS, OFFERS, VOTES, wants=wants, unsettled=[Out.OPEN])


@case(
    Opened(),
    Closed(),
    Approved(),
    Checked(),
    claim(1, 5),
    claim(2, 7, "B2"),
    decided(1, "c1", 50),
    repaid(1, 5),
    Dated(event_id="e1", at=TIME),
    Insured(),
    Signed(),
)
def claims_with_their_letters() -> Process:
    """Each claim that has a decision gets a letter for good, and the sums are notified again."""
    letter = Effect("letter", "post", {Do.YES: CommandTemplate("SendDecision", CLAIMS, ("code", "cents"))}, FINAL)
    decided_ones = with_partner(CLAIMS, "claim_id", DECISIONS, "claim_id")
    sums = ComputedField.of("sums", total_by(CLAIMS, "cents", per="code"))
    status = Effect("status", "post", {Do.YES: CommandTemplate("SendStatus", computed=(sums,))})
    insured = wanted(INSURED, rows=[(Y, {letter: decided_ones}), (N, {})])
    table = outcomes(APPROVED, CLOSED, rows=[(Y, ANY, Out.DONE), (N, Y, Out.FAILED), (N, N, Out.OPEN)])
    machines = (OPENED, CLOSED, APPROVED, CHECKED, INSURED, SIGNED)
    wants = [insured, wanted(OPENED, rows=[(Y, {status: Do.YES}), (N, {})])]
    return proc(table, *machines, CLAIMS, DECISIONS, REPAYMENTS, EVENTS, wants=wants)


@case(
    Opened(),
    Closed(),
    Cancelled(),
    Shipped(),
    Checked(),
    pledge(1, 60),
    pledge(2, 60, 1),
    Withdrawn(withdrawal_id="w1", pledge_id="p1"),
    Terms(limit=100),
    stay(1, 1),
    linked(1, "a", "b"),
)
def pledges_beyond_the_goal() -> Process:
    """What lies beyond the agreed goal, by minute, is given back for good, with all that it grows to."""
    excess = beyond(PLEDGES, "cents", target=only(TERMS, "limit"), by=("minute",))
    field = ComputedField.of("cents", excess, is_cumulative=True)
    back = Effect("back", "bank", {Do.YES: CommandTemplate("GiveBack", PLEDGES, ("backer",), (field,))}, FINAL)
    level = DerivedColumn.of("level", bands(total(PLEDGES, "cents"), Out.OPEN, (1, Out.OTHER), (100, Out.DONE)))
    rows = [(ANY, Y, Out.FAILED), (Out.OPEN, N, Out.OPEN), (Out.OTHER, N, Out.OTHER), (Out.DONE, N, Out.DONE)]
    table = outcomes(level, CANCELLED, rows=rows)
    machines = (OPENED, CLOSED, CANCELLED, SHIPPED, CHECKED)
    given_back = wanted(CHECKED, rows=[(ANY, {back: owing(excess)})])
    return proc(table, *machines, PLEDGES, WITHDRAWALS, TERMS, STAYS, LINKS, wants=[given_back])


@case(
    Opened(),
    Closed(),
    Confirmed(),
    Paused(),
    Resumed(),
    Signed(),
    metered(1, 90, 1),
    metered(2, 5, 9, "south"),
    repaid(1, 5),
    drawn(1, 9),
    offer(1, 5),
)
def a_plant_and_its_money() -> Process:
    """The range of the readings grows, the last sensor is notified again, and hot readings are answered for good."""
    wide = DerivedColumn.of("wide", greatest(READINGS, "value").minus(least(READINGS, "value")) > 50)
    alarm = Effect("alarm", "field", {Do.YES: CommandTemplate("Inspect", READINGS, ("sensor",))}, FINAL)
    hot = entries_where(READINGS, each("value") > 80)
    fields = (
        ComputedField.of("sensors", distinct(READINGS, "sensor")),
        ComputedField.of("last", latest(READINGS, by=("minute",), field="sensor")),
        ComputedField.of("owed", total(DRAWS, "cents").minus(total(REPAYMENTS, "cents")).at_least(0)),
    )
    status = Effect("status", "post", {Do.YES: CommandTemplate("SendStatus", computed=fields)})
    rows = [(True, ANY, ANY, Out.FAILED), (False, Y, N, Out.OTHER), (False, Y, Y, Out.DONE), (False, N, ANY, Out.DONE)]
    table = outcomes(wide, PAUSED, RESUMED, rows=rows)
    machines = (OPENED, CLOSED, CONFIRMED, PAUSED, RESUMED, SIGNED)
    wants = [
        wanted(wide, rows=[(ANY, {alarm: hot})]),
        wanted(SIGNED, rows=[(Y, {status: Do.YES}), (N, {})]),
    ]
    return proc(table, *machines, READINGS, REPAYMENTS, DRAWS, OFFERS, wants=wants)


@case(
    Opened(),
    Closed(),
    Cancelled(),
    Confirmed(),
    Signed(),
    Shipped(),
    Checked(),
    Insured(),
    stay(1, 1),
    repaid(1, 50),
    Terms(limit=50, wait_seconds=60),
)
def a_journey_with_two_clocks() -> Process:
    """Both clocks run from the opening, and what they end is outranked by what was paid and signed."""
    paid = DerivedColumn.of("paid", both(has(TERMS), total(REPAYMENTS, "cents") >= only(TERMS, "limit")))
    rows = [
        (True, Y, ANY, ANY, ANY, Out.DONE),
        (True, N, ANY, N, ANY, Out.OPEN),
        (True, N, ANY, Y, ANY, Out.OTHER),
        (False, ANY, N, ANY, ANY, Out.OTHER),
        (False, ANY, Y, ANY, N, Out.OPEN),
        (False, ANY, Y, ANY, Y, Out.FAILED),
    ]
    table = outcomes(paid, SIGNED, OPENED, ELAPSED, OVERDUE, rows=rows)
    arm = wanted(
        OPENED,
        paid,
        rows=[
            (Y, False, {CLOCK: ARMED, SECOND: ARMED}),
            (Y, True, {CLOCK: ARMED}),
            (N, True, {CLOCK: ARMED}),
            (N, False, {}),
        ],
    )
    ticket = Effect("ticket", "printer", {Do.YES: CommandTemplate("PrintTicket", STAYS, ("night", "guests"))}, FINAL)
    tickets = wanted(paid, CONFIRMED, rows=[(True, Y, {ticket: every(STAYS)}), (True, N, {}), (False, ANY, {})])
    machines = (OPENED, CLOSED, CANCELLED, CONFIRMED, SIGNED, SHIPPED, CHECKED, INSURED, ELAPSED, OVERDUE)
    return proc(table, *machines, STAYS, REPAYMENTS, TERMS, wants=[arm, tickets], unsettled=[Out.OPEN])
