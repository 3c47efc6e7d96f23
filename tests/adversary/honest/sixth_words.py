"""The closed vocabulary, used so that a later message only makes it say more."""

from enum import Enum

from saga import (
    ANY,
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    EntryFigure,
    Figure,
    Process,
    Register,
    Selection,
    all_but_first,
    all_but_least,
    all_of,
    any_of,
    bands,
    beyond,
    both,
    count,
    distinct,
    each,
    either,
    entries_where,
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
    owing,
    stages,
    total,
    total_by,
    wanted,
    with_partner,
)
from saga import Condition as Test
from tests.adversary.kit import Commands, Do, Out, case, has_any, one_outcome, proc, seen, wanted_in, yes_no
from tests.adversary.planted.sixth_helpers import (
    ADJUSTMENTS,
    BIDS,
    CHARGES,
    LABELS,
    LINES,
    ORDERS,
    READINGS,
    RETURNS,
    REVIEWS,
    VOTES,
    Confirmed,
    Ordered,
    adjustment,
    bid,
    charge,
    label,
    line,
    reading,
    returned,
    review,
    vote,
)

ORDER = Ordered(id="i", total=1_000)


def granted_if(test: Test, *stores: Register, is_final: bool = True) -> Process:
    """Granted where the condition holds, and taken back where it does not."""
    column = DerivedColumn.of("granted", test)
    commands: Commands = {Do.YES: CommandTemplate("Grant"), Do.NO: CommandTemplate("TakeBack")}
    final = frozenset({Do.YES}) if is_final else frozenset()
    grant = Effect("grant", "desk", commands, final=final, initially=Do.NO)
    rows = [(True, {grant: Do.YES}), (False, {grant: Do.NO})]
    return proc(outcomes(column, rows=[(ANY, Out.DONE)]), *stores, wants=[wanted(column, rows=rows)])


def printed(figure: Figure, *stores: Register, is_final: bool = True) -> Process:
    """A command with the figure, from the first message on."""
    any_came = has_any(*stores)
    template = CommandTemplate("Print", computed=(ComputedField.of("value", figure, is_cumulative=is_final),))
    final = frozenset({Do.YES}) if is_final else frozenset()
    effect = Effect("print", "printer", {Do.YES: template}, final=final)
    return proc(one_outcome(any_came), any_came, *stores, wants=[wanted_in(any_came, effect, YES=Do.YES)])


def given(
    selection: Selection, *stores: Register, fields: tuple[str, ...], figure: EntryFigure | None = None
) -> Process:
    """A final command for each entry that is chosen."""
    any_came = has_any(*stores)
    computed = () if figure is None else (ComputedField.of("value", figure, is_cumulative=True),)
    template = CommandTemplate("Give", selection.register, fields, computed)
    give = Effect("give", "desk", {Do.YES: template}, final=frozenset({Do.YES}))
    return proc(one_outcome(any_came), any_came, *stores, wants=[wanted_in(any_came, give, YES=selection)])


@case(line(1, "hat", 2), line(2, "safe", 90), line(3, "cap", 0))
def a_truck_sent_once_a_line_is_heavy() -> Process:
    """A truck is sent for good once any line is heavy, and lines never change."""
    return granted_if(any_of(LINES, each("pieces") >= 50), LINES)


@case(line(1, "hat", 2), line(2, "safe", 90), line(3, "cap", 0))
def a_bike_while_all_lines_are_light() -> Process:
    """A bicycle is planned while all lines are light, and the plan can be taken back."""
    return granted_if(all_of(LINES, each("pieces") < 50), LINES, is_final=False)


@case(charge(1, 1_000), charge(2, 500), ORDER)
def a_receipt_from_the_total_on() -> Process:
    """The receipt is final when the charges reach the total, which is one number, and charges are not below zero."""
    return granted_if(total(CHARGES, "cents") >= only(ORDERS, "total"), CHARGES, ORDERS)


@case(review(1, 5), review(2, 5), review(3, 1))
def a_medal_from_two_reviews_on() -> Process:
    """A medal is given for good from two good reviews on."""
    return granted_if(count(REVIEWS, where=each("stars") >= 4) >= 2, REVIEWS)


@case(adjustment(1, 5_000), adjustment(2, -4_000), adjustment(3, 0))
def a_credit_limit_moved_by_signed_amounts() -> Process:
    """The limit is raised and lowered as the sum says."""
    return granted_if(total(ADJUSTMENTS, "cents") >= 5_000, ADJUSTMENTS, is_final=False)


@case(charge(1, 1_000), returned(1, "c9", 200), returned(2, "c1", 300))
def books_that_are_open_while_a_return_lacks_its_charge() -> Process:
    """The books are closed and opened again."""
    lacks = lacks_partner(RETURNS, "charge_id", CHARGES)
    return granted_if(both(has(CHARGES), negated(lacks)), CHARGES, RETURNS, is_final=False)


@case(charge(1, 1_000), returned(1, "c9", 200), returned(2, "c1", 300))
def a_return_that_found_its_charge() -> Process:
    """A return that has its charge keeps it, so the condition stays."""
    return granted_if(has_partner(RETURNS, "charge_id", CHARGES), CHARGES, RETURNS)


@case(charge(1, 1_000), returned(1, "c9", 200), returned(2, "c1", 300), returned(3, "c1", 0))
def returns_of_known_charges() -> Process:
    """Each return whose charge is known is paid for good."""
    return given(with_partner(RETURNS, "charge_id", CHARGES), RETURNS, CHARGES, fields=("cents", "charge_id"))


