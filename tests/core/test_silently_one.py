"""Two things of a declaration that would silently be one are refused when they are declared."""

import time
from collections.abc import Callable
from dataclasses import dataclass, make_dataclass
from datetime import timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from itertools import permutations
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel

from saga.core import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DeclarationError,
    DerivedColumn,
    Effect,
    Fact,
    Process,
    Reducer,
    Register,
    Selection,
    State,
    SubMachine,
    Timer,
    all_but_least,
    decide,
    every,
    outcomes,
    wanted,
)
from saga.messages.facts import read_fact


@dataclass
class Lit:
    house_id: str
    lamp: str


class Light(Enum):
    OFF = "off"
    ON = "on"


class Bell(Enum):
    RUNG = "rung"
    MUTED = "muted"


class First(StrEnum):
    ON = "on"
    OFF = "off"


class Second(StrEnum):
    ON = "on"
    OFF = "off"


class Aliased(Enum):
    OFF = "off"
    ON = "on"
    LIT = "on"  # noqa: PIE796 -- which is what is refused


class Equal(Enum):
    OFF = "off"
    ON = "on"

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 1


class Hashed(Enum):
    OFF = "off"
    ON = "on"

    def __hash__(self) -> int:
        return 1


class Misread(Enum):
    """Whose members are stored by one word."""

    OFF = "off"
    ON = "on"

    @property
    def value(self) -> str:
        return "off"


class Words(str, Enum):  # noqa: UP042 -- as it was written before there was StrEnum
    OFF = "off"
    ON = "on"


LIGHT = SubMachine("light", start=Light.OFF, moves={state: {Lit: Light.ON} for state in Light})
LAMPS = Register("lamps", of=Lit, key="lamp")
RING: dict[Enum, CommandTemplate] = {Bell.RUNG: CommandTemplate("Ring")}
COMMANDS: dict[Enum, CommandTemplate] = {First.ON: CommandTemplate("Ring")}


def remembers(states: Any) -> SubMachine[Any]:
    start, other = [*states.__members__.values()][:2]
    return SubMachine("light", start=start, moves={start: {Lit: other}, other: {Lit: other}})


def process(*wants: dict[Any, Any], **changed: Any) -> Process:
    table = outcomes(LIGHT, rows=[(ANY, Light.ON)])
    declared: dict[str, Any] = {
        "name": "house",
        "version": 1,
        "correlate": "house_id",
        "inputs": {"lamps": (Lit,)},
        "machines": (LIGHT,),
        "registers": (LAMPS,),
        "outcomes": table,
        "wanted": tuple(wanted(LIGHT, rows=[(ANY, one)]) for one in wants),
        "settled": frozenset({Light.ON}),
    }
    return Process(**declared | changed)


ENUMS = [
    (Aliased, r"Aliased.LIT is another name of Aliased.ON: give it a value of its own, or remove it"),
    (Equal, r"Equal defines __eq__: remove it"),
    (Hashed, r"Hashed defines __hash__: remove it"),
]


@pytest.mark.parametrize(("enum", "reason"), ENUMS)
def test_an_enum_whose_members_are_not_distinct_is_refused(enum: Any, reason: str) -> None:
    with pytest.raises(DeclarationError, match=f"sub-machine 'light': {reason}"):
        remembers(enum)
    with pytest.raises(DeclarationError, match=f"outcome: {reason}"):
        outcomes(LIGHT, rows=[(ANY, enum.ON)])
    with pytest.raises(DeclarationError, match=f"effect 'bell': {reason}"):
        Effect("bell", "porter", {enum.ON: CommandTemplate("Ring")})
    with pytest.raises(DeclarationError, match=f"derived column 'lit': {reason}"):
        DerivedColumn("lit", (LAMPS,), bool, states=(enum.ON,))


def test_states_that_are_stored_by_one_word_are_refused() -> None:
    with pytest.raises(DeclarationError, match="both have the value 'off'"):
        remembers(Misread)


@pytest.mark.parametrize("enum", [First, Words])
def test_an_enum_of_distinct_words_is_accepted(enum: Any) -> None:
    machine = remembers(enum)
    assert process(machines=(machine,), outcomes=outcomes(machine, rows=[(ANY, Light.ON)])).machines == (machine,)


