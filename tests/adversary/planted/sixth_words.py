"""The closed vocabulary, used where a later message makes it say otherwise."""

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
    Figure,
    Process,
    Register,
    Selection,
    all_but_first,
    all_of,
    bands,
    both,
    count,
    distinct,
    each,
    entries_where,
    every,
    field_of_entry,
    greatest,
    has,
    has_partner,
    lacks_partner,
    latest,
    least,
    negated,
    only,
    outcomes,
    total,
    total_by,
    wanted,
    without_partner,
)
from saga import Condition as Test
from tests.adversary.kit import Commands, Do, Out, Seen, case, has_any, one_outcome, proc, seen, wanted_in, yes_no
from tests.adversary.planted.sixth_helpers import (
    ADJUSTMENTS,
    BIDS,
    CHARGES,
    LINES,
    ORDERS,
    READINGS,
    RETURNS,
    REVIEWS,
    Confirmed,
    Expired,
    Money,
    Ordered,
    adjustment,
    bid,
    charge,
    line,
    reading,
    returned,
    review,
)

ORDER = Ordered(id="i", total=1_000)
LATER = Ordered(id="i", total=1_000, wait_seconds=600)


def granted_if(test: Test, *stores: Register) -> Process:
    """Granted for good where the condition holds, and taken back where it does not."""
    column = DerivedColumn.of("granted", test)
    commands: Commands = {Do.YES: CommandTemplate("Grant"), Do.NO: CommandTemplate("TakeBack")}
    grant = Effect("grant", "desk", commands, final=frozenset({Do.YES}), initially=Do.NO)
    rows = [(True, {grant: Do.YES}), (False, {grant: Do.NO})]
    return proc(outcomes(column, rows=[(ANY, Out.DONE)]), *stores, wants=[wanted(column, rows=rows)])


def printed(figure: Figure, *stores: Register, is_cumulative: bool = True) -> Process:
    """A final command with the figure, from the first message on."""
    any_came = has_any(*stores)
    template = CommandTemplate("Print", computed=(ComputedField.of("value", figure, is_cumulative=is_cumulative),))
    effect = Effect("print", "printer", {Do.YES: template}, final=frozenset({Do.YES}))
    return proc(one_outcome(any_came), any_came, *stores, wants=[wanted_in(any_came, effect, YES=Do.YES)])


def given(selection: Selection, *stores: Register, fields: tuple[str, ...]) -> Process:
    """A final command for each entry that is chosen."""
    any_came = has_any(*stores)
    template = CommandTemplate("Give", selection.register, fields)
    give = Effect("give", "desk", {Do.YES: template}, final=frozenset({Do.YES}))
    return proc(one_outcome(any_came), any_came, *stores, wants=[wanted_in(any_came, give, YES=selection)])


@case(line(1, "hat", 2), line(2, "safe", 90))
def a_bike_sent_while_all_lines_are_light() -> Process:
    """A bicycle is sent once there are lines and all are light, and a heavy line follows."""
    return granted_if(both(has(LINES), all_of(LINES, each("pieces") < 50)), LINES)


@case(charge(1, 1_000), charge(2, 500), ORDER)
def a_receipt_for_exactly_the_total() -> Process:
    """The receipt is final when the charges are exactly the total, and a further charge makes them more."""
    return granted_if(total(CHARGES, "cents").equals(only(ORDERS, "total")), CHARGES, ORDERS)


@case(review(1, 5), review(2, 5), review(3, 1))
def a_medal_for_two_or_four_reviews() -> Process:
    """A medal is given for a count that is one of two numbers."""
    return granted_if(count(REVIEWS).is_one_of(2, 4), REVIEWS)


@case(adjustment(1, 5_000), adjustment(2, -4_000))
def a_credit_limit_raised_by_signed_amounts() -> Process:
    """The limit is raised for good from 50 euro on, and an adjustment may be below zero."""
    return granted_if(total(ADJUSTMENTS, "cents") >= 5_000, ADJUSTMENTS)


