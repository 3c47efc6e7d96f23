"""Validation of a whole process names each part that is wrong."""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum, auto
from typing import Any

import pytest

from saga.core import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DeclarationError,
    DerivedColumn,
    Effect,
    Process,
    Register,
    Selection,
    SubMachine,
    all_but,
    all_but_least,
    every,
    one_of,
    outcomes,
    wanted,
)


class Light(Enum):
    OFF = "off"
    DIM = "dim"
    ON = "on"


class Result(Enum):
    DARK = "dark"
    BRIGHT = "bright"


class Bell(Enum):
    RUNG = "rung"
    MUTED = "muted"


@dataclass
class Lit:
    house_id: str
    lamp: str


@dataclass
class Dimmed:
    house_id: str


LIGHT = SubMachine(
    "light",
    start=Light.OFF,
    moves={
        Light.OFF: {Lit: Light.ON, Dimmed: Light.DIM},
        Light.DIM: {Lit: Light.ON, Dimmed: Light.DIM},
        Light.ON: {Lit: Light.ON, Dimmed: Light.ON},
    },
)
RESULT = outcomes(LIGHT, rows=[(all_but(Light.ON), Result.DARK), (Light.ON, Result.BRIGHT)])
LAMPS = Register("lamps", of=Lit, key="lamp")
STRANGE = Register("strange", of=Lit, key="lamp")
RING: dict[Enum, CommandTemplate] = {Bell.RUNG: CommandTemplate("Ring")}
BELL = Effect("bell", collaborator="porter", commands=RING)


def process(wants: Any = None, **changed: Any) -> Process:
    """A house; ``wants`` is what is wanted in every state."""
    declared: dict[str, Any] = {
        "name": "house",
        "version": 1,
        "correlate": "house_id",
        "inputs": {"lamps": (Lit, Dimmed)},
        "machines": (LIGHT,),
        "registers": (LAMPS,),
        "outcomes": RESULT,
        "wanted": (wanted(rows=[(wants or {},)]),),
        "settled": frozenset({Result.BRIGHT}),
    }
    return Process(**declared | changed)


def bell(**changed: Any) -> Effect:
    declared: dict[str, Any] = {"name": "bell", "collaborator": "porter", "commands": RING}
    return Effect(**declared | changed)


def test_a_process_without_complaints_is_declared() -> None:
    assert process({BELL: Bell.RUNG}).effects == (BELL,)


def test_a_choice_of_states_stands_for_each_of_them_and_for_no_other() -> None:
    by_choice = outcomes(LIGHT, rows=[(one_of(Light.OFF, Light.DIM), Result.DARK), (Light.ON, Result.BRIGHT)])
    assert by_choice.cells == RESULT.cells
    assert list(by_choice.cells) == [(Light.OFF,), (Light.DIM,), (Light.ON,)]


def test_a_choice_that_names_a_state_of_another_column_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"row \(all but RUNG\): RUNG is none of OFF, DIM, ON"):
        outcomes(LIGHT, rows=[(all_but(Bell.RUNG), Result.DARK)])


def test_choices_that_overlap_are_told_by_the_cell() -> None:
    with pytest.raises(DeclarationError, match=r"cell \(DIM\) is claimed twice"):
        outcomes(LIGHT, rows=[(one_of(Light.OFF, Light.DIM), Result.DARK), (all_but(Light.OFF), Result.BRIGHT)])


def test_a_rule_that_has_no_outcome_for_a_cell_names_it() -> None:
    with pytest.raises(DeclarationError, match=r"outcome: the rule fails for cell \(DIM\): KeyError"):
        outcomes(LIGHT, rule=lambda light: {Light.OFF: Result.DARK, Light.ON: Result.BRIGHT}[light])
    with pytest.raises(DeclarationError, match=r"the rule gives 'dark' for cell \(OFF\), which is no outcome"):
        outcomes(LIGHT, rule=lambda _: "dark")  # type: ignore[arg-type, return-value]


