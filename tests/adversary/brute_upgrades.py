"""Both versions of a pair, run through `decide`: what an upgrade does to a live instance."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations

from saga.core.decision import DecisionKind, decide
from saga.core.effect import Deadline, Effect
from saga.core.fact import Fact, declared_fields
from saga.core.process import Process
from saga.core.state import State, dump_state, load_state
from saga.testing import make_fact
from tests.adversary.kit import Upgrade


@dataclass
class _Run:
    """One history of one version, or of two: the state, and what every effect was sent last."""

    process: Process
    state: State
    sent: dict[tuple[str, str], tuple[str, str, str, str]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    is_changed: bool = False
    is_refused: bool = False

    def take(self, fact: Fact) -> None:
        """Take in one fact, as this version reads it; a fact that is none of its inputs is passed over."""
        kind = self.process.message_types.get(fact.kind.__name__)
        if kind is None:
            return
        made = decide(self.process, self.state, _as(kind, fact))
        self.is_changed = self.is_changed or made.kind is DecisionKind.TAKEN
        self.is_refused = self.is_refused or made.kind in {DecisionKind.CONFLICT, DecisionKind.BEYOND}
        effects = {one.name: one for one in self.process.effects if isinstance(one, Effect)}
        for command in made.commands:
            condition, fields = made.state.commanded[command.effect].condition, json.dumps(dict(command.fields))
            said = (command.collaborator, command.type, fields, condition)
            key = (command.effect, command.collaborator)
            if (last := self.sent.get(key)) is not None:
                effect = effects[command.effect.partition("/")[0]]
                if last[:3] == said[:3]:
                    self.problems.setdefault("sent twice", command.effect)
                elif any(one.value == last[3] for one in effect.final):
                    self.problems.setdefault("undone", f"{command.effect}: {last} -> {said}")
            self.sent[key] = said
        self.state = made.state

    def end(self) -> str:
        """The outcome, and the last command for each effect but for those of a condition before any command."""
        initially = {one.name: one.initially for one in self.process.effects if isinstance(one, Effect)}
        effects = {}
        for (name, collaborator), said in sorted(self.sent.items()):
            first = initially.get(name.partition("/")[0])
            if first is None or first.value != said[3]:
                effects[f"{name} at {collaborator}"] = said[:3]
        outcome = self.process.outcomes.value(self.state.machines, self.state.registers).value
        return json.dumps([outcome, effects], sort_keys=True)


def confirm_upgrade(pair: Upgrade) -> dict[str, str]:
    """What goes wrong: a state that can't be read, or an end that the new version would not have come to alone."""
    problems: dict[str, str] = {}
    facts = [make_fact(one) for one in pair.facts]
    for size in range(1, len(facts) + 1):
        for chosen in combinations(range(len(facts)), size):
            for order in _orders(chosen):
                for split in range(1, len(order) + 1):
                    try:
                        _split(pair, [facts[number] for number in order], split, problems)
                    except Exception as error:  # noqa: BLE001 -- whatever it raises, the state means nothing
                        problems.setdefault("can't be read", f"{error!r} after {order}")
    return problems


def _split(pair: Upgrade, facts: Sequence[Fact], split: int, problems: dict[str, str]) -> None:
    """One history, whose version changes after some facts."""
    alone, began = _Run(pair.new, State.start(pair.new)), _Run(pair.old, State.start(pair.old))
    consumed = [fact for fact in facts[:split] if fact.kind.__name__ in pair.old.message_types]
    if len(consumed) < split:
        return
    for fact in facts:
        alone.take(fact)
    for fact in consumed:
        began.take(fact)
    stored = json.loads(json.dumps(dump_state(began.state)))
    rest = _Run(pair.new, load_state(pair.new, stored), dict(began.sent), problems)
    if _waits(pair, rest.state, [fact.kind.__name__ for fact in consumed]):
        problems.setdefault("waits", f"after {[fact.kind.__name__ for fact in consumed]}")
    for fact in consumed:
        again = _Run(pair.new, rest.state, dict(rest.sent))
        again.take(fact)
        if again.is_changed:
            problems.setdefault("a repeat changes something", fact.kind.__name__)
    for fact in facts[split:]:
        rest.take(fact)
    # An instance that nothing changed gets what the new version wants with the next change.
    if rest.is_changed and not alone.is_refused and rest.end() != alone.end():
        problems.setdefault("ends otherwise", f"{rest.end()}, not {alone.end()}")


def _waits(pair: Upgrade, state: State, took: Sequence[str]) -> bool:
    """Whether an instance that has begun waits for what will not come: what runs emits what the old version said."""
    outcome = pair.new.outcomes.value(state.machines, state.registers)
    if any(outcome is one for one in pair.new.settled):
        return False
    emitted = [
        one.emits.__name__ for one in pair.old.effects if isinstance(one, Deadline) and one.name in state.commanded
    ]
    return all(one in took or one not in pair.new.message_types for one in emitted)


def _as(kind: type, fact: Fact) -> Fact:
    """The fact as this version of its class reads it."""
    return make_fact(kind(**{name: value for name, value in fact.fields.items() if name in declared_fields(kind)}))


def _orders(chosen: Sequence[int]) -> list[tuple[int, ...]]:
    return list(permutations(chosen))
