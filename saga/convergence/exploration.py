"""All orders of all subsets, by exploring what can be reached rather than by going through every history.

The problem: n inputs have n! orders, each subset has its own, and every input may come again at any point. Ten inputs
have ten million histories without a single repetition.

The model: a history leads to a node, the set of facts that were taken in together with where the instance stands (its
state and what was sent so far). Histories that meet in one node go on alike, so each node is looked at once: from there
every input is delivered, one that was not taken in yet, and one that was. Breadth first: the first way into a node is a
shortest one. A process converges exactly when all nodes of one set of facts have one verdict.

If at every node each pair of inputs commutes (one node after both, in either order), any two orders of the same inputs
meet, because every permutation is made of swaps of neighbours. That is local confluence; the matrix shows it pair by
pair. A crash and what is delivered again after it is a repeat at that point, for a step is taken whole or not at all.

Where there are more nodes than ``most_nodes``, sets of facts are explored whole up to the size that is reached, and
larger ones are sampled (see ``sampling``).

A declaration may hold functions. One that looks at a clock, at chance or at a memory of its own would make all this
worthless, so whatever leads to a new node is asked twice, and has to answer the same.
"""

import json
import re
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from saga.convergence.configuration import Configuration, EndState, apply, end_state, start
from saga.convergence.finality import undone_effects
from saga.convergence.findings import Finding, History, Kind, story
from saga.core import Command, Deadline, Decision, DecisionKind, Effect, Fact, Process, Register

MOST_NODES = 60_000
ENOUGH_NODES = 5_000
"""As many where a divergence was found already: a process that diverges often has a node for each history."""

_OF_AN_ENTRY = re.compile(r"/[^\s,]+")

Progress = Callable[[int, int], None]
"""Called now and then with the nodes that were looked at, and the sets of facts that there are."""


