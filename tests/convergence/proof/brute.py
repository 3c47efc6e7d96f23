"""Every history of a few facts, with each armed deadline firing at any time after it was armed: `decide` alone."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from saga.convergence.finality import undone_effects
from saga.core import Command, Deadline, Decision, DecisionKind, Effect, Fact, Process, State, decide


@dataclass(frozen=True, slots=True)
class Place:
    """A state with the last commands; ``taken`` are the numbers of the facts, ``fired`` the names of deadlines."""

    taken: frozenset[int]
    fired: frozenset[str]
    heard: frozenset[type]
    state: State
    sent: tuple[tuple[str, Command], ...] = ()

    @property
    def key(self) -> str:
        state = self.state
        return json.dumps(
            [
                sorted(self.taken),
                sorted(self.fired),
                sorted(kind.__name__ for kind in self.heard),
                {name: id(one) for name, one in state.machines.items()},
                state.registers,
                sorted((name, one.condition) for name, one in state.commanded.items()),
                said(dict(self.sent)),
            ],
            sort_keys=True,
        )


def said(sent: dict[str, Command]) -> Any:
    """What each effect was commanded last."""
    return sorted((name, one.type, one.collaborator, dict(one.fields)) for name, one in sent.items())


def faults(process: Process, facts: Sequence[Fact]) -> Iterator[str]:
    """What is wrong with the process, as these facts show it."""
    begin = Place(frozenset(), frozenset(), frozenset(), State.start(process))
    known, waiting = {begin.key}, [begin]
    ends: dict[frozenset[int], set[str]] = {}
    for place in waiting:
        nexts, problems = _nexts(process, place, facts)
        yield from problems
        if place.taken and not _armed(process, place):
            outcome = process.outcomes.value(place.state.machines, place.state.registers)
            if outcome not in process.settled:
                yield f"{outcome.name} waits for ever"
            ends.setdefault(place.taken, set()).add(f"{id(outcome)} {json.dumps(_net_effect(process, place))}")
        for after in nexts:
            if (key := after.key) not in known:
                known.add(key)
                waiting.append(after)
    yield from (f"{len(one)} ends of {sorted(taken)}" for taken, one in ends.items() if len(one) > 1)


def _armed(process: Process, place: Place) -> list[Deadline]:
    """The deadlines that are armed and have not fired."""
    return [
        one
        for one in process.effects
        if isinstance(one, Deadline) and one.name in place.state.commanded and one.name not in place.fired
    ]


def _nexts(process: Process, place: Place, facts: Sequence[Fact]) -> tuple[list[Place], list[str]]:
    """The places after each further fact and each armed deadline, and what is wrong on the way, duplicates included."""
    nexts: list[Place] = []
    problems: list[str] = []
    for number, fact in enumerate(facts):
        after, wrong = _step(process, place, fact)
        problems += wrong
        if number in place.taken and after is not None and after.state is not place.state:
            problems.append(f"a repeat of {fact.kind.__name__} changes something")
        elif number not in place.taken and after is not None:
            nexts.append(replace(after, taken=place.taken | {number}))
    for deadline in _armed(process, place):
        after, wrong = _step(process, place, Fact(deadline.emits, {"id": "i"}))
        problems += wrong
        if after is not None:
            nexts.append(replace(after, fired=place.fired | {deadline.name}))
    return nexts, problems


def _step(process: Process, place: Place, fact: Fact) -> tuple[Place | None, list[str]]:
    """The place after a fact; None if the fact is refused."""
    decision = decide(process, place.state, fact)
    if decision.kind in {DecisionKind.CONFLICT, DecisionKind.BEYOND}:
        return None, []
    heard = place.heard | {fact.kind}
    sent = {**dict(place.sent), **{one.effect: one for one in decision.commands}}
    problems = list(undone_effects(process, place.state, decision.state, known=place.heard, new=fact.kind))
    problems += _left(process, place, decision)
    return Place(place.taken, place.fired, heard, decision.state, tuple(sorted(sent.items()))), problems


def _left(process: Process, place: Place, decision: Decision) -> Iterator[str]:
    was = process.outcomes.value(place.state.machines, place.state.registers)
    if process.announces is not None and was in process.announces.final and decision.outcome is not was:
        yield f"{was.name} is announced as final, and is left"


def _net_effect(process: Process, place: Place) -> Any:
    initially = {
        one.name: one.initially.value
        for one in process.effects
        if isinstance(one, Effect) and one.initially is not None
    }
    standing = {
        name: command
        for name, command in place.sent
        if initially.get(name.partition("/")[0]) != place.state.commanded[name].condition
    }
    return said(standing)
