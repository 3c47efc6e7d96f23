"""Further pairs of versions: states, parts, effects and folds that were renamed, joined or rewritten."""

from dataclasses import replace
from enum import Enum
from typing import Any

from saga import (
    ANY,
    Announces,
    CommandTemplate,
    DerivedColumn,
    Effect,
    Entries,
    Fact,
    Process,
    Reducer,
    SubMachine,
    both,
    count,
    each,
    entries_where,
    has,
    outcomes,
    wanted,
)
from tests.adversary.kit import (
    Do,
    Out,
    Seen,
    by,
    granted,
    has_any,
    one_outcome,
    proc,
    seen,
    shown,
    upgrade,
    wanted_in,
    yes_no,
)
from tests.adversary.planted.ninth_messages import (
    CLAIMS,
    DECISIONS,
    OFFERS,
    PLEDGES,
    READINGS,
    VOTES,
    WITHDRAWALS,
    Approved,
    Cancelled,
    Checked,
    Confirmed,
    Pledged,
    Rejected,
    Signed,
    Withdrawn,
    booking,
    claim,
    decided,
    metered,
    offer,
    pledge,
    vote,
)

Pair = tuple[Process, Process]
Y, N = Seen.YES, Seen.NO
CANCELLED, CONFIRMED, SIGNED = seen(Cancelled), seen(Confirmed), seen(Signed)
APPROVED, REJECTED, CHECKED = seen(Approved), seen(Rejected), seen(Checked)


class Contract(Enum):
    """How far a contract is."""

    OLD = "draft"
    NEW = "signed"


class Agreement(Enum):
    """The same, with better names."""

    DRAFT = "draft"
    SIGNED = "signed"


class Paper(Enum):
    """The same, with another value."""

    DRAFT = "draft"
    SIGNED = "countersigned"


def contract(states: Any) -> Process:
    first, last = states
    machine = SubMachine("contract", first, {state: {Signed: last} for state in states})
    return proc(outcomes(machine, rows=[(first, Out.OPEN), (last, Out.DONE)]), machine, CHECKED)


@upgrade(Signed(), Checked(), is_harmful=False)
def states_with_better_names() -> Pair:
    """What is stored are the values, which stay."""
    return contract(Contract), contract(Agreement)


@upgrade(Signed(), Checked(), is_harmful=True)
def a_signature_that_is_a_countersignature() -> Pair:
    """The stored value is none of the new enum."""
    return contract(Contract), contract(Paper)


@upgrade(Approved(), Rejected(), is_harmful=True)
def a_first_answer_instead_of_both() -> Pair:
    """Two machines became one, which has seen nothing."""
    answer = SubMachine("answer", N, {state: {Approved: Y, Rejected: state} for state in Seen})
    rows = [(Y, ANY, Out.DONE), (N, ANY, Out.OPEN)]
    return (
        proc(outcomes(APPROVED, REJECTED, rows=rows), APPROVED, REJECTED),
        proc(by(answer, YES=Out.DONE, NO=Out.OPEN), answer),
    )


@upgrade(offer(1, 50), offer(2, 40), Checked(), is_harmful=False)
def an_expression_for_a_function() -> Pair:
    """The condition says what the function said."""
    column = DerivedColumn.of("judged", both(has(OFFERS), count(OFFERS, where=each("cents") <= 40) >= 1))
    first = DerivedColumn("judged", (OFFERS,), lambda offers: any(one["cents"] <= 40 for one in offers.values()))
    return proc(yes_no(first), OFFERS, CHECKED), proc(yes_no(column), OFFERS, CHECKED)


@upgrade(Approved(), Rejected(), is_harmful=False)
def a_process_that_begins_to_announce() -> Pair:
    """Each instance is announced after its next message."""
    process = proc(by(APPROVED, YES=Out.DONE, NO=Out.OPEN), APPROVED, REJECTED)
    types: dict[Enum, str] = {Out.DONE: "ClaimCovered", Out.OPEN: "ClaimOpened"}
    return process, replace(process, announces=Announces(types, final=frozenset({Out.DONE})))


@upgrade(pledge(1, 60), Withdrawn(withdrawal_id="w1", pledge_id="p1"), pledge(2, 5), is_harmful=True)
def withdrawals_that_were_only_counted() -> Pair:
    """Withdrawals were seen by a machine, and a register of them has only those from now on."""
    withdrawn = seen(Withdrawn)

    def standing(pledges: Entries, withdrawals: Entries) -> bool:
        gone = {one["pledge_id"] for one in withdrawals.values()}
        return any(key not in gone for key in pledges)

    column = DerivedColumn("standing", (PLEDGES, WITHDRAWALS), standing)
    old = DerivedColumn.of("standing", has(PLEDGES))
    rows = [(True, N, Out.DONE), (True, Y, Out.FAILED), (False, ANY, Out.OPEN)]
    return (
        proc(outcomes(old, withdrawn, rows=rows), PLEDGES, withdrawn),
        proc(yes_no(column), PLEDGES, WITHDRAWALS, withdrawn),
    )


def part(name: str) -> Process:
    machine = seen(Signed, name)
    return proc(outcomes(machine, name="part", rows=[(Y, Out.DONE), (N, Out.OPEN)]), machine)


def whole(child: Process) -> Process:
    rows = [(Out.DONE, Y, Out.DONE), (Out.OPEN, Y, Out.OTHER), (ANY, N, Out.OPEN)]
    return proc(outcomes(child.outcomes, CONFIRMED, rows=rows), CONFIRMED, children=(child,))


