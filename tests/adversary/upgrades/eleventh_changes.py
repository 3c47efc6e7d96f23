"""Pairs of versions of wills, wards, cellars and lifts, about half of which do harm to live instances."""

from dataclasses import replace
from datetime import date, timedelta
from enum import Enum
from typing import Any, Literal

from pydantic import BaseModel, create_model

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
    count,
    every,
    outcomes,
    total,
    wanted,
)
from tests.adversary.kit import (
    Commands,
    Do,
    Out,
    Seen,
    by,
    chosen,
    has_any,
    judged,
    one_outcome,
    proc,
    seen,
    shown,
    upgrade,
    wanted_in,
)
from tests.adversary.planted.eleventh_messages import (
    BAGS,
    BOTTLES,
    CLAUSES,
    DUES,
    EXAMS,
    RIDES,
    TAGGED,
    Called,
    Closed,
    Corked,
    Examined,
    Fed,
    Known,
    Opened,
    Rang,
    RangAgain,
    Ridden,
    Sealed,
    Washed,
    Willed,
    corked,
    donated,
    due,
    examined,
    ridden,
    tagged,
    willed,
)
from tests.adversary.planted.ninth_messages import booked_if

Pair = tuple[Process, Process]
Y, N = Seen.YES, Seen.NO


def _shares(known: Known, fact: Fact) -> Known:
    return {**known, fact.fields["heir"]: max(known.get(fact.fields["heir"], 0), fact.fields["share"])}


def _small_letters(known: Known, fact: Fact) -> Known:
    heir = fact.fields["heir"].casefold()
    return {**known, heir: max(known.get(heir, 0), fact.fields["share"])}


@upgrade(willed(1, "Eva", 1), willed(2, "Eva", 2), is_harmful=True)
def heirs_in_small_letters_from_now_on() -> Pair:
    """What is stored has great letters, and what comes has small ones."""
    old, new = (Reducer("shares", (Willed,), {}, fold) for fold in (_shares, _small_letters))
    return shown(old), shown(new)


@upgrade(willed(1, "Eva", 1), willed(2, "Eva", 2), is_harmful=False)
def heirs_in_small_letters_when_shown() -> Pair:
    """What is stored stays as it was, and only the note is in small letters."""
    shares = Reducer("shares", (Willed,), {}, _shares)
    return shown(shares, compute=sorted), shown(shares, compute=lambda known: sorted(map(str.casefold, known)))


def _latest(known: list[Any], fact: Fact) -> list[Any]:
    return max(known, [fact.fields["minute"], fact.fields["lift"]])


def _latest_by_name(known: list[Any], fact: Fact) -> list[Any]:
    return max(known, [fact.fields["lift"], fact.fields["minute"]], key=lambda pair: pair[::-1])


@upgrade(ridden(1, "east", 5), ridden(2, "west", 3), is_harmful=True)
def a_pair_that_is_turned_round() -> Pair:
    """The stored pair has the minute first, and the new fold reads the lift there."""
    old, new = (Reducer("latest", (Ridden,), [], fold) for fold in (_latest, _latest_by_name))
    return shown(old), shown(new)


def _oldest(many: int) -> Any:
    def fold(known: list[int], fact: Fact) -> list[int]:
        return sorted({*known, fact.fields["year"]})[:many]

    return fold


@upgrade(corked(1, "A", 1), corked(2, "B", 2), corked(3, "C", 3), is_harmful=True)
def more_years_than_were_kept() -> Pair:
    """The old version kept two years, and the third one is lost."""
    old, new = (Reducer("oldest", (Corked,), [], _oldest(many)) for many in (2, 3))
    return shown(old), shown(new)


@upgrade(corked(1, "A", 1), corked(2, "B", 2), corked(3, "C", 3), is_harmful=False)
def fewer_years_than_were_kept() -> Pair:
    """Three years were kept, and two of them are shown."""
    oldest = Reducer("oldest", (Corked,), [], _oldest(3))
    return shown(oldest), shown(oldest, compute=lambda known: known[:2])


def _crowded(least: int, *, is_final: bool) -> Process:
    return booked_if(DerivedColumn.of("crowded", count(RIDES) >= least), RIDES, is_final=is_final)


@upgrade(ridden(1, "east", 5), ridden(2, "west", 3), ridden(3, "east", 9), is_harmful=True)
def a_bench_for_four_rides() -> Pair:
    """A bench for two rides was booked for good."""
    return _crowded(2, is_final=True), _crowded(4, is_final=True)


@upgrade(ridden(1, "east", 5), ridden(2, "west", 3), is_harmful=False)
def a_bench_that_becomes_final() -> Pair:
    """What could be given back can't be given back any more, and nobody wants to."""
    return _crowded(2, is_final=False), _crowded(2, is_final=True)


def _dear(grams: int, *, is_final: bool) -> Process:
    def heavy(held: Entries) -> frozenset[str]:
        return frozenset(key for key, one in held.items() if one["grams"] > grams)

    return chosen(EXAMS, heavy, is_final=is_final, fields=("animal",))


