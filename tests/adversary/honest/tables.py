"""Tables without any function of their own that converge."""

from datetime import timedelta
from enum import Enum
from itertools import chain, combinations
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
    all_but_least,
    every,
    one_of,
    outcomes,
    wanted,
)
from tests.adversary.kit import (
    LIMITS,
    NOTES,
    PARCELS,
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
    Later,
    Moves,
    Noted,
    Out,
    Paid,
    Refunded,
    Seen,
    Weighed,
    by,
    case,
    has_any,
    noted,
    one_outcome,
    paid,
    proc,
    seen,
    wanted_in,
    weighed,
)

HAS_A, HAS_B, HAS_C, HAS_D, HAS_E, HAS_F = (seen(kind) for kind in (A, B, C, D, E, F))
HAS_LATE, HAS_LATER = seen(Late), seen(Later)
SOON = Deadline("soon", Late, timedelta(minutes=5))
AFTERWARDS = Deadline("afterwards", Later, timedelta(hours=5))
Y, N = Seen.YES, Seen.NO


class Ask(Enum):
    MADE = "made"
    VOID = "void"


ASKED: Commands = {Ask.MADE: CommandTemplate("Ask"), Ask.VOID: CommandTemplate("Void")}


@case(A(), B())
def two_flags() -> Process:
    """Two reports, and an outcome for each combination."""
    rows = [(Y, ANY, Out.DONE), (N, Y, Out.FAILED), (N, N, Out.OTHER)]
    return proc(outcomes(HAS_A, HAS_B, rows=rows), HAS_A, HAS_B)


class Rank(Enum):
    NONE = "none"
    LOW = "low"
    MIDDLE = "middle"
    HIGH = "high"


def ranked(name: str, low: type, middle: type, high: type) -> SubMachine[Rank]:
    """The highest rank that was reported."""
    order = list(Rank)
    of = {low: Rank.LOW, middle: Rank.MIDDLE, high: Rank.HIGH}
    moves: Moves = {held: {kind: max(held, new, key=order.index) for kind, new in of.items()} for held in Rank}
    return SubMachine(name, Rank.NONE, moves)


@case(A(), B(), C())
def the_highest_rank() -> Process:
    """A machine that keeps the highest of three ranks."""
    machine = ranked("rank", A, B, C)
    return proc(by(machine, NONE=Out.OPEN, LOW=Out.OTHER, MIDDLE=Out.FAILED, HIGH=Out.DONE), machine)


class Both(Enum):
    NONE = "none"
    A = "a"
    B = "b"
    AB = "ab"


def all_pairs() -> SubMachine[Both]:
    """A state for each subset of two reports."""
    moves: Moves = {
        Both.NONE: {A: Both.A, B: Both.B},
        Both.A: {A: Both.A, B: Both.AB},
        Both.B: {A: Both.AB, B: Both.B},
        Both.AB: {A: Both.AB, B: Both.AB},
    }
    return SubMachine("both", Both.NONE, moves)


@case(A(), B())
def a_diamond() -> Process:
    """One machine with a state for each subset of two reports."""
    machine = all_pairs()
    return proc(by(machine, NONE=Out.OPEN, A=Out.OTHER, B=Out.OTHER, AB=Out.DONE), machine)


KINDS = (A, B, C, D)
SUBSETS = [frozenset(one) for one in chain.from_iterable(combinations(KINDS, size) for size in range(5))]
WORDS = {one: "_".join(["S", *sorted(kind.__name__ for kind in one)]) for one in SUBSETS}
Set4 = Enum("Set4", {word: word.lower() for word in WORDS.values()})  # type: ignore[misc]


def subset_machine() -> SubMachine[Any]:
    """A state for each subset of four reports."""
    moves: Moves = {Set4[WORDS[held]]: {kind: Set4[WORDS[held | {kind}]] for kind in KINDS} for held in SUBSETS}
    return SubMachine("subset", Set4[WORDS[frozenset()]], moves)


@case(A(), B(), C(), D())
def all_subsets_of_four() -> Process:
    """A machine of sixteen states, and an effect in half of them."""
    machine = subset_machine()
    ask = Effect("ask", "bank", ASKED, initially=Ask.VOID)
    rows = [(Set4[word], {ask: Ask.MADE if A in held and B not in held else Ask.VOID}) for held, word in WORDS.items()]
    return proc(one_outcome(machine), machine, wants=[wanted(machine, rows=rows)])


@case(A(), B(), C())
def shared_messages() -> Process:
    """Two machines consume the same message, and each keeps a highest rank of its own."""
    one, other = ranked("one", A, B, C), ranked("other", C, B, A)
    table = outcomes(
        one,
        other,
        rows=[
            (Rank.HIGH, Rank.HIGH, Out.DONE),
            (all_but(Rank.HIGH), ANY, Out.OTHER),
            (Rank.HIGH, all_but(Rank.HIGH), Out.OTHER),
        ],
    )
    return proc(table, one, other)


