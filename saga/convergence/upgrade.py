"""Whether instances that began under an old version of a process go on well under a new one.

The problem: on the day of an upgrade there are instances in every state that the old version can reach. What they took
in is not told again; the new version gets their stored state, and the facts that are still to come.

The model: every state that the old version reaches is stored and read by the new one, as the engine would, and from
there the new version takes in whatever is missing, in every order. As soon as it has taken in something, the instance
has to stand where the new version alone would stand with the same facts: the same outcome, the same net effect.

What can fail: a state that the new version can't read; a new or renamed machine that begins at its start although what
it listens to is over; an effect of the old version that nobody knows any more; a deadline that is armed and whose input
is no longer consumed. What the new version wants and the old one did not is commanded with the next input that changes
something, not before: an instance to which nothing comes any more stays as the old version left it. That is no
divergence, and ``at_rest`` says where it happens.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from saga.convergence.configuration import Configuration, EndState, apply, configuration_at, end_state, start
from saga.convergence.exploration import MOST_NODES, Exploration, Node, explore
from saga.convergence.finality import undone_effects, wanted_of
from saga.convergence.findings import Finding, History, Kind, Split, reported
from saga.convergence.samples import derive_samples
from saga.core import Deadline, DecisionKind, Effect, Fact, Process, State, dump_state, load_state
from saga.messages.facts import read_fact


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an instance stands under the new version, and the history that led there, ``split`` facts of it before."""

    taken: int
    configuration: Configuration
    history: History
    split: int


@dataclass(slots=True)
class _Upgrade:
    """The two versions, the samples as each of them takes them (None if it can't), and what was found."""

    old: Process
    new: Process
    before: tuple[Fact | None, ...]
    after: tuple[Fact | None, ...]
    findings: list[Finding] = field(default_factory=list)
    reported: set[str] = field(default_factory=set)

    @property
    def samples(self) -> tuple[Fact, ...]:
        """Every sample in every form in which it is taken."""
        return tuple({id(fact): fact for fact in (*self.before, *self.after) if fact is not None}.values())

    @property
    def names(self) -> tuple[str, str]:
        """What both versions are called."""
        return Split(self.old, self.new, 0).names

    def report(self, kind: Kind, sentence: str, place: _Place, other: History = ()) -> None:
        """Keep the first, which is the shortest, of each sentence."""
        if sentence not in self.reported:
            self.reported.add(sentence)
            split = Split(self.old, self.new, place.split)
            shown = reported(place.history, self.samples, split)
            self.findings.append(Finding(kind, f"{sentence}: {shown}", place.history, other, split))


def check_upgrade(
    old: Process, new: Process, samples: Sequence[Fact] | None = None, *, most_nodes: int = MOST_NODES
) -> list[Finding]:
    """What is wrong with going on under ``new`` with instances that began under ``old``; nothing if all is well.

    Each finding's history says where the versions change (``split``), and its ``other`` is what the new version alone
    makes of the same facts.
    """
    upgrade = _prepare(old, new, samples)
    carried = list(_carried_over(upgrade, most_nodes))
    _go_on(upgrade, carried, most_nodes)
    return sorted(upgrade.findings, key=lambda one: (list(Kind).index(one.kind), len(one.history)))


def at_rest(old: Process, new: Process, samples: Sequence[Fact] | None = None) -> list[str]:
    """What the new version wants of instances of the old one and commands with their next input only."""
    sentences: dict[str, None] = {}
    for place in _carried_over(_prepare(old, new, samples), MOST_NODES):
        state = place.configuration.state
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
    before, after = ([_as_heard(process, fact) for fact in chosen] for process in (old, new))
    return _Upgrade(old, new, tuple(before), tuple(after))


def _as_heard(process: Process, fact: Fact) -> Fact | None:
    """The fact as this version of the process takes it; None if it does not, or asks for other fields."""
    kind = process.message_types.get(fact.kind.__name__)
    if kind is None or kind is fact.kind:
        return None if kind is None else fact
    try:
        return read_fact(kind, fact.fields)
    except ValidationError:
        return None


def _translated(facts: Sequence[Fact | None], taken: int) -> int:
    """A set of those facts that are not None, as a set of all."""
    numbers = [number for number, fact in enumerate(facts) if fact is not None]
    return sum(1 << number for bit, number in enumerate(numbers) if taken >> bit & 1)


def _carried_over(upgrade: _Upgrade, most_nodes: int) -> Iterator[_Place]:
    """Everywhere that the old version leads to, as the new version reads it."""
    found = _explored(upgrade.old, upgrade.before, most_nodes)
    for node in found.nodes[1:]:
        taken = _translated(upgrade.before, node.taken)
        place = _Place(taken, node.configuration, found.history(node), node.size)
        try:
            place = _Place(taken, _read(upgrade, node.configuration), place.history, node.size)
        except Exception as error:  # noqa: BLE001 -- whatever a stored state leads to is a finding
            upgrade.report(Kind.CANNOT_BE_READ, _unread(upgrade, node.configuration.state, error), place)
            continue
        _look_for_a_way_on(upgrade, node, place)
        yield place


def _explored(process: Process, facts: Sequence[Fact | None], most_nodes: int) -> Exploration:
    """All that one version makes of the samples that it hears: half of it would be mistaken for the whole."""
    found = explore(process, [fact for fact in facts if fact is not None], most_nodes=most_nodes)
    if found.interrupted:
        raise KeyboardInterrupt
    return found


