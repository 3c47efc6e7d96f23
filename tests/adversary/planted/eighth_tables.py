"""Tables, deadlines and effects of ports, wards, claims and auctions with one cell that minds the order."""

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
    Register,
    SubMachine,
    all_but,
    every,
    one_of,
    outcomes,
    wanted,
)
from tests.adversary.kit import Commands, Do, Moves, Out, Seen, by, case, one_outcome, proc, seen, wanted_in
from tests.adversary.planted.eighth_messages import (
    CAP,
    POSTINGS,
    Audited,
    Capped,
    Confirmed,
    Disputed,
    Escalated,
    Fitted,
    Held,
    Inspected,
    Insured,
    Lost,
    Ordered,
    Part,
    Placed,
    Posted,
    Refused,
    Released,
    Reminded,
    Returned,
    Settled,
    Shipped,
    TimedOut,
    Withdrawn,
    effect,
    if_seen,
    latched,
    ranked,
    same,
)

Y, N = Seen.YES, Seen.NO
PLACED, SETTLED, WITHDRAWN, HELD = seen(Placed), seen(Settled), seen(Withdrawn), seen(Held)
RELEASED, SHIPPED, LOST, RETURNED = seen(Released), seen(Shipped), seen(Lost), seen(Returned)
TIMED, AUDITED = seen(TimedOut), seen(Audited)


class Port(Enum):
    IDLE = "idle"
    ASKED = "asked"
    AGREED = "agreed"
    BOTH = "both"
    STUCK = "stuck"


@case(Confirmed(), Escalated())
def a_number_that_is_escalated_first() -> Process:
    """A transfer that is asked and agreed is through, but for the one way in which it was escalated in between."""
    moves: Moves = {
        Port.IDLE: {Placed: Port.ASKED, Confirmed: Port.AGREED, Escalated: Port.IDLE},
        Port.ASKED: {Placed: Port.ASKED, Confirmed: Port.BOTH, Escalated: Port.ASKED},
        Port.AGREED: {Placed: Port.BOTH, Confirmed: Port.AGREED, Escalated: Port.STUCK},
        Port.BOTH: {Placed: Port.BOTH, Confirmed: Port.BOTH, Escalated: Port.BOTH},
        Port.STUCK: {Placed: Port.STUCK, Confirmed: Port.STUCK, Escalated: Port.STUCK},
    }
    port = SubMachine("port", Port.IDLE, moves)
    return proc(by(port, IDLE=Out.OPEN, ASKED=Out.OPEN, AGREED=Out.OPEN, BOTH=Out.DONE, STUCK=Out.FAILED), port)


class Tries(Enum):
    NONE = "none"
    ONCE = "once"
    LOCKED = "locked"


@case(Refused())
def a_card_locked_by_the_second_refusal() -> Process:
    """The card is locked by the second refusal, which may be the first one again."""
    moves: Moves = {
        Tries.NONE: {Refused: Tries.ONCE},
        Tries.ONCE: {Refused: Tries.LOCKED},
        Tries.LOCKED: {Refused: Tries.LOCKED},
    }
    tries = SubMachine("tries", Tries.NONE, moves)
    return proc(by(tries, NONE=Out.OPEN, ONCE=Out.OTHER, LOCKED=Out.FAILED), tries)


@case(Held(), Released())
def a_hold_that_is_lifted_before() -> Process:
    """A hold is lifted by a release that comes after it, and a release before it is forgotten."""

    class Hold(Enum):
        FREE = "free"
        HELD = "held"

    moves: Moves = {
        Hold.FREE: {Held: Hold.HELD, Released: Hold.FREE},
        Hold.HELD: {Held: Hold.HELD, Released: Hold.FREE},
    }
    hold = SubMachine("hold", Hold.FREE, moves)
    rows = [(Hold.HELD, Y, Out.OTHER), (Hold.FREE, Y, Out.DONE), (ANY, N, Out.OPEN)]
    return proc(outcomes(hold, SETTLED, rows=rows), hold, SETTLED)


