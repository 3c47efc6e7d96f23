"""Further tables and expressions at the edges of the proof."""

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
    all_but_first,
    any_of,
    both,
    count,
    each,
    entries_where,
    every,
    has,
    only,
    outcomes,
    total,
    wanted,
    with_partner,
    without_partner,
)
from tests.adversary.kit import (
    LIMITS,
    NOTES,
    PAYMENTS,
    REFUNDS,
    A,
    B,
    C,
    Commands,
    Configured,
    Do,
    E,
    Late,
    Moves,
    Out,
    Refunded,
    Seen,
    armed_in,
    case,
    noted,
    one_outcome,
    paid,
    proc,
    wanted_in,
    yes_no,
)
from tests.adversary.planted.proofs import (
    AFTERWARDS,
    HAS_A,
    HAS_B,
    HAS_C,
    HAS_LATE,
    HAS_LATER,
    SOON,
    N,
    Y,
)


@case(Configured("i", 5), paid(1, 5))
def one_says_it_and_one_computes_it() -> Process:
    """Two effects say the same: the one copies the limit, the other one computes it."""
    computed = ComputedField.of("limit", only(LIMITS, "limit"))
    one = Effect("one", "desk", {Do.YES: CommandTemplate("Tell", LIMITS, ("limit",))})
    two = Effect("two", "desk", {Do.YES: CommandTemplate("Tell", computed=(computed,))})
    column = DerivedColumn.of("has limit", has(LIMITS))
    table = wanted(column, rows=[(True, {one: Do.YES, two: Do.YES}), (False, {})])
    return proc(yes_no(column), LIMITS, PAYMENTS, wants=[table])


@case(paid(1, 5), Refunded("i", "r1", "p1", 5))
def said_of_a_payment_and_of_a_refund() -> Process:
    """Two effects for entries of two registers, whose fields are named alike."""
    template: dict[Enum, CommandTemplate] = {Do.YES: CommandTemplate("Pay", PAYMENTS, ("payment_id", "amount"))}
    again: dict[Enum, CommandTemplate] = {Do.YES: CommandTemplate("Pay", REFUNDS, ("payment_id", "amount"))}
    one, two = Effect("one", "desk", template), Effect("two", "desk", again)
    column = DerivedColumn.of("both", both(has(PAYMENTS), has(REFUNDS)))
    table = wanted(column, rows=[(True, {one: every(PAYMENTS), two: every(REFUNDS)}), (False, {})])
    return proc(yes_no(column), PAYMENTS, REFUNDS, wants=[table])


class Ship(Enum):
    SENT = "sent"
    STOPPED = "stopped"
    LOST = "lost"


SHIP: Commands = {
    Ship.SENT: CommandTemplate("Send"),
    Ship.STOPPED: CommandTemplate("Stop"),
    Ship.LOST: CommandTemplate("Lose"),
}


@case(A(), B())
def decided_and_stopped_at_once() -> Process:
    """The message that decides is the one that stops what was sent."""
    ship = Effect("ship", "desk", SHIP, final=frozenset({Ship.SENT}), decided_by=B)
    rows = [(Y, N, {ship: Ship.SENT}), (ANY, Y, {ship: Ship.STOPPED}), (N, N, {})]
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, wants=[wanted(HAS_A, HAS_B, rows=rows)])


@case(A(), B(), C())
def decided_by_what_nobody_remembers() -> Process:
    """The message that decides moves nothing, so no state knows that it came."""
    deaf = SubMachine("deaf", N, {state: {B: state, E: Y} for state in Seen})
    ship = Effect("ship", "desk", SHIP, final=frozenset({Ship.SENT}), decided_by=B)
    rows = [(Y, N, {ship: Ship.SENT}), (ANY, Y, {ship: Ship.STOPPED}), (N, N, {})]
    return proc(one_outcome(HAS_A), HAS_A, HAS_C, deaf, wants=[wanted(HAS_A, HAS_C, rows=rows)])


@case(A(), B())
def from_one_final_to_another() -> Process:
    """Both conditions are final, and the second replaces the first."""
    ship = Effect("ship", "desk", SHIP, final=frozenset({Ship.SENT, Ship.LOST}))
    rows = [(Y, N, {ship: Ship.SENT}), (ANY, Y, {ship: Ship.LOST}), (N, N, {})]
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, wants=[wanted(HAS_A, HAS_B, rows=rows)])


@case(paid(1, 5), paid(2, 2000), A())
def fewer_of_them_later() -> Process:
    """Every payment at first, and only the great ones once A has come."""
    give = Effect("give", "desk", {Do.YES: CommandTemplate("Give")})
    great = entries_where(PAYMENTS, each("amount") >= 1000)
    rows = [(N, {give: every(PAYMENTS)}), (Y, {give: great})]
    return proc(one_outcome(HAS_A), HAS_A, PAYMENTS, wants=[wanted(HAS_A, rows=rows)])


