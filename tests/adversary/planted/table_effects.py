"""Tables of effects without any function of their own, whose net effects depend on the order."""

from enum import Enum

from saga import (
    ANY,
    CommandTemplate,
    Effect,
    Process,
    Register,
    SubMachine,
    all_but_least,
    every,
    outcomes,
    wanted,
)
from tests.adversary.kit import (
    A,
    B,
    C,
    Commands,
    Configured,
    D,
    Do,
    E,
    Noted,
    Out,
    Paid,
    Refunded,
    Seen,
    case,
    one_outcome,
    proc,
    seen,
    wanted_in,
)

P1, P2, P3 = Paid("i", "p1", 10), Paid("i", "p2", 5), Paid("i", "p3", 7)
PAYMENTS = Register("payments", Paid, "payment_id")
HAS_A, HAS_B, HAS_C, HAS_D, HAS_E = (seen(kind) for kind in (A, B, C, D, E))


class Ask(Enum):
    MADE = "made"
    VOID = "void"


ASKED: Commands = {Ask.MADE: CommandTemplate("Ask"), Ask.VOID: CommandTemplate("Void")}


def pair_table(rows: list[tuple[Enum, Enum, Out]]) -> Process:
    """A and B with an outcome for each combination."""
    return proc(outcomes(HAS_A, HAS_B, rows=rows), HAS_A, HAS_B)


@case(A(), B())
def left_standing() -> Process:
    """The request is made while the order waits, and no row withdraws it."""
    ask = Effect("ask", "bank", {Ask.MADE: CommandTemplate("Ask")})
    table = wanted(
        HAS_A,
        HAS_B,
        rows=[(Seen.YES, Seen.NO, {ask: Ask.MADE}), (Seen.NO, ANY, {}), (Seen.YES, Seen.YES, {})],
    )
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, wants=[table])


@case(A(), B(), C(), D(), E())
def left_standing_among_five() -> Process:
    """One cell of 32 leaves the effect out."""
    ask = Effect("ask", "bank", ASKED, initially=Ask.VOID)
    columns = (HAS_A, HAS_B, HAS_C, HAS_D, HAS_E)
    cells: list[tuple[object, ...]] = []
    for number in range(32):
        states = [Seen.YES if number >> bit & 1 else Seen.NO for bit in range(5)]
        cells.append((*states, {} if number == 0b11101 else {ask: Ask.MADE if number & 1 else Ask.VOID}))
    table = wanted(*columns, rows=cells)
    return proc(one_outcome(HAS_A), *columns, wants=[table])


@case(A(), B(), C(), D())
def left_standing_after_four() -> Process:
    """Asked with the first three, forgotten with all four, and never asked without the first."""
    ask = Effect("ask", "bank", ASKED, initially=Ask.VOID)
    columns = (HAS_A, HAS_B, HAS_C, HAS_D)
    rows: list[tuple[object, ...]] = [
        (Seen.YES, Seen.YES, Seen.YES, Seen.NO, {ask: Ask.MADE}),
        (Seen.YES, Seen.YES, Seen.YES, Seen.YES, {}),
        (Seen.NO, ANY, ANY, ANY, {ask: Ask.VOID}),
        (Seen.YES, Seen.NO, ANY, ANY, {ask: Ask.VOID}),
        (Seen.YES, Seen.YES, Seen.NO, ANY, {ask: Ask.VOID}),
    ]
    return proc(one_outcome(HAS_A), *columns, wants=[wanted(*columns, rows=rows)])


@case(A(), B())
def the_initial_trap() -> Process:
    """The initial condition is never commanded, so a row that leaves it out keeps what the other order commanded."""
    ask = Effect("ask", "bank", ASKED, initially=Ask.MADE)
    rows = [
        (Seen.YES, Seen.NO, {ask: Ask.MADE}),
        (Seen.NO, Seen.YES, {ask: Ask.VOID}),
        (Seen.YES, Seen.YES, {}),
        (Seen.NO, Seen.NO, {}),
    ]
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, wants=[wanted(HAS_A, HAS_B, rows=rows)])


@case(A(), B())
def voided_though_never_made() -> Process:
    """Without a named beginning, voiding what was never made is a command that the other order does not send."""
    ask = Effect("ask", "bank", ASKED)
    rows = [
        (Seen.NO, Seen.NO, {}),
        (Seen.YES, Seen.NO, {}),
        (Seen.NO, Seen.YES, {ask: Ask.VOID}),
        (Seen.YES, Seen.YES, {}),
    ]
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, wants=[wanted(HAS_A, HAS_B, rows=rows)])


@case(A(), B())
def final_and_called_back() -> Process:
    """The parcel leaves with the payment, and the cancellation calls it back."""
    ask = Effect("parcel", "carrier", ASKED, final=frozenset({Ask.MADE}))
    rows = [
        (Seen.YES, Seen.NO, {ask: Ask.MADE}),
        (ANY, Seen.YES, {ask: Ask.VOID}),
        (Seen.NO, Seen.NO, {}),
    ]
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, wants=[wanted(HAS_A, HAS_B, rows=rows)])