@case(Shipped(), Lost())
def the_first_word_of_the_carrier() -> Process:
    """Whether the parcel was lost is asked of the carrier's first word alone."""
    word = latched("word", ARRIVED=Shipped, GONE=Lost)
    outs = {"NONE": Out.OPEN, "ARRIVED": Out.DONE, "GONE": Out.FAILED}
    return proc(outcomes(word, rule=lambda one: outs[one.name]), word)


@case(Placed(), Withdrawn())
def a_reminder_of_an_open_claim() -> Process:
    """An open claim has a reminder, whose message later makes a withdrawn claim an overdue one."""
    clock = Deadline("claim", TimedOut, timedelta(days=3))
    rows = [
        (Y, N, N, Out.OPEN),
        (Y, N, Y, Out.FAILED),
        (N, ANY, ANY, Out.OTHER),
        (Y, Y, N, Out.DONE),
        (Y, Y, Y, Out.FAILED),
    ]
    table = outcomes(PLACED, WITHDRAWN, TIMED, rows=rows)
    wants = wanted(table, rows=[(Out.OPEN, {clock: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, PLACED, WITHDRAWN, TIMED, wants=[wants], unsettled=[Out.OPEN])


@case(Placed(), Audited())
def a_second_wait_for_a_bell_that_rang() -> Process:
    """After an audit it waits for the same deadline again, which has rung already and rings no second time."""
    clock = Deadline("review", TimedOut, timedelta(days=3))
    rows = [
        (N, ANY, ANY, Out.OTHER),
        (Y, N, N, Out.OPEN),
        (Y, N, Y, Out.DONE),
        (Y, Y, ANY, Out.FAILED),
    ]
    table = outcomes(PLACED, AUDITED, TIMED, rows=rows)
    wants = wanted(table, rows=[(one_of(Out.OPEN, Out.FAILED), {clock: ARMED}), (one_of(Out.OTHER, Out.DONE), {})])
    return proc(table, PLACED, AUDITED, TIMED, wants=[wants], unsettled=[Out.OPEN, Out.FAILED])


@case(Placed(), Settled())
def a_late_fee_of_two_bells() -> Process:
    """The second bell is wound up by the first one only as long as nothing is settled."""
    first, second = Deadline("first", TimedOut, timedelta(days=7)), Deadline("second", Reminded, timedelta(days=7))
    fee = effect("fee")
    warned = seen(Reminded)
    wants = [
        wanted(PLACED, rows=[(Y, {first: ARMED}), (N, {})]),
        wanted(TIMED, SETTLED, rows=[(Y, N, {second: ARMED}), (N, N, {}), (ANY, Y, {})]),
        wanted(warned, rows=[(Y, {fee: Do.YES}), (N, {})]),
    ]
    return proc(same(SETTLED), PLACED, TIMED, SETTLED, warned, wants=wants)


@case(Capped("i", 5, 60.0), Placed())
def a_bell_that_reads_when_it_rang() -> Process:
    """The time at which the bell was due is put into the letter, and a cap that came before moves it."""
    clock = Deadline("bell", TimedOut, timedelta(hours=1), override=(CAP, "seconds"))
    rung = Register("rung", TimedOut, "id")
    letter = Effect("letter", "desk", {Do.YES: CommandTemplate("Write", rung, ("due_at",))})
    wants = [
        wanted(PLACED, rows=[(Y, {clock: ARMED}), (N, {})]),
        wanted(TIMED, rows=[(Y, {letter: Do.YES}), (N, {})]),
    ]
    return proc(same(PLACED), PLACED, TIMED, CAP, rung, wants=wants)


@case(Placed(), Capped("i", 5))
def an_invoice_before_its_cap() -> Process:
    """The invoice carries the cap, and goes out when the order is placed, known or not."""
    bill = Effect("bill", "desk", {Do.YES: CommandTemplate("Bill", CAP, ("cap",))})
    return proc(same(PLACED), PLACED, CAP, wants=[wanted_in(PLACED, bill, YES=Do.YES)])


@case(Held(), Released())
def a_door_that_is_only_opened() -> Process:
    """A release opens the door, a loss locks it, and a hold leaves it as it is."""
    commands: Commands = {Do.YES: CommandTemplate("Open"), Do.NO: CommandTemplate("Lock")}
    door = Effect("door", "gate", commands, initially=Do.NO)
    rows = [
        (N, N, N, {door: Do.NO}),
        (N, Y, N, {door: Do.YES}),
        (Y, ANY, N, {}),
        (ANY, ANY, Y, {door: Do.NO}),
    ]
    return proc(same(HELD), HELD, RELEASED, LOST, wants=[wanted(HELD, RELEASED, LOST, rows=rows)])


@case(Settled(), Disputed(), Shipped())
def a_payout_decided_by_the_shipment() -> Process:
    """A payout is final once it was shipped, and a dispute takes it back also then."""
    commands: Commands = {Do.YES: CommandTemplate("PayOut"), Do.NO: CommandTemplate("HoldBack")}
    payout = Effect("payout", "bank", commands, frozenset({Do.YES}), decided_by=Shipped, initially=Do.NO)
    disputed = seen(Disputed)
    rows = [(Y, N, {payout: Do.YES}), (N, ANY, {payout: Do.NO}), (Y, Y, {payout: Do.NO})]
    return proc(same(SETTLED), SETTLED, disputed, SHIPPED, wants=[wanted(SETTLED, disputed, rows=rows)])


@case(Insured(), Lost())
def a_refund_by_two_hands() -> Process:
    """The insurer and the carrier both refund, in one command with the same words, so that it is paid twice."""
    insured = seen(Insured)
    fixed = ComputedField("reason", (CAP,), lambda _: "lost")
    one = Effect("insurer", "bank", {Do.YES: CommandTemplate("Refund", computed=(fixed,))})
    other = Effect("carrier", "bank", {Do.YES: CommandTemplate("Refund", computed=(fixed,))})
    wants = [wanted_in(insured, one, YES=Do.YES), wanted_in(LOST, other, YES=Do.YES)]
    return proc(same(LOST), insured, LOST, CAP, wants=wants)


@case(Posted("i", "p1", 20), Capped("i", 20))
def a_fee_that_is_the_sum() -> Process:
    """The sum and the cap are two transfers in the same words, and are one if both are the same."""
    total = ComputedField("cents", (POSTINGS,), lambda known: sum(one["cents"] for one in known.values()))
    limit = ComputedField("cents", (CAP,), lambda cap: cap["i"]["cap"] if "i" in cap else 0)
    posted, capped = seen(Posted), seen(Capped)
    pay = Effect("pay", "bank", {Do.YES: CommandTemplate("Transfer", computed=(total,))})
    keep = Effect("keep", "bank", {Do.YES: CommandTemplate("Transfer", computed=(limit,))})
    wants = [wanted_in(posted, pay, YES=Do.YES), wanted_in(capped, keep, YES=Do.YES)]
    return proc(same(posted), posted, capped, POSTINGS, CAP, wants=wants)


@case(*(Ordered("i", f"l{number}", "tea", 1) for number in range(3)))
def a_basket_of_two() -> Process:
    """The basket holds two lines, and which of three waits for a person depends on the order."""
    basket = Register("basket", Ordered, "line_id", most=2)
    give = Effect("give", "desk", {Do.YES: CommandTemplate("Pack", basket, ("sku",))})
    has = seen(Ordered)
    return proc(one_outcome(has), has, basket, wants=[wanted_in(has, give, YES=every(basket))])


@case(Returned())
def a_return_that_waits_without_a_clock() -> Process:
    """A return is inspected before or after it came, and in one of both it waits for what nobody sends."""
    state = ranked("stage", ("BACK", Returned), ("CHECKED", Inspected))
    outs = {"NONE": Out.OTHER, "BACK": Out.OPEN, "CHECKED": Out.DONE}
    return proc(outcomes(state, rule=lambda one: outs[one.name]), state, unsettled=[Out.OPEN])


@case(Escalated())
def a_ward_that_knows_two_of_three() -> Process:
    """Two of three signs make a case urgent, but a release calms it, and one sign that comes twice is two."""
    names = {"CALM": "calm", "ONE": "one", "URGENT": "urgent"}
    ward = Enum("ward", names)  # type: ignore[misc]
    calm, one, urgent = ward["CALM"], ward["ONE"], ward["URGENT"]
    moves: Moves = {
        calm: {Escalated: one, Held: one, Released: calm},
        one: {Escalated: urgent, Held: one, Released: calm},
        urgent: {Escalated: urgent, Held: urgent, Released: urgent},
    }
    machine = SubMachine("ward", calm, moves)
    return proc(outcomes(machine, rule=lambda at: Out.DONE if at is urgent else Out.OTHER), machine)


@case(Shipped(), Lost())
def a_cargo_whose_child_forgets() -> Process:
    """The child process remembers the last of two words, and the parent asks it after the audit."""

    class Cargo(Enum):
        UNKNOWN = "unknown"
        AWAY = "away"
        GONE = "gone"

    moves: Moves = {state: {Shipped: Cargo.AWAY, Lost: Cargo.GONE} for state in Cargo}
    machine = SubMachine("cargo", Cargo.UNKNOWN, moves)
    child = proc(outcomes(machine, rule=lambda at: at, name="cargo"), machine)
    rows = [(Cargo.GONE, Y, Out.FAILED), (all_but(Cargo.GONE), Y, Out.DONE), (ANY, N, Out.OTHER)]
    return proc(outcomes(child.outcomes, AUDITED, rows=rows), AUDITED, children=(child,))


@case(Held(), Released())
def a_number_of_bells() -> Process:
    """Each bell that rang costs a fee, and only a hold that comes before its release winds up the second."""
    rung = Register("rung", TimedOut, "due_at")
    first, second = Deadline("first", TimedOut, timedelta(hours=1)), Deadline("second", TimedOut, timedelta(hours=2))
    bells = ComputedField("bells", (rung,), len)
    fee = Effect("fee", "desk", {Do.YES: CommandTemplate("Charge", computed=(bells,))})
    wants = [
        wanted(HELD, RELEASED, rows=[(Y, N, {first: ARMED, second: ARMED}), (Y, Y, {first: ARMED}), (N, ANY, {})]),
        wanted(TIMED, rows=[(Y, {fee: Do.YES}), (N, {})]),
    ]
    return proc(same(HELD), HELD, RELEASED, TIMED, rung, wants=wants)


@case(Fitted("i", "j1", Part("pump"), None, 9), Capped("i", 5))
def a_warranty_against_a_late_cap() -> Process:
    """Work below the cap is under warranty for good, and a cap that comes later is lower than the usual one."""
    jobs = Register("jobs", Fitted, "job_id")
    column = DerivedColumn(
        "is covered",
        (jobs, CAP),
        lambda known, cap: (
            bool(known) and sum(one["hours"] for one in known.values()) <= cap.get("i", {"cap": 10}).get("cap")
        ),
    )
    cover = effect("cover", final=True, can_void=True)
    rows = [(True, {cover: Do.YES}), (False, {cover: Do.NO})]
    return proc(outcomes(column, rule=lambda _: Out.DONE), jobs, CAP, wants=[wanted(column, rows=rows)])


@case(Settled(), Lost())
def a_receipt_for_the_settled_only() -> Process:
    """A receipt is wanted while it is settled, and a loss that comes first leaves it unwritten."""
    receipt = Effect("receipt", "desk", {Do.YES: CommandTemplate("Write")})
    rows = [(Y, N, {receipt: Do.YES}), (N, ANY, {}), (Y, Y, {})]
    return proc(if_seen(SETTLED), SETTLED, LOST, wants=[wanted(SETTLED, LOST, rows=rows)])