@case(charge(1, 1_000), returned(1, "c9", 200), returned(2, "c1", 300))
def books_closed_while_each_return_has_its_charge() -> Process:
    """The books are closed while no return lacks its charge, and a return of an unknown charge comes later."""
    return granted_if(
        both(has(CHARGES), negated(lacks_partner(RETURNS, "charge_id", CHARGES))),
        CHARGES,
        RETURNS,
    )


@case(bid(1, 500, "2030-01-01T00:00:00Z"), bid(2, 700, "2030-01-02T00:00:00Z"))
def the_winner_printed_with_the_latest_bid() -> Process:
    """The name of the latest bidder is printed for good."""
    return printed(latest(BIDS, by=("at",), field="bidder"), BIDS, is_cumulative=False)


@case(charge(1, 500), charge(2, 300))
def the_least_price_as_a_cumulative_field() -> Process:
    """The least price is called cumulative, and it shrinks."""
    return printed(least(CHARGES, "cents"), CHARGES)


@case(ORDER, charge(1, 400), charge(2, 300))
def what_is_left_to_pay_printed_for_good() -> Process:
    """What is left to pay shrinks with each charge."""
    return printed(only(ORDERS, "total").minus(total(CHARGES, "cents")).at_least(0), ORDERS, CHARGES)


@case(adjustment(1, 500), adjustment(2, -200))
def a_cumulative_sum_of_signed_amounts() -> Process:
    """The sum of all adjustments is called cumulative, and a negative one makes it smaller."""
    return printed(total(ADJUSTMENTS, "cents"), ADJUSTMENTS)


@case(reading(1, 3, 10), ORDER)
def a_first_greatest_value_after_none() -> Process:
    """The greatest reading is printed for good as soon as the order came, and is unknown at first."""
    any_came = has_any(ORDERS, READINGS)
    figure = ComputedField.of("value", greatest(READINGS, "units"), is_cumulative=True)
    effect = Effect(
        "print", "printer", {Do.YES: CommandTemplate("Print", computed=(figure,))}, final=frozenset({Do.YES})
    )
    wants = [wanted_in(any_came, effect, YES=Do.YES)]
    return proc(one_outcome(any_came), any_came, ORDERS, READINGS, wants=wants)


class Claimed(BaseModel):
    id: str
    claim_id: str
    charge_id: str


CLAIMS = Register("claims", Claimed, "claim_id")


@case(charge(1, 500), Claimed(id="i", claim_id="k1", charge_id="c1"))
def payouts_of_charges_without_a_claim() -> Process:
    """Charges without a claim are paid out, and a claim may come later."""
    claimed = Register("claimed", Claimed, "charge_id")
    return given(without_partner(CHARGES, "charge_id", claimed), CHARGES, claimed, fields=("cents",))


class Ranked(BaseModel):
    id: str
    runner: str
    seconds: Money


RUNNERS = Register("runners", Ranked, "runner")


class Size(Enum):
    SMALL = "small"
    LARGE = "large"
    HUGE = "huge"


@case(line(1, "hat", 20), line(2, "cap", 500))
def a_van_that_is_too_small_later() -> Process:
    """A van is sent for good in the middle band, and the upper band wants a truck."""
    size = DerivedColumn.of("size", bands(total(LINES, "pieces"), Size.SMALL, (10, Size.LARGE), (100, Size.HUGE)))
    commands: Commands = {Do.YES: CommandTemplate("SendVan"), Do.NO: CommandTemplate("SendTruck")}
    ride = Effect("ride", "fleet", commands, final=frozenset(Do))
    rows = [(Size.SMALL, {}), (Size.LARGE, {ride: Do.YES}), (Size.HUGE, {ride: Do.NO})]
    return proc(outcomes(size, rule=lambda _: Out.DONE), LINES, wants=[wanted(size, rows=rows)])


