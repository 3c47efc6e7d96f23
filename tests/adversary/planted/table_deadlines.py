"""Tables with deadlines, without any function of their own: waits for ever, and deadlines of one order only."""

from datetime import timedelta
from enum import Enum

from saga import ANY, ARMED, CommandTemplate, Deadline, Effect, Process, SubMachine, all_but, outcomes, wanted
from tests.adversary.kit import (
    A,
    B,
    C,
    Do,
    Late,
    Later,
    Moves,
    Out,
    Seen,
    armed_in,
    by,
    case,
    one_outcome,
    proc,
    seen,
    wanted_in,
)

HAS_A, HAS_B, HAS_C, HAS_LATE, HAS_LATER = (seen(kind) for kind in (A, B, C, Late, Later))
SOON = Deadline("soon", Late, timedelta(minutes=5))
AFTERWARDS = Deadline("afterwards", Later, timedelta(hours=5))
LATE = Late("i")


@case(A())
def nothing_ends_the_wait() -> Process:
    """An open order waits, and no deadline was ever declared."""
    return proc(by(HAS_A, NO=Out.OTHER, YES=Out.OPEN), HAS_A, unsettled=[Out.OPEN])


@case(A(), B())
def armed_in_one_order() -> Process:
    """Open with both, but the deadline is armed only while the second has not come."""
    table = outcomes(
        HAS_A,
        HAS_B,
        HAS_LATE,
        rows=[
            (Seen.YES, Seen.YES, Seen.NO, Out.OPEN),
            (Seen.YES, Seen.NO, Seen.NO, Out.OPEN),
            (Seen.NO, ANY, ANY, Out.OTHER),
            (Seen.YES, ANY, Seen.YES, Out.FAILED),
        ],
    )
    rows = [(Seen.YES, Seen.NO, {SOON: ARMED}), (Seen.NO, ANY, {}), (Seen.YES, Seen.YES, {})]
    return proc(table, HAS_A, HAS_B, HAS_LATE, wants=[wanted(HAS_A, HAS_B, rows=rows)], unsettled=[Out.OPEN])


@case(A())
def still_open_after_the_deadline() -> Process:
    """The deadline comes, and the table gives the same open outcome."""
    table = outcomes(HAS_A, HAS_LATE, rows=[(Seen.NO, ANY, Out.OTHER), (Seen.YES, ANY, Out.OPEN)])
    return proc(table, HAS_A, HAS_LATE, wants=[armed_in(HAS_A, Seen.YES, SOON)], unsettled=[Out.OPEN])


@case(A(), B())
def a_settled_outcome_that_a_deadline_leaves() -> Process:
    """Done with both; in the order that armed the deadline, the deadline undoes it."""
    table = outcomes(
        HAS_A,
        HAS_B,
        HAS_LATE,
        rows=[
            (ANY, ANY, Seen.YES, Out.FAILED),
            (Seen.YES, Seen.YES, Seen.NO, Out.DONE),
            (Seen.YES, Seen.NO, Seen.NO, Out.OPEN),
            (Seen.NO, ANY, Seen.NO, Out.OTHER),
        ],
    )
    rows = [(Seen.YES, Seen.NO, {SOON: ARMED}), (Seen.NO, ANY, {}), (Seen.YES, Seen.YES, {})]
    return proc(table, HAS_A, HAS_B, HAS_LATE, wants=[wanted(HAS_A, HAS_B, rows=rows)], unsettled=[Out.OPEN])


@case(A(), B())
def an_effect_of_a_deadline_of_one_order() -> Process:
    """The outcome is the same, but the reminder goes out only where the deadline was armed before the payment."""
    remind = Effect("remind", "mail", {Do.YES: CommandTemplate("Remind")})
    rows = [(Seen.YES, Seen.NO, {SOON: ARMED}), (Seen.NO, ANY, {}), (Seen.YES, Seen.YES, {})]
    wants = [wanted(HAS_A, HAS_B, rows=rows), wanted_in(HAS_LATE, remind, YES=Do.YES)]
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, HAS_LATE, wants=wants)


@case(A(), LATE)
def the_deadline_cancels_in_the_state() -> Process:
    """As drawn in every textbook: the answer and the deadline leave the one waiting state."""

    class Wait(Enum):
        WAITING = "waiting"
        ANSWERED = "answered"
        EXPIRED = "expired"

    moves: Moves = {
        Wait.WAITING: {A: Wait.ANSWERED, Late: Wait.EXPIRED},
        Wait.ANSWERED: {A: Wait.ANSWERED, Late: Wait.ANSWERED},
        Wait.EXPIRED: {A: Wait.EXPIRED, Late: Wait.EXPIRED},
    }
    wait = SubMachine("wait", Wait.WAITING, moves)
    table = by(wait, WAITING=Out.OPEN, ANSWERED=Out.DONE, EXPIRED=Out.FAILED)
    return proc(table, wait, HAS_B, wants=[armed_in(HAS_B, Seen.YES, SOON)])


@case(A())
def two_deadlines_emit_one_type() -> Process:
    """A reminder and an expiry are one message, and the machine counts which it is."""

    class Count(Enum):
        ZERO = "zero"
        REMINDED = "reminded"
        EXPIRED = "expired"

    moves: Moves = {
        Count.ZERO: {Late: Count.REMINDED},
        Count.REMINDED: {Late: Count.EXPIRED},
        Count.EXPIRED: {Late: Count.EXPIRED},
    }
    count = SubMachine("count", Count.ZERO, moves)
    second = Deadline("second", Late, timedelta(hours=9))
    rows = [(Seen.YES, {SOON: ARMED, second: ARMED}), (Seen.NO, {})]
    table = by(count, ZERO=Out.OTHER, REMINDED=Out.OTHER, EXPIRED=Out.FAILED)
    return proc(table, HAS_A, count, wants=[wanted(HAS_A, rows=rows)])


