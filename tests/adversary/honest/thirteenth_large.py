"""Ships, yards and courts with ten to sixteen kinds of messages, which converge: mostly tables."""

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
    Process,
    SubMachine,
    all_but,
    count,
    distinct,
    each,
    every,
    greatest,
    has,
    outcomes,
    total,
    wanted,
)
from tests.adversary.kit import Do, Out, Seen, case, proc, seen
from tests.adversary.planted.thirteenth_messages import (
    BALLOTS,
    BEDS,
    BOOKS,
    HOSTS,
    NOTES,
    SWAPS,
    WHEELS,
    Blessed,
    Cast,
    Crewed,
    Fogged,
    Insured,
    Lifted,
    Moored,
    N,
    Painted,
    Piloted,
    Salvaged,
    Tolled,
    TolledAgain,
    Victualled,
    Wrecked,
    Y,
    anchor,
    balloted,
    geared,
    hosted,
    pitched,
    seated,
    shelved,
    sown,
    two_ways,
)

PAPERS = (Moored, Cast, Piloted, Insured, Painted, Blessed, Victualled, Crewed)


@case(Moored(), Insured(), Crewed(), Wrecked(), Salvaged())
def a_ship_with_seven_of_ten_papers() -> Process:
    """How many of ten papers are there decides, and not which of them came when."""
    machines = [seen(kind) for kind in (*PAPERS, Lifted, Salvaged)]
    wrecked = seen(Wrecked)

    def rule(lost: Seen, *papers: Seen) -> Out:
        number = sum(one is Y for one in papers)
        if lost is Y and number < 3:
            return Out.FAILED
        return Out.DONE if number >= 7 else Out.OTHER

    table = outcomes(wrecked, *machines, rule=rule)
    return proc(table, wrecked, *machines)


@case(Painted(), Victualled(), Crewed(), Fogged(), Lifted())
def a_voyage_of_three_children() -> Process:
    """The yard, the stores and the sky are processes of their own, each with a berth that it reserves and frees."""
    children = []
    parts = {
        "yard": (Painted, Blessed, Insured),
        "stores": (Victualled, Crewed, Piloted),
        "sky": (Fogged, Lifted, Moored),
    }
    for name, kinds in parts.items():
        machines = [seen(kind) for kind in kinds]

        def rule(*steps: Seen) -> Out:
            return (Out.OTHER, Out.OPEN, Out.FAILED, Out.DONE)[sum(step is Y for step in steps)]

        inner = outcomes(*machines, rule=rule, name=name)
        berth = anchor(f"{name} berth")
        rows = [(Out.OPEN, {berth: Do.YES}), (all_but(Out.OPEN), {berth: Do.NO})]
        children.append(proc(inner, *machines, wants=[wanted(inner, rows=rows)]))
    cast = seen(Cast)

    def whole(free: Seen, *inner: Out) -> Out:
        return Out.DONE if all(one is Out.DONE for one in inner) else Out.OTHER if free is Y else Out.FAILED

    table = outcomes(cast, *(child.outcomes for child in children), rule=whole)
    return proc(table, cast, children=tuple(children))


class Weather(Enum):
    """What is known of the weather, the light and the tide: any subset of three reports."""

    NONE = "none"
    F = "f"
    L = "l"
    T = "t"
    FL = "fl"
    FT = "ft"
    LT = "lt"
    FLT = "flt"


def lattice() -> SubMachine[Weather]:
    """One machine that remembers which of three messages came."""
    letters = {Fogged: "f", Lifted: "l", Salvaged: "t"}

    def moved(state: Weather, letter: str) -> Weather:
        known = "" if state is Weather.NONE else state.value
        return Weather("".join(one for one in "flt" if one in known or one == letter))

    moves: dict[Any, dict[type, Any]] = {
        state: {kind: moved(state, letter) for kind, letter in letters.items()} for state in Weather
    }
    return SubMachine("weather", Weather.NONE, moves)


@case(Fogged(), Lifted(), Salvaged(), Moored(), Cast())
def a_harbour_with_a_lattice_of_weather() -> Process:
    """One machine has eight states, one for each set of three messages, and eight others stand beside it."""
    weather = lattice()
    machines = [seen(kind) for kind in PAPERS]

    def rule(state: Weather, moored: Seen, cast: Seen, *papers: Seen) -> Out:
        if state in {Weather.FL, Weather.FLT}:
            return Out.DONE if moored is Y else Out.OTHER
        return Out.FAILED if cast is Y and N in papers else Out.OTHER

    berth = anchor()
    rows = [(Weather.FLT, ANY, {berth: Do.NO}), (all_but(Weather.FLT), Y, {berth: Do.YES})]
    rows.append((all_but(Weather.FLT), N, {berth: Do.NO}))
    table = outcomes(weather, *machines, rule=rule)
    return proc(table, weather, *machines, wants=[wanted(weather, machines[0], rows=rows)])