def test_an_input_without_the_field_that_correlates_is_named() -> None:
    with pytest.raises(DeclarationError, match="Dimmed has no field lamp: nothing says which instance it is about"):
        process(correlate="lamp")


def test_a_settled_outcome_that_no_cell_has_is_named() -> None:
    with pytest.raises(DeclarationError, match="settled names RUNG, which no cell of the outcomes has"):
        process(settled=frozenset({Bell.RUNG}))


def test_the_field_that_a_deadline_takes_its_seconds_from_has_to_exist() -> None:
    """A name that is misspelt would never be found in any message, and nobody would notice."""
    late = Deadline("late", emits=Dimmed, after=timedelta(hours=1), override=(LAMPS, "secconds"))
    with pytest.raises(DeclarationError, match="late takes its seconds from secconds, which Lit does not have"):
        process({late: ARMED})


def test_a_deadline_in_the_past_is_refused() -> None:
    with pytest.raises(DeclarationError, match="late is due 1:00:00 before it is armed"):
        process({Deadline("late", emits=Dimmed, after=-timedelta(hours=1)): ARMED})


def test_the_fields_that_decide_who_is_least_have_to_exist() -> None:
    with pytest.raises(DeclarationError, match="register lamps: Lit has no field brigthness"):
        all_but_least(LAMPS, by=("lamp", "brigthness"))


def test_a_part_whose_input_comes_from_no_module_is_named() -> None:
    with pytest.raises(DeclarationError, match="Dimmed of 'light' comes from no module"):
        process(inputs={"lamps": (Lit,)})


def test_a_register_with_a_key_that_its_input_does_not_have_is_named() -> None:
    with pytest.raises(DeclarationError, match="register lamps is keyed by bulb, which Lit does not have"):
        process(registers=(Register("lamps", of=Lit, key="bulb"),))


def test_a_judgement_over_a_register_that_is_not_kept_is_named() -> None:
    lit = DerivedColumn("lit", (STRANGE,), bool)
    table = outcomes(lit, rows=[(False, Result.DARK), (True, Result.BRIGHT)])
    with pytest.raises(DeclarationError, match="lit looks at the register strange, which the process does not keep"):
        process(outcomes=table)


@pytest.mark.parametrize("name", ["House", "1house", "a house", "h" * 60])
def test_a_name_that_can_be_no_queue_is_refused(name: str) -> None:
    with pytest.raises(DeclarationError, match="the name has to be small letters"):
        process(name=name)


@pytest.mark.parametrize("name", ["relay", "undelivered"])
def test_a_name_that_the_service_uses_itself_is_refused(name: str) -> None:
    with pytest.raises(DeclarationError, match=f"the name {name} is taken by the service itself"):
        process(name=name)


def test_a_process_that_is_called_like_its_collaborator_is_refused() -> None:
    with pytest.raises(DeclarationError, match="the name porter is that of a collaborator"):
        process({BELL: Bell.RUNG}, name="porter")


def test_a_state_that_is_stored_by_no_word_is_named() -> None:
    class Numbered(Enum):
        OFF = auto()
        ON = auto()

    numbered = SubMachine(
        "light",
        start=Numbered.OFF,
        moves={state: {Lit: Numbered.ON, Dimmed: Numbered.ON} for state in Numbered},
    )
    table = outcomes(numbered, rows=[(Numbered.OFF, Result.DARK), (Numbered.ON, Result.BRIGHT)])
    with pytest.raises(DeclarationError, match=r"Numbered.OFF has the value 1: give it a word"):
        process(machines=(numbered,), outcomes=table)


def test_two_outcomes_of_one_word_are_named() -> None:
    class Other(Enum):
        DARK = "dark"

    with pytest.raises(DeclarationError, match=r"outcome: Result.DARK and Other.DARK both have the value 'dark'"):
        outcomes(LIGHT, rows=[(all_but(Light.ON), Result.DARK), (Light.ON, Other.DARK)])


