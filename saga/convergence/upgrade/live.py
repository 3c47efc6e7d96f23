"""Live instances: what the old version can leave behind, and how the new version reads it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from saga.convergence.configuration import Configuration, configuration_at
from saga.convergence.exploration import Exploration, Node, explore
from saga.convergence.findings import Finding, History, Kind, Split, reported, require_not_ours
from saga.convergence.samples import derive_samples
from saga.convergence.upgrade.intended import Intended, intended
from saga.core import Deadline, Effect, Fact, Process, State, dump_state, load_state
from saga.core.plain import is_same
from saga.messages.facts import read_fact


@dataclass(frozen=True, slots=True)
class Upgraded:
    """An instance under the new version, and its history; the first ``split`` facts came before the upgrade."""

    taken: int
    configuration: Configuration
    history: History
    split: int

    @property
    def types(self) -> frozenset[str]:
        """The names of the message classes of its history."""
        return frozenset(fact.kind.__name__ for fact in self.history)


@dataclass(frozen=True, slots=True)
class LiveInstance:
    """An instance as the old version left it, and as the new one reads it; ``wanted`` is what the new one wants."""

    before: Configuration
    upgraded: Upgraded
    wanted: Mapping[str, Intended]


@dataclass(slots=True)
class Upgrade:
    """The two versions, the samples as each version reads them (None if it can't), and the findings.

    ``explained`` names the effects of which a finding says already that live instances have another command.
    """

    old: Process
    new: Process
    before: tuple[Fact | None, ...]
    after: tuple[Fact | None, ...]
    findings: list[Finding] = field(default_factory=list)
    reported: set[str] = field(default_factory=set)
    explained: set[str] = field(default_factory=set)

    @property
    def samples(self) -> tuple[Fact, ...]:
        """Every sample, as each version reads it."""
        return tuple({id(fact): fact for fact in (*self.before, *self.after) if fact is not None}.values())

    @property
    def names(self) -> tuple[str, str]:
        """The names of both versions."""
        return Split(self.old, self.new, 0).names

    def report(
        self, kind: Kind, sentence: str, instance: Upgraded | None = None, other: History = (), *, instead: str = ""
    ) -> None:
        """Add a finding unless its sentence is there; the first is the shortest. ``instead`` says what to do."""
        if sentence not in self.reported:
            self.reported.add(sentence)
            history, after = ((), 0) if instance is None else (instance.history, instance.split)
            split = Split(self.old, self.new, after)
            advice = f" (instead: {instead})" if instead else ""
            shown = reported(history, self.samples, split)
            self.findings.append(Finding(kind, f"{sentence}{advice}: {shown}", history, other, split))


def prepare(old: Process, new: Process, samples: Sequence[Fact] | None) -> Upgrade:
    """The upgrade with its samples: those given, or some of each type of either version."""
    pairs: list[tuple[Fact | None, Fact | None]] = []
    for fact in derive_samples(new) if samples is None else samples:
        pairs += [pair for pair in _as_both_read(old, new, fact, is_given=samples is not None) if pair not in pairs]
    if samples is None:
        known = {before.kind.__name__ for before, _ in pairs if before is not None}
        pairs += [(fact, as_read(new, fact)) for fact in derive_samples(old) if fact.kind.__name__ not in known]
    return Upgrade(old, new, tuple(before for before, _ in pairs), tuple(after for _, after in pairs))


def _as_both_read(
    old: Process, new: Process, fact: Fact, *, is_given: bool
) -> Iterator[tuple[Fact | None, Fact | None]]:
    """A sample as both versions read it, without what the old one does not know: the senders do not know it yet either.

    A given sample that has more than that can come after the upgrade.
    """
    before, after = as_read(old, fact), as_read(new, fact)
    if before is None or after is None or before.kind is after.kind:
        yield before, after
        return
    shared = as_read(new, before) or after
    yield before, after if is_same(shared.fields, after.fields) else shared
    if is_given and not is_same(shared.fields, after.fields):
        yield None, after


def as_read(process: Process, fact: Fact) -> Fact | None:
    """The fact as this version of the process reads it; None if it does not consume it, or needs other fields."""
    kind = process.message_types.get(fact.kind.__name__)
    if kind is None or kind is fact.kind:
        return None if kind is None else fact
    try:
        return read_fact(kind, fact.fields)
    except ValidationError:
        return None


def translated(facts: Sequence[Fact | None], taken: int) -> int:
    """A bit mask over the facts that are not None, as a bit mask over all facts."""
    numbers = [number for number, fact in enumerate(facts) if fact is not None]
    return sum(1 << number for bit, number in enumerate(numbers) if taken >> bit & 1)


def carried_over(upgrade: Upgrade, most_nodes: int) -> Iterator[LiveInstance]:
    """Every instance that the old version can reach, as the new version reads it."""
    found = explored(upgrade.old, upgrade.before, most_nodes)
    for node in found.nodes[1:]:
        taken = translated(upgrade.before, node.taken)
        instance = Upgraded(taken, node.configuration, found.history(node), node.size)
        try:
            configuration, wanted = _read(upgrade, node.configuration)
        except Exception as error:  # noqa: BLE001 -- whatever reading a stored state raises is a finding
            require_not_ours(error)
            upgrade.report(Kind.CANNOT_BE_READ, _unread(upgrade, node.configuration.state, error), instance)
            continue
        instance = Upgraded(taken, configuration, instance.history, node.size)
        _report_waiting_for_ever(upgrade, node, instance)
        yield LiveInstance(node.configuration, instance, wanted)


def explored(process: Process, facts: Sequence[Fact | None], most_nodes: int) -> Exploration:
    """The complete exploration of one version; an interrupted one would be mistaken for complete."""
    found = explore(process, [fact for fact in facts if fact is not None], most_nodes=most_nodes)
    if found.interrupted:
        raise KeyboardInterrupt
    return found


def _read(upgrade: Upgrade, configuration: Configuration) -> tuple[Configuration, Mapping[str, Intended]]:
    """The old version's configuration, read by the new one, without commands of effects in their initial condition.

    With it comes what the new version wants there.
    """
    initially = {one.name: one.initially for one in upgrade.old.effects if isinstance(one, Effect) and one.initially}
    state = load_state(upgrade.new, dump_state(configuration.state))
    upgrade.new.outcomes.value(state.machines, state.registers)
    wanted = intended(upgrade.new, state)
    sent = {
        name: command
        for name, command in configuration.sent.items()
        if (initial := initially.get(name.partition("/")[0])) is None
        or state.commanded[name].condition != initial.value
    }
    return configuration_at(state, sent), wanted


def _unread(upgrade: Upgrade, state: State, error: Exception) -> str:
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


def _report_waiting_for_ever(upgrade: Upgrade, node: Node, instance: Upgraded) -> None:
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
