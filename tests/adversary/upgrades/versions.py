"""Pairs of versions. Message classes are matched by their names, so some stand here twice under one name."""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Any

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    Effect,
    Process,
    Reducer,
    Register,
    SubMachine,
    all_but,
    every,
    outcomes,
    wanted,
)
from tests.adversary.kit import (
    PAYMENTS,
    A,
    B,
    Do,
    Late,
    Later,
    Moves,
    Out,
    Paid,
    Seen,
    armed_in,
    by,
    has_any,
    one_outcome,
    paid,
    proc,
    seen,
    shown,
    upgrade,
    wanted_in,
)

Y, N = Seen.YES, Seen.NO
HAS_A, HAS_B, HAS_LATE = seen(A), seen(B), seen(Late)
Pair = tuple[Process, Process]


class Ask(Enum):
    MADE = "made"
    VOID = "void"


def two_flags(one: SubMachine[Seen] = HAS_A, other: SubMachine[Seen] = HAS_B) -> Process:
    rows = [(Y, ANY, Out.DONE), (N, Y, Out.FAILED), (N, N, Out.OTHER)]
    return proc(outcomes(one, other, rows=rows), one, other)


@upgrade(A(), B(), is_harmful=False)
def nothing_changed() -> Pair:
    """Only the version."""
    return two_flags(), two_flags()


@upgrade(A(), B(), is_harmful=True)
def a_machine_renamed() -> Pair:
    """The machine has another name and starts empty."""
    return two_flags(), two_flags(seen(A, "first"))


class Renamed(Enum):
    NO = "no"
    CAME = "came"


@upgrade(A(), B(), is_harmful=True)
def a_state_renamed() -> Pair:
    """The word of a state that is stored means nothing any more."""
    machine = SubMachine("a", Renamed.NO, {state: {A: Renamed.CAME} for state in Renamed})
    return proc(by(HAS_A, YES=Out.DONE, NO=Out.OTHER), HAS_A), proc(by(machine, CAME=Out.DONE, NO=Out.OTHER), machine)


class SeenOtherwise(Enum):
    NOT_YET = "no"
    CAME = "yes"


@upgrade(A(), B(), is_harmful=False)
def only_the_python_names() -> Pair:
    """The members of the enum have other names, and the words that are stored are the same."""
    machine = SubMachine("a", SeenOtherwise.NOT_YET, {state: {A: SeenOtherwise.CAME} for state in SeenOtherwise})
    return proc(by(HAS_A, YES=Out.DONE, NO=Out.OTHER), HAS_A), proc(
        by(machine, CAME=Out.DONE, NOT_YET=Out.OTHER), machine
    )


class Three(Enum):
    NO = "no"
    YES = "yes"
    TWICE = "twice"


@upgrade(A(), B(), is_harmful=True)
def a_state_removed() -> Pair:
    """A state in which instances are is gone."""
    moves: Moves = {
        Three.NO: {A: Three.YES, B: Three.TWICE},
        Three.YES: {A: Three.YES, B: Three.TWICE},
        Three.TWICE: {A: Three.TWICE, B: Three.TWICE},
    }
    old = SubMachine("a", Three.NO, moves)
    new = SubMachine("a", N, {N: {A: Y, B: Y}, Y: {A: Y, B: Y}})
    return proc(by(old, NO=Out.OTHER, YES=Out.DONE, TWICE=Out.DONE), old), proc(
        by(new, NO=Out.OTHER, YES=Out.DONE), new
    )


@upgrade(A(), B(), is_harmful=True)
def two_words_swapped() -> Pair:
    """The words of two states changed places: every stored state is read as the other one."""

    class Swapped(Enum):
        NO = "yes"
        YES = "no"

    new = SubMachine("a", Swapped.NO, {state: {A: Swapped.YES} for state in Swapped})
    return (
        proc(outcomes(HAS_A, HAS_B, rows=[(Y, ANY, Out.DONE), (N, ANY, Out.OTHER)]), HAS_A, HAS_B),
        proc(outcomes(new, HAS_B, rows=[(Swapped.YES, ANY, Out.DONE), (Swapped.NO, ANY, Out.OTHER)]), new, HAS_B),
    )


@upgrade(A(), B(), is_harmful=False)
def a_new_message_class() -> Pair:
    """A further message with a machine of its own."""
    return proc(by(HAS_A, YES=Out.DONE, NO=Out.OTHER), HAS_A), two_flags()


@upgrade(A(), B(), is_harmful=True)
def a_new_machine_for_an_old_message() -> Pair:
    """A second machine consumes a message that was consumed before, and lacks what came before."""
    again = seen(A, "again")
    rows = [(Y, Y, Out.DONE), (N, ANY, Out.OTHER), (Y, N, Out.FAILED)]
    return proc(by(HAS_A, YES=Out.DONE, NO=Out.OTHER), HAS_A, HAS_B), proc(
        outcomes(HAS_A, again, rows=rows), HAS_A, again, HAS_B
    )