@case(hosted(1, "reef"), shelved(1, "PA", 3), sown(1, "oats", 4), geared(1, 12), Moored())
def a_yearbook_of_twelve_kinds() -> Process:
    """Six registers are summed up in one command, which is sent again with each change."""
    figures = {
        "hosts": count(HOSTS),
        "marks": distinct(BOOKS, "mark"),
        "rows": total(BEDS, "rows"),
        "teeth": greatest(WHEELS, "teeth"),
        "notes": count(NOTES, where=each("pitch") >= 60),
        "swaps": count(SWAPS),
    }
    fields = tuple(ComputedField.of(name, figure) for name, figure in figures.items())
    moored = seen(Moored)
    book = Effect("yearbook", "printer", {Do.YES: CommandTemplate("Print", computed=fields)})
    others = [seen(kind) for kind in (Cast, Piloted, Insured, Painted, Blessed)]
    stores = (HOSTS, BOOKS, BEDS, WHEELS, NOTES, SWAPS)
    table = outcomes(moored, *others, rule=lambda boat, *rest: Out.DONE if boat is Y and N not in rest else Out.OTHER)
    return proc(table, moored, *others, *stores, wants=[wanted(moored, rows=[(Y, {book: Do.YES}), (N, {})])])


@case(Moored(), Piloted(), Insured(), Cast(), Wrecked())
def nine_berths_that_are_reserved_and_freed() -> Process:
    """Each message reserves a berth of its own, and the wreck frees them all."""
    wrecked = seen(Wrecked)
    machines = [seen(kind) for kind in (*PAPERS, Lifted)]
    wants = []
    for number, machine in enumerate(machines):
        berth = anchor(f"berth {number}")
        rows = [(Y, N, {berth: Do.YES}), (N, N, {berth: Do.NO}), (ANY, Y, {berth: Do.NO})]
        wants.append(wanted(machine, wrecked, rows=rows))
    table = outcomes(wrecked, rows=[(Y, Out.FAILED), (N, Out.DONE)])
    return proc(table, wrecked, *machines, wants=wants)


@case(Moored(), Cast(), Fogged(), Tolled(), TolledAgain())
def a_passage_with_two_watches() -> Process:
    """Two bells are wound up when the boat is moored, in every order, and a boat that cast off heeds neither."""
    moored, cast, tolled, again = map(seen, (Moored, Cast, Tolled, TolledAgain))
    others = [seen(kind) for kind in (Piloted, Insured, Painted, Blessed, Victualled, Crewed, Fogged)]
    first = Deadline("first", Tolled, timedelta(hours=4))
    second = Deadline("second", TolledAgain, timedelta(hours=8))

    def rule(boat: Seen, free: Seen, one: Seen, two: Seen, *rest: Seen) -> Out:
        if free is Y:
            return Out.DONE if N not in rest else Out.OTHER
        if boat is N:
            return Out.OTHER
        return Out.FAILED if one is Y and two is Y else Out.OPEN

    table = outcomes(moored, cast, tolled, again, *others, rule=rule)
    clock = wanted(moored, rows=[(Y, {first: ARMED, second: ARMED}), (N, {})])
    return proc(table, moored, cast, tolled, again, *others, wants=[clock], unsettled=(Out.OPEN,))


@case(Moored(), Salvaged(), Wrecked(), Blessed(), Lifted())
def a_bid_with_weights_for_sixteen_kinds() -> Process:
    """Messages have weights, some of them below zero, and the sum decides."""
    kinds = (*PAPERS, Lifted, Salvaged, Wrecked, Fogged)
    machines = [seen(kind) for kind in kinds]
    weights = (3, 1, 4, 1, 5, 9, 2, 6, 5, 3, -12, -8)

    def rule(*steps: Seen) -> Out:
        weight = sum(weight for weight, step in zip(weights, steps, strict=True) if step is Y)
        return Out.DONE if weight >= 15 else Out.OPEN if weight >= 0 else Out.FAILED

    table = outcomes(*machines, rule=rule)
    has_all = [DerivedColumn.of(f"has {store.name}", has(store)) for store in (HOSTS, BOOKS, BEDS, WHEELS)]
    wants = [two_ways(column, anchor(f"store {column.name}")) for column in has_all]
    return proc(table, *machines, HOSTS, BOOKS, BEDS, WHEELS, wants=wants)


@case(balloted("Ann", "cook", 3), pitched(1, 60), seated(1, "Ann", "Bo"), Insured(), Wrecked())
def a_trial_with_letters_for_each() -> Process:
    """Ballots, notes and swaps each get a letter, whatever became of the rest of it."""
    wrecked = seen(Wrecked)
    machines = [seen(kind) for kind in (Moored, Cast, Piloted, Insured, Painted, Blessed)]
    wants = []
    for store, name in ((BALLOTS, "ballot"), (NOTES, "note"), (SWAPS, "swap")):
        letter = Effect(
            f"{name} letter", "post", {Do.YES: CommandTemplate(f"Write{name.title()}", store, (store.key,))}
        )
        wants.append(wanted(wrecked, rows=[(ANY, {letter: every(store)})]))
    table = outcomes(
        wrecked, *machines, rule=lambda lost, *rest: Out.FAILED if lost is Y else (Out.OTHER, Out.DONE)[Y in rest]
    )
    return proc(table, wrecked, *machines, BALLOTS, NOTES, SWAPS, wants=wants)
