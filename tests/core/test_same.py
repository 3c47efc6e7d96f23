"""Python calls 1, 1.0 and true equal; a register, a command and a reader of JSON do not."""

import copy
from dataclasses import dataclass
from enum import Enum
from itertools import permutations
from typing import Any

import pytest

from saga.convergence import Kind, check
from saga.convergence.check import ordered
from saga.core import (
    Command,
    CommandTemplate,
    ComputedField,
    DecisionKind,
    Effect,
    Fact,
    Process,
    Reducer,
    Register,
    State,
    SubMachine,
    decide,
    every,
    outcomes,
    wanted,
)
from saga.core.plain import is_same, plain
from saga.verification.audit.model import beginning, contradictions


@dataclass
class Weighed:
    house_id: str
    parcel: str
    weight: Any


class Scale(Enum):
    THERE = "there"


class Label(Enum):
    PRINTED = "printed"


WEIGHTS = Register("weights", of=Weighed, key="parcel")
SCALE = SubMachine("scale", start=Scale.THERE, moves={Scale.THERE: {Weighed: Scale.THERE}})
TABLE = outcomes(SCALE, rows=[(Scale.THERE, Scale.THERE)])
UNEQUAL = [(1, 1.0), (1, True), (1.0, True), (0, False), (0.0, -0.0), ([1], [1.0]), ({"a": [True]}, {"a": [1]})]


def process(template: CommandTemplate, register: Register | Reducer = WEIGHTS, *, each: bool = False) -> Process:
    label = Effect("label", "printer", {Label.PRINTED: template})
    return Process(
        name="house",
        version=1,
        correlate="house_id",
        inputs={"m": (Weighed,)},
        machines=(SCALE,),
        registers=(register,),
        outcomes=TABLE,
        wanted=(wanted(TABLE, rows=[(Scale.THERE, {label: every(WEIGHTS) if each else Label.PRINTED})]),),
        settled=frozenset(Scale),
    )


def last_weight(weights: Any) -> Any:
    """The weight of the parcel with the greatest key, which a later message can only replace with an equal one."""
    return weights[max(weights)]["weight"] if weights else None


CARRIES = process(CommandTemplate("PrintLabel", WEIGHTS, ("parcel", "weight")), each=True)
COMPUTES = process(CommandTemplate("PrintLabel", computed=(ComputedField("weight", (WEIGHTS,), last_weight),)))


def weighed(weight: Any, parcel: str = "p") -> Fact:
    return Fact(Weighed, {"house_id": "h", "parcel": parcel, "weight": weight})


@pytest.mark.parametrize(("one", "other"), [pair for both in UNEQUAL for pair in permutations(both)])
def test_another_type_under_one_key_is_a_conflict_and_no_repeat(one: Any, other: Any) -> None:
    known = decide(CARRIES, State.start(CARRIES), weighed(one))
    again = decide(CARRIES, known.state, weighed(other))
    assert again.kind is DecisionKind.CONFLICT
    assert "weight is" in again.reason
    assert decide(CARRIES, known.state, weighed(copy.deepcopy(one))).kind is DecisionKind.IGNORED


@pytest.mark.parametrize(("one", "other"), UNEQUAL)
def test_a_computed_field_of_another_type_is_sent_again(one: Any, other: Any) -> None:
    said = set()
    for history in permutations([weighed(one, "p"), weighed(other, "q")]):
        state: State = State.start(COMPUTES)
        commands: list[Command] = []
        for fact in history:
            decision = decide(COMPUTES, state, fact)
            state = decision.state
            commands += decision.commands
        said.add(repr(commands[-1].fields["weight"]))
    assert said == {repr(plain(other))}


@pytest.mark.parametrize(("one", "other"), UNEQUAL)
def test_a_reducer_that_gives_another_type_has_changed(one: Any, other: Any) -> None:
    latest = Reducer("latest", of=(Weighed,), start=one, reduce=lambda _known, fact: fact.fields["weight"])
    assert repr(latest.apply(one, weighed(other))) == repr(plain(other))
    assert latest.apply(one, weighed(copy.deepcopy(one))) is one


@pytest.mark.parametrize(("one", "other"), UNEQUAL)
def test_the_check_and_the_audit_call_it_a_contradiction(one: Any, other: Any) -> None:
    facts = [weighed(one), weighed(other)]
    assert len(check(CARRIES, facts, always_explore=True).contradicting) == 2
    assert list(contradictions(CARRIES, beginning(CARRIES), facts))


@pytest.mark.parametrize(("one", "other"), UNEQUAL)
def test_the_check_takes_neither_for_the_other(one: Any, other: Any) -> None:
    facts = [weighed(one, "p"), weighed(other, "q")]
    assert check(COMPUTES, facts).findings == ()
    assert len(ordered(CARRIES, [weighed(one), weighed(other), weighed(one)])) == 2


def test_the_check_finds_a_reducer_that_keeps_the_first_of_two_equal_numbers() -> None:
    first = Reducer("first", of=(Weighed,), start=None, reduce=lambda known, fact: known or fact.fields["weight"])
    says = process(
        CommandTemplate("PrintLabel", computed=(ComputedField("weight", (first,), lambda known: known),)), first
    )
    assert [one.kind for one in check(says, [weighed(1, "p"), weighed(1.0, "q")]).findings] == [Kind.DIVERGES]


def test_numbers_that_no_integer_of_64_bits_can_be_are_the_same_in_either_type() -> None:
    assert is_same(1e19, 10**19)
    assert not is_same(1e15, 10**15)