def test_numbers_are_no_words() -> None:
    class Level(IntEnum):
        OFF = 0
        ON = 1

    machine = remembers(Level)
    with pytest.raises(DeclarationError, match="has the value 0: give it a word"):
        process(machines=(machine,), outcomes=outcomes(machine, rows=[(ANY, Light.ON)]))


def test_a_member_of_another_enum_is_another_state_although_it_is_equal() -> None:
    machine = remembers(First)
    with pytest.raises(DeclarationError, match=r"ON is none of ON, OFF"):
        outcomes(machine, rows=[(Second.ON, Light.ON), (First.OFF, Light.ON)])
    with pytest.raises(DeclarationError, match="settled names ON, which no cell of the outcomes has"):
        process(outcomes=outcomes(LIGHT, rows=[(ANY, First.ON)]), settled=frozenset({Second.ON}))
    with pytest.raises(DeclarationError, match=r"outcome: First.ON|on and on both have the value 'on'"):
        outcomes(LIGHT, rows=[(Light.ON, First.ON), (Light.OFF, Second.ON)])


def test_a_condition_of_another_enum_is_another_condition_although_it_is_equal() -> None:
    bell = Effect("bell", "porter", COMMANDS)
    with pytest.raises(DeclarationError, match="no such command"):
        wanted(LIGHT, rows=[(ANY, {bell: Second.ON})])
    with pytest.raises(DeclarationError, match="no such command"):
        process({bell: every(LAMPS, Second.ON)})
    with pytest.raises(DeclarationError, match="both have the value 'on'"):
        Effect("bell", "porter", COMMANDS, initially=Second.ON)
    with pytest.raises(DeclarationError, match="both have the value 'on'"):
        Effect("bell", "porter", COMMANDS, final=frozenset({Second.ON}))


def test_a_sub_machine_over_another_enum_is_another_sub_machine_although_it_is_equal() -> None:
    child = process(machines=(remembers(First),), outcomes=outcomes(remembers(First), rows=[(ANY, Light.ON)]))
    with pytest.raises(DeclarationError, match="there are two of the sub-machine light"):
        process(children=(child,), machines=(remembers(Second),))
    with pytest.raises(DeclarationError, match="looks at the sub-machine light, which is none of the machines"):
        process(machines=(remembers(First),), outcomes=outcomes(remembers(Second), rows=[(ANY, Light.ON)]))


@pytest.mark.parametrize(
    ("states", "reason"),
    [
        ((True, 1), "1 is no state: write True, False, or members of an enum"),
        (("yes", "no"), "'yes' is no state"),
        ((True, True), "True is equal to another of its states"),
        ((Light.ON, Light.ON), "is equal to another of its states"),
        ((First.ON, Second.ON), "both have the value 'on'"),
    ],
)
def test_states_of_a_derived_column_are_distinct(states: Any, reason: str) -> None:
    with pytest.raises(DeclarationError, match=f"derived column 'lit': .*{reason}"):
        DerivedColumn("lit", (LAMPS,), bool, states=states)


def test_a_derived_column_has_no_value_of_another_enum() -> None:
    column = DerivedColumn("lit", (LAMPS,), lambda _: Second.ON, states=(First.ON, First.OFF))
    with pytest.raises(ValueError, match=r"lit judges .*Second.ON"):
        column.value({}, {"lamps": {}})


def names() -> list[tuple[str, Callable[[Any], object]]]:
    hour = timedelta(hours=1)
    return [
        ("process", lambda name: process(name=name)),
        ("module", lambda name: process(inputs={name: (Lit,)})),
        ("sub-machine", lambda name: SubMachine(name, start=Light.OFF, moves=LIGHT.moves)),
        ("register", lambda name: Register(name, of=Lit, key="lamp")),
        ("reducer", lambda name: Reducer(name, of=(Lit,), start=0, reduce=lambda known, _: known)),
        ("effect", lambda name: Effect(name, "porter", RING)),
        ("collaborator of bell", lambda name: Effect("bell", name, RING)),
        ("deadline", lambda name: Deadline(name, emits=Lit, after=hour)),
        ("command", CommandTemplate),
        ("field of Ring", lambda name: CommandTemplate("Ring", LAMPS, (name,))),
        ("computed field", lambda name: ComputedField(name, (LAMPS,), len)),
        ("derived column", lambda name: DerivedColumn(name, (LAMPS,), bool)),
        ("selection", lambda name: Selection(name, LAMPS, frozenset)),
        ("table of outcomes", lambda name: outcomes(LIGHT, name=name, rows=[(ANY, Light.ON)])),
    ]


