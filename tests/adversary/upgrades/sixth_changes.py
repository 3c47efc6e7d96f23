"""Pairs of versions of shops, bookings and meters, half of which do harm to live instances."""

from dataclasses import replace
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
    Entries,
    Fact,
    Process,
    Reducer,
    SubMachine,
    all_but,
    every,
    outcomes,
    total,
    wanted,
)
from tests.adversary.kit import Commands, Do, Out, Seen, by, has_any, one_outcome, proc, seen, shown, upgrade, wanted_in
from tests.adversary.planted.sixth_helpers import (
    CHARGES,
    LINES,
    Approved,
    Cancelled,
    Charge,
    Confirmed,
    Expired,
    Ordered,
    Rejected,
    Reminded,
    charge,
    line,
)

Pair = tuple[Process, Process]
Y, N = Seen.YES, Seen.NO
ORDERED, CANCELLED, CONFIRMED, EXPIRED = seen(Ordered), seen(Cancelled), seen(Confirmed), seen(Expired)
APPROVED, REJECTED, REMINDED = seen(Approved), seen(Rejected), seen(Reminded)
ORDER = Ordered(id="i", total=900)
OK, NO_MORE = Approved(id="i"), Cancelled(id="i")


def ticket(*, name: str = "ticket", collaborator: str = "desk", kind: str = "Issue", is_final: bool = False) -> Effect:
    final = frozenset({Do.YES}) if is_final else frozenset()
    return Effect(
        name, collaborator, {Do.YES: CommandTemplate(kind), Do.NO: CommandTemplate("Void")}, final, initially=Do.NO
    )


def issuing(effect: Effect, *, cancels: bool = True) -> Process:
    """The ticket is wanted with approval, and voided by a cancellation if that counts."""
    rows = [(Y, N, {effect: Do.YES}), (Y, Y, {effect: Do.NO if cancels else Do.YES}), (N, ANY, {effect: Do.NO})]
    return proc(one_outcome(APPROVED), APPROVED, CANCELLED, wants=[wanted(APPROVED, CANCELLED, rows=rows)])


@upgrade(OK, NO_MORE, is_harmful=True)
def a_final_ticket_that_may_be_voided() -> Pair:
    """A ticket that was issued for good is voided by a cancellation from now on."""
    return issuing(ticket(is_final=True), cancels=False), issuing(ticket(is_final=True))


@upgrade(OK, NO_MORE, is_harmful=False)
def a_ticket_that_is_no_longer_voided() -> Pair:
    """A ticket that was never final stays issued, also after a cancellation."""
    return issuing(ticket()), issuing(ticket(), cancels=False)


@upgrade(OK, NO_MORE, is_harmful=True)
def another_desk() -> Pair:
    """Tickets are voided at another desk than the one that issued them."""
    return issuing(ticket()), issuing(ticket(collaborator="kiosk"))


@upgrade(OK, NO_MORE, is_harmful=True)
def another_name_of_the_ticket() -> Pair:
    """The effect is renamed, and the ticket of the old name is never voided."""
    return issuing(ticket()), issuing(ticket(name="pass"))


@upgrade(OK, NO_MORE, is_harmful=True)
def another_command_for_the_ticket() -> Pair:
    """What was issued as a ticket stays a ticket, while new instances get a pass."""
    return issuing(ticket(), cancels=False), issuing(ticket(kind="IssuePass"), cancels=False)


def judged_by(machine: SubMachine[Seen]) -> Process:
    return proc(by(machine, YES=Out.DONE, NO=Out.OTHER), machine, CANCELLED)


@upgrade(OK, NO_MORE, is_harmful=True)
def a_machine_that_was_renamed() -> Pair:
    """The machine has a clearer name, and forgot what it had seen."""
    return judged_by(APPROVED), judged_by(seen(Approved, "approval"))


@upgrade(OK, NO_MORE, is_harmful=False)
def another_outcome_for_a_cell() -> Pair:
    """A cancellation gives another outcome, which each instance gets with its next message."""
    rows = [(Y, N, Out.DONE), (N, ANY, Out.OTHER), (Y, Y, Out.FAILED)]
    return judged_by(APPROVED), proc(outcomes(APPROVED, CANCELLED, rows=rows), APPROVED, CANCELLED)


@upgrade(OK, NO_MORE, Rejected(id="i"), is_harmful=False)
def a_rejection_with_a_machine_of_its_own() -> Pair:
    """A new message class has a machine of its own and outranks the approval."""
    rows = [(ANY, Y, Out.FAILED), (Y, N, Out.DONE), (N, N, Out.OTHER)]
    table = outcomes(APPROVED, REJECTED, rows=rows)
    return judged_by(APPROVED), proc(table, APPROVED, REJECTED, CANCELLED)


