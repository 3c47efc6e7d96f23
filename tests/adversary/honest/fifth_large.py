"""Processes of ten to sixteen inputs, with functions, machines, deadlines and children, that converge."""

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
    Selection,
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
    CAP,
    DOSES,
    GRADES,
    LEDGER,
    LINKS,
    OFFERS,
    PAPERS,
    SIGHTINGS,
    SPANS,
    WITHDRAWALS,
    Booked,
    Capped,
    Cited,
    Dose,
    Graded,
    Linked,
    Little,
    N,
    Offered,
    Ranged,
    Sighted,
    Withdrawn,
    Y,
    for_good,
    kinds,
    on_in,
    once_in,
    some,
    switch,
    whole,
)
from tests.adversary.kit import Do, Late, Moves, Out, Seen, case, has_any, one_outcome, proc, seen, yes_no

CREW = kinds("Captain Mate Cook Doctor Pilot Diver Welder Radioman Steward Bosun")


@case(*some(CREW))
def a_ship_with_a_quorum() -> Process:
    """It sails for good with six of ten, whoever they are, and its lamp says whether the captain is among them."""
    flags = [seen(kind) for kind in CREW]

    def quorum(*cells: Seen) -> Out:
        return Out.DONE if sum(cell is Y for cell in cells) >= 6 else Out.OPEN

    table = outcomes(*flags, rule=quorum)
    lamp = switch("lamp", "bridge")
    lit = outcomes(
        table, flags[0], name="lit", rule=lambda found, captain: whole(captain) if found is Out.DONE else found
    )
    return proc(table, *flags, wants=[once_in(table, for_good("sail", "port"), Out.DONE), on_in(lit, lamp, Out.DONE)])


BOLTS = kinds("North South East West Up Down Left Right Inner Outer")


class Pair(Enum):
    NONE = "none"
    ONE = "one"
    TWO = "two"
    BOTH = "both"


def pair(name: str, one: type, two: type) -> SubMachine[Pair]:
    """Remembers which of two came."""
    moves: Moves = {
        Pair.NONE: {one: Pair.ONE, two: Pair.TWO},
        Pair.ONE: {one: Pair.ONE, two: Pair.BOTH},
        Pair.TWO: {one: Pair.BOTH, two: Pair.TWO},
        Pair.BOTH: {one: Pair.BOTH, two: Pair.BOTH},
    }
    return SubMachine(name, Pair.NONE, moves)


@case(*some(BOLTS))
def five_diamonds() -> Process:
    """Five machines of two inputs each, of which three have to be whole, and each has a lamp of its own."""
    pairs = [pair(f"pair-{one}", BOLTS[one], BOLTS[one + 1]) for one in range(0, 10, 2)]

    def three(*cells: Pair) -> Out:
        return Out.DONE if sum(cell is Pair.BOTH for cell in cells) >= 3 else Out.OTHER

    table = outcomes(*pairs, rule=three)
    lamps = [on_in(one, switch(f"lamp-{one.name}", f"wall-{one.name}"), Pair.BOTH) for one in pairs]
    return proc(table, *pairs, wants=[*lamps, once_in(table, for_good("open"), Out.DONE)])


VETOES = kinds("YesA NoA YesB NoB YesC NoC YesD NoD YesE NoE")


@case(*some(VETOES))
def a_vote_with_vetoes() -> Process:
    """Any no outranks every yes; a law is in force while three said yes and none said no."""
    flags = [seen(kind) for kind in VETOES]

    def vote(*cells: Seen) -> Out:
        if any(cell is Y for cell in cells[1::2]):
            return Out.FAILED
        return Out.DONE if sum(cell is Y for cell in cells[::2]) >= 3 else Out.OPEN

    table = outcomes(*flags, rule=vote)
    return proc(table, *flags, wants=[on_in(table, switch("law", "court"), Out.DONE)])


STEPS = kinds("Cut Sewn Dyed Washed Ironed Folded Packed Labelled Sealed Stacked Loaded Gone")


