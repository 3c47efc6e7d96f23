"""Honest tables that are nested, or of which several look at one message."""

from datetime import timedelta
from enum import Enum
from typing import Any

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
    one_of,
    outcomes,
    wanted,
)
from tests.adversary.honest.tables import ASKED, HAS_A, HAS_B, HAS_C, HAS_D, HAS_E, HAS_F, HAS_LATE, SOON, Ask, N, Y
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
    D,
    Do,
    E,
    F,
    Late,
    Moves,
    Noted,
    Out,
    Paid,
    Refunded,
    Seen,
    Weighed,
    case,
    has_any,
    noted,
    one_outcome,
    paid,
    proc,
    wanted_in,
    weighed,
)


@case(A())
def two_deadlines_of_one_type() -> Process:
    """Both deadlines emit one message, and the machine remembers only that it came."""
    second = Deadline("second", Late, timedelta(hours=1))
    table = outcomes(HAS_LATE, rows=[(Y, Out.FAILED), (N, Out.OTHER)])
    both = wanted(HAS_A, rows=[(Y, {SOON: ARMED, second: ARMED}), (N, {})])
    return proc(table, HAS_A, HAS_LATE, wants=[both])


@case(A(), B(), C())
def armed_whatever_came_first() -> Process:
    """Every instance has the deadline from its first message on, also from a stray one."""
    table = outcomes(HAS_A, HAS_LATE, rows=[(Y, ANY, Out.DONE), (N, N, Out.OPEN), (N, Y, Out.FAILED)])
    any_came = SubMachine("any", N, {state: dict.fromkeys((A, B, C, Late), Y) for state in Seen})
    wants = wanted(any_came, rows=[(ANY, {SOON: ARMED})])
    return proc(table, HAS_A, HAS_LATE, any_came, wants=[wants], unsettled=[Out.OPEN])


class Answer(Enum):
    NONE = "none"
    YES = "answer_yes"
    NO = "answer_no"


@case(A(), B(), C(), D())
def nested_tables() -> Process:
    """A table of two tables of two flags each."""
    one = outcomes(HAS_A, HAS_B, name="one", rows=[(Y, Y, Answer.YES), (N, ANY, Answer.NONE), (Y, N, Answer.NO)])
    two = outcomes(HAS_C, HAS_D, name="two", rows=[(Y, Y, Answer.YES), (N, ANY, Answer.NONE), (Y, N, Answer.NO)])
    table = outcomes(
        one,
        two,
        rows=[
            (Answer.YES, Answer.YES, Out.DONE),
            (Answer.NO, ANY, Out.FAILED),
            (one_of(Answer.YES, Answer.NONE), Answer.NO, Out.FAILED),
            (Answer.NONE, one_of(Answer.NONE, Answer.YES), Out.OTHER),
            (Answer.YES, Answer.NONE, Out.OTHER),
        ],
    )
    return proc(table, HAS_A, HAS_B, HAS_C, HAS_D)


def booking(name: str, yes: type, no: type, collaborator: str) -> Process:
    """A booking that is confirmed or refused, and refused outranks confirmed."""

    def flags(kind: type) -> SubMachine[Seen]:
        return SubMachine(f"{name}-{kind.__name__.lower()}", N, {state: {kind: Y} for state in Seen})

    confirmed, refused = flags(yes), flags(no)
    table = outcomes(
        confirmed,
        refused,
        name=name,
        rows=[(ANY, Y, Answer.NO), (Y, N, Answer.YES), (N, N, Answer.NONE)],
    )
    notice = Effect(
        f"{name}-notice",
        collaborator,
        {Do.YES: CommandTemplate("Note"), Do.NO: CommandTemplate("Drop")},
        initially=Do.NO,
    )
    wants = wanted(table, rows=[(Answer.YES, {notice: Do.YES}), (one_of(Answer.NO, Answer.NONE), {notice: Do.NO})])
    made = proc(table, confirmed, refused, wants=[wants])
    return Process(
        name=name,
        version=1,
        correlate="id",
        inputs=made.inputs,
        machines=made.machines,
        outcomes=table,
        wanted=(wants,),
        settled=frozenset(table.states),
    )


@case(A(), B(), C(), D(), E(), F())
def a_trip_of_three_bookings() -> Process:
    """Three child processes, and a trip that is on when all of them are."""
    children = (booking("flight", A, B, "air"), booking("hotel", C, D, "house"), booking("car", E, F, "road"))

    def rule(*answers: Enum) -> Enum:
        if Answer.NO in answers:
            return Out.FAILED
        return Out.DONE if all(one is Answer.YES for one in answers) else Out.OTHER

    table = outcomes(*(child.outcomes for child in children), rule=rule)
    return proc(table, children=children)


@case(A(), B(), C(), D(), E(), F())
def six_flags_and_three_effects() -> Process:
    """64 combinations, three effects that every row names."""
    flags = (HAS_A, HAS_B, HAS_C, HAS_D, HAS_E, HAS_F)
    effects = [Effect(f"ask-{n}", f"desk-{n}", ASKED, initially=Ask.VOID) for n in range(3)]
    rows: list[tuple[Any, ...]] = []
    for number in range(64):
        states = [Y if number >> bit & 1 else N for bit in range(6)]
        rows.append(
            (*states, {one: Ask.MADE if number * (n + 3) % 7 < 3 else Ask.VOID for n, one in enumerate(effects)})
        )
    return proc(one_outcome(HAS_A), *flags, wants=[wanted(*flags, rows=rows)])


