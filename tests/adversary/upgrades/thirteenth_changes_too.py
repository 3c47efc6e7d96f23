"""Pairs of versions whose classes, conditions, tables and machines changed in small ways."""

from enum import Enum
from itertools import combinations
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, Field

from saga import (
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Entries,
    Fact,
    Process,
    Reducer,
    Register,
    SubMachine,
    Wanted,
    all_but,
    count,
    each,
    entries_where,
    greatest,
    one_of,
    outcomes,
    wanted,
)
from tests.adversary.kit import Do, Out, has_any, one_outcome, proc, seen, shown, upgrade, wanted_in
from tests.adversary.planted.thirteenth_messages import (
    HOSTS,
    NOTES,
    Cast,
    Geared,
    Lifted,
    Moored,
    N,
    Painted,
    Piloted,
    Salvaged,
    Wrecked,
    Y,
    anchor,
    geared,
    hosted,
    pitched,
    two_ways,
)

Pair = tuple[Process, Process]
ANY_CLASS = Any


def measured(annotation: ANY_CLASS, field: ANY_CLASS = None) -> type[BaseModel]:
    """A class of this name whose depth has this type."""

    class Measured(BaseModel):
        """The depth at a buoy."""

        id: str = "i"
        depth_id: str
        depth: annotation = field or Field()

    return Measured


def deepest(kind: type[BaseModel]) -> Process:
    """The greatest depth is written again with each change."""
    store = Register("depths", kind, "depth_id")
    has_one = has_any(store)
    template = CommandTemplate("Write", computed=(ComputedField.of("deepest", greatest(store, "depth")),))
    note = Effect("note", "chart", {Do.YES: template})
    return proc(one_outcome(has_one), has_one, store, wants=[wanted_in(has_one, note, YES=Do.YES)])


WHOLE, BROKEN = measured(int), measured(float)
NARROW, WIDE = measured(Annotated[int, Field(ge=0, le=50)]), measured(Annotated[int, Field(ge=0, le=900)])
ALIASED = measured(int, Field(validation_alias=AliasChoices("depth", "depthInMetres")))


@upgrade(WHOLE(depth_id="d1", depth=9), WHOLE(depth_id="d2", depth=4), is_harmful=True)
def depths_with_fractions() -> Pair:
    """What is stored are integers, and the same depth is another value when it comes as a fraction."""
    return deepest(WHOLE), deepest(BROKEN)


@upgrade(WIDE(depth_id="d1", depth=90), WIDE(depth_id="d2", depth=4), is_harmful=True)
def depths_up_to_fifty_from_now_on() -> Pair:
    """Depths that were taken before are refused when they come again."""
    return deepest(WIDE), deepest(NARROW)


@upgrade(NARROW(depth_id="d1", depth=9), NARROW(depth_id="d2", depth=4), is_harmful=False)
def depths_up_to_nine_hundred_from_now_on() -> Pair:
    """What was taken before is taken, and more."""
    return deepest(NARROW), deepest(WIDE)


@upgrade(WHOLE(depth_id="d1", depth=9), WHOLE(depth_id="d2", depth=4), is_harmful=False)
def depths_with_a_second_name() -> Pair:
    """The field has a second name in what senders write, and one in Python."""
    return deepest(WHOLE), deepest(ALIASED)


class Lamp(Enum):
    """How a lamp burns."""

    ON = "on"
    OFF = "off"
    DIM = "dim"


def lamp(*conditions: Lamp) -> Effect:
    """A lamp with these conditions."""
    return Effect("lamp", "keeper", {one: CommandTemplate(f"Turn{one.name.title()}") for one in conditions})


def lit(*rows: tuple[Any, ...]) -> Process:
    """A lamp that follows a boat and a pilot."""
    moored, piloted = seen(Moored), seen(Piloted)
    return proc(one_outcome(moored), moored, piloted, wants=[wanted(moored, piloted, rows=list(rows))])


