"""Processes without own functions: every row says what holds, and what is final only grows."""

from collections.abc import Mapping
from dataclasses import replace
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
    Expression,
    Process,
    Register,
    SubMachine,
    all_but,
    all_but_first,
    any_of,
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
    lacks_partner,
    latest,
    least,
    negated,
    only,
    outcomes,
    owing,
    total,
    total_by,
    wanted,
    with_partner,
)
from tests.adversary.kit import (
    Commands,
    Do,
    Late,
    Later,
    Out,
    Seen,
    by,
    case,
    has_any,
    one_outcome,
    proc,
    seen,
    wanted_in,
)
from tests.adversary.planted.seventh_messages import (
    Banked,
    Bid,
    Billed,
    Claimed,
    Corrected,
    Documented,
    RateSet,
    Sold,
    Voted,
)
from tests.adversary.planted.seventh_tables import (
    CHARGED,
    CLOSED,
    ELAPSED,
    GRANTED,
    OPENED,
    OPENINGS,
    PAID,
    PAYMENTS,
    REFUSED,
    REOPENED,
    SHIPPED,
    SOON,
    ChargedBack,
    Closed,
    Granted,
    Opened,
    Paid,
    Refused,
    Reminded,
    Reopened,
    Shipped,
    Step,
    steps,
)
from tests.adversary.planted.seventh_words import Band, decided, given, told_for_good

Y, N = Seen.YES, Seen.NO
SALES = Register("sales", Sold, "sale_id")
BILLS = Register("bills", Billed, "invoice_id")
LINES = Register("lines", Banked, "line_id")
FIXES = Register("fixes", Corrected, "correction_id")
BIDS = Register("bids", Bid, "bid_id")
CLAIMS = Register("claims", Claimed, "claim_id")
PAPERS = Register("papers", Documented, "document_id")
VOTES = Register("votes", Voted, "vote_id")
RATES = Register("rates", RateSet, "id")


@case(Sold("i", "s1", 70), Sold("i", "s2", 40), Sold("i", "s3", 0))
def a_sum_that_stays_reached() -> Process:
    """No sale is below zero, so what was granted for good stays wanted."""
    return decided(total(SALES, "cents") >= 100, SALES)


@case(*(Voted("i", f"v{number}", "ann", "red") for number in range(5)))
def a_number_that_all_pass_through() -> Process:
    """A count goes through every number, so each sequence of two or more sends the command, and none takes it back."""
    return decided(count(VOTES).is_one_of(2, 4), VOTES, is_final=False, is_complete=False)


@case(Sold("i", "s1", 1_000), Sold("i", "s2", 500), Sold("i", "s3", 500))
def a_round_sum_that_is_taken_back() -> Process:
    """A gift for a round sum is taken back as soon as the sum is another one."""
    return decided(total(SALES, "cents").is_one_of(1_000, 2_000), SALES, is_final=False)


@case(Billed("i", "b1", 50), Banked("i", "l1", 50), Billed("i", "b2", 20))
def paid_for_the_moment() -> Process:
    """What is paid in full is released, and held again when a further bill comes."""
    condition = both(has(BILLS), total(LINES, "cents") >= total(BILLS, "cents"))
    return decided(condition, BILLS, LINES, is_final=False)


@case(Documented("i", "d1", "pass", is_valid=True), Documented("i", "d2", "bill", is_valid=False))
def an_invalid_paper_for_good() -> Process:
    """One invalid paper is enough for a report, and it stays there."""
    return decided(any_of(PAPERS, each("is_valid").is_one_of(False)), PAPERS, is_complete=False)


@case(Billed("i", "b1", 50), Corrected("i", "c1", "b1", 5))
def no_complaint_for_now() -> Process:
    """The bonus is given while there is no correction, and taken back when one comes."""
    return decided(both(has(BILLS), negated(has(FIXES))), BILLS, FIXES, is_final=False)