@case(A(), B(), C())
def stopped_after_it_was_decided() -> Process:
    """What has left is stopped all the same: the table looks at the cancellation and not at the report."""
    ask = Effect("parcel", "carrier", ASKED, final=frozenset({Ask.MADE}), decided_by=C)
    rows = [
        (Seen.YES, Seen.NO, {ask: Ask.MADE}),
        (ANY, Seen.YES, {ask: Ask.VOID}),
        (Seen.NO, Seen.NO, {}),
    ]
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, HAS_C, wants=[wanted(HAS_A, HAS_B, rows=rows)])


@case(A(), Configured("i", 7))
def a_field_before_its_entry() -> Process:
    """The command carries the limit, and is sent whether or not the limit is known."""
    limits = Register("limits", Configured, "id")
    ask = Effect("ask", "bank", {Do.YES: CommandTemplate("Ask", limits, ("limit",))})
    return proc(one_outcome(HAS_A), HAS_A, limits, wants=[wanted_in(HAS_A, ask, YES=Do.YES)])


@case(A(), P1, P2)
def refunds_until_closed() -> Process:
    """Payments are refunded while the case is open, and a payment that comes later is not."""
    refund = Effect("refund", "bank", {Do.YES: CommandTemplate("Refund", PAYMENTS, ("amount",))})
    return proc(one_outcome(HAS_A), HAS_A, PAYMENTS, wants=[wanted_in(HAS_A, refund, NO=every(PAYMENTS))])


@case(A(), B(), P1)
def held_then_forgotten() -> Process:
    """Payments are held with one message and released with the other, but with both nobody says."""
    hold = Effect(
        "hold",
        "bank",
        {
            Ask.MADE: CommandTemplate("Hold", PAYMENTS, ("payment_id",)),
            Ask.VOID: CommandTemplate("Release", PAYMENTS, ("payment_id",)),
        },
    )
    rows = [
        (Seen.NO, Seen.NO, {}),
        (Seen.YES, Seen.NO, {hold: every(PAYMENTS, Ask.MADE)}),
        (Seen.NO, Seen.YES, {hold: every(PAYMENTS, Ask.VOID)}),
        (Seen.YES, Seen.YES, {}),
    ]
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, PAYMENTS, wants=[wanted(HAS_A, HAS_B, rows=rows)])


@case(A(), P1)
def singly_and_for_each() -> Process:
    """One row wants the notice once, the other for each payment: what the first sent is never taken back."""
    notice = Effect("notice", "mail", {Do.YES: CommandTemplate("Notify")})
    table = wanted(HAS_A, rows=[(Seen.NO, {notice: Do.YES}), (Seen.YES, {notice: every(PAYMENTS)})])
    return proc(one_outcome(HAS_A), HAS_A, PAYMENTS, wants=[table])


@case(P1, P2)
def said_by_two() -> Process:
    """Two effects of one collaborator send the same command with the same fields."""
    template = CommandTemplate("Refund", PAYMENTS, ("payment_id", "amount"))
    one = Effect("refund", "bank", {Do.YES: template})
    other = Effect("giving-back", "bank", {Do.YES: template})
    has = SubMachine("has", Seen.NO, {state: {Paid: Seen.YES} for state in Seen})
    table = wanted(has, rows=[(ANY, {one: every(PAYMENTS), other: every(PAYMENTS)})])
    return proc(one_outcome(has), has, PAYMENTS, wants=[table])


@case(P1, Noted("i", "n1", "x"))
def two_registers_one_forgotten() -> Process:
    """Notes are passed on only as long as no payment is there, which is another register's business."""
    notes = Register("notes", Noted, "note_id")
    pass_on = Effect("pass-on", "desk", {Do.YES: CommandTemplate("PassOn", notes, ("text",))})
    paid = SubMachine("paid", Seen.NO, {state: {Paid: Seen.YES} for state in Seen})
    table = wanted_in(paid, pass_on, NO=every(notes))
    return proc(one_outcome(paid), paid, notes, PAYMENTS, wants=[table])


@case(A(), P1, P2, P3)
def all_but_the_least_while_open() -> Process:
    """Every payment but the least is refunded, but only those that came before the case was closed."""
    refund = Effect("refund", "bank", {Do.YES: CommandTemplate("Refund", PAYMENTS, ("amount",))})
    chosen = all_but_least(PAYMENTS, by=("amount", "payment_id"))
    return proc(one_outcome(HAS_A), HAS_A, PAYMENTS, wants=[wanted_in(HAS_A, refund, NO=chosen)])


@case(A(), P1, P2)
def one_selection_then_another() -> Process:
    """Open: every payment is refunded; closed: all but the least. The least one stays refunded in one order."""
    refund = Effect("refund", "bank", {Do.YES: CommandTemplate("Refund", PAYMENTS, ("amount",))})
    chosen = all_but_least(PAYMENTS, by=("amount", "payment_id"))
    table = wanted(HAS_A, rows=[(Seen.NO, {refund: every(PAYMENTS)}), (Seen.YES, {refund: chosen})])
    return proc(one_outcome(HAS_A), HAS_A, PAYMENTS, wants=[table])


