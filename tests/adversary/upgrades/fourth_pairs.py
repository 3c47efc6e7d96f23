"""Pairs of versions of small businesses, half of them wrong."""

from dataclasses import dataclass, make_dataclass, replace
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
    Register,
    SubMachine,
    all_but_least,
    count,
    every,
    has,
    outcomes,
    total,
    wanted,
)
from tests.adversary.kit import Do, Late, Moves, Out, Seen, by, one_outcome, proc, seen, shown, upgrade, yes_no

Pair = tuple[Process, Process]
Y, N = Seen.YES, Seen.NO


@dataclass(frozen=True)
class Rented:
    id: str
    car: str = "c1"


@dataclass(frozen=True)
class Returned:
    id: str


@dataclass(frozen=True)
class Damaged:
    id: str
    damage_id: str
    cents: int
    at: str = "1"


RENTED, RETURNED = seen(Rented), seen(Returned)
DAMAGES = Register("damages", Damaged, "damage_id")
BROKEN = DerivedColumn.of("broken", has(DAMAGES))


def rental(condition: Enum = Do.YES, **changes: object) -> Process:
    """A final invoice once the car is back, which can be changed in one thing."""
    name = str(changes.get("name", "invoice"))
    template = changes.get("template", CommandTemplate("SendInvoice"))
    assert isinstance(template, CommandTemplate)
    invoice = Effect(name, str(changes.get("to", "post")), {condition: template}, final=frozenset({condition}))
    table = wanted(RETURNED, rows=[(Y, {invoice: condition}), (N, {})])
    return proc(outcomes(RENTED, RETURNED, rule=_state), RENTED, RETURNED, DAMAGES, wants=[table])


def _state(rented: Seen, returned: Seen) -> Out:
    if returned is Y:
        return Out.DONE
    return Out.OPEN if rented is Y else Out.OTHER


def _lost(rented: Seen, returned: Seen, late: Seen) -> bool:
    return late is Y and rented is Y and returned is N


FACTS = (Rented("i"), Returned("i"), Damaged("i", "d1", 50))


@upgrade(*FACTS, is_harmful=True)
def the_invoice_has_another_name() -> Pair:
    """The effect is called bill, and a customer who has an invoice gets a bill too."""
    return rental(), rental(name="bill")


@upgrade(*FACTS, is_harmful=True)
def the_invoice_has_another_condition() -> Pair:
    """The only condition has another value, so that the invoice is sent once more."""
    return rental(), rental(Do.NO)


@upgrade(*FACTS, is_harmful=True)
def invoices_by_mail() -> Pair:
    """Another collaborator sends invoices, and has none of the former ones."""
    return rental(), rental(to="mail")


@upgrade(*FACTS, is_harmful=True)
def an_invoice_with_its_sum() -> Pair:
    """The final invoice says the damages too, in a new field."""
    said = ComputedField.of("cents", count(DAMAGES))
    return rental(), rental(template=CommandTemplate("SendInvoice", computed=(said,)))


@upgrade(*FACTS, is_harmful=False)
def a_survey_beside_the_invoice() -> Pair:
    """A further effect is sent with the next message that changes the instance."""
    old = rental()
    survey = Effect("survey", "mail", {Do.YES: CommandTemplate("AskForRating")})
    more = wanted(RETURNED, rows=[(Y, {survey: Do.YES}), (N, {})])
    return old, replace(old, wanted=(*old.wanted, more))


@upgrade(*FACTS, is_harmful=False)
def open_has_another_outcome() -> Pair:
    """A cell of the table has another outcome, which is settled as well."""

    def newer(rented: Seen, returned: Seen) -> Out:
        return Out.FAILED if (found := _state(rented, returned)) is Out.OPEN else found

    old = rental()
    table = outcomes(RENTED, RETURNED, rule=newer)
    return old, replace(old, outcomes=table, settled=frozenset(table.states))


@upgrade(*FACTS, is_harmful=False)
def columns_in_another_order() -> Pair:
    """Machines and columns stand in another order."""
    old = rental()
    table = outcomes(RETURNED, RENTED, rule=lambda returned, rented: _state(rented, returned))
    return old, replace(old, outcomes=table, machines=tuple(reversed(old.machines)))


