"""All orders of all subsets, by exploring the reachable configurations instead of every history.

The problem: n inputs have n! orders, so has each subset, and every input may be delivered again at any point. Ten
inputs have ten million histories even without duplicates.

The model: a history leads to a node, which is a set of facts with a configuration (the state of the instance and its
last commands). All histories that lead to one node continue in the same way, so each node is visited once, and every
input is delivered to it, new ones and duplicates. The search is breadth first, so the first route to a node is a
shortest one. A process converges exactly when all nodes with the same set of facts have the same end state.

If each pair of inputs commutes at every node (both orders lead to one node), any two orders of the same inputs lead to
one node, because every permutation is made of swaps of neighbours. That is local confluence; the matrix shows it pair
by pair. A redelivery after a crash is a duplicate at that point, because a step is committed as a whole or not at all.

If there are more nodes than ``most_nodes``, all sets of facts up to some size are explored completely, and larger ones
are sampled (see ``sampling``).

A declaration may have functions. If one depended on a clock, on randomness or on its own memory, all this would be
worthless. So every input that leads to a new node is decided twice, and both decisions have to be the same.
"""

import json
import re
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from saga.convergence.configuration import Configuration, EndState, apply, differing_restored, end_state, start
from saga.convergence.finality import undone_effects
from saga.convergence.findings import Finding, History, Kind, require_not_ours, story
from saga.core import Command, Deadline, Decision, DecisionKind, Effect, Fact, Process, Register
from saga.core.plain import is_same

MOST_NODES = 60_000
ENOUGH_NODES = 5_000
"""The limit once a divergence is found: a process that diverges often has one node for each history."""

_OF_AN_ENTRY = re.compile(r"/[^\s,]+")

Progress = Callable[[int, int], None]
"""Called sometimes, with the number of visited nodes and the number of possible sets of facts."""


