"""Tables, deadlines and effects as involved as those that are wrong, of ports, wards, claims and doors."""

from datetime import timedelta
from enum import Enum
from typing import Any

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Process,
    Reducer,
    SubMachine,
    all_but,
    every,
    outcomes,
    wanted,
)
from tests.adversary.kit import Commands, Do, Moves, Out, Seen, by, case, has_any, one_outcome, proc, seen, wanted_in
from tests.adversary.planted.eighth_messages import (
    CAP,
    LINES,
    POSTINGS,
    Audited,
    Capped,
    Confirmed,
    Disputed,
    Escalated,
    Held,
    Inspected,
    Insured,
    Lost,
    Ordered,
    Placed,
    Posted,
    Released,
    Reminded,
    Returned,
    Settled,
    Shipped,
    TimedOut,
    Withdrawn,
    effect,
    if_seen,
    ranked,
    same,
)

Y, N = Seen.YES, Seen.NO
PLACED, SETTLED, WITHDRAWN, HELD = seen(Placed), seen(Settled), seen(Withdrawn), seen(Held)
RELEASED, SHIPPED, LOST, RETURNED = seen(Released), seen(Shipped), seen(Lost), seen(Returned)
TIMED, AUDITED, WARNED = seen(TimedOut), seen(Audited), seen(Reminded)


class Port(Enum):
    IDLE = "idle"
    ASKED = "asked"
    AGREED = "agreed"
    BOTH = "both"


@case(Placed(), Confirmed(), Escalated())
def a_number_that_both_want() -> Process:
    """A transfer is through once it is asked and agreed, and an escalation beside it moves nothing."""
    moves: Moves = {
        Port.IDLE: {Placed: Port.ASKED, Confirmed: Port.AGREED, Escalated: Port.IDLE},
        Port.ASKED: {Placed: Port.ASKED, Confirmed: Port.BOTH, Escalated: Port.ASKED},
        Port.AGREED: {Placed: Port.BOTH, Confirmed: Port.AGREED, Escalated: Port.AGREED},
        Port.BOTH: {Placed: Port.BOTH, Confirmed: Port.BOTH, Escalated: Port.BOTH},
    }
    port = SubMachine("port", Port.IDLE, moves)
    return proc(by(port, IDLE=Out.OPEN, ASKED=Out.OPEN, AGREED=Out.OTHER, BOTH=Out.DONE), port)


@case(Held(), Released(), Settled())
def a_hold_that_a_release_outranks() -> Process:
    """A release outranks a hold, whichever comes first."""
    hold = ranked("hold", ("HELD", Held), ("FREE", Released))
    rows = [(hold.states[1], Y, Out.OTHER), (all_but(hold.states[1]), Y, Out.DONE), (ANY, N, Out.OPEN)]
    return proc(outcomes(hold, SETTLED, rows=rows), hold, SETTLED)