@case(paid(1, 5), Refunded("i", "r1", "p1", 5), noted(1, "x"))
def one_message_for_machine_and_register() -> Process:
    """Payments and refunds are kept in registers and consumed by machines as well."""
    paid_one = SubMachine("paid", N, {state: {Paid: Y} for state in Seen})
    back = SubMachine("back", N, {state: {Refunded: Y} for state in Seen})
    table = outcomes(paid_one, back, rows=[(Y, Y, Out.DONE), (Y, N, Out.OTHER), (N, ANY, Out.OPEN)])
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell", REFUNDS, ("payment_id", "amount"))})
    wants = wanted(back, rows=[(ANY, {tell: every(REFUNDS)})])
    return proc(table, paid_one, back, PAYMENTS, REFUNDS, NOTES, wants=[wants])


@case(A(), Configured("i", 7))
def may_repeat() -> Process:
    """Two reminders say the same, and are said to."""
    has = has_any(LIMITS)
    template: Commands = {Do.YES: CommandTemplate("Remind", LIMITS, ("limit",))}
    one = Effect("one", "mail", template)
    two = Effect("two", "mail", template, may_repeat=(one,))
    rows = [(Y, Y, {one: Do.YES, two: Do.YES}), (Y, N, {one: Do.YES}), (N, ANY, {})]
    return proc(one_outcome(has), has, HAS_A, LIMITS, wants=[wanted(has, HAS_A, rows=rows)])


@case(A(), B())
def one_command_without_fields_of_two() -> Process:
    """Two effects of one collaborator have commands of their own."""
    one = Effect("one", "mail", {Do.YES: CommandTemplate("WriteToCustomer")})
    two = Effect("two", "mail", {Do.YES: CommandTemplate("WriteToSeller")})
    wants = [wanted_in(HAS_A, one, YES=Do.YES), wanted_in(HAS_B, two, YES=Do.YES)]
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, wants=wants)


@case(Configured("i", 5, 60.0), A())
def seconds_that_are_known_before() -> Process:
    """The deadline has its seconds from the message that arms it."""
    deadline = Deadline("soon", Late, timedelta(minutes=5), override=(LIMITS, "seconds"))
    has = has_any(LIMITS)
    table = outcomes(
        has,
        HAS_A,
        HAS_LATE,
        rows=[(ANY, Y, ANY, Out.DONE), (Y, N, N, Out.OPEN), (Y, N, Y, Out.FAILED), (N, N, ANY, Out.OTHER)],
    )
    wants = wanted(table, rows=[(Out.OPEN, {deadline: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, has, HAS_A, HAS_LATE, LIMITS, wants=[wants], unsettled=[Out.OPEN])


@case(A(), B(), C())
def a_message_that_nobody_looks_at() -> Process:
    """A report is remembered, and no table looks at it."""
    return proc(outcomes(HAS_A, rows=[(Y, Out.DONE), (N, Out.OTHER)]), HAS_A, HAS_B, HAS_C)


@case(A(), B(), C(), D())
def a_lattice_of_two_chains() -> Process:
    """The highest of two ranks and the highest of two others, in one machine of nine states."""

    class Cell(Enum):
        X0Y0 = "x0y0"
        X0Y1 = "x0y1"
        X0Y2 = "x0y2"
        X1Y0 = "x1y0"
        X1Y1 = "x1y1"
        X1Y2 = "x1y2"
        X2Y0 = "x2y0"
        X2Y1 = "x2y1"
        X2Y2 = "x2y2"

    def at(x: int, y: int) -> Cell:
        return Cell[f"X{x}Y{y}"]

    moves: Moves = {
        at(x, y): {A: at(max(x, 1), y), B: at(2, y), C: at(x, max(y, 1)), D: at(x, 2)}
        for x in range(3)
        for y in range(3)
    }
    machine = SubMachine("cell", at(0, 0), moves)
    table = outcomes(machine, rows=[(Cell.X2Y2, Out.DONE), (all_but(Cell.X2Y2), Out.OTHER)])
    return proc(table, machine)


KEPT = Register("kept", Weighed, "parcel_id", most=3)


@case(weighed(1, 1.0), weighed(2, 2.0))
def a_bound_that_is_not_reached() -> Process:
    """A register of at most three parcels, each of which is loaded."""
    has = has_any(KEPT)
    load = Effect("load", "dock", {Do.YES: CommandTemplate("Load", KEPT, ("kilos",))})
    return proc(one_outcome(has), has, KEPT, wants=[wanted_in(has, load, YES=every(KEPT))])


@case(noted(1, "x"), A())
def notes_that_are_passed_on_twice() -> Process:
    """Every note goes to the desk, and once approved to the archive too."""
    desk = Effect("desk", "desk", {Do.YES: CommandTemplate("Read", NOTES, ("text",))})
    archive = Effect("archive", "archive", {Do.YES: CommandTemplate("Keep", NOTES, ("text",))})
    has = SubMachine("has", N, {state: {Noted: Y} for state in Seen})
    wants = [wanted(has, rows=[(ANY, {desk: every(NOTES)})]), wanted_in(HAS_A, archive, YES=every(NOTES))]
    return proc(one_outcome(has), has, HAS_A, NOTES, wants=wants)
