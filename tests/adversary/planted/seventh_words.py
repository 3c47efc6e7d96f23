"""Processes in the closed vocabulary, whose figures, conditions and selections go back or come too early."""

from collections.abc import Mapping
from enum import Enum

from saga import (
    ANY,
    CommandTemplate,
    ComputedField,
    Condition,
    DerivedColumn,
    Effect,
    Expression,
    Process,
    Register,
    Selection,
    all_but_least,
    all_of,
    bands,
    beyond,
    both,
    count,
    distinct,
    each,
    either,
    entries_where,
    every,
    greatest,
    has,
    has_partner,
    lacks_partner,
    latest,
    least,
    negated,
    only,
    outcomes,
    owing,
    stages,
    total,
    total_by,
    wanted,
    without_partner,
)
from tests.adversary.kit import Commands, Do, Out, case, has_any, one_outcome, proc, wanted_in
from tests.adversary.planted.seventh_messages import (
    Banked,
    Bid,
    Billed,
    Claimed,
    Corrected,
    Documented,
    Moved,
    Rated,
    RateSet,
    Sold,
    Voted,
)

SALES = Register("sales", Sold, "sale_id")
BILLS = Register("bills", Billed, "invoice_id")
LINES = Register("lines", Banked, "line_id")
FIXES = Register("fixes", Corrected, "correction_id")
BIDS = Register("bids", Bid, "bid_id")
CLAIMS = Register("claims", Claimed, "claim_id")
PAPERS = Register("papers", Documented, "document_id")
MOVES = Register("moves", Moved, "move_id")
RATINGS = Register("ratings", Rated, "rating_id")
VOTES = Register("votes", Voted, "vote_id")
RATES = Register("rates", RateSet, "id")


def decided(condition: Condition, *registers: Register, is_final: bool = True, is_complete: bool = True) -> Process:
    """Granted while the condition holds, and taken back otherwise, or left out if not complete."""
    column = DerivedColumn.of("holds", condition)
    commands: Commands = {Do.YES: CommandTemplate("Grant"), Do.NO: CommandTemplate("TakeBack")}
    grant = Effect("grant", "desk", commands, final=frozenset({Do.YES}) if is_final else frozenset(), initially=Do.NO)
    table = wanted(column, rows=[(True, {grant: Do.YES}), (False, {grant: Do.NO} if is_complete else {})])
    return proc(outcomes(column, rows=[(ANY, Out.DONE)]), *registers, wants=[table])


def told_for_good(expression: Expression, *registers: Register, is_cumulative: bool = False) -> Process:
    """A figure in a command that can't be changed."""
    came = has_any(*registers)
    field = ComputedField.of("value", expression, is_cumulative=is_cumulative)
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell", computed=(field,))}, final=frozenset({Do.YES}))
    return proc(one_outcome(came), came, *registers, wants=[wanted_in(came, tell, YES=Do.YES)])


def given(selection: Selection, *registers: Register, is_final: bool = False) -> Process:
    """A command for each entry that is chosen."""
    came = has_any(*registers)
    final = frozenset({Do.YES}) if is_final else frozenset()
    give = Effect("give", "desk", {Do.YES: CommandTemplate("Give")}, final=final)
    return proc(one_outcome(came), came, *registers, wants=[wanted_in(came, give, YES=selection)])


@case(Billed("i", "b1", 50), Banked("i", "l1", 50), Billed("i", "b2", 20))
def paid_until_the_next_bill() -> Process:
    """What is paid in full is released for good, and a further bill makes it unpaid."""
    return decided(both(has(BILLS), total(LINES, "cents") >= total(BILLS, "cents")), BILLS, LINES)


@case(Moved("i", "m1", 9), Moved("i", "m2", -5))
def stock_enough_for_now() -> Process:
    """An order is confirmed for good while the stock is enough, and a movement out comes behind it."""
    return decided(total(MOVES, "delta") >= 5, MOVES)