@upgrade(OK, NO_MORE, is_harmful=True)
def a_cancellation_counted_from_now_on() -> Pair:
    """A second machine consumes the cancellation, which it lacks if it came before."""
    ended = seen(Cancelled, "ended")
    rows = [(Y, N, Out.DONE), (N, ANY, Out.OTHER), (Y, Y, Out.FAILED)]
    return judged_by(APPROVED), proc(outcomes(APPROVED, ended, rows=rows), APPROVED, CANCELLED, ended)


class Word(Enum):
    NO = "no"
    GRANTED = "granted"


@upgrade(OK, NO_MORE, is_harmful=True)
def another_word_for_a_state() -> Pair:
    """The state that says approved is stored under another word."""
    granted = SubMachine("approved", Word.NO, {state: {Approved: Word.GRANTED} for state in Word})
    return judged_by(APPROVED), proc(by(granted, GRANTED=Out.DONE, NO=Out.OTHER), granted, CANCELLED)


@upgrade(charge(1, 5), charge(2, 7), is_harmful=False)
def a_sum_as_an_expression() -> Pair:
    """The function of the sum became an expression that says the same."""
    has = has_any(CHARGES)

    def reporting(field: ComputedField) -> Process:
        tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell", computed=(field,))})
        return proc(one_outcome(has), has, CHARGES, wants=[wanted_in(has, tell, YES=Do.YES)])

    def in_all(charges: Entries) -> int:
        return sum(one["cents"] for one in charges.values())

    old = ComputedField("value", (CHARGES,), in_all)
    return reporting(old), reporting(ComputedField.of("value", total(CHARGES, "cents")))


@upgrade(charge(1, 5), charge(2, 5), is_harmful=True)
def charges_in_a_register_of_another_name() -> Pair:
    """The register is renamed, and the charges before are not in the sum."""
    renamed = replace(CHARGES, name="payments")
    return shown(CHARGES, compute=len), shown(renamed, compute=len)


@upgrade(line(1, "hat", 2), line(2, "hat", 3), is_harmful=True)
def lines_keyed_by_their_article() -> Pair:
    """Lines are keyed by the article from now on, and a repeat of an old one is a further entry."""
    return shown(LINES, compute=len), shown(replace(LINES, key="article"), compute=len)


@upgrade(*(charge(number, 5) for number in range(3)), is_harmful=False)
def a_higher_bound() -> Pair:
    """More charges may be stored than before."""
    return shown(CHARGES, compute=len), shown(replace(CHARGES, most=5_000), compute=len)


def waiting(deadline: Deadline, *, is_settled: bool = False) -> Process:
    rows = [(N, ANY, ANY, Out.OTHER), (Y, Y, ANY, Out.DONE), (Y, N, N, Out.OPEN), (Y, N, Y, Out.FAILED)]
    late = SubMachine("late", N, {state: {deadline.emits: Y} for state in Seen})
    table = outcomes(ORDERED, CONFIRMED, late, rows=rows)
    arming = wanted(table, rows=[(Out.OPEN, {deadline: ARMED}), (all_but(Out.OPEN), {})])
    unsettled = () if is_settled else (Out.OPEN,)
    return proc(table, ORDERED, CONFIRMED, late, wants=[arming], unsettled=unsettled)


TWO_HOURS = Deadline("term", Expired, timedelta(hours=2))


@upgrade(ORDER, Confirmed(id="i"), is_harmful=False)
def a_longer_wait() -> Pair:
    """The wait of new instances is longer, and a running deadline keeps its time."""
    return waiting(TWO_HOURS), waiting(Deadline("term", Expired, timedelta(hours=8)))


@upgrade(ORDER, Confirmed(id="i"), is_harmful=True)
def a_deadline_of_another_message() -> Pair:
    """What runs emits the old message, which nothing consumes any more."""
    return waiting(TWO_HOURS), waiting(Deadline("term", Reminded, timedelta(hours=2)))


@upgrade(ORDER, Confirmed(id="i"), is_harmful=True)
def an_open_order_that_is_no_longer_settled() -> Pair:
    """Open orders were settled without a deadline, and are to wait for one from now on."""
    rows = [(N, ANY, Out.OTHER), (Y, Y, Out.DONE), (Y, N, Out.OPEN)]
    table = outcomes(ORDERED, CONFIRMED, rows=rows)
    return proc(table, ORDERED, CONFIRMED), waiting(TWO_HOURS)


