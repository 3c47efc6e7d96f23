"""Expressions of the vocabulary that say something else than was meant, and effects that can't follow them."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from saga import (
    ARMED,
    CommandTemplate,
    ComputedField,
    Condition,
    Deadline,
    DerivedColumn,
    Effect,
    Process,
    Register,
    Selection,
    all_but_least,
    all_of,
    any_of,
    bands,
    beyond,
    both,
    count,
    distinct,
    each,
    entries_where,
    field_of_entry,
    greatest,
    has,
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
    without_partner,
)
from tests.adversary.kit import Commands, Do, Out, Seen, case, has_any, one_outcome, proc, seen, wanted_in
from tests.adversary.planted.eighth_messages import (
    BALLOTS,
    CAP,
    COUPONS,
    LINES,
    LINKS,
    LOANS,
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
    Lent,
    Linked,
    Ordered,
    Posted,
    Said,
    TimedOut,
    Worked,
    effect,
)


def notified(field: ComputedField, *stores: Register, is_final: bool = True) -> Process:
    """One command with this field, from the first message on, which by default can't be undone."""
    machine = has_any(*stores)
    final = frozenset({Do.YES}) if is_final else frozenset()
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell", computed=(field,))}, final=final)
    return proc(one_outcome(machine), machine, *stores, wants=[wanted_in(machine, tell, YES=Do.YES)])


def given(condition: Condition, *stores: Register, is_final: bool = True, is_complete: bool = True) -> Process:
    """Something is given while the condition holds, and else taken back, or left as it is."""
    column = DerivedColumn.of("is given", condition)
    commands: Commands = {Do.YES: CommandTemplate("Give"), Do.NO: CommandTemplate("Take")}
    gift = Effect("gift", "desk", commands, frozenset({Do.YES}) if is_final else frozenset(), initially=Do.NO)
    rows = [(True, {gift: Do.YES}), (False, {gift: Do.NO} if is_complete else {})]
    return proc(one_outcome(column), *stores, wants=[wanted(column, rows=rows)])


def picked(selection: Selection, *stores: Register, is_final: bool = False, fields: Sequence[Any] = ()) -> Process:
    """One command for each chosen entry."""
    machine = has_any(*stores)
    template = CommandTemplate("Pick", selection.register, computed=tuple(fields))
    pick = Effect("pick", "desk", {Do.YES: template}, frozenset({Do.YES}) if is_final else frozenset())
    return proc(one_outcome(machine), machine, *stores, wants=[wanted_in(machine, pick, YES=selection)])


@case(Posted("i", "p1", 9), Posted("i", "p2", -9))
def a_total_of_debits_too() -> Process:
    """The total counts as only growing, and postings may be below zero."""
    return notified(ComputedField.of("cents", total(POSTINGS, "cents"), is_cumulative=True), POSTINGS)


@case(Posted("i", "p1", 9), Posted("i", "p2", -9, "spare"))
def a_balance_per_account() -> Process:
    """A final command has the balances of all accounts, and the next account is missing in it."""
    field = ComputedField.of("balances", total_by(POSTINGS, "cents", per="account"))
    return notified(field, POSTINGS)


@case(Ordered("i", "l1", "tea", 1, 300), Ordered("i", "l2", "tea", 1, 200))
def the_cheapest_line_for_good() -> Process:
    """The least price is notified for good, although it gets less."""
    return notified(ComputedField.of("from", least(LINES, "cents"), is_cumulative=True), LINES)


@case(Ordered("i", "l1", "tea", 3), Capped("i", 2))
def what_is_missing_to_a_cap() -> Process:
    """What is missing to the cap is zero while nothing is known, and then more, and then less."""
    missing = only(CAP, "cap").minus(total(LINES, "quantity")).at_least(0)
    return notified(ComputedField.of("missing", missing, is_cumulative=True), LINES, CAP)