@case(bid(1, 500, "2030-01-01T00:00:00Z"), bid(2, 700, "2030-01-02T00:00:00Z"), bid(3, 1))
def the_latest_bidder_told_again() -> Process:
    """The name of the latest bidder is sent again whenever it changes, and the key decides between equal times."""
    return printed(latest(BIDS, by=("at",), field="bidder"), BIDS, is_final=False)


@case(charge(1, 500), charge(2, 300), charge(3, 0))
def the_greatest_price_as_a_cumulative_field() -> Process:
    """The greatest price only grows, and is known with the first charge."""
    return printed(greatest(CHARGES, "cents"), CHARGES)


@case(ORDER, charge(1, 400), charge(2, 3_000))
def what_is_left_to_pay_told_again() -> Process:
    """What is left to pay is sent again with each charge."""
    return printed(only(ORDERS, "total").minus(total(CHARGES, "cents")).at_least(0), ORDERS, CHARGES, is_final=False)


@case(reading(1, 3, 10), reading(2, 3, 0), reading(3, 4, 50), charge(1, 5))
def units_and_twice_the_charges() -> Process:
    """A sum of two sums, of which none is below zero."""
    return printed(total(READINGS, "units").plus(total(CHARGES, "cents").times(2)), READINGS, CHARGES)


@case(vote("u1", "yes"), vote("u2", "no"), vote("u3", "yes"))
def the_names_of_all_voters() -> Process:
    """The list of choices only gains members."""
    return printed(distinct(VOTES, "choice"), VOTES)


@case(line(1, "hat", 2), line(2, "hat", 5), line(3, "cap", 0))
def sums_by_article_told_again() -> Process:
    """The packing list is sent again with each line."""
    return printed(total_by(LINES, "pieces", per="article"), LINES, is_final=False)


class Size(Enum):
    SMALL = "small"
    LARGE = "large"
    HUGE = "huge"


@case(line(1, "hat", 20), line(2, "cap", 500), line(3, "tie", 0))
def a_truck_in_the_upper_band_only() -> Process:
    """Only the upper band is final, and the bands are never left downwards."""
    size = DerivedColumn.of("size", bands(total(LINES, "pieces"), Size.SMALL, (10, Size.LARGE), (100, Size.HUGE)))
    ride = Effect("ride", "fleet", {Do.YES: CommandTemplate("SendTruck")}, final=frozenset({Do.YES}))
    rows = [(Size.SMALL, {}), (Size.LARGE, {}), (Size.HUGE, {ride: Do.YES})]
    return proc(
        outcomes(size, rule=lambda one: Out.DONE if one is Size.HUGE else Out.OTHER),
        LINES,
        wants=[wanted(size, rows=rows)],
    )


@case(charge(1, 400), charge(2, 700), charge(3, 100), ORDER)
def what_is_too_much_of_each_charge() -> Process:
    """What lies beyond the total by rank only grows, and is refunded for good."""
    excess = beyond(CHARGES, "cents", target=only(ORDERS, "total"), by=("charge_id",))
    return given(owing(excess, name="too much"), CHARGES, ORDERS, fields=(), figure=excess)


@case(bid(1, 500), bid(2, 700), bid(3, 500))
def all_bids_but_the_least_two() -> Process:
    """Whoever has two lesser ones keeps them, and the key decides between equals."""
    return given(all_but_first(BIDS, 2, by=("cents",)), BIDS, fields=("bidder",), figure=field_of_entry(BIDS, "cents"))


@case(charge(1, 500), charge(2, 500), charge(3, 0))
def all_charges_but_the_least() -> Process:
    """Each charge but the least is refunded for good."""
    return given(all_but_least(CHARGES, by=("cents", "charge_id")), CHARGES, fields=("cents",))


@case(charge(1, 500), charge(2, 5_000), ORDER)
def charges_above_a_limit_that_is_one_number() -> Process:
    """Charges above the total of the order are reported, and none matches before the order."""
    return given(entries_where(CHARGES, each("cents") > only(ORDERS, "total")), CHARGES, ORDERS, fields=("cents",))


class Progress(Enum):
    NOTHING = "nothing"
    SOME = "some"
    ALL = "all"


@case(ORDER, charge(1, 400), charge(2, 600))
def a_thank_you_once_all_is_paid() -> Process:
    """The stages go up only, and the card of the last one is final."""
    progress = DerivedColumn.of(
        "progress",
        stages(
            Progress.NOTHING,
            (has(CHARGES), Progress.SOME),
            (total(CHARGES, "cents") >= only(ORDERS, "total"), Progress.ALL),
        ),
    )
    card = Effect("card", "post", {Do.YES: CommandTemplate("SendCard")}, final=frozenset({Do.YES}))
    rows = [(Progress.NOTHING, {}), (Progress.SOME, {}), (Progress.ALL, {card: Do.YES})]
    return proc(outcomes(progress, rule=lambda _: Out.DONE), CHARGES, ORDERS, wants=[wanted(progress, rows=rows)])


@case(label(1, " Urgent"), label(2, "urgent "), label(3, "later"))
def a_label_that_is_urgent_in_any_spelling() -> Process:
    """Spelling and spaces are taken away before texts are compared."""
    urgent = count(LABELS, where=each("text").normalised().is_one_of("urgent", "asap")) >= 1
    return granted_if(either(urgent, count(LABELS) >= 10), LABELS)


@case(charge(1, 500), charge(2, 100), line(1, "hat", 1), Ordered(id="i", total=5))
def a_cheap_charge_below_the_total() -> Process:
    """Whether the least charge is below the total; false while one of both is absent, and no effect hangs on it."""
    confirmed = seen(Confirmed)
    cheap = DerivedColumn.of("cheap", both(least(CHARGES, "cents") < only(ORDERS, "total"), has(LINES)))
    return proc(yes_no(cheap), confirmed, CHARGES, LINES, ORDERS)
