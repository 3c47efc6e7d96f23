"""Tables, machines and expressions without functions of one's own, near misses of what goes wrong in them."""

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
    Process,
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
    either,
    entries_where,
    every,
    greatest,
    has,
    lacks_partner,
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
from tests.adversary.honest.fifth_helpers import (
    CAP,
    DOSES,
    GRADES,
    LEDGER,
    OFFERS,
    SIGHTINGS,
    WITHDRAWALS,
    Booked,
    Capped,
    Dose,
    Graded,
    N,
    Offered,
    Sighted,
    Withdrawn,
    Y,
    for_good,
    on_in,
    once_in,
    switch,
    whole,
)
from tests.adversary.kit import A, B, C, D, Do, E, F, Late, Later, Moves, Out, case, one_outcome, proc, seen, yes_no


class Door(Enum):
    SHUT = "shut"
    A_ONLY = "a-only"
    B_ONLY = "b-only"
    OPEN = "open"


@case(A(), B(), C())
def a_door_with_two_bolts_in_one_machine() -> Process:
    """One machine with a diamond of four states, whose two ways meet again."""
    moves: Moves = {
        Door.SHUT: {A: Door.A_ONLY, B: Door.B_ONLY},
        Door.A_ONLY: {A: Door.A_ONLY, B: Door.OPEN},
        Door.B_ONLY: {A: Door.OPEN, B: Door.B_ONLY},
        Door.OPEN: {A: Door.OPEN, B: Door.OPEN},
    }
    door, flag = SubMachine("door", Door.SHUT, moves), seen(C)
    return proc(one_outcome(door), door, flag, wants=[on_in(door, switch("light"), Door.OPEN)])


class Rank(Enum):
    NONE = "none"
    LOW = "low"
    HIGH = "high"


@case(A(), B(), C())
def the_higher_rank_wins_in_one_machine() -> Process:
    """A machine in which high outranks low, both ways round."""
    moves: Moves = {
        Rank.NONE: {A: Rank.LOW, B: Rank.HIGH},
        Rank.LOW: {A: Rank.LOW, B: Rank.HIGH},
        Rank.HIGH: {A: Rank.HIGH, B: Rank.HIGH},
    }
    rank, flag = SubMachine("rank", Rank.NONE, moves), seen(C)
    table = outcomes(rank, flag, rows=[(Rank.HIGH, ANY, Out.DONE), (all_but(Rank.HIGH), ANY, Out.OTHER)])
    return proc(table, rank, flag, wants=[once_in(rank, for_good("badge"), Rank.HIGH)])


@case(A(), B(), C())
def a_gap_that_is_never_entered_from_within() -> Process:
    """The label is left out while nothing came, and also where only C came, which never follows A."""
    a, b, c = seen(A), seen(B), seen(C)
    label = switch("label")
    rows = [(Y, ANY, {label: Do.YES}), (N, Y, {label: Do.NO}), (N, N, {})]
    return proc(outcomes(a, c, rule=whole), a, b, c, wants=[wanted(a, b, rows=rows)])


@case(A(), B(), C())
def voided_either_way() -> Process:
    """A request that is voided by a later message, and never requested if that came first."""
    a, b, c = seen(A), seen(B), seen(C)
    request = switch("request", "bank")
    rows = [(Y, N, {request: Do.YES}), (ANY, Y, {request: Do.NO}), (N, N, {request: Do.NO})]
    return proc(outcomes(a, b, c, rule=whole), a, b, c, wants=[wanted(a, b, rows=rows)])


