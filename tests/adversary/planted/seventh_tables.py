"""Processes without own functions whose tables forget a row, a state, a deadline or a repeat."""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    Deadline,
    Effect,
    Process,
    Register,
    SubMachine,
    all_but,
    every,
    outcomes,
    wanted,
)
from tests.adversary.kit import Commands, Do, Moves, Out, Seen, armed_in, by, case, one_outcome, proc, seen, wanted_in

Y, N = Seen.YES, Seen.NO


@dataclass(frozen=True)
class Opened:
    id: str
    limit: int = 0


@dataclass(frozen=True)
class Closed:
    id: str


@dataclass(frozen=True)
class Reopened:
    id: str


@dataclass(frozen=True)
class Granted:
    id: str


@dataclass(frozen=True)
class Refused:
    id: str


@dataclass(frozen=True)
class Shipped:
    id: str


@dataclass(frozen=True)
class Paid:
    id: str
    payment_id: str
    cents: int


@dataclass(frozen=True)
class ChargedBack:
    id: str


@dataclass(frozen=True)
class Elapsed:
    id: str
    due_at: str = ""


@dataclass(frozen=True)
class Reminded:
    id: str


OPENED, CLOSED, REOPENED, GRANTED = seen(Opened), seen(Closed), seen(Reopened), seen(Granted)
REFUSED, SHIPPED, CHARGED, ELAPSED = seen(Refused), seen(Shipped), seen(ChargedBack), seen(Elapsed)
PAID = SubMachine("paid", N, {state: {Paid: Y} for state in Seen})
PAYMENTS = Register("payments", Paid, "payment_id")
OPENINGS = Register("openings", Opened, "id")
SOON = Deadline("soon", Elapsed, timedelta(hours=1))


class Step(Enum):
    START = "start"
    ONE = "one"
    TWO = "two"


def steps(moves: Moves) -> Process:
    """The outcome is the state of the only machine."""
    machine = SubMachine("step", Step.START, moves)
    return proc(by(machine, START=Out.OTHER, ONE=Out.DONE, TWO=Out.FAILED), machine)


@case(Granted("i"), Refused("i"))
def the_first_answer_counts() -> Process:
    """Of grant and refusal the first is kept, and the other is taken for a mistake."""
    return steps(
        {
            Step.START: {Granted: Step.ONE, Refused: Step.TWO},
            Step.ONE: {Granted: Step.ONE, Refused: Step.ONE},
            Step.TWO: {Granted: Step.TWO, Refused: Step.TWO},
        }
    )


@case(Closed("i"), Reopened("i"))
def a_ticket_closed_and_reopened() -> Process:
    """A ticket is open or closed by the message that came last."""
    return steps({state: {Closed: Step.TWO, Reopened: Step.ONE} for state in Step})


@case(Reminded("i"), Closed("i"))
def reminders_counted_by_messages() -> Process:
    """Each reminder raises the level, so a repeated message does so too."""
    levels = {Step.START: Step.ONE, Step.ONE: Step.TWO, Step.TWO: Step.TWO}
    return steps({state: {Reminded: level, Closed: state} for state, level in levels.items()})


@case(Shipped("i"), Closed("i"))
def a_cancellation_after_shipping_is_ignored() -> Process:
    """A cancellation is ignored once the parcel is shipped, and holds if it comes before."""
    return steps(
        {
            Step.START: {Shipped: Step.ONE, Closed: Step.TWO},
            Step.ONE: {Shipped: Step.ONE, Closed: Step.ONE},
            Step.TWO: {Shipped: Step.TWO, Closed: Step.TWO},
        }
    )


@case(Opened("i"), Granted("i"))
def a_grant_before_the_opening_is_lost() -> Process:
    """An answer that comes before its question moves nothing."""
    return steps(
        {
            Step.START: {Opened: Step.ONE, Granted: Step.START},
            Step.ONE: {Opened: Step.ONE, Granted: Step.TWO},
            Step.TWO: {Opened: Step.TWO, Granted: Step.TWO},
        }
    )


