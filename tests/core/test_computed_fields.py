"""What a command says is worked out from all facts: when that changes, the command is sent anew."""

import json
from dataclasses import dataclass
from enum import Enum
from itertools import permutations

import pytest

from saga.core import (
    Command,
    CommandTemplate,
    ComputedField,
    DecisionKind,
    Effect,
    Fact,
    Process,
    Register,
    State,
    SubMachine,
    decide,
    dump_state,
    load_state,
    outcomes,
    wanted,
)


class Party(Enum):
    PLANNED = "planned"


class Table(Enum):
    RESERVED = "reserved"
    GIVEN_BACK = "given_back"


class Outcome(Enum):
    EMPTY = "empty"
    MET = "met"


@dataclass
class GuestAnswered:
    party_id: str
    guest: str
    persons: int


def persons(guests: dict[str, dict[str, int]]) -> int:
    return sum(guest["persons"] for guest in guests.values())


GUESTS = Register("guests", of=GuestAnswered, key="guest")
PARTY = SubMachine("party", start=Party.PLANNED, moves={Party.PLANNED: {GuestAnswered: Party.PLANNED}})
TABLE = Effect(
    "table",
    collaborator="restaurant",
    commands={
        Table.RESERVED: CommandTemplate("ReserveTable", computed=(ComputedField("persons", (GUESTS,), persons),)),
        Table.GIVEN_BACK: CommandTemplate("GiveBackTable"),
    },
    initially=Table.GIVEN_BACK,
)


def party(condition: Table) -> Process:
    return Process(
        name="party",
        version=1,
        correlate="party_id",
        inputs={"guests": (GuestAnswered,)},
        machines=(PARTY,),
        registers=(GUESTS,),
        outcomes=outcomes(PARTY, rows=[(Party.PLANNED, Outcome.MET)]),
        wanted=(wanted(PARTY, rows=[(Party.PLANNED, {TABLE: condition})]),),
        settled=frozenset({Outcome.MET}),
    )


def answered(guest: str, number: int) -> Fact:
    return Fact(GuestAnswered, {"party_id": "p", "guest": guest, "persons": number})


def run(process: Process, *facts: Fact) -> list[Command]:
    """All commands; the state is stored and read back before each fact."""
    state, commands = State.start(process), list[Command]()
    for fact in facts:
        state = load_state(process, json.loads(json.dumps(dump_state(state))))
        decision = decide(process, state, fact)
        state = decision.state
        commands += decision.commands
    return commands


@pytest.mark.parametrize("guests", [*permutations([answered("ann", 2), answered("bob", 0), answered("eve", 3)])])
def test_the_last_command_says_what_all_facts_together_say(guests: tuple[Fact, ...]) -> None:
    assert run(party(Table.RESERVED), *guests)[-1].fields == {"persons": 5}


def test_a_fact_that_changes_no_figure_sends_nothing() -> None:
    commands = run(party(Table.RESERVED), answered("ann", 2), answered("bob", 0), answered("eve", 1))
    assert [(command.revision, command.fields["persons"]) for command in commands] == [(1, 2), (2, 3)]


def test_a_repeat_sends_nothing() -> None:
    process, ann = party(Table.RESERVED), answered("ann", 2)
    state = decide(process, State.start(process), ann).state
    again = decide(process, state, ann)
    assert (again.kind, again.state, again.commands) == (DecisionKind.IGNORED, state, ())


def test_the_condition_from_before_any_command_is_not_commanded_first() -> None:
    assert run(party(Table.GIVEN_BACK), answered("ann", 2)) == []


def test_a_figure_that_could_not_be_stored_is_refused() -> None:
    def guest_names(guests: dict[str, object]) -> set[str]:
        return set(guests)

    one = ComputedField("guests", (GUESTS,), guest_names)
    with pytest.raises(TypeError, match="no JSON value"):
        one.value({"guests": {"ann": {}}}, None)