@case(Banked("i", "l1", 5, "b1"), Billed("i", "b1", 5), Banked("i", "l2", 5))
def an_alert_that_is_withdrawn() -> Process:
    """An alert about a bank line without its bill is withdrawn when the bill comes."""
    return decided(lacks_partner(LINES, "reference", BILLS), LINES, BILLS, is_final=False)


@case(Banked("i", "l1", 5, "b1"), Billed("i", "b1", 5), Banked("i", "l2", 5, "b2"))
def matched_lines_for_good() -> Process:
    """A bank line whose bill is there is booked for good."""
    return given(with_partner(LINES, "reference", BILLS), LINES, BILLS, is_final=True)


@case(RateSet("i", "usd", 60), Sold("i", "s1", 70), Sold("i", "s2", 60), Sold("i", "s3", 0))
def sales_above_the_only_limit() -> Process:
    """There is one limit at most, and before it no sale is above it."""
    return given(entries_where(SALES, each("cents") > only(RATES, "permille")), SALES, RATES, is_final=True)


@case(RateSet("i", "usd", 60), Banked("i", "l1", 50), Banked("i", "l2", 0), Banked("i", "l3", 20))
def excess_over_the_only_limit() -> Process:
    """What lies beyond a limit that never changes only grows with further lines."""
    excess = beyond(LINES, "cents", target=only(RATES, "permille"), by=("line_id",))
    return given(owing(excess, name="too much"), LINES, RATES, is_final=True)