@case(Granted("i"), Refused("i"), Reopened("i"))
def three_answers_in_a_ring() -> Process:
    """Each pair of answers has a winner, but of all three it depends on which two met first."""
    return steps(
        {
            Step.START: {Granted: Step.START, Refused: Step.ONE, Reopened: Step.TWO},
            Step.ONE: {Granted: Step.START, Refused: Step.ONE, Reopened: Step.ONE},
            Step.TWO: {Granted: Step.TWO, Refused: Step.ONE, Reopened: Step.TWO},
        }
    )


ASK = Effect("ask", "bank", {Do.YES: CommandTemplate("Ask"), Do.NO: CommandTemplate("Withdraw")}, initially=Do.NO)
SEND = Effect(
    "send",
    "carrier",
    {Do.YES: CommandTemplate("Send"), Do.NO: CommandTemplate("Stop")},
    final=frozenset({Do.YES}),
    initially=Do.NO,
)


@case(Opened("i"), Closed("i"))
def a_closed_row_that_names_nothing() -> Process:
    """After the closing nobody is asked any more, but who was asked before gets no answer."""
    wants = wanted(OPENED, CLOSED, rows=[(Y, N, {ASK: Do.YES}), (N, N, {ASK: Do.NO}), (ANY, Y, {})])
    return proc(one_outcome(OPENED), OPENED, CLOSED, wants=[wants])


@case(Granted("i"), Closed("i"), Refused("i"))
def one_of_six_rows_left_out() -> Process:
    """Six rows name the permission, and that for a refusal after the closing does not."""
    rows = [
        (Y, N, N, {ASK: Do.YES}),
        (Y, Y, N, {ASK: Do.YES}),
        (Y, N, Y, {ASK: Do.NO}),
        (Y, Y, Y, {}),
        (N, ANY, ANY, {ASK: Do.NO}),
    ]
    wants = wanted(GRANTED, CLOSED, REFUSED, rows=rows)
    return proc(one_outcome(GRANTED), GRANTED, CLOSED, REFUSED, wants=[wants])


@case(Paid("i", "p", 5), ChargedBack("i"))
def sent_before_the_chargeback() -> Process:
    """Goods are sent for good when the payment is there, and stopped when it is charged back."""
    wants = wanted(PAID, CHARGED, rows=[(Y, N, {SEND: Do.YES}), (Y, Y, {SEND: Do.NO}), (N, ANY, {SEND: Do.NO})])
    return proc(one_outcome(PAID), PAID, CHARGED, wants=[wants])


@case(Granted("i"), Refused("i"), Shipped("i"))
def stopped_after_it_was_decided() -> Process:
    """What is shipped can't be stopped, and a refusal after the shipping still stops it."""
    send = Effect(
        "send",
        "carrier",
        {Do.YES: CommandTemplate("Send"), Do.NO: CommandTemplate("Stop")},
        final=frozenset({Do.YES}),
        decided_by=Shipped,
        initially=Do.NO,
    )
    rows = [(Y, N, {send: Do.YES}), (Y, Y, {send: Do.NO}), (N, ANY, {send: Do.NO})]
    wants = wanted(GRANTED, REFUSED, rows=rows)
    return proc(one_outcome(GRANTED), GRANTED, REFUSED, SHIPPED, wants=[wants])


@case(Paid("i", "p1", 5), Paid("i", "p2", 6), Closed("i"))
def payments_refunded_until_it_is_closed() -> Process:
    """Payments are refunded while the case is open; those that come later are not, and none is taken back."""
    refund = Effect("refund", "bank", {Do.YES: CommandTemplate("Refund", PAYMENTS, ("payment_id", "cents"))})
    wants = wanted(CLOSED, rows=[(N, {refund: every(PAYMENTS)}), (Y, {})])
    return proc(one_outcome(CLOSED), CLOSED, PAYMENTS, wants=[wants])


@case(Opened("i", 5), Granted("i"))
def a_limit_copied_before_the_opening() -> Process:
    """A grant before the opening sends a command whose limit is absent, and sends none when it comes."""
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell", OPENINGS, ("limit",))})
    return proc(one_outcome(GRANTED), GRANTED, OPENINGS, wants=[wanted_in(GRANTED, tell, YES=Do.YES)])