@dataclass(eq=False, slots=True)
class Node:
    """A set of facts, a bit mask over the samples, and where it led; ``after`` and ``by`` are the shortest way in."""

    taken: int
    configuration: Configuration
    end_state: EndState
    after: "Node | None" = None
    by: int = -1
    ways: dict[int, "Node"] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many facts were taken in."""
        return self.taken.bit_count()


@dataclass(slots=True)
class Exploration:
    """What was reached. ``whole_up_to`` is the size of the sets of facts that were explored in every order.

    ``verdicts`` are the first ones that each set came to, and it ``diverges`` if any set came to another one.
    """

    process: Process
    samples: tuple[Fact, ...]
    nodes: list[Node] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    contradicting: set[frozenset[int]] = field(default_factory=set)
    reported: set[tuple[Kind, str]] = field(
        default_factory=set
    )  # what findings say, but for the entry that it is about
    end_states: dict[int, EndState] = field(default_factory=dict)
    diverges: bool = False
    whole_up_to: int = 0
    interrupted: bool = False

    def history(self, node: Node) -> History:
        """The shortest history that leads to a node."""
        way: list[Fact] = []
        while node.after is not None:
            way.append(self.samples[node.by])
            node = node.after
        return tuple(reversed(way))


def explore(
    process: Process,
    samples: Sequence[Fact],
    *,
    progress: Progress = lambda _nodes, _sets: None,
    most_nodes: int = MOST_NODES,
) -> Exploration:
    """Everything that any order of any of these facts can lead to, each fact delivered any number of times."""
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
    """Look at each node once, the nearest first."""
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
    """What is wrong with a step of these histories and was not told before; whether they diverge is not looked at.

    For inputs of which there are too many to go everywhere.
    """
    found = Exploration(explored.process, explored.samples, reported=set(explored.reported))
    known: dict[tuple[int, Hashable], Node] = {}
    numbers = {id(fact): number for number, fact in enumerate(found.samples)}
    for root in _begin(found, known):
        for history in histories:
            node = root
            for number in (numbers[id(fact)] for fact in history):
                if number not in node.ways:
                    _deliver(found, node, number, known)
                node = node.ways.get(number, node)
    return found.findings


def _begin(found: Exploration, known: dict[tuple[int, Hashable], Node]) -> Iterator[Node]:
    """The node before anything was taken in; none if the declaration fails there."""
    try:
        begin = start(found.process)
        root = known[0, begin.key] = Node(0, begin, end_state(found.process, begin))
    except Exception as error:  # noqa: BLE001 -- whatever a function of the declaration raises is a finding
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
    """Deliver one input at a node; the node that it leads to, if nobody was there before."""
    process, fact = found.process, found.samples[index]
    try:
        configuration, decision = apply(process, node.configuration, fact)
        place = (node.taken | 1 << index, configuration.key)
        is_new = not node.taken >> index & 1 and place not in known
        came_to = end_state(process, configuration) if is_new else node.end_state
        is_steady = _says_the_same(node if configuration is node.configuration else known.get(place), decision)
        if is_new:
            again, second = apply(process, node.configuration, fact)
            is_steady = again.key == configuration.key and second.outcome is decision.outcome is came_to.outcome
    except Exception as error:  # noqa: BLE001 -- whatever a function of the declaration raises is a finding
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
        _arrive(found, known, place, Node(place[0], configuration, came_to, node, index))
    node.ways[index] = known[place]
    return known[place] if is_new else None


def _says_the_same(known: Node | None, decision: Decision) -> bool:
    """Whether an answer that leads where somebody was before has the outcome that was found there."""
    return known is None or decision.outcome is known.end_state.outcome


def _arrive(
    found: Exploration, known: dict[tuple[int, Hashable], Node], place: tuple[int, Hashable], node: Node
) -> None:
    """Keep a node that nobody was at before."""
    known[place] = node
    found.nodes.append(node)
    found.diverges |= found.end_states.setdefault(node.taken, node.end_state) != node.end_state
    if (
        node.after is not None
        and node.end_state.outcome not in found.process.settled
        and not _has_a_way_on(found, node)
    ):
        sentence = f"{node.end_state.outcome.value} is not settled, and no deadline is armed that could still come"
        _report(found, Kind.WAITS_FOR_EVER, sentence, node.after, node.by)


def _wrong_in_step(found: Exploration, node: Node, index: int, decision: Decision) -> Iterator[tuple[Kind, str]]:
    """What is wrong with one step, whatever other orders lead to."""
    before, after, name = node.configuration.state, decision.state, found.samples[index].kind.__name__
    if node.taken >> index & 1:
        if decision.kind is DecisionKind.TAKEN or decision.commands:
            yield Kind.REPEAT_CHANGES, f"{name} was taken in before, and changes something when it comes again"
        return
    for command in decision.commands:
        last, now = before.commanded.get(command.effect), after.commanded[command.effect]
        if last is not None and (last.condition, last.computed) == (now.condition, now.computed):
            yield Kind.SENT_TWICE, f"{name} sends {command.type} for {command.effect}, which was sent before"
    for command, other in _in_the_same_words(found.process, node.configuration.sent, decision.commands):
        sends = f"{name} sends {command.type} to {command.collaborator} for {command.effect}"
        yield Kind.SENT_TWICE, f"{sends}, and it stands there for {other} in the same words"
    if after is not before and any(isinstance(effect, Effect) and effect.final for effect in found.process.effects):
        known = frozenset(fact.kind for at, fact in enumerate(found.samples) if node.taken >> at & 1)
        for sentence in undone_effects(found.process, before, after, known=known, new=found.samples[index].kind):
            yield Kind.CANNOT_BE_UNDONE, sentence


def _in_the_same_words(
    process: Process, before: Mapping[str, Command], commands: Sequence[Command]
) -> Iterator[tuple[Command, str]]:
    """Each command that says what another effect has told the same collaborator: done twice, if it is done at all.

    Looked at where an effect has one command and that says something. Elsewhere the effect's name tells a collaborator
    which of several things is meant (this seat, that room): they may well be booked in the same words.
    """
    if not commands:
        return
    only_done = {effect.name for effect in process.effects if isinstance(effect, Effect) and len(effect.commands) == 1}
    sent_now = {command.effect for command in commands}
    said = [command for name, command in before.items() if name not in sent_now]
    for command in commands:
        name = command.effect.partition("/")[0]
        for other in said if name in only_done and command.fields else ():
            if other.effect.partition("/")[0] in only_done - {name} and _words(command) == _words(other):
                yield command, other.effect
        said.append(command)


def _words(command: Command) -> tuple[str, str, Mapping[str, Any]]:
    return command.type, command.collaborator, command.fields


def _has_a_way_on(found: Exploration, node: Node) -> bool:
    """Whether a deadline is armed whose input has not been taken in."""
    taken = {fact.kind for index, fact in enumerate(found.samples) if node.taken >> index & 1}
    armed = node.configuration.state.commanded
    return any(
        isinstance(effect, Deadline) and effect.name in armed and effect.emits not in taken
        for effect in found.process.effects
    )


def _divergences(found: Exploration) -> Iterator[Finding]:
    """The smallest sets of facts that come to more than one verdict; of sets that are alike, one."""
    by_set: defaultdict[int, dict[EndState, Node]] = defaultdict(dict)
    for node in found.nodes:
        by_set[node.taken].setdefault(node.end_state, node)
    split = [list(nodes.values()) for nodes in by_set.values() if len(nodes) > 1]
    least = min((nodes[0].size for nodes in split), default=0)
    reported: set[Hashable] = set()
    for nodes in split:
        first, second = _most_different(found, nodes)
        histories = found.history(first), found.history(second)
        sentence = _difference(first.end_state, second.end_state)
        alike = (
            _differing(first.end_state, second.end_state),
            tuple(sorted(fact.kind.__name__ for fact in histories[0])),
        )
        if first.size == least and alike not in reported:
            reported.add(alike)
            yield Finding(Kind.DIVERGES, sentence, *histories)


def _most_different(found: Exploration, nodes: Sequence[Node]) -> tuple[Node, Node]:
    """Two of the nodes, with two outcomes if there are two; the same ones in whatever order the samples were given."""
    first, *others = sorted(nodes, key=lambda node: _rank(found.process, node))
    return first, next((node for node in others if node.end_state.outcome is not first.end_state.outcome), others[0])


def _rank(process: Process, node: Node) -> tuple[int, str]:
    commands = sorted((name, command.type, dict(command.fields)) for name, command in node.configuration.sent.items())
    return process.outcomes.states.index(node.end_state.outcome), json.dumps(commands, sort_keys=True)


def _differing(one: EndState, other: EndState) -> Hashable:
    """In what two verdicts differ, whichever entries of a register it is about."""
    if one.outcome is not other.outcome:
        return one.outcome, other.outcome
    return frozenset(name.partition("/")[0] for name, _, _ in one.effects ^ other.effects)


def _difference(one: EndState, other: EndState) -> str:
    if one.outcome is not other.outcome:
        return f"the same facts come to {one.outcome.value} or to {other.outcome.value}, as they arrive"
    names = sorted({name for name, _, _ in one.effects ^ other.effects})
    return f"the same facts come to {one.outcome.value} with different effects: {', '.join(names)}"


def _contradicted(found: Exploration, node: Node, index: int) -> list[int]:
    """The samples that were taken in before and that this one contradicts."""
    fact = found.samples[index]
    return [
        other
        for other, known in enumerate(found.samples)
        if node.taken >> other & 1 and known.kind is fact.kind
        for keeper in found.process.registers_by_type[fact.kind]
        if isinstance(keeper, Register) and keeper.conflict(keeper.apply(keeper.start, known), fact)
    ]


def _report(found: Exploration, kind: Kind, sentence: str, node: Node, index: int) -> None:
    """Keep the first, which is the shortest, of each kind and sentence, whichever entry of a register it is about."""
    alike = kind, _OF_AN_ENTRY.sub("", sentence)
    if alike not in found.reported:
        found.reported.add(alike)
        history = (*found.history(node), found.samples[index])
        found.findings.append(Finding(kind, f"{sentence}: {story(history, found.samples)}", history))