@upgrade(examined(1, "cat", 400), examined(2, "cow", 900), is_harmful=True)
def fewer_animals_to_weigh_again() -> Pair:
    """The cat was called for good."""
    return _dear(300, is_final=True), _dear(500, is_final=True)


@upgrade(examined(1, "cat", 400), examined(2, "cow", 900), is_harmful=False)
def more_animals_to_weigh_again() -> Pair:
    """Who was called stays so."""
    return _dear(500, is_final=True), _dear(300, is_final=True)


@upgrade(examined(1, "cat", 400), examined(2, "cow", 900), is_harmful=True)
def a_letter_with_another_field() -> Pair:
    """Letters that were sent carry the animal and no weight."""

    def letter(*fields: str) -> Process:
        return chosen(EXAMS, frozenset, fields=fields)

    return letter("animal"), letter("animal", "grams")


class Seal(Enum):
    OFF = "off"
    ON = "on"


class Stamp(Enum):
    MISSING = "off"
    THERE = "on"


class Wax(Enum):
    OFF = "off"
    ON = "sealed"


def _sealed(states: Any) -> Process:
    off, on = states
    seal = SubMachine("seal", off, {state: {Sealed: on} for state in states})
    return proc(outcomes(seal, rows=[(off, Out.OPEN), (on, Out.DONE)]), seal, seen(Called))


@upgrade(Sealed(), Called(), is_harmful=False)
def a_seal_with_other_python_names() -> Pair:
    """The values of the states are the same."""
    return _sealed(Seal), _sealed(Stamp)


@upgrade(Sealed(), Called(), is_harmful=True)
def a_seal_with_another_value() -> Pair:
    """A stored state means nothing to the new version."""
    return _sealed(Seal), _sealed(Wax)


def _foal(*kinds: type) -> Process:
    fed = SubMachine("fed", N, {state: dict.fromkeys(kinds, Y) for state in Seen})
    return proc(by(fed, YES=Out.DONE, NO=Out.OPEN), fed, seen(Washed, "washed"))


@upgrade(Fed(), Washed(), is_harmful=True)
def a_foal_that_is_fed_by_washing() -> Pair:
    """A washing that came before is not known to the machine."""
    return _foal(Fed), _foal(Fed, Washed)


@upgrade(Fed(), Washed(), Closed(), is_harmful=False)
def a_foal_that_is_fed_at_closing() -> Pair:
    """Closing was not consumed before."""
    return _foal(Fed), _foal(Fed, Closed)


def _bell(name: str, emits: type, *consumed: type) -> Process:
    opened = seen(Opened)
    rang = SubMachine("rang", N, {state: dict.fromkeys(consumed, Y) for state in Seen})
    clock = Deadline(name, emits, timedelta(hours=1))
    rows = [(N, ANY, Out.OTHER), (Y, N, Out.OPEN), (Y, Y, Out.FAILED)]
    arm = wanted(opened, rows=[(Y, {clock: ARMED}), (N, {})])
    return proc(outcomes(opened, rang, rows=rows), opened, rang, seen(Called), wants=[arm], unsettled=[Out.OPEN])


@upgrade(Opened(), Called(), is_harmful=True)
def a_bell_of_another_class() -> Pair:
    """A bell that was set rings as it did before, and nobody consumes it."""
    return _bell("bell", Rang, Rang), _bell("bell", RangAgain, RangAgain)


@upgrade(Opened(), Called(), is_harmful=False)
def a_further_bell_beside_the_old_one() -> Pair:
    """The old class is consumed as before, and the new deadline has a name of its own."""
    old = _bell("bell", Rang, Rang)
    second = Deadline("second", RangAgain, timedelta(hours=9))
    again, opened = seen(RangAgain), seen(Opened)
    new = replace(
        old,
        inputs={"sender": (*old.inputs["sender"], RangAgain)},
        machines=(*old.machines, again),
        wanted=(*old.wanted, wanted(opened, rows=[(Y, {second: ARMED}), (N, {})])),
    )
    return old, new


class Choice(BaseModel):
    id: str
    choice_id: str
    ward: Literal["cats", "dogs", "birds"]


CATS, BIRDS = (Choice(id="i", choice_id=f"x-{ward}", ward=ward) for ward in ("cats", "birds"))


def _choice(*wards: str) -> type:
    ward: Any = Literal[wards]
    return create_model("Choice", id=(str, ...), choice_id=(str, ...), ward=(ward, ...))


def _wards(kind: type) -> Process:
    return shown(Register("choices", kind, "choice_id"), compute=len)


@upgrade(CATS, BIRDS, is_harmful=True)
def a_ward_that_is_closed() -> Pair:
    """A choice of the closed ward that is under way can't be read."""
    return _wards(Choice), _wards(_choice("cats", "dogs"))