def _read(upgrade: _Upgrade, configuration: Configuration) -> Configuration:
    """The stored state of the old version, read by the new one; what stands as before any command was not sent."""
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
        except Exception:  # noqa: BLE001 -- whatever it is, this register is what can't be read
            return f"what {register.name} holds under {old} can't be read by {new}"
    return f"{new} can't go on from a state of {old}: {error!r}"


def _look_for_a_way_on(upgrade: _Upgrade, node: Node, place: _Place) -> None:
    """An instance that is settled or waits for a deadline must not wait for ever because of the upgrade."""
    state = place.configuration.state
    outcome = upgrade.new.outcomes.value(state.machines, state.registers)
    taken = {fact.kind.__name__ for fact in place.history}
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
    upgrade.report(Kind.WAITS_FOR_EVER, sentence, place)


def _go_on(upgrade: _Upgrade, carried: Sequence[_Place], most_nodes: int) -> None:
    """Take in under the new version whatever is missing, the shortest histories first."""
    alone = _Alone(upgrade, _explored(upgrade.new, upgrade.after, most_nodes))
    waiting: defaultdict[int, list[_Place]] = defaultdict(list)
    for place in carried:
        waiting[len(place.history)].append(place)
    known: set[Hashable] = set()
    for size in range(1, len(upgrade.after)):
        reached: list[_Place] = []
        for after in (after for place in waiting.pop(size, ()) for after in _onward(upgrade, place)):
            if (key := (after.taken, after.configuration.key)) not in known:
                known.add(key)
                reached.append(after)
        differing = [place for place in reached if alone.differs(place)]
        if differing or len(known) > most_nodes:
            return
        waiting[size + 1] += reached


def _onward(upgrade: _Upgrade, place: _Place) -> Iterator[_Place]:
    """Where each fact that is missing leads under the new version."""
    for number, fact in enumerate(upgrade.after):
        if fact is None or place.taken >> number & 1:
            continue
        history = (*place.history, fact)
        try:
            configuration, decision = apply(upgrade.new, place.configuration, fact)
        except Exception as error:  # noqa: BLE001 -- whatever a function of the declaration raises is a finding
            failed = _Place(place.taken, place.configuration, history, place.split)
            upgrade.report(Kind.FAILS, f"{fact.kind.__name__} raises {error!r} after the upgrade", failed)
            continue
        if decision.kind in {DecisionKind.CONFLICT, DecisionKind.BEYOND}:
            continue
        reached = _Place(place.taken | 1 << number, configuration, history, place.split)
        if configuration is not place.configuration:
            _look_for_what_is_taken_back(upgrade, place, reached)
        yield reached


def _look_for_what_is_taken_back(upgrade: _Upgrade, place: _Place, reached: _Place) -> None:
    kinds = upgrade.new.message_types
    for sentence in undone_effects(
        upgrade.new,
        place.configuration.state,
        reached.configuration.state,
        known=frozenset(kinds[fact.kind.__name__] for fact in place.history if fact.kind.__name__ in kinds),
        new=reached.history[-1].kind,
        upgraded=len(place.history) == place.split,
    ):
        upgrade.report(Kind.CANNOT_BE_UNDONE, sentence, reached)


class _Alone:
    """What the new version alone makes of each set of facts."""

    def __init__(self, upgrade: _Upgrade, found: Exploration) -> None:
        self._upgrade = upgrade
        self._heard = _translated(upgrade.after, (1 << len(found.samples)) - 1)
        self._end_states: defaultdict[int, set[EndState]] = defaultdict(set)
        for node in found.nodes:
            self._end_states[_translated(upgrade.after, node.taken)].add(node.end_state)

    def differs(self, place: _Place) -> bool:
        """Whether an upgraded instance came to something else; then it is told."""
        upgrade = self._upgrade
        came_to = end_state(upgrade.new, place.configuration)
        expected = self._end_states.get(place.taken & self._heard)
        if not expected or came_to in expected:
            return False
        again = _under_the_new_one(upgrade, place.history)
        alone = start(upgrade.new)
        for fact in again:
            alone, _ = apply(upgrade.new, alone, fact)
        sentence = _difference(came_to, end_state(upgrade.new, alone), upgrade.names[1])
        upgrade.report(Kind.DIVERGES, sentence + _because(upgrade, place.configuration, alone), place, again)
        return True


def _under_the_new_one(upgrade: _Upgrade, history: History) -> History:
    """The facts of the history that the new version hears, in the same order."""
    as_heard = {id(old): new for old, new in zip(upgrade.before, upgrade.after, strict=True) if old is not None}
    return tuple(new for fact in history if (new := as_heard.get(id(fact), fact)) is not None)


def _difference(came_to: EndState, expected: EndState, version: str) -> str:
    begun = f"an instance that began before the upgrade comes to {came_to.outcome.value}"
    if came_to.outcome is not expected.outcome:
        return f"{begun}, {version} alone to {expected.outcome.value}"
    names = sorted({name for name, _, _ in came_to.effects ^ expected.effects})
    return f"{begun} as in {version} alone, with different effects: {', '.join(names)}"


def _because(upgrade: _Upgrade, here: Configuration, there: Configuration) -> str:
    """Which machine or register does not hold what it would, and whether that is because it is new or gone."""
    differing = [name for name, state in there.state.machines.items() if here.state.machines[name] is not state]
    differing += [name for name, held in there.held.items() if here.held[name] != held]
    had = {one.name for one in (*upgrade.old.machines, *upgrade.old.registers)}
    has = {one.name for one in (*upgrade.new.machines, *upgrade.new.registers)}
    clauses = [f"{name} {'differs' if name in had else 'is new'}" for name in differing]
    clauses += [f"{name} is gone" for name in sorted(had - has)]
    return f" ({', '.join(clauses)})" if clauses else ""