@case(Ordered("i", "l1", "tea", 1, size="S"), Ordered("i", "l2", "tea", 1, size="L"))
def everything_is_small() -> Process:
    """The small box is chosen while all lines are small, which is so before there is any."""
    return given(all_of(LINES, each("size").equals("S")), LINES)


@case(Hired("i", "ann"), Hired("i", "bob"), Hired("i", "cy", "ann"))
def a_table_for_two() -> Process:
    """A table is given to a party of two with a guest of Ann, and left as it is when a third comes."""
    return given(
        both(count(STAFF).equals(2), any_of(STAFF, each("boss").equals("ann"))),
        STAFF,
        is_final=False,
        is_complete=False,
    )


@case(Balloted("i", "v1", "ann", "yes"), Balloted("i", "v2", "bob", " No "))
def unanimous_so_far() -> Process:
    """A unanimous vote is sealed, although the next ballot may be a no."""
    against = any_of(BALLOTS, each("option").normalised().equals("no"))
    return given(both(has(BALLOTS), negated(against)), BALLOTS)


@case(Fought("i", "m1", "ann", "bob"), Fought("i", "m2", "bob", "cy"))
def a_winner_who_never_lost() -> Process:
    """A trophy is for whom no other match has as the loser."""
    return picked(without_partner(MATCHES, "winner", MATCHES, "loser"), MATCHES, is_final=True)


@case(Linked("i", "l1", "a", "b"), Linked("i", "l2", "b", "a"))
def a_chain_with_an_open_end() -> Process:
    """A chain of handovers is open for good, until it comes back to where it began."""
    return given(lacks_partner(LINKS, "other", LINKS, "one"), LINKS)


@case(Said("i", "p1", "ann", "hello", 1), Said("i", "p2", "ann", "bye", 2))
def a_headline_in_print() -> Process:
    """The text with the greatest version goes to print, and a later version can't follow it."""
    return notified(ComputedField.of("text", latest(POSTS, by=("version",), field="text")), POSTS)


@case(Lent("i", "l1", "emma", date(2030, 1, 1)), Capped("i", 5))
def a_cap_that_is_null_at_first() -> Process:
    """A final letter has the cap, which is null when the loan comes first."""
    return notified(ComputedField.of("cap", only(CAP, "cap"), is_cumulative=True), LOANS, CAP)


@case(Ordered("i", "l1", "tea", 1, 50), Posted("i", "p1", 80))
def what_lies_beyond_a_growing_budget() -> Process:
    """Lines beyond what was paid so far are cancelled, and a payment brings them back."""
    excess = beyond(LINES, "cents", target=total(POSTINGS, "cents"), by=("line_id",))
    return picked(owing(excess), LINES, POSTINGS, fields=[ComputedField.of("excess", excess)])


@case(Posted("i", "p1", 30), Posted("i", "p2", -25))
def a_rank_that_is_kept() -> Process:
    """A rank by the balance is notified as it rises, and its lowest row leaves it as it was."""
    rank = DerivedColumn.of("rank", bands(total(POSTINGS, "cents"), Grade.LOW, (10, Grade.MIDDLE), (100, Grade.HIGH)))
    badge = Effect("badge", "desk", {one: CommandTemplate(f"Badge{one.name.title()}") for one in Grade})
    rows = [(one, {badge: one} if one is not Grade.LOW else {}) for one in Grade]
    return proc(one_outcome(rank), POSTINGS, wants=[wanted(rank, rows=rows)])


@case(Coupon("i", "a", 50), Worked("i", "s1", 0, 300), Worked("i", "s2", 400, 300))
def a_stage_between_two_others() -> Process:
    """A discount is granted in the middle stage, and what comes after neither keeps it nor takes it back."""
    much = total(SHIFTS, "minutes") >= 600
    steps = stages(Grade.LOW, (has(COUPONS), Grade.MIDDLE), (much, Grade.HIGH))
    column = DerivedColumn.of("stage", steps)
    discount = effect("discount", can_void=True)
    rows = [(Grade.LOW, {discount: Do.NO}), (Grade.MIDDLE, {discount: Do.YES}), (Grade.HIGH, {})]
    return proc(one_outcome(column), COUPONS, SHIFTS, wants=[wanted(column, rows=rows)])