@case(charge(1, 500), Confirmed(id="i"), returned(1, "c1", 500))
def a_thank_you_that_a_return_forgets() -> Process:
    """A thank-you card is sent when there is a charge and no return, and the other rows leave it out."""
    clean = DerivedColumn.of("clean", both(has(CHARGES), negated(has(RETURNS))))
    card = Effect("card", "post", {Do.YES: CommandTemplate("SendCard")})
    wants = [wanted(clean, rows=[(True, {card: Do.YES}), (False, {})])]
    return proc(yes_no(clean), seen(Confirmed), CHARGES, RETURNS, wants=wants)


@case(charge(1, 400), charge(2, 700))
def a_reminder_armed_for_small_sums_only() -> Process:
    """A deadline is armed while the sum is small, and its message changes the outcome in any case."""
    small = DerivedColumn.of("small", both(has(CHARGES), total(CHARGES, "cents") <= 500))
    expired = seen(Expired)
    due = Deadline("due", Expired, timedelta(days=1))
    table = outcomes(small, expired, rows=[(ANY, Seen.NO, Out.DONE), (ANY, Seen.YES, Out.FAILED)])
    return proc(table, expired, CHARGES, wants=[wanted(small, rows=[(True, {due: ARMED}), (False, {})])])


@case(line(1, "milk", 5), line(2, "eggs", 5))
def a_tank_filled_with_one_article() -> Process:
    """A tank is filled for good while all lines are of one article, and another article follows."""
    return granted_if(least(LINES, "article").equals(greatest(LINES, "article")), LINES)


@case(charge(1, 1_000), charge(2, 2_000), ORDER)
def blocked_charges_that_a_smaller_choice_forgets() -> Process:
    """The first charge is blocked, and from the second one on only those above the total are named."""
    big = entries_where(CHARGES, each("cents") > only(ORDERS, "total"))
    large = Selection("large ones", CHARGES, big.choose, beside=(ORDERS,))
    any_came, two = has_any(CHARGES), DerivedColumn.of("two", count(CHARGES) >= 2)
    block = Effect("block", "bank", {Do.YES: CommandTemplate("Block", CHARGES, ("cents",))})
    rows = [(Seen.YES, False, {block: every(CHARGES)}), (Seen.YES, True, {block: large}), (Seen.NO, ANY, {})]
    return proc(one_outcome(any_came), any_came, CHARGES, ORDERS, wants=[wanted(any_came, two, rows=rows)])


@case(bid(1, 500), bid(2, 700), bid(3, 900))
def the_bidders_of_all_bids_but_one() -> Process:
    """All bidders but one get for good who else bids, which changes with each bid."""
    others = all_but_first(BIDS, 1, by=("cents",))
    any_came = has_any(BIDS)
    computed = (
        ComputedField.of("own", field_of_entry(BIDS, "cents")),
        ComputedField.of("names", distinct(BIDS, "bidder")),
    )
    tell = Effect("tell", "mail", {Do.YES: CommandTemplate("Tell", computed=computed)}, final=frozenset({Do.YES}))
    wants = [wanted_in(any_came, tell, YES=others)]
    return proc(one_outcome(any_came), any_came, BIDS, wants=wants)


@case(returned(1, "c1", 500), charge(1, 500))
def an_alarm_for_a_return_that_has_no_charge_yet() -> Process:
    """An alarm is raised for good while a return has no charge, which comes a moment later."""
    return granted_if(lacks_partner(RETURNS, "charge_id", CHARGES), RETURNS, CHARGES)


@case(line(1, "hat", 2), line(2, "hat", 5))
def sums_by_article_in_a_field_that_is_not_cumulative() -> Process:
    """The packing list is final, and is not said to be cumulative."""
    return printed(total_by(LINES, "pieces", per="article"), LINES, is_cumulative=False)


@case(ORDER, charge(1, 1_000), returned(1, "c1", 1_000))
def a_match_that_is_final_only_before_a_return() -> Process:
    """A charge with the amount of the order is booked for good unless anything was returned."""
    exact = has_partner(CHARGES, "cents", ORDERS, "total")
    return granted_if(both(exact, negated(has(RETURNS))), ORDERS, CHARGES, RETURNS)