def test_a_command_that_carries_what_its_register_does_not_have_is_named() -> None:
    ring = bell(commands={Bell.RUNG: CommandTemplate("Ring", LAMPS, ("volume",))})
    with pytest.raises(DeclarationError, match="Ring carries volume, which Lit does not have"):
        process({ring: every(LAMPS)})


def test_a_command_that_carries_fields_of_one_of_several_entries_is_named() -> None:
    ring = bell(commands={Bell.RUNG: CommandTemplate("Ring", LAMPS, ("lamp",))})
    with pytest.raises(DeclarationError, match="Ring carries fields of lamps, of which an instance can have several"):
        process({ring: Bell.RUNG})


def test_a_command_that_carries_what_every_command_has_is_named() -> None:
    ring = bell(commands={Bell.RUNG: CommandTemplate("Ring", computed=(ComputedField("revision", (LAMPS,), len),))})
    with pytest.raises(DeclarationError, match="Ring carries revision, which every command has already"):
        process({ring: Bell.RUNG})


def test_a_figure_over_a_register_that_is_not_kept_is_named() -> None:
    ring = bell(commands={Bell.RUNG: CommandTemplate("Ring", computed=(ComputedField("lamps", (STRANGE,), len),))})
    with pytest.raises(DeclarationError, match="lamps looks at the register strange, which the process does not keep"):
        process({ring: Bell.RUNG})


def test_a_selection_from_or_beside_a_register_that_is_not_kept_is_named() -> None:
    with pytest.raises(DeclarationError, match="bell is wanted for every entry of strange"):
        process({BELL: every(STRANGE)})
    beside = Selection("the first", LAMPS, lambda lamps, _: frozenset(lamps), beside=(STRANGE,))
    with pytest.raises(DeclarationError, match="the first looks at the register strange"):
        process({BELL: beside})


def test_a_selection_for_an_effect_of_two_commands_has_to_say_which() -> None:
    both = bell(commands={Bell.RUNG: CommandTemplate("Ring"), Bell.MUTED: CommandTemplate("Mute")})
    with pytest.raises(DeclarationError, match="say in which condition, for it has 2"):
        process({both: every(LAMPS)})
    assert process({both: every(LAMPS, Bell.MUTED)}).effects == (both,)
    with pytest.raises(DeclarationError, match="bell is wanted MUTED for every entry of lamps: no such command"):
        process({BELL: every(LAMPS, Bell.MUTED)})


def test_a_final_condition_that_no_command_brings_about_is_named() -> None:
    with pytest.raises(DeclarationError, match="bell calls MUTED final, and no command brings it about"):
        process({bell(final=frozenset({Bell.MUTED})): Bell.RUNG})


def test_an_effect_or_a_deadline_with_an_input_from_no_module_is_named() -> None:
    class Evening:
        house_id: str

    with pytest.raises(DeclarationError, match="bell is decided by Evening, which comes from no module"):
        process({bell(decided_by=Evening): Bell.RUNG})
    with pytest.raises(DeclarationError, match="bedtime emits Evening, which comes from no module"):
        process({Deadline("bedtime", emits=Evening, after=timedelta(hours=1)): ARMED})


def test_a_deadline_that_reads_a_register_that_is_not_kept_is_named() -> None:
    bedtime = Deadline("bedtime", emits=Dimmed, after=timedelta(hours=1), override=(STRANGE, "lamp"))
    with pytest.raises(DeclarationError, match="bedtime reads the register strange, which the process does not keep"):
        process({bedtime: ARMED})


def test_a_missing_cell_of_a_table_of_choices_is_named() -> None:
    with pytest.raises(DeclarationError, match=r"wanted: cell \(DARK, DIM\) is missing"):
        wanted(RESULT, LIGHT, rows=[(ANY, one_of(Light.OFF, Light.ON), {}), (Result.BRIGHT, Light.DIM, {})])