@pytest.mark.parametrize(
    "name",
    [lambda: "bell", property(lambda _: "bell"), First.ON, None, 1],
    ids=["function", "property", "member", "None", "1"],
)
@pytest.mark.parametrize(("what", "declare"), names(), ids=[what for what, _ in names()])
def test_a_name_that_is_no_text_is_refused(what: str, declare: Callable[[Any], object], name: Any) -> None:
    with pytest.raises(DeclarationError, match=f"the name of a {what} is .*: write a text"):
        declare(name)


@pytest.mark.parametrize(("what", "declare"), names(), ids=[what for what, _ in names()])
def test_an_empty_name_is_refused(what: str, declare: Callable[[Any], object]) -> None:
    with pytest.raises(DeclarationError, match=f"the name of a {what} is empty"):
        declare("")


def test_a_table_of_too_many_cells_is_refused_before_they_are_made() -> None:
    columns = [DerivedColumn(f"c{number}", (LAMPS,), bool) for number in range(40)]
    begun = time.process_time()
    with pytest.raises(DeclarationError, match=r"outcome: its 17 columns have 131,072 cells, and 100,000 are the most"):
        outcomes(*columns[:17], rows=[(*[ANY] * 17, Light.ON)])
    with pytest.raises(DeclarationError, match="wanted: its 40 columns have 1,099,511,627,776 cells"):
        wanted(*columns, rows=[(*[ANY] * 40, {})])
    with pytest.raises(DeclarationError, match="the most"):
        outcomes(*columns, rule=lambda *_: Light.ON)
    assert time.process_time() - begun < 0.1


def test_two_message_classes_of_one_name_are_refused() -> None:
    other = make_dataclass("Lit", [("house_id", str), ("lamp", str)])
    machine = SubMachine("other", start=Light.OFF, moves={state: {other: Light.ON} for state in Light})
    for inputs in ({"lamps": (Lit, other)}, {"lamps": (Lit,), "others": (other,)}):
        with pytest.raises(DeclarationError, match="there are two of the input Lit"):
            process(inputs=inputs, machines=(LIGHT, machine))
    child = process()
    with pytest.raises(DeclarationError, match="there are two of the input Lit"):
        process(children=(child,), inputs={"others": (other,)}, machines=(machine,))


def test_different_derived_columns_of_one_name_are_refused() -> None:
    one, other = DerivedColumn("lit", (LAMPS,), bool), DerivedColumn("lit", (LAMPS,), any)
    again = DerivedColumn("lit", (LAMPS,), bool)
    with pytest.raises(DeclarationError, match="two different ones of the derived column 'lit'"):
        process(outcomes=outcomes(one, rows=[(ANY, Light.ON)]), wanted=(wanted(other, rows=[(ANY, {})]),))
    assert process(outcomes=outcomes(one, rows=[(ANY, Light.ON)]), wanted=(wanted(again, rows=[(ANY, {})]),)).wanted


def test_different_selections_of_one_name_are_refused() -> None:
    bell, gong = Effect("bell", "porter", RING), Effect("gong", "porter", RING)
    some, others = Selection("some", LAMPS, frozenset), Selection("some", LAMPS, lambda lamps: frozenset(lamps.keys()))
    with pytest.raises(DeclarationError, match="two different ones of the selection 'some'"):
        process({bell: some}, {gong: others})
    with pytest.raises(DeclarationError, match="two different ones of the selection 'every entry of lamps'"):
        process({bell: every(LAMPS)}, {gong: Selection("every entry of lamps", LAMPS, lambda _: frozenset())})
    assert process({bell: all_but_least(LAMPS, ("lamp",))}, {gong: all_but_least(LAMPS, ("lamp",), Bell.RUNG)}).wanted


def test_different_registers_of_one_name_are_refused() -> None:
    with pytest.raises(DeclarationError, match="there are two of the register lamps"):
        process(registers=(LAMPS, Register("lamps", of=Lit, key="lamp", most=5)))

    def counts(start: Any) -> Reducer:
        return Reducer("count", of=(Lit,), start=start, reduce=max)

    with pytest.raises(DeclarationError, match="there are two of the register count"):
        process(registers=(counts(1.0),), children=(process(registers=(counts(1), LAMPS)),))