@case(Hired("i", "ann", "bob"), Hired("i", "bob"))
def a_clock_for_the_understaffed() -> Process:
    """A clock runs if the first of the staff has a boss, and it rings into another outcome."""
    alone = DerivedColumn.of("alone", both(count(STAFF).equals(1), any_of(STAFF, each("boss").differs_from("cy"))))
    clock = Deadline("clock", TimedOut, timedelta(days=1))
    timed = seen(TimedOut)
    table = outcomes(timed, rows=[(Seen.YES, Out.FAILED), (Seen.NO, Out.DONE)])
    return proc(table, timed, STAFF, wants=[wanted(alone, rows=[(True, {clock: ARMED}), (False, {})])])


@case(Said("i", "p1", "ann", "b"), Said("i", "p2", "bob", "a"))
def the_words_that_were_said() -> Process:
    """A final list of the different words grows, but is not declared as one that may."""
    return notified(ComputedField.of("words", distinct(POSTS, "text")), POSTS)


@case(Ordered("i", "l1", "tea", 1), Capped("i", 7))
def a_gift_while_there_is_no_cap() -> Process:
    """A gift is given as long as no cap is known, and a cap that comes second leaves it."""
    return given(both(has(LINES), negated(has(CAP))), LINES, CAP, is_final=False, is_complete=False)


@case(Ordered("i", "l1", "tea", 1), Said("i", "p1", "ann", "tea"), Said("i", "p2", "bob", "tea"))
def a_pick_with_the_number_of_posts() -> Process:
    """A line that was talked of is picked for good, with the number of posts by then."""
    machine = has_any(LINES, POSTS)
    number = ComputedField("posts", (POSTS,), lambda posts, _: len(posts))
    template = CommandTemplate("Pick", LINES, computed=(number,))
    pick = Effect("pick", "desk", {Do.YES: template}, frozenset({Do.YES}))
    chosen = with_partner(LINES, "sku", POSTS, "text")
    return proc(one_outcome(machine), machine, LINES, POSTS, wants=[wanted_in(machine, pick, YES=chosen)])


@case(Worked("i", "s1", 0, 30), Worked("i", "s2", 5, 30), Worked("i", "s3", 9, 20))
def a_span_that_is_exact() -> Process:
    """A bonus for two equal shifts stays when a third one is not equal."""
    span = greatest(SHIFTS, "minutes").minus(least(SHIFTS, "minutes"))
    return given(both(span.equals(0), count(SHIFTS) >= 2), SHIFTS, is_final=False, is_complete=False)


@case(Ordered("i", "l1", "tea", 1, 5), Ordered("i", "l2", "tea", 1, 9), Ordered("i", "l3", "jam", 1, 7))
def a_selection_of_two_conditions() -> Process:
    """The rest of the lines is picked while there are at most two, and nobody speaks of them afterwards."""
    few = DerivedColumn.of("few", count(LINES, where=each("cents") >= 5) <= 2)
    pick = Effect("pick", "desk", {Do.YES: CommandTemplate("Pick", LINES, ("sku",))})
    rows = [(True, {pick: all_but_least(LINES, by=("cents", "line_id"))}), (False, {})]
    return proc(one_outcome(few), LINES, wants=[wanted(few, rows=rows)])


@case(Ordered("i", "l1", "tea", 1, 5), Capped("i", 3))
def a_value_of_the_line_and_its_excess() -> Process:
    """A dear line is reported for good with its excess, whose target is the cap or nothing."""
    dear = entries_where(LINES, each("cents") >= 5)
    excess = beyond(LINES, "cents", target=only(CAP, "cap").at_least(0), by=("line_id",))
    fields = [ComputedField.of("excess", excess), ComputedField.of("cents", field_of_entry(LINES, "cents"))]
    return picked(dear, LINES, CAP, is_final=True, fields=fields)
