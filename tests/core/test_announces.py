"""What a process announces: each error says what to write, and what is said depends on the outcome alone."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import pytest

from saga import Announces, DeclarationError, Fact, Process, Register, SubMachine, outcomes
from saga.core import State, announce, decide, digests_of, dump_state, load_state
from saga.core.announcement import ANNOUNCED
from saga.core.routing import routing_key


@dataclass(frozen=True)
class Opened:
    lamp_id: str
    room: str


@dataclass(frozen=True)
class On:
    lamp_id: str


@dataclass(frozen=True)
class Off:
    lamp_id: str


class Switch(Enum):
    OFF = "off"
    ON = "on"


class Lamp(Enum):
    DARK = "dark"
    LIT = "lit"


class Other(Enum):
    BROKEN = "broken"


SWITCH = SubMachine("switch", Switch.OFF, {one: {On: Switch.ON, Off: Switch.OFF} for one in Switch})
ROOMS = Register("rooms", of=Opened, key="lamp_id")
BY_ROOM = Register("by room", of=Opened, key="room")
TYPES: dict[Enum, str] = {Lamp.DARK: "LampDark", Lamp.LIT: "LampLit"}


def lamp(announces: Any = None, **changed: Any) -> Process:
    declared: dict[str, Any] = {
        "name": "lamp",
        "version": 1,
        "correlate": "lamp_id",
        "inputs": {"house": (Opened, On, Off)},
        "machines": (SWITCH,),
        "registers": (ROOMS,),
        "outcomes": outcomes(SWITCH, rows=[(Switch.OFF, Lamp.DARK), (Switch.ON, Lamp.LIT)]),
        "settled": frozenset(Lamp),
    }
    return Process(announces=announces, **{**declared, **changed})


ANNOUNCING = lamp(Announces(TYPES))


@pytest.mark.parametrize(
    ("declare", "said"),
    [
        (lambda: lamp("LampLit"), "write Announces"),
        (lambda: Announces({}), "write the event type of each outcome"),
        (lambda: Announces({"lit": "LampLit"}), "members of the enum"),  # type: ignore[dict-item]
        (lambda: Announces({**TYPES, Lamp.LIT: "Lamp.Lit"}), "without spaces, dots"),
        (lambda: Announces({**TYPES, Lamp.LIT: "Lamp Lit"}), "without spaces, dots"),
        (lambda: Announces({**TYPES, Lamp.LIT: 3}), "write a text"),  # type: ignore[dict-item]
        (lambda: Announces({**TYPES, Lamp.LIT: "InputTaken"}), "taken by the service"),
        (lambda: Announces(TYPES, final=frozenset({Other.BROKEN})), "which types does not name"),
        (lambda: Announces(TYPES, fields=("room",)), "belong together"),
        (lambda: Announces(TYPES, register=ROOMS), "belong together"),
        (lambda: Announces(TYPES, register=ROOMS, fields=("room", "room")), "twice"),
        (lambda: Announces(TYPES, register=ROOMS, fields=("outcome",)), "every announcement says"),
        (lambda: lamp(Announces({Lamp.LIT: "LampLit"})), "also that of the start"),
        (lambda: lamp(Announces({**TYPES, Other.BROKEN: "LampBroken"})), "which no cell of the outcomes has"),
        (lambda: lamp(Announces({**TYPES, Lamp.LIT: "On"})), "which the process consumes"),
        (lambda: lamp(Announces({**TYPES, Lamp.LIT: "É" * 110}), name="l" * 51), "shorten the names"),
        (lambda: lamp(Announces(TYPES, register=BY_ROOM, fields=("room",))), "which the process does not keep"),
        (
            lambda: lamp(Announces(TYPES, register=BY_ROOM, fields=("room",)), registers=(BY_ROOM,)),
            "key it by lamp_id",
        ),
        (lambda: lamp(Announces(TYPES, register=ROOMS, fields=("colour",))), "which Opened does not have"),
        (lambda: lamp(Announces(TYPES, register=ROOMS, fields=("lamp_id",))), "names the instance"),
        (lambda: lamp(inputs={"house": (Opened, On), "lamp-process": (Off,)}), "can't receive what it announces"),
        (
            lambda: lamp(inputs={"house": (Opened, On), "bulb": (Off,), "bulb-process": (Off,)}),
            "there are two of the input Off",
        ),
    ],
)
def test_an_error_says_what_to_write(declare: Callable[[], object], said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        declare()


def test_a_process_is_routed_by_its_name_and_a_module_by_its_own() -> None:
    assert routing_key("lamp-process", "LampLit") == "lamp.LampLit"
    assert routing_key("house", "On") == "house.On"


def said(process: Process, *facts: Fact, batches: tuple[int, ...] = ()) -> list[tuple[str, int]]:
    """What is announced if these facts come, each alone or so many at once."""
    state, received, left = State.start(process), [], list(facts)
    for size in batches or [1] * len(facts):
        batch, left = left[:size], left[size:]
        for fact in batch:
            state = decide(process, state, fact).state
        outcome = process.outcomes.value(state.machines, state.registers)
        state, announcement = announce(process, state, outcome)
        state = load_state(process, dump_state(state))
        if announcement is not None:
            received.append((announcement.type, announcement.revision))
    return received


OPENED, ON, OFF = (
    Fact(Opened, {"lamp_id": "l", "room": "hall"}),
    Fact(On, {"lamp_id": "l"}),
    Fact(Off, {"lamp_id": "l"}),
)


def test_each_change_is_said_once_with_the_next_revision() -> None:
    assert said(ANNOUNCING, OPENED, OFF, ON, ON, OFF, ON) == [("LampLit", 1), ("LampDark", 2), ("LampLit", 3)]


def test_a_change_that_is_undone_in_one_batch_is_not_said() -> None:
    assert said(ANNOUNCING, ON, OFF, ON, OFF, batches=(2, 1, 1)) == [("LampLit", 1), ("LampDark", 2)]


def test_what_was_believed_before_is_corrected_by_the_next_message() -> None:
    state = decide(lamp(), State.start(lamp()), ON).state
    state, announcement = announce(ANNOUNCING, state, Lamp.LIT)
    assert announcement is not None
    assert (announcement.outcome, announcement.revision) == (Lamp.LIT, 1)
    assert state.commanded[ANNOUNCED].condition == "lit"


def test_nothing_is_said_before_there_is_an_entry_to_copy_from() -> None:
    process = lamp(Announces(TYPES, register=ROOMS, fields=("room",)))
    state = decide(process, State.start(process), ON).state
    assert announce(process, state, Lamp.LIT) == (state, None)
    state, announcement = announce(process, decide(process, state, OPENED).state, Lamp.LIT)
    assert announcement is not None
    assert announcement.fields == {"room": "hall"}


def test_only_a_process_that_announces_has_another_digest() -> None:
    assert "announces" not in digests_of(lamp())
    assert digests_of(ANNOUNCING).items() - digests_of(lamp()).items() == {
        ("announces", digests_of(ANNOUNCING)["announces"])
    }
    other = replace(ANNOUNCING, announces=Announces({**TYPES, Lamp.LIT: "LampOn"}))
    assert digests_of(other)["announces"] != digests_of(ANNOUNCING)["announces"]