@case(A(), B())
def made_and_voided() -> Process:
    """Every row names the request, and its beginning is named."""
    ask = Effect("ask", "bank", ASKED, initially=Ask.VOID)
    rows = [(Y, N, {ask: Ask.MADE}), (ANY, Y, {ask: Ask.VOID}), (N, N, {ask: Ask.VOID})]
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, wants=[wanted(HAS_A, HAS_B, rows=rows)])


@case(A(), B())
def initially_left_out() -> Process:
    """A row leaves out the effect, but only where the condition before any command is wanted in every history."""
    ask = Effect("ask", "bank", ASKED, initially=Ask.VOID)
    rows = [(Y, ANY, {ask: Ask.MADE}), (N, ANY, {})]
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, wants=[wanted(HAS_A, HAS_B, rows=rows)])


@case(A(), B())
def initially_made() -> Process:
    """The request stands from the beginning, and the row before the end leaves it out."""
    ask = Effect("ask", "bank", ASKED, initially=Ask.MADE)
    rows = [(Y, N, {ask: Ask.MADE}), (N, N, {}), (ANY, Y, {ask: Ask.VOID})]
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, wants=[wanted(HAS_A, HAS_B, rows=rows)])


@case(A(), B(), C())
def left_out_and_unreachable() -> Process:
    """The row that leaves the effect out is that of a combination which no history leaves or reaches from another."""
    both = all_pairs()
    ask = Effect("ask", "bank", ASKED)
    rows = [(Both.NONE, {}), (one_of(Both.A, Both.B, Both.AB), {ask: Ask.MADE})]
    return proc(one_outcome(both), both, HAS_C, wants=[wanted(both, rows=rows)])


@case(A(), Configured("i", 7))
def waits_for_the_entry() -> Process:
    """The command carries a field, and is wanted only once the entry is there."""
    has = has_any(LIMITS)
    ask = Effect("ask", "bank", {Do.YES: CommandTemplate("Ask", LIMITS, ("limit",))})
    rows = [(Y, Y, {ask: Do.YES}), (N, ANY, {}), (Y, N, {})]
    return proc(one_outcome(has), has, HAS_A, LIMITS, wants=[wanted(HAS_A, has, rows=rows)])


@case(A(), paid(1, 10), paid(2, 20))
def refunds_after_the_end() -> Process:
    """Every payment is refunded once the order was cancelled, whenever it comes."""
    commands: Commands = {Do.YES: CommandTemplate("Refund", PAYMENTS, ("amount",))}
    refund = Effect("refund", "bank", commands, final=frozenset({Do.YES}))
    return proc(one_outcome(HAS_A), HAS_A, PAYMENTS, wants=[wanted_in(HAS_A, refund, YES=every(PAYMENTS))])


@case(paid(1, 10), paid(2, 20), paid(3, 10))
def all_but_the_least_are_refunded() -> Process:
    """One payment is kept: the least by amount, and of equals by its id."""
    refund = Effect(
        "refund", "bank", {Do.YES: CommandTemplate("Refund", PAYMENTS, ("amount",))}, final=frozenset({Do.YES})
    )
    has = has_any(PAYMENTS)
    chosen = all_but_least(PAYMENTS, by=("amount", "payment_id"))
    return proc(one_outcome(has), has, PAYMENTS, wants=[wanted_in(has, refund, YES=chosen)])


@case(paid(1, 10, "2030-01-02"), paid(2, 20, "2030-01-01"), paid(3, 10, "2030-01-01"))
def the_earliest_is_kept() -> Process:
    """Of several payments the earliest is kept; the key decides between equal times."""
    refund = Effect("refund", "bank", {Do.YES: CommandTemplate("Refund", PAYMENTS, ("amount", "at"))})
    has = has_any(PAYMENTS)
    return proc(
        one_outcome(has), has, PAYMENTS, wants=[wanted_in(has, refund, YES=all_but_least(PAYMENTS, by=("at",)))]
    )


@case(A(), paid(1, 10), paid(2, 5))
def kept_one_or_none() -> Process:
    """Open: all but the least go back; cancelled: every one does."""
    refund = Effect("refund", "bank", {Do.YES: CommandTemplate("Refund", PAYMENTS, ("amount",))})
    least = all_but_least(PAYMENTS, by=("amount", "payment_id"))
    table = wanted(HAS_A, rows=[(N, {refund: least}), (Y, {refund: every(PAYMENTS)})])
    return proc(one_outcome(HAS_A), HAS_A, PAYMENTS, wants=[table])