@upgrade(Moored(), Piloted(), is_harmful=False)
def a_lamp_that_may_burn_low() -> Pair:
    """A third condition is wanted in one of the cells, with the next change."""
    old, new = lamp(Lamp.ON, Lamp.OFF), lamp(Lamp.ON, Lamp.OFF, Lamp.DIM)
    return (
        lit((Y, Y, {old: Lamp.ON}), (Y, N, {old: Lamp.ON}), (N, one_of(Y, N), {old: Lamp.OFF})),
        lit((Y, Y, {new: Lamp.ON}), (Y, N, {new: Lamp.DIM}), (N, one_of(Y, N), {new: Lamp.OFF})),
    )


def berths(*tables: Wanted, machines: tuple[SubMachine[Any], ...]) -> Process:
    """Berths of a boat and a pilot."""
    return proc(one_outcome(machines[0]), *machines, wants=tables)


@upgrade(Moored(), Piloted(), is_harmful=False)
def one_table_that_became_two() -> Pair:
    """Each effect has a table of its own, with the same conditions."""
    moored, piloted = machines = (seen(Moored), seen(Piloted))
    boat, pilot = anchor("boat"), anchor("pilot")
    rows = [
        (Y, Y, {boat: Do.YES, pilot: Do.YES}),
        (Y, N, {boat: Do.YES, pilot: Do.NO}),
        (N, Y, {boat: Do.NO, pilot: Do.YES}),
        (N, N, {boat: Do.NO, pilot: Do.NO}),
    ]
    old = berths(wanted(moored, piloted, rows=rows), machines=machines)
    return old, berths(two_ways(moored, boat, Y), two_ways(piloted, pilot, Y), machines=machines)


@upgrade(Moored(), Piloted(), is_harmful=True)
def two_effects_that_changed_names() -> Pair:
    """The berth of the boat is called that of the pilot, and the other way round: one of them stays reserved."""
    moored, piloted = machines = (seen(Moored), seen(Piloted))
    boat, pilot = (
        Effect(name, "harbour", {Do.YES: CommandTemplate(f"Reserve{name.title()}")}) for name in ("boat", "pilot")
    )
    one = [wanted_in(moored, boat, YES=Do.YES), wanted_in(piloted, pilot, YES=Do.YES)]
    boat_too, pilot_too = (
        Effect(name, "harbour", {Do.YES: CommandTemplate(f"Reserve{other.title()}")})
        for name, other in (("pilot", "boat"), ("boat", "pilot"))
    )
    two = [wanted_in(moored, boat_too, YES=Do.YES), wanted_in(piloted, pilot_too, YES=Do.YES)]
    return berths(*one, machines=machines), berths(*two, machines=machines)


def yard(name: str) -> Process:
    """A child with a table of this name, and what becomes of it."""
    painted, cast = seen(Painted), seen(Cast)
    inner = outcomes(painted, rows=[(Y, Out.DONE), (N, Out.OTHER)], name=name)
    child = proc(inner, painted, wants=[wanted(inner, rows=[(Out.DONE, {YARD: Do.YES}), (Out.OTHER, {YARD: Do.NO})])])
    rows = [(Out.DONE, Y, Out.DONE), (all_but(Out.DONE), Y, Out.FAILED), (Out.DONE, N, Out.OPEN)]
    table = outcomes(inner, cast, rows=[*rows, (all_but(Out.DONE), N, Out.OTHER)])
    return proc(table, cast, children=(child,))


YARD = anchor("yard")


@upgrade(Painted(), Cast(), is_harmful=False)
def a_child_whose_table_has_another_name() -> Pair:
    """The table of the child is called otherwise, and stored nowhere."""
    return yard("yard"), yard("dock")


def _most(known: int, fact: Fact) -> int:
    return max(known, int(fact.fields["teeth"]))


@upgrade(geared(1, 12), geared(2, 8), is_harmful=True)
def a_fold_that_became_a_register() -> Pair:
    """A number was stored under the name where entries are expected."""

    def most(wheels: Entries) -> int:
        return max((one["teeth"] for one in wheels.values()), default=0)

    return shown(Reducer("wheels", (Geared,), 0, _most)), shown(Register("wheels", Geared, "wheel_id"), compute=most)