@upgrade(Signed(), Confirmed(), is_harmful=True)
def a_part_whose_machine_was_renamed() -> Pair:
    """The part forgot its signature."""
    return whole(part("signed")), whole(part("signature"))


@upgrade(Signed(), Confirmed(), is_harmful=False)
def a_part_that_became_the_whole() -> Pair:
    """What was a part of its own is a column of the whole, with the same machine."""
    signed = seen(Signed, "signed")
    rows = [(Y, Y, Out.DONE), (N, Y, Out.OTHER), (ANY, N, Out.OPEN)]
    return whole(part("signed")), proc(outcomes(signed, CONFIRMED, rows=rows), CONFIRMED, signed)


@upgrade(claim(1, 5), decided(1, "c1", 50), is_harmful=True)
def a_letter_that_is_called_otherwise() -> Pair:
    """Letters that were sent stay what they are, and are sent once more under the new name of the effect."""

    def letters(name: str) -> Process:
        send = Effect(name, "post", {Do.YES: CommandTemplate("Send", CLAIMS, ("cents",))})
        here = DerivedColumn.of("here", has(DECISIONS))
        table = wanted(here, rows=[(ANY, {send: entries_where(CLAIMS, each("cents") >= 1)})])
        return proc(yes_no(here), CLAIMS, DECISIONS, wants=[table])

    return letters("letter"), letters("notice")


@upgrade(Confirmed(), Cancelled(), is_harmful=True)
def a_booking_at_another_name_and_place() -> Pair:
    """What was booked is not given back any more, because the new version knows of another effect."""

    def rooms(effect: Effect) -> Process:
        rows = [(Y, N, {effect: Do.YES}), (Y, Y, {effect: Do.NO}), (N, ANY, {effect: Do.NO})]
        return proc(one_outcome(CONFIRMED), CONFIRMED, CANCELLED, wants=[wanted(CONFIRMED, CANCELLED, rows=rows)])

    return rooms(booking("room")), rooms(booking("suite"))


@upgrade(Confirmed(), Cancelled(), Checked(), is_harmful=False)
def a_cleaning_after_a_cancellation() -> Pair:
    """A new effect is wanted of old instances, too, with the next message."""
    room = booking()
    rows = [(Y, N, {room: Do.YES}), (Y, Y, {room: Do.NO}), (N, ANY, {room: Do.NO})]
    clean = Effect(
        "cleaning", "house", {Do.YES: CommandTemplate("Clean"), Do.NO: CommandTemplate("Skip")}, initially=Do.NO
    )
    wants = [wanted(CONFIRMED, CANCELLED, rows=rows)]
    old = proc(one_outcome(CONFIRMED), CONFIRMED, CANCELLED, CHECKED, wants=wants)
    cleaning = wanted(CANCELLED, rows=[(Y, {clean: Do.YES}), (N, {clean: Do.NO})])
    return old, replace(old, wanted=(*old.wanted, cleaning))


@upgrade(metered(1, 90, 1), metered(2, 10, 2), is_harmful=True)
def an_alarm_for_all_instead_of_each() -> Pair:
    """Alarms for each reading stay, and one for all is sent besides."""
    any_came = has_any(READINGS)
    hot = DerivedColumn("hot", (READINGS,), lambda held: any(one["value"] > 80 for one in held.values()))
    each_one = Effect("alarm", "field", {Do.YES: CommandTemplate("Inspect", READINGS, ("sensor",))})
    for_all = Effect("alarm", "field", {Do.YES: CommandTemplate("Inspect")})
    chosen_ones = entries_where(READINGS, each("value") > 80)
    return (
        proc(yes_no(hot), any_came, READINGS, wants=[wanted_in(any_came, each_one, YES=chosen_ones)]),
        proc(yes_no(hot), any_came, READINGS, wants=[wanted(hot, rows=[(True, {for_all: Do.YES}), (False, {})])]),
    )


def _backers(known: list[str], fact: Fact) -> list[str]:
    return sorted({*known, fact.fields["backer"]})


def _backers_in_capitals(known: list[str], fact: Fact) -> list[str]:
    return sorted({*(one.upper() for one in known), fact.fields["backer"].upper()})


@upgrade(pledge(1, 5, backer="Ada"), pledge(2, 5, backer="Bo"), is_harmful=False)
def backers_that_are_read_in_capitals() -> Pair:
    """The field makes capitals of what is stored, also of what was stored before."""

    def names(held: list[str]) -> list[str]:
        return sorted({one.upper() for one in held})

    backers = Reducer("backers", (Pledged,), [], _backers)
    return shown(backers), shown(backers, compute=names)


@upgrade(pledge(1, 5, backer="Ada"), is_harmful=True)
def backers_that_are_stored_in_capitals() -> Pair:
    """A repeat of an old message changes what is stored."""
    old, new = (Reducer("backers", (Pledged,), [], fold) for fold in (_backers, _backers_in_capitals))
    return shown(old), shown(new)


@upgrade(vote(1, "yes"), vote(2, "no"), is_harmful=True)
def a_veto_against_what_is_final() -> Pair:
    """What an aye granted for good, a veto takes back from now on."""
    return (
        granted(VOTES, judge=lambda votes: any(one["says"] == "yes" for one in votes.values())),
        granted(
            VOTES,
            judge=lambda votes: bool(votes) and all(one["says"] == "yes" for one in votes.values()),
        ),
    )