@case(A(), paid(1, 10), paid(2, 5))
def held_or_released() -> Process:
    """Every payment is held, and every one released after the report."""
    hold = Effect(
        "hold",
        "bank",
        {
            Ask.MADE: CommandTemplate("Hold", PAYMENTS, ("payment_id",)),
            Ask.VOID: CommandTemplate("Release", PAYMENTS, ("payment_id",)),
        },
    )
    table = wanted(HAS_A, rows=[(N, {hold: every(PAYMENTS, Ask.MADE)}), (Y, {hold: every(PAYMENTS, Ask.VOID)})])
    return proc(one_outcome(HAS_A), HAS_A, PAYMENTS, wants=[table])


@case(A(), B(), C())
def final_when_it_is_certain() -> Process:
    """The parcel leaves when it is paid and packed, and nothing later looks at it."""
    send = Effect("parcel", "carrier", {Do.YES: CommandTemplate("Send")}, final=frozenset({Do.YES}))
    rows = [(Y, Y, {send: Do.YES}), (N, ANY, {}), (Y, N, {})]
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, HAS_C, wants=[wanted(HAS_A, HAS_B, rows=rows)])


@case(A(), B(), C())
def shipped_outranks_cancelled() -> Process:
    """The parcel is stopped by a cancellation, unless the carrier has reported that it left."""
    parcel = Effect("parcel", "carrier", ASKED, final=frozenset({Ask.MADE}), decided_by=C, initially=Ask.VOID)
    rows = [
        (Y, N, N, {parcel: Ask.MADE}),
        (N, ANY, N, {parcel: Ask.VOID}),
        (Y, Y, N, {parcel: Ask.VOID}),
        (ANY, ANY, Y, {parcel: Ask.MADE}),
    ]
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, HAS_C, wants=[wanted(HAS_A, HAS_B, HAS_C, rows=rows)])


@case(paid(1, 10), noted(1, "x"), weighed(1, 2.0))
def three_registers() -> Process:
    """Each entry of three registers is passed on, to two collaborators."""
    to_bank = Effect("book", "bank", {Do.YES: CommandTemplate("Book", PAYMENTS, ("amount",))})
    to_desk = Effect("file", "desk", {Do.YES: CommandTemplate("File", NOTES, ("text",))})
    to_dock = Effect("load", "desk", {Do.YES: CommandTemplate("Load", PARCELS, ("kilos",))})
    has = has_any(PAYMENTS, NOTES, PARCELS)
    rows = [(ANY, {to_bank: every(PAYMENTS), to_desk: every(NOTES), to_dock: every(PARCELS)})]
    return proc(one_outcome(has), has, PAYMENTS, NOTES, PARCELS, wants=[wanted(has, rows=rows)])


@case(A(), B())
def a_deadline_that_only_expires_open_ones() -> Process:
    """The deadline changes the open outcome alone."""
    table = outcomes(
        HAS_A,
        HAS_B,
        HAS_LATE,
        rows=[
            (ANY, Y, ANY, Out.DONE),
            (Y, N, N, Out.OPEN),
            (Y, N, Y, Out.FAILED),
            (N, N, ANY, Out.OTHER),
        ],
    )
    wants = wanted(table, rows=[(Out.OPEN, {SOON: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, HAS_A, HAS_B, HAS_LATE, wants=[wants], unsettled=[Out.OPEN])


@case(A(), B())
def two_deadlines_one_after_the_other() -> Process:
    """A reminder after the first deadline, an end after the second, and an answer that outranks both."""
    table = outcomes(
        HAS_A,
        HAS_B,
        HAS_LATE,
        HAS_LATER,
        rows=[
            (ANY, Y, ANY, ANY, Out.DONE),
            (N, N, ANY, ANY, Out.OTHER),
            (Y, N, ANY, N, Out.OPEN),
            (Y, N, ANY, Y, Out.FAILED),
        ],
    )
    remind = Effect(
        "remind", "mail", {Do.YES: CommandTemplate("Remind"), Do.NO: CommandTemplate("Forget")}, initially=Do.NO
    )
    wants = wanted(
        table,
        HAS_LATE,
        rows=[
            (Out.OPEN, N, {SOON: ARMED, AFTERWARDS: ARMED, remind: Do.NO}),
            (Out.OPEN, Y, {SOON: ARMED, AFTERWARDS: ARMED, remind: Do.YES}),
            (all_but(Out.OPEN), ANY, {remind: Do.NO}),
        ],
    )
    return proc(table, HAS_A, HAS_B, HAS_LATE, HAS_LATER, wants=[wants], unsettled=[Out.OPEN])


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