@upgrade(ORDER, Confirmed(id="i"), is_harmful=False)
def an_open_order_that_became_settled() -> Pair:
    """An open order may stay open, and its deadline runs as before."""
    return waiting(TWO_HOURS), waiting(TWO_HOURS, is_settled=True)


@upgrade(charge(1, 5), NO_MORE, is_harmful=True)
def one_receipt_instead_of_one_for_each() -> Pair:
    """A receipt for each charge became one for all, under the same name."""
    has = has_any(CHARGES)
    each = Effect("receipt", "mail", {Do.YES: CommandTemplate("Receipt", CHARGES, ("cents",))})
    figure = ComputedField.of("cents", total(CHARGES, "cents"))
    one = Effect("receipt", "mail", {Do.YES: CommandTemplate("Receipt", computed=(figure,))})
    return (
        proc(one_outcome(has), has, CANCELLED, CHARGES, wants=[wanted_in(has, each, YES=every(CHARGES))]),
        proc(one_outcome(has), has, CANCELLED, CHARGES, wants=[wanted_in(has, one, YES=Do.YES)]),
    )


@upgrade(charge(1, 5), charge(2, 7), NO_MORE, is_harmful=False)
def a_further_effect_with_a_name_of_its_own() -> Pair:
    """A receipt for all charges is added, and is sent with the next message."""
    has = has_any(CHARGES)
    each = Effect("receipt", "mail", {Do.YES: CommandTemplate("Receipt", CHARGES, ("cents",))})
    figure = ComputedField.of("sum", total(CHARGES, "cents"))
    whole = Effect("statement", "mail", {Do.YES: CommandTemplate("State", computed=(figure,))})
    rows = [(Y, {each: every(CHARGES), whole: Do.YES}), (N, {})]
    return (
        proc(one_outcome(has), has, CANCELLED, CHARGES, wants=[wanted_in(has, each, YES=every(CHARGES))]),
        proc(one_outcome(has), has, CANCELLED, CHARGES, wants=[wanted(has, rows=rows)]),
    )


def sums(known: dict[str, int], fact: Fact) -> dict[str, int]:
    key, cents = fact.fields["charge_id"], fact.fields["cents"]
    return {**known, key: max(cents, known.get(key, 0))}


def counts(known: dict[str, int], fact: Fact) -> dict[str, int]:
    return {**known, fact.fields["charge_id"]: 1}


@upgrade(charge(1, 5), charge(2, 7), is_harmful=True)
def a_reducer_that_means_something_else() -> Pair:
    """The reducer held cents and holds pieces from now on, under the same name."""
    return shown(Reducer("books", (Charge,), {}, sums)), shown(Reducer("books", (Charge,), {}, counts))


def rebuilt(known: dict[str, int], fact: Fact) -> dict[str, int]:
    key, cents = fact.fields["charge_id"], fact.fields["cents"]
    return known if known.get(key, -1) >= cents else dict(sorted([*known.items(), (key, cents)]))


@upgrade(charge(1, 5), charge(2, 7), is_harmful=False)
def a_reducer_written_otherwise() -> Pair:
    """The reducer is written in another way and holds the same."""
    return shown(Reducer("books", (Charge,), {}, sums)), shown(Reducer("books", (Charge,), {}, rebuilt))


@upgrade(OK, NO_MORE, is_harmful=False)
def members_in_another_order() -> Pair:
    """Only the order of rows and machines is another one."""
    rows = [(Y, N, Out.DONE), (N, ANY, Out.OTHER), (Y, Y, Out.FAILED)]
    table = outcomes(APPROVED, CANCELLED, rows=rows)
    turned = outcomes(CANCELLED, APPROVED, rows=[(Y, Y, Out.FAILED), (ANY, N, Out.OTHER), (N, Y, Out.DONE)])
    return proc(table, APPROVED, CANCELLED), proc(turned, CANCELLED, APPROVED)


@upgrade(charge(1, 600), charge(2, 200), NO_MORE, is_harmful=True)
def a_final_gift_at_a_higher_sum() -> Pair:
    """The gift was promised for good at 500, and is taken back below 1,000 from now on."""

    def giving(least: int) -> Process:
        column = DerivedColumn.of("enough", total(CHARGES, "cents") >= least)
        commands: Commands = {Do.YES: CommandTemplate("Give"), Do.NO: CommandTemplate("TakeBack")}
        gift = Effect("gift", "shop", commands, final=frozenset({Do.YES}), initially=Do.NO)
        rows = [(True, {gift: Do.YES}), (False, {gift: Do.NO})]
        return proc(outcomes(column, rule=lambda _: Out.DONE), CHARGES, CANCELLED, wants=[wanted(column, rows=rows)])

    return giving(500), giving(1_000)