@dataclass(eq=False, slots=True)
class Node:
    """A set of facts (a bit mask over the samples) and a configuration; ``after`` and ``by`` are the step to it."""

    taken: int
    configuration: Configuration
    end_state: EndState
    after: "Node | None" = None
    by: int = -1
    routes: dict[int, "Node"] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many facts were taken in."""
        return self.taken.bit_count()


@dataclass(slots=True)
class Exploration:
    """What was reached. ``whole_up_to`` is the size of the sets of facts that were explored in every order.

    ``end_states`` has the first end state of each set of facts; it ``diverges`` if any set has another one as well.
    """

    process: Process
    samples: tuple[Fact, ...]
    nodes: list[Node] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    contradicting: set[frozenset[int]] = field(default_factory=set)
    reported: set[tuple[Kind, str]] = field(default_factory=set)  # without the keys of entries
    end_states: dict[int, EndState] = field(default_factory=dict)
    diverges: bool = False
    whole_up_to: int = 0
    interrupted: bool = False

    def history(self, node: Node) -> History:
        """The shortest history that leads to a node."""
        backwards: list[Fact] = []
        while node.after is not None:
            backwards.append(self.samples[node.by])
            node = node.after
        return tuple(reversed(backwards))


def explore(
    process: Process,
    samples: Sequence[Fact],
    *,
    progress: Progress = lambda _nodes, _sets: None,
    most_nodes: int = MOST_NODES,
) -> Exploration:
    """Everything that any order of any subset of these facts can lead to, with any number of duplicates."""
    found = Exploration(process, tuple(samples))
    try:
        for number, _ in enumerate(_reach(found, most_nodes)):
            if number % 256 == 0:
                progress(number, 2 ** len(samples))
    except KeyboardInterrupt:
        found.interrupted = True
    found.findings += _divergences(found)
    return found


def _reach(found: Exploration, most_nodes: int) -> Iterator[Node]:
    """Visit each node once, the nearest first."""
    known: dict[tuple[int, Hashable], Node] = {}
    waiting = deque(_begin(found, known))
    while waiting:
        node = waiting.popleft()
        found.whole_up_to = max(node.size - 1, 0)
        waiting += [reached for index in range(len(found.samples)) if (reached := _deliver(found, node, index, known))]
        yield node
        if len(known) > (min(most_nodes, ENOUGH_NODES) if found.diverges else most_nodes):
            return
    found.whole_up_to = len(found.samples)


def follow(explored: Exploration, histories: Iterable[History]) -> list[Finding]:
    """The wrong steps of these histories that are not reported yet; it does not compare their end states.

    It is for inputs that are too many to explore.
    """
    found = Exploration(explored.process, explored.samples, reported=set(explored.reported))
    known: dict[tuple[int, Hashable], Node] = {}
    numbers = {id(fact): number for number, fact in enumerate(found.samples)}
    for root in _begin(found, known):
        for history in histories:
            node = root
            for number in (numbers[id(fact)] for fact in history):
                if number not in node.routes:
                    _deliver(found, node, number, known)
                node = node.routes.get(number, node)
    return found.findings


def _begin(found: Exploration, known: dict[tuple[int, Hashable], Node]) -> Iterator[Node]:
    """The node before the first input; none if a function of the declaration fails there."""
    try:
        begin = start(found.process)
        root = known[0, begin.key] = Node(0, begin, end_state(found.process, begin))
    except Exception as error:  # noqa: BLE001 -- whatever a function of the declaration raises is a finding
        require_not_ours(error)
        found.findings.append(Finding(Kind.FAILS, f"before anything came it raises {error!r}", ()))
        return
    found.nodes.append(root)
    yield root


def _deliver(
    found: Exploration,
    node: Node,
    index: int,
    known: dict[tuple[int, Hashable], Node],
) -> Node | None:
    """Deliver one input at a node; returns the node that it leads to if that is new."""
    process, fact = found.process, found.samples[index]
    try:
        configuration, decision = apply(process, node.configuration, fact)
        key = (node.taken | 1 << index, configuration.key)
        is_new = not node.taken >> index & 1 and key not in known
        reached = end_state(process, configuration) if is_new else node.end_state
        is_steady = _has_same_outcome(node if configuration is node.configuration else known.get(key), decision)
        if is_new:
            again, second = apply(process, node.configuration, fact)
            is_steady = again.key == configuration.key and second.outcome is decision.outcome is reached.outcome
    except Exception as error:  # noqa: BLE001 -- whatever a function of the declaration raises is a finding
        require_not_ours(error)
        _report(found, Kind.FAILS, f"{fact.kind.__name__} raises {error!r}", node, index)
        return None
    if decision.kind is DecisionKind.CONFLICT:
        found.contradicting.add(frozenset({index, *_contradicted(found, node, index)}))
        return None
    if decision.kind is DecisionKind.BEYOND:
        _report(
            found, Kind.BEYOND, f"{decision.reason}: which facts wait for a person depends on the order", node, index
        )
        return None
    if not is_steady:
        sentence = (
            f"{fact.kind.__name__} is answered differently when asked again: something looks at more than it gets"
        )
        _report(found, Kind.FAILS, sentence, node, index)
    for kind, sentence in _wrong_in_step(found, node, index, decision):
        _report(found, kind, sentence, node, index)
    if node.taken >> index & 1:
        return None
    if is_new:
        _arrive(found, known, key, Node(key[0], configuration, reached, node, index))
    node.routes[index] = known[key]
    return known[key] if is_new else None


def _has_same_outcome(known: Node | None, decision: Decision) -> bool:
    """Whether a decision that leads to a known node has the outcome of that node."""
    return known is None or decision.outcome is known.end_state.outcome


def _arrive(found: Exploration, known: dict[tuple[int, Hashable], Node], key: tuple[int, Hashable], node: Node) -> None:
    """Add a new node."""
    known[key] = node
    found.nodes.append(node)
    found.diverges |= found.end_states.setdefault(node.taken, node.end_state) != node.end_state
    if (
        node.after is not None
        and node.end_state.outcome not in found.process.settled
        and not _awaits_deadline(found, node)
    ):
        sentence = (
            f"{node.end_state.outcome.value} is not settled, and no deadline is armed that could still come;"
            " arm one for it in a want table, or add it to `settled`"
        )
        _report(found, Kind.WAITS_FOR_EVER, sentence, node.after, node.by)


def _wrong_in_step(found: Exploration, node: Node, index: int, decision: Decision) -> Iterator[tuple[Kind, str]]:
    """The problems of one step, without a comparison of other orders."""
    before, after, name = node.configuration.state, decision.state, found.samples[index].kind.__name__
    if node.taken >> index & 1:
        if decision.kind is DecisionKind.TAKEN or decision.commands:
            yield Kind.REPEAT_CHANGES, f"{name} was taken in before, and changes something when it comes again"
        return
    announces, was = found.process.announces, node.end_state.outcome
    if announces is not None and was in announces.final and decision.outcome is not was:
        sentence = f"{was.value} is announced as final, and {name} leads to {decision.outcome.value}"
        yield Kind.CANNOT_BE_UNDONE, f"{sentence}: leave it out of final"
    for command in decision.commands:
        last, now = before.commanded.get(command.effect), after.commanded[command.effect]
        if last is not None and last.condition == now.condition and is_same(last.computed, now.computed):
            yield Kind.SENT_TWICE, f"{name} sends {command.type} for {command.effect}, which was sent before"
    for command, other in _same_commands(found.process, node.configuration.sent, decision.commands):
        sends = f"{name} sends {command.type} to {command.collaborator} for {command.effect}"
        yield Kind.SENT_TWICE, f"{sends}, and it stands there for {other} in the same words"
    if after is not before and any(isinstance(effect, Effect) and effect.final for effect in found.process.effects):
        known = frozenset(fact.kind for at, fact in enumerate(found.samples) if node.taken >> at & 1)
        for sentence in undone_effects(found.process, before, after, known=known, new=found.samples[index].kind):
            yield Kind.CANNOT_BE_UNDONE, sentence


def _same_commands(
    process: Process, before: Mapping[str, Command], commands: Sequence[Command]
) -> Iterator[tuple[Command, str]]:
    """Each command with the type and fields of another effect's command to the same collaborator, and that effect.

    The collaborator would do the same thing twice, unless one of the two effects ``may_repeat`` the other. Only effects
    with a single command, and commands with fields, count. For other effects the name says which of several
    things is meant (this seat, that room), and the commands for two of them may well be equal.
    """
    if not commands:
        return
    effects = [effect for effect in process.effects if isinstance(effect, Effect)]
    only_done = {effect.name for effect in effects if len(effect.commands) == 1}
    meant = {frozenset({effect.name, other.name}) for effect in effects for other in effect.may_repeat}
    sent_now = {command.effect for command in commands}
    earlier = [command for name, command in before.items() if name not in sent_now]
    for command in commands:
        name = command.effect.partition("/")[0]
        for other in earlier if name in only_done and command.fields else ():
            another = other.effect.partition("/")[0]
            if another not in only_done or another == name or frozenset({name, another}) in meant:
                continue
            if _is_same_command(command, other):
                yield command, other.effect
        earlier.append(command)


def _is_same_command(one: Command, other: Command) -> bool:
    is_alike = one.type == other.type and one.collaborator == other.collaborator
    return is_alike and is_same(one.fields, other.fields)


def _awaits_deadline(found: Exploration, node: Node) -> bool:
    """Whether a deadline is armed whose input has not been taken in."""
    taken = {fact.kind for index, fact in enumerate(found.samples) if node.taken >> index & 1}
    armed = node.configuration.state.commanded
    return any(
        isinstance(effect, Deadline) and effect.name in armed and effect.emits not in taken
        for effect in found.process.effects
    )


def _divergences(found: Exploration) -> Iterator[Finding]:
    """The smallest sets of facts that have more than one end state; of similar sets, only one."""
    by_set: defaultdict[int, dict[Hashable, Node]] = defaultdict(dict)
    for node in found.nodes:
        by_set[node.taken].setdefault(node.end_state.exactly, node)
    split = [pair for nodes in by_set.values() if (pair := _most_different(found, list(nodes.values())))]
    least = min((first.size for first, _ in split), default=0)
    reported: set[Hashable] = set()
    for first, second in split:
        histories = found.history(first), found.history(second)
        alike = (
            _differing(first.end_state, second.end_state),
            tuple(sorted(fact.kind.__name__ for fact in histories[0])),
        )
        if first.size == least and alike not in reported:
            reported.add(alike)
            yield Finding(Kind.DIVERGES, difference(first, second), *histories)


def _most_different(found: Exploration, nodes: Sequence[Node]) -> tuple[Node, Node] | None:
    """Two of the nodes, with different outcomes if possible; None if all have the same end state.

    The choice does not depend on the order of the samples.
    """
    if len(nodes) < 2:
        return None
    ranked = sorted(nodes, key=lambda node: _rank(found.process, node))
    for first in ranked:
        others = [node for node in ranked if node.end_state != first.end_state]
        if others:
            chosen = (node for node in others if node.end_state.outcome is not first.end_state.outcome)
            return first, next(chosen, others[0])
    return None


def _rank(process: Process, node: Node) -> tuple[int, str]:
    commands = sorted((name, command.type, dict(command.fields)) for name, command in node.configuration.sent.items())
    return process.outcomes.states.index(node.end_state.outcome), json.dumps(commands, sort_keys=True)


def _differing(one: EndState, other: EndState) -> Hashable:
    """How two end states differ, without the keys of entries."""
    if one.outcome is not other.outcome:
        return one.outcome, other.outcome
    return frozenset(name.partition("/")[0] for name in differing_effects(one, other))


def differing_effects(one: EndState, other: EndState) -> list[str]:
    """The names of the effects in which two end states differ."""
    restored = differing_restored(one, other)
    return sorted({name for name, *_ in (one.effects ^ other.effects) | restored})


def difference(one: Node, other: Node) -> str:
    """What differs after two orders of the same facts, for people."""
    first, second = one.end_state, other.end_state
    if first.outcome is not second.outcome:
        return f"the same facts come to {first.outcome.value} or to {second.outcome.value}, as they arrive"
    names = ", ".join(f"{name} ({_said_differently(one, other, name)})" for name in differing_effects(first, second))
    return f"the same facts come to {first.outcome.value} with different effects: {names}"


def _said_differently(one: Node, other: Node, name: str) -> str:
    """The two conditions of an effect; if they are the same, the fields that differ, with their values."""
    first, second = one.configuration.sent.get(name), other.configuration.sent.get(name)
    if first is None or second is None or first.type != second.type:
        return " or ".join(_condition(node, name) for node in (one, other))
    return ", ".join(
        f"{field} {value!r} or {second.fields.get(field)!r}"
        for field, value in first.fields.items()
        if not is_same(value, second.fields.get(field))
    )


def _condition(node: Node, name: str) -> str:
    last = node.configuration.state.commanded.get(name)
    return "nothing" if last is None else last.condition


def _contradicted(found: Exploration, node: Node, index: int) -> list[int]:
    """The samples among the facts of the node that this sample contradicts."""
    fact = found.samples[index]
    return [
        other
        for other, known in enumerate(found.samples)
        if node.taken >> other & 1 and known.kind is fact.kind
        for register in found.process.registers_by_type[fact.kind]
        if isinstance(register, Register) and register.conflict(register.apply(register.start, known), fact)
    ]


def _report(found: Exploration, kind: Kind, sentence: str, node: Node, index: int) -> None:
    """Add a finding unless its kind and sentence, without keys of entries, are reported; the first is the shortest."""
    alike = kind, _OF_AN_ENTRY.sub("", sentence)
    if alike not in found.reported:
        found.reported.add(alike)
        history = (*found.history(node), found.samples[index])
        found.findings.append(Finding(kind, f"{sentence}: {story(history, found.samples)}", history))
