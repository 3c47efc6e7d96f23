"""Lets the new version continue each live instance, and compares with what the new version alone comes to."""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from enum import Enum

from saga.convergence.configuration import Configuration, EndState, apply, end_state, frozen, start
from saga.convergence.exploration import Exploration, Node
from saga.convergence.finality import undone_effects
from saga.convergence.findings import History, Kind, require_not_ours
from saga.convergence.upgrade.intended import Intended, intended
from saga.convergence.upgrade.live import LiveInstance, Upgrade, Upgraded, explored, translated
from saga.core import DecisionKind, State


def continue_all(upgrade: Upgrade, carried: Sequence[LiveInstance], most_nodes: int) -> None:
    """Apply the missing facts under the new version; then compare the instances that get no more of them."""
    alone = _Alone(upgrade, explored(upgrade.new, upgrade.after, most_nodes))
    if not _go_on(upgrade, alone, [live.upgraded for live in carried], most_nodes):
        _compare_at_rest(alone, carried)


def _go_on(upgrade: Upgrade, alone: "_Alone", carried: Sequence[Upgraded], most_nodes: int) -> bool:
    """Apply the missing facts, the shortest histories first; whether any end state differs.

    An instance that nothing has changed since the upgrade has sent nothing anew, so only what it wants can be compared.
    """
    at_rest = {id(instance.configuration) for instance in carried}
    waiting: defaultdict[int, list[Upgraded]] = defaultdict(list)
    for instance in carried:
        waiting[len(instance.history)].append(instance)
    known: set[Hashable] = set()
    for size in range(1, len(upgrade.after)):
        reached: list[Upgraded] = []
        for after in (after for instance in waiting.pop(size, ()) for after in _onward(upgrade, instance)):
            if (key := (after.taken, after.configuration.key)) not in known:
                known.add(key)
                reached.append(after)
        if [
            one
            for one in reached
            if (alone.wants_otherwise if id(one.configuration) in at_rest else alone.differs)(one)
        ]:
            return True
        if len(known) > most_nodes:
            return False
        waiting[size + 1] += reached
    return False


def _compare_at_rest(alone: "_Alone", carried: Sequence[LiveInstance]) -> None:
    """Report the first instance whose outcome or wants are not those of the new version alone with the same facts."""
    for live in sorted(carried, key=lambda one: len(one.upgraded.history)):
        if alone.wants_otherwise(live.upgraded):
            return


def _frozen(wanted: Mapping[str, Intended]) -> Hashable:
    return frozenset(
        (name, one.condition, one.command.type, frozen(one.command.fields)) for name, one in wanted.items()
    )


def _onward(upgrade: Upgrade, instance: Upgraded) -> Iterator[Upgraded]:
    """The instances that each missing fact leads to under the new version, and each repeat right after the upgrade."""
    is_new = len(instance.history) == instance.split
    for number, fact in enumerate(upgrade.after):
        is_repeat = bool(instance.taken >> number & 1)
        if fact is None or (is_repeat and not is_new):
            continue
        history = (*instance.history, fact)
        try:
            configuration, decision = apply(upgrade.new, instance.configuration, fact)
        except Exception as error:  # noqa: BLE001 -- whatever a function of the declaration raises is a finding
            require_not_ours(error)
            failed = Upgraded(instance.taken, instance.configuration, history, instance.split)
            upgrade.report(Kind.FAILS, f"{fact.kind.__name__} raises {error!r} after the upgrade", failed)
            continue
        if decision.kind in {DecisionKind.CONFLICT, DecisionKind.BEYOND}:
            continue
        if is_repeat and configuration.state.registers == instance.configuration.state.registers:
            continue
        reached = Upgraded(instance.taken | 1 << number, configuration, history, instance.split)
        if configuration is not instance.configuration:
            _report_undone_effects(upgrade, instance, reached)
        yield reached


def _report_undone_effects(upgrade: Upgrade, instance: Upgraded, reached: Upgraded) -> None:
    kinds = upgrade.new.message_types
    for sentence in undone_effects(
        upgrade.new,
        instance.configuration.state,
        reached.configuration.state,
        known=frozenset(kinds[fact.kind.__name__] for fact in instance.history if fact.kind.__name__ in kinds),
        new=reached.history[-1].kind,
        upgraded=len(instance.history) == instance.split,
    ):
        if not sentence.startswith(tuple(f"{name}{end}" for name in upgrade.explained for end in (" ", "/"))):
            upgrade.report(Kind.CANNOT_BE_UNDONE, sentence, reached)


