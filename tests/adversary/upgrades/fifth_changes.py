"""Pairs of versions whose difference is small: in half of them an engineer could overlook the harm."""

from dataclasses import make_dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Any

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
    Register,
    SubMachine,
    all_but,
    count,
    every,
    has,
    outcomes,
    total,
    wanted,
)
from tests.adversary.honest.fifth_helpers import (
    DOSES,
    SIGHTINGS,
    Booked,
    Dose,
    N,
    Sighted,
    Y,
    for_good,
    on_in,
    once_in,
    switch,
    whole,
)
from tests.adversary.kit import (
    A,
    B,
    C,
    Do,
    Late,
    Later,
    Moves,
    Out,
    by,
    judged,
    one_outcome,
    proc,
    seen,
    shown,
    upgrade,
    yes_no,
)

Two = tuple[Process, Process]
SEEN_A, SEEN_B = seen(A), seen(B)


def prize(number: int, at_least: int) -> Process:
    """A prize for good when enough was given."""
    enough = DerivedColumn.of("enough", total(DOSES, "milligrams") >= number)
    many = DerivedColumn.of("many", count(DOSES) >= at_least)
    table = wanted(enough, many, rows=[(True, True, {PRIZE: Do.YES}), (False, ANY, {}), (True, False, {})])
    return proc(one_outcome(many), DOSES, SEEN_A, wants=[table])


PRIZE = for_good("prize", "club")
GIVEN = (Dose("i", "d1", 60, 8), Dose("i", "d2", 60, 9), Dose("i", "d3", 5, 9))


@upgrade(*GIVEN, A(), is_harmful=True)
def a_prize_needs_one_dose_more() -> Two:
    """The number that a prize needs is raised, and those who have it are no longer meant to."""
    return prize(100, 2), prize(100, 3)


@upgrade(*GIVEN, A(), is_harmful=False)
def a_prize_needs_less() -> Two:
    """The total that a prize needs is lowered, so that who has it keeps it."""
    return prize(100, 2), prize(50, 2)