@case(A(), B())
def a_stray_first_message_waits() -> Process:
    """The note of a stranger makes an instance that waits for an order, and only an order arms the deadline."""
    table = outcomes(
        HAS_A,
        HAS_LATE,
        rows=[(Seen.NO, Seen.NO, Out.OPEN), (Seen.YES, Seen.NO, Out.OPEN), (ANY, Seen.YES, Out.FAILED)],
    )
    return proc(table, HAS_A, HAS_B, HAS_LATE, wants=[armed_in(HAS_A, Seen.YES, SOON)], unsettled=[Out.OPEN])


@case(A(), B())
def the_second_deadline_needs_the_first() -> Process:
    """After the first deadline a second should run, but a row for the late answer forgets to arm it."""
    columns = (HAS_A, HAS_B, HAS_LATE, HAS_LATER)
    table = outcomes(
        *columns,
        rows=[
            (Seen.NO, ANY, ANY, ANY, Out.OTHER),
            (Seen.YES, ANY, Seen.NO, Seen.NO, Out.OPEN),
            (Seen.YES, ANY, Seen.YES, Seen.NO, Out.OPEN),
            (Seen.YES, ANY, ANY, Seen.YES, Out.FAILED),
        ],
    )
    first = wanted(HAS_A, rows=[(Seen.YES, {SOON: ARMED}), (Seen.NO, {})])
    second = wanted(
        HAS_B,
        HAS_LATE,
        rows=[(Seen.NO, Seen.YES, {AFTERWARDS: ARMED}), (Seen.YES, ANY, {}), (Seen.NO, Seen.NO, {})],
    )
    return proc(table, *columns, wants=[first, second], unsettled=[Out.OPEN])


@case(A(), B(), LATE)
def an_effect_only_before_the_deadline() -> Process:
    """The room is asked for while the deadline runs: whoever answers late finds it asked for or not."""
    ask = Effect("ask", "hotel", {Do.YES: CommandTemplate("AskForRoom")})
    rows = [(Seen.YES, Seen.NO, {ask: Do.YES, SOON: ARMED}), (Seen.NO, ANY, {}), (Seen.YES, Seen.YES, {})]
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, HAS_LATE, wants=[wanted(HAS_A, HAS_LATE, rows=rows)])


@case(A(), B())
def two_deadlines_race() -> Process:
    """Two deadlines are armed by two messages, and the one that comes first decides."""

    class First(Enum):
        NONE = "none"
        SOON = "soon"
        LATER = "later"

    moves: Moves = {
        First.NONE: {Late: First.SOON, Later: First.LATER},
        First.SOON: {Late: First.SOON, Later: First.SOON},
        First.LATER: {Late: First.LATER, Later: First.LATER},
    }
    first = SubMachine("first", First.NONE, moves)
    wants = [armed_in(HAS_A, Seen.YES, SOON), armed_in(HAS_B, Seen.YES, AFTERWARDS)]
    return proc(by(first, NONE=Out.OTHER, SOON=Out.FAILED, LATER=Out.DONE), HAS_A, HAS_B, first, wants=wants)


@case(A())
def a_final_effect_that_the_deadline_undoes() -> Process:
    """The money is sent, and when the time is up the transfer is called back."""
    send = Effect(
        "transfer",
        "bank",
        {Do.YES: CommandTemplate("Send"), Do.NO: CommandTemplate("CallBack")},
        final=frozenset({Do.YES}),
        initially=Do.NO,
    )
    rows = [
        (Seen.YES, Seen.NO, {send: Do.YES, SOON: ARMED}),
        (Seen.NO, ANY, {send: Do.NO}),
        (Seen.YES, Seen.YES, {send: Do.NO}),
    ]
    return proc(one_outcome(HAS_A), HAS_A, HAS_LATE, wants=[wanted(HAS_A, HAS_LATE, rows=rows)])


@case(A(), B(), C())
def one_of_three_arms_too_late() -> Process:
    """Three parts make an order complete; the watch starts with the second part and not with the last."""

    class Parts(Enum):
        NONE = "none"
        ONE = "one"
        MORE = "more"

    class Both(Enum):
        NONE = "none"
        A = "a"
        B = "b"
        AB = "ab"

    moves: Moves = {
        Both.NONE: {A: Both.A, B: Both.B},
        Both.A: {A: Both.A, B: Both.AB},
        Both.B: {A: Both.AB, B: Both.B},
        Both.AB: {A: Both.AB, B: Both.AB},
    }
    both = SubMachine("both", Both.NONE, moves)
    table = outcomes(
        both,
        HAS_C,
        HAS_LATE,
        rows=[
            (Both.AB, Seen.YES, Seen.NO, Out.DONE),
            (Both.AB, Seen.YES, Seen.YES, Out.FAILED),
            (all_but(Both.AB), ANY, ANY, Out.OTHER),
            (Both.AB, Seen.NO, ANY, Out.OTHER),
        ],
    )
    rows = [(Both.AB, Seen.NO, {SOON: ARMED}), (all_but(Both.AB), ANY, {}), (Both.AB, Seen.YES, {})]
    return proc(table, both, HAS_C, HAS_LATE, wants=[wanted(both, HAS_C, rows=rows)])