@case(*(Claimed("i", f"c{number}", "4a", "ann", number // 2) for number in range(4)))
def all_behind_the_first_two() -> Process:
    """Who is behind two others stays behind them."""
    return given(all_but_first(CLAIMS, 2, by=("minute",)), CLAIMS, is_final=True)


@case(Bid("i", "b1", "ann", 10), Bid("i", "b2", "bob", 30), Bid("i", "b3", "cy", 0))
def the_greatest_bid_cumulative() -> Process:
    """The greatest bid only grows."""
    return told_for_good(greatest(BIDS, "cents"), BIDS, is_cumulative=True)


@case(Voted("i", "v1", "ann", "red"), Voted("i", "v2", "bob", "blue"), Voted("i", "v3", "bob", ""))
def all_choices_cumulative() -> Process:
    """The list of different choices only gains."""
    return told_for_good(distinct(VOTES, "choice"), VOTES, is_cumulative=True)


@case(Sold("i", "s1", 9, "eur"), Sold("i", "s2", 5, "usd"), Sold("i", "s3", 0, "eur"))
def sums_by_currency_that_grow() -> Process:
    """No sale is below zero, so each sum of a currency only grows."""
    return told_for_good(total_by(SALES, "cents", per="currency"), SALES, is_cumulative=True)


def told(expression: Expression, *registers: Register) -> Process:
    """A figure in a command that is sent again when it changes."""
    came = has_any(*registers)
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell", computed=(ComputedField.of("value", expression),))})
    return proc(one_outcome(came), came, *registers, wants=[wanted_in(came, tell, YES=Do.YES)])


@case(Bid("i", "b1", "ann", 10), Bid("i", "b2", "bob", 5))
def the_least_price_told_again() -> Process:
    """The least offer is sent again when a lesser one comes."""
    return told(least(BIDS, "cents"), BIDS)


@case(Claimed("i", "c1", "4a", "ann", 3), Claimed("i", "c2", "4b", "ann", 3), Claimed("i", "c3", "", "", 0))
def the_latest_seat_told_again() -> Process:
    """The seat of the latest claim, of equal minutes by the key."""
    return told(latest(CLAIMS, by=("minute",), field="seat"), CLAIMS)


@case(Billed("i", "b1", 50), Banked("i", "l1", 80), Billed("i", "b2", 10))
def too_much_for_now() -> Process:
    """What is paid too much is sent again when a further bill comes."""
    return told(total(LINES, "cents").minus(total(BILLS, "cents")).at_least(0), BILLS, LINES)


@case(Sold("i", "s1", 200), Sold("i", "s2", 1_900), Sold("i", "s3", 1))
def a_letter_for_each_band() -> Process:
    """Every band says which of the letters holds."""
    column = DerivedColumn.of("band", bands(total(SALES, "cents"), Band.NONE, (100, Band.LOW), (1_000, Band.HIGH)))
    commands: Mapping[Enum, CommandTemplate] = {one: CommandTemplate(f"Send{one.name.title()}") for one in Band}
    letter = Effect("letter", "desk", commands, final=frozenset({Band.HIGH}), initially=Band.NONE)
    return proc(one_outcome(column), SALES, wants=[wanted(column, rows=[(one, {letter: one}) for one in Band])])


@case(Granted("i"), Refused("i"))
def a_refusal_outranks_a_grant() -> Process:
    """A refusal counts whether it comes before or after the grant."""
    return steps(
        {
            Step.START: {Granted: Step.ONE, Refused: Step.TWO},
            Step.ONE: {Granted: Step.ONE, Refused: Step.TWO},
            Step.TWO: {Granted: Step.TWO, Refused: Step.TWO},
        }
    )


@case(Opened("i"), Closed("i"), Reopened("i"))
def a_reopening_that_is_remembered() -> Process:
    """Whether a ticket was closed and whether it was reopened are two facts, and the reopening outranks."""
    rows = [(ANY, Y, Out.DONE), (Y, N, Out.FAILED), (N, N, Out.OTHER)]
    return proc(outcomes(CLOSED, REOPENED, rows=rows), CLOSED, REOPENED, OPENED)


ASK = Effect("ask", "bank", {Do.YES: CommandTemplate("Ask"), Do.NO: CommandTemplate("Withdraw")}, initially=Do.NO)


@case(Granted("i"), Closed("i"), Refused("i"))
def eight_rows_that_all_say_something() -> Process:
    """The permission holds with a grant alone, and is withdrawn by everything else."""
    rows = [(Y, N, N, {ASK: Do.YES}), (Y, Y, ANY, {ASK: Do.NO}), (Y, N, Y, {ASK: Do.NO}), (N, ANY, ANY, {ASK: Do.NO})]
    return proc(one_outcome(GRANTED), GRANTED, CLOSED, REFUSED, wants=[wanted(GRANTED, CLOSED, REFUSED, rows=rows)])


@case(Paid("i", "p", 5), ChargedBack("i"), Shipped("i"))
def sent_until_the_carrier_says_so() -> Process:
    """A chargeback stops the parcel until the carrier has it, and from then on it stays sent."""
    commands: Commands = {Do.YES: CommandTemplate("Send"), Do.NO: CommandTemplate("Stop")}
    send = Effect("send", "carrier", commands, final=frozenset({Do.YES}), decided_by=Shipped, initially=Do.NO)
    rows = [
        (ANY, ANY, Y, {send: Do.YES}),
        (Y, N, N, {send: Do.YES}),
        (Y, Y, N, {send: Do.NO}),
        (N, ANY, N, {send: Do.NO}),
    ]
    wants = wanted(PAID, CHARGED, SHIPPED, rows=rows)
    return proc(one_outcome(PAID), PAID, CHARGED, SHIPPED, PAYMENTS, wants=[wants])


@case(Paid("i", "p1", 5), Paid("i", "p2", 6), Closed("i"))
def all_payments_refunded_once_closed() -> Process:
    """From the closing on every payment is refunded for good, also those that come later."""
    template = CommandTemplate("Refund", PAYMENTS, ("payment_id", "cents"))
    refund = Effect("refund", "bank", {Do.YES: template}, final=frozenset({Do.YES}))
    wants = wanted(CLOSED, rows=[(Y, {refund: every(PAYMENTS)}), (N, {})])
    return proc(one_outcome(CLOSED), CLOSED, PAYMENTS, wants=[wants])


@case(Opened("i", 5), Granted("i"))
def a_limit_copied_after_the_opening() -> Process:
    """The command that copies the limit waits for the opening."""
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell", OPENINGS, ("limit",))}, final=frozenset({Do.YES}))
    wants = wanted(GRANTED, OPENED, rows=[(Y, Y, {tell: Do.YES}), (Y, N, {}), (N, ANY, {})])
    return proc(one_outcome(GRANTED), GRANTED, OPENED, OPENINGS, wants=[wants])


@case(Opened("i"), Paid("i", "p", 5))
def late_only_if_it_is_unpaid() -> Process:
    """A payment outranks the deadline, whichever comes first."""
    rows = [(ANY, Y, ANY, Out.DONE), (Y, N, N, Out.OPEN), (Y, N, Y, Out.FAILED), (N, N, ANY, Out.OTHER)]
    table = outcomes(OPENED, PAID, ELAPSED, rows=rows)
    wants = wanted(table, rows=[(Out.OPEN, {SOON: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, OPENED, PAID, ELAPSED, wants=[wants], unsettled=[Out.OPEN])


@case(Opened("i"), Reopened("i"), Granted("i"))
def a_second_deadline_for_a_second_wait() -> Process:
    """The first wait has a deadline and the wait after a reopening another one."""
    first, second = seen(Late), seen(Later)
    one, two = Deadline("one", Late, timedelta(hours=1)), Deadline("two", Later, timedelta(hours=2))
    table = outcomes(
        GRANTED,
        REOPENED,
        OPENED,
        first,
        second,
        rows=[
            (Y, ANY, ANY, ANY, ANY, Out.DONE),
            (N, Y, ANY, ANY, N, Step.TWO),
            (N, Y, ANY, ANY, Y, Out.FAILED),
            (N, N, Y, N, ANY, Step.ONE),
            (N, N, Y, Y, ANY, Out.FAILED),
            (N, N, N, ANY, ANY, Out.OTHER),
        ],
    )
    wants = wanted(table, rows=[(Step.ONE, {one: ARMED}), (Step.TWO, {two: ARMED}), (all_but(Step.ONE, Step.TWO), {})])
    parts = (GRANTED, REOPENED, OPENED, first, second)
    return proc(table, *parts, wants=[wants], unsettled=[Step.ONE, Step.TWO])


@case(Opened("i", 7))
def one_notice_that_may_repeat() -> Process:
    """Two effects say the same on purpose, and the second says so."""
    said: Commands = {Do.YES: CommandTemplate("Tell", OPENINGS, ("limit",))}
    first = Effect("first", "desk", said)
    second = Effect("second", "desk", said, may_repeat=(first,))
    wants = wanted(OPENED, rows=[(Y, {first: Do.YES, second: Do.YES}), (N, {})])
    return proc(one_outcome(OPENED), OPENED, OPENINGS, wants=[wants])


@case(Granted("i"), Refused("i"), Closed("i"))
def a_child_whose_parent_follows() -> Process:
    """The parent takes back what it did when its child fails."""
    table = outcomes(GRANTED, REFUSED, name="desk", rows=[(ANY, Y, Out.FAILED), (Y, N, Out.DONE), (N, N, Out.OTHER)])
    child = replace(proc(table, GRANTED, REFUSED), name="desk-child", inputs={"desk": (Granted, Refused)})
    top = outcomes(child.outcomes, CLOSED, rows=[(Out.FAILED, ANY, Out.FAILED), (all_but(Out.FAILED), ANY, Out.DONE)])
    wants = wanted(child.outcomes, rows=[(Out.DONE, {ASK: Do.YES}), (all_but(Out.DONE), {ASK: Do.NO})])
    return proc(top, CLOSED, wants=[wants], children=(child,))


@case(Reminded("i"), Closed("i"))
def reminded_or_not() -> Process:
    """Reminders are not counted, so a repeat is nothing new."""
    reminded = SubMachine("reminded", N, {state: {Reminded: Y} for state in Seen})
    return proc(by(reminded, YES=Out.DONE, NO=Out.OTHER), reminded, CLOSED)