@case(paid(2, 5), paid(1, 6), A())
def fewer_stay_behind() -> Process:
    """All but the first at first, and all but the first two once A has come."""
    give = Effect("give", "desk", {Do.YES: CommandTemplate("Give")})
    one = all_but_first(PAYMENTS, 1, by=("payment_id",))
    two = all_but_first(PAYMENTS, 2, by=("payment_id",))
    rows = [(N, {give: one}), (Y, {give: two})]
    return proc(one_outcome(HAS_A), HAS_A, PAYMENTS, wants=[wanted(HAS_A, rows=rows)])


@case(paid(1, 5), A(), Refunded("i", "r1", "p1", 5))
def keys_of_one_name_in_two_registers() -> Process:
    """The effect is wanted for payments, and for refunds later."""
    give = Effect("give", "desk", {Do.YES: CommandTemplate("Give")})
    rows = [(N, {give: every(PAYMENTS)}), (Y, {give: every(REFUNDS)})]
    return proc(one_outcome(HAS_A), HAS_A, PAYMENTS, REFUNDS, wants=[wanted(HAS_A, rows=rows)])


@case(paid(1, 5), Refunded("i", "r1", "p1", 5), A())
def with_a_partner_and_then_those_without() -> Process:
    """Those with a partner, and those without once A has come."""
    give = Effect("give", "desk", {Do.YES: CommandTemplate("Give")})
    one = with_partner(PAYMENTS, "payment_id", REFUNDS, "payment_id")
    two = without_partner(PAYMENTS, "payment_id", REFUNDS, "payment_id")
    rows = [(N, {give: one}), (Y, {give: two})]
    return proc(one_outcome(HAS_A), HAS_A, PAYMENTS, REFUNDS, wants=[wanted(HAS_A, rows=rows)])


# Deadlines


LATES = Register("lates", Late, "due_at")
SECOND = Deadline("second", Late, timedelta(minutes=10))
MOVED = Deadline("moved", Late, timedelta(minutes=5), override=(LIMITS, "seconds"))


@case(A(), Configured("i", None, 600.0))
def two_that_are_due_at_once() -> Process:
    """Two deadlines emit one message if they are due at the same time, which the order decides; they are counted."""
    rows = [(Y, {MOVED: ARMED, SECOND: ARMED}), (N, {})]
    column = DerivedColumn.of("two", count(LATES) >= 2)
    return proc(yes_no(column), HAS_A, LIMITS, LATES, wants=[wanted(HAS_A, rows=rows)])


@case(A(), Configured("i", None, 600.0))
def named_by_the_time_it_was_due() -> Process:
    """An effect for each firing is named by its key, the time at which it was due."""
    give = Effect("give", "desk", {Do.YES: CommandTemplate("Give")})
    rows = [(Y, {MOVED: ARMED, give: every(LATES)}), (N, {give: every(LATES)})]
    return proc(one_outcome(HAS_A), HAS_A, LIMITS, LATES, wants=[wanted(HAS_A, rows=rows)])


@case(A(), B())
def the_start_wants_it_for_whom_it_stays() -> Process:
    """A leaves the start as it is and arms its deadline, which nobody arms if B comes first."""
    rows = [(N, {SOON: ARMED}), (Y, {})]
    table = outcomes(HAS_B, HAS_LATE, rows=[(N, ANY, Out.OTHER), (Y, N, Out.DONE), (Y, Y, Out.FAILED)])
    return proc(table, HAS_A, HAS_B, HAS_LATE, wants=[wanted(HAS_B, rows=rows)])


@case(paid(1, 5), B())
def the_start_says_it_to_whom_it_stays() -> Process:
    """A payment that no table looks at leaves the start as it is, and so the greeting goes out."""
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Greet")})
    return proc(one_outcome(HAS_B), PAYMENTS, HAS_B, wants=[wanted_in(HAS_B, tell, NO=Do.YES)])


@case(A(), B())
def a_deadline_that_arms_another() -> Process:
    """The first deadline runs in one order only and changes nothing, but arms the second."""
    table = outcomes(HAS_A, HAS_B, HAS_LATER, rows=[(ANY, ANY, Y, Out.FAILED), (ANY, ANY, N, Out.DONE)])
    first = wanted(HAS_A, HAS_B, rows=[(Y, N, {SOON: ARMED}), (Y, Y, {}), (N, ANY, {})])
    second = armed_in(HAS_LATE, Y, AFTERWARDS)
    return proc(table, HAS_A, HAS_B, HAS_LATE, HAS_LATER, wants=[first, second])