@upgrade(CATS, BIRDS, is_harmful=False)
def a_ward_that_is_opened() -> Pair:
    """A further choice."""
    return _wards(Choice), _wards(_choice("cats", "dogs", "birds", "fish"))


def _bill(compute: Any, name: str = "value") -> Process:
    has = has_any(DUES)
    field = ComputedField(name, (DUES,), compute, is_cumulative=True)
    bill = Effect("bill", "bank", {Do.YES: CommandTemplate("Bill", computed=(field,))}, final=frozenset({Do.YES}))
    return proc(one_outcome(has), has, DUES, wants=[wanted_in(has, bill, YES=Do.YES)])


def _all_dues(held: Entries) -> int:
    return sum(one["amount"] for one in held.values())


def _dues_of_a_year(held: Entries) -> int:
    years = {key: date.fromisoformat(one["on"]).year for key, one in held.items()}
    return sum(held[key]["amount"] for key in held if years[key] >= 2030)


def _dues_and_fees(held: Entries) -> int:
    return sum(one["amount"] + 2 for one in held.values())


@upgrade(due(1, "2029-12-31", 5), due(2, "2030-01-01", 7), is_harmful=True)
def a_bill_without_old_years() -> Pair:
    """What was billed for an old year can't be taken from the bill."""
    return _bill(_all_dues), _bill(_dues_of_a_year)


@upgrade(due(1, "2029-12-31", 5), due(2, "2030-01-01", 7), is_harmful=True)
def a_field_with_another_name() -> Pair:
    """The bill is sent again with the same sum under another name."""
    return _bill(_all_dues), _bill(_all_dues, "sum")


@upgrade(tagged(1, "red"), tagged(2, "big", "red"), is_harmful=False)
def words_counted_in_another_way() -> Pair:
    """The same number by another way to count."""

    def old(held: Entries) -> int:
        return len({word for one in held.values() for word in one["words"]})

    def new(held: Entries) -> int:
        return len(dict.fromkeys(word for key in sorted(held) for word in held[key]["words"]))

    return shown(TAGGED, compute=old), shown(TAGGED, compute=new)


def _asking(condition: Enum, kind: str = "Give") -> Process:
    called = seen(Called)
    give = Effect("give", "ward", {condition: CommandTemplate(kind)})
    return proc(one_outcome(called), called, seen(Opened), wants=[wanted_in(called, give, YES=condition)])


@upgrade(Called(), Opened(), is_harmful=True)
def a_command_of_another_type() -> Pair:
    """What was sent under the old type stays, and the desk gets no other."""
    return _asking(Do.YES), _asking(Do.YES, "Hand")


@upgrade(Called(), Opened(), is_harmful=True)
def a_condition_with_another_value() -> Pair:
    """The same command is sent again, as its condition has another value."""
    return _asking(Do.YES), _asking(Seal.ON)


def _each_or_one(*, is_each: bool) -> Process:
    has = has_any(BAGS)
    commands: Commands = {Do.YES: CommandTemplate("Give", BAGS, ("ml",)) if is_each else CommandTemplate("Give")}
    give = Effect("give", "ward", commands)
    return proc(one_outcome(has), has, BAGS, wants=[wanted_in(has, give, YES=every(BAGS) if is_each else Do.YES)])


@upgrade(donated(1, "A", 1), donated(2, "B", 2), is_harmful=True)
def one_effect_for_each_bag_from_now_on() -> Pair:
    """The old effect for all stays, and new ones are sent for each."""
    return _each_or_one(is_each=False), _each_or_one(is_each=True)


@upgrade(corked(1, "A", 5), corked(2, "B", 50), is_harmful=False)
def another_outcome_by_the_sum_of_years() -> Pair:
    """Outcomes follow the new number with the next message."""

    def old_enough(least: int) -> Process:
        return judged(BOTTLES, judge=lambda held: sum(one["year"] for one in held.values()) >= least)

    return old_enough(10), old_enough(20)


@upgrade(willed(1, "Eva", 60), willed(2, "Ida", 40), is_harmful=False)
def a_register_with_more_room() -> Pair:
    """A greater bound changes nothing that is stored."""
    column = DerivedColumn.of("all", total(CLAUSES, "share") >= 100)
    wide = Register("clauses", Willed, "clause_id", most=5_000)
    return (
        booked_if(column, CLAUSES),
        booked_if(DerivedColumn.of("all", total(wide, "share") >= 100), wide),
    )


@upgrade(examined(1, "cat", 400), examined(2, "cow", 900), is_harmful=True)
def a_fold_instead_of_a_register() -> Pair:
    """The reducer has the name of the register, and gets its entries as its value."""

    def fold(known: list[str], fact: Fact) -> list[str]:
        return sorted({*known, fact.fields["animal"]})

    old = shown(Register("animals", Examined, "exam_id"), compute=len)
    return old, shown(Reducer("animals", (Examined,), [], fold), compute=len)
