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
    Out,
    Seen,
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