@case(A(), B(), C())
def a_deadline_that_arms_another_with_c() -> Process:
    """The first deadline arms the second once C has come, and the second one changes what is reported."""
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell")})
    first = wanted(HAS_A, HAS_B, rows=[(Y, N, {SOON: ARMED}), (Y, Y, {}), (N, ANY, {})])
    second = wanted(HAS_LATE, HAS_C, rows=[(Y, Y, {AFTERWARDS: ARMED}), (N, ANY, {}), (Y, N, {})])
    third = wanted_in(HAS_LATER, tell, YES=Do.YES)
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, HAS_C, HAS_LATE, HAS_LATER, wants=[first, second, third])


@case(A())
def the_second_emits_what_was_heard() -> Process:
    """After the first deadline it waits for the second, which emits the same message and is ignored."""

    class Wait(Enum):
        NEW = "new"
        WAITING = "waiting"
        AGAIN = "again"

    rows = [(Y, N, {SOON: ARMED}), (Y, Y, {SECOND: ARMED}), (N, ANY, {})]
    table = outcomes(HAS_A, HAS_LATE, rows=[(Y, N, Wait.WAITING), (Y, Y, Wait.AGAIN), (N, ANY, Wait.NEW)])
    wants = [wanted(HAS_A, HAS_LATE, rows=rows)]
    return proc(table, HAS_A, HAS_LATE, wants=wants, unsettled=[Wait.WAITING, Wait.AGAIN])


@case(A(), paid(1, 5), paid(2, 6))
def armed_below_two_payments() -> Process:
    """Below two payments the deadline is armed; with two at once never, and then it still changes what is reported."""
    enough = DerivedColumn.of("enough", count(PAYMENTS) >= 2)
    rows = [(Y, False, {SOON: ARMED}), (Y, True, {}), (N, ANY, {})]
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell", computed=(ComputedField.of("n", has(PAYMENTS)),))})
    wants = [wanted(HAS_A, enough, rows=rows), wanted_in(HAS_LATE, tell, YES=Do.YES)]
    return proc(one_outcome(HAS_A), HAS_A, HAS_LATE, PAYMENTS, wants=wants)


@case(A(), B(), C())
def first_wins_three_tables_deep() -> Process:
    """A table in a table in a table, above a machine in which the first message wins."""

    class First(Enum):
        NONE = "none"
        A = "a"
        B = "b"

    moves: Moves = {
        First.NONE: {A: First.A, B: First.B},
        First.A: {A: First.A, B: First.A},
        First.B: {A: First.B, B: First.B},
    }
    first = SubMachine("first", First.NONE, moves)
    low = outcomes(
        first,
        HAS_C,
        rows=[(First.A, Y, Do.YES), (First.A, N, Do.NO), (First.B, ANY, Do.NO), (First.NONE, ANY, Do.NO)],
        name="low",
    )
    middle = outcomes(low, HAS_C, rows=[(Do.YES, ANY, Y), (Do.NO, ANY, N)], name="middle")
    return proc(outcomes(middle, rows=[(Y, Out.DONE), (N, Out.OTHER)]), first, HAS_C)


@case(A(), B(), paid(1, 10))
def left_standing_by_a_child() -> Process:
    """A process within a process: the grant of the small one is left out once the large one is cancelled."""
    enough = DerivedColumn.of("enough", total(PAYMENTS, "amount") >= 10)
    small = proc(outcomes(enough, rows=[(True, Do.YES), (False, Do.NO)], name="small"), PAYMENTS)
    grant = Effect("grant", "desk", {Do.YES: CommandTemplate("Grant")})
    rows = [(Do.YES, N, {grant: Do.YES}), (Do.NO, N, {}), (ANY, Y, {})]
    table = outcomes(small.outcomes, HAS_B, rows=[(ANY, N, Out.OTHER), (ANY, Y, Out.FAILED)])
    wants = [wanted(small.outcomes, HAS_B, rows=rows)]
    return proc(table, HAS_A, HAS_B, children=(small,), wants=wants)


@case(noted(1, "x"), Configured("i", 5), A())
def open_until_a_note_is_known() -> Process:
    """Open with A until any note says y, and the deadline is armed by the limit alone."""
    known = DerivedColumn.of("known", any_of(NOTES, each("text").equals("y")))
    limited = DerivedColumn.of("limited", has(LIMITS))
    table = outcomes(
        HAS_A,
        known,
        HAS_LATE,
        rows=[(N, ANY, ANY, Out.OTHER), (Y, True, ANY, Out.DONE), (Y, False, Y, Out.FAILED), (Y, False, N, Out.OPEN)],
    )
    wants = [armed_in(limited, True, SOON)]
    return proc(table, HAS_A, HAS_LATE, NOTES, LIMITS, wants=wants, unsettled=[Out.OPEN])