@upgrade(paid(1, 5), B(), is_harmful=True)
def a_new_register_for_an_old_message() -> Pair:
    """Payments were only noted before, and are now to be passed on."""
    has = has_any(PAYMENTS)
    give = Effect("give", "desk", {Do.YES: CommandTemplate("Give", PAYMENTS, ("amount",))})
    return proc(one_outcome(has), has, HAS_B), proc(
        one_outcome(has), has, HAS_B, PAYMENTS, wants=[wanted_in(has, give, YES=every(PAYMENTS))]
    )


def _total(payments: Any) -> int:
    return sum(one["amount"] for one in payments.values())


@upgrade(paid(1, 5), paid(2, 7), is_harmful=True)
def a_register_renamed() -> Pair:
    """The register has another name, and what was stored is not read."""
    return shown(PAYMENTS, compute=_total), shown(replace(PAYMENTS, name="money"), compute=_total)


@upgrade(paid(1, 5, "x"), paid(2, 7, "y"), is_harmful=True)
def another_key() -> Pair:
    """Entries are keyed by another field: a repeat of what is stored counts again."""
    return shown(PAYMENTS, compute=len), shown(replace(PAYMENTS, key="at"), compute=len)


def _twice(payments: Any) -> int:
    return 2 * _total(payments)


@upgrade(paid(1, 5), paid(2, 7), is_harmful=False)
def another_computation() -> Pair:
    """The figure is another one, and is sent with the next change."""
    return shown(PAYMENTS, compute=_total), shown(PAYMENTS, compute=_twice)


def asking(collaborator: str = "bank", name: str = "ask", kind: str = "Ask") -> Process:
    ask = Effect(
        name, collaborator, {Ask.MADE: CommandTemplate(kind), Ask.VOID: CommandTemplate("Void")}, initially=Ask.VOID
    )
    rows = [(Y, N, {ask: Ask.MADE}), (ANY, Y, {ask: Ask.VOID}), (N, N, {ask: Ask.VOID})]
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, wants=[wanted(HAS_A, HAS_B, rows=rows)])


@upgrade(A(), B(), is_harmful=True)
def an_effect_renamed() -> Pair:
    """What was asked for under the old name is never voided."""
    return asking(), asking(name="question")


@upgrade(A(), B(), is_harmful=True)
def another_collaborator() -> Pair:
    """What one collaborator was asked for is voided at another, which knows nothing of it."""
    return asking(), asking("house")


@upgrade(A(), B(), is_harmful=True)
def a_condition_renamed() -> Pair:
    """The word of a condition is another one, so what was made is made again."""

    class Other(Enum):
        DONE = "done"
        VOID = "void"

    def process(made: Enum, void: Enum) -> Process:
        ask = Effect(
            "ask",
            "bank",
            {made: CommandTemplate("Ask"), void: CommandTemplate("Void")},
            final=frozenset({made}),
            initially=void,
        )
        return proc(one_outcome(HAS_A), HAS_A, HAS_B, wants=[wanted(HAS_A, rows=[(Y, {ask: made}), (N, {ask: void})])])

    return process(Ask.MADE, Ask.VOID), process(Other.DONE, Other.VOID)


@upgrade(A(), B(), is_harmful=False)
def a_new_effect() -> Pair:
    """A further effect, which is commanded with the next change."""
    more = Effect("more", "desk", {Do.YES: CommandTemplate("More")})
    base = proc(by(HAS_A, YES=Out.DONE, NO=Out.OTHER), HAS_A, HAS_B)
    return base, proc(base.outcomes, HAS_A, HAS_B, wants=[wanted_in(HAS_A, more, YES=Do.YES)])


@upgrade(A(), B(), is_harmful=True)
def an_effect_removed() -> Pair:
    """What was made stays made, and no row voids it any more."""
    return asking(), proc(one_outcome(HAS_A), HAS_A, HAS_B)


@upgrade(A(), B(), is_harmful=True)
def final_and_no_longer_wanted() -> Pair:
    """The money was sent, which is final, and the new version wants it back."""

    def process(then: Do) -> Process:
        send = Effect(
            "send",
            "bank",
            {Do.YES: CommandTemplate("Send"), Do.NO: CommandTemplate("Refuse")},
            final=frozenset({Do.YES}),
        )
        rows = [(Y, {send: then}), (N, {})]
        return proc(one_outcome(HAS_A), HAS_A, HAS_B, wants=[wanted(HAS_A, rows=rows)])

    return process(Do.YES), process(Do.NO)


