"""Deadlines that only some orders arm: what they still do when they fire, where the others are at their end.

The exploration delivers a deadline's input anywhere, whether or not the deadline was armed, and compares sets of facts.
So it never compares an order that has the input with one in which it can't come. Here only histories count in which the
input of a deadline comes after it was armed. Each ends when all armed deadlines have fired, and all orders of the same
facts have to end the same way.

When a deadline is due may differ from order to order as well. That is named, and is no finding: the end is the same.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import combinations

from saga.convergence.exploration import Exploration, Node, differing_effects
from saga.convergence.findings import Finding, History, Kind, story
from saga.core import Deadline

Routes = Mapping[int, tuple[Node | None, int]]
"""For each node, by its `id`, the node before it in a shortest history, and the number of the input between them."""


def about_armed(found: Exploration) -> Iterator[Finding]:
    """The first divergence for each deadline that one order arms and another does not."""
    deadlines = _deadlines(found)
    if not deadlines or found.diverges:
        return
    routes = _possible(found)
    reported: set[str] = set()
    for nodes in _by_set(found, routes).values():
        if len({_running(found, node) for node in nodes}) == 1:
            continue
        for first, second in _pairs(found, nodes):
            names = ", ".join(sorted(_running(found, first) ^ _running(found, second)))
            if names not in reported:
                reported.add(names)
                yield _finding(found, routes, first, second, names)


def delays_that_differ(found: Exploration) -> Iterator[str]:
    """A sentence for each deadline that is due after another time in another order of the same facts."""
    if not _deadlines(found):
        return
    named: set[str] = set()
    routes = _possible(found)
    for nodes in _by_set(found, routes).values():
        delays = dict(nodes[0].configuration.delays)
        for node in nodes[1:]:
            for name, after in sorted(node.configuration.delays):
                if name not in named and delays.setdefault(name, after) != after:
                    named.add(name)
                    facts = story(_history(found, routes, node), found.samples)
                    yield f"{name} is due {delays[name]} or {after} after it is armed, as the facts arrive: {facts}"


def _deadlines(found: Exploration) -> list[Deadline]:
    return [effect for effect in found.process.effects if isinstance(effect, Deadline)]


def _possible(found: Exploration) -> Routes:
    """The nodes of histories in which the input of each deadline comes after it was armed, the shortest first."""
    emitted = {deadline.emits for deadline in _deadlines(found)}
    routes: dict[int, tuple[Node | None, int]] = {id(node): (None, -1) for node in found.nodes[:1]}
    for node in sorted(found.nodes, key=lambda one: one.size):
        if id(node) not in routes:
            continue
        armed = {one.emits for one in _deadlines(found) if one.name in node.configuration.state.commanded}
        for index, reached in node.routes.items():
            kind = found.samples[index].kind
            if kind not in emitted or kind in armed:
                routes.setdefault(id(reached), (node, index))
    return routes


def _by_set(found: Exploration, routes: Routes) -> Mapping[int, Sequence[Node]]:
    by_set: defaultdict[int, list[Node]] = defaultdict(list)
    for node in found.nodes:
        if id(node) in routes:
            by_set[node.taken].append(node)
    return by_set


def _pairs(found: Exploration, nodes: Sequence[Node]) -> Iterator[tuple[Node, Node]]:
    """Pairs that end differently once all of their deadlines have fired; not those of which one waits for ever."""
    ended: dict[Hashable, tuple[Node, Node]] = {}
    for node in nodes:
        running = _running(found, node)
        if (running or node.end_state.outcome in found.process.settled) and (fired := _fired(found, node)):
            ended.setdefault((running, fired[0].end_state.exactly), (node, fired[0]))
    for (first, end), (second, other) in combinations(ended.values(), 2):
        if end.end_state != other.end_state and _running(found, first) != _running(found, second):
            yield first, second


def _running(found: Exploration, node: Node) -> frozenset[str]:
    """The armed deadlines that have not fired. Of several with one message, each that came is of the first one left."""
    taken = Counter(fact.kind for index, fact in enumerate(found.samples) if node.taken >> index & 1)
    armed: defaultdict[type, list[str]] = defaultdict(list)
    for one in _deadlines(found):
        if one.name in node.configuration.state.commanded:
            armed[one.emits].append(one.name)
    return frozenset(name for kind, names in armed.items() for name in names[taken[kind] :])


def _fired(found: Exploration, node: Node) -> tuple[Node, History] | None:
    """The node, and the inputs to it, after all armed deadlines have fired; None if that was not explored."""
    fired: list[int] = []
    while running := sorted(_running(found, node)):
        emits = next(one.emits for one in _deadlines(found) if one.name == running[0])
        index = next((one for one in node.routes if found.samples[one].kind is emits and not node.taken >> one & 1), -1)
        if index < 0:
            return None
        fired.append(index)
        node = node.routes[index]
    return node, tuple(found.samples[index] for index in fired)


def _history(found: Exploration, routes: Routes, node: Node) -> History:
    backwards: list[int] = []
    before: Node | None = node
    while before is not None:
        before, index = routes[id(before)]
        backwards.append(index)
    return tuple(found.samples[index] for index in reversed(backwards[:-1]))


def _finding(found: Exploration, routes: Routes, first: Node, second: Node, names: str) -> Finding:
    histories = []
    ends = []
    for node in (first, second):
        ended = _fired(found, node)
        assert ended is not None
        ends.append(ended[0].end_state)
        histories.append((*_history(found, routes, node), *ended[1]))
    what = " or to ".join(end.outcome.value for end in ends)
    if ends[0].outcome is ends[1].outcome:
        what = f"{ends[0].outcome.value} with different effects ({', '.join(differing_effects(*ends))})"
    sentence = f"only some orders of the same facts arm {names}; when what is armed has fired, they come to {what}"
    return Finding(Kind.DIVERGES, sentence, histories[0], histories[1])
