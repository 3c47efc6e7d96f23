"""Expressions of the vocabulary that mean what they say, with effects that follow them."""

from datetime import timedelta

from saga import (
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Process,
    all_but_first,
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
from tests.adversary.kit import Commands, Do, Out, Seen, case, has_any, one_outcome, proc, seen
from tests.adversary.planted.eighth_messages import (
    BALLOTS,
    CAP,
    COUPONS,
    LINES,
    LINKS,
    MATCHES,
    POSTINGS,
    POSTS,
    SHIFTS,
    STAFF,
    Balloted,
    Capped,
    Coupon,
    Fought,
    Grade,
    Hired,
    Linked,
    Ordered,
    Posted,
    Said,
    TimedOut,
    Worked,
)
from tests.adversary.planted.eighth_words import given, notified, picked


@case(Ordered("i", "l1", "tea", 3, 9), Ordered("i", "l2", "tea", 1, 7))
def a_total_of_what_is_never_below_zero() -> Process:
    """The total only grows, as no line is below zero."""
    return notified(ComputedField.of("cents", total(LINES, "cents"), is_cumulative=True), LINES)


@case(Posted("i", "p1", 9), Posted("i", "p2", -9, "spare"), Posted("i", "p3", 4, "spare"))
def balances_that_follow() -> Process:
    """The balances of all accounts are notified again with each posting."""
    return notified(ComputedField.of("balances", total_by(POSTINGS, "cents", per="account")), POSTINGS, is_final=False)


@case(Ordered("i", "l1", "tea", 1, 300), Ordered("i", "l2", "tea", 1, 200))
def the_cheapest_line_so_far() -> Process:
    """The least and the greatest price are notified anew whenever they change."""
    span = greatest(LINES, "cents").minus(least(LINES, "cents"))
    return notified(ComputedField.of("span", span), LINES, is_final=False)


@case(Ordered("i", "l1", "tea", 3), Capped("i", 2))
def what_is_missing_for_now() -> Process:
    """What is missing to the cap may grow and shrink, and is notified each time."""
    missing = only(CAP, "cap").minus(total(LINES, "quantity")).at_least(0)
    return notified(ComputedField.of("missing", missing), LINES, CAP, is_final=False)


@case(Ordered("i", "l1", "tea", 1, size="S"), Ordered("i", "l2", "tea", 1, size="L"))
def something_is_not_small() -> Process:
    """The large box is chosen for good once any line is not small."""
    return given(any_of(LINES, each("size").differs_from("S")), LINES)


@case(Hired("i", "ann"), Hired("i", "bob"), Hired("i", "cy"))
def a_table_for_two_and_more() -> Process:
    """A table is given for good from two persons on."""
    return given(count(STAFF) >= 2, STAFF, is_complete=False)


@case(Balloted("i", "v1", "ann", "yes"), Balloted("i", "v2", "bob", " No "), Balloted("i", "v3", "cy", "yes"))
def unanimous_for_now() -> Process:
    """A unanimous vote is shown, and hidden with the first no."""
    against = any_of(BALLOTS, each("option").normalised().equals("no"))
    return given(both(has(BALLOTS), negated(against)), BALLOTS, is_final=False)


@case(Fought("i", "m1", "ann", "bob"), Fought("i", "m2", "bob", "cy"))
def a_winner_who_lost_once() -> Process:
    """A consolation is for whom another match has as the loser, and it stays so."""
    return picked(with_partner(MATCHES, "winner", MATCHES, "loser"), MATCHES, is_final=True)


@case(Linked("i", "l1", "a", "b"), Linked("i", "l2", "b", "a"), Linked("i", "l3", "b", "c"))
def a_chain_that_is_shown_open() -> Process:
    """A chain of handovers is shown as open, and as closed, whenever it is."""
    return given(either(lacks_partner(LINKS, "other", LINKS, "one"), count(LINKS) >= 9), LINKS, is_final=False)


@case(Said("i", "p1", "ann", "hello", 1), Said("i", "p2", "ann", "bye", 1), Said("i", "p3", "bob", "so", 0))
def a_headline_on_a_screen() -> Process:
    """The text with the greatest version is shown, and between equal versions the greater id decides."""
    return notified(ComputedField.of("text", latest(POSTS, by=("version",), field="text")), POSTS, is_final=False)


@case(Capped("i", 5, 60.0))
def a_letter_with_its_cap() -> Process:
    """A letter has the cap of the only entry, and is sent for good when that is known."""
    return notified(ComputedField.of("cap", only(CAP, "cap"), is_cumulative=True), CAP)


@case(Ordered("i", "l1", "tea", 1, 50), Ordered("i", "l2", "tea", 1, 70), Capped("i", 80))
def what_lies_beyond_a_fixed_budget() -> Process:
    """Lines beyond a budget that never changes are cancelled for good, each with what lies beyond."""
    excess = beyond(LINES, "cents", target=only(CAP, "cap"), by=("line_id",))
    fields = [ComputedField.of("excess", excess, is_cumulative=True)]
    return picked(owing(excess), LINES, CAP, is_final=True, fields=fields)


@case(Posted("i", "p1", 30), Posted("i", "p2", -25), Posted("i", "p3", 120))
def a_rank_in_each_row() -> Process:
    """A rank by the balance is notified of each band, and the lowest is what holds before."""
    rank = DerivedColumn.of("rank", bands(total(POSTINGS, "cents"), Grade.LOW, (10, Grade.MIDDLE), (100, Grade.HIGH)))
    commands: Commands = {one: CommandTemplate(f"Badge{one.name.title()}") for one in Grade}
    badge = Effect("badge", "desk", commands, initially=Grade.LOW)
    return proc(one_outcome(rank), POSTINGS, wants=[wanted(rank, rows=[(one, {badge: one}) for one in Grade])])


@case(Coupon("i", "a", 50), Worked("i", "s1", 0, 300), Worked("i", "s2", 400, 300))
def a_stage_that_stays_reached() -> Process:
    """A discount is given for good from the middle stage on, which nothing leads back from."""
    much = total(SHIFTS, "minutes") >= 600
    column = DerivedColumn.of("stage", stages(Grade.LOW, (has(COUPONS), Grade.MIDDLE), (much, Grade.HIGH)))
    discount = Effect("discount", "desk", {Do.YES: CommandTemplate("Discount")}, frozenset({Do.YES}))
    rows = [(Grade.LOW, {}), (Grade.MIDDLE, {discount: Do.YES}), (Grade.HIGH, {discount: Do.YES})]
    return proc(one_outcome(column), COUPONS, SHIFTS, wants=[wanted(column, rows=rows)])


@case(Hired("i", "ann", "bob"), Hired("i", "bob"))
def a_clock_for_all_staff() -> Process:
    """The clock starts with the first of the staff, and what it rings is judged by all of them."""
    alone = DerivedColumn.of("alone", all_of(STAFF, each("boss").equals("bob")))
    clock, timed, has_staff = Deadline("clock", TimedOut, timedelta(days=1)), seen(TimedOut), has_any(STAFF)
    rows = [(True, Seen.YES, Out.FAILED), (False, Seen.YES, Out.OTHER), (True, Seen.NO, Out.DONE)]
    table = outcomes(alone, timed, rows=[*rows, (False, Seen.NO, Out.DONE)])
    wants = wanted(has_staff, rows=[(Seen.YES, {clock: ARMED}), (Seen.NO, {})])
    return proc(table, timed, has_staff, STAFF, wants=[wants])


@case(Said("i", "p1", "ann", "b"), Said("i", "p2", "bob", "a"), Said("i", "p3", "bob", "b"))
def the_words_that_grow() -> Process:
    """A final list of the different words is declared as one that grows."""
    return notified(ComputedField.of("words", distinct(POSTS, "text"), is_cumulative=True), POSTS)


@case(Ordered("i", "l1", "tea", 1), Said("i", "p1", "ann", "tea"), Said("i", "p2", "bob", "jam"))
def a_line_that_was_talked_of() -> Process:
    """A gift is given for good once any line was talked of."""
    both_know = has_partner(LINES, "sku", POSTS, "text")
    return given(both_know, LINES, POSTS, is_complete=False)


@case(*(Ordered("i", f"l{number}", "tea", 1, 9 - number) for number in range(4)))
def lines_after_the_first_two() -> Process:
    """All but the two cheapest lines are charged for good, and a cheaper one that comes later only adds to them."""
    rest = all_but_first(LINES, 2, by=("cents", "line_id"))
    return picked(rest, LINES, is_final=True, fields=[ComputedField.of("cents", field_of_entry(LINES, "cents"))])


@case(Ordered("i", "l1", "tea", 1, 5), Capped("i", 3), Ordered("i", "l2", "tea", 1, 2))
def dear_lines_by_a_cap() -> Process:
    """Lines above the cap are reported for good, which none is before the cap is known."""
    return picked(entries_where(LINES, each("cents") > only(CAP, "cap")), LINES, CAP, is_final=True)