def waiting(emits: type, hours: int) -> Process:
    """Open until A comes, and failed by a deadline."""
    late = seen(emits, "late")
    day = Deadline("day", emits, timedelta(hours=hours))
    table = outcomes(SEEN_A, late, rows=[(Y, ANY, Out.DONE), (N, N, Out.OPEN), (N, Y, Out.FAILED)])
    wait = wanted(table, rows=[(Out.OPEN, {day: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, SEEN_A, SEEN_B, late, wants=[wait], unsettled=[Out.OPEN])


@upgrade(A(), B(), Late("i"), is_harmful=True)
def the_same_deadline_says_something_else() -> Two:
    """The deadline has the same name and another message, and the old message, which is under way, is no input."""
    return waiting(Late, 24), waiting(Later, 24)


@upgrade(A(), B(), Late("i"), is_harmful=False)
def a_shorter_deadline() -> Two:
    """The delay is shorter; what runs already keeps its time."""
    return waiting(Late, 24), waiting(Late, 12)


def reported(*kinds: type) -> Process:
    """A machine that remembers whether any of these came, beside a register."""
    any_report = SubMachine("reported", N, {state: dict.fromkeys(kinds, Y) for state in (N, Y)})
    any_dose = seen(Dose)
    return proc(by(any_report, NO=Out.OTHER, YES=Out.DONE), any_report, any_dose, SEEN_B, DOSES)


@upgrade(A(), B(), Dose("i", "d1", 1, 1), is_harmful=True)
def a_dose_is_a_report_too() -> Two:
    """A machine gets a further class, of which messages came before, so that a live instance has missed them."""
    return reported(A), reported(A, Dose)


NEWS = make_dataclass("NewsCame", [("id", str)], frozen=True)


@upgrade(A(), B(), NEWS("i"), is_harmful=False)
def news_are_a_report_too() -> Two:
    """A machine gets a further class that nobody sent before."""
    return reported(A), reported(A, NEWS)


def accounts(key: str) -> Process:
    """How many entries there are."""
    ledger = Register("ledger", Booked, key)
    return proc(yes_no(DerivedColumn.of("two", count(ledger) >= 2)), ledger, SEEN_A)


@upgrade(Booked("i", "b1", "cash", 5), Booked("i", "b2", "bank", 5), A(), is_harmful=True)
def a_ledger_by_account() -> Two:
    """Entries are kept by account, and a repeat of an old one is a further entry."""
    return accounts("entry_id"), accounts("account")


@upgrade(Booked("i", "b1", "cash", 5), Booked("i", "b2", "bank", 5), A(), is_harmful=False)
def a_smaller_ledger() -> Two:
    """The register may hold less, which is still far more than there is, and the outcome is computed otherwise."""
    ledger = Register("ledger", Booked, "entry_id", most=500)
    counted = DerivedColumn("two", (ledger,), lambda held: len(held) > 1)
    return accounts("entry_id"), proc(yes_no(counted), ledger, SEEN_A)


def thanked(how: Any) -> Process:
    """Thanks for doses, in whatever number."""
    thanks = Effect("thanks", "post", {Do.YES: CommandTemplate("Thank")})
    some = DerivedColumn.of("some", has(DOSES))
    return proc(one_outcome(some), DOSES, wants=[wanted(some, rows=[(True, {thanks: how}), (False, {})])])


@upgrade(*GIVEN, is_harmful=True)
def thanks_for_each_dose() -> Two:
    """The thanks that were sent once are sent for each dose, under the same name."""
    return thanked(Do.YES), thanked(every(DOSES))


def _names(known: list[str], fact: Fact) -> list[str]:
    return sorted({*known, fact.fields["species"]})


def _pairs(known: list[list[Any]], fact: Fact) -> list[list[Any]]:
    new = [fact.fields["species"], fact.fields["sighting_id"]]
    return known if new in known else [*known, new]


def _species(known: list[Any]) -> list[str]:
    return sorted({one[0] for one in known})


OWLS = (Sighted("i", "s1", "owl", 1), Sighted("i", "s2", "elk", 2), Sighted("i", "s3", "owl", 3))


@upgrade(*OWLS, is_harmful=True)
def a_list_of_pairs_instead_of_names() -> Two:
    """A fold keeps pairs in the list in which it kept names, of which the first letter is taken for the name."""
    return (
        shown(Reducer("species", (Sighted,), [], _names)),
        shown(Reducer("species", (Sighted,), [], _pairs), compute=_species),
    )


def _names_by_insertion(known: list[str], fact: Fact) -> list[str]:
    name = fact.fields["species"]
    if name in known:
        return known
    place = sum(one < name for one in known)
    return [*known[:place], name, *known[place:]]


@upgrade(*OWLS, is_harmful=False)
def a_fold_that_inserts() -> Two:
    """The same sorted list, made in another way."""
    return (
        shown(Reducer("species", (Sighted,), [], _names)),
        shown(Reducer("species", (Sighted,), [], _names_by_insertion)),
    )


class Lock(Enum):
    """What the first version stores."""

    OPEN = "1"
    SHUT = "2"


class LockTurned(Enum):
    """The words are exchanged."""

    OPEN = "2"
    SHUT = "1"


class LockRenamed(Enum):
    """Only Python\'s names differ."""

    UNLOCKED = "1"
    LOCKED = "2"


def lock(states: type[Enum]) -> Process:
    """Open, until A shuts it."""
    first, second = states
    moves: Moves = {state: {A: second} for state in states}
    machine = SubMachine("lock", first, moves)
    return proc(outcomes(machine, rows=[(first, Out.OPEN), (second, Out.DONE)]), machine, SEEN_B)


@upgrade(A(), B(), is_harmful=True)
def a_lock_with_its_words_exchanged() -> Two:
    """Both states have the same names, and each has the word of the other."""
    return lock(Lock), lock(LockTurned)


@upgrade(A(), B(), is_harmful=False)
def a_lock_with_other_names() -> Two:
    """Both states have other names, and keep their words."""
    return lock(Lock), lock(LockRenamed)


def bill(compute: Any, *, is_final: bool) -> Process:
    """A bill of what was given."""
    field = ComputedField("sum", (DOSES,), compute, is_cumulative=True)
    template = CommandTemplate("Bill", computed=(field,))
    effect = Effect("bill", "post", {Do.YES: template}, final=frozenset({Do.YES}) if is_final else frozenset())
    some = DerivedColumn.of("some", has(DOSES))
    return proc(one_outcome(some), DOSES, wants=[once_in(some, effect, True)])


def _gross(doses: Entries) -> int:
    return sum(one["milligrams"] for one in doses.values()) * 2  # type: ignore[no-any-return]


def _net(doses: Entries) -> int:
    return sum(one["milligrams"] for one in doses.values())


@upgrade(*GIVEN, is_harmful=True)
def a_bill_for_good_is_net() -> Two:
    """The sum of a final bill, which may only grow, is half of what was said."""
    return bill(_gross, is_final=True), bill(_net, is_final=True)


@upgrade(*GIVEN, is_harmful=False)
def a_bill_that_can_be_corrected_is_net() -> Two:
    """The same of a bill that is sent anew with each change."""
    return bill(_gross, is_final=False), bill(_net, is_final=False)


def lamps(*machines: SubMachine[Any], rule: Any) -> Process:
    """Done when it says so."""
    return proc(outcomes(*machines, rule=rule), *machines, SIGHTINGS)


class Came(Enum):
    """Which of two came."""

    NONE = "none"
    ONE = "one"
    TWO = "two"
    BOTH = "both"


CAME = SubMachine(
    "came",
    Came.NONE,
    {
        Came.NONE: {A: Came.ONE, B: Came.TWO},
        Came.ONE: {A: Came.ONE, B: Came.BOTH},
        Came.TWO: {A: Came.BOTH, B: Came.TWO},
        Came.BOTH: {A: Came.BOTH, B: Came.BOTH},
    },
)


@upgrade(A(), B(), Sighted("i", "s1", "owl", 1), is_harmful=True)
def one_machine_becomes_two() -> Two:
    """A machine of two messages is replaced by one for each, which have forgotten them."""
    old = lamps(CAME, rule=lambda came: Out.DONE if came is Came.BOTH else Out.OPEN)
    return old, lamps(SEEN_A, SEEN_B, rule=whole)


@upgrade(A(), B(), C(), is_harmful=False)
def a_part_becomes_a_child() -> Two:
    """What was one table becomes a child, whose machines and effect keep their names."""
    c, lamp = seen(C), switch("lamp")
    flat = outcomes(SEEN_A, SEEN_B, c, rule=whole)
    inner = outcomes(SEEN_A, SEEN_B, name="inner", rule=whole)
    old = proc(flat, SEEN_A, SEEN_B, c, wants=[on_in(flat, lamp, Out.DONE)])
    child = replace(proc(inner, SEEN_A, SEEN_B), name="child")
    table = outcomes(inner, c, rows=[(Out.DONE, Y, Out.DONE), (Out.DONE, N, Out.OPEN), (Out.OPEN, ANY, Out.OPEN)])
    return old, proc(table, c, children=(child,), wants=[on_in(table, lamp, Out.DONE)])


def badge(command: str) -> Process:
    """A badge once A came."""
    effect = Effect("badge", "gate", {Do.YES: CommandTemplate(command)})
    return proc(outcomes(SEEN_A, SEEN_B, rule=whole), SEEN_A, SEEN_B, wants=[once_in(SEEN_A, effect, Y)])


@upgrade(A(), B(), is_harmful=True)
def a_badge_is_issued_instead_of_printed() -> Two:
    """The command has another type, and who had the former one never gets it."""
    return badge("PrintBadge"), badge("IssueBadge")


OLD_SIGN = make_dataclass("SignRead", [("id", str), ("sign_id", str)], frozen=True)
NEW_SIGN = make_dataclass("SignRead", [("id", str), ("sign_id", str), ("hint", "str | None", None)], frozen=True)


@upgrade(OLD_SIGN("i", "s1"), OLD_SIGN("i", "s2"), A(), is_harmful=False)
def a_sign_with_a_hint() -> Two:
    """A class gets an optional field that nothing reads yet."""

    def signs(kind: type) -> Process:
        return judged(Register("signs", kind, "sign_id"), judge=lambda held: len(held) >= 2)

    old, new = (signs(kind) for kind in (OLD_SIGN, NEW_SIGN))
    return (
        proc(old.outcomes, *old.registers, SEEN_A),
        proc(new.outcomes, *new.registers, SEEN_A),
    )


@upgrade(A(), B(), C(), is_harmful=True)
def a_lamp_that_nobody_wants_any_more() -> Two:
    """A switch is taken out of the declaration, and stays as it was in live instances."""
    table, c = outcomes(SEEN_A, SEEN_B, rule=whole), seen(C)
    old = proc(table, SEEN_A, SEEN_B, c, wants=[on_in(table, switch("lamp"), Out.DONE)])
    return old, replace(old, wanted=())