@upgrade(*FACTS, is_harmful=True)
def open_is_no_longer_settled() -> Pair:
    """A car that is out is waited for with a deadline, which no live instance has."""
    old = rental()
    late = seen(Late)
    week = Deadline("week", Late, timedelta(days=7))
    table = outcomes(
        RENTED, RETURNED, late, rule=lambda one, two, three: Out.FAILED if _lost(one, two, three) else _state(one, two)
    )
    wait = wanted(table, rows=[(one, {week: ARMED} if one is Out.OPEN else {}) for one in table.states])
    settled = frozenset(table.states) - {Out.OPEN}
    inputs = {"sender": (Rented, Returned, Damaged), "scheduler": (Late,)}
    new = replace(
        old,
        outcomes=table,
        settled=settled,
        wanted=(*old.wanted, wait),
        machines=(RENTED, RETURNED, late),
        inputs=inputs,
    )
    return old, new


def damages(register: Register, column: DerivedColumn) -> Process:
    """Two damages and more are a loss."""
    return proc(yes_no(column, Out.FAILED, Out.DONE), register)


@upgrade(Damaged("i", "d1", 50), Damaged("i", "d2", 50, "2"), is_harmful=True)
def damages_by_their_moment() -> Pair:
    """Damages are kept by their moment instead of their id."""
    other = Register("damages", Damaged, "at")
    two = DerivedColumn.of("two", count(DAMAGES) >= 2)
    return damages(DAMAGES, two), damages(other, DerivedColumn.of("two", count(other) >= 2))


@upgrade(Damaged("i", "d1", 50), Damaged("i", "d2", 70), is_harmful=False)
def a_dearer_loss() -> Pair:
    """The limit of a loss is raised; it is computed anew of what is stored."""
    return (
        damages(DAMAGES, DerivedColumn.of("loss", total(DAMAGES, "cents") >= 60)),
        damages(DAMAGES, DerivedColumn.of("loss", total(DAMAGES, "cents") >= 100)),
    )


@upgrade(Damaged("i", "d1", 50), Damaged("i", "d2", 70), is_harmful=True)
def damages_of_a_machine_kept_now() -> Pair:
    """A register is added for messages that only moved a machine before."""
    broken = seen(Damaged)
    two = DerivedColumn.of("two", count(DAMAGES) >= 2)
    old = proc(by(broken, NO=Out.OTHER, YES=Out.DONE), broken)
    table = outcomes(broken, two, rows=[(N, ANY, Out.OTHER), (Y, False, Out.DONE), (Y, True, Out.FAILED)])
    return old, proc(table, broken, DAMAGES)


class Car(Enum):
    HERE = "here"
    AWAY = "away"
    GONE = "gone"


class CarSold(Enum):
    HERE = "here"
    AWAY = "away"
    SOLD = "sold"


class CarRenamed(Enum):
    IN_THE_YARD = "here"
    OUT = "away"
    SCRAPPED = "gone"


def lot(states: type[Enum]) -> Process:
    """A car is here, away, and at last gone."""
    here, away, gone = states
    moves: Moves = {
        here: {Rented: away, Returned: gone},
        away: {Rented: away, Returned: gone},
        gone: {Rented: gone, Returned: gone},
    }
    car = SubMachine("car", here, moves)
    return proc(outcomes(car, rows=[(here, Out.OTHER), (away, Out.OPEN), (gone, Out.DONE)]), car)


@upgrade(Rented("i"), Returned("i"), is_harmful=True)
def gone_is_called_sold() -> Pair:
    """A state has another value, and the stored one can't be read."""
    return lot(Car), lot(CarSold)


@upgrade(Rented("i"), Returned("i"), is_harmful=False)
def states_with_other_python_names() -> Pair:
    """The class of the states and its members have other names, and the same values."""
    return lot(Car), lot(CarRenamed)


def _fold(known: list[str], fact: Fact) -> list[str]:
    return sorted({*known, fact.fields["damage_id"]})