@case(A(), B(), Late("i"), C())
def a_late_message_that_decides_nothing_more() -> Process:
    """A deadline fails what is open; if both messages come afterwards, it is done all the same."""
    a, b, late, c = seen(A), seen(B), seen(Late), seen(C)
    day = Deadline("day", Late, timedelta(days=1))
    table = outcomes(
        a,
        b,
        late,
        rows=[
            (Y, Y, ANY, Out.DONE),
            (N, ANY, N, Out.OPEN),
            (Y, N, N, Out.OPEN),
            (N, ANY, Y, Out.FAILED),
            (Y, N, Y, Out.FAILED),
        ],
    )
    wants = wanted(table, rows=[(Out.OPEN, {day: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, a, b, c, late, wants=[wants], unsettled=[Out.OPEN])


@case(A(), B(), Late("i"), Later("i"))
def two_deadlines_in_a_row() -> Process:
    """A reminder after the first deadline, and an end after the second, which is armed from the beginning."""
    a, late, later, b = seen(A), seen(Late), seen(Later), seen(B)
    first, second = Deadline("first", Late, timedelta(days=1)), Deadline("second", Later, timedelta(days=9))
    table = outcomes(a, later, rows=[(Y, ANY, Out.DONE), (N, N, Out.OPEN), (N, Y, Out.FAILED)])
    remind = switch("remind", "post")
    return proc(
        table,
        a,
        b,
        late,
        later,
        wants=[
            wanted(table, rows=[(Out.OPEN, {first: ARMED, second: ARMED}), (all_but(Out.OPEN), {})]),
            wanted(
                table,
                late,
                rows=[
                    (Out.OPEN, Y, {remind: Do.YES}),
                    (Out.OPEN, N, {remind: Do.NO}),
                    (all_but(Out.OPEN), ANY, {remind: Do.NO}),
                ],
            ),
        ],
        unsettled=[Out.OPEN],
    )


@case(A(), B(), C())
def shipped_before_it_was_stopped() -> Process:
    """Sending can be stopped until it is shipped, and a shipment is never stopped after that."""
    a, stop, shipped = seen(A), seen(B), seen(C)
    commands = {Do.YES: CommandTemplate("Send"), Do.NO: CommandTemplate("Stop")}
    ship = Effect("ship", "carrier", commands, final=frozenset({Do.YES}), decided_by=C, initially=Do.NO)  # type: ignore[arg-type]
    rows = [(ANY, ANY, Y, {ship: Do.YES}), (Y, N, N, {ship: Do.YES}), (ANY, Y, N, {ship: Do.NO})]
    rows.append((N, N, N, {ship: Do.NO}))
    return proc(outcomes(a, shipped, rule=whole), a, stop, shipped, wants=[wanted(a, stop, shipped, rows=rows)])


@case(A(), B(), C())
def two_letters_that_may_be_the_same() -> Process:
    """Two letters to different houses, with the same words and without fields."""
    a, b, c = seen(A), seen(B), seen(C)
    wants = [once_in(a, for_good("one", "post-1"), Y), once_in(b, for_good("two", "post-2"), Y)]
    return proc(outcomes(a, b, c, rule=whole), a, b, c, wants=wants)


@case(Offered("i", "o1", 50, "ann"), Offered("i", "o2", 70, "ann"), Capped("i", 60), A())
def what_exceeds_a_cap_grows_for_good() -> Process:
    """The excess of all offers over a cap is refunded in all, and only grows; a zero is no refund."""
    excess = total(OFFERS, "cents").minus(only(CAP, "cap"))
    over = DerivedColumn.of("over", excess >= 1)
    said = ComputedField.of("cents", excess, is_cumulative=True)
    refund = Effect("refund", "bank", {Do.YES: CommandTemplate("Refund", computed=(said,))}, final=frozenset({Do.YES}))
    return proc(yes_no(over), OFFERS, CAP, seen(A), wants=[once_in(over, refund, True)])


@case(Offered("i", "o1", 50, "ann"), Offered("i", "o2", 70, "bob"), Withdrawn("i", "o1"))
def fees_of_withdrawn_offers() -> Process:
    """A fee for good for each offer with a partner among the withdrawn ones."""
    fee = Effect("fee", "bank", {Do.YES: CommandTemplate("Fee", OFFERS, ("cents",))}, final=frozenset({Do.YES}))
    some = DerivedColumn.of("some", has(OFFERS))
    rows = [(True, {fee: with_partner(OFFERS, "offer_id", WITHDRAWALS)}), (False, {})]
    return proc(one_outcome(some), OFFERS, WITHDRAWALS, wants=[wanted(some, rows=rows)])


@case(Offered("i", "o1", 50, "ann"), Offered("i", "o2", 70, "bob"), Withdrawn("i", "o1"))
def an_alarm_while_some_offer_stands() -> Process:
    """On while an offer lacks a withdrawal, and off again when all of them have one."""
    stands = DerivedColumn.of("stands", lacks_partner(OFFERS, "offer_id", WITHDRAWALS))
    return proc(yes_no(stands), OFFERS, WITHDRAWALS, wants=[on_in(stands, switch("alarm"), True)])


@case(Dose("i", "d1", 40, 8), Dose("i", "d2", 12, 9), Dose("i", "d3", 99, 9), A())
def all_but_the_first_two_by_hour() -> Process:
    """A charge for all but the two earliest, which can only become more: an earlier one pushes another out."""
    charge = Effect(
        "charge", "bank", {Do.YES: CommandTemplate("Charge", DOSES, ("milligrams",))}, final=frozenset({Do.YES})
    )
    some = DerivedColumn.of("some", has(DOSES))
    rows = [(True, {charge: all_but_first(DOSES, 2, by=("hour", "dose_id"))}), (False, {})]
    return proc(one_outcome(some), DOSES, seen(A), wants=[wanted(some, rows=rows)])


@case(Dose("i", "d1", 400, 8), Dose("i", "d2", 120, 9), Dose("i", "d3", 500, 9))
def bands_of_a_total() -> Process:
    """A discount by bands of the total, which only rises."""
    column = DerivedColumn.of("band", bands(total(DOSES, "milligrams"), Rank.NONE, (100, Rank.LOW), (800, Rank.HIGH)))
    table = outcomes(column, rows=[(Rank.NONE, Out.OPEN), (Rank.LOW, Out.OTHER), (Rank.HIGH, Out.DONE)])
    return proc(table, DOSES, wants=[once_in(column, for_good("card"), Rank.HIGH)])


@case(Graded("i", "e1", "F", 2020), Graded("i", "e2", "A", 2021), Graded("i", "e3", "A", 2024))
def stages_of_a_student() -> Process:
    """A later stage outranks an earlier one, in whatever order their exams come."""
    passed = count(GRADES, where=each("grade").differs_from("F"))
    column = DerivedColumn.of("stage", stages(Rank.NONE, (has(GRADES), Rank.LOW), (passed >= 2, Rank.HIGH)))
    said = ComputedField.of("years", distinct(GRADES, "year"), is_cumulative=True)
    diploma = Effect(
        "diploma", "school", {Do.YES: CommandTemplate("Print", computed=(said,))}, final=frozenset({Do.YES})
    )
    return proc(one_outcome(column), GRADES, wants=[once_in(column, diploma, Rank.HIGH)])


@case(Graded("i", "e1", "F", 2020), Graded("i", "e2", "A", 2021), Graded("i", "e3", "A", 2024))
def the_span_of_years() -> Process:
    """The difference of the greatest and the least year only grows, and is said for good."""
    span = greatest(GRADES, "year").minus(least(GRADES, "year"))
    some = DerivedColumn.of("some", has(GRADES))
    said = ComputedField.of("span", span, is_cumulative=True)
    tell = Effect("tell", "school", {Do.YES: CommandTemplate("Tell", computed=(said,))}, final=frozenset({Do.YES}))
    return proc(one_outcome(some), GRADES, wants=[once_in(some, tell, True)])


@case(Sighted("i", "s1", "owl", 2), Sighted("i", "s2", "elk", 1), Sighted("i", "s3", "owl", 3))
def sums_for_each_species() -> Process:
    """A report of the sums for each species, which is sent anew; and a flag for any owl."""
    owls = DerivedColumn.of("owls", any_of(SIGHTINGS, each("species").normalised().equals("owl")))
    some = DerivedColumn.of("some", has(SIGHTINGS))
    said = ComputedField.of("sums", total_by(SIGHTINGS, "number", per="species"))
    report = Effect("report", "park", {Do.YES: CommandTemplate("Report", computed=(said,))})
    return proc(yes_no(owls), SIGHTINGS, wants=[once_in(some, report, True), once_in(owls, for_good("pin"), True)])


@case(Booked("i", "b1", "cash", 50), Booked("i", "b2", "bank", -50), Booked("i", "b3", "cash", -20))
def red_and_black() -> Process:
    """A warning that is on while the sum is below zero, and a card for good after any debit."""
    red = DerivedColumn.of("red", negated(total(LEDGER, "cents") >= 0))
    debit = DerivedColumn.of("debit", any_of(LEDGER, each("cents") < 0))
    wants = [on_in(red, switch("warning"), True), once_in(debit, for_good("card"), True)]
    return proc(yes_no(red), LEDGER, wants=wants)


@case(Offered("i", "o1", 50, "ann"), Offered("i", "o2", 70, "bob"), Capped("i", 60), A())
def refunds_beyond_a_cap_by_rank() -> Process:
    """What lies beyond the cap is given back for each offer, ranked by its id, and grows for each."""
    excess = beyond(OFFERS, "cents", target=only(CAP, "cap"), by=("offer_id",))
    said = ComputedField.of("cents", excess, is_cumulative=True)
    give = Effect("give", "bank", {Do.YES: CommandTemplate("GiveBack", computed=(said,))}, final=frozenset({Do.YES}))
    known = DerivedColumn.of("known", has(CAP))
    rows = [(True, {give: owing(excess, name="too much")}), (False, {})]
    return proc(one_outcome(known), OFFERS, CAP, seen(A), wants=[wanted(known, rows=rows)])


@case(A(), B(), C(), D(), E(), F())
def a_child_that_is_seen_through() -> Process:
    """A child decides by two of its flags, and its parent by the child and another two."""
    a, b, c, d, e, f = (seen(kind) for kind in (A, B, C, D, E, F))
    inner = outcomes(a, b, e, rule=whole, name="inner")
    child = replace(proc(inner, a, b, e, wants=[on_in(inner, switch("lamp", "hall"), Out.DONE)]), name="child")
    table = outcomes(
        inner,
        c,
        d,
        rows=[(Out.DONE, Y, ANY, Out.DONE), (Out.DONE, N, ANY, Out.OPEN), (Out.OPEN, ANY, ANY, Out.OPEN)],
    )
    return proc(table, c, d, f, children=(child,), wants=[once_in(table, for_good("prize"), Out.DONE)])


@case(Offered("i", "o1", 50, "ann"), Offered("i", "o2", 70, None), Capped("i", 60), A())
def named_offers_only() -> Process:
    """Thanks for good to each named bidder over the cap, once a message opens the desk."""
    over = entries_where(OFFERS, (each("cents") >= only(CAP, "cap"), each("by").differs_from("ann")))
    opened = seen(A)
    thanks = Effect("thanks", "post", {Do.YES: CommandTemplate("Thank", OFFERS, ("by",))}, final=frozenset({Do.YES}))
    return proc(one_outcome(opened), opened, OFFERS, CAP, wants=[wanted(opened, rows=[(Y, {thanks: over}), (N, {})])])


@case(Offered("i", "o1", 50, "ann"), Offered("i", "o2", 70, None), Withdrawn("i", "o9"), A())
def receipts_that_wait_for_a_total() -> Process:
    """A receipt for each offer once there are two, or once any withdrawal came, though that is of another offer."""
    ready = DerivedColumn.of("ready", either(count(OFFERS) >= 2, both(has(OFFERS), has(WITHDRAWALS))))
    receipt = Effect("receipt", "post", {Do.YES: CommandTemplate("Receipt", OFFERS, ("cents", "by"))})
    table = yes_no(ready)
    rows = [(True, {receipt: every(OFFERS)}), (False, {})]
    return proc(table, OFFERS, WITHDRAWALS, seen(A), wants=[wanted(ready, rows=rows)])
