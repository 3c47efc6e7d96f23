"""Brute force: a process is run through its decision in all orders of all subsets of some facts, and the ends compared.

It shares nothing with the checker but `saga.core`. A deadline that was armed may fire at any later moment, or not yet.
It is due a fixed delay after a fixed moment, so that its fact depends on nothing but the delay with which it was armed.
"""

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import combinations
from typing import Any

from saga.core.decision import Decision, DecisionKind, decide
from saga.core.effect import Deadline, Effect, Selection
from saga.core.errors import UnusableInput
from saga.core.fact import Fact, declared_fields
from saga.core.process import Process
from saga.core.state import State, dump_state, load_state
from saga.testing import make_fact
from tests.adversary.kit import CASES, load

MOST_NODES = 250_000
ARMED_AT = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Sent:
    """The last command for one effect."""

    collaborator: str
    type: str
    condition: str
    fields: str
    computed: Mapping[str, Any]


@dataclass(frozen=True)
class Node:
    """Where one history has come to."""

    state: State
    outcome: Enum | None = None
    taken: frozenset[int] = frozenset()
    armed: Mapping[str, Fact] = field(default_factory=dict)
    fired: Mapping[str, Fact] = field(default_factory=dict)
    sent: Mapping[str, Sent] = field(default_factory=dict)
    kinds: frozenset[type] = frozenset()
    history: tuple[str, ...] = ()


class Pruned(Exception):
    """The fact contradicts another one, or is no input."""