@case(Documented("i", "d1", "passport", is_valid=True), Documented("i", "d2", "bill", is_valid=False))
def all_papers_valid_so_far() -> Process:
    """A customer is accepted for good when all papers are valid, of those that are there."""
    return decided(both(has(PAPERS), all_of(PAPERS, each("is_valid").is_one_of(True))), PAPERS)


@case(Billed("i", "b1", 50), Corrected("i", "c1", "b1", 5))
def no_complaint_yet() -> Process:
    """The bonus is paid for good where a bill has no correction, which may only be late."""
    return decided(both(has(BILLS), negated(has(FIXES))), BILLS, FIXES)


@case(Sold("i", "s1", 1_000), Sold("i", "s2", 500))
def a_round_sum_that_is_passed_by() -> Process:
    """A gift is sent where the sales make a round sum at some moment, which not every sequence passes through."""
    return decided(total(SALES, "cents").is_one_of(1_000, 2_000), SALES, is_final=False, is_complete=False)


@case(Sold("i", "s1", 700), Sold("i", "s2", 1_200))
def a_discount_between_two_sums() -> Process:
    """A discount is sent between 500 and 1000, and stays with those who passed through."""
    amount = total(SALES, "cents")
    return decided(both(amount >= 500, amount <= 1_000), SALES, is_final=False, is_complete=False)


@case(Banked("i", "l1", 5, "b1"), Billed("i", "b1", 5))
def a_stray_payment_sent_back() -> Process:
    """A bank line without a bill is sent back for good, and its bill comes behind it."""
    return given(without_partner(LINES, "reference", BILLS), LINES, BILLS, is_final=True)


@case(Banked("i", "l1", 5, "b1"), Billed("i", "b1", 5))
def an_alert_about_a_stray_payment() -> Process:
    """An alert is sent while a bank line lacks its bill, and nothing is said when the bill comes."""
    return decided(lacks_partner(LINES, "reference", BILLS), LINES, BILLS, is_final=False, is_complete=False)


@case(Bid("i", "b1", "ann", 10), Bid("i", "b2", "bob", 30))
def the_price_of_the_best_bid() -> Process:
    """The price of an award that can't be undone is the greatest bid so far."""
    return told_for_good(greatest(BIDS, "cents"), BIDS)


@case(Bid("i", "b1", "ann", 10), Bid("i", "b2", "bob", 5))
def the_least_price_called_cumulative() -> Process:
    """The least offer is called cumulative, and gets smaller."""
    return told_for_good(least(BIDS, "cents"), BIDS, is_cumulative=True)


@case(Claimed("i", "c1", "4a", "ann", 3), Claimed("i", "c2", "4b", "ann", 8))
def the_latest_seat_printed() -> Process:
    """A boarding pass that can't be changed has the seat of the latest claim."""
    return told_for_good(latest(CLAIMS, by=("minute", "claim_id"), field="seat"), CLAIMS)


@case(Voted("i", "v1", "ann", "red"), Voted("i", "v2", "bob", "blue"))
def all_choices_not_cumulative() -> Process:
    """The list of choices grows in a command that can't be changed, and is not declared to."""
    return told_for_good(distinct(VOTES, "choice"), VOTES)


@case(Moved("i", "m1", 9, "tea"), Moved("i", "m2", -5, "tea"))
def sums_by_article_that_shrink() -> Process:
    """The sums of each article are called cumulative, and a return lowers one."""
    return told_for_good(total_by(MOVES, "delta", per="sku"), MOVES, is_cumulative=True)


@case(Billed("i", "b1", 50), Banked("i", "l1", 80))
def too_much_for_the_bills_so_far() -> Process:
    """What is paid too much is refunded for good, measured by the bills that are known."""
    return told_for_good(total(LINES, "cents").minus(total(BILLS, "cents")).at_least(0), BILLS, LINES)


@case(Banked("i", "l1", 80, "a"), Banked("i", "l2", 60, "b"), Billed("i", "b1", 70), Billed("i", "b2", 60))
def excess_over_a_growing_target() -> Process:
    """Bank lines beyond the sum of the bills are sent back for good, and the sum still grows."""
    excess = beyond(LINES, "cents", target=total(BILLS, "cents"), by=("line_id",))
    return given(owing(excess, name="too much"), LINES, BILLS, is_final=True)