@case(Placed(), Withdrawn())
def a_reminder_that_a_withdrawal_outranks() -> Process:
    """An open claim has a reminder, whose message is nothing to a withdrawn one."""
    clock = Deadline("claim", TimedOut, timedelta(days=3))
    rows = [(ANY, Y, ANY, Out.OTHER), (ANY, N, N, Out.OPEN), (Y, N, Y, Out.FAILED), (N, N, Y, Out.DONE)]
    table = outcomes(PLACED, WITHDRAWN, TIMED, rows=rows)
    wants = wanted(table, rows=[(Out.OPEN, {clock: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, PLACED, WITHDRAWN, TIMED, wants=[wants], unsettled=[Out.OPEN])


@case(Placed(), Audited())
def two_waits_with_two_bells() -> Process:
    """Each of two waits has a bell of its own, and both start with the first message."""
    first, second = Deadline("first", TimedOut, timedelta(days=3)), Deadline("second", Reminded, timedelta(days=9))
    rows = [(Y, ANY, ANY, Out.DONE), (N, N, N, Out.OPEN), (N, Y, N, Out.OTHER), (N, ANY, Y, Out.FAILED)]
    table = outcomes(PLACED, TIMED, WARNED, rows=rows)
    waits = {Out.OPEN: {first: ARMED, second: ARMED}, Out.OTHER: {second: ARMED}}
    wants = wanted(table, rows=[(one, waits.get(one, {})) for one in Out])
    return proc(table, PLACED, TIMED, WARNED, AUDITED, wants=[wants], unsettled=[Out.OPEN, Out.OTHER])


@case(Capped("i", 5, 60.0), Placed())
def a_bell_that_is_only_received() -> Process:
    """A cap that came before moves the bell, but nothing says when it rang."""
    clock = Deadline("bell", TimedOut, timedelta(hours=1), override=(CAP, "seconds"))
    letter = Effect("letter", "desk", {Do.YES: CommandTemplate("Write")})
    wants = [
        wanted(PLACED, rows=[(Y, {clock: ARMED}), (N, {})]),
        wanted(TIMED, rows=[(Y, {letter: Do.YES}), (N, {})]),
    ]
    return proc(same(PLACED), PLACED, TIMED, CAP, wants=wants)


@case(Placed(), Capped("i", 5))
def an_invoice_with_its_cap() -> Process:
    """The invoice carries the cap, and goes out when both are known."""
    bill, capped = Effect("bill", "desk", {Do.YES: CommandTemplate("Bill", CAP, ("cap",))}), seen(Capped)
    wants = wanted(PLACED, capped, rows=[(Y, Y, {bill: Do.YES}), (Y, N, {}), (N, ANY, {})])
    return proc(same(PLACED), PLACED, capped, CAP, wants=[wants])


@case(Held(), Released(), Lost())
def a_door_of_which_each_row_speaks() -> Process:
    """A loss locks the door, else a hold locks it as well, else a release opens it."""
    door = effect("door", can_void=True)
    rows = [
        (ANY, ANY, Y, {door: Do.NO}),
        (Y, ANY, N, {door: Do.NO}),
        (N, Y, N, {door: Do.YES}),
        (N, N, N, {}),
    ]
    return proc(same(HELD), HELD, RELEASED, LOST, wants=[wanted(HELD, RELEASED, LOST, rows=rows)])


@case(Settled(), Disputed(), Shipped())
def a_payout_that_the_shipment_decides() -> Process:
    """A dispute takes the payout back only as long as nothing was shipped, and after that it is paid in any case."""
    commands: Commands = {Do.YES: CommandTemplate("PayOut"), Do.NO: CommandTemplate("HoldBack")}
    payout = Effect("payout", "bank", commands, frozenset({Do.YES}), decided_by=Shipped, initially=Do.NO)
    disputed = seen(Disputed)
    rows: list[tuple[Any, ...]] = [
        (Y, N, N, {payout: Do.YES}),
        (N, ANY, N, {payout: Do.NO}),
        (Y, Y, N, {payout: Do.NO}),
    ]
    rows += [(ANY, ANY, Y, {payout: Do.YES})]
    table = wanted(SETTLED, disputed, SHIPPED, rows=rows)
    return proc(same(SETTLED), SETTLED, disputed, SHIPPED, wants=[table])


@case(Insured(), Lost(), Capped("i", 20))
def a_refund_by_one_hand_of_two() -> Process:
    """The carrier refunds what the insurer refunds as well, and says that it may."""
    words: Commands = {Do.YES: CommandTemplate("Refund", CAP, ("cap",))}
    one = Effect("insurer", "bank", words)
    other = Effect("carrier", "bank", words, may_repeat=(one,))
    insured, capped = seen(Insured), seen(Capped)
    wants = [
        wanted(insured, capped, rows=[(Y, Y, {one: Do.YES}), (Y, N, {}), (N, ANY, {})]),
        wanted(LOST, capped, rows=[(Y, Y, {other: Do.YES}), (Y, N, {}), (N, ANY, {})]),
    ]
    return proc(same(LOST), insured, LOST, capped, CAP, wants=wants)


@case(Posted("i", "p1", 20), Capped("i", 20))
def a_fee_that_names_itself() -> Process:
    """The sum and the cap are transfers whose words differ by their purpose."""
    total = ComputedField("cents", (POSTINGS,), lambda known: sum(one["cents"] for one in known.values()))
    limit = ComputedField("cents", (CAP,), lambda cap: cap["i"]["cap"] if "i" in cap else 0)
    why, why_too = (ComputedField("why", (CAP,), lambda _, word=word: word) for word in ("sum", "cap"))
    posted, capped = seen(Posted), seen(Capped)
    pay = Effect("pay", "bank", {Do.YES: CommandTemplate("Transfer", computed=(total, why))})
    keep = Effect("keep", "bank", {Do.YES: CommandTemplate("Transfer", computed=(limit, why_too))})
    wants = [wanted_in(posted, pay, YES=Do.YES), wanted_in(capped, keep, YES=Do.YES)]
    return proc(same(posted), posted, capped, POSTINGS, CAP, wants=wants)


@case(*(Ordered("i", f"l{number}", "tea", 1) for number in range(4)))
def a_basket_of_any_size() -> Process:
    """Each line of the basket is packed for good."""
    give = Effect("give", "desk", {Do.YES: CommandTemplate("Pack", LINES, ("sku",))}, frozenset({Do.YES}))
    has = has_any(LINES)
    return proc(one_outcome(has), has, LINES, wants=[wanted_in(has, give, YES=every(LINES))])


@case(Inspected(), Returned())
def a_return_that_waits_with_a_clock() -> Process:
    """A return that waits for its inspection has a clock, which gives it up."""
    inspected = seen(Inspected)
    clock = Deadline("give-up", TimedOut, timedelta(days=3))
    rows = [(Y, ANY, Out.DONE), (N, N, Out.OPEN), (N, Y, Out.FAILED)]
    table = outcomes(inspected, TIMED, rows=rows)
    wants = wanted(inspected, TIMED, rows=[(N, N, {clock: ARMED}), (N, Y, {}), (Y, ANY, {})])
    return proc(table, RETURNED, inspected, TIMED, wants=[wants], unsettled=[Out.OPEN])


@case(Escalated(), Held(), Released())
def a_ward_that_counts_two_of_three() -> Process:
    """Two of the three signs make a case urgent, whichever they are."""
    signs = (seen(Escalated), HELD, RELEASED)
    table = outcomes(*signs, rule=lambda *known: Out.DONE if known.count(Y) >= 2 else Out.OTHER)
    call = effect("call", final=True)
    return proc(table, *signs, wants=[wanted(table, rows=[(Out.DONE, {call: Do.YES}), (Out.OTHER, {})])])


@case(Audited(), Shipped(), Lost())
def a_cargo_whose_child_knows_the_worse() -> Process:
    """The child process knows the worse of two words, and the parent asks it after the audit."""
    cargo = ranked("cargo", ("AWAY", Shipped), ("GONE", Lost))
    child = proc(outcomes(cargo, rule=lambda at: at, name="cargo"), cargo)
    gone = cargo.states[-1]
    rows = [(gone, Y, Out.FAILED), (all_but(gone), Y, Out.DONE), (ANY, N, Out.OTHER)]
    return proc(outcomes(child.outcomes, AUDITED, rows=rows), AUDITED, children=(child,))


@case(Settled(), Lost())
def a_receipt_that_is_voided() -> Process:
    """A receipt is wanted while it is settled and nothing is lost, and voided otherwise."""
    receipt = effect("receipt", can_void=True)
    rows = [(Y, N, {receipt: Do.YES}), (N, ANY, {receipt: Do.NO}), (Y, Y, {receipt: Do.NO})]
    return proc(if_seen(SETTLED), SETTLED, LOST, wants=[wanted(SETTLED, LOST, rows=rows)])


@case(Posted("i", "p1", -5), Posted("i", "p2", 9), Placed())
def a_dunning_clock_for_whom_owes_at_last() -> Process:
    """Each posting starts the clock, and when it rings only the balance says whether a letter goes out."""
    owes = DerivedColumn("owes", (POSTINGS,), lambda known: sum(one["cents"] for one in known.values()) < 0)
    clock, posted, letter = (
        Deadline("dunning", TimedOut, timedelta(days=14)),
        seen(Posted),
        effect("letter", can_void=True),
    )
    wants = [
        wanted(posted, rows=[(Y, {clock: ARMED}), (N, {})]),
        wanted(
            owes, TIMED, rows=[(True, Y, {letter: Do.YES}), (False, ANY, {letter: Do.NO}), (True, N, {letter: Do.NO})]
        ),
    ]
    return proc(same(PLACED), posted, PLACED, TIMED, POSTINGS, wants=wants)


@case(Placed(), Settled(), Withdrawn())
def words_that_a_reducer_keeps() -> Process:
    """A reducer keeps which of three messages came, sorted, and the outcome is that of the last word by its letters."""
    kinds = (Placed, Settled, Withdrawn)
    kept = Reducer("words", kinds, [], lambda known, fact: sorted({*known, fact.kind.__name__}))
    outs = {"Placed": Out.OPEN, "Settled": Out.DONE, "Withdrawn": Out.FAILED}
    last = DerivedColumn("last", (kept,), lambda known: outs[known[-1]] if known else Out.OTHER, tuple(Out))
    return proc(outcomes(last, rule=lambda at: at), kept)
