"""A process is a part of a larger one: its inputs, parts, registers and wants are then those of the larger one too."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import pytest

from saga.core import (
    ANY,
    CommandTemplate,
    DeclarationError,
    Effect,
    Fact,
    Process,
    Register,
    State,
    SubMachine,
    Wanted,
    decide,
    outcomes,
    wanted,
)


class Light(Enum):
    OFF = "off"
    ON = "on"


class Door(Enum):
    SHUT = "shut"
    OPEN = "open"


class Room(Enum):
    QUIET = "quiet"
    USED = "used"


class House(Enum):
    EMPTY = "empty"
    LIVED_IN = "lived_in"


class Street(Enum):
    ASLEEP = "asleep"
    AWAKE = "awake"


class Bell(Enum):
    RUNG = "rung"


@dataclass
class Lit:
    house_id: str


@dataclass
class Opened:
    house_id: str


@dataclass
class Passed:
    house_id: str


@dataclass
class Swept:
    street_id: str


def machine(name: str, kind: type, states: type[Enum]) -> SubMachine[Any]:
    before, after = states
    return SubMachine(name, start=before, moves={before: {kind: after}, after: {kind: after}})


LIGHT = machine("light", Lit, Light)
DOOR = machine("door", Opened, Door)
OPENINGS = Register("openings", of=Opened, key="house_id")
BELL = Effect("bell", collaborator="porter", commands={Bell.RUNG: CommandTemplate("Ring")})
ROOM_OUTCOME = outcomes(LIGHT, name="room", rows=[(Light.OFF, Room.QUIET), (Light.ON, Room.USED)])
ROOM_WANTS = wanted(ROOM_OUTCOME, rows=[(Room.QUIET, {}), (Room.USED, {BELL: Bell.RUNG})])


def room(**changed: Any) -> Process:
    declared: dict[str, Any] = {
        "name": "room",
        "version": 1,
        "correlate": "house_id",
        "inputs": {"rooms": (Lit,)},
        "machines": (LIGHT,),
        "outcomes": ROOM_OUTCOME,
        "wanted": (ROOM_WANTS,),
        "settled": frozenset({Room.USED}),
    }
    return Process(**declared | changed)


HOUSE_OUTCOME = outcomes(
    ROOM_OUTCOME,
    DOOR,
    name="house",
    rows=[
        (Room.QUIET, Door.SHUT, House.EMPTY),
        (Room.QUIET, Door.OPEN, House.LIVED_IN),
        (Room.USED, ANY, House.LIVED_IN),
    ],
)


def house(*children: Process, **changed: Any) -> Process:
    declared: dict[str, Any] = {
        "name": "house",
        "version": 1,
        "correlate": "house_id",
        "inputs": {"doors": (Opened,)},
        "children": children or (room(),),
        "machines": (DOOR,),
        "registers": (OPENINGS,),
        "outcomes": HOUSE_OUTCOME,
        "settled": frozenset({House.LIVED_IN}),
    }
    return Process(**declared | changed)


def fact(kind: type) -> Fact:
    return Fact(kind, {"house_id": "h-1"})


def test_what_a_child_declares_is_the_larger_ones_too() -> None:
    whole = house()
    assert whole.inputs == {"doors": (Opened,), "rooms": (Lit,)}
    assert [one.name for one in whole.machines] == ["light", "door"]
    assert (whole.registers, whole.wanted, whole.effects) == ((OPENINGS,), (ROOM_WANTS,), (BELL,))


def test_a_childs_outcome_decides_the_larger_one_and_its_wants_are_commanded() -> None:
    whole = house()
    decision = decide(whole, State.start(whole), fact(Lit))
    assert decision.outcome is House.LIVED_IN
    assert [command.type for command in decision.commands] == ["Ring"]


def test_a_childs_child_is_adopted_as_well() -> None:
    street = Process(
        name="street",
        version=1,
        correlate="house_id",
        inputs={"streets": (Passed,)},
        children=(house(),),
        machines=(machine("traffic", Passed, Door),),
        outcomes=outcomes(
            HOUSE_OUTCOME, name="street", rows=[(House.EMPTY, Street.ASLEEP), (House.LIVED_IN, Street.AWAKE)]
        ),
        settled=frozenset({Street.AWAKE}),
    )
    assert [one.name for one in street.machines] == ["light", "door", "traffic"]
    assert decide(street, State.start(street), fact(Opened)).outcome is Street.AWAKE
    assert [command.type for command in decide(street, State.start(street), fact(Lit)).commands] == ["Ring"]


def test_a_part_that_two_children_share_is_there_once() -> None:
    other = room(name="cellar", wanted=())
    assert [one.name for one in house(room(), other).machines] == ["light", "door"]


def test_a_process_with_children_can_be_changed_in_one_place() -> None:
    changed = replace(house(), version=2)
    assert (changed.version, changed.machines, changed.wanted) == (2, house().machines, house().wanted)


def test_two_different_parts_of_one_name_are_named() -> None:
    other = machine("light", Passed, Light)
    outcome = outcomes(other, name="cellar", rows=[(Light.OFF, Room.QUIET), (Light.ON, Room.USED)])
    cellar = room(name="cellar", inputs={"cellars": (Passed,)}, machines=(other,), outcomes=outcome, wanted=())
    with pytest.raises(DeclarationError, match="process 'house': there are two of the sub-machine light"):
        house(room(), cellar)


def test_two_different_registers_of_one_name_are_named() -> None:
    other = Register("openings", of=Lit, key="house_id")
    with pytest.raises(DeclarationError, match="there are two of the register openings"):
        house(room(registers=(other,)))


def test_two_different_effects_of_one_name_are_named() -> None:
    other = Effect("bell", collaborator="porter", commands={Bell.RUNG: CommandTemplate("RingLouder")})
    louder = wanted(DOOR, rows=[(Door.SHUT, {}), (Door.OPEN, {other: Bell.RUNG})])
    with pytest.raises(DeclarationError, match="there are two of the effect bell"):
        house(wanted=(louder,))


def test_an_effect_that_child_and_parent_both_want_is_named() -> None:
    again: Wanted = wanted(DOOR, rows=[(Door.SHUT, {}), (Door.OPEN, {BELL: Bell.RUNG})])
    with pytest.raises(DeclarationError, match="two tables want bell: one has to decide"):
        house(wanted=(again,))


def test_two_message_classes_of_one_name_are_named() -> None:
    impostor: type = dataclass(type("Opened", (), {"__annotations__": {"house_id": str}}))
    gate = machine("gate", impostor, Door)
    outcome = outcomes(gate, name="garden", rows=[(Door.SHUT, Room.QUIET), (Door.OPEN, Room.USED)])
    garden = room(name="garden", inputs={"gardens": (impostor,)}, machines=(gate,), outcomes=outcome, wanted=())
    with pytest.raises(DeclarationError, match="there are two of the input Opened"):
        house(room(), garden)


def test_a_column_of_a_process_that_is_no_child_is_named() -> None:
    with pytest.raises(DeclarationError, match="looks at the sub-machine light, which is none of the machines"):
        house(children=())


def test_two_columns_of_one_name_are_named() -> None:
    unnamed = outcomes(DOOR, name="room", rows=[(Door.SHUT, Room.QUIET), (Door.OPEN, Room.USED)])
    both = outcomes(ROOM_OUTCOME, unnamed, rows=[(Room.QUIET, ANY, House.EMPTY), (Room.USED, ANY, House.LIVED_IN)])
    with pytest.raises(DeclarationError, match="2 columns of one table are called room: give each"):
        house(outcomes=both)


def test_a_childs_message_that_names_no_instance_of_the_larger_one_is_named() -> None:
    swept = machine("swept", Swept, Door)
    table = outcomes(ROOM_OUTCOME, swept, rows=[(ANY, Door.SHUT, House.EMPTY), (ANY, Door.OPEN, House.LIVED_IN)])
    with pytest.raises(DeclarationError, match="Lit has no field street_id: nothing says which instance it is about"):
        house(correlate="street_id", inputs={"streets": (Swept,)}, machines=(swept,), registers=(), outcomes=table)


def test_a_cell_that_names_a_state_of_the_child_instead_of_its_outcome_is_named() -> None:
    with pytest.raises(DeclarationError, match=r"house: row \(ON, ANY\): ON is none of QUIET, USED"):
        outcomes(ROOM_OUTCOME, DOOR, name="house", rows=[(Light.ON, ANY, House.LIVED_IN)])