@upgrade(paid(1, 5), paid(2, 7), is_harmful=True)
def a_field_more_in_a_final_command() -> Pair:
    """The final command has a computed field more: what was sent for good is sent again."""

    def process(*computed: ComputedField) -> Process:
        has = has_any(PAYMENTS)
        send = Effect(
            "send",
            "bank",
            {Do.YES: CommandTemplate("Send", computed=computed)},
            final=frozenset({Do.YES}),
        )
        return proc(one_outcome(has), has, PAYMENTS, wants=[wanted_in(has, send, YES=Do.YES)])

    first = ComputedField("first", (PAYMENTS,), bool)
    return process(first), process(first, ComputedField("count", (PAYMENTS,), bool))


def waiting(deadline: Deadline, over: SubMachine[Seen]) -> Process:
    table = outcomes(
        HAS_A,
        HAS_B,
        over,
        rows=[(ANY, Y, ANY, Out.DONE), (Y, N, N, Out.OPEN), (Y, N, Y, Out.FAILED), (N, N, ANY, Out.OTHER)],
    )
    wants = wanted(table, rows=[(Out.OPEN, {deadline: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, HAS_A, HAS_B, over, wants=[wants], unsettled=[Out.OPEN])


SOON = Deadline("soon", Late, timedelta(minutes=5))


@upgrade(A(), B(), is_harmful=False)
def another_delay() -> Pair:
    """The deadline has another delay, and what runs keeps its time."""
    return waiting(SOON, HAS_LATE), waiting(Deadline("soon", Late, timedelta(minutes=9)), HAS_LATE)


@upgrade(A(), B(), is_harmful=True)
def a_deadline_of_another_message() -> Pair:
    """The deadline emits another message now; the one that runs emits what nobody consumes, and the wait never ends."""
    return waiting(SOON, HAS_LATE), waiting(Deadline("soon", Later, timedelta(minutes=5)), seen(Later))


@upgrade(A(), B(), is_harmful=True)
def a_wait_without_a_deadline() -> Pair:
    """What was settled waits now for a deadline, and nobody arms it for instances that are there already."""
    table = outcomes(HAS_A, HAS_LATE, rows=[(Y, ANY, Out.DONE), (N, ANY, Out.OTHER)])
    old = proc(table, HAS_A, HAS_LATE)
    rows = [(Y, N, Out.OPEN), (Y, Y, Out.FAILED), (N, ANY, Out.OTHER)]
    new_table = outcomes(HAS_A, HAS_LATE, rows=rows)
    return old, proc(new_table, HAS_A, HAS_LATE, wants=[armed_in(HAS_A, Y, SOON)], unsettled=[Out.OPEN])


@upgrade(A(), B(), is_harmful=False)
def another_outcome_of_a_cell() -> Pair:
    """A combination has another outcome, which is looked up anew."""
    rows = [(Y, ANY, Out.DONE), (N, Y, Out.OTHER), (N, N, Out.OTHER)]
    return two_flags(), proc(outcomes(HAS_A, HAS_B, rows=rows), HAS_A, HAS_B)


def versioned(optional: bool, required: bool) -> type:
    """The message class `Paid` of another version."""

    @dataclass(frozen=True)
    class Plain:
        id: str
        payment_id: str
        amount: int
        at: str = ""

    @dataclass(frozen=True)
    class Optional:
        id: str
        payment_id: str
        amount: int
        at: str = ""
        note: str | None = None

    @dataclass(frozen=True)
    class Required:
        id: str
        payment_id: str
        amount: int
        note: str
        at: str = ""

    made = Required if required else Optional if optional else Plain
    made.__name__ = made.__qualname__ = "Paid"
    return made


def summed(kind: type, compute: Any) -> Process:
    return shown(Register("payments", kind, "payment_id"), compute=compute)


@upgrade(paid(1, 5), paid(2, 7), is_harmful=False)
def an_optional_field_added() -> Pair:
    """An optional field with a constant default, which the figure does not read."""
    return summed(versioned(optional=False, required=False), _total), summed(
        versioned(optional=True, required=False), _total
    )


def _noted(payments: Any) -> int:
    return sum(len(one["note"]) for one in payments.values())


@upgrade(paid(1, 5), paid(2, 7), is_harmful=True)
def a_required_field_read() -> Pair:
    """A function reads a field that stored entries do not have."""
    return summed(versioned(optional=False, required=False), _total), summed(
        versioned(optional=False, required=True), _noted
    )


@upgrade(paid(1, 5), paid(2, 7), is_harmful=True)
def a_reducer_of_another_form() -> Pair:
    """The reducer held a number, and is a list now."""

    def count(known: list[str], fact: Any) -> list[str]:
        return sorted({*known, fact.fields["payment_id"]})

    def greatest(known: int, fact: Any) -> int:
        return max(known, int(fact.fields["amount"]))

    return shown(Reducer("held", (Paid,), 0, greatest)), shown(Reducer("held", (Paid,), [], count))