@case(Sold("i", "s1", 2_000), Sold("i", "s2", 100))
def small_sales_told_while_all_is_small() -> Process:
    """All sales are sent while their sum is small, and then only the large ones."""
    is_small = DerivedColumn.of("is small", total(SALES, "cents") <= 1_000)
    give = Effect("give", "desk", {Do.YES: CommandTemplate("Give")})
    large = entries_where(SALES, each("cents") >= 500)
    wants = wanted(is_small, rows=[(True, {give: every(SALES)}), (False, {give: large})])
    return proc(one_outcome(is_small), SALES, wants=[wants])


class Band(Enum):
    NONE = "none"
    LOW = "low"
    HIGH = "high"


@case(Sold("i", "s1", 200), Sold("i", "s2", 1_900))
def a_band_left_behind() -> Process:
    """A letter is sent in the lower band, and the upper band says nothing of it."""
    column = DerivedColumn.of("band", bands(total(SALES, "cents"), Band.NONE, (100, Band.LOW), (1_000, Band.HIGH)))
    low = Effect("low", "desk", {Do.YES: CommandTemplate("SendLowLetter")})
    rows: list[tuple[Band, Mapping[Effect, Do]]] = [(Band.NONE, {}), (Band.LOW, {low: Do.YES}), (Band.HIGH, {})]
    return proc(one_outcome(column), SALES, wants=[wanted(column, rows=rows)])


@case(Rated("i", "r1", 2), Rated("i", "r2", 5))
def a_stage_that_is_skipped() -> Process:
    """The first stage sends a welcome, and who reaches the second at once gets none."""
    column = DerivedColumn.of(
        "stage", stages(Band.NONE, (has(RATINGS), Band.LOW), (greatest(RATINGS, "stars") >= 4, Band.HIGH))
    )
    welcome = Effect("welcome", "desk", {Do.YES: CommandTemplate("Welcome")})
    rows: list[tuple[Band, Mapping[Effect, Do]]] = [(Band.NONE, {}), (Band.LOW, {welcome: Do.YES}), (Band.HIGH, {})]
    return proc(one_outcome(column), RATINGS, wants=[wanted(column, rows=rows)])


@case(Claimed("i", "c1", "4a", "ann", 5), Claimed("i", "c2", "4a", "bob", 3))
def pushed_out_of_the_seat() -> Process:
    """The earliest claim gets the seat: all others are refused, but the seat was confirmed to one of them before."""
    has_claims = has_any(CLAIMS)
    commands: Commands = {Do.YES: CommandTemplate("Confirm"), Do.NO: CommandTemplate("Refuse")}
    seat = Effect("seat", "desk", commands, final=frozenset({Do.YES}))
    several = DerivedColumn.of("several", count(CLAIMS) >= 2)
    rows = [(False, {seat: every(CLAIMS, Do.YES)}), (True, {seat: all_but_least(CLAIMS, ("minute",), Do.NO)})]
    return proc(one_outcome(has_claims), has_claims, CLAIMS, wants=[wanted(several, rows=rows)])


@case(RateSet("i", "usd", 900), Sold("i", "s1", 5, "gbp"), Sold("i", "s2", 900, "eur"))
def either_reason_will_do() -> Process:
    """A sale is cleared by the rate of its currency, or by being small in all, which it may not stay."""
    small = both(total(SALES, "cents") <= 100, has(SALES))
    reasons = either(small, has_partner(SALES, "currency", RATES, "currency"))
    return decided(reasons, SALES, RATES, is_final=False, is_complete=False)


@case(RateSet("i", "usd", 900), Sold("i", "s1", 600), Sold("i", "s2", 500))
def below_the_only_limit() -> Process:
    """The sales are within the limit for now, which is reported for good."""
    return decided(total(SALES, "cents") <= only(RATES, "permille"), SALES, RATES)