def test_two_fields_of_one_name_in_a_command_are_refused() -> None:
    lamp = ComputedField("lamp", (LAMPS,), len)
    for how in ({"fields": ("lamp",), "computed": (lamp,)}, {"fields": ("lamp", "lamp")}, {"computed": (lamp, lamp)}):
        with pytest.raises(DeclarationError, match="the command Ring has two fields lamp: give each a name of its own"):
            CommandTemplate("Ring", LAMPS, **how)


def test_a_deadline_with_the_name_of_an_entry_of_an_effect_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"bell/kitchen has a / in its name"):
        process({Deadline("bell/kitchen", emits=Lit, after=timedelta(hours=1)): ARMED})


@pytest.mark.parametrize("after", [60, "PT1H", None])
def test_a_deadline_after_no_timedelta_is_refused(after: Any) -> None:
    with pytest.raises(DeclarationError, match=r"deadline 'bedtime': after is .*: write a timedelta"):
        Deadline("bedtime", emits=Lit, after=after)


def waiting(declared: Any, base: Any = BaseModel) -> Process:
    """A process whose deadline is armed by another message than the one that carries its delay."""
    kind = type("Wait", (base,), {"__annotations__": {"house_id": str, "seconds": declared}, "__module__": __name__})
    waits = Register("waits", of=kind, key="house_id")
    bedtime = Deadline("bedtime", emits=Lit, after=timedelta(hours=1), override=(waits, "seconds"))
    table = wanted(LIGHT, rows=[(Light.ON, {bedtime: ARMED}), (Light.OFF, {})])
    return process(inputs={"lamps": (Lit, kind)}, registers=(LAMPS, waits), wanted=(table,))


@pytest.mark.parametrize("declared", [str, list[int], str | None, bool, timedelta, Literal["1"], int | str, dict])
def test_seconds_that_are_no_number_are_refused(declared: Any) -> None:
    with pytest.raises(DeclarationError, match="seconds from seconds, which is no number in Wait: declare it as int"):
        waiting(declared)
    with pytest.raises(DeclarationError, match="which is no number in Wait"):
        waits = make_dataclass("Wait", [("house_id", str), ("seconds", declared)])
        register = Register("waits", of=waits, key="house_id")
        bedtime = Deadline("bedtime", emits=Lit, after=timedelta(hours=1), override=(register, "seconds"))
        process({bedtime: ARMED}, inputs={"lamps": (Lit, waits)}, registers=(LAMPS, register))


@pytest.mark.parametrize(
    "declared", [int, float, Decimal, float | None, Decimal | None, Annotated[int, "s"], Literal[1, 2], Any]
)
def test_seconds_that_are_a_number_are_accepted(declared: Any) -> None:
    declaration = waiting(declared)
    kind = declaration.message_types["Wait"]
    timers: list[Timer] = []
    state = State.start(declaration)
    for fact in (read_fact(kind, {"house_id": "h", "seconds": 2}), Fact(Lit, {"house_id": "h", "lamp": "l"})):
        decision = decide(declaration, state, fact)
        state, timers = decision.state, [*timers, *decision.timers]
    assert [timer.after for timer in timers] == [timedelta(seconds=2)]


@pytest.mark.parametrize("seconds", [1e12, -1e12, 1e300, float("nan"), float("inf"), "1e30", "NaN", "soon", [1]])
def test_seconds_that_are_no_delay_raise_in_every_order_for_the_message_that_carries_them(seconds: Any) -> None:
    declaration = waiting(Any)
    wait = Fact(declaration.message_types["Wait"], {"house_id": "h", "seconds": seconds})
    for history in permutations([wait, Fact(Lit, {"house_id": "h", "lamp": "l"})]):
        state = State.start(declaration)
        for fact in history:
            if fact is wait:
                with pytest.raises(ValueError, match="bedtime"):
                    decide(declaration, state, fact)
            else:
                decision = decide(declaration, state, fact)
                state = decision.state
                assert [timer.after for timer in decision.timers] == [timedelta(hours=1)]


def test_what_was_taken_in_once_is_taken_in_again() -> None:
    declaration = waiting(float)
    wait = Fact(declaration.message_types["Wait"], {"house_id": "h", "seconds": 1e12})
    assert decide(declaration, State.start(declaration), wait, is_bounded=False).state.registers["waits"]