def _fold_newer(known: dict[str, int], fact: Fact) -> dict[str, int]:
    return {**known, fact.fields["damage_id"]: fact.fields["cents"]}


@upgrade(Damaged("i", "d1", 50), Damaged("i", "d2", 70), is_harmful=True)
def a_reducer_with_a_mapping() -> Pair:
    """A reducer folded a list, and gets that list where it expects a mapping."""
    return (
        shown(Reducer("damages", (Damaged,), [], _fold), compute=len),
        shown(Reducer("damages", (Damaged,), {}, _fold_newer), compute=len),
    )


@upgrade(Damaged("i", "d1", 50), Damaged("i", "d2", 70), is_harmful=False)
def a_reducer_with_more_room() -> Pair:
    """A reducer may hold more, and its function is written otherwise."""
    return (
        shown(Reducer("damages", (Damaged,), [], _fold), compute=len),
        shown(
            Reducer(
                "damages",
                (Damaged,),
                [],
                lambda known, fact: known if fact.fields["damage_id"] in known else _fold(known, fact),
                most_bytes=50_000,
            ),
            compute=len,
        ),
    )


def noted(kind: type, compute: object) -> Process:
    """A command that says something of each note."""
    assert callable(compute)
    return shown(Register("notes", kind, "note_id"), compute=compute)


OLD_NOTE = make_dataclass("NoteWritten", [("id", str), ("note_id", str)], frozen=True)
NEW_NOTE = make_dataclass("NoteWritten", [("id", str), ("note_id", str), ("lang", str, "en")], frozen=True)


def _languages(notes: Entries) -> list[str]:
    return sorted({one["lang"] for one in notes.values()})


def _languages_or_english(notes: Entries) -> list[str]:
    return sorted({one.get("lang", "en") for one in notes.values()})


@upgrade(OLD_NOTE("i", "n1"), OLD_NOTE("i", "n2"), is_harmful=True)
def a_field_that_stored_notes_lack() -> Pair:
    """A new field with a default is read of entries that were stored without it."""
    return noted(OLD_NOTE, lambda _: ["en"]), noted(NEW_NOTE, _languages)


@upgrade(OLD_NOTE("i", "n1"), OLD_NOTE("i", "n2"), is_harmful=False)
def a_field_that_is_read_with_care() -> Pair:
    """The same field, read with its default where an entry lacks it."""
    return noted(OLD_NOTE, lambda _: ["en"]), noted(NEW_NOTE, _languages_or_english)


def repairs(**how: object) -> Process:
    """A final repair for some damages."""
    repair = Effect(
        "repair", "shop", {Do.YES: CommandTemplate("Repair", DAMAGES, ("cents",))}, final=frozenset({Do.YES})
    )
    return proc(one_outcome(BROKEN), DAMAGES, wants=[wanted(BROKEN, rows=[(True, {repair: how["how"]}), (False, {})])])


@upgrade(Damaged("i", "d1", 50), Damaged("i", "d2", 70), is_harmful=True)
def the_least_damage_is_no_longer_repaired() -> Pair:
    """All damages were repaired for good, and now all but the least."""
    return repairs(how=every(DAMAGES)), repairs(how=all_but_least(DAMAGES, by=("cents",)))


@upgrade(Damaged("i", "d1", 50), Damaged("i", "d2", 70), is_harmful=False)
def each_damage_is_repaired_now() -> Pair:
    """All damages but the least were repaired for good, and now all."""
    return repairs(how=all_but_least(DAMAGES, by=("cents",))), repairs(how=every(DAMAGES))


@upgrade(Rented("i"), Returned("i"), is_harmful=True)
def a_return_counts_as_rented() -> Pair:
    """A machine consumes a class that was consumed before by another one only."""
    busy = SubMachine("busy", N, {state: {Rented: Y} for state in Seen})
    newer = SubMachine("busy", N, {state: {Rented: Y, Returned: Y} for state in Seen})
    return (
        proc(by(busy, NO=Out.OTHER, YES=Out.DONE), busy, RETURNED),
        proc(by(newer, NO=Out.OTHER, YES=Out.DONE), newer, RETURNED, DAMAGES),
    )