@case(Opened("i"), Paid("i", "p", 5))
def late_even_if_it_was_paid() -> Process:
    """The deadline makes an order late also when it was paid, and only some orders ever armed it."""
    table = outcomes(
        OPENED,
        PAID,
        ELAPSED,
        rows=[(Y, N, N, Out.OPEN), (Y, Y, N, Out.DONE), (N, ANY, ANY, Out.OTHER), (Y, ANY, Y, Out.FAILED)],
    )
    wants = wanted(table, rows=[(Out.OPEN, {SOON: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, OPENED, PAID, ELAPSED, wants=[wants], unsettled=[Out.OPEN])


@case(Opened("i"), Granted("i"), Reopened("i"))
def the_same_deadline_for_a_second_wait() -> Process:
    """A ticket that is reopened waits again, for a deadline that has fired already."""
    table = outcomes(
        OPENED,
        ELAPSED,
        REOPENED,
        GRANTED,
        rows=[
            (ANY, ANY, ANY, Y, Out.DONE),
            (N, ANY, ANY, N, Out.OTHER),
            (Y, N, ANY, N, Out.OPEN),
            (Y, Y, N, N, Out.FAILED),
            (Y, Y, Y, N, Out.OPEN),
        ],
    )
    wants = wanted(table, rows=[(Out.OPEN, {SOON: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, OPENED, ELAPSED, REOPENED, GRANTED, wants=[wants], unsettled=[Out.OPEN])


@case(Granted("i"), Opened("i"))
def a_deadline_only_from_the_opening() -> Process:
    """An answer that arrives before the opening leaves the case open, and the deadline belongs to the opening."""
    rows = [
        (Y, Y, ANY, Out.DONE),
        (N, Y, ANY, Out.OPEN),
        (Y, N, N, Out.OPEN),
        (Y, N, Y, Out.FAILED),
        (N, N, ANY, Out.OTHER),
    ]
    table = outcomes(OPENED, GRANTED, ELAPSED, rows=rows)
    return proc(table, OPENED, GRANTED, ELAPSED, wants=[armed_in(OPENED, Y, SOON)], unsettled=[Out.OPEN])


@case(Opened("i"), Paid("i", "p", 5))
def a_reminder_by_a_late_deadline() -> Process:
    """The deadline of an unpaid order reminds whoever it finds, also one that has paid since."""
    post = Effect("post", "post", {Do.YES: CommandTemplate("Remind")})
    arm = wanted(OPENED, PAID, rows=[(Y, N, {SOON: ARMED}), (N, ANY, {}), (Y, Y, {})])
    return proc(one_outcome(PAID), OPENED, PAID, ELAPSED, wants=[arm, wanted_in(ELAPSED, post, YES=Do.YES)])


@case(Paid("i", "p1", 5), Paid("i", "p2", 5), Paid("i", "p3", 5))
def two_places_by_a_bound() -> Process:
    """Only two payments are held, so that the third that comes is turned away."""
    places = Register("places", Paid, "payment_id", most=2)
    return proc(one_outcome(PAID), PAID, places)


@case(Opened("i", 7))
def one_notice_by_two_names() -> Process:
    """Two effects of one collaborator tell the same limit with the same command."""
    said: Commands = {Do.YES: CommandTemplate("Tell", OPENINGS, ("limit",))}
    first, second = Effect("first", "desk", said), Effect("second", "desk", said)
    wants = wanted(OPENED, rows=[(Y, {first: Do.YES, second: Do.YES}), (N, {})])
    return proc(one_outcome(OPENED), OPENED, OPENINGS, wants=[wants])


@case(Granted("i"), Refused("i"), Closed("i"))
def a_child_that_changes_its_mind() -> Process:
    """The parent books for good as soon as its child says done, and the child can still fail."""
    table = outcomes(GRANTED, REFUSED, name="desk", rows=[(ANY, Y, Out.FAILED), (Y, N, Out.DONE), (N, N, Out.OTHER)])
    child = replace(proc(table, GRANTED, REFUSED), name="desk-child", inputs={"desk": (Granted, Refused)})
    top = outcomes(child.outcomes, CLOSED, rows=[(Out.FAILED, ANY, Out.FAILED), (all_but(Out.FAILED), ANY, Out.DONE)])
    wants = wanted(child.outcomes, rows=[(Out.DONE, {SEND: Do.YES}), (all_but(Out.DONE), {SEND: Do.NO})])
    return proc(top, CLOSED, wants=[wants], children=(child,))