@pytest.mark.parametrize("name", ["a b", "#", "p*", "x" * 201, "ж" * 110])
def test_a_collaborator_that_can_have_no_queue_is_named(name: str) -> None:
    with pytest.raises(DeclarationError, match=r"the collaborator '.* can't have a queue"):
        process({bell(collaborator=name): Bell.RUNG})


@pytest.mark.parametrize("name", ["Ring.Loud", "Ring loud", "Ring#", "*", "R" * 201, "Ж" * 128])
def test_a_command_that_no_queue_would_get_is_named(name: str) -> None:
    with pytest.raises(DeclarationError, match=r"the command '.* can't be routed"):
        process({bell(commands={Bell.RUNG: CommandTemplate(name)}): Bell.RUNG})


def test_names_that_are_too_long_together_are_named() -> None:
    long = bell(collaborator="p" * 100, commands={Bell.RUNG: CommandTemplate("R" * 155)})
    with pytest.raises(DeclarationError, match="takes a routing key of over 255 bytes: shorten the names"):
        process({long: Bell.RUNG})
    assert process({bell(collaborator="p" * 100, commands={Bell.RUNG: CommandTemplate("R" * 154)}): Bell.RUNG}).effects
    with pytest.raises(DeclarationError, match=r"'Lit' of l+ takes a routing key of over 255 bytes"):
        process(inputs={"l" * 252: (Lit, Dimmed)})


def test_an_effect_whose_name_can_not_be_sent_is_named() -> None:
    with pytest.raises(DeclarationError, match=r"the name 'bell\\x00' can't be sent"):
        process({bell(name="bell\x00"): Bell.RUNG})


@pytest.mark.parametrize("after", [timedelta.max, timedelta.min, timedelta(days=366_001)])
def test_a_deadline_that_no_calendar_has_room_for_is_refused(after: timedelta) -> None:
    with pytest.raises(
        DeclarationError, match=r"deadline 'bedtime': after is .* days.*, and 366000 days.* are the most"
    ):
        Deadline("bedtime", emits=Dimmed, after=after)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"settled": frozenset({"a"})}, r"settled has 'a': write settled=frozenset\(\{Outcome.PAID\}\)"),
        ({"settled": "a"}, "settled is 'a': write settled="),
        ({"inputs": {"desk": Dimmed}}, r"inputs\['desk'\] is <class .*: write inputs=\{'desk': \(OrderPlaced,\)\}"),
        ({"inputs": {"desk": ("Dimmed",)}}, r"inputs\['desk'\] has 'Dimmed'"),
        ({"wanted": process({}).wanted[0]}, r"wanted is Wanted.*: write wanted=\(wanted\(...\),\)"),
        ({"machines": process({}).machines[0]}, "machines is SubMachine"),
        ({"registers": LAMPS}, "registers is Register"),
        ({"registers": (process({}).machines[0],)}, "registers has SubMachine"),
        ({"outcomes": {}}, r"outcomes is \{\}: write outcomes=outcomes"),
    ],
)
def test_an_argument_of_a_wrong_type_says_what_to_write(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        replace(process({}), **wrong)


def test_a_command_for_each_entry_carries_fields_of_these_entries() -> None:
    ring = Effect("ring", "porter", {Bell.RUNG: CommandTemplate("Ring", STRANGE, ("lamp",))})
    with pytest.raises(DeclarationError, match="Ring carries fields of strange, and every entry of lamps chooses entr"):
        process({ring: every(LAMPS)}, registers=(LAMPS, STRANGE))


@pytest.mark.parametrize(
    "changed", [{"final": Bell.RUNG}, {"final": frozenset({"rung"})}, {"commands": {Bell.RUNG: 1}}]
)
def test_an_argument_of_an_effect_says_what_to_write(changed: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError, match=r"effect 'bell': .*: write "):
        Effect("bell", "porter", **{"commands": RING, **changed})