@case(P1, P2, B())
def the_least_is_held_again() -> Process:
    """All but the least are released in one condition, and nothing says what the least one is in."""
    hold = Effect(
        "hold",
        "bank",
        {
            Ask.MADE: CommandTemplate("Hold", PAYMENTS, ("payment_id",)),
            Ask.VOID: CommandTemplate("Release", PAYMENTS, ("payment_id",)),
        },
    )

    class Many(Enum):
        NONE = "none"
        SOME = "some"

    many = SubMachine("many", Many.NONE, {state: {B: Many.SOME} for state in Many})
    chosen = all_but_least(PAYMENTS, by=("amount",), condition=Ask.VOID)
    table = wanted(many, rows=[(Many.NONE, {hold: every(PAYMENTS, Ask.MADE)}), (Many.SOME, {hold: chosen})])
    return proc(one_outcome(many), many, PAYMENTS, wants=[table])


@case(A(), B(), C())
def an_effect_in_a_nested_outcome() -> Process:
    """The wants look at a nested table, whose third value forgets the request."""
    ask = Effect("ask", "bank", {Ask.MADE: CommandTemplate("Ask")})
    inner = outcomes(
        HAS_A,
        HAS_B,
        name="inner",
        rows=[
            (Seen.NO, ANY, Out.OPEN),
            (Seen.YES, Seen.NO, Out.OTHER),
            (Seen.YES, Seen.YES, Out.DONE),
        ],
    )
    outer = outcomes(inner, HAS_C, rows=[(ANY, Seen.NO, Out.OTHER), (ANY, Seen.YES, Out.DONE)])
    return proc(outer, HAS_A, HAS_B, HAS_C, wants=[wanted_in(inner, ask, OTHER=Ask.MADE)])


@case(A(), B(), C())
def two_tables_and_two_collaborators() -> Process:
    """The bank's table is complete, the mail's forgets a row: the mail depends on the order."""
    ask = Effect("ask", "bank", ASKED, initially=Ask.VOID)
    mail = Effect("mail", "mail", {Do.YES: CommandTemplate("Write"), Do.NO: CommandTemplate("TakeBack")})
    bank = wanted(HAS_A, rows=[(Seen.YES, {ask: Ask.MADE}), (Seen.NO, {ask: Ask.VOID})])
    letters = wanted(
        HAS_B,
        HAS_C,
        rows=[
            (Seen.NO, Seen.NO, {}),
            (Seen.YES, Seen.NO, {mail: Do.YES}),
            (Seen.NO, Seen.YES, {mail: Do.NO}),
            (Seen.YES, Seen.YES, {}),
        ],
    )
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, HAS_C, wants=[bank, letters])


@case(P1, Refunded("i", "r1", "p1", 10))
def the_last_word_of_two_types() -> Process:
    """The machine keeps which of payment and refund came last, and the effect follows it."""

    class Last(Enum):
        NONE = "none"
        PAYMENT = "payment"
        REFUND = "refund"

    last = SubMachine("last", Last.NONE, {state: {Paid: Last.PAYMENT, Refunded: Last.REFUND} for state in Last})
    ask = Effect("account", "bank", ASKED)
    table = wanted(
        last,
        rows=[(Last.NONE, {}), (Last.PAYMENT, {ask: Ask.MADE}), (Last.REFUND, {ask: Ask.VOID})],
    )
    return proc(one_outcome(last), last, wants=[table])


@case(A(), B(), C(), D())
def an_outcome_that_forgets_one_of_two() -> Process:
    """Four reports, and of the two effects one is named in every row and the other in all but one."""
    ask = Effect("ask", "bank", ASKED, initially=Ask.VOID)
    mail = Effect(
        "mail", "mail", {Do.YES: CommandTemplate("Write"), Do.NO: CommandTemplate("TakeBack")}, initially=Do.NO
    )
    table = outcomes(
        HAS_A,
        HAS_B,
        HAS_C,
        HAS_D,
        rows=[
            (Seen.NO, ANY, ANY, ANY, Out.OPEN),
            (Seen.YES, Seen.NO, ANY, ANY, Out.OTHER),
            (Seen.YES, Seen.YES, Seen.NO, ANY, Out.OTHER),
            (Seen.YES, Seen.YES, Seen.YES, Seen.NO, Out.FAILED),
            (Seen.YES, Seen.YES, Seen.YES, Seen.YES, Out.DONE),
        ],
    )
    rows = [
        (Out.OPEN, {ask: Ask.VOID, mail: Do.NO}),
        (Out.OTHER, {ask: Ask.MADE, mail: Do.NO}),
        (Out.FAILED, {ask: Ask.VOID, mail: Do.YES}),
        (Out.DONE, {ask: Ask.MADE}),
    ]
    return proc(table, HAS_A, HAS_B, HAS_C, HAS_D, wants=[wanted(table, rows=rows)])
