"""Every history of a few facts, with every armed deadline firing at every time after it was armed, through `decide` alone."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from saga.convergence.finality import undone_effects
from saga.core import Command, Deadline, DecisionKind, Effect, Fact, Process, State, decide


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
    deadlines = {one.name: one for one in process.effects if isinstance(one, Deadline)}
    begin = Place(frozenset(), frozenset(), frozenset(), State.start(process))
    known, waiting = {begin.key}, [begin]
    ends: dict[frozenset[int], set[str]] = {}
    for place in waiting:
        nexts = []
        for number, fact in enumerate(facts):
            after, problems = _step(process, place, fact)
            yield from problems
            if number in place.taken:
                if after is not None and (after.state is not place.state):
                    yield f"a repeat of {fact.kind.__name__} changes something"
            elif after is not None:
                nexts.append(_with(after, taken=place.taken | {number}))
        armed = [name for name in deadlines if name in place.state.commanded and name not in place.fired]
        for name in armed:
            after, problems = _step(process, place, Fact(deadlines[name].emits, {"id": "i"}))
            yield from problems
            if after is not None:
                nexts.append(_with(after, fired=place.fired | {name}))
        if place.taken and not armed:
            outcome = process.outcomes.value(place.state.machines, place.state.registers)
            if outcome not in process.settled:
                yield f"{outcome.name} waits for ever"
            ends.setdefault(place.taken, set()).add(f"{id(outcome)} {json.dumps(_net_effect(process, place))}")
        for after in nexts:
            if (key := after.key) not in known:
                known.add(key)
                waiting.append(after)
    yield from (f"{len(one)} ends of {sorted(taken)}" for taken, one in ends.items() if len(one) > 1)


def _with(place: Place, taken: frozenset[int] | None = None, fired: frozenset[str] | None = None) -> Place:
    return Place(
        place.taken if taken is None else taken,
        place.fired if fired is None else fired,
        place.heard,
        place.state,
        place.sent,
    )


def _step(process: Process, place: Place, fact: Fact) -> tuple[Place | None, list[str]]:
    """The place after a fact; None if the fact is refused."""
    decision = decide(process, place.state, fact)
    if decision.kind in {DecisionKind.CONFLICT, DecisionKind.BEYOND}:
        return None, []
    heard = place.heard | {fact.kind}
    sent = {**dict(place.sent), **{one.effect: one for one in decision.commands}}
    problems = list(undone_effects(process, place.state, decision.state, known=place.heard, new=fact.kind))
    return Place(place.taken, place.fired, heard, decision.state, tuple(sorted(sent.items()))), problems


def _net_effect(process: Process, place: Place) -> Any:
    initially = {
        one.name: one.initially.value for one in process.effects if isinstance(one, Effect) and one.initially is not None
    }
    standing = {
        name: command
        for name, command in place.sent
        if initially.get(name.partition("/")[0]) != place.state.commanded[name].condition
    }
    return said(standing)