@case(*some(STEPS), Late("i"))
def a_shirt_with_a_deadline() -> Process:
    """Twelve steps, of which the last two settle it; a late message fails it only while both are not there."""
    flags = [seen(kind) for kind in STEPS]
    late = seen(Late)
    done = outcomes(flags[10], flags[11], name="done", rule=whole)
    table = outcomes(done, late, rows=[(Out.DONE, ANY, Out.DONE), (Out.OPEN, N, Out.OPEN), (Out.OPEN, Y, Out.FAILED)])
    week = Deadline("week", Late, timedelta(days=7))
    steps = [once_in(flag, for_good(f"pay-{flag.name}", f"till-{flag.name}"), Y) for flag in flags[:10]]
    wait = wanted(table, rows=[(Out.OPEN, {week: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, *flags, late, wants=[*steps, wait], unsettled=[Out.OPEN])


SEATS = kinds("Ask1 Yes1 No1 Ask2 Yes2 No2 Ask3 Yes3 No3 Ask4 Yes4 No4")


def seat(number: int) -> Process:
    """A seat that is taken when asked for and granted, and given back when refused at any time."""
    asked, yes, no = (seen(kind) for kind in SEATS[3 * number : 3 * number + 3])

    def held(asked: Seen, yes: Seen, no: Seen) -> Out:
        if no is Y:
            return Out.FAILED
        return Out.DONE if asked is Y and yes is Y else Out.OPEN

    table = outcomes(asked, yes, no, name=f"seat-{number}", rule=held)
    made = proc(table, asked, yes, no, wants=[on_in(table, switch(f"seat-{number}", f"row-{number}"), Out.DONE)])
    return replace(made, name=f"seat-{number}")


@case(*some(SEATS))
def four_seats_as_children() -> Process:
    """Four children; the party goes if two seats are held, and that can be lost again."""
    children = tuple(seat(number) for number in range(4))

    def party(*cells: Out) -> Out:
        return Out.DONE if sum(cell is Out.DONE for cell in cells) >= 2 else Out.OTHER

    table = outcomes(*(one.outcomes for one in children), rule=party)
    return proc(table, children=children, wants=[on_in(table, switch("party"), Out.DONE)])


FACTS: tuple[Any, ...] = (
    Booked("i", "b1", "cash", 50),
    Dose("i", "d1", 400, 8),
    Sighted("i", "s1", "owl", 2),
    Graded("i", "e1", "A", 2020),
    Cited("i", "p1", ["Kim"]),
    Ranged("i", "r1", 1, 5),
    Offered("i", "o1", 50, "ann"),
    Withdrawn("i", "o1"),
    Capped("i", 60),
    Linked("i", "l1", "a", "b"),
)
STORES = (LEDGER, DOSES, SIGHTINGS, GRADES, PAPERS, SPANS, OFFERS, WITHDRAWALS, CAP, LINKS)


@case(*FACTS, Offered("i", "o2", 70, None), Booked("i", "b2", "bank", -70))
def ten_registers_in_one_number() -> Process:
    """A score over ten registers, said anew with whatever changes it."""

    def score(*stores: Entries) -> int:
        return sum((number + 1) * len(held) for number, held in enumerate(stores))

    any_came = has_any(*STORES)
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell", computed=(ComputedField("score", STORES, score),))})
    return proc(one_outcome(any_came), any_came, *STORES, wants=[once_in(any_came, tell, Y)])


@case(*FACTS, Dose("i", "d2", 700, 9))
def ten_registers_with_a_door_each() -> Process:
    """Ten functions that each say whether something is there, and a gate for good when eight are."""
    columns = [DerivedColumn(f"any-{one.name}", (one,), bool) for one in STORES]
    doors = [once_in(one, for_good(f"door-{one.name}", f"wall-{one.name}"), True) for one in columns]
    most = DerivedColumn("most", STORES, lambda *stores: sum(map(bool, stores)) >= 8)
    gate = once_in(most, for_good("gate"), True)
    return proc(yes_no(most), *STORES, wants=[*doors, gate])


@case(*FACTS, Withdrawn("i", "o2"), Offered("i", "o2", 70, None))
def a_ticket_for_each_offer_beside_nine_others() -> Process:
    """A ticket for good for each withdrawn offer once anything was ever sighted, beside nine other registers."""

    def gone(offers: Entries, withdrawn: Entries, sighted: Entries) -> frozenset[str]:
        return frozenset(key for key in offers if key in withdrawn and sighted)

    came = has_any(*STORES)
    ticket = Effect("ticket", "post", {Do.YES: CommandTemplate("Print", OFFERS, ("cents",))}, final=frozenset({Do.YES}))
    how = Selection("gone", OFFERS, gone, beside=(WITHDRAWALS, SIGHTINGS))
    return proc(one_outcome(came), came, *STORES, wants=[wanted(came, rows=[(Y, {ticket: how}), (N, {})])])


METERS = [
    make_dataclass(name, [("id", str), ("meter_id", str), ("units", Little)], frozen=True)
    for name in "Gas Water Power Heat Steam Oil Coal Wood Solar Wind Tide".split()
]
READ = [Register(f"of-{kind.__name__.lower()}", kind, "meter_id") for kind in METERS]


@case(*[kind("i", f"{kind.__name__}-1", 40 + number) for number, kind in enumerate(METERS)])
def the_greatest_of_eleven_meters() -> Process:
    """Which meter has the greatest sum, of equals the first in the list; it may change with each message."""

    def leader(*stores: Entries) -> list[Any]:
        sums = [sum(one["units"] for one in held.values()) for held in stores]
        return [METERS[sums.index(max(sums))].__name__, max(sums)]

    came = has_any(*READ)
    tell = Effect(
        "tell", "desk", {Do.YES: CommandTemplate("Tell", computed=(ComputedField("best", tuple(READ), leader),))}
    )
    return proc(one_outcome(came), came, *READ, wants=[once_in(came, tell, Y)])


@case(*[kind("i", f"{kind.__name__}-1", 40 + number) for number, kind in enumerate(METERS)], METERS[0]("i", "x", 9))
def receipts_for_eleven_meters() -> Process:
    """A receipt for each reading, and a bonus for good for each meter with fifty units."""
    wants = []
    for store in READ:
        name = store.name.removeprefix("of-")
        receipt = Effect(f"receipt-{name}", f"post-{name}", {Do.YES: CommandTemplate("Receipt", store, ("units",))})
        wants.append(
            wanted(DerivedColumn.of(f"any {name}", has(store)), rows=[(True, {receipt: every(store)}), (False, {})])
        )
        enough = DerivedColumn.of(f"enough {name}", total(store, "units") >= 50)
        wants.append(once_in(enough, for_good(f"bonus-{name}", f"bank-{name}"), True))
    return proc(yes_no(DerivedColumn.of("two", count(READ[0]) >= 2)), *READ, wants=wants)


PLANETS = kinds("Mercury Venus Earth Mars Jupiter Saturn Uranus Neptune Pluto Ceres Eris Vesta Pallas Juno")


def _came(known: list[str], fact: Fact) -> list[str]:
    return sorted({*known, fact.kind.__name__})


@case(*some(PLANETS))
def fourteen_planets_in_a_set() -> Process:
    """A set of names, of which a medal for good needs any nine, and a lamp an even number."""
    held = Reducer("seen", PLANETS, [], _came)
    nine = DerivedColumn("nine", (held,), lambda names: len(names) >= 9)
    even = DerivedColumn("even", (held,), lambda names: len(names) % 2 == 0)
    wants = [once_in(nine, for_good("medal", "club"), True), on_in(even, switch("lamp"), True)]
    return proc(yes_no(nine), held, wants=wants)


NOTES = kinds("Do Re Mi Fa So La Ti Da Di Du")


@case(*some(NOTES))
def a_tune_as_a_number() -> Process:
    """Each class has a bit, and the number is the sum of the bits that came, which an or makes of them."""
    bits = {kind: 1 << number for number, kind in enumerate(NOTES)}
    held = Reducer("bits", NOTES, 0, lambda known, fact: known | bits[fact.kind])
    came = has_any(held)
    said = ComputedField("bits", (held,), lambda known: known, is_cumulative=True)
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell", computed=(said,))}, final=frozenset({Do.YES}))
    return proc(one_outcome(came), came, held, wants=[once_in(came, tell, Y)])


PORTS = kinds("Oslo Riga Bergen Kiel Malmo Turku Gdansk Tallinn Aarhus Visby Rostock Narvik Umea Vaasa Kotka Hanko")


@case(*some(PORTS))
def sixteen_ports_in_four_groups() -> Process:
    """Four groups of four; a group is whole for good, and all is done when any two groups are."""
    flags = [seen(kind) for kind in PORTS]
    groups = [outcomes(*flags[one : one + 4], name=f"group-{one}", rule=whole) for one in range(0, 16, 4)]

    def two(*cells: Out) -> Out:
        return Out.DONE if sum(cell is Out.DONE for cell in cells) >= 2 else Out.OTHER

    table = outcomes(*groups, rule=two)
    flagged = [once_in(one, for_good(f"flag-{one.name}", f"mast-{one.name}"), Out.DONE) for one in groups]
    return proc(table, *flags, wants=[*flagged, once_in(table, for_good("fleet"), Out.DONE)])


DISHES = kinds("Soup Bread Fish Meat Rice Salad Cheese Fruit Cake Coffee Tea Wine")


@case(*some(DISHES))
def twelve_dishes_priced_by_a_function() -> Process:
    """A bill by a fold of names, where a menu of three is cheaper than its parts; the bill may fall."""
    held = Reducer("ordered", DISHES, [], _came)

    def price(names: list[str]) -> int:
        return 5 * len(names) - 4 * {"Soup", "Fish", "Cake"}.issubset(names) - 6 * ({"Tea", "Coffee"} <= {*names})

    came = has_any(held)
    bill = Effect("bill", "till", {Do.YES: CommandTemplate("Bill", computed=(ComputedField("cents", (held,), price),))})
    return proc(one_outcome(came), came, held, wants=[once_in(came, bill, Y)])


LIFTS = kinds("Start1 Stop1 Start2 Stop2 Start3 Stop3 Start4 Stop4 Start5 Stop5 Start6 Stop6")


def _inspected(*cells: Any) -> Out:
    if sum(cell is Do.YES for cell in cells) >= 2:
        return Out.DONE
    return Out.FAILED if cells[-1] is Y else Out.OTHER


@case(*some(LIFTS), Late("i"))
def six_lifts_and_an_inspector() -> Process:
    """Each lift runs while started and not stopped; the inspector's late note matters while fewer than two run."""
    flags = [seen(kind) for kind in LIFTS]
    late = seen(Late)
    lifts = [
        outcomes(flags[one], flags[one + 1], name=f"lift-{one}", rows=[(Y, N, Do.YES), (N, ANY, Do.NO), (Y, Y, Do.NO)])
        for one in range(0, 12, 2)
    ]
    table = outcomes(*lifts, late, rule=_inspected)
    wants = [on_in(one, switch(f"run-{one.name}", f"motor-{one.name}"), Do.YES) for one in lifts]
    return proc(table, *flags, late, wants=wants)