class _Alone:
    """The end states of each set of facts under the new version alone, and what it wants there."""

    def __init__(self, upgrade: Upgrade, found: Exploration) -> None:
        self._upgrade = upgrade
        self._consumed = translated(upgrade.after, (1 << len(found.samples)) - 1)
        self._nodes: defaultdict[int, list[Node]] = defaultdict(list)
        self._end_states: defaultdict[int, set[EndState]] = defaultdict(set)
        self._wanted: dict[int, set[tuple[Enum, Hashable]]] = {}
        for node in found.nodes:
            taken = translated(upgrade.after, node.taken)
            self._nodes[taken].append(node)
            self._end_states[taken].add(node.end_state)

    def differs(self, instance: Upgraded) -> bool:
        """Whether the end state of an upgraded instance differs; then a finding reports it."""
        upgrade = self._upgrade
        reached = end_state(upgrade.new, instance.configuration)
        expected = self._end_states.get(instance.taken & self._consumed)
        if not expected or reached in expected or any(self._is_explained(reached, one) for one in expected):
            return False
        again, alone = self._again(instance)
        sentence = _difference(reached, end_state(upgrade.new, alone), upgrade.names[1])
        upgrade.report(Kind.DIVERGES, sentence + _because(upgrade, instance.configuration, alone), instance, again)
        return True

    def wants_otherwise(self, instance: Upgraded) -> bool:
        """Whether an instance that is at rest has another outcome or other wants; then a finding reports it."""
        upgrade, taken = self._upgrade, instance.taken & self._consumed
        reached = self._wants_of(instance.configuration.state)
        if taken not in self._wanted:
            self._wanted[taken] = {self._wants_of(node.configuration.state) for node in self._nodes.get(taken, ())}
        expected = self._wanted[taken]
        if not expected or reached in expected:
            return False
        again, alone = self._again(instance)
        outcome, _ = self._wants_of(alone.state)
        sentence = (
            f"an instance that began before the upgrade is {reached[0].value}, {upgrade.names[1]} alone {outcome.value}"
        )
        if outcome is reached[0]:
            sentence = f"an instance that began before the upgrade wants other commands than {upgrade.names[1]} alone"
        upgrade.report(Kind.DIVERGES, sentence + _because(upgrade, instance.configuration, alone), instance, again)
        return True

    def _wants_of(self, state: State) -> tuple[Enum, Hashable]:
        new = self._upgrade.new
        return new.outcomes.value(state.machines, state.registers), _frozen(intended(new, state))

    def _again(self, instance: Upgraded) -> tuple[History, Configuration]:
        """The history under the new version alone, and where it leads."""
        again, alone = _under_the_new_one(self._upgrade, instance.history), start(self._upgrade.new)
        for fact in again:
            alone, _ = apply(self._upgrade.new, alone, fact)
        return again, alone

    def _is_explained(self, reached: EndState, expected: EndState) -> bool:
        """Whether only effects differ of which a finding says already that live instances have another command."""
        names = {name.partition("/")[0] for name, _, _ in reached.effects ^ expected.effects}
        return reached.outcome is expected.outcome and names <= self._upgrade.explained


def _under_the_new_one(upgrade: Upgrade, history: History) -> History:
    """The facts of the history that the new version consumes, in the same order."""
    as_read = {id(old): new for old, new in zip(upgrade.before, upgrade.after, strict=True) if old is not None}
    return tuple(new for fact in history if (new := as_read.get(id(fact), fact)) is not None)


def _difference(came_to: EndState, expected: EndState, version: str) -> str:
    begun = f"an instance that began before the upgrade comes to {came_to.outcome.value}"
    if came_to.outcome is not expected.outcome:
        return f"{begun}, {version} alone to {expected.outcome.value}"
    names = sorted({name.partition("/")[0] for name, _, _ in came_to.effects ^ expected.effects})
    return f"{begun} as in {version} alone, with different effects: {', '.join(names)}"


def _because(upgrade: Upgrade, here: Configuration, there: Configuration) -> str:
    """The machines and registers that differ, and those that are new or gone, as a clause."""
    differing = [name for name, state in there.state.machines.items() if here.state.machines[name] is not state]
    differing += [name for name, held in there.held.items() if here.held[name] != held]
    had = {one.name for one in (*upgrade.old.machines, *upgrade.old.registers)}
    has = {one.name for one in (*upgrade.new.machines, *upgrade.new.registers)}
    clauses = [f"{name} {'differs' if name in had else 'is new'}" for name in differing]
    clauses += [f"{name} is gone" for name in sorted(had - has)]
    return f" ({', '.join(clauses)})" if clauses else ""
