"""A wrong declaration says which cell is wrong."""

from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from typing import Any

import pytest

from saga.core import ANY, CommandTemplate, Deadline, DeclarationError, Effect, Process, SubMachine, outcomes, wanted


class Light(Enum):
    OFF = "off"
    ON = "on"


class Door(Enum):
    SHUT = "shut"
    OPEN = "open"


class Result(Enum):
    DARK = "dark"
    BRIGHT = "bright"


class Lit:
    house_id: str


class Opened:
    house_id: str


LIGHT = SubMachine("light", start=Light.OFF, moves={Light.OFF: {Lit: Light.ON}, Light.ON: {Lit: Light.ON}})
DOOR = SubMachine("door", start=Door.SHUT, moves={Door.SHUT: {Opened: Door.OPEN}, Door.OPEN: {Opened: Door.OPEN}})
RESULT = outcomes(LIGHT, rows=[(Light.OFF, Result.DARK), (Light.ON, Result.BRIGHT)])
ROWS = [(Light.OFF, ANY, Result.DARK), (Light.ON, ANY, Result.BRIGHT)]


def test_a_state_without_a_row_is_named() -> None:
    with pytest.raises(DeclarationError, match="state ON has no row"):
        SubMachine("light", start=Light.OFF, moves={Light.OFF: {Lit: Light.ON}})


def test_a_missing_cell_is_named() -> None:
    with pytest.raises(DeclarationError, match=r"cell \(ON, Lit\) is missing"):
        SubMachine("light", start=Light.OFF, moves={Light.OFF: {Lit: Light.ON}, Light.ON: {}})


def test_a_target_of_another_enum_is_named() -> None:
    moves: Any = {Light.OFF: {Lit: Door.OPEN}, Light.ON: {Lit: Light.ON}}
    with pytest.raises(DeclarationError, match=r"cell \(OFF, Lit\) names <Door.OPEN"):
        SubMachine("light", start=Light.OFF, moves=moves)


def test_an_unreachable_state_is_named() -> None:
    moves: dict[Light, dict[type, Light]] = {Light.OFF: {Lit: Light.OFF}, Light.ON: {Lit: Light.ON}}
    with pytest.raises(DeclarationError, match="state ON can't be reached from OFF"):
        SubMachine("light", start=Light.OFF, moves=moves)


def test_a_missing_outcome_is_named() -> None:
    with pytest.raises(DeclarationError, match=r"outcome: cell \(ON, SHUT\) is missing"):
        outcomes(LIGHT, DOOR, rows=[ROWS[0], (Light.ON, Door.OPEN, Result.BRIGHT)])


def test_an_outcome_that_is_claimed_twice_is_named() -> None:
    with pytest.raises(DeclarationError, match=r"outcome: cell \(OFF, OPEN\) is claimed twice"):
        outcomes(LIGHT, DOOR, rows=[*ROWS, (Light.OFF, Door.OPEN, Result.BRIGHT)])


def test_a_row_of_the_wrong_length_is_named() -> None:
    with pytest.raises(DeclarationError, match=r"row \(OFF\) has 1 values for 2 columns"):
        outcomes(LIGHT, DOOR, rows=[(Light.OFF, Result.DARK)])


def test_a_row_with_a_state_of_no_column_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"row \(OPEN, OFF\): OPEN is none of OFF, ON"):
        outcomes(LIGHT, DOOR, rows=[*ROWS, (Door.OPEN, Light.OFF, Result.DARK)])


def test_a_missing_want_is_named() -> None:
    with pytest.raises(DeclarationError, match=r"wanted: cell \(BRIGHT, OPEN\) is missing"):
        wanted(RESULT, DOOR, rows=[(Result.DARK, ANY, {}), (Result.BRIGHT, Door.SHUT, {})])


def test_a_want_that_no_command_brings_about_is_named() -> None:
    bell = Effect("bell", collaborator="porter", commands={Light.ON: CommandTemplate("Ring")})
    rows = [(Result.DARK, ANY, {bell: Light.OFF}), (Result.BRIGHT, ANY, {})]
    with pytest.raises(DeclarationError, match=r"cell \(DARK, SHUT\) wants Light.OFF of bell: no such command"):
        wanted(RESULT, DOOR, rows=rows)


def test_states_that_are_no_enum_are_refused() -> None:
    with pytest.raises(DeclarationError, match="'light': start 'off' is no state: states are the members of an enum"):
        SubMachine("light", start="off", moves={"off": {Lit: "off"}})  # type: ignore[type-var]


def test_a_row_that_is_no_table_of_inputs_is_named() -> None:
    with pytest.raises(DeclarationError, match=r"row Light.OFF is no table of message classes"):
        SubMachine("light", start=Light.OFF, moves={Light.OFF: [Lit], Light.ON: {}})  # type: ignore[dict-item]
    with pytest.raises(DeclarationError, match="it consumes 'Lit', which is no message class"):
        SubMachine("light", start=Light.OFF, moves={Light.OFF: {"Lit": Light.ON}, Light.ON: {}})  # type: ignore[dict-item]


def test_rows_and_a_rule_at_once_are_refused() -> None:
    with pytest.raises(DeclarationError, match="outcome: has rows and a rule: give the one that decides"):
        outcomes(LIGHT, rows=[(ANY, Result.DARK)], rule=lambda _: Result.BRIGHT)


@pytest.mark.parametrize("table", [outcomes, wanted])
def test_a_row_that_is_no_row_is_named(table: Callable[..., object]) -> None:
    with pytest.raises(DeclarationError, match=r"row <Light.ON: 'on'> is no tuple: write a value for each column"):
        table(LIGHT, rows=[Light.ON])


def test_a_cell_that_does_not_say_what_it_wants_is_named() -> None:
    with pytest.raises(
        DeclarationError, match=r"wanted: cell \(DARK\) has None: say what is wanted, or {} for nothing"
    ):
        wanted(RESULT, rows=[(Result.DARK, None), (Result.BRIGHT, {})])
    with pytest.raises(DeclarationError, match=r"cell \(DARK\) wants Light.ON of 'bell', which is neither an effect"):
        wanted(RESULT, rows=[(Result.DARK, {"bell": Light.ON}), (Result.BRIGHT, {})])


def test_a_deadline_that_is_wanted_other_than_armed_is_named() -> None:
    deadline = Deadline("night", emits=Lit, after=timedelta(hours=1))
    with pytest.raises(DeclarationError, match=r"cell \(DARK\) wants Light.ON of the deadline night: all it can be is"):
        wanted(RESULT, rows=[(Result.DARK, {deadline: Light.ON}), (Result.BRIGHT, {})])


def test_an_input_that_nobody_hears_is_named() -> None:
    with pytest.raises(DeclarationError, match="no sub-machine consumes Opened"):
        _process(inputs={"house": (Lit, Opened)}, machines=(LIGHT,))


def test_an_input_from_no_module_is_named() -> None:
    with pytest.raises(DeclarationError, match="Opened of 'door' comes from no module"):
        _process(inputs={"house": (Lit,)}, machines=(LIGHT, DOOR))


def _process(inputs: dict[str, tuple[type, ...]], machines: tuple[SubMachine, ...]) -> Process:  # type: ignore[type-arg]
    return Process(
        name="house",
        version=1,
        correlate="house_id",
        inputs=inputs,
        machines=machines,
        outcomes=RESULT,
        wanted=(wanted(RESULT, rows=[(Result.DARK, {}), (Result.BRIGHT, {})]),),
        settled=frozenset({Result.BRIGHT}),
    )
