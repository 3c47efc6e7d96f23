"""Checks whether instances that began under an old version of a process continue correctly under a new one.

The problem: at an upgrade there are instances in every state that the old version can reach. Their earlier inputs are
not delivered again; the new version gets only their stored state and the later inputs.

The model: the new version reads every stored state that the old version can reach, as the engine would, and then takes
in the missing facts in every order. As soon as one fact changed the instance, its end state has to be that of the new
version alone with the same facts: the same outcome and the same net effect.

What can fail: the new version can't read a state; a new or renamed machine begins at its start although its inputs were
delivered before; the new version does not know an effect of the old one; a deadline is armed whose input is no longer
consumed. An effect that only the new version wants is commanded with the next input that changes the instance, not
before: an instance without further inputs stays as the old version left it. That is no divergence; ``at_rest`` lists
such cases.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from saga.convergence.configuration import Configuration, EndState, apply, configuration_at, end_state, start
from saga.convergence.exploration import MOST_NODES, Exploration, Node, explore
from saga.convergence.finality import undone_effects, wanted_of
from saga.convergence.findings import Finding, History, Kind, Split, reported, require_not_ours
from saga.convergence.samples import derive_samples
from saga.core import Deadline, DecisionKind, Effect, Fact, Process, State, dump_state, load_state
from saga.messages.facts import read_fact


@dataclass(frozen=True, slots=True)
class _Upgraded:
    """An instance under the new version, and its history; the first ``split`` facts came before the upgrade."""

    taken: int
    configuration: Configuration
    history: History
    split: int


@dataclass(slots=True)
class _Upgrade:
    """The two versions, the samples as each version reads them (None if it can't), and the findings."""

    old: Process
    new: Process
    before: tuple[Fact | None, ...]
    after: tuple[Fact | None, ...]
    findings: list[Finding] = field(default_factory=list)
    reported: set[str] = field(default_factory=set)

    @property
    def samples(self) -> tuple[Fact, ...]:
        """Every sample, as each version reads it."""
        return tuple({id(fact): fact for fact in (*self.before, *self.after) if fact is not None}.values())

    @property
    def names(self) -> tuple[str, str]:
        """The names of both versions."""
        return Split(self.old, self.new, 0).names

    def report(self, kind: Kind, sentence: str, instance: _Upgraded, other: History = ()) -> None:
        """Add a finding unless its sentence is there; the first is the shortest."""
        if sentence not in self.reported:
            self.reported.add(sentence)
            split = Split(self.old, self.new, instance.split)
            shown = reported(instance.history, self.samples, split)
            self.findings.append(Finding(kind, f"{sentence}: {shown}", instance.history, other, split))


def check_upgrade(
    old: Process, new: Process, samples: Sequence[Fact] | None = None, *, most_nodes: int = MOST_NODES
) -> list[Finding]:
    """The problems of instances that began under ``old`` and continue under ``new``; empty if there are none.

    Each finding has a ``split``, which says where its history changes the version; its ``other`` is the history of the
    same facts under the new version alone.
    """
    upgrade = _prepare(old, new, samples)
    carried = list(_carried_over(upgrade, most_nodes))
    _go_on(upgrade, carried, most_nodes)
    return sorted(upgrade.findings, key=lambda one: (list(Kind).index(one.kind), len(one.history)))


def at_rest(old: Process, new: Process, samples: Sequence[Fact] | None = None) -> list[str]:
    """Effects that the new version wants for instances of the old one, and commands only with their next input."""
    sentences: dict[str, None] = {}
    for instance in _carried_over(_prepare(old, new, samples), MOST_NODES):
        state = instance.configuration.state
        outcome = new.outcomes.value(state.machines, state.registers).value
        for effect in new.effects:
            for name, condition in wanted_of(new, effect, state).items() if isinstance(effect, Effect) else ():
                last = state.commanded.get(name)
                was = last.condition if last is not None else getattr(getattr(effect, "initially", None), "value", None)
                if was != condition:
                    sentence = f"an instance that is {outcome} gets {effect.name} {condition} with its next input only"
                    sentences[sentence] = None
    return list(sentences)


def _prepare(old: Process, new: Process, samples: Sequence[Fact] | None) -> _Upgrade:
    chosen = list(samples) if samples is not None else list(derive_samples(new))
    if samples is None:
        chosen += [fact for fact in derive_samples(old) if fact.kind.__name__ not in new.message_types]
    before, after = ([_as_read(process, fact) for fact in chosen] for process in (old, new))
    return _Upgrade(old, new, tuple(before), tuple(after))


def _as_read(process: Process, fact: Fact) -> Fact | None:
    """The fact as this version of the process reads it; None if it does not consume it, or needs other fields."""
    kind = process.message_types.get(fact.kind.__name__)
    if kind is None or kind is fact.kind:
        return None if kind is None else fact
    try:
        return read_fact(kind, fact.fields)
    except ValidationError:
        return None


def _translated(facts: Sequence[Fact | None], taken: int) -> int:
    """A bit mask over the facts that are not None, as a bit mask over all facts."""
    numbers = [number for number, fact in enumerate(facts) if fact is not None]
    return sum(1 << number for bit, number in enumerate(numbers) if taken >> bit & 1)


def _carried_over(upgrade: _Upgrade, most_nodes: int) -> Iterator[_Upgraded]:
    """Every instance that the old version can reach, as the new version reads it."""
    found = _explored(upgrade.old, upgrade.before, most_nodes)
    for node in found.nodes[1:]:
        taken = _translated(upgrade.before, node.taken)
        instance = _Upgraded(taken, node.configuration, found.history(node), node.size)
        try:
            instance = _Upgraded(taken, _read(upgrade, node.configuration), instance.history, node.size)
        except Exception as error:  # noqa: BLE001 -- whatever reading a stored state raises is a finding
            require_not_ours(error)
            upgrade.report(Kind.CANNOT_BE_READ, _unread(upgrade, node.configuration.state, error), instance)
            continue
        _report_waiting_for_ever(upgrade, node, instance)
        yield instance


def _explored(process: Process, facts: Sequence[Fact | None], most_nodes: int) -> Exploration:
    """The complete exploration of one version; an interrupted one would be mistaken for complete."""
    found = explore(process, [fact for fact in facts if fact is not None], most_nodes=most_nodes)
    if found.interrupted:
        raise KeyboardInterrupt
    return found


def _read(upgrade: _Upgrade, configuration: Configuration) -> Configuration:
    """The old version's configuration, read by the new one, without commands of effects in their initial condition."""
    initially = {one.name: one.initially for one in upgrade.old.effects if isinstance(one, Effect) and one.initially}
    state = load_state(upgrade.new, dump_state(configuration.state))
    upgrade.new.outcomes.value(state.machines, state.registers)
    upgrade.new.wants(state.machines, state.registers)
    sent = {
        name: command
        for name, command in configuration.sent.items()
        if (initial := initially.get(name.partition("/")[0])) is None
        or state.commanded[name].condition != initial.value
    }
    return configuration_at(state, sent)


def _unread(upgrade: _Upgrade, state: State, error: Exception) -> str:
    old, new = upgrade.names
    for machine in upgrade.new.machines:
        value = state.machines.get(machine.name, machine.start).value
        if value not in [one.value for one in type(machine.start)]:
            return f"{machine.name} can be {value} under {old}, and {new} has no such state"
    for register in upgrade.new.registers:
        try:
            register.load(state.registers.get(register.name, register.start))
        except Exception:  # noqa: BLE001 -- whatever it raises, this register can't be read
            return f"what {register.name} holds under {old} can't be read by {new}"
    return f"{new} can't go on from a state of {old}: {error!r}"


def _report_waiting_for_ever(upgrade: _Upgrade, node: Node, instance: _Upgraded) -> None:
    """Report an instance that was settled or awaited a deadline, and would wait for ever after the upgrade."""
    state = instance.configuration.state
    outcome = upgrade.new.outcomes.value(state.machines, state.registers)
    taken = {fact.kind.__name__ for fact in instance.history}
    awaited = [
        one.emits.__name__
        for one in upgrade.old.effects
        if isinstance(one, Deadline) and one.name in state.commanded and one.emits.__name__ not in taken
    ]
    waited_for_ever = node.end_state.outcome not in upgrade.old.settled and not awaited
    if outcome in upgrade.new.settled or waited_for_ever or any(kind in upgrade.new.message_types for kind in awaited):
        return
    because = f"{', '.join(awaited)} is no longer consumed" if awaited else "no deadline is armed until the next input"
    sentence = f"{outcome.value} is not settled in {upgrade.names[1]}, and {because}"
    upgrade.report(Kind.WAITS_FOR_EVER, sentence, instance)


def _go_on(upgrade: _Upgrade, carried: Sequence[_Upgraded], most_nodes: int) -> None:
    """Apply the missing facts under the new version, the shortest histories first."""
    alone = _Alone(upgrade, _explored(upgrade.new, upgrade.after, most_nodes))
    waiting: defaultdict[int, list[_Upgraded]] = defaultdict(list)
    for instance in carried:
        waiting[len(instance.history)].append(instance)
    known: set[Hashable] = set()
    for size in range(1, len(upgrade.after)):
        reached: list[_Upgraded] = []
        for after in (after for instance in waiting.pop(size, ()) for after in _onward(upgrade, instance)):
            if (key := (after.taken, after.configuration.key)) not in known:
                known.add(key)
                reached.append(after)
        differing = [instance for instance in reached if alone.differs(instance)]
        if differing or len(known) > most_nodes:
            return
        waiting[size + 1] += reached


def _onward(upgrade: _Upgrade, instance: _Upgraded) -> Iterator[_Upgraded]:
    """The instances that each missing fact leads to under the new version."""
    for number, fact in enumerate(upgrade.after):
        if fact is None or instance.taken >> number & 1:
            continue
        history = (*instance.history, fact)
        try:
            configuration, decision = apply(upgrade.new, instance.configuration, fact)
        except Exception as error:  # noqa: BLE001 -- whatever a function of the declaration raises is a finding
            require_not_ours(error)
            failed = _Upgraded(instance.taken, instance.configuration, history, instance.split)
            upgrade.report(Kind.FAILS, f"{fact.kind.__name__} raises {error!r} after the upgrade", failed)
            continue
        if decision.kind in {DecisionKind.CONFLICT, DecisionKind.BEYOND}:
            continue
        reached = _Upgraded(instance.taken | 1 << number, configuration, history, instance.split)
        if configuration is not instance.configuration:
            _report_undone_effects(upgrade, instance, reached)
        yield reached


def _report_undone_effects(upgrade: _Upgrade, instance: _Upgraded, reached: _Upgraded) -> None:
    kinds = upgrade.new.message_types
    for sentence in undone_effects(
        upgrade.new,
        instance.configuration.state,
        reached.configuration.state,
        known=frozenset(kinds[fact.kind.__name__] for fact in instance.history if fact.kind.__name__ in kinds),
        new=reached.history[-1].kind,
        upgraded=len(instance.history) == instance.split,
    ):
        upgrade.report(Kind.CANNOT_BE_UNDONE, sentence, reached)


class _Alone:
    """The end states of each set of facts under the new version alone."""

    def __init__(self, upgrade: _Upgrade, found: Exploration) -> None:
        self._upgrade = upgrade
        self._consumed = _translated(upgrade.after, (1 << len(found.samples)) - 1)
        self._end_states: defaultdict[int, set[EndState]] = defaultdict(set)
        for node in found.nodes:
            self._end_states[_translated(upgrade.after, node.taken)].add(node.end_state)

    def differs(self, instance: _Upgraded) -> bool:
        """Whether the end state of an upgraded instance differs; then a finding reports it."""
        upgrade = self._upgrade
        reached = end_state(upgrade.new, instance.configuration)
        expected = self._end_states.get(instance.taken & self._consumed)
        if not expected or reached in expected:
            return False
        again = _under_the_new_one(upgrade, instance.history)
        alone = start(upgrade.new)
        for fact in again:
            alone, _ = apply(upgrade.new, alone, fact)
        sentence = _difference(reached, end_state(upgrade.new, alone), upgrade.names[1])
        upgrade.report(Kind.DIVERGES, sentence + _because(upgrade, instance.configuration, alone), instance, again)
        return True


def _under_the_new_one(upgrade: _Upgrade, history: History) -> History:
    """The facts of the history that the new version consumes, in the same order."""
    as_read = {id(old): new for old, new in zip(upgrade.before, upgrade.after, strict=True) if old is not None}
    return tuple(new for fact in history if (new := as_read.get(id(fact), fact)) is not None)


def _difference(came_to: EndState, expected: EndState, version: str) -> str:
    begun = f"an instance that began before the upgrade comes to {came_to.outcome.value}"
    if came_to.outcome is not expected.outcome:
        return f"{begun}, {version} alone to {expected.outcome.value}"
    names = sorted({name for name, _, _ in came_to.effects ^ expected.effects})
    return f"{begun} as in {version} alone, with different effects: {', '.join(names)}"


def _because(upgrade: _Upgrade, here: Configuration, there: Configuration) -> str:
    """The machines and registers that differ, and those that are new or gone, as a clause."""
    differing = [name for name, state in there.state.machines.items() if here.state.machines[name] is not state]
    differing += [name for name, held in there.held.items() if here.held[name] != held]
    had = {one.name for one in (*upgrade.old.machines, *upgrade.old.registers)}
    has = {one.name for one in (*upgrade.new.machines, *upgrade.new.registers)}
    clauses = [f"{name} {'differs' if name in had else 'is new'}" for name in differing]
    clauses += [f"{name} is gone" for name in sorted(had - has)]
    return f" ({', '.join(clauses)})" if clauses else ""