class Brute:
    """All histories of a process with these facts; `problems` has the first of each kind."""

    def __init__(self, process: Process, messages: Sequence[Any]) -> None:
        self.process = process
        self.facts = [one if isinstance(one, Fact) else make_fact(one) for one in messages]
        if strange := [one.kind.__name__ for one in self.facts if one.kind not in process.machines_by_type]:
            raise ValueError(f"{process.name}: {', '.join(strange)} are no inputs of it")
        self.deadlines = {one.name: one for one in process.effects if isinstance(one, Deadline)}
        self.effects = {one.name: one for one in process.effects if isinstance(one, Effect)}
        self.problems: dict[str, str] = {}
        self.ends: dict[object, tuple[object, tuple[str, ...]]] = {}
        self.nodes = 0
        self.is_backwards = False

    def explore(self) -> dict[str, str]:
        """Every order of every subset, and every moment of firing."""
        self._visit(Node(State.start(self.process)))
        return self.problems

    def sample(self, seed: int = 1, sets: int = 60, orders: int = 12) -> dict[str, str]:
        """Random subsets in random orders, where all of them would be too many."""
        chance = random.Random(seed)
        numbers = range(len(self.facts))
        for turn in range(sets):
            size = len(numbers) if turn % 3 == 0 else chance.randint(1, len(numbers))
            chosen = chance.sample(numbers, size)
            for _ in range(orders):
                self._wander(chance, chosen)
        return self.problems

    def _wander(self, chance: random.Random, chosen: Sequence[int]) -> None:
        rest, node = list(chosen), Node(State.start(self.process))
        chance.shuffle(rest)
        while rest or node.armed:
            try:
                if node.armed and (not rest or chance.random() < 0.3):
                    node = self._fire(node, chance.choice(sorted(node.armed)))
                else:
                    node = self._take(node, rest.pop())
            except Pruned:
                return
            self._look(node)

    def _visit(self, node: Node) -> None:
        if self.nodes > MOST_NODES:
            raise RuntimeError(f"{self.process.name}: too many histories; give fewer facts")
        for step in self._steps(node):
            self._look(step)
            self._visit(step)

    def _steps(self, node: Node) -> Iterator[Node]:
        numbers = range(len(self.facts))
        for number in reversed(numbers) if self.is_backwards else numbers:
            if number not in node.taken:
                try:
                    yield self._take(node, number)
                except Pruned:
                    continue
        for name in node.armed:
            try:
                yield self._fire(node, name)
            except Pruned:
                continue

    def _take(self, node: Node, number: int) -> Node:
        label = f"{self.facts[number].kind.__name__}#{number}"
        return self._step(node, self.facts[number], label, node.taken | {number}, None)

    def _fire(self, node: Node, name: str) -> Node:
        return self._step(node, node.armed[name], f"<{name}>", node.taken, name)

    def _step(self, node: Node, fact: Fact, label: str, taken: frozenset[int], fires: str | None) -> Node:
        self.nodes += 1
        history = (*node.history, label)
        decision = self._decide(node.state, fact, history)
        armed, fired = dict(node.armed), dict(node.fired)
        if fires is not None:
            fired[fires] = armed.pop(fires)
        for timer in decision.timers:
            try:
                armed[timer.name] = self._emitted(self.deadlines[timer.name], timer.after)
            except (TypeError, ValueError) as error:
                self._note("fails", f"{timer.name} can't be emitted: {error!r}", history)
                raise Pruned from None
        kinds = node.kinds | {fact.kind}
        sent = self._follow(node.sent, decision, kinds, history)
        return Node(decision.state, decision.outcome, taken, armed, fired, sent, kinds, history)

    def _decide(self, state: State, fact: Fact, history: tuple[str, ...]) -> Decision:
        try:
            decision = decide(self.process, self._stored(state), Fact(fact.kind, deepcopy(dict(fact.fields))))
        except UnusableInput:
            raise Pruned from None
        except Exception as error:  # noqa: BLE001 -- a function of the declaration may raise anything
            self._note("fails", f"{error!r}", history)
            raise Pruned from None
        if decision.kind is DecisionKind.BEYOND:
            self._note("beyond a bound", decision.reason, history)
        if decision.kind in {DecisionKind.CONFLICT, DecisionKind.BEYOND}:
            raise Pruned
        return decision

    def _stored(self, state: State) -> State:
        """The state as it is read back, so that nothing that a function changed in place is shared by histories."""
        return load_state(self.process, json.loads(json.dumps(dump_state(state))))

    def _emitted(self, deadline: Deadline, after: timedelta) -> Fact:
        said = {
            self.process.correlate: "i",
            "due_at": (ARMED_AT + after).isoformat(),
            "armed_by": self.process.name,
        }
        return make_fact(deadline.emits(**{k: v for k, v in said.items() if k in declared_fields(deadline.emits)}))

    def _follow(
        self, before: Mapping[str, Sent], decision: Decision, kinds: frozenset[type], history: tuple[str, ...]
    ) -> dict[str, Sent]:
        sent = dict(before)
        for command in decision.commands:
            commanded = decision.state.commanded[command.effect]
            new = Sent(
                command.collaborator,
                command.type,
                commanded.condition,
                json.dumps(dict(command.fields), sort_keys=True),
                commanded.computed,
            )
            if (old := sent.get(command.effect)) is not None:
                if (old.condition, old.fields) == (new.condition, new.fields):
                    self._note("sent twice", command.effect, history)
                self._about_final(command.effect, old, new, kinds, history)
            sent[command.effect] = new
        self._about_dropped(decision, sent, kinds, history)
        self._about_same(sent, history)
        return sent

    def _is_final(self, effect: Effect, condition: str, kinds: frozenset[type]) -> bool:
        is_decided = effect.decided_by is None or effect.decided_by in kinds
        return is_decided and any(condition == one.value for one in effect.final)

    def _about_final(self, name: str, old: Sent, new: Sent, kinds: frozenset[type], history: tuple[str, ...]) -> None:
        effect = self.effects[name.partition("/")[0]]
        if not self._is_final(effect, old.condition, kinds):
            return
        if old.condition != new.condition:
            self._note("undone", f"{name}: {old.condition} -> {new.condition}", history)
            return
        condition = next(one for one in effect.commands if one.value == new.condition)
        cumulative = {one.name for one in effect.commands[condition].computed if one.is_cumulative}
        for key, value in new.computed.items():
            was = old.computed[key]
            if json.dumps(value) != json.dumps(was) and not (key in cumulative and _grew(was, value)):
                self._note("undone", f"{name}: {key} {was!r} -> {value!r}", history)

    def _about_dropped(
        self, decision: Decision, sent: Mapping[str, Sent], kinds: frozenset[type], history: tuple[str, ...]
    ) -> None:
        wants = self.process.wants(decision.state.machines, decision.state.registers)
        for effect, how in wants.items():
            if isinstance(effect, Deadline) or not isinstance(how, Selection):
                continue
            chosen = how.chosen(decision.state.registers)
            for name, last in sent.items():
                of, _, key = name.partition("/")
                if of == effect.name and key not in chosen and self._is_final(effect, last.condition, kinds):
                    self._note("undone", f"{name} is no longer chosen", history)

    def _about_same(self, sent: Mapping[str, Sent], history: tuple[str, ...]) -> None:
        for (one, said), (other, repeated) in combinations(sent.items(), 2):
            first, second = self.effects[one.partition("/")[0]], self.effects[other.partition("/")[0]]
            if first is second or second in first.may_repeat or first in second.may_repeat:
                continue
            is_same = (said.collaborator, said.type, said.fields) == (
                repeated.collaborator,
                repeated.type,
                repeated.fields,
            )
            if is_same and said.fields != "{}" and len(first.commands) == len(second.commands) == 1:
                self._note("sent twice", f"{one} and {other}", history)

    def _look(self, node: Node) -> None:
        end = self._end(node)
        self._compare(("now", node.taken, frozenset(node.fired)), end, node)
        if not node.armed:
            self._compare(("at last", node.taken), end, node)
            if all(node.outcome is not one for one in self.process.settled):
                self._note("waits", f"{node.outcome}", node.history)
        for number in node.taken:
            self._repeat(node, self.facts[number])
        for fact in node.fired.values():
            self._repeat(node, fact)

    def _repeat(self, node: Node, fact: Fact) -> None:
        try:
            decision = self._decide(node.state, fact, (*node.history, "again"))
        except Pruned:
            self._note("a repeat is refused", fact.kind.__name__, node.history)
            return
        if decision.kind is not DecisionKind.IGNORED:
            self._note("a repeat changes something", f"{fact.kind.__name__}: {decision.reason}", node.history)

    def _end(self, node: Node) -> tuple[Any, ...]:
        outcome = (type(node.outcome).__qualname__, node.outcome.name if node.outcome else None)
        effects = []
        for name, sent in sorted(node.sent.items()):
            initially = self.effects[name.partition("/")[0]].initially
            if initially is None or initially.value != sent.condition:
                effects.append((name, sent.collaborator, sent.type, sent.condition, sent.fields))
        return (outcome, tuple(effects))

    def _compare(self, key: tuple[object, ...], end: tuple[Any, ...], node: Node) -> None:
        other, history = self.ends.setdefault(key, (end, node.history))
        if other != end:
            self._note("diverges", f"{other} after {' '.join(history)}; {end}", node.history)

    def _note(self, kind: str, what: str, history: tuple[str, ...]) -> None:
        self.problems.setdefault(kind, f"{what} after {' '.join(history)}")

    def digest(self) -> str:
        """The same in every interpreter for a process that depends on its facts alone."""
        told = sorted(
            repr((key[0], sorted(key[1]), *map(sorted, key[2:]), end))  # type: ignore[index]
            for key, (end, _) in self.ends.items()
        )
        return hashlib.sha256("\n".join([*told, *sorted(self.problems)]).encode()).hexdigest()