def reserved_with(least: int, *, is_final: bool) -> Process:
    """A berth for so many notes and more."""
    column = DerivedColumn.of("many", count(NOTES) >= least)
    return proc(one_outcome(column), NOTES, wants=[two_ways(column, anchor(is_final=is_final))])


@upgrade(pitched(1, 60), pitched(2, 62), pitched(3, 64), is_harmful=True)
def a_berth_that_became_final_with_more_notes() -> Pair:
    """One note reserved it, three are needed, and what is reserved can't be freed any more."""
    return reserved_with(1, is_final=False), reserved_with(3, is_final=True)


@upgrade(pitched(1, 60), pitched(2, 62), pitched(3, 64), is_harmful=False)
def a_berth_that_became_final_with_fewer_notes() -> Pair:
    """What is reserved stays so, and can't be freed any more."""
    return reserved_with(3, is_final=False), reserved_with(1, is_final=True)


def listed(*, is_reversed: bool, is_final: bool) -> Process:
    """The names of all hosts."""

    def names(hosts: Entries) -> list[str]:
        return sorted({one["block"] for one in hosts.values()}, reverse=is_reversed)

    return shown(HOSTS, compute=names, is_cumulative=is_final, is_final=is_final)


@upgrade(hosted(1, "reef"), hosted(2, "dune"), is_harmful=False)
def names_from_z_to_a() -> Pair:
    """The list is written again in another order, and nothing of it is final."""
    return listed(is_reversed=False, is_final=False), listed(is_reversed=True, is_final=False)


def chosen_voice(voice: str) -> Process:
    """A part for each note of a voice, for good."""
    has_one = has_any(NOTES)
    part = Effect("part", "printer", {Do.YES: CommandTemplate("Print", NOTES, ("pitch",))}, frozenset({Do.YES}))
    pick = entries_where(NOTES, each("voice").is_one_of(*voice.split()))
    return proc(one_outcome(has_one), has_one, NOTES, wants=[wanted_in(has_one, part, YES=pick)])


@upgrade(pitched(1, 60, "bass"), pitched(2, 62, "alto"), is_harmful=True)
def parts_for_another_voice() -> Pair:
    """Parts were printed for the bass, and are wanted for the alto alone."""
    return chosen_voice("bass"), chosen_voice("alto")


@upgrade(pitched(1, 60, "bass"), pitched(2, 62, "alto"), is_harmful=False)
def parts_for_one_voice_more() -> Pair:
    """Parts of the alto are printed with the next change."""
    return chosen_voice("bass"), chosen_voice("bass alto")


def hull(*, knows_salvage: bool, is_sold: bool = False) -> Process:
    """A hull that remembers its wreck, and its salvage or not."""
    kinds = (Wrecked, *((Salvaged,) if knows_salvage else ()), *((Lifted,) if is_sold else ()))
    words = [
        "whole",
        *("+".join(one.__name__ for one in known) for size in (1, 2, 3) for known in combinations(kinds, size)),
    ]
    states: Any = Enum("states", {word.replace("+", "_AND_").upper(): word for word in words})  # type: ignore[misc]

    def moved(state: Any, kind: type) -> Any:
        known = {*state.value.split("+"), kind.__name__} - {"whole"}
        return states("+".join(one.__name__ for one in kinds if one.__name__ in known))

    moves = {
        state: {kind: moved(state, kind) if kind in kinds else state for kind in (*kinds, Salvaged)} for state in states
    }
    machine = SubMachine("hull", states("whole"), moves)
    table = outcomes(machine, rule=lambda state: Out.DONE if "Wrecked+Salvaged" in state.value else Out.OTHER)
    return proc(table, machine)


@upgrade(Wrecked(), Salvaged(), is_harmful=True)
def a_salvage_that_left_no_trace() -> Pair:
    """The machine took a salvage in and stayed as it was, and moves with it from now on."""
    return hull(knows_salvage=False), hull(knows_salvage=True)


@upgrade(Wrecked(), Salvaged(), Lifted(), is_harmful=False)
def a_hull_that_may_be_sold() -> Pair:
    """States are added that are reached with a new message alone."""
    return hull(knows_salvage=True), hull(knows_salvage=True, is_sold=True)