def _grew(was: Any, now: Any) -> bool:
    if isinstance(was, list) and isinstance(now, list):
        return all(one in now for one in was)
    if isinstance(was, dict) and isinstance(now, dict):
        return all(key in now and (now[key] == value or _grew(value, now[key])) for key, value in was.items())
    if isinstance(was, int | float) and isinstance(now, int | float):
        return now >= was
    return False


def brute(process: Process, messages: Sequence[Any], most: int = 6) -> dict[str, str]:
    """The problems of the process: all orders of at most `most` messages, and random ones of more."""
    run = Brute(process, messages)
    return run.explore() if len(messages) <= most else run.sample()


def ends_elsewhere(target: str) -> set[str]:
    """The digests of all ends of a case in interpreters with other hashes, and at another time."""
    digests = set()
    for seed, *how in (("1",), ("2",), ("3",), ("4", "--backwards"), ("1", "--shift", "40000000")):
        made = subprocess.run(
            [sys.executable, "-m", "tests.adversary.brute", target, *how],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(made.stdout.strip())
    return digests


def confirm(target: str) -> dict[str, str]:
    """What is wrong with a case, in the way in which it is said to show."""
    case = CASES[target]
    if case.shown_by in {"interpreters", "starts"}:
        return {"depends on more": "the ends differ"} if len(ends_elsewhere(target)) > 1 else {}
    return brute(case.process, case.facts)


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("--shift", type=int, default=0)
    parser.add_argument("--backwards", action="store_true")
    arguments = parser.parse_args()
    if arguments.shift:
        now = time.time
        time.time = lambda: now() + arguments.shift
    load(arguments.target)
    case = CASES[arguments.target]
    run = Brute(case.process, case.facts)
    run.is_backwards = arguments.backwards
    run.explore()
    sys.stdout.write(run.digest() + "\n")


if __name__ == "__main__":
    _main()
